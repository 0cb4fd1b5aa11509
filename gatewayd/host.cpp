#include "host.h"

#include <time.h>

#include <cstdio>
#include <cstdlib>

// One connection, accepted or dialled, TCP or a local socket.
struct Socket {
    Host* host = nullptr;
    gw_conn* conn = nullptr;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    uv_connect_t connect{};
    uv_shutdown_t shutdown{};
    uv_write_t write{};
    gw_buf writing{};  // owned while libuv writes it
    bool close_after_write = false;
    bool shutdown_after_write = false;
};

namespace {

Socket* socket_of(void* data) { return static_cast<Socket*>(data); }

Socket* make_socket(Host& host, bool local) {
    auto* socket = new Socket;
    socket->host = &host;
    if (local) {
        uv_pipe_init(&host.loop, &socket->pipe, 0);
    } else {
        uv_tcp_init(&host.loop, &socket->tcp);
    }
    socket->handle.data = socket;
    return socket;
}

void close_socket(Socket* socket) {
    if (socket->conn != nullptr) gw_conn_free(socket->conn);
    socket->conn = nullptr;
    if (uv_is_closing(&socket->handle) != 0) return;
    uv_close(&socket->handle, [](uv_handle_t* handle) {
        gw_buf_free(&socket_of(handle->data)->writing);
        delete socket_of(handle->data);
    });
}

// Writes what the gateway has, as much as the socket takes; the rest waits in libuv, and nothing more is taken
// meanwhile.
void write_output(Socket* socket) {
    while (socket->writing.data == nullptr && gw_conn_take_output(socket->conn, &socket->writing) == GW_OK) {
        uv_buf_t buf =
            uv_buf_init(static_cast<char*>(socket->writing.data), static_cast<unsigned>(socket->writing.len));
        const int written = uv_try_write(&socket->stream, &buf, 1);
        if (written == static_cast<int>(buf.len)) {
            gw_buf_free(&socket->writing);
            continue;
        }
        if (written < 0 && written != UV_EAGAIN) {  // EPIPE, ECONNRESET
            close_socket(socket);
            return;
        }
        if (written > 0)
            buf = uv_buf_init(buf.base + written, static_cast<unsigned>(buf.len - static_cast<size_t>(written)));
        socket->write.data = socket;
        uv_write(&socket->write, &socket->stream, &buf, 1, [](uv_write_t* request, int status) {
            Socket* self = socket_of(request->data);
            gw_buf_free(&self->writing);
            if (self->conn == nullptr) return;
            self->host->tell_time();
            if (status < 0) {
                close_socket(self);
                return;
            }
            write_output(self);
            if (self->conn == nullptr || self->writing.data != nullptr) return;
            if (self->shutdown_after_write) uv_shutdown(&self->shutdown, &self->stream, nullptr);
            if (self->close_after_write) close_socket(self);
        });
    }
}

void start_reading(Socket* socket) {
    uv_read_start(
        &socket->stream,
        [](uv_handle_t* handle, size_t, uv_buf_t* buf) {
            std::vector<char>& shared = socket_of(handle->data)->host->read_buffer;
            *buf = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
        },
        [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
            Socket* self = socket_of(stream->data);
            if (size == 0 || self->conn == nullptr) return;
            self->host->tell_time();
            if (size > 0) {
                gw_conn_recv(self->conn, buf->base, static_cast<size_t>(size));  // a failure comes back as an event
            } else if (size == UV_EOF) {
                gw_conn_eof(self->conn);
            } else {
                close_socket(self);
            }
        });
}

std::string address_text(const sockaddr* address) {
    char text[64] = "";
    uv_ip_name(address, text, sizeof text);
    return text;
}

uint16_t address_port(const sockaddr* address) {
    return ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                                : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

bool parse_address(const gw_event& event, sockaddr_storage& address) {
    const std::string name = string(event.host);
    return uv_ip4_addr(name.c_str(), static_cast<int>(event.port), reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
           uv_ip6_addr(name.c_str(), static_cast<int>(event.port), reinterpret_cast<sockaddr_in6*>(&address)) == 0;
}

void on_connection(uv_stream_t* listener, int status) {
    auto& host = *static_cast<Host*>(listener->loop->data);
    if (status < 0) return;  // out of descriptors: libuv has dropped the connection and goes on
    Socket* socket = make_socket(host, false);
    if (uv_accept(listener, &socket->stream) != 0) {
        close_socket(socket);
        return;
    }
    uv_tcp_nodelay(&socket->tcp, 1);
    sockaddr_storage name{};
    int size = sizeof name;
    uv_tcp_getpeername(&socket->tcp, reinterpret_cast<sockaddr*>(&name), &size);
    const std::string address = address_text(reinterpret_cast<const sockaddr*>(&name));
    gw_peer peer{};
    peer.size = sizeof peer;
    peer.address = str(address.c_str());
    peer.port = address_port(reinterpret_cast<const sockaddr*>(&name));
    peer.listener = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(listener->data));
    host.tell_time();
    if (gw_conn_accept(host.gateway, &peer, &socket->conn) != GW_OK) {
        close_socket(socket);
        return;
    }
    gw_conn_set_user(socket->conn, socket);
    start_reading(socket);
}

void on_signal(uv_signal_t* handle, int) {
    auto& host = *static_cast<Host*>(handle->loop->data);
    if (host.stopping) std::_Exit(1);  // the second one does not wait
    host.shutdown();
}

}  // namespace

void Host::listen(const gw_event& event) {
    sockaddr_storage address{};
    auto* any = reinterpret_cast<sockaddr*>(&address);
    int size = sizeof address;
    auto* listener = new uv_tcp_t;
    uv_tcp_init(&loop, listener);
    listener->data = reinterpret_cast<void*>(static_cast<uintptr_t>(event.listener));
    listeners.push_back(listener);
    int failed = parse_address(event, address)
                     ? uv_tcp_bind(listener, any, address.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0)
                     : UV_EINVAL;
    if (failed == 0) failed = uv_listen(reinterpret_cast<uv_stream_t*>(listener), 1024, on_connection);
    if (failed == 0) failed = uv_tcp_getsockname(listener, any, &size);
    gw_answer answer{};
    answer.size = sizeof answer;
    answer.status = failed == 0 ? GW_OK : GW_ERR_IO;
    answer.reason = str(failed == 0 ? "" : uv_strerror(failed));
    answer.port = failed == 0 ? address_port(any) : 0;
    gw_ask_answer(gateway, event.ask, &answer);
}

void Host::connect(const gw_event& event) {
    Socket* socket = make_socket(*this, event.port == 0);
    socket->conn = event.conn;
    gw_conn_set_user(event.conn, socket);
    socket->connect.data = socket;
    const auto connected = [](uv_connect_t* request, int status) {
        Socket* self = socket_of(request->data);
        if (self->conn == nullptr) return;
        self->host->tell_time();
        if (status == 0) {
            gw_conn_opened(self->conn);
            start_reading(self);
            return;
        }
        gw_conn_failed(self->conn, str(uv_strerror(status)));
        close_socket(self);
    };
    sockaddr_storage address{};
    int failed = 0;
    if (event.port == 0) {
        uv_pipe_connect(&socket->connect, &socket->pipe, string(event.host).c_str(), connected);
    } else {
        failed = parse_address(event, address) ? uv_tcp_connect(&socket->connect, &socket->tcp,
                                                                reinterpret_cast<const sockaddr*>(&address), connected)
                                               : UV_EINVAL;
        uv_tcp_nodelay(&socket->tcp, 1);
    }
    if (failed == 0) return;
    gw_conn_failed(socket->conn, str(uv_strerror(failed)));
    close_socket(socket);
}

void Host::resolve(const gw_event& event) {
    struct LookUp {
        uv_getaddrinfo_t request{};
        Host* host;
        gw_ask_id ask;
    };
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    auto* look_up = new LookUp{{}, this, event.ask};
    look_up->request.data = look_up;
    look_ups.insert(event.ask);
    const auto answered = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
        auto* self = static_cast<LookUp*>(request->data);
        std::vector<std::string> texts;
        std::vector<gw_str> addresses;
        for (const addrinfo* one = list; one != nullptr; one = one->ai_next)
            texts.push_back(address_text(one->ai_addr));
        for (const std::string& text : texts) addresses.push_back(str(text.c_str()));
        gw_answer answer{};
        answer.size = sizeof answer;
        answer.status = status == 0 ? GW_OK : GW_ERR_RESOLVE;
        answer.addresses = addresses.data();
        answer.address_count = addresses.size();
        self->host->tell_time();
        if (self->host->look_ups.erase(self->ask) > 0) gw_ask_answer(self->host->gateway, self->ask, &answer);
        uv_freeaddrinfo(list);
        delete self;
    };
    const int failed = uv_getaddrinfo(&loop, &look_up->request, answered, string(event.host).c_str(), nullptr, &hints);
    if (failed != 0) answered(&look_up->request, failed, nullptr);
}

