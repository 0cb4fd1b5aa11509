// What the gateway asks for besides sockets: names, helper programs, files that change, datagrams.
#include <utility>

#include "host.h"

struct LookUp final : Part {
    uv_getaddrinfo_t request{};

    LookUp(Host& owner, const gw_event& event) : Part(owner, event.ask) {
        request.data = static_cast<Part*>(this);
        const auto answered = [](uv_getaddrinfo_t* at, int failed, addrinfo* list) {
            auto* self = of<LookUp>(at);
            self->answer(failed, {.addrinfo = list});
            uv_freeaddrinfo(list);
            delete self;
        };
        const addrinfo hints{.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};
        const int failed = uv_getaddrinfo(&host.loop, &request, answered, event.host.data, nullptr, &hints);
        if (failed != 0) answered(&request, failed, nullptr);
    }
};

// A program of its own process group, without a shell, with our rights but not our environment.
struct Program final : Part {
    uv_process_t process{};
    uv_pipe_t pipes[2]{};  // its standard input, its standard output
    uv_write_t write{};
    const std::string input;
    gw_answer last{};
    int group = 0;  // 0: nobody is there to be killed

    Program(Host& owner, const gw_event& event) : Part(owner, event.ask), input(event.data.data, event.data.len) {
        uv_stdio_container_t stdio[3]{};
        for (int i = 0; i < 2; ++i) {
            uv_pipe_init(&host.loop, &pipes[i], 0);
            own(pipes[i]);
            const int direction = i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE;
            stdio[i].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | direction);
            stdio[i].data.stream = reinterpret_cast<uv_stream_t*>(&pipes[i]);
        }
        own(process);
        const auto exited = [](uv_process_t* at, int64_t code, int killed_by) {
            auto* self = of<Program>(at);
            self->last.exit_code = static_cast<int32_t>(killed_by != 0 ? 128 + killed_by : code);
            close(at);
            close(&self->pipes[0]);
        };
        const uv_process_options_t options{.exit_cb = exited,
                                           .file = event.argc == 0 ? "" : event.exec_argv[0],
                                           .args = event.exec_argv,
                                           .env = event.exec_env,
                                           .flags = UV_PROCESS_DETACHED,  // the group dies with it
                                           .stdio_count = 3,
                                           .stdio = stdio};
        if (const int failed = uv_spawn(&host.loop, &process, &options); failed != 0) {
            answer(failed);
            return;
        }
        group = process.pid;
        uv_os_setpriority(group, UV_PRIORITY_BELOW_NORMAL);
        const uv_buf_t all = uv_buf_init(const_cast<char*>(input.data()), static_cast<unsigned>(input.size()));
        const auto written = [](uv_write_t* at, int) { close(at->handle); };  // it need not read its input
        uv_write(&write, stdio[0].data.stream, &all, 1, written);
        uv_read_start(stdio[1].data.stream, read_buffer, [](uv_stream_t* at, ssize_t size, const uv_buf_t* buf) {
            if (size < 0) return close(at);
            of<Program>(at)->answer(0, {.data = {buf->base, static_cast<size_t>(size)}, .more = true});
        });
    }
    // It has exited and both pipes are closed.
    ~Program() override { answer(0, last); }
    // The process is closed when it has exited, so that it is waited for.
    void end() override {
        if (group != 0) uv_kill(-std::exchange(group, 0), SIGKILL);
        close(&pipes[1]);
    }
};

struct Watch final : Part {
    uv_fs_event_t changes{};

    Watch(Host& owner, const gw_event& event) : Part(owner, event.ask) {
        uv_fs_event_init(&host.loop, &changes);
        own(changes);
        const auto changed = [](uv_fs_event_t* at, const char*, int, int) { of<Watch>(at)->answer(0); };
        const int failed = uv_fs_event_start(&changes, changed, event.data.data, 0);
        if (failed != 0) answer(failed);
    }
};

struct Datagrams final : Part {
    uv_udp_t udp{};

    Datagrams(Host& owner, const gw_event& event) : Part(owner, event.ask) {
        uv_udp_init(&host.loop, &udp);
        own(udp);
        const auto received = [](uv_udp_t* at, ssize_t size, const uv_buf_t* buf, const sockaddr* from, unsigned) {
            if (size < 0 || from == nullptr) return;
            of<Datagrams>(at)->answer(0, {.data = {buf->base, static_cast<size_t>(size)}, .sockaddr = from});
        };
        int failed = uv_udp_bind(&udp, event.sockaddr, UV_UDP_REUSEADDR);
        if (failed == 0 && event.data.len > 0)
            failed = uv_udp_set_membership(&udp, event.data.data, nullptr, UV_JOIN_GROUP);
        uv_udp_set_multicast_ttl(&udp, 255);  // RFC 6762 11
        if (failed == 0) failed = uv_udp_recv_start(&udp, read_buffer, received);
        Address address;
        int size = sizeof address;
        if (failed == 0) failed = uv_udp_getsockname(&udp, &address.any, &size);
        answer(failed, {.sockaddr = &address.any});
    }
    void on_event(const gw_event& event) override {
        if (event.type != GW_EVENT_SEND) return end();
        const uv_buf_t data = uv_buf_init(const_cast<char*>(event.data.data), static_cast<unsigned>(event.data.len));
        uv_udp_try_send(&udp, &data, 1, event.sockaddr);  // may be lost, as datagrams are
    }
};

void serve(Host& host, const gw_event& event) {
    switch (event.type) {
    case GW_EVENT_RESOLVE: new LookUp(host, event); break;
    case GW_EVENT_SPAWN: new Program(host, event); break;
    case GW_EVENT_WATCH: new Watch(host, event); break;
    case GW_EVENT_DATAGRAM: new Datagrams(host, event); break;
    default: break;
    }
}
