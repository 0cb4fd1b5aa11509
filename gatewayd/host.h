// The host around libgateway: libuv carries the bytes, the library decides everything else.
//
//     read, accept, connect and the answers of services:   bytes and facts -> gateway
//     prepare, once per turn of the loop,
//     and after every few reads:                           gateway -> writes, closes, dials, questions; then the timer
#pragma once

#include <gateway/gateway.h>
#include <uv.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

class Host {
public:
    explicit Host(gw_command* command = nullptr);
    ~Host();

    // Serves `gateway` until it has stopped, and takes along what it left open.
    void run(gw_gateway* gateway);

private:
    struct Part;
    struct Socket;
    struct Listener;
    struct LookUp;
    struct Program;
    struct Watch;
    struct Datagrams;

    void tell_time();  // before every call into the gateway; once in a turn of the loop
    void tick();
    void pump();
    void end_turn();
    void on_event(const gw_event& event);
    void serve(const gw_event& event);
    void on_signal(int number);

    uv_loop_t loop_{};
    gw_command* const command_;  // hears of READY and STOPPED
    gw_gateway* gateway_ = nullptr;
    unsigned reads_ = 0;
    std::uint64_t told_ = 0;    // the loop's time that the gateway has heard
    std::int64_t minute_ = -1;  // in which the gateway was told how far the clocks are ahead of UTC
    uv_prepare_t prepare_{};
    uv_timer_t timer_{};
    uv_signal_t signals_[3]{};
    std::map<gw_ask_id, Part*> services_;  // that the gateway still wants
    bool stopping_ = false;
};

// A socket or a service: what has handles in the loop. The last handle that is closed takes the whole along.
struct Host::Part {
    explicit Part(Host& owner, gw_ask_id question = 0);
    virtual ~Part() = default;
    virtual void end();
    // Of its connection or question: without more said, that nobody waits for it any more.
    virtual void on_event(const gw_event&) { end(); }
    // Nobody hears of what it answers from here on.
    void forget();
    void answer(gw_answer given);
    // Answers that `failed`, an error of libuv, and ends.
    void fail(int failed, gw_status status = GW_ERR_IO);

    template <typename Handle>
    void own(Handle& handle) {
        handle.data = this;
        handles.push_back(reinterpret_cast<uv_handle_t*>(&handle));
    }
    // Whose callback this is; the gateway hears the time first.
    template <typename Kind, typename Handle>
    static Kind* of(Handle* called) {
        auto* part = static_cast<Part*>(called->data);
        part->host.tell_time();
        return static_cast<Kind*>(part);
    }
    template <typename Handle>
    static void close(Handle* owned) {
        auto* handle = reinterpret_cast<uv_handle_t*>(owned);
        if (uv_is_closing(handle) == 0) uv_close(handle, on_close);
    }
    static void on_close(uv_handle_t* handle);
    static void read_buffer(uv_handle_t*, size_t, uv_buf_t* buf);  // one for every read: who reads keeps no byte of it

    Host& host;
    gw_ask_id ask;
    std::vector<uv_handle_t*> handles;
    size_t closed = 0;
};

inline gw_str str(const char* text) { return {text, std::char_traits<char>::length(text)}; }
inline std::string string(gw_str text) { return text.len == 0 ? std::string() : std::string(text.data, text.len); }

// An IPv4 or IPv6 address with a port, as events name them.
struct Address {
    sockaddr_storage storage{};
    int size = sizeof storage;

    Address() = default;
    Address(gw_str host, uint32_t port);  // storage.ss_family is 0 when it is no address
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};
std::string text_of(const sockaddr* address);
uint32_t port_of(const sockaddr* address);
