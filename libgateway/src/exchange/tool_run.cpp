#include "exchange/tool_run.h"

#include <algorithm>

#include "core/text.h"
#include "endpoint/error_form.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr std::size_t result_bytes_max = std::size_t{8} << 20U;
constexpr http1::Header tool_stream_fields[] = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};

bool has_name(std::span<const std::pmr::string> list, std::string_view name) noexcept {
    return std::any_of(list.begin(), list.end(), [name](const auto& it) { return std::string_view(it) == name; });
}

void write_tool_event(Buffer& out, std::string_view name, std::string_view data) {
    for (const std::string_view piece :
         {std::string_view("event: "), name, std::string_view("\ndata: "), data, std::string_view("\n\n")})
        out.append(piece);
}

}  // namespace

bool is_denied_by_default(std::string_view tool) noexcept {
    constexpr std::string_view names[] = {
        "sessions_spawn",
        "sessions_send",
        "cron",
        "gateway",
        "whatsapp_login",
        "exec",
        "spawn",
        "shell",
        "fs_write",
        "fs_delete",
        "fs_move",
        "apply_patch",
        "terminal",
        "portal",
        "conversations_list",
        "automations",
        "conversations_send",
        "plugins",
        "nodes",
        "conversations_turn",
        "computer",
        "mobile_ui",
        "openclaw",
    };
    return std::find(std::begin(names), std::end(names), tool) != std::end(names);
}

ToolRun::ToolRun(Gateway& gateway, ServerConn& client)
    : gateway_(gateway),
      client_(client),
      agent_id_(gateway.memory()),
      session_key_(gateway.memory()),
      timer_(
          gateway.timers(),
          [](void* self) {
              auto* const run = static_cast<ToolRun*>(self);
              try {
                  run->on_time_over();
              } catch (const std::bad_alloc&) {
                  run->client_.break_off();
              }
          },
          this) {}

bool ToolRun::is_available(std::string_view tool) const noexcept {
    const config::ToolPolicy& policy = gateway_.config().tools;
    if (!gateway_.runs().tools().has(tool) || has_name(policy.deny, tool)) return false;
    if (is_denied_by_default(tool) && !has_name(policy.allow, tool)) return false;
    return client_.caller().is_owner || !gateway_.runs().tools().owner_only(tool);
}

void ToolRun::start(std::string_view body) {
    json::Document document(gateway_.memory());
    if (!client_.parse_body(body, document)) return;
    const json::Value root = document.root();
    std::string_view tool = trim(root["tool"].as_string().value_or(std::string_view{}));
    if (tool.empty()) tool = trim(root["name"].as_string().value_or(std::string_view{}));
    if (tool.empty())
        return fail({400, "invalid_request", "tools.invoke requires body.tool", "invalid_request", "tool"});
    const json::Value args = root["args"];
    if (args.exists() && !args.is(json::Kind::null) && !args.is(json::Kind::object))
        return fail({400, "invalid_request", "args must be an object", "invalid_request", "args"});
    if (!is_available(tool)) {
        std::pmr::string message("Tool not available: ", gateway_.memory());
        return fail({404, "not_found", message += cut_utf8(tool, 128), "not_found", {}});
    }
    method::Core& core = gateway_.hub().core();
    const auto key = core.sessions.canonical(root["sessionKey"].as_string().value_or("main"));
    if (!key || core.find_agent(core.agent_of(*key)) == nullptr)
        return fail({400, "invalid_request", "sessionKey is no name of a session", "invalid_request", "sessionKey"});
    session_key_ = *key;
    agent_id_ = core.agent_of(*key);

    Buffer written(gateway_.pool());
    write_arguments(root, tool, written);
    std::pmr::string arguments(written.text(), gateway_.memory());
    if (!passes(guardrail::Direction::tool_call, tool, arguments))
        return fail({403, "tool_call_blocked", "The guardrail blocked this call.", "tool_call_blocked", {}});
    const auto id = crypto::random_id(gateway_.random(), "call_", gateway_.memory());
    if (!id) return fail({500, "tool_error", "tool execution failed", "tool_error", {}});

    stream_ = list_has(client_.field("accept"), "text/event-stream");
    ToolCall::Owner& owner = *this;
    call_.emplace(owner, *id, tool, arguments, gateway_.memory());
    call_->agent_id = agent_id_;
    call_->session_key = session_key_;
    client_.drop_body();
    if (stream_) client_.begin_stream(200, event_stream_type, tool_stream_fields);
    timer_.arm(gateway_.now() + time_ms_max);
    gateway_.runs().tools().start(*call_);
}

