// HttpRun: what answers one request of a client, from its body to the last byte of the answer.
//
//     ServerConn ── start(body) ──► HttpRun ── ServerConn::answer() | begin_stream(), write()..., end() ──► client
//
// It belongs to the client's connection: when the client leaves, or the answer is complete, it is destroyed, at the end
// of the host's call. Its destructor takes back whatever still goes on for it.
#pragma once

#include <string_view>

#include "http1/http1.h"

namespace gw::exchange {

inline constexpr std::string_view json_type = "application/json; charset=utf-8";
inline constexpr std::string_view event_stream_type = "text/event-stream; charset=utf-8";
// No cache and no proxy holds a stream back.
inline constexpr http1::Header event_stream_fields[] = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};

class HttpRun {
public:
    HttpRun() = default;
    virtual ~HttpRun() = default;
    HttpRun(const HttpRun&) = delete;
    HttpRun& operator=(const HttpRun&) = delete;

    // Once, with the whole body, which stays until the end of the request, or ServerConn::drop_body(). So does the
    // head, ServerConn::head().
    virtual void start(std::string_view body) = 0;
    // The client takes output again.
    virtual void on_drained() {}
    // The head of the answer went out.
    virtual void on_answered(int /*status*/) noexcept {}
};

}  // namespace gw::exchange