void Host::tell_time() {
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    gw_gateway_tick(gateway, uv_now(&loop) + 1,
                    static_cast<uint64_t>(wall.tv_sec) * 1000 + static_cast<uint64_t>(wall.tv_nsec) / 1000000);
}

void Host::pump() {
    gw_event event{};
    event.size = sizeof event;
    while (gw_gateway_next_event(gateway, &event) == GW_OK) {
        auto* socket = event.conn == nullptr ? nullptr : static_cast<Socket*>(gw_conn_user(event.conn));
        switch (event.type) {
        case GW_EVENT_OUTPUT: write_output(socket); break;
        case GW_EVENT_READ:
            gw_conn_wants_read(event.conn) ? start_reading(socket) : static_cast<void>(uv_read_stop(&socket->stream));
            break;
        case GW_EVENT_SHUTDOWN:
            socket->shutdown_after_write = true;
            if (socket->writing.data == nullptr) uv_shutdown(&socket->shutdown, &socket->stream, nullptr);
            break;
        case GW_EVENT_CLOSE:
            socket->close_after_write = true;
            if (event.abort || socket->writing.data == nullptr) close_socket(socket);
            break;
        case GW_EVENT_CONNECT: connect(event); break;
        case GW_EVENT_LISTEN: listen(event); break;
        case GW_EVENT_RESOLVE: resolve(event); break;
        case GW_EVENT_CANCEL: look_ups.erase(event.ask); break;
        case GW_EVENT_READY:
            if (event.data.len > 0) std::printf("token: %.*s\n", static_cast<int>(event.data.len), event.data.data);
            std::printf("listening on %.*s\n", static_cast<int>(event.host.len), event.host.data);
            std::fflush(stdout);
            break;
        case GW_EVENT_STOPPED:
            exit_code = event.status == GW_OK ? 0 : 1;
            uv_stop(&loop);
            break;
        default: break;
        }
    }
    const uint64_t deadline = gw_gateway_next_deadline(gateway);
    const uint64_t now = uv_now(&loop) + 1;
    if (deadline == GW_NEVER) {
        uv_timer_stop(&timer);
    } else {
        uv_timer_start(
            &timer, [](uv_timer_t* handle) { static_cast<Host*>(handle->loop->data)->tell_time(); },
            deadline > now ? deadline - now : 0, 0);
    }
}

