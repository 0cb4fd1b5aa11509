// The host around libgateway: libuv carries the bytes, the library decides everything else.
//
//     read, accept, connect, look-up callbacks:   bytes and facts -> gateway
//     prepare, once per turn of the loop:         gateway -> writes, closes, dials, look-ups; then the timer
#pragma once

#include <gateway/gateway.h>
#include <uv.h>

#include <set>
#include <string>
#include <vector>

class Host {
public:
    // Serves `gateway` until it has stopped; the exit code of the program.
    int run(gw_gateway* gateway);

private:
    struct Socket;
    void tell_time();  // before every call into the gateway
    void pump();
    void on_event(const gw_event& event);
    void shutdown();
    void close_listeners();
    void listen(const gw_event& event);
    void accept(uv_stream_t* listener);
    void connect(const gw_event& event);
    void resolve(const gw_event& event);

    uv_loop_t loop_{};
    gw_gateway* gateway_ = nullptr;
    uv_prepare_t prepare_{};
    uv_timer_t timer_{};
    uv_signal_t sigint_{}, sigterm_{};
    std::vector<uv_tcp_t*> listeners_;
    std::set<gw_ask_id> look_ups_;                                  // under way and still wanted
    std::vector<char> read_buffer_ = std::vector<char>(64 * 1024);  // for every read: the gateway copies what it keeps
    bool stopping_ = false;
    int exit_code_ = 0;
};

inline gw_str str(const char* text) { return {text, std::char_traits<char>::length(text)}; }
inline std::string string(gw_str text) { return text.len == 0 ? std::string() : std::string(text.data, text.len); }
