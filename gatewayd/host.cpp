#include "host.h"

#include <time.h>

#include <cstdio>
#include <cstdlib>

namespace {

std::string address_text(const sockaddr* address) {
    char text[64] = "";
    uv_ip_name(address, text, sizeof text);
    return text;
}

uint16_t port_of(const sockaddr* address) {
    return ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                                : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

// An IPv4 or IPv6 address with a port, as events name them.
struct Address {
    sockaddr_storage storage{};
    int size = sizeof storage;
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    bool parse(gw_str host, uint32_t port) {
        const std::string name = string(host);
        return uv_ip4_addr(name.c_str(), static_cast<int>(port), reinterpret_cast<sockaddr_in*>(&storage)) == 0 ||
               uv_ip6_addr(name.c_str(), static_cast<int>(port), reinterpret_cast<sockaddr_in6*>(&storage)) == 0;
    }
};

}  // namespace

// One connection, accepted or dialled, TCP or a local socket. It goes with its handle.
struct Host::Socket {
    Host& host;
    gw_conn* conn = nullptr;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    uv_connect_t connecting{};
    uv_shutdown_t shutdown{};
    uv_write_t write{};
    gw_buf writing{};  // owned while libuv writes it
    bool shutdown_after_write = false;
    bool close_after_write = false;

    Socket(Host& owner, bool local) : host(owner) {
        local ? uv_pipe_init(&host.loop_, &pipe, 0) : uv_tcp_init(&host.loop_, &tcp);
        handle.data = connecting.data = write.data = this;
    }

    void close() {
        if (conn != nullptr) gw_conn_free(conn);
        conn = nullptr;
        if (uv_is_closing(&handle) != 0) return;
        uv_close(&handle, [](uv_handle_t* closed) {
            auto* self = static_cast<Socket*>(closed->data);
            gw_buf_free(&self->writing);
            delete self;
        });
    }

    // Takes output while the socket takes it; what does not fit waits in libuv, and nothing more is taken meanwhile.
    void write_output() {
        while (writing.data == nullptr && gw_conn_take_output(conn, &writing) == GW_OK) {
            uv_buf_t rest = uv_buf_init(static_cast<char*>(writing.data), static_cast<unsigned>(writing.len));
            const int written = uv_try_write(&stream, &rest, 1);
            if (written < 0 && written != UV_EAGAIN) return close();  // EPIPE, ECONNRESET
            if (written > 0) rest = uv_buf_init(rest.base + written, rest.len - static_cast<unsigned>(written));
            if (rest.len == 0) {
                gw_buf_free(&writing);
                continue;
            }
            uv_write(&write, &stream, &rest, 1,
                     [](uv_write_t* request, int status) { static_cast<Socket*>(request->data)->on_written(status); });
        }
    }

    void on_written(int status) {
        gw_buf_free(&writing);
        if (conn == nullptr) return;
        host.tell_time();
        if (status < 0) return close();
        write_output();
        if (conn == nullptr || writing.data != nullptr) return;
        if (shutdown_after_write) uv_shutdown(&shutdown, &stream, nullptr);
        if (close_after_write) close();
    }

    void on_event(const gw_event& event) {
        switch (event.type) {
        case GW_EVENT_OUTPUT: write_output(); break;
        case GW_EVENT_READ: read_as_wanted(); break;
        case GW_EVENT_SHUTDOWN:
            shutdown_after_write = true;
            if (writing.data == nullptr) uv_shutdown(&shutdown, &stream, nullptr);
            break;
        case GW_EVENT_CLOSE:
            close_after_write = true;
            if (event.abort || writing.data == nullptr) close();
            break;
        default: break;
        }
    }

