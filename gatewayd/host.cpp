#include "host.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>

Part::Part(Host& owner, gw_ask_id question) : host(owner), ask(question) {
    if (ask != 0) gw_ask_set_user(host.gateway, ask, this);
}

Part::~Part() {
    if (ask != 0) gw_ask_set_user(host.gateway, ask, nullptr);
}

void Part::end() {
    for (uv_handle_t* handle : handles) close(handle);
}

void Part::on_close(uv_handle_t* handle) {
    auto* part = of<Part>(handle);
    if (++part->closed == part->handles.size()) delete part;
}

void Part::answer(int failed, gw_answer given) {
    given.size = sizeof given;
    if (failed != 0) given.status = GW_ERR_IO;
    given.reason = reason(failed);
    gw_ask_answer(host.gateway, ask, &given);
    if (failed != 0) Part::end();
}

void Part::read_buffer(uv_handle_t*, size_t, uv_buf_t* buf) {
    static char shared[64 * 1024];
    *buf = uv_buf_init(shared, sizeof shared);
}

// One connection, accepted or dialled, TCP or a local socket.
struct Socket final : Part {
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
        local ? uv_pipe_init(&host.loop, &pipe, 0) : uv_tcp_init(&host.loop, &tcp);
        if (!local) uv_tcp_nodelay(&tcp, 1);
        own(stream);
        connecting.data = write.data = stream.data;
    }
    ~Socket() override { gw_buf_free(&writing); }

    void take(gw_conn* given) {
        conn = given;
        gw_conn_set_user(conn, static_cast<Part*>(this));
    }
    void end() override {
        gw_conn_free(conn);
        conn = nullptr;
        Part::end();
    }

    // Takes output while the socket takes it; what does not fit waits in libuv, and nothing more is taken meanwhile.
    void write_output() {
        while (conn != nullptr && writing.data == nullptr && gw_conn_take_output(conn, &writing) == GW_OK) {
            uv_buf_t rest = uv_buf_init(static_cast<char*>(writing.data), static_cast<unsigned>(writing.len));
            const int written = std::max(0, uv_try_write(&stream, &rest, 1));  // what is wrong, uv_write() finds, too
            rest = uv_buf_init(rest.base + written, static_cast<unsigned>(rest.len - static_cast<size_t>(written)));
            if (rest.len == 0) {
                gw_buf_free(&writing);
                continue;
            }
            const auto wrote = [](uv_write_t* request, int failed) {
                auto* self = of<Socket>(request);
                gw_buf_free(&self->writing);
                failed != 0 || self->close_after_write ? self->end() : self->write_output();
            };
            if (uv_write(&write, &stream, &rest, 1, wrote) != 0) end();
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
            if (!gw_conn_wants_read(self->conn)) uv_read_stop(reader);
            // A turn reads up to a thousand sockets: what the first of them said does not wait for the last.
            if (++self->host.reads % 8 == 0) self->host.pump();
        });
    }

    static void accept(Host& host, uv_stream_t* listener, uint32_t number) {
        auto* socket = new Socket(host, false);
        Address address;
        int size = sizeof address;
        const gw_peer peer{.size = sizeof peer, .listener = number, .sockaddr = &address.any};
        gw_conn* conn = nullptr;
        if (uv_accept(listener, &socket->stream) != 0 || uv_tcp_getpeername(&socket->tcp, &address.any, &size) != 0 ||
            gw_conn_accept(host.gateway, &peer, &conn) != GW_OK)
            return socket->end();  // it left already, or is one too many
        socket->take(conn);
        socket->read_as_wanted();
    }

    static void connect(Host& host, const gw_event& event) {
        auto* socket = new Socket(host, event.port == 0);
        socket->take(event.conn);
        const auto connected = [](uv_connect_t* request, int failed) {
            auto* self = of<Socket>(request);
            if (self->conn == nullptr) return;
            failed == 0 ? gw_conn_opened(self->conn) : gw_conn_failed(self->conn, reason(failed));
            failed == 0 ? self->read_as_wanted() : self->end();
        };
        if (event.port == 0) return uv_pipe_connect(&socket->connecting, &socket->pipe, event.host.data, connected);
        const int failed = uv_tcp_connect(&socket->connecting, &socket->tcp, event.sockaddr, connected);
        if (failed != 0) connected(&socket->connecting, failed);
    }
};

