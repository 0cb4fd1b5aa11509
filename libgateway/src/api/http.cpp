#include "gateway/http.h"

#include <algorithm>
#include <span>

#include "api/guard.h"
#include "api/sized.h"
#include "core/buffer.h"
#include "core/memory.h"
#include "core/text.h"
#include "http1/http1.h"
#include "http1/syntax.h"
#include "http1/writer.h"

namespace {

using gw::http1::EventKind;
using gw::http1::Framing;
using gw::http1::Header;

// What both handles are made of; Codec is http1::Server or http1::Client.
template <typename Codec>
struct Handle {
    Handle(const gw::Allocator& allocator, const gw::http1::Limits& limits)
        : memory(allocator), pool(allocator), codec(limits, pool.get(), &memory), out(pool.get()), fields(pool.get()) {}

    gw::HostMemory memory;
    gw::BlockPoolOwner pool;
    Codec codec;
    gw::Buffer out;
    gw::Buffer fields;  // gw_http_field, gw_http_field, ... of the last event that had some
    std::string_view error;
    bool drained = true;         // next() has given something else than an event since the last feed()
    bool message_ended = false;  // the next call of next() gives the fields back
};

// Blocks that an idle connection keeps for its next message; anything above goes back to the host.
constexpr std::size_t idle_bytes_kept_max = 4096;

gw_status read_limits(const gw_http_limits* from, gw::http1::Limits& limits) noexcept {
    gw_http_limits given;
    if (const gw_status status = gw::api::copy_sized(from, given); status != GW_OK) return status;
    if (given.request_line_bytes_max != 0) limits.request_line_bytes_max = given.request_line_bytes_max;
    if (given.header_bytes_max != 0) limits.header_bytes_max = given.header_bytes_max;
    if (given.header_count_max != 0) limits.header_count_max = given.header_count_max;
    if (given.body_bytes_max != 0) limits.body_bytes_max = given.body_bytes_max;
    return GW_OK;
}

template <typename Public>
gw_status make(const gw_http_limits* limits, const gw_host* host, Public** out) noexcept {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    gw::http1::Limits checked;
    if (const gw_status status = read_limits(limits, checked); status != GW_OK) return status;
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(host);
        void* memory = allocator.allocate(sizeof(Public));
        try {
            *out = new (memory) Public(allocator, checked);
        } catch (...) {
            allocator.deallocate(memory, sizeof(Public));
            throw;
        }
        return GW_OK;
    });
}

template <typename Public>
void unmake(Public* handle) noexcept {
    if (handle == nullptr) return;
    const gw::Allocator allocator = handle->memory.allocator();
    handle->~Public();
    allocator.deallocate(handle, sizeof(Public));
}

template <typename Public>
gw_status feed(Public* handle, const void* data, size_t len) noexcept {
    if (handle == nullptr || (data == nullptr && len > 0)) return GW_ERR_ARGUMENT;
    if (len == 0) return GW_OK;
    if (!handle->drained) return GW_ERR_STATE;
    return gw::api::guard([&] {
        handle->drained = false;
        handle->codec.feed({static_cast<const std::byte*>(data), len});
        return GW_OK;
    });
}

template <typename Public>
gw_status finish(Public* handle) noexcept {
    if (handle == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const auto finished = handle->codec.finish();
        if (finished) return GW_OK;
        handle->error = finished.error().what;
        return finished.error().status;
    });
}

void describe(const gw::http1::RequestHead& head, gw_http_event& event) noexcept {
    event.method = gw::as_str(head.method);
    event.target = gw::as_str(head.target);
    event.upgrade = head.upgrade;
}

void describe(const gw::http1::ResponseHead& head, gw_http_event& event) noexcept {
    event.status = head.status;
    event.reason = gw::as_str(head.reason);
}