    // Reads exactly while the gateway wants to.
    void read_as_wanted() {
        if (!gw_conn_wants_read(conn)) {
            uv_read_stop(&stream);
            return;
        }
        const auto allocate = [](uv_handle_t* reader, size_t, uv_buf_t* buf) {
            std::vector<char>& shared = static_cast<Socket*>(reader->data)->host.read_buffer_;
            *buf = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
        };
        uv_read_start(&stream, allocate, [](uv_stream_t* reader, ssize_t size, const uv_buf_t* buf) {
            auto* self = static_cast<Socket*>(reader->data);
            if (size == 0 || self->conn == nullptr) return;
            self->host.tell_time();
            if (size > 0) {
                gw_conn_recv(self->conn, buf->base, static_cast<size_t>(size));  // a failure comes back as an event
                if (!gw_conn_wants_read(self->conn)) uv_read_stop(&self->stream);
            } else if (size == UV_EOF) {
                gw_conn_eof(self->conn);
            } else {
                self->close();
            }
        });
    }
};

void Host::listen(const gw_event& event) {
    auto* listener = new uv_tcp_t;
    uv_tcp_init(&loop_, listener);
    listener->data = reinterpret_cast<void*>(static_cast<uintptr_t>(event.listener));
    listeners_.push_back(listener);
    auto* stream = reinterpret_cast<uv_stream_t*>(listener);
    Address address;
    int failed = UV_EINVAL;
    if (address.parse(event.host, event.port))
        failed = uv_tcp_bind(listener, address.get(), address.storage.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
    if (failed == 0) {
        failed = uv_listen(stream, 1024, [](uv_stream_t* at, int status) {
            if (status == 0) static_cast<Host*>(at->loop->data)->accept(at);  // else out of descriptors: it was dropped
        });
    }
    if (failed == 0) failed = uv_tcp_getsockname(listener, address.get(), &address.size);
    gw_answer answer{};
    answer.size = sizeof answer;
    answer.status = failed == 0 ? GW_OK : GW_ERR_IO;
    answer.reason = str(failed == 0 ? "" : uv_strerror(failed));
    answer.port = failed == 0 ? port_of(address.get()) : 0;
    gw_ask_answer(gateway_, event.ask, &answer);
}

void Host::accept(uv_stream_t* listener) {
    auto* socket = new Socket(*this, false);
    if (uv_accept(listener, &socket->stream) != 0) return socket->close();
    uv_tcp_nodelay(&socket->tcp, 1);
    Address address;
    uv_tcp_getpeername(&socket->tcp, address.get(), &address.size);
    const std::string name = address_text(address.get());
    gw_peer peer{};
    peer.size = sizeof peer;
    peer.address = str(name.empty() ? "unknown" : name.c_str());  // it left already: not a local socket
    peer.port = port_of(address.get());
    peer.listener = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(listener->data));
    tell_time();
    if (gw_conn_accept(gateway_, &peer, &socket->conn) != GW_OK) return socket->close();
    gw_conn_set_user(socket->conn, socket);
    socket->read_as_wanted();
}

void Host::connect(const gw_event& event) {
    auto* socket = new Socket(*this, event.port == 0);
    socket->conn = event.conn;
    gw_conn_set_user(event.conn, socket);
    const auto connected = [](uv_connect_t* request, int status) {
        auto* self = static_cast<Socket*>(request->data);
        if (self->conn == nullptr) return;
        self->host.tell_time();
        if (status == 0) {
            gw_conn_opened(self->conn);
            self->read_as_wanted();
        } else {
            gw_conn_failed(self->conn, str(uv_strerror(status)));
            self->close();
        }
    };
    Address address;
    int failed = 0;
    if (event.port == 0) {
        uv_pipe_connect(&socket->connecting, &socket->pipe, string(event.host).c_str(), connected);
    } else if (!address.parse(event.host, event.port)) {
        failed = UV_EINVAL;
    } else {
        failed = uv_tcp_connect(&socket->connecting, &socket->tcp, address.get(), connected);
        uv_tcp_nodelay(&socket->tcp, 1);
    }
    if (failed != 0) connected(&socket->connecting, failed);
}

void Host::resolve(const gw_event& event) {
    struct LookUp {
        uv_getaddrinfo_t request{};
        Host& host;
        gw_ask_id ask;
    };
    auto* look_up = new LookUp{{}, *this, event.ask};
    look_up->request.data = look_up;
    look_ups_.insert(event.ask);
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
        self->host.tell_time();
        if (self->host.look_ups_.erase(self->ask) > 0) gw_ask_answer(self->host.gateway_, self->ask, &answer);
        uv_freeaddrinfo(list);
        delete self;
    };
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    const int failed = uv_getaddrinfo(&loop_, &look_up->request, answered, string(event.host).c_str(), nullptr, &hints);
    if (failed != 0) answered(&look_up->request, failed, nullptr);
}