void Host::shutdown() {
    stopping = true;
    for (uv_tcp_t* listener : listeners) {
        uv_close(reinterpret_cast<uv_handle_t*>(listener),
                 [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
    }
    listeners.clear();
    tell_time();
    gw_gateway_shutdown(gateway);
}

int Host::run() {
    loop.data = this;
    uv_prepare_init(&loop, &prepare);
    uv_prepare_start(&prepare, [](uv_prepare_t* handle) { static_cast<Host*>(handle->loop->data)->pump(); });
    uv_timer_init(&loop, &timer);
    uv_signal_init(&loop, &sigint);
    uv_signal_init(&loop, &sigterm);
    uv_signal_start(&sigint, on_signal, SIGINT);
    uv_signal_start(&sigterm, on_signal, SIGTERM);
    tell_time();
    uv_run(&loop, UV_RUN_DEFAULT);
    // Stopped: the last closes go out, and libuv gives back what it knows.
    pump();
    for (auto* handle : {reinterpret_cast<uv_handle_t*>(&prepare), reinterpret_cast<uv_handle_t*>(&timer),
                         reinterpret_cast<uv_handle_t*>(&sigint), reinterpret_cast<uv_handle_t*>(&sigterm)}) {
        uv_close(handle, nullptr);
    }
    while (uv_run(&loop, UV_RUN_NOWAIT) != 0 && look_ups.empty()) {
    }
    uv_loop_close(&loop);
    return exit_code;
}