// Lists the fields as the C struct has them: the order of a std::string_view's members is not ours to know.
void list_fields(gw::http1::Headers headers, gw::Buffer& to, gw_http_event& event) {
    const auto all = headers.all();
    to.clear();
    event.field_count = all.size();
    if (all.empty()) return;
    auto* fields = reinterpret_cast<gw_http_field*>(to.prepare(all.size() * sizeof(gw_http_field)).data());
    std::transform(all.begin(), all.end(), fields, [](const Header& header) {
        return gw_http_field{gw::as_str(header.name), gw::as_str(header.value)};
    });
    to.commit(all.size() * sizeof(gw_http_field));
    event.fields = fields;
}

constexpr gw_http_event_kind kind_of(EventKind kind) noexcept {
    switch (kind) {
    case EventKind::head: return GW_HTTP_HEAD;
    case EventKind::body: return GW_HTTP_BODY;
    case EventKind::trailers: return GW_HTTP_TRAILERS;
    case EventKind::end: return GW_HTTP_END;
    case EventKind::upgrade: return GW_HTTP_UPGRADE;
    }
    return GW_HTTP_END;
}

template <typename Public>
gw_status next(Public* handle, gw_http_event* event) noexcept {
    if (handle == nullptr || event == nullptr || event->size < sizeof event->size) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        if (std::exchange(handle->message_ended, false)) handle->fields.clear();
        const auto step = handle->codec.next();
        if (!step) {
            handle->drained = true;
            handle->error = step.error().what;
            return step.error().status;
        }
        if (!*step) {
            handle->drained = true;
            const bool idle = handle->fields.empty();
            if (idle && handle->pool.get()->bytes_kept() > idle_bytes_kept_max) handle->pool.get()->trim();
            return GW_DONE;
        }
        const auto& from = **step;
        gw_http_event to{};
        to.kind = kind_of(from.kind);
        if (from.kind == EventKind::head) {
            describe(*from.head, to);
            to.minor = from.head->minor;
            to.has_content_length = from.head->content_length.has_value();
            to.content_length = from.head->content_length.value_or(0);
            to.chunked = from.head->chunked;
            list_fields(from.head->headers, handle->fields, to);
        } else if (from.kind == EventKind::trailers) {
            list_fields(from.trailers, handle->fields, to);
        }
        to.body = gw::as_str(gw::as_text(from.body));
        handle->message_ended = from.kind == EventKind::end;
        return gw::api::fill_sized(to, event);
    });
}

// A caller's fields as the codec takes them, in a block of the pool for as long as the call lasts.
class SentFields {
public:
    SentFields(gw::BlockPool* pool, const gw_http_field* fields, size_t count) : storage_(pool), count_(count) {
        if (count == 0) return;
        auto* to = reinterpret_cast<Header*>(storage_.prepare(count * sizeof(Header)).data());
        std::transform(fields, fields + count, to, [](const gw_http_field& field) {
            return Header{gw::as_text(field.name), gw::as_text(field.value)};
        });
        first_ = to;
    }
    [[nodiscard]] std::span<const Header> all() const noexcept { return {first_, count_}; }

private:
    gw::Buffer storage_;
    Header* first_ = nullptr;
    size_t count_;
};

// What send_head() of the codec asserts about its caller's fields.
bool sendable(const gw_http_field* fields, size_t count, bool connection_too) noexcept {
    if (fields == nullptr) return count == 0;
    return std::none_of(fields, fields + count, [&](const gw_http_field& field) {
        const std::string_view name = gw::as_text(field.name);
        return gw::http1::written_by_codec(name) && !(connection_too && gw::equals_ignoring_case(name, "connection"));
    });
}

bool known(gw_http_framing framing) noexcept {
    return framing == GW_HTTP_NO_CONTENT || framing == GW_HTTP_LENGTH || framing == GW_HTTP_CHUNKED;
}

constexpr Framing framing_of(gw_http_framing framing) noexcept {
    if (framing == GW_HTTP_LENGTH) return Framing::length;
    return framing == GW_HTTP_CHUNKED ? Framing::chunked : Framing::none;
}

template <typename Public>
gw_status send_body(Public* handle, bool open, const void* data, size_t len) noexcept {
    if (data == nullptr && len > 0) return GW_ERR_ARGUMENT;
    if (!open) return GW_ERR_STATE;
    if (len > handle->codec.body_room()) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        handle->codec.send_body(handle->out, {static_cast<const std::byte*>(data), len});
        return GW_OK;
    });
}

