// What the gateway asks for besides sockets: names, helper programs, files that change, datagrams.
#include <deque>
#include <filesystem>

#include "host.h"

Address::Address(gw_str host, uint32_t port) {
    const std::string name = string(host);
    if (uv_ip4_addr(name.c_str(), static_cast<int>(port), reinterpret_cast<sockaddr_in*>(&storage)) != 0 &&
        uv_ip6_addr(name.c_str(), static_cast<int>(port), reinterpret_cast<sockaddr_in6*>(&storage)) != 0)
        storage = {};
}

std::string text_of(const sockaddr* address) {
    char text[64] = "";
    uv_ip_name(address, text, sizeof text);
    return text;
}

uint32_t port_of(const sockaddr* address) {
    return ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                                : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

struct Host::LookUp final : Part {
    uv_getaddrinfo_t request{};

    LookUp(Host& owner, const gw_event& event) : Part(owner, event.ask) {
        request.data = static_cast<Part*>(this);
        const auto answered = [](uv_getaddrinfo_t* at, int failed, addrinfo* list) {
            auto* self = of<LookUp>(at);
            failed == 0 ? self->found(list) : self->fail(failed, GW_ERR_RESOLVE);
            uv_freeaddrinfo(list);
            self->end();
            delete self;
        };
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_ADDRCONFIG;
        const int failed = uv_getaddrinfo(&host.loop_, &request, answered, string(event.host).c_str(), nullptr, &hints);
        if (failed != 0) answered(&request, failed, nullptr);
    }
    void found(const addrinfo* list) {
        std::vector<std::string> texts;
        for (; list != nullptr; list = list->ai_next) texts.push_back(text_of(list->ai_addr));
        std::vector<gw_str> addresses;
        for (const std::string& text : texts) addresses.push_back(str(text.c_str()));
        gw_answer given{};
        given.addresses = addresses.data();
        given.address_count = addresses.size();
        answer(given);
    }
};

// A program of its own process group, without a shell, with our rights but not our environment.
struct Host::Program final : Part {
    uv_process_t process{};
    uv_pipe_t pipes[2]{};  // its standard input, its standard output
    uv_write_t write{};
    std::string input;
    gw_answer last{};

    Program(Host& owner, const gw_event& event) : Part(owner, event.ask), input(string(event.data)) {
        uv_stdio_container_t stdio[3]{};
        for (int i = 0; i < 2; ++i) {
            uv_pipe_init(&host.loop_, &pipes[i], 0);
            own(pipes[i]);
            stdio[i].flags =
                static_cast<uv_stdio_flags>(UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE));
            stdio[i].data.stream = reinterpret_cast<uv_stream_t*>(&pipes[i]);
        }
        own(process);
        std::deque<std::string> texts;  // which stay where they are
        const auto pointers = [&texts](const gw_str* from, size_t count) {
            std::vector<char*> to;
            for (size_t i = 0; i < count; ++i) to.push_back(texts.emplace_back(string(from[i])).data());
            to.push_back(nullptr);
            return to;
        };
        std::vector<char*> arguments = pointers(event.argv, event.argc), environment = pointers(event.env, event.envc);
        uv_process_options_t options{};
        options.file = event.argc == 0 ? "" : arguments[0];
        options.args = arguments.data();
        options.env = environment.data();
        options.stdio = stdio;
        options.stdio_count = 3;
        options.flags = UV_PROCESS_DETACHED;  // the group dies with it
        options.exit_cb = [](uv_process_t* at, int64_t code, int killed_by) {
            auto* self = of<Program>(at);
            self->last.exit_code = static_cast<int32_t>(killed_by != 0 ? 128 + killed_by : code);
            close(at);
            close(&self->pipes[0]);
        };
        if (const int failed = uv_spawn(&host.loop_, &process, &options); failed != 0) {
            fail(failed);
            return;
        }
        uv_os_setpriority(process.pid, UV_PRIORITY_BELOW_NORMAL);
        const uv_buf_t all = uv_buf_init(input.data(), static_cast<unsigned>(input.size()));
        const auto written = [](uv_write_t* at, int) { close(at->handle); };  // it need not read its input
        uv_write(&write, stdio[0].data.stream, &all, 1, written);
        uv_read_start(stdio[1].data.stream, read_buffer, [](uv_stream_t* at, ssize_t size, const uv_buf_t* buf) {
            if (size < 0) return close(at);
            gw_answer piece{};
            piece.data = {buf->base, static_cast<size_t>(size)};
            piece.more = true;
            of<Program>(at)->answer(piece);
        });
    }
    // It has exited and both pipes are closed.
    ~Program() override {
        answer(last);
        Part::end();
    }
    // The process is closed when it has exited, so that it is waited for.
    void end() override {
        if (ask == 0) return;
        forget();
        uv_kill(-process.pid, SIGKILL);
        close(&pipes[1]);
    }
};

