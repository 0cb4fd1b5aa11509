#include "host.h"

#include <csignal>
#include <cstdlib>
#include <ctime>

Host::Part::Part(Host& owner, gw_ask_id question) : host(owner), ask(question) {
    if (ask != 0) host.services_[ask] = this;
}

void Host::Part::forget() {
    host.services_.erase(ask);
    ask = 0;
}

void Host::Part::end() {
    forget();
    for (uv_handle_t* handle : handles) close(handle);
}

void Host::Part::on_close(uv_handle_t* handle) {
    auto* part = of<Part>(handle);
    if (++part->closed == part->handles.size()) delete part;
}

void Host::Part::answer(gw_answer given) {
    if (ask == 0) return;
    given.size = sizeof given;
    gw_ask_answer(host.gateway_, ask, &given);
}

void Host::Part::fail(int failed, gw_status status) {
    gw_answer given{};
    given.status = status;
    given.reason = str(uv_strerror(failed));
    answer(given);
    Part::end();
}

void Host::Part::read_buffer(uv_handle_t*, size_t, uv_buf_t* buf) {
    static char shared[64 * 1024];
    *buf = uv_buf_init(shared, sizeof shared);
}

// One connection, accepted or dialled, TCP or a local socket.
struct Host::Socket final : Part {
    gw_conn* conn = nullptr;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    uv_connect_t connecting{};
    uv_shutdown_t shutdown{};
    uv_write_t write{};
    gw_buf writing{};  // owned while libuv writes it
    bool close_after_write = false;

    Socket(Host& owner, bool local) : Part(owner) {
        local ? uv_pipe_init(&host.loop_, &pipe, 0) : uv_tcp_init(&host.loop_, &tcp);
        if (!local) uv_tcp_nodelay(&tcp, 1);
        own(stream);
        connecting.data = write.data = stream.data;
    }
    ~Socket() override { gw_buf_free(&writing); }

    void end() override {
        gw_conn_free(conn);
        conn = nullptr;
        Part::end();
    }

    // Takes output while the socket takes it; what does not fit waits in libuv, and nothing more is taken meanwhile.
    void write_output() {
        while (conn != nullptr && writing.data == nullptr && gw_conn_take_output(conn, &writing) == GW_OK) {
            uv_buf_t rest = uv_buf_init(static_cast<char*>(writing.data), static_cast<unsigned>(writing.len));
            const int written = uv_try_write(&stream, &rest, 1);
            if (written < 0 && written != UV_EAGAIN) return end();  // EPIPE, ECONNRESET
            if (written > 0) rest = uv_buf_init(rest.base + written, rest.len - static_cast<unsigned>(written));
            if (rest.len == 0) {
                gw_buf_free(&writing);
                continue;
            }
            uv_write(&write, &stream, &rest, 1, [](uv_write_t* request, int failed) {
                auto* self = of<Socket>(request);
                gw_buf_free(&self->writing);
                failed != 0 || self->close_after_write ? self->end() : self->write_output();
            });
        }
    }

    void on_event(const gw_event& event) override {
        if (event.type == GW_EVENT_OUTPUT) write_output();
        if (event.type == GW_EVENT_READ) read_as_wanted();
        if (event.type == GW_EVENT_SHUTDOWN)
            uv_shutdown(&shutdown, &stream, [](uv_shutdown_t*, int) {});  // FIN, behind what is being written
        if (event.type != GW_EVENT_CLOSE) return;
        close_after_write = true;
        if (event.abort || writing.data == nullptr) end();
    }

    // Reads exactly while the gateway wants to.
    void read_as_wanted() {
        if (!gw_conn_wants_read(conn)) {
            uv_read_stop(&stream);
            return;
        }
        uv_read_start(&stream, read_buffer, [](uv_stream_t* reader, ssize_t size, const uv_buf_t* buf) {
            auto* self = of<Socket>(reader);
            if (size == UV_EOF) gw_conn_eof(self->conn);
            if (size < 0 && size != UV_EOF) return self->end();
            if (size > 0) gw_conn_recv(self->conn, buf->base, static_cast<size_t>(size));  // failures come as events
            if (size > 0 && !gw_conn_wants_read(self->conn)) uv_read_stop(reader);
            // A turn reads up to a thousand sockets: what the first of them said does not wait for the last.
            if (++self->host.reads_ % 8 == 0) self->host.pump();
        });
    }

    static void accept(Host& host, uv_stream_t* listener, uint32_t number) {
        auto* socket = new Socket(host, false);
        Address address;
        if (uv_accept(listener, &socket->stream) != 0 ||
            uv_tcp_getpeername(&socket->tcp, address.get(), &address.size) != 0)
            return socket->end();  // it left already
        const std::string name = text_of(address.get());
        gw_peer peer{};
        peer.size = sizeof peer;
        peer.address = str(name.c_str());
        peer.port = port_of(address.get());
        peer.listener = number;
        if (gw_conn_accept(host.gateway_, &peer, &socket->conn) != GW_OK) return socket->end();
        gw_conn_set_user(socket->conn, socket);
        socket->read_as_wanted();
    }

    static void connect(Host& host, const gw_event& event) {
        auto* socket = new Socket(host, event.port == 0);
        socket->conn = event.conn;
        gw_conn_set_user(event.conn, socket);
        const auto connected = [](uv_connect_t* request, int failed) {
            auto* self = of<Socket>(request);
            if (self->conn == nullptr) return;
            failed == 0 ? gw_conn_opened(self->conn) : gw_conn_failed(self->conn, str(uv_strerror(failed)));
            failed == 0 ? self->read_as_wanted() : self->end();
        };
        int failed = 0;
        if (event.port == 0)
            uv_pipe_connect(&socket->connecting, &socket->pipe, string(event.host).c_str(), connected);
        else
            failed =
                uv_tcp_connect(&socket->connecting, &socket->tcp, Address(event.host, event.port).get(), connected);
        if (failed != 0) connected(&socket->connecting, failed);
    }
};