template <typename Public>
gw_status send_end(Public* handle, bool open, const gw_http_field* trailers, size_t count) noexcept {
    if (trailers == nullptr && count > 0) return GW_ERR_ARGUMENT;
    if (!open) return GW_ERR_STATE;
    return gw::api::guard([&] {
        const SentFields sent(handle->pool.get(), trailers, count);
        handle->codec.send_end(handle->out, sent.all());
        return GW_OK;
    });
}

template <typename Public>
gw_status take_output(Public* handle, gw_buf* out) noexcept {
    if (handle == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    if (handle->out.empty()) return GW_DONE;
    *out = handle->out.take();
    return GW_OK;
}

}  // namespace

struct gw_http_server : Handle<gw::http1::Server> {
    using Handle::Handle;
};
struct gw_http_client : Handle<gw::http1::Client> {
    using Handle::Handle;
};

extern "C" {

gw_str gw_http_reason(int status) {
    const std::string_view reason = gw::http1::reason_phrase(status);
    return gw::as_str(reason);
}

gw_status gw_http_server_new(const gw_http_limits* limits, const gw_host* host, gw_http_server** out) {
    return make(limits, host, out);
}
void gw_http_server_free(gw_http_server* server) { unmake(server); }

gw_status gw_http_server_feed(gw_http_server* server, const void* data, size_t len) { return feed(server, data, len); }
gw_status gw_http_server_finish(gw_http_server* server) { return finish(server); }
gw_status gw_http_server_next(gw_http_server* server, gw_http_event* event) { return next(server, event); }

int gw_http_server_error_status(const gw_http_server* server) {
    return server == nullptr ? 0 : server->codec.error_status();
}
gw_str gw_http_server_error_text(const gw_http_server* server) {
    return server == nullptr ? gw_str{nullptr, 0} : gw::as_str(server->error);
}
void gw_http_server_set_body_bytes_max(gw_http_server* server, uint64_t bytes) {
    if (server != nullptr) server->codec.set_body_bytes_max(bytes);
}
bool gw_http_server_in_head(const gw_http_server* server) { return server != nullptr && server->codec.in_head(); }
bool gw_http_server_idle(const gw_http_server* server) { return server != nullptr && server->codec.idle(); }
bool gw_http_server_wants_input(const gw_http_server* server) {
    return server != nullptr && server->codec.wants_input();
}
bool gw_http_server_expects_continue(const gw_http_server* server) {
    return server != nullptr && server->codec.expects_continue();
}

gw_status gw_http_server_send_continue(gw_http_server* server) {
    if (server == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        server->codec.send_continue(server->out);
        return GW_OK;
    });
}

gw_status gw_http_server_send_head(gw_http_server* server, int status, const gw_http_field* fields, size_t field_count,
                                   gw_http_framing framing, uint64_t length, uint64_t unix_ms) {
    if (server == nullptr || status < 200 || status > 999 || !known(framing)) return GW_ERR_ARGUMENT;
    if (!sendable(fields, field_count, false)) return GW_ERR_ARGUMENT;
    if (!server->codec.may_answer()) return GW_ERR_STATE;
    return gw::api::guard([&] {
        const SentFields sent(server->pool.get(), fields, field_count);
        server->codec.send_head(server->out, status, sent.all(), framing_of(framing), length, unix_ms);
        return GW_OK;
    });
}

gw_status gw_http_server_send_body(gw_http_server* server, const void* data, size_t len) {
    if (server == nullptr) return GW_ERR_ARGUMENT;
    return send_body(server, server->codec.response_open(), data, len);
}
gw_status gw_http_server_send_end(gw_http_server* server, const gw_http_field* trailers, size_t trailer_count) {
    if (server == nullptr) return GW_ERR_ARGUMENT;
    return send_end(server, server->codec.response_open(), trailers, trailer_count);
}