void ToolRun::write_arguments(const json::Value& root, std::string_view tool, Buffer& out) {
    json::Writer w(out);
    w.begin_object();
    for (json::Value one = root["args"].first(); one.exists(); one = one.next()) w.key(one.key()).value(one);
    const json::Value action = root["action"];
    if (action.as_string() && !root["args"]["action"].exists()) {
        std::pmr::vector<message::Tool> offered(gateway_.memory());
        gateway_.runs().tools().describe(offered);
        for (const message::Tool& one : offered) {
            if (one.name != tool) continue;
            json::Document schema(gateway_.memory());
            if (schema.parse(one.schema) && schema.root()["properties"]["action"].exists())
                w.member("action", *action.as_string());
        }
    }
    w.end_object();
}

bool ToolRun::passes(guardrail::Direction direction, std::string_view tool, std::pmr::string& text) {
    Proxy* const proxy = gateway_.proxy();
    if (proxy == nullptr || proxy->disabled()) return true;
    Inspection inspection(proxy->scanner(), proxy->policy(), gateway_.memory());
    Inspection::WholeText left = inspection.inspect_text(direction, tool, text);
    proxy->count(inspection);
    if (left.blocked) {
        std::pmr::string why(gateway_.memory());
        inspection.write_reason(why);
        gateway_.log().warn(
            {"guardrail: tools.invoke of ", tool, " was blocked: ", why, " (", client_.request_id(), ")"});
        return false;
    }
    if (!left.changed) return true;
    if (direction == guardrail::Direction::tool_call) {
        json::Document check(gateway_.memory());
        if (!check.parse(left.text)) return false;  // a replacement would break the JSON around it
    }
    text = std::move(left.text);
    return true;
}

void ToolRun::fail(const endpoint::ApiError& error) {
    ended_ = true;
    if (!client_.stream_begun()) return client_.answer_error(error);
    Buffer data(gateway_.pool()), out(gateway_.pool());
    endpoint::write_error(data, error, endpoint::ErrorForm::tools, gateway_.unix_ms());
    write_tool_event(out, "error", data.text());
    client_.write(out.bytes());
    client_.end();
}

void ToolRun::on_tool_progress(ToolCall& /*call*/, std::string_view text) {
    if (ended_ || !stream_ || client_.is_full()) return;  // a reader that is slow does without
    Buffer data(gateway_.pool()), out(gateway_.pool());
    json::Writer(data).begin_object().member("text", text).end_object();
    write_tool_event(out, "progress", data.text());
    client_.write(out.bytes());
}

void ToolRun::on_tool_result(ToolCall& call, std::string_view text, bool is_error) {
    if (ended_) return;
    timer_.disarm();
    std::pmr::string result(cut_utf8(text, result_bytes_max), gateway_.memory());
    if (!passes(guardrail::Direction::tool_result, call.tool, result))
        return fail({403, "tool_call_blocked", "The guardrail withheld the result.", "tool_call_blocked", {}});
    if (is_error)
        return fail(result.empty() ? endpoint::ApiError{500, "tool_error", "tool execution failed", "tool_error", {}}
                                   : endpoint::ApiError{400, "tool_error", result, "tool_error", {}});
    ended_ = true;
    Buffer out(gateway_.pool());
    json::Writer w(out);
    w.begin_object().member("ok", true).key("result").begin_object().key("content").begin_array();
    w.begin_object().member("type", "text").member("text", result).end_object().end_array();
    json::Document details(gateway_.memory());
    json::Limits limits;
    limits.bytes_max = result_bytes_max;
    if (!result.empty() && (result.front() == '{' || result.front() == '[') && details.parse(result, limits))
        w.key("details").value(details.root());
    w.end_object().end_object();
    if (!stream_) return client_.answer(200, json_type, out.text());
    Buffer event(gateway_.pool());
    write_tool_event(event, "result", out.text());
    client_.write(event.bytes());
    client_.end();
}

void ToolRun::on_tool_no_memory(ToolCall& /*call*/) noexcept {
    ended_ = true;
    client_.break_off();
}

void ToolRun::on_time_over() {
    if (ended_) return;
    call_->job.reset();
    fail({504, "tool_error", "The tool did not answer in time.", "tool_error", {}});
}

}  // namespace gw::exchange
