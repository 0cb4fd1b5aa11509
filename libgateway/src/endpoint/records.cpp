#include "endpoint/records.h"

#include <array>
#include <charconv>

#include "core/text.h"
#include "crypto/sha256.h"
#include "gateway/base.h"
#include "json/json.h"

namespace gw::endpoint {

namespace {

constexpr std::int64_t schema_version = 7;
constexpr std::size_t id_bytes_max = 128;
constexpr std::size_t text_bytes_max = 1024;
constexpr std::size_t revealed_bytes_max = 64U << 10U;
constexpr std::size_t rule_ids_max = 8;
constexpr std::size_t list_max = 32;

// "<redacted len=18446744073709551615 sha=01234567>" is the longest.
class Redacted {
public:
    explicit Redacted(std::string_view text) noexcept {
        append("<redacted len=");
        char* const at = text_.data() + size_;
        size_ += static_cast<std::size_t>(std::to_chars(at, text_.data() + text_.size(), text.size()).ptr - at);
        append(" sha=");
        const auto digest = crypto::hex(crypto::sha256(text));
        append({digest.data(), 8});
        append(">");
    }
    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

private:
    void append(std::string_view text) noexcept {
        text.copy(text_.data() + size_, text.size());
        size_ += text.size();
    }
    std::array<char, 64> text_{};
    std::size_t size_ = 0;
};

// The members of one payload.
class Members {
public:
    Members(json::Writer& to, Reveal reveal) noexcept : to_(to), reveal_(reveal) {}

