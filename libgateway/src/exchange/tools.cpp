#include "exchange/tools.h"

#include <algorithm>

#include "core/calendar.h"
#include "exchange/exec_job.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

enum class BuiltinTool : std::uint8_t { echo, time, sessions_list, exec };

struct ToolRow {
    BuiltinTool which;
    std::string_view name, description, schema;
};
constexpr ToolRow tool_rows[] = {
    {BuiltinTool::echo, "echo", "Gives back the text that it is given.",
     R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]})"},
    {BuiltinTool::time, "time", "Tells the current date and time, in UTC.", R"({"type":"object","properties":{}})"},
    {BuiltinTool::sessions_list, "sessions_list", "Lists the sessions of this agent, the newest first.",
     R"({"type":"object","properties":{"limit":{"type":"integer","minimum":1,"maximum":200}}})"},
    {BuiltinTool::exec, "exec",
     "Runs a program on the gateway's machine and gives back what it writes. A person may have to approve it first.",
     R"({"type":"object","properties":{"command":{"type":"string"},"cwd":{"type":"string"},)"
     R"("timeoutMs":{"type":"integer","minimum":1}},"required":["command"]})"},
};
constexpr std::int64_t sessions_usual = 50, sessions_most = 200;

const ToolRow* row_of(std::string_view tool) noexcept {
    const auto* const row =
        std::find_if(std::begin(tool_rows), std::end(tool_rows), [&](const ToolRow& it) { return it.name == tool; });
    return row == std::end(tool_rows) ? nullptr : row;
}

}  // namespace

void BuiltinTools::describe(std::pmr::vector<message::Tool>& out) const {
    for (const ToolRow& row : tool_rows) {
        if (has(row.name)) out.push_back({0, row.name, row.description, row.schema, std::nullopt});
    }
}

bool BuiltinTools::has(std::string_view tool) const noexcept {
    const ToolRow* const row = row_of(tool);
    if (row == nullptr) return false;
    switch (row->which) {
    case BuiltinTool::sessions_list: return sessions_ != nullptr;
    case BuiltinTool::exec: return gateway_.config().exec.enabled && (gateway_.services() & GW_SERVICE_SPAWN) != 0;
    case BuiltinTool::echo:
    case BuiltinTool::time: break;
    }
    return true;
}

bool BuiltinTools::owner_only(std::string_view tool) const noexcept { return tool == "exec" && has(tool); }

void BuiltinTools::start(ToolCall& call) {
    json::Document document(gateway_.memory());
    if (!document.parse(call.arguments) || !document.root().is(json::Kind::object)) {
        call.finish("The arguments are not a JSON object.", true);
        return;
    }
    const json::Value arguments = document.root();
    switch (row_of(call.tool)->which) {
    case BuiltinTool::echo:
        if (const auto text = arguments["text"].as_string()) {
            call.finish(*text);
        } else {
            call.finish("`text` must be a string.", true);
        }
        break;
    case BuiltinTool::time: call.finish(format_timestamp(gateway_.unix_ms()).view()); break;
    case BuiltinTool::sessions_list: {
        const std::int64_t limit = arguments["limit"].as_int().value_or(sessions_usual);
        Buffer out(gateway_.pool());
        json::Writer w(out);
        w.begin_object().key("sessions");
        const std::size_t count = sessions_->write_sessions(
            w, call.agent_id, static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, sessions_most)));
        w.member("count", static_cast<std::uint64_t>(count)).end_object();
        call.finish(out.text());
        break;
    }
    case BuiltinTool::exec: {
        auto job = make_owned<ExecJob>(gateway_.memory(), gateway_, call);
        ExecJob& exec = *job;
        call.job = std::move(job);
        exec.start(arguments);
        break;
    }
    }
}

}  // namespace gw::exchange
