// The inspection routes: one whole text in, the verdict on it out.
//
//     POST /api/v1/inspect/request        {"content", "model"?, "session_id"?}
//     POST /api/v1/inspect/response       {"content", "model"?, "session_id"?}
//     POST /api/v1/inspect/tool           {"tool", "args"?, "content"?, "direction"?, "approval_surface"?, ...}
//     POST /api/v1/inspect/tool-response  {"tool", "output"?, "exit_code"?}
//
//     headers ── check_local_request() ──> go on | 403, 415        body ── inspect() ──> status, JSON
//
// Nothing is enforced here: the caller reads the verdict and acts.
#pragma once

#include <memory_resource>
#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "guardrail/inspector.h"
#include "http1/http1.h"

namespace gw::endpoint {

struct RouteRefusal {
    int status;
    std::string_view text;
};
// What must be true of every request that is neither GET nor HEAD, so that no page in a browser can make one: a field
// that a form cannot set, a type that a form cannot send, no foreign origin.
[[nodiscard]] std::optional<RouteRefusal> check_local_request(std::string_view method, const http1::Headers& headers);

enum class InspectRoute : std::uint8_t { tool, request, response, tool_response };

struct InspectSettings {
    guardrail::Policy policy;
    bool reveal = false;                    // X-DefenseClaw-Reveal-PII: 1, from a caller who may ask that
    std::uint64_t approval_timeout_ms = 0;  // told with "confirm"
};

inline constexpr std::size_t inspect_body_bytes_max = 1U << 20U;  // 413 above
inline constexpr std::size_t inspect_content_bytes_max = 256U
                                                         << 10U;  // the rest is not looked at, and the answer says so

// Writes the verdict, or {"error"}, and returns the status.
[[nodiscard]] int inspect(Buffer& out, InspectRoute route, std::string_view body, guardrail::Scanner& scanner,
                          const InspectSettings& settings, std::pmr::memory_resource* memory);

// {"error": text}
void write_route_error(Buffer& out, std::string_view text);

}  // namespace gw::endpoint