    Members& required(std::string_view key, std::string_view text, std::size_t bytes_max = text_bytes_max) {
        to_.key(key).string(cut_utf8(text, bytes_max));
        return *this;
    }
    Members& required(std::string_view key, std::uint64_t number) {
        to_.member(key, number);
        return *this;
    }
    Members& text(std::string_view key, std::string_view text) { return text.empty() ? *this : required(key, text); }
    Members& id(std::string_view key, std::string_view text) {
        return text.empty() ? *this : required(key, text, id_bytes_max);
    }
    Members& hidden(std::string_view key, std::string_view text) {
        if (text.empty()) return *this;
        if (reveal_ == Reveal::yes) return required(key, text, revealed_bytes_max);
        to_.key(key).string(Redacted(text).view());
        return *this;
    }
    template <typename Number>
    Members& number(std::string_view key, const std::optional<Number>& number) {
        if (number) to_.member(key, *number);
        return *this;
    }
    Members& list(std::string_view key, Texts texts, std::size_t count_max = list_max) {
        if (texts.empty()) return *this;
        to_.key(key).begin_array();
        for (const std::string_view text : texts.first(std::min(texts.size(), count_max)))
            to_.string(cut_utf8(text, id_bytes_max));
        to_.end_array();
        return *this;
    }
    Members& details(std::string_view key, std::span<const Detail> details) {
        if (details.empty()) return *this;
        to_.key(key).begin_object();
        for (const Detail& detail : details.first(std::min(details.size(), list_max)))
            to_.key(cut_utf8(detail.name, id_bytes_max)).string(cut_utf8(detail.value, text_bytes_max));
        to_.end_object();
        return *this;
    }

private:
    json::Writer& to_;
    Reveal reveal_;
};

constexpr std::string_view event_type(const VerdictRecord&) noexcept { return "verdict"; }
constexpr std::string_view event_type(const JudgeRecord&) noexcept { return "judge"; }
constexpr std::string_view event_type(const LifecycleRecord&) noexcept { return "lifecycle"; }
constexpr std::string_view event_type(const ErrorRecord&) noexcept { return "error"; }
constexpr std::string_view event_type(const DiagnosticRecord&) noexcept { return "diagnostic"; }
constexpr std::string_view event_type(const EgressRecord&) noexcept { return "egress"; }
constexpr std::string_view event_type(const PromptRecord&) noexcept { return "llm_prompt"; }
constexpr std::string_view event_type(const ResponseRecord&) noexcept { return "llm_response"; }
constexpr std::string_view event_type(const ToolRecord&) noexcept { return "tool_invocation"; }

void write_members(Members& to, json::Writer&, const VerdictRecord& r) {
    to.required("stage", r.stage).required("action", r.action).text("reason", r.reason);
    to.list("categories", r.categories).number("latency_ms", r.latency_ms).id("evaluation_id", r.evaluation_id);
    to.list("rule_ids", r.rule_ids, rule_ids_max);
}
void write_members(Members& to, json::Writer&, const JudgeRecord& r) {
    to.required("kind", r.kind).required("model", r.model);
    to.required("input_bytes", r.input_bytes).required("latency_ms", r.latency_ms);
    to.text("action", r.action).text("severity", r.severity).list("findings", r.findings);
    to.hidden("raw_response", r.raw_response).text("parse_error", r.parse_error);
}
void write_members(Members& to, json::Writer&, const LifecycleRecord& r) {
    to.required("subsystem", r.subsystem).required("transition", r.transition).details("details", r.details);
}
void write_members(Members& to, json::Writer&, const ErrorRecord& r) {
    to.required("subsystem", r.subsystem).required("message", r.message).text("code", r.code).text("cause", r.cause);
    to.id("rule_id", r.rule_id).id("evaluation_id", r.evaluation_id);
}
void write_members(Members& to, json::Writer&, const DiagnosticRecord& r) {
    to.required("component", r.component).required("message", r.message).details("fields", r.fields);
}
void write_members(Members& to, json::Writer& w, const EgressRecord& r) {
    to.required("branch", r.branch).required("decision", r.decision).required("source", r.source);
    to.text("target_host", r.target_host).text("resolved_ip", r.resolved_ip).text("target_path", r.target_path);
    to.text("body_shape", r.body_shape);
    w.member("looks_like_llm", r.looks_like_llm);
    to.text("reason", r.reason);
}
void write_members(Members& to, json::Writer&, const PromptRecord& r) {
    to.required("prompt_id", r.prompt_id, id_bytes_max).id("turn_id", r.turn_id).id("role", r.role);
    to.hidden("prompt", r.prompt).hidden("raw_request_body", r.raw_request_body).id("source", r.source);
}
void write_members(Members& to, json::Writer&, const ResponseRecord& r) {
    to.required("response_id", r.response_id, id_bytes_max).id("reply_to_prompt_id", r.reply_to_prompt_id);
    to.id("turn_id", r.turn_id).hidden("response", r.response).hidden("raw_response_body", r.raw_response_body);
    to.list("finish_reasons", r.finish_reasons).id("source", r.source);
}
void write_members(Members& to, json::Writer&, const ToolRecord& r) {
    to.required("phase", r.phase).required("tool", r.tool, id_bytes_max).id("tool_call_id", r.tool_call_id);
    to.hidden("tool_input", r.tool_input).hidden("tool_output", r.tool_output).number("exit_code", r.exit_code);
    to.id("reply_to_prompt_id", r.reply_to_prompt_id).id("source", r.source);
}

void write_envelope(Members& to, const Envelope& e) {
    to.id("run_id", e.run_id).id("request_id", e.request_id).id("session_id", e.session_id).id("turn_id", e.turn_id);
    to.id("trace_id", e.trace_id).id("provider", e.provider).id("model", e.model).id("direction", e.direction);
    to.id("agent_id", e.agent_id).id("agent_name", e.agent_name).id("agent_type", e.agent_type);
    to.id("user_id", e.user_id).id("user_name", e.user_name).id("policy_id", e.policy_id);
    to.id("destination_app", e.destination_app).id("tool_name", e.tool_name).id("tool_id", e.tool_id);
    to.id("tenant_id", e.tenant_id).id("workspace_id", e.workspace_id).id("environment", e.environment);
    to.id("deployment_mode", e.deployment_mode).id("content_hash", e.content_hash).id("payload_hmac", e.payload_hmac);
    to.number("generation", e.generation);
}

// Takes back what was written when the rest could not be.
class LineGuard {
public:
    explicit LineGuard(Buffer& out) noexcept : out_(out), size_(out.size()) {}
    ~LineGuard() {
        if (!complete_) out_.truncate(size_);
    }
    LineGuard(const LineGuard&) = delete;
    LineGuard& operator=(const LineGuard&) = delete;
    void complete() noexcept { complete_ = true; }

private:
    Buffer& out_;
    std::size_t size_;
    bool complete_ = false;
};

}  // namespace

void write_record(Buffer& out, const Envelope& envelope, const RecordPayload& payload, Reveal reveal) {
    LineGuard line(out);
    json::Writer w(out);
    Members members(w, reveal);
    std::visit(
        [&](const auto& record) {
            w.begin_object()
                .member("ts", format_timestamp(envelope.unix_ms).view())
                .member("event_type", event_type(record))
                .member("severity", name_of(envelope.severity))
                .member("schema_version", schema_version)
                .member("binary_version", GW_VERSION);
            write_envelope(members, envelope);
            w.key(event_type(record)).begin_object();
            write_members(members, w, record);
            w.end_object().end_object();
        },
        payload);
    out.append('\n');
    line.complete();
}

void append_redacted(Buffer& out, std::string_view text) { out.append(Redacted(text).view()); }

std::string_view name_of(RecordSeverity severity) noexcept {
    switch (severity) {
    case RecordSeverity::info: return "INFO";
    case RecordSeverity::low: return "LOW";
    case RecordSeverity::warn: return "WARN";
    case RecordSeverity::medium: return "MEDIUM";
    case RecordSeverity::high: return "HIGH";
    case RecordSeverity::critical: return "CRITICAL";
    }
    return "INFO";
}

}  // namespace gw::endpoint
