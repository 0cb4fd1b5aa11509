#include "gateway/ws.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory_resource>
#include <vector>

#include "api/guard.h"
#include "api/sized.h"
#include "core/memory.h"
#include "crypto/random.h"
#include "ws/ws.h"

namespace {

using gw::ws::EventKind;

std::size_t bytes_max_or_default(std::size_t bytes) noexcept {
    return bytes == 0 ? gw::ws::Limits{}.message_bytes_max : bytes;
}

gw_ws_kind kind_of(EventKind kind) noexcept {
    switch (kind) {
    case EventKind::text: return GW_WS_TEXT;
    case EventKind::binary: return GW_WS_BINARY;
    case EventKind::ping: return GW_WS_PING;
    case EventKind::pong: return GW_WS_PONG;
    case EventKind::close: break;
    }
    return GW_WS_CLOSE;
}

std::optional<EventKind> kind_of(gw_ws_kind kind) noexcept {
    switch (kind) {
    case GW_WS_TEXT: return EventKind::text;
    case GW_WS_BINARY: return EventKind::binary;
    case GW_WS_PING: return EventKind::ping;
    case GW_WS_PONG: return EventKind::pong;
    case GW_WS_CLOSE: break;
    }
    return std::nullopt;
}

// C may put any number into an enum; C++ must not even look at it as one.
bool is_role(const gw_ws_options& options) noexcept {
    static_assert(sizeof options.role == sizeof(int));
    int role = 0;
    std::memcpy(&role, &options.role, sizeof role);
    return role == GW_WS_SERVER || role == GW_WS_CLIENT;
}

std::optional<std::string_view> field(gw_str value) noexcept {
    if (value.data == nullptr) return std::nullopt;
    return gw::as_text(value);
}

// A list of texts as the modules take it. A handshake has no host to ask for memory, and seldom needs any.
class Texts {
public:
    Texts(const gw_str* list, std::size_t count) {
        texts_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) texts_.push_back(gw::as_text(list[i]));
    }
    [[nodiscard]] std::span<const std::string_view> view() const noexcept { return texts_; }

private:
    std::array<std::byte, 512> room_;
    gw::HostMemory memory_{gw::Allocator::from(nullptr)};
    std::pmr::monotonic_buffer_resource resource_{room_.data(), room_.size(), &memory_};
    std::pmr::vector<std::string_view> texts_{&resource_};
};

}  // namespace

struct gw_ws {
    gw_ws(const gw_host* host, const gw_ws_options& options)
        : memory(gw::Allocator::from(host)),
          pool(memory.allocator()),
          random(gw::crypto::Random::from(host)),
          codec(options.role == GW_WS_CLIENT ? gw::ws::Role::client : gw::ws::Role::server,
                {bytes_max_or_default(options.message_bytes_max)}, pool.get(), &memory, random.function(),
                random.user()),
          out(pool.get()) {}

    // What a send that wrote nothing means, when its arguments are fine.
    [[nodiscard]] gw_status sent(bool written) const noexcept {
        if (written) return GW_OK;
        return codec.close_sent() ? GW_ERR_STATE : GW_ERR_RANDOM;
    }

    gw::HostMemory memory;
    gw::BlockPoolOwner pool;
    gw::crypto::Random random;
    gw::ws::Codec codec;
    gw::Buffer out;
    std::string_view error;
    bool drained = true;  // next() has given nothing, or failed, since the last feed()
    bool fragment_open = false;
};

extern "C" {

gw_status gw_ws_new(const gw_host* host, const gw_ws_options* options, gw_ws** out) {
    gw_ws_options copy;
    if (out == nullptr) return GW_ERR_ARGUMENT;
    if (const gw_status status = gw::api::copy_sized(options, copy); status != GW_OK) return status;
    if (!is_role(copy)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(host);
        void* memory = allocator.allocate(sizeof(gw_ws));
        try {
            *out = new (memory) gw_ws(host, copy);
        } catch (...) {
            allocator.deallocate(memory, sizeof(gw_ws));
            throw;
        }
        return GW_OK;
    });
}

void gw_ws_free(gw_ws* ws) {
    if (ws == nullptr) return;
    const gw::Allocator allocator = ws->memory.allocator();
    ws->~gw_ws();
    allocator.deallocate(ws, sizeof(gw_ws));
}

gw_status gw_ws_feed(gw_ws* ws, const void* data, size_t len) {
    if (ws == nullptr || (data == nullptr && len > 0)) return GW_ERR_ARGUMENT;
    if (!ws->drained) return GW_ERR_STATE;
    ws->drained = false;
    ws->codec.feed({static_cast<const std::byte*>(data), len});
    return GW_OK;
}

gw_status gw_ws_next(gw_ws* ws, gw_ws_event* event) {
    if (ws == nullptr || event == nullptr || event->size < sizeof event->size) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const auto next = ws->codec.next();
        if (!next || !*next) ws->drained = true;
        if (!next) {
            ws->error = next.error().what;
            return next.error().status;
        }
        if (!*next) return GW_DONE;
        gw_ws_event out{};
        out.kind = kind_of((*next)->kind);
        out.data = gw::as_str(gw::as_text((*next)->data));
        out.code = (*next)->code;
        return gw::api::fill_sized(out, event);
    });
}

uint16_t gw_ws_close_code(const gw_ws* ws) { return ws == nullptr ? std::uint16_t{0} : ws->codec.close_code(); }

gw_str gw_ws_error(const gw_ws* ws) { return ws == nullptr ? gw_str{nullptr, 0} : gw::as_str(ws->error); }