struct Host::Listener final : Part {
    uv_tcp_t tcp{};
    const uint32_t number;

    Listener(Host& owner, const gw_event& event) : Part(owner, event.ask), number(event.listener) {
        uv_tcp_init(&host.loop_, &tcp);
        own(tcp);
        const auto accepted = [](uv_stream_t* at, int failed) {  // out of descriptors: it was dropped
            auto* self = of<Listener>(at);
            if (failed == 0) Socket::accept(self->host, at, self->number);
        };
        Address address(event.host, event.port);
        int failed = uv_tcp_bind(&tcp, address.get(), address.storage.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
        if (failed == 0) failed = uv_listen(reinterpret_cast<uv_stream_t*>(&tcp), 1024, accepted);
        if (failed == 0) failed = uv_tcp_getsockname(&tcp, address.get(), &address.size);
        gw_answer bound{};
        bound.port = port_of(address.get());
        failed == 0 ? answer(bound) : fail(failed);
    }
};

void Host::tell_time() {
    if (uv_now(&loop_) != told_) tick();
}

void Host::tick() {
    uv_timeval64_t wall{};
    uv_gettimeofday(&wall);
    if (gateway_ == nullptr) return;
    told_ = uv_now(&loop_);
    gw_gateway_tick(gateway_, told_ + 1, static_cast<uint64_t>(wall.tv_sec * 1000 + wall.tv_usec / 1000));
    if (wall.tv_sec / 60 == minute_) return;  // summer begins and ends between two minutes
    minute_ = wall.tv_sec / 60;
    const std::time_t now = wall.tv_sec;
    if (std::tm local{}; localtime_r(&now, &local) != nullptr)
        gw_gateway_set_utc_offset(gateway_, static_cast<int32_t>(local.tm_gmtoff / 60));
}

void Host::on_event(const gw_event& event) {
    // Who is at work on it. A connection that is to be dialled has no socket yet.
    Part* part = nullptr;
    if (event.conn != nullptr)
        part = static_cast<Socket*>(gw_conn_user(event.conn));
    else if (const auto found = services_.find(event.ask); found != services_.end())
        part = found->second;
    if (part != nullptr) return part->on_event(event);
    switch (event.type) {
    case GW_EVENT_CONNECT: return Socket::connect(*this, event);
    case GW_EVENT_LISTEN: new Listener(*this, event); return;
    case GW_EVENT_READY: return gw_command_event(command_, gateway_, &event);
    case GW_EVENT_STOPPED: gw_command_event(command_, gateway_, &event); return uv_stop(&loop_);
    default: return serve(event);
    }
}

void Host::pump() {
    gw_event event{};
    event.size = sizeof event;
    while (gw_gateway_next_event(gateway_, &event) == GW_OK) on_event(event);
}

void Host::end_turn() {
    pump();
    const uint64_t deadline = gw_gateway_next_deadline(gateway_), now = uv_now(&loop_) + 1;
    const auto due = [](uv_timer_t* timer) { static_cast<Host*>(timer->loop->data)->tick(); };
    deadline == GW_NEVER ? uv_timer_stop(&timer_)
                         : uv_timer_start(&timer_, due, deadline > now ? deadline - now : 0, 0);
}

void Host::on_signal(int number) {
    if (gateway_ == nullptr) return;
    tell_time();
    if (number == SIGUSR1) {
        gw_gateway_restart(gateway_);
        return;
    }
    if (stopping_) std::_Exit(1);  // the second signal does not wait
    stopping_ = true;
    gw_gateway_shutdown(gateway_);
}

Host::Host(gw_command* command) : command_(command) {
    std::signal(SIGPIPE, SIG_IGN);  // writing to who has left is an error code
    uv_loop_init(&loop_);
    loop_.data = this;
    uv_prepare_init(&loop_, &prepare_);
    uv_timer_init(&loop_, &timer_);
    const auto signalled = [](uv_signal_t* at, int number) { static_cast<Host*>(at->loop->data)->on_signal(number); };
    const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
    for (int i = 0; i < 3; ++i) {
        uv_signal_init(&loop_, &signals_[i]);
        uv_signal_start(&signals_[i], signalled, numbers[i]);
    }
}

void Host::run(gw_gateway* gateway) {
    gateway_ = gateway;
    minute_ = -1;
    uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<Host*>(handle->loop->data)->end_turn(); });
    uv_update_time(&loop_);
    tick();
    uv_run(&loop_, UV_RUN_DEFAULT);
    pump();  // the last closes
    uv_prepare_stop(&prepare_);
    uv_timer_stop(&timer_);
    const auto end_part = [](uv_handle_t* handle, void*) {
        if (handle->data != nullptr) static_cast<Part*>(handle->data)->end();
    };
    uv_walk(&loop_, end_part, nullptr);
    while (!services_.empty()) services_.begin()->second->end();  // look-ups
    gateway_ = nullptr;
}

Host::~Host() {
    const auto close = [](uv_handle_t* handle, void*) {
        if (handle->data != nullptr) return Part::close(handle);
        if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
    };
    uv_walk(&loop_, close, nullptr);
    // A look-up cannot be called back; the program does not wait for it.
    for (int turn = 0; turn < 10 && uv_run(&loop_, UV_RUN_NOWAIT) != 0; ++turn) {
    }
    uv_loop_close(&loop_);
}
