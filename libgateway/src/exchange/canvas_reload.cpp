#include "exchange/canvas_reload.h"

#include <algorithm>
#include <cstring>

#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr std::size_t heard_bytes_max = 4096;
constexpr Milliseconds quiet_ms = 100;
constexpr Milliseconds quiet_ms_max = 1000;  // a file that is written all the time is shown all the same
// Behind the last byte of a page, where every reader of HTML takes it for a part of the body.
constexpr std::string_view reload_script = "\n<script src=\"/__openclaw__/live-reload.js\"></script>\n";

class WithScript final : public store::OpenFile {
public:
    explicit WithScript(Owned<store::OpenFile> page) noexcept : page_(std::move(page)) {
        size_ = page_->size() + reload_script.size();
        version_ = ~page_->version();
    }
    [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> room) noexcept override {
        const std::uint64_t own = page_->size();
        if (offset < own) {
            const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), own - offset));
            return page_->read(offset, room.first(most));
        }
        const auto at = static_cast<std::size_t>(std::min<std::uint64_t>(offset - own, reload_script.size()));
        const std::string_view piece = reload_script.substr(at, room.size());
        std::memcpy(room.data(), piece.data(), piece.size());
        return piece.size();
    }

private:
    Owned<store::OpenFile> page_;
};

}  // namespace

// --- a viewer ------------------------------------------------------------------------------------------------------

ReloadSocket::ReloadSocket(CanvasReload& owner, ServerConn& conn)
    : in_sockets(this),
      owner_(owner),
      conn_(conn),
      codec_(ws::Role::server, {heard_bytes_max}, owner.gateway_.pool(), owner.gateway_.memory()) {
    owner.sockets_.push_back(in_sockets);
    ++owner.socket_count_;
}

ReloadSocket::~ReloadSocket() { --owner_.socket_count_; }

void ReloadSocket::start() { conn_.timer().arm(owner_.gateway_.now() + owner_.gateway_.limits().ws_ping_ms); }

std::size_t ReloadSocket::on_input(std::span<const std::byte> input) {
    codec_.feed(input);
    while (!closing_) {
        if (conn_.output_full()) {  // somebody sends pings and reads no pongs
            conn_.pause_input();
            return input.size() - codec_.take_rest().size();
        }
        const auto next = codec_.next();
        if (!next) {
            close(codec_.close_code(), next.error().what);
            break;
        }
        if (!*next) break;
        const ws::Event& event = **next;
        switch (event.kind) {
        case ws::EventKind::text:
        case ws::EventKind::binary: break;
        case ws::EventKind::ping: codec_.send(conn_.sink(), ws::EventKind::pong, event.data); break;
        case ws::EventKind::pong: pong_awaited_ = false; break;
        case ws::EventKind::close:
            closing_ = true;
            codec_.send_close(conn_.sink(), event.code, {});
            conn_.close(Conn::Close::flush);
            break;
        }
    }
    return input.size();
}

void ReloadSocket::on_timeout() {
    if (pong_awaited_) {  // nobody is there any more
        conn_.close(Conn::Close::abort);
        return;
    }
    pong_awaited_ = true;
    codec_.send(conn_.sink(), ws::EventKind::ping, {});
    start();
}

void ReloadSocket::on_drained() {
    if (std::exchange(tell_waits_, false)) tell();
}

void ReloadSocket::tell() {
    if (closing_) return;
    tell_waits_ = conn_.output_full();  // once is enough, however often it changes meanwhile
    if (!tell_waits_) codec_.send_text(conn_.sink(), "reload");
}

void ReloadSocket::close(std::uint16_t code, std::string_view reason) {
    if (closing_) return;
    closing_ = true;
    codec_.send_close(conn_.sink(), code, reason);
    conn_.close(Conn::Close::linger);
}

// --- files ---------------------------------------------------------------------------------------------------------

CanvasReload::CanvasReload(Gateway& gateway)
    : gateway_(gateway),
      watched_(gateway.memory()),
      quiet_timer_(
          gateway.timers(), [](void* self) { static_cast<CanvasReload*>(self)->on_quiet(); }, this) {}

bool CanvasReload::is_on() const noexcept {
    const config::CanvasHost& canvas = gateway_.config().canvas_host;
    return canvas.enabled && canvas.live_reload && (gateway_.services() & GW_SERVICE_WATCH) != 0;
}

void CanvasReload::served(std::string_view file) {
    const auto known = std::ranges::find(watched_, file, &FileWatch::file);
    if (known != watched_.end()) {
        watched_.splice(watched_.begin(), watched_, known);
        return;
    }
    if (watched_.size() >= files_max) watched_.pop_back();
    watched_.emplace_front(gateway_, *this, file);
}

void CanvasReload::on_file_changed(FileWatch& /*watch*/) {
    if (!quiet_timer_.armed()) first_change_at_ = gateway_.now();
    quiet_timer_.arm(std::min(gateway_.now() + quiet_ms, first_change_at_ + quiet_ms_max));
}

// Its sockets hear of it; who has no memory for that hears of the next change.
void CanvasReload::on_quiet() noexcept try {
    for (ReloadSocket* one = sockets_.front(); one != nullptr; one = sockets_.after(one->in_sockets)) one->tell();
} catch (const std::bad_alloc&) {
}

void CanvasReload::close_sockets() {
    for (ReloadSocket* one = sockets_.front(); one != nullptr; one = sockets_.after(one->in_sockets))
        one->close(1012, "service restart");
}

void CanvasReload::stop() noexcept {
    quiet_timer_.disarm();
    watched_.clear();
}

Owned<store::OpenFile> CanvasReload::with_script(Owned<store::OpenFile> page, std::pmr::memory_resource* memory) {
    return make_owned<WithScript>(memory, std::move(page));
}

}  // namespace gw::exchange
