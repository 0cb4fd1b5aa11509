#include "endpoint/inspect.h"

#include <cassert>
#include <string>

#include "core/text.h"
#include "endpoint/egress.h"
#include "guardrail/excerpt.h"
#include "guardrail/verdict.h"
#include "json/json.h"
#include "upstream/url.h"

namespace gw::endpoint {

namespace {

bool is_local_origin(std::string_view origin) noexcept {
    const auto url = upstream::parse_url(origin);
    if (!url || !url->path.empty()) return false;
    return equals_ignoring_case(url->host, "localhost") ||
           upstream::classify_address(url->host) == upstream::AddressKind::loopback;
}

// The values of every field of that name pass.
template <typename Passes>
bool all_pass(const http1::Headers& headers, std::string_view name, const Passes& passes) {
    for (const http1::Header& field : headers.all()) {
        if (equals_ignoring_case(field.name, name) && !passes(field.value)) return false;
    }
    return true;
}

struct Content {
    explicit Content(std::pmr::memory_resource* memory) : built(memory) {}
    guardrail::Direction direction = guardrail::Direction::completion;
    std::string_view tool;
    std::string_view text;
    std::pmr::string built;  // where `text` lies when it stands nowhere in the body
    bool can_ask = false;
};

// A string's text, or the JSON of anything else but null.
std::string_view text_of(const json::Value& value) noexcept {
    if (!value.exists() || value.is(json::Kind::null)) return {};
    return value.as_string().value_or(value.raw());
}

// The arguments, and a content beside them as one more.
void join_arguments(Content& out, const json::Value& args, const json::Value& content) {
    if (text_of(content).empty() || !args.is(json::Kind::object)) {
        out.text = text_of(args.exists() && !text_of(args).empty() ? args : content);
        return;
    }
    const std::string_view raw = args.raw();
    out.built.assign(raw.substr(0, raw.size() - 1));
    if (args.size() > 0) out.built += ',';
    out.built.append(args["content"].exists() ? R"("content of the call":)" : R"("content":)");
    out.built.append(content.raw()).append("}");
    out.text = out.built;
}

std::string_view read_content(InspectRoute route, const json::Value& root, Content& out) {
    using guardrail::Direction;
    const auto tool = root["tool"].as_string();
    out.tool = tool.value_or(std::string_view{});
    switch (route) {
    case InspectRoute::request:
    case InspectRoute::response:
        out.direction = route == InspectRoute::request ? Direction::prompt : Direction::completion;
        if (!root["content"].is(json::Kind::string)) return "content is required and must be a string";
        out.text = *root["content"].as_string();
        return {};
    case InspectRoute::tool_response:
        if (out.tool.empty()) return "tool is required and must be a string";
        out.direction = Direction::tool_result;
        out.text = text_of(root["output"]);
        return {};
    case InspectRoute::tool: break;
    }
    if (out.tool.empty()) return "tool is required and must be a string";
    out.can_ask = !root["approval_surface"].as_string().value_or(std::string_view{}).empty();
    const std::string_view direction = root["direction"].as_string().value_or(std::string_view{});
    if (out.tool == "message" && !direction.empty() && root["content"].is(json::Kind::string)) {
        out.direction = direction == "prompt" ? Direction::prompt : Direction::completion;
        out.text = *root["content"].as_string();
        return {};
    }
    out.direction = Direction::tool_call;
    join_arguments(out, root["args"], root["content"]);
    return {};
}

// The evidence of a finding that shows what was found.
std::pmr::string revealed(const json::Value& finding, std::string_view text, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    const std::int64_t begin = finding["begin"].as_int().value_or(0);
    const std::int64_t end = finding["end"].as_int().value_or(0);
    if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > text.size()) return out;
    guardrail::write_excerpt(out, text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)),
                             false);
    return out;
}

void write_findings(json::Writer& w, const json::Value& findings, std::string_view text,
                    std::pmr::memory_resource* memory) {
    w.begin_array();
    for (json::Value finding = findings.first(); finding.exists(); finding = finding.next()) {
        w.begin_object();
        for (json::Value v = finding.first(); v.exists(); v = v.next()) {
            w.key(v.key());
            v.key() == "evidence" ? w.string(revealed(finding, text, memory)) : w.value(v);
        }
        w.end_object();
    }
    w.end_array();
}

struct Cut {
    std::size_t content_bytes;
    std::string_view text;  // what was inspected
};

