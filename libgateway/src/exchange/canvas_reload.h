// CanvasReload: what agents show loads itself again in its viewers' browsers when one of its files has changed.
//
//     a file is served ── served() ─► WATCH it ── it changed ─► a moment of quiet ─► "reload" ─► every ReloadSocket
//
// Pages get a script for that behind their own text (page/live-reload.js). It opens a socket at a path of its own, the
// only one that is not the gateway protocol's. The socket says one word, and heeds none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/list.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/file_watch.h"
#include "store/files.h"
#include "ws/ws.h"

namespace gw::exchange {

class Gateway;
class ServerConn;
class CanvasReload;

// One viewer.
class ReloadSocket {
public:
    ReloadSocket(CanvasReload& owner, ServerConn& conn);
    ~ReloadSocket();
    ReloadSocket(const ReloadSocket&) = delete;
    ReloadSocket& operator=(const ReloadSocket&) = delete;

    void start();  // the 101 is written
    // As Conn::on_input().
    std::size_t on_input(std::span<const std::byte> input);
    void on_timeout();
    void on_drained();
    void tell();
    void close(std::uint16_t code, std::string_view reason);

    Link<ReloadSocket> in_sockets;

private:
    CanvasReload& owner_;
    ServerConn& conn_;
    ws::Codec codec_;
    bool tell_waits_ = false;
    bool pong_awaited_ = false;
    bool closing_ = false;
};

class CanvasReload final : public FileWatchOwner {
public:
    static constexpr std::size_t files_max = 32;  // watched: those that were served last
    static constexpr std::size_t sockets_max = 64;

    explicit CanvasReload(Gateway& gateway);

    // Pages are told: it is configured, and the host can watch files.
    [[nodiscard]] bool is_on() const noexcept;
    // A file of the canvas went to somebody who may look at it next time it changes.
    void served(std::string_view file);
    [[nodiscard]] bool may_open() const noexcept { return socket_count_ < sockets_max; }
    void stop() noexcept;
    void close_sockets();

    // A page of an agent with our script behind it.
    [[nodiscard]] static Owned<store::OpenFile> with_script(Owned<store::OpenFile> page,
                                                            std::pmr::memory_resource* memory);

private:
    friend class ReloadSocket;
    void on_file_changed(FileWatch& watch) override;
    void on_quiet() noexcept;

    Gateway& gateway_;
    std::pmr::list<FileWatch> watched_;  // served last is first
    List<ReloadSocket> sockets_;
    std::size_t socket_count_ = 0;
    Timer quiet_timer_;
    Milliseconds first_change_at_ = 0;
};

}  // namespace gw::exchange
