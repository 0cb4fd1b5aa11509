// What the gateway asks for besides sockets: names, helper programs, files that change, datagrams.
#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>

#include "host.h"

std::string address_text(const sockaddr* address) {
    char text[64] = "";
    uv_ip_name(address, text, sizeof text);
    return text;
}

uint32_t port_of(const sockaddr* address) {
    return ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                                : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

struct Host::LookUp final : Service {
    uv_getaddrinfo_t request{};

    LookUp(Host& owner, const gw_event& event) : Service(owner, event.ask) {
        request.data = this;
        const auto answered = [](uv_getaddrinfo_t* at, int status, addrinfo* list) {
            auto* self = static_cast<LookUp*>(at->data);
            self->on_addresses(status, list);
            uv_freeaddrinfo(list);
            delete self;
        };
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_ADDRCONFIG;
        const int failed = uv_getaddrinfo(&host.loop_, &request, answered, string(event.host).c_str(), nullptr, &hints);
        if (failed != 0) answered(&request, failed, nullptr);
    }
    void on_addresses(int status, const addrinfo* list) {
        std::vector<std::string> texts;
        std::vector<gw_str> addresses;
        for (const addrinfo* one = list; one != nullptr; one = one->ai_next)
            texts.push_back(address_text(one->ai_addr));
        for (const std::string& text : texts) addresses.push_back(str(text.c_str()));
        gw_answer found{};
        found.status = status == 0 ? GW_OK : GW_ERR_RESOLVE;
        found.addresses = addresses.data();
        found.address_count = addresses.size();
        answer(found);
    }
    void end() override { forget(); }  // the look-up itself cannot be called back
};

// A program of its own process group, without a shell, with our rights but without our secrets.
struct Host::Program final : Service {
    uv_process_t process{};
    uv_pipe_t in{}, out{};
    uv_write_t write{};
    std::string input, output;
    const size_t output_bytes_max;
    int32_t exit_code = 0;
    bool started = false, exited = false, out_ended = false;

    Program(Host& owner, const gw_event& event)
        : Service(owner, event.ask), input(string(event.data)), output_bytes_max(event.output_bytes_max) {
        uv_pipe_init(&host.loop_, &in, 0);
        uv_pipe_init(&host.loop_, &out, 0);
        own(in);
        own(out);
        own(process);
        std::vector<std::string> texts;
        for (size_t i = 0; i < event.argc; ++i) texts.push_back(string(event.argv[i]));
        for (const char* name : {"PATH", "HOME", "LANG", "TMPDIR"})
            if (const char* value = std::getenv(name)) texts.push_back(std::string(name) + '=' + value);
        std::vector<char*> words, environment;
        for (size_t i = 0; i < texts.size(); ++i) (i < event.argc ? words : environment).push_back(texts[i].data());
        words.push_back(nullptr);
        environment.push_back(nullptr);
        uv_stdio_container_t stdio[3]{};
        stdio[0].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_READABLE_PIPE);
        stdio[0].data.stream = reinterpret_cast<uv_stream_t*>(&in);
        stdio[1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
        stdio[1].data.stream = reinterpret_cast<uv_stream_t*>(&out);
        uv_process_options_t options{};
        options.file = words[0] == nullptr ? "" : words[0];
        options.args = words.data();
        options.env = environment.data();
        options.stdio = stdio;
        options.stdio_count = 3;
        options.flags = UV_PROCESS_DETACHED;  // the group dies with it
        options.exit_cb = [](uv_process_t* at, int64_t code, int killed_by) {
            auto* self = static_cast<Program*>(static_cast<Part*>(at->data));
            self->exited = true;
            self->exit_code = static_cast<int32_t>(killed_by != 0 ? 128 + killed_by : code);
            self->finish();
        };
        const int failed = uv_spawn(&host.loop_, &process, &options);
        if (failed != 0) {
            fail(GW_ERR_IO, failed);
            return;
        }
        started = true;
        setpriority(PRIO_PGRP, static_cast<id_t>(process.pid), 10);
        const uv_buf_t all = uv_buf_init(input.data(), static_cast<unsigned>(input.size()));
        uv_write(&write, reinterpret_cast<uv_stream_t*>(&in), &all, 1,
                 [](uv_write_t* request, int) {  // a program that does not read its input is no failure
                     auto* self = static_cast<Program*>(static_cast<Part*>(request->handle->data));
                     self->close(self->in);
                 });
        const auto allocate = [](uv_handle_t* reader, size_t, uv_buf_t* buf) {
            std::vector<char>& shared = static_cast<Part*>(reader->data)->host.read_buffer_;
            *buf = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
        };
        uv_read_start(reinterpret_cast<uv_stream_t*>(&out), allocate,
                      [](uv_stream_t* reader, ssize_t size, const uv_buf_t* buf) {
                          auto* self = static_cast<Program*>(static_cast<Part*>(reader->data));
                          if (size > 0) {
                              self->output.append(buf->base, static_cast<size_t>(size));
                              if (self->output.size() > self->output_bytes_max) self->fail(GW_ERR_LIMIT, UV_E2BIG);
                          } else if (size < 0) {
                              self->out_ended = true;
                              self->finish();
                          }
                      });
    }
    void finish() {
        if (!exited || !out_ended) return;
        gw_answer ended{};
        ended.exit_code = exit_code;
        ended.data = {output.data(), output.size()};
        answer(ended);
        end();
    }
    void end() override {
        forget();
        if (started && !(exited && out_ended)) kill(-process.pid, SIGKILL);
        started = false;
        close(in);
        close(out);
        close(process);
    }
};

// Watches the directory, so that a file which is renamed into place is seen; where that is not possible, looks every
// second. Tells only what stat() can see, so other files of the directory do not matter.
struct Host::Watch final : Service {
    const std::string path;
    uv_fs_event_t changes{};
    uv_fs_poll_t poll{};
    std::string last;

    Watch(Host& owner, const gw_event& event) : Service(owner, event.ask), path(string(event.host)) {
        uv_fs_event_init(&host.loop_, &changes);
        uv_fs_poll_init(&host.loop_, &poll);
        own(changes);
        own(poll);
        last = look();
        const size_t slash = path.rfind('/');
        const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
        const auto changed = [](uv_fs_event_t* at, const char*, int, int) {
            static_cast<Watch*>(static_cast<Part*>(at->data))->compare();
        };
        const auto polled = [](uv_fs_poll_t* at, int, const uv_stat_t*, const uv_stat_t*) {
            static_cast<Watch*>(static_cast<Part*>(at->data))->compare();
        };
        if (uv_fs_event_start(&changes, changed, directory.c_str(), 0) != 0)
            uv_fs_poll_start(&poll, polled, path.c_str(), 1000);
    }
    [[nodiscard]] std::string look() const {
        uv_fs_t request{};
        uv_fs_stat(nullptr, &request, path.c_str(), nullptr);
        const uv_stat_t& s = request.statbuf;
        std::string seen;
        if (request.result == 0) {
            for (const uint64_t part : {s.st_dev, s.st_ino, s.st_size, static_cast<uint64_t>(s.st_mtim.tv_sec),
                                        static_cast<uint64_t>(s.st_mtim.tv_nsec)})
                seen += std::to_string(part) + ' ';
        }
        uv_fs_req_cleanup(&request);
        return seen;
    }
    void compare() {
        std::string seen = look();
        if (seen == last) return;
        last = std::move(seen);
        answer({});
    }
    void end() override {
        forget();
        close(changes);
        close(poll);
    }
};

struct Host::Datagrams final : Service {
    uv_udp_t udp{};

    Datagrams(Host& owner, const gw_event& event) : Service(owner, event.ask) {
        uv_udp_init(&host.loop_, &udp);
        own(udp);
        Address address;
        int failed = UV_EINVAL;
        if (address.parse(event.host, event.port)) failed = uv_udp_bind(&udp, address.get(), UV_UDP_REUSEADDR);
        if (failed == 0 && event.data.len > 0)
            failed = uv_udp_set_membership(&udp, string(event.data).c_str(), nullptr, UV_JOIN_GROUP);
        const auto allocate = [](uv_handle_t* reader, size_t, uv_buf_t* buf) {
            std::vector<char>& shared = static_cast<Part*>(reader->data)->host.read_buffer_;
            *buf = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
        };
        const auto received = [](uv_udp_t* at, ssize_t size, const uv_buf_t* buf, const sockaddr* from, unsigned) {
            if (size < 0 || from == nullptr) return;
            const std::string name = address_text(from);
            gw_answer datagram{};
            datagram.address = str(name.c_str());
            datagram.port = port_of(from);
            datagram.data = {buf->base, static_cast<size_t>(size)};
            static_cast<Datagrams*>(static_cast<Part*>(at->data))->answer(datagram);
        };
        if (failed == 0) failed = uv_udp_recv_start(&udp, allocate, received);
        if (failed == 0) failed = uv_udp_getsockname(&udp, address.get(), &address.size);
        gw_answer open{};
        open.port = failed == 0 ? port_of(address.get()) : 0;
        failed == 0 ? answer(open) : fail(GW_ERR_IO, failed);
    }
    void send(const gw_event& event) {
        Address to;
        const uv_buf_t data = uv_buf_init(const_cast<char*>(event.data.data), static_cast<unsigned>(event.data.len));
        if (to.parse(event.host, event.port))
            uv_udp_try_send(&udp, &data, 1, to.get());  // may be lost, as datagrams are
    }
    void end() override {
        forget();
        close(udp);
    }
};

void Host::serve(const gw_event& event) {
    switch (event.type) {
    case GW_EVENT_RESOLVE: new LookUp(*this, event); break;
    case GW_EVENT_SPAWN: new Program(*this, event); break;
    case GW_EVENT_WATCH: new Watch(*this, event); break;
    case GW_EVENT_DATAGRAM: new Datagrams(*this, event); break;
    case GW_EVENT_SEND:
        if (const auto found = services_.find(event.ask); found != services_.end())
            static_cast<Datagrams*>(found->second)->send(event);
        break;
    default: break;
    }
}