void gw_http_server_abort_response(gw_http_server* server) {
    if (server != nullptr) server->codec.abort_response();
}
bool gw_http_server_response_open(const gw_http_server* server) {
    return server != nullptr && server->codec.response_open();
}
void gw_http_server_close_after_response(gw_http_server* server) {
    if (server != nullptr) server->codec.close_after_response();
}
bool gw_http_server_should_close(const gw_http_server* server) {
    return server != nullptr && server->codec.should_close();
}
bool gw_http_server_should_linger(const gw_http_server* server) {
    return server != nullptr && server->codec.should_linger();
}

gw_status gw_http_server_accept_upgrade(gw_http_server* server, const gw_http_field* fields, size_t field_count,
                                        uint64_t unix_ms) {
    if (server == nullptr || !sendable(fields, field_count, true)) return GW_ERR_ARGUMENT;
    if (!server->codec.may_upgrade()) return GW_ERR_STATE;
    return gw::api::guard([&] {
        const SentFields sent(server->pool.get(), fields, field_count);
        server->codec.accept_upgrade(server->out, sent.all(), unix_ms);
        return GW_OK;
    });
}

gw_str gw_http_server_take_rest(gw_http_server* server) {
    if (server == nullptr) return {nullptr, 0};
    return gw::as_str(gw::as_text(server->codec.take_rest()));
}
gw_status gw_http_server_take_output(gw_http_server* server, gw_buf* out) { return take_output(server, out); }

gw_status gw_http_client_new(const gw_http_limits* limits, const gw_host* host, gw_http_client** out) {
    return make(limits, host, out);
}
void gw_http_client_free(gw_http_client* client) { unmake(client); }

gw_status gw_http_client_send_head(gw_http_client* client, gw_str method, gw_str target, const gw_http_field* fields,
                                   size_t field_count, gw_http_framing framing, uint64_t length) {
    if (client == nullptr || !known(framing) || !sendable(fields, field_count, false)) return GW_ERR_ARGUMENT;
    const bool host = std::any_of(fields, fields + field_count, [](const gw_http_field& field) {
        return gw::equals_ignoring_case(gw::as_text(field.name), "host");
    });
    if (!host || !gw::http1::is_token(gw::as_text(method)) || !gw::http1::is_request_target(gw::as_text(target))) {
        return GW_ERR_ARGUMENT;
    }
    if (!client->codec.may_send()) return GW_ERR_STATE;
    return gw::api::guard([&] {
        const SentFields sent(client->pool.get(), fields, field_count);
        client->codec.send_head(client->out, gw::as_text(method), gw::as_text(target), sent.all(), framing_of(framing),
                                length);
        return GW_OK;
    });
}

gw_status gw_http_client_send_body(gw_http_client* client, const void* data, size_t len) {
    if (client == nullptr) return GW_ERR_ARGUMENT;
    return send_body(client, client->codec.request_open(), data, len);
}
gw_status gw_http_client_send_end(gw_http_client* client, const gw_http_field* trailers, size_t trailer_count) {
    if (client == nullptr) return GW_ERR_ARGUMENT;
    return send_end(client, client->codec.request_open(), trailers, trailer_count);
}

gw_status gw_http_client_feed(gw_http_client* client, const void* data, size_t len) { return feed(client, data, len); }
gw_status gw_http_client_finish(gw_http_client* client) { return finish(client); }
gw_status gw_http_client_next(gw_http_client* client, gw_http_event* event) { return next(client, event); }

gw_str gw_http_client_error_text(const gw_http_client* client) {
    return client == nullptr ? gw_str{nullptr, 0} : gw::as_str(client->error);
}
bool gw_http_client_reusable(const gw_http_client* client) { return client != nullptr && client->codec.reusable(); }
gw_str gw_http_client_take_rest(gw_http_client* client) {
    if (client == nullptr) return {nullptr, 0};
    return gw::as_str(gw::as_text(client->codec.take_rest()));
}
gw_status gw_http_client_take_output(gw_http_client* client, gw_buf* out) { return take_output(client, out); }

}  // extern "C"