void Host::tell_time() {
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    gw_gateway_tick(gateway_, uv_now(&loop_) + 1,
                    static_cast<uint64_t>(wall.tv_sec) * 1000 + static_cast<uint64_t>(wall.tv_nsec) / 1000000);
}

void Host::on_event(const gw_event& event) {
    // A connection that is to be dialled has no socket yet.
    if (auto* socket = event.conn == nullptr ? nullptr : static_cast<Socket*>(gw_conn_user(event.conn))) {
        socket->on_event(event);
        return;
    }
    switch (event.type) {
    case GW_EVENT_CONNECT: connect(event); break;
    case GW_EVENT_LISTEN: listen(event); break;
    case GW_EVENT_RESOLVE: resolve(event); break;
    case GW_EVENT_CANCEL: look_ups_.erase(event.ask); break;
    case GW_EVENT_READY:
        if (event.data.len > 0) std::printf("token: %s\n", string(event.data).c_str());
        std::printf("listening on %s\n", string(event.host).c_str());
        std::fflush(stdout);
        break;
    case GW_EVENT_STOPPED:
        exit_code_ = event.status == GW_OK ? 0 : 1;
        uv_stop(&loop_);
        break;
    default: break;
    }
}

void Host::pump() {
    gw_event event{};
    event.size = sizeof event;
    while (gw_gateway_next_event(gateway_, &event) == GW_OK) on_event(event);
    const uint64_t deadline = gw_gateway_next_deadline(gateway_);
    const uint64_t now = uv_now(&loop_) + 1;
    const auto due = [](uv_timer_t* timer) { static_cast<Host*>(timer->loop->data)->tell_time(); };
    deadline == GW_NEVER ? uv_timer_stop(&timer_)
                         : uv_timer_start(&timer_, due, deadline > now ? deadline - now : 0, 0);
}

void Host::close_listeners() {
    for (uv_tcp_t* listener : listeners_) {
        uv_close(reinterpret_cast<uv_handle_t*>(listener),
                 [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
    }
    listeners_.clear();
}

void Host::shutdown() {
    if (stopping_) std::_Exit(1);  // the second signal does not wait
    stopping_ = true;
    close_listeners();
    tell_time();
    gw_gateway_shutdown(gateway_);
}

int Host::run(gw_gateway* gateway) {
    gateway_ = gateway;
    uv_loop_init(&loop_);
    loop_.data = this;
    uv_prepare_init(&loop_, &prepare_);
    uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<Host*>(handle->loop->data)->pump(); });
    uv_timer_init(&loop_, &timer_);
    for (const auto& [signal, number] : {std::pair(&sigint_, SIGINT), std::pair(&sigterm_, SIGTERM)}) {
        uv_signal_init(&loop_, signal);
        uv_signal_start(
            signal, [](uv_signal_t* at, int) { static_cast<Host*>(at->loop->data)->shutdown(); }, number);
    }
    tell_time();
    uv_run(&loop_, UV_RUN_DEFAULT);
    // Stopped: the last closes go out, and libuv gives back what it knows.
    pump();
    close_listeners();
    const auto close_ours = [](uv_handle_t* handle, void*) {  // sockets close with their connections
        if (handle->data == nullptr && uv_is_closing(handle) == 0) uv_close(handle, nullptr);
    };
    uv_walk(&loop_, close_ours, nullptr);
    while (uv_run(&loop_, UV_RUN_NOWAIT) != 0 && look_ups_.empty()) {
    }
    uv_loop_close(&loop_);
    return exit_code_;
}
