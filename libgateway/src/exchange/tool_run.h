// ToolRun: POST /tools/invoke, one call of one tool.
//
//     {"tool":"echo","args":{...}} ─► allowed? ─► guardrail ─► ToolRunner ─► guardrail ─► {"ok":true,"result":{...}}
//
// With `Accept: text/event-stream` what the tool says while it works is streamed, and then its result.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/owned.h"
#include "core/timers.h"
#include "endpoint/openai_error.h"
#include "exchange/http_run.h"
#include "exchange/inspection.h"
#include "exchange/tools.h"

namespace gw::exchange {

class ServerConn;

class ToolRun final : public HttpRun, private ToolCall::Owner {
public:
    static constexpr std::uint64_t body_bytes_max = 2U << 20U;
    static constexpr std::uint64_t time_ms_max = 120000;

    ToolRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;

private:
    void on_tool_progress(ToolCall& call, std::string_view text) override;
    void on_tool_result(ToolCall& call, std::string_view text, bool is_error) override;
    void on_tool_no_memory(ToolCall& call) noexcept override;

    // Whether this caller may call the tool here at all.
    [[nodiscard]] bool is_available(std::string_view tool) const noexcept;
    // The arguments that the tool is given: `args`, with `action` where the tool knows one.
    void write_arguments(const json::Value& root, std::string_view tool, Buffer& out);
    // False: the guardrail stops it. A text that it masks is replaced.
    [[nodiscard]] bool passes(guardrail::Direction direction, std::string_view tool, std::pmr::string& text);
    void fail(const endpoint::ApiError& error);
    void on_time_over();

    Gateway& gateway_;
    ServerConn& client_;
    bool stream_ = false;
    bool ended_ = false;
    std::optional<ToolCall> call_;
    std::pmr::string agent_id_, session_key_;  // the call has views of them
    Timer timer_;
};

// What /tools/invoke refuses unless gateway.tools.allow names it: what runs programs, writes files, or acts for others.
[[nodiscard]] bool is_denied_by_default(std::string_view tool) noexcept;

}  // namespace gw::exchange
