#include "endpoint/egress.h"

#include "core/text.h"
#include "json/json.h"

namespace gw::endpoint {

namespace {

constexpr std::size_t host_bytes_max = 253;
constexpr std::size_t path_bytes_max = 256;
constexpr std::size_t reason_bytes_max = 512;

constexpr EgressAnswer bad_json{400, "invalid JSON"};

// Enough to notice a key in a path; the rule pack is for the rest.
constexpr std::string_view credential_prefixes[] = {
    "sk-",   "ghp_",  "gho_", "ghs_",   "ghu_", "github_pat_", "AKIA", "ASIA",
    "xoxb-", "xoxp-", "AIza", "glpat-", "hf_",  "eyJ",         "npm_", "pypi-",
};
constexpr std::size_t credential_tail_min = 12;

bool is_word(char c) noexcept { return is_alpha(c) || is_digit(c); }

bool has_credential(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at > 0 && is_word(text[at - 1])) continue;
        for (const std::string_view prefix : credential_prefixes) {
            if (text[at] != prefix.front() || !text.substr(at).starts_with(prefix)) continue;
            std::size_t end = at + prefix.size();
            while (end < text.size() && (is_word(text[end]) || text[end] == '-' || text[end] == '_')) ++end;
            if (end - at - prefix.size() >= credential_tail_min) return true;
        }
    }
    return false;
}

std::string_view without_query(std::string_view path) noexcept { return path.substr(0, path.find_first_of("?#")); }

// A member that may be missing or null; false when it is something else.
bool read_text(const json::Value& root, std::string_view key, std::string_view& out) noexcept {
    const json::Value value = root[key];
    if (!value.exists() || value.is(json::Kind::null)) return true;
    const auto text = value.as_string();
    out = text.value_or(std::string_view{});
    return text.has_value();
}

std::string_view known_shape(std::string_view shape) noexcept {
    for (const std::string_view known : {"", "none", "messages", "prompt", "input", "contents"}) {
        if (shape == known) return known;
    }
    return "unknown";
}

void store(std::pmr::string& to, std::string_view text, std::size_t bytes_max, EgressReport& report) {
    text = cut_utf8(text, bytes_max);
    if (has_credential(text)) {
        to.assign("<redacted>");
        report.credential_removed = true;
    } else {
        to.assign(text);
    }
}

}  // namespace

bool is_json_type(std::string_view content_type) noexcept {
    constexpr std::string_view suffix = "+json";
    const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
    return equals_ignoring_case(type, "application/json") ||
           (type.size() > suffix.size() && equals_ignoring_case(type.substr(type.size() - suffix.size()), suffix));
}

EgressAnswer read_egress(std::optional<std::string_view> content_type, std::string_view body, EgressReport& out,
                         std::pmr::memory_resource* memory) {
    if (content_type && !trim(*content_type).empty() && !is_json_type(*content_type))
        return {415, "unsupported content-type"};
    json::Document document(memory);
    if (!document.parse(body.substr(0, egress_bytes_max))) return bad_json;
    const json::Value root = document.root();
    if (!root.is(json::Kind::object)) return bad_json;
    std::string_view host;
    std::string_view path;
    std::string_view shape;
    std::string_view branch;
    std::string_view decision;
    std::string_view reason;
    std::string_view dropped;
    for (const auto& [key, text] :
         {std::pair("target_host", &host), std::pair("target_path", &path), std::pair("body_shape", &shape),
          std::pair("branch", &branch), std::pair("decision", &decision), std::pair("reason", &reason),
          std::pair("source", &dropped), std::pair("resolved_ip", &dropped)}) {
        if (!read_text(root, key, *text)) return bad_json;
    }
    if (const json::Value value = root["looks_like_llm"]; value.exists() && !value.is(json::Kind::null)) {
        const auto flag = value.as_bool();
        if (!flag) return bad_json;
        out.looks_like_llm = *flag;
    }
    bool known = false;
    for (const auto candidate : {upstream::Branch::known, upstream::Branch::shape, upstream::Branch::passthrough}) {
        if (branch != upstream::name_of(candidate)) continue;
        out.branch = candidate;
        known = true;
    }
    if (!known || (decision != "allow" && decision != "block")) return {400, "invalid branch or decision"};
    out.decision = decision == "allow" ? upstream::Decision::allow : upstream::Decision::block;
    out.body_shape = known_shape(shape);
    store(out.target_host, host, host_bytes_max, out);
    store(out.target_path, without_query(path), path_bytes_max, out);
    store(out.reason, reason, reason_bytes_max, out);
    return {};
}

EgressRecord EgressReport::record() const noexcept {
    EgressRecord out;
    out.branch = upstream::name_of(branch);
    out.decision = upstream::name_of(decision);
    out.source = "ts";
    out.target_host = target_host;
    out.target_path = target_path;
    out.body_shape = body_shape;
    out.looks_like_llm = looks_like_llm;
    out.reason = reason;
    return out;
}

EgressRecord record_of(const upstream::Judgement& judgement, std::string_view path) noexcept {
    EgressRecord out;
    out.branch = upstream::name_of(judgement.branch);
    out.decision = upstream::name_of(judgement.decision);
    out.source = "go";
    out.target_host = judgement.host.substr(0, host_bytes_max);
    out.target_path = cut_utf8(without_query(path), path_bytes_max);
    out.body_shape = upstream::name_of(judgement.shape);
    out.looks_like_llm = judgement.shape != upstream::BodyShape::none || judgement.branch == upstream::Branch::chat;
    out.reason = judgement.reason;
    if (has_credential(out.target_path)) out.target_path = "<redacted>";
    return out;
}

RecordSeverity severity_of(upstream::Branch branch, upstream::Decision decision) noexcept {
    const bool block = decision == upstream::Decision::block;
    if (branch == upstream::Branch::shape) return block ? RecordSeverity::high : RecordSeverity::medium;
    if (branch == upstream::Branch::passthrough && block) return RecordSeverity::medium;
    return RecordSeverity::info;
}

}  // namespace gw::endpoint