void gw_ws_set_message_bytes_max(gw_ws* ws, size_t bytes) {
    if (ws != nullptr) ws->codec.set_message_bytes_max(bytes_max_or_default(bytes));
}

gw_status gw_ws_send(gw_ws* ws, gw_ws_kind kind, const void* data, size_t len) {
    const auto event_kind = kind_of(kind);
    const bool control = kind == GW_WS_PING || kind == GW_WS_PONG;
    if (ws == nullptr || (data == nullptr && len > 0) || !event_kind || (control && len > 125)) return GW_ERR_ARGUMENT;
    if (!control && ws->fragment_open) return GW_ERR_STATE;
    return gw::api::guard([&] {
        return ws->sent(ws->codec.send(ws->out, *event_kind, {static_cast<const std::byte*>(data), len}));
    });
}

gw_status gw_ws_send_fragment(gw_ws* ws, gw_ws_kind kind, const void* data, size_t len, bool last) {
    const auto event_kind = kind_of(kind);
    if (ws == nullptr || (data == nullptr && len > 0) || (kind != GW_WS_TEXT && kind != GW_WS_BINARY)) {
        return GW_ERR_ARGUMENT;
    }
    return gw::api::guard([&] {
        const bool written =
            ws->codec.send_fragment(ws->out, *event_kind, {static_cast<const std::byte*>(data), len}, last);
        if (written) ws->fragment_open = !last;
        return ws->sent(written);
    });
}

gw_status gw_ws_close(gw_ws* ws, uint16_t code, gw_str reason) {
    if (ws == nullptr || (reason.data == nullptr && reason.len > 0)) return GW_ERR_ARGUMENT;
    if (code != 1005 && !gw::ws::is_sendable_close_code(code)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] { return ws->sent(ws->codec.send_close(ws->out, code, gw::as_text(reason))); });
}

bool gw_ws_close_sent(const gw_ws* ws) { return ws != nullptr && ws->codec.close_sent(); }

bool gw_ws_close_received(const gw_ws* ws) { return ws != nullptr && ws->codec.close_received(); }

gw_status gw_ws_take_output(gw_ws* ws, gw_buf* out) {
    if (ws == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    if (ws->out.empty()) return GW_DONE;
    *out = ws->out.take();
    return GW_OK;
}

size_t gw_ws_output_size(const gw_ws* ws) { return ws == nullptr ? 0 : ws->out.size(); }

gw_str gw_ws_cut_close_reason(gw_str reason) { return gw::as_str(gw::ws::cut_close_reason(gw::as_text(reason))); }

gw_status gw_ws_answer_upgrade(const gw_ws_upgrade_request* request, const gw_str* supported, size_t supported_count,
                               gw_ws_upgrade_answer* answer) {
    gw_ws_upgrade_request copy;
    if (request == nullptr || answer == nullptr || (supported == nullptr && supported_count > 0)) {
        return GW_ERR_ARGUMENT;
    }
    if (const gw_status status = gw::api::copy_sized(request, copy); status != GW_OK) return status;
    return gw::api::guard([&] {
        const Texts names(supported, supported_count);
        gw::ws::UpgradeRequest in;
        in.method = gw::as_text(copy.method);
        in.minor = copy.http_1_0 ? 0 : 1;
        in.host = field(copy.host);
        in.upgrade = field(copy.upgrade);
        in.connection = field(copy.connection);
        in.key = field(copy.key);
        in.version = field(copy.version);
        in.protocols = field(copy.protocols);
        const gw::ws::UpgradeAnswer decided = gw::ws::answer_upgrade(in, names.view());
        gw_ws_upgrade_answer out{};
        out.status = decided.status;
        out.error = gw::as_str(decided.what);
        out.protocol = gw::as_str(decided.protocol);
        std::copy(decided.accept.begin(), decided.accept.end(), out.accept);
        return gw::api::fill_sized(out, answer);
    });
}

gw_status gw_ws_accept_key(gw_str key, char accept[28]) {
    if (accept == nullptr) return GW_ERR_ARGUMENT;
    const auto made = gw::ws::accept_key(gw::as_text(key));
    if (!made) return GW_ERR_DATA;
    std::copy(made->begin(), made->end(), accept);
    return GW_OK;
}

gw_status gw_ws_make_key(const gw_host* host, char key[24]) {
    if (key == nullptr) return GW_ERR_ARGUMENT;
    std::array<std::byte, 16> random{};
    if (!gw::crypto::Random::from(host).fill(random)) return GW_ERR_RANDOM;
    const std::array<char, 24> made = gw::ws::make_key(random);
    std::copy(made.begin(), made.end(), key);
    return GW_OK;
}

gw_status gw_ws_check_upgrade(const gw_ws_upgrade_response* response, gw_str key, const gw_str* offered,
                              size_t offered_count) {
    gw_ws_upgrade_response copy;
    if (response == nullptr || (offered == nullptr && offered_count > 0)) return GW_ERR_ARGUMENT;
    if (const gw_status status = gw::api::copy_sized(response, copy); status != GW_OK) return status;
    return gw::api::guard([&] {
        const Texts names(offered, offered_count);
        gw::ws::UpgradeResponse in;
        in.status = copy.status;
        in.upgrade = field(copy.upgrade);
        in.connection = field(copy.connection);
        in.accept = field(copy.accept);
        in.protocol = field(copy.protocol);
        in.extensions = field(copy.extensions);
        const auto checked = gw::ws::check_upgrade(in, gw::as_text(key), names.view());
        return checked ? GW_OK : checked.error().status;
    });
}

}  // extern "C"
