// The host around libgateway: libuv carries the bytes, the library decides everything else.
//
//     read, accept, connect and the answers of services:   bytes and facts -> gateway
//     prepare, once per turn of the loop,
//     and after every few reads:                           gateway -> writes, closes, dials, questions; then the timer
#pragma once

#include <gateway/gateway.h>
#include <uv.h>

#include <string>
#include <vector>

struct Host {
    explicit Host(gw_command* hears_of_it = nullptr);
    ~Host();
    // Serves `given` until it has stopped, and takes along what it left open.
    void run(gw_gateway* given);

    void tick();  // tells the time
    void pump();
    void end_turn();
    void on_event(const gw_event& event);
    void on_signal(int number);

    uv_loop_t loop{};
    gw_command* const command;  // hears of READY, STOPPED and signals
    gw_gateway* gateway = nullptr;
    unsigned reads = 0;
    uv_prepare_t prepare{};
    uv_timer_t timer{};
    uv_signal_t signals[3]{};
};

// Begins to work on what the gateway asks for besides sockets; other events are nobody's here.
void serve(Host& host, const gw_event& event);

// Who is at work on a connection or a question. The last of its handles that is closed takes it along.
struct Part {
    explicit Part(Host& owner, gw_ask_id question = 0);
    virtual ~Part();
    virtual void end();
    // Without more said, that nobody waits for it any more.
    virtual void on_event(const gw_event&) { end(); }
    // `failed`: an error of libuv, which ends it, or 0.
    void answer(int failed, gw_answer given = {});

    template <typename Handle>
    void own(Handle& handle) {
        handle.data = this;
        handles.push_back(reinterpret_cast<uv_handle_t*>(&handle));
    }
    // Whose callback this is; the gateway hears the time first.
    template <typename Kind, typename Handle>
    static Kind* of(Handle* called) {
        auto* part = static_cast<Part*>(called->data);
        part->host.tick();
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
    const gw_ask_id ask;
    std::vector<uv_handle_t*> handles;
    size_t closed = 0;
};

union Address {
    sockaddr_storage all{};
    sockaddr any;
};

inline gw_str reason(int failed) {
    const char* text = failed == 0 ? "" : uv_strerror(failed);
    return {text, std::char_traits<char>::length(text)};
}