// The verdict as the inspector writes it, with what this API says otherwise: in observe mode the action is always
// `allow`, and what it would have been is beside it.
void write_answer(Buffer& out, const guardrail::Inspector& inspector, const Cut& cut, const InspectSettings& settings,
                  std::pmr::memory_resource* memory) {
    using guardrail::Action;
    Buffer verdict(out.pool());
    guardrail::write_verdict(verdict, inspector);
    json::Document document(memory);
    const auto parsed = document.parse(verdict.text());
    assert(parsed);
    if (!parsed) return;
    const bool observes = settings.policy.mode == guardrail::Mode::observe;
    const Action raw = inspector.raw_action();
    const Action action = observes ? Action::allow : inspector.action();
    json::Writer w(out);
    w.begin_object().member("action", guardrail::name_of(action));
    if (raw != action) w.member("raw_action", guardrail::name_of(raw));
    const json::Value root = document.root();
    for (json::Value v = root.first(); v.exists(); v = v.next()) {
        if (v.key() == "action" || v.key() == "raw_action" || v.key() == "would_block") continue;
        w.key(v.key());
        if (v.key() == "detailed_findings" && settings.reveal) {
            write_findings(w, v, cut.text, memory);
        } else {
            w.value(v);
        }
    }
    if (inspector.lowered() || (observes && raw == Action::block)) w.member("would_block", true);
    if (action == Action::confirm && settings.approval_timeout_ms != 0)
        w.member("approval_timeout_ms", settings.approval_timeout_ms);
    if (cut.text.size() < cut.content_bytes) {
        w.member("content_truncated", true).member("content_bytes", std::uint64_t{cut.content_bytes});
        w.member("inspected_bytes", std::uint64_t{cut.text.size()});
    }
    w.end_object();
}

}  // namespace

std::optional<RouteRefusal> check_local_request(std::string_view method, const http1::Headers& headers) {
    if (method == "GET" || method == "HEAD") return std::nullopt;
    if (trim(headers.get("X-DefenseClaw-Client").value_or(std::string_view{})).empty())
        return RouteRefusal{403, "missing X-DefenseClaw-Client header"};
    const auto type = headers.get_single("Content-Type");
    if (!type || !is_json_type(*type)) return RouteRefusal{415, "content type must be application/json"};
    if (!all_pass(headers, "Origin", is_local_origin)) return RouteRefusal{403, "origin not allowed"};
    if (!all_pass(headers, "Sec-Fetch-Site",
                  [](std::string_view site) { return site == "same-origin" || site == "none"; })) {
        return RouteRefusal{403, "cross-site request not allowed"};
    }
    return std::nullopt;
}

int inspect(Buffer& out, InspectRoute route, std::string_view body, guardrail::Scanner& scanner,
            const InspectSettings& settings, std::pmr::memory_resource* memory) {
    const auto refuse = [&out](int status, std::string_view text) {
        write_route_error(out, text);
        return status;
    };
    if (body.size() > inspect_body_bytes_max) return refuse(413, "request body too large");
    json::Document document(memory);
    if (!document.parse(body)) return refuse(400, "invalid JSON body");
    const json::Value root = document.root();
    if (!root.is(json::Kind::object)) return refuse(400, "invalid JSON body");
    Content content(memory);
    if (const std::string_view fault = read_content(route, root, content); !fault.empty()) return refuse(400, fault);
    if (content.text.empty()) {
        out.append(R"({"action":"allow","severity":"NONE","confidence":0,"reason":"","findings":[],)"
                   R"("detailed_findings":[],"mode":""})");
        return 200;
    }
    guardrail::InspectorOptions options;
    options.policy = settings.policy;
    // Who cannot wait for an approval is refused.
    if (options.policy.confirm != guardrail::Confirm::off)
        options.policy.confirm = content.can_ask ? guardrail::Confirm::ask : guardrail::Confirm::as_block;
    options.direction = content.direction;
    options.tool = content.tool;
    // The text is here as a whole: nothing has to be let go because it cannot be held.
    options.hold_bytes_max = inspect_content_bytes_max;
    const Cut cut{content.text.size(), cut_utf8(content.text, inspect_content_bytes_max)};
    guardrail::Inspector inspector(scanner, options, memory);
    inspector.feed(cut.text);
    inspector.finish();
    write_answer(out, inspector, cut, settings, memory);
    return 200;
}

void write_route_error(Buffer& out, std::string_view text) {
    json::Writer w(out);
    w.begin_object().member("error", text).end_object();
}

}  // namespace gw::endpoint
