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

struct Host {
    uv_loop_t loop{};
    gw_gateway* gateway = nullptr;
    uv_prepare_t prepare{};
    uv_timer_t timer{};
    uv_signal_t sigint{}, sigterm{};
    std::vector<uv_tcp_t*> listeners;
    std::set<gw_ask_id> look_ups;                                  // under way and still wanted
    std::vector<char> read_buffer = std::vector<char>(64 * 1024);  // for every read: the gateway copies what it keeps
    bool stopping = false;
    int exit_code = 0;

    int run();
    void tell_time();  // before every call into the gateway
    void pump();
    void listen(const gw_event& event);
    void connect(const gw_event& event);
    void resolve(const gw_event& event);
    void shutdown();
};

inline gw_str str(const char* text) { return {text, std::char_traits<char>::length(text)}; }
inline std::string string(gw_str text) { return text.len == 0 ? std::string() : std::string(text.data, text.len); }