// Watches the directory, so that a file which is renamed into place is seen; where that cannot be, looks every second.
struct Host::Watch final : Part {
    const std::filesystem::path path;
    uv_fs_event_t changes{};
    uv_fs_poll_t poll{};

    Watch(Host& owner, const gw_event& event)
        : Part(owner, event.ask), path(std::filesystem::path(".") / string(event.host)) {
        uv_fs_event_init(&host.loop_, &changes);
        uv_fs_poll_init(&host.loop_, &poll);
        own(changes);
        own(poll);
        const auto changed = [](uv_fs_event_t* at, const char* file, int, int) {
            if (auto* self = of<Watch>(at); file == nullptr || self->path.filename() == file) self->answer({});
        };
        const auto polled = [](uv_fs_poll_t* at, int, const uv_stat_t*, const uv_stat_t*) {
            of<Watch>(at)->answer({});
        };
        if (uv_fs_event_start(&changes, changed, path.parent_path().c_str(), 0) != 0)
            uv_fs_poll_start(&poll, polled, path.c_str(), 1000);
    }
};

struct Host::Datagrams final : Part {
    uv_udp_t udp{};

    Datagrams(Host& owner, const gw_event& event) : Part(owner, event.ask) {
        uv_udp_init(&host.loop_, &udp);
        own(udp);
        const auto received = [](uv_udp_t* at, ssize_t size, const uv_buf_t* buf, const sockaddr* from, unsigned) {
            if (size < 0 || from == nullptr) return;
            const std::string name = text_of(from);
            gw_answer datagram{};
            datagram.address = str(name.c_str());
            datagram.port = port_of(from);
            datagram.data = {buf->base, static_cast<size_t>(size)};
            of<Datagrams>(at)->answer(datagram);
        };
        Address address(event.host, event.port);
        int failed = uv_udp_bind(&udp, address.get(), UV_UDP_REUSEADDR);
        if (failed == 0 && event.data.len > 0)
            failed = uv_udp_set_membership(&udp, string(event.data).c_str(), nullptr, UV_JOIN_GROUP);
        if (failed == 0) failed = uv_udp_recv_start(&udp, read_buffer, received);
        if (failed == 0) failed = uv_udp_getsockname(&udp, address.get(), &address.size);
        gw_answer open{};
        open.port = port_of(address.get());
        failed == 0 ? answer(open) : fail(failed);
    }
    void on_event(const gw_event& event) override {
        if (event.type != GW_EVENT_SEND) return end();
        const uv_buf_t data = uv_buf_init(const_cast<char*>(event.data.data), static_cast<unsigned>(event.data.len));
        uv_udp_try_send(&udp, &data, 1, Address(event.host, event.port).get());  // may be lost, as datagrams are
    }
};

void Host::serve(const gw_event& event) {
    switch (event.type) {
    case GW_EVENT_RESOLVE: new LookUp(*this, event); break;
    case GW_EVENT_SPAWN: new Program(*this, event); break;
    case GW_EVENT_WATCH: new Watch(*this, event); break;
    case GW_EVENT_DATAGRAM: new Datagrams(*this, event); break;
    default: break;
    }
}