struct Listener final : Part {
    uv_tcp_t tcp{};
    const uint32_t number;

    Listener(Host& owner, const gw_event& event) : Part(owner, event.ask), number(event.listener) {
        uv_tcp_init(&host.loop, &tcp);
        own(tcp);
        const auto accepted = [](uv_stream_t* at, int failed) {  // out of descriptors: it was dropped
            auto* self = of<Listener>(at);
            if (failed == 0) Socket::accept(self->host, at, self->number);
        };
        int failed = uv_tcp_bind(&tcp, event.sockaddr, event.sockaddr->sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
        if (failed == 0) failed = uv_listen(reinterpret_cast<uv_stream_t*>(&tcp), 1024, accepted);
        Address address;
        int size = sizeof address;
        if (failed == 0) failed = uv_tcp_getsockname(&tcp, &address.any, &size);
        answer(failed, {.sockaddr = &address.any});
    }
};

void Host::on_event(const gw_event& event) {
    if (event.user != nullptr) return static_cast<Part*>(event.user)->on_event(event);
    switch (event.type) {
    case GW_EVENT_CONNECT: return Socket::connect(*this, event);
    case GW_EVENT_LISTEN: new Listener(*this, event); return;
    case GW_EVENT_READY: return gw_command_event(command, gateway, &event);
    case GW_EVENT_STOPPED: gw_command_event(command, gateway, &event); return uv_stop(&loop);
    default: return serve(*this, event);
    }
}

void Host::tick() { gw_gateway_tick(gateway, uv_now(&loop), GW_SYSTEM_TIME); }

void Host::pump() {
    gw_event event{.size = sizeof event};
    while (gw_gateway_next_event(gateway, &event) == GW_OK) on_event(event);
}

void Host::end_turn() {
    pump();
    const uint64_t deadline = gw_gateway_next_deadline(gateway), now = uv_now(&loop);
    const auto due = [](uv_timer_t* at) { static_cast<Host*>(at->loop->data)->tick(); };
    deadline == GW_NEVER ? uv_timer_stop(&timer) : uv_timer_start(&timer, due, deadline > now ? deadline - now : 0, 0);
}

void Host::on_signal(int number) {
    tick();
    if (gw_command_signal(command, gateway, number) == GW_DONE) std::_Exit(1);
}

Host::Host(gw_command* hears_of_it) : command(hears_of_it) {
    std::signal(SIGPIPE, SIG_IGN);  // writing to who has left is an error code
    uv_loop_init(&loop);
    loop.data = this;
    uv_prepare_init(&loop, &prepare);
    uv_timer_init(&loop, &timer);
    const auto signalled = [](uv_signal_t* at, int number) { static_cast<Host*>(at->loop->data)->on_signal(number); };
    const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
    for (int i = 0; i < 3; ++i) {
        uv_signal_init(&loop, &signals[i]);
        uv_signal_start(&signals[i], signalled, numbers[i]);
    }
}

void Host::run(gw_gateway* given) {
    gateway = given;
    uv_prepare_start(&prepare, [](uv_prepare_t* handle) { static_cast<Host*>(handle->loop->data)->end_turn(); });
    uv_update_time(&loop);
    tick();
    uv_run(&loop, UV_RUN_DEFAULT);
    pump();  // the last closes
    uv_prepare_stop(&prepare);
    uv_timer_stop(&timer);
    const auto end_part = [](uv_handle_t* handle, void*) {
        if (handle->data != nullptr) static_cast<Part*>(handle->data)->end();
    };
    uv_walk(&loop, end_part, nullptr);
    gateway = nullptr;
}

Host::~Host() {
    const auto close = [](uv_handle_t* handle, void*) {
        if (uv_is_closing(handle) == 0) uv_close(handle, handle->data == nullptr ? nullptr : Part::on_close);
    };
    uv_walk(&loop, close, nullptr);
    // A look-up cannot be called back; the program does not wait for it.
    for (int turn = 0; turn < 10 && uv_run(&loop, UV_RUN_NOWAIT) != 0; ++turn) {
    }
    uv_loop_close(&loop);
}
