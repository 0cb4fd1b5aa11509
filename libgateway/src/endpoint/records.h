// Event records: what happened, one JSON object per line, version 7 of the envelope.
//
//     Envelope + Payload ── write_record() ──> {"ts":…,"event_type":"verdict","severity":"HIGH","schema_version":7,
//                                               "verdict":{…}}\n
//
// A record holds what is needed to follow a request and never what was said in it: prompts, answers, tool input and
// output are written as their length and eight digits of their SHA-256, unless the operator asks to see them. Every
// field has a bound, so a record has one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "core/buffer.h"
#include "core/calendar.h"

namespace gw::endpoint {

enum class RecordSeverity : std::uint8_t { info, low, warn, medium, high, critical };
[[nodiscard]] std::string_view name_of(RecordSeverity severity) noexcept;

// What the records of one request have in common; empty fields are left out.
struct Envelope {
    std::uint64_t unix_ms = 0;
    RecordSeverity severity = RecordSeverity::info;
    std::string_view run_id, request_id, session_id, turn_id, trace_id;
    std::string_view provider, model;
    std::string_view direction;  // "prompt", "completion", "tool_call"
    std::string_view agent_id, agent_name, agent_type;
    std::string_view user_id, user_name;
    std::string_view policy_id, destination_app;
    std::string_view tool_name, tool_id;
    std::string_view tenant_id, workspace_id, environment, deployment_mode;
    std::string_view content_hash, payload_hmac;
    std::optional<std::uint64_t> generation;
};

using Texts = std::span<const std::string_view>;
struct Detail {
    std::string_view name, value;
};

struct VerdictRecord {
    std::string_view stage;   // "regex", "judge", "final", "block_list", "approval", ...
    std::string_view action;  // "allow", "warn", "alert", "confirm", "block"
    std::string_view reason;
    Texts categories;
    std::optional<std::uint64_t> latency_ms;
    std::string_view evaluation_id;
    Texts rule_ids;  // the first eight are written
};
struct JudgeRecord {
    std::string_view kind, model;
    std::uint64_t input_bytes = 0, latency_ms = 0;
    std::string_view action, severity;
    Texts findings;
    std::string_view raw_response;  // hidden
    std::string_view parse_error;
};
struct LifecycleRecord {
    std::string_view subsystem;
    std::string_view transition;  // "start", "stop", "ready", "degraded", "restored", "alert", "completed"
    std::span<const Detail> details;
};
struct ErrorRecord {
    std::string_view subsystem, message;
    std::string_view code, cause, rule_id, evaluation_id;
};
struct DiagnosticRecord {
    std::string_view component, message;
    std::span<const Detail> fields;
};
struct EgressRecord {
    std::string_view branch, decision;
    std::string_view source;  // "go": seen by the proxy; "ts": reported by a client
    std::string_view target_host, resolved_ip, target_path, body_shape;
    bool looks_like_llm = false;
    std::string_view reason;
};
struct PromptRecord {
    std::string_view prompt_id;
    std::string_view turn_id, role;
    std::string_view prompt, raw_request_body;  // hidden
    std::string_view source;
};
struct ResponseRecord {
    std::string_view response_id;
    std::string_view reply_to_prompt_id, turn_id;
    std::string_view response, raw_response_body;  // hidden
    Texts finish_reasons;
    std::string_view source;
};
struct ToolRecord {
    std::string_view phase;  // "call", "result"
    std::string_view tool;
    std::string_view tool_call_id;
    std::string_view tool_input, tool_output;  // hidden
    std::optional<std::int64_t> exit_code;
    std::string_view reply_to_prompt_id, source;
};

using RecordPayload = std::variant<VerdictRecord, JudgeRecord, LifecycleRecord, ErrorRecord, DiagnosticRecord,
                                   EgressRecord, PromptRecord, ResponseRecord, ToolRecord>;

// Whether hidden fields are written as they are; up to 64 KiB of each then.
enum class Reveal : std::uint8_t { no, yes };

// Appends one line. When memory runs out, nothing of it.
void write_record(Buffer& out, const Envelope& envelope, const RecordPayload& payload, Reveal reveal = Reveal::no);

// "<redacted len=12 sha=1f2e3d4c>", what stands for a text that is hidden.
void append_redacted(Buffer& out, std::string_view text);

}  // namespace gw::endpoint
