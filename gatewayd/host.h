// The host around libgateway: libuv carries the bytes, the library decides everything else.
//
//     read, accept, connect and the answers of services:   bytes and facts -> gateway
//     prepare, once per turn of the loop:                  gateway -> writes, closes, dials, questions; then the timer
#pragma once

#include <gateway/gateway.h>
#include <uv.h>

#include <map>
#include <string>
#include <vector>

class Host {
public:
    Host();
    ~Host();

    enum class End { done, failed, restart };
    // Serves `gateway` until it has stopped, and takes along what it left open. `only_try`: until it is ready.
    End run(gw_gateway* gateway, bool only_try = false);
    [[nodiscard]] uint32_t port() const { return port_; }  // where the last gateway listened

    struct Part;
    struct Service;

private:
    struct Socket;
    struct Listener;
    struct LookUp;
    struct Program;
    struct Watch;
    struct Datagrams;

    void tell_time();  // before every call into the gateway
    void pump();
    void on_event(const gw_event& event);
    void serve(const gw_event& event);
    void on_signal(int number);

    uv_loop_t loop_{};
    gw_gateway* gateway_ = nullptr;
    uv_prepare_t prepare_{};
    uv_timer_t timer_{};
    uv_signal_t signals_[3]{};
    std::map<gw_ask_id, Service*> services_;                        // that the gateway still wants
    std::vector<char> read_buffer_ = std::vector<char>(64 * 1024);  // for every read: the gateway copies what it keeps
    uint32_t port_ = 0;
    bool stopping_ = false, only_try_ = false;
    End end_ = End::done;
};

// What has handles in the loop. end() closes them, and the last one that is closed takes the whole along.
struct Host::Part {
    explicit Part(Host& owner) : host(owner) {}
    virtual ~Part() = default;
    virtual void end() = 0;
    template <typename Handle>
    void own(Handle& handle) {
        handle.data = this;
        ++handles;
    }
    template <typename Handle>
    void close(Handle& handle) {
        auto* any = reinterpret_cast<uv_handle_t*>(&handle);
        if (uv_is_closing(any) != 0) return;
        uv_close(any, [](uv_handle_t* closed) {
            auto* part = static_cast<Part*>(closed->data);
            if (--part->handles == 0) delete part;
        });
    }

    Host& host;
    unsigned handles = 0;
};

// What answers one question, once or until the gateway takes the question back.
struct Host::Service : Part {
    Service(Host& owner, gw_ask_id id) : Part(owner), ask(id) { host.services_[id] = this; }
    ~Service() override { forget(); }
    void forget() {
        if (const auto found = host.services_.find(ask); found != host.services_.end() && found->second == this)
            host.services_.erase(found);
    }
    // Answers while somebody waits for it. An error, and the answer to a question that has only one, ends the service.
    void answer(gw_answer given) {
        if (host.services_.count(ask) == 0) return;
        given.size = sizeof given;
        host.tell_time();
        gw_ask_answer(host.gateway_, ask, &given);
    }
    void fail(gw_status status, int code) {
        gw_answer given{};
        given.status = status;
        const char* text = uv_strerror(code);
        given.reason = {text, std::char_traits<char>::length(text)};
        answer(given);
        end();
    }

    const gw_ask_id ask;
};

inline gw_str str(const char* text) { return {text, std::char_traits<char>::length(text)}; }
inline std::string string(gw_str text) { return text.len == 0 ? std::string() : std::string(text.data, text.len); }

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
std::string address_text(const sockaddr* address);
uint32_t port_of(const sockaddr* address);
