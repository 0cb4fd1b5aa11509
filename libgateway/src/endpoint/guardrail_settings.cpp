#include "endpoint/guardrail_settings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/text.h"
#include "endpoint/inspect.h"
#include "gateway/base.h"
#include "guardrail/pack.h"
#include "guardrail/verdict.h"
#include "json/json.h"

namespace gw::endpoint {

namespace {

constexpr std::size_t settings_body_bytes_max = 64U << 10U;
constexpr std::size_t block_message_bytes_max = 4096;
constexpr std::size_t combined_reason_bytes_max = 512;

std::optional<guardrail::Mode> mode_of(std::string_view name) noexcept {
    if (name == "observe") return guardrail::Mode::observe;
    if (name == "action") return guardrail::Mode::action;
    return std::nullopt;
}

std::optional<ScannerMode> scanner_mode_of(std::string_view name) noexcept {
    for (const ScannerMode mode : {ScannerMode::local, ScannerMode::remote, ScannerMode::both}) {
        if (name == name_of(mode)) return mode;
    }
    return std::nullopt;
}

bool is_connector_name(std::string_view name) noexcept {
    return name.size() <= 64 && std::all_of(name.begin(), name.end(),
                                            [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; });
}

template <typename To, typename From>
bool take(To& to, const std::optional<From>& from) {
    if (from) to = *from;
    return from.has_value();
}

// What is wrong with one member; "" when it was taken.
std::string_view patch_member(const json::Value& value, GuardrailSettings& to) {
    const std::string_view key = value.key();
    const auto text = value.as_string();
    const std::string_view word = text.value_or(std::string_view{});
    if (key == "mode") return take(to.mode, mode_of(word)) ? "" : "mode must be observe or action";
    if (key == "scanner_mode")
        return take(to.scanner_mode, scanner_mode_of(word)) ? "" : "scanner_mode must be local, remote or both";
    if (key == "hilt_enabled")
        return take(to.hilt_enabled, value.as_bool()) ? "" : "hilt_enabled must be true or false";
    if (key == "hilt_min_severity") {
        return take(to.hilt_min_severity, guardrail::severity_of(word))
                   ? ""
                   : "hilt_min_severity must be LOW, MEDIUM, HIGH or CRITICAL";
    }
    if (key == "block_message") {
        if (!text || text->size() > block_message_bytes_max)
            return "block_message must be a string of up to 4096 bytes";
        to.block_message = *text;
        return {};
    }
    if (key == "connector") {
        if (!text || !is_connector_name(*text)) return "connector must be up to 64 of a-z, 0-9 and -";
        to.connector = *text;
        return {};
    }
    return "unknown setting, or one that cannot be changed while running";
}

// One scanner's result: what it found, and in its words.
struct Given {
    std::string_view source;
    std::optional<guardrail::Severity> severity;
    std::string_view reason;
};

Given read_result(const json::Value& result, std::string_view source) noexcept {
    return {source, guardrail::severity_of(result["severity"].as_string().value_or(std::string_view{})),
            result["reason"].as_string().value_or(std::string_view{})};
}

}  // namespace

std::string_view name_of(ScannerMode mode) noexcept {
    switch (mode) {
    case ScannerMode::local: return "local";
    case ScannerMode::remote: return "remote";
    case ScannerMode::both: return "both";
    }
    return "both";
}

void write_guardrail_settings(Buffer& out, const GuardrailSettings& settings) {
    json::Writer w(out);
    w.begin_object()
        .member("mode", guardrail::name_of(settings.mode))
        .member("scanner_mode", name_of(settings.scanner_mode))
        .member("block_message", settings.block_message)
        .member("connector", settings.connector)
        .member("hilt_enabled", settings.hilt_enabled)
        .member("hilt_min_severity", guardrail::name_of(settings.hilt_min_severity))
        .end_object();
}

int patch_guardrail_settings(Buffer& out, std::string_view body, GuardrailSettings& settings,
                             std::pmr::memory_resource* memory) {
    const auto refuse = [&out](int status, std::string_view text) {
        write_route_error(out, text);
        return status;
    };
    if (body.size() > settings_body_bytes_max) return refuse(413, "request body too large");
    json::Document document(memory);
    if (!document.parse(body) || !document.root().is(json::Kind::object)) return refuse(400, "invalid JSON body");
    GuardrailSettings next(settings.block_message.get_allocator().resource());
    next = settings;
    for (json::Value v = document.root().first(); v.exists(); v = v.next()) {
        if (const std::string_view fault = patch_member(v, next); !fault.empty()) return refuse(400, fault);
    }
    write_guardrail_settings(out, next);
    settings = std::move(next);
    return 200;
}

int evaluate(Buffer& out, std::string_view body, const guardrail::Policy& policy, ScannerMode scanner_mode,
             std::pmr::memory_resource* memory) {
    const auto refuse = [&out](int status, std::string_view text) {
        write_route_error(out, text);
        return status;
    };
    if (body.size() > inspect_body_bytes_max) return refuse(413, "request body too large");
    json::Document document(memory);
    if (!document.parse(body) || !document.root().is(json::Kind::object)) return refuse(400, "invalid JSON body");
    const json::Value root = document.root();
    guardrail::Policy applied = policy;
    if (const json::Value mode = root["mode"]; mode.exists()) {
        const auto named = mode_of(mode.as_string().value_or(std::string_view{}));
        if (!named) return refuse(400, "mode must be observe or action");
        applied.mode = *named;
    }
    if (const json::Value mode = root["scanner_mode"]; mode.exists()) {
        if (!take(scanner_mode, scanner_mode_of(mode.as_string().value_or(std::string_view{}))))
            return refuse(400, "scanner_mode must be local, remote or both");
    }
    const std::string_view direction = root["direction"].as_string().value_or(std::string_view{});
    const auto meant = direction == "prompt"      ? guardrail::Direction::prompt
                       : direction == "tool_call" ? guardrail::Direction::tool_call
                                                  : guardrail::Direction::completion;
    const Given given[] = {
        scanner_mode == ScannerMode::remote ? Given{} : read_result(root["local_result"], "local"),
        scanner_mode == ScannerMode::local ? Given{} : read_result(root["cisco_result"], "cisco_ai_defense"),
    };
    const Given* worst = nullptr;
    for (const Given& one : given) {
        if (one.severity && (worst == nullptr || *one.severity > *worst->severity)) worst = &one;
    }
    guardrail::Decided decided;
    if (worst != nullptr) decided = guardrail::decide(applied, *worst->severity, meant);
    json::Writer w(out);
    w.begin_object().member("action", guardrail::name_of(decided.action));
    w.member("severity", worst != nullptr ? guardrail::name_of(*worst->severity) : std::string_view("NONE"));
    w.member("reason", worst != nullptr ? cut_utf8(worst->reason, combined_reason_bytes_max) : std::string_view());
    w.key("scanner_sources").begin_array();
    for (const Given& one : given) {
        if (one.severity) w.string(one.source);
    }
    w.end_array().end_object();
    return 200;
}

void write_status(Buffer& out, const StatusFacts& facts) {
    json::Writer w(out);
    w.begin_object().key("health").begin_object();
    w.member("status", facts.healthy ? "healthy" : "degraded").member("uptime_ms", facts.uptime_ms);
    w.member("version", GW_VERSION).end_object().member("identity", facts.identity);
    w.member("connector_mode", facts.connector_mode).key("connector_modes").begin_array();
    for (const std::string_view mode : facts.connector_modes) w.string(mode);
    w.end_array().end_object();
}

}  // namespace gw::endpoint
