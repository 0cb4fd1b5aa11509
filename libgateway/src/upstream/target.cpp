#include "upstream/target.h"

#include "core/text.h"

namespace gw::upstream {

namespace {

// A target as far as it can be read: what is refused needs a name in the record, too.
struct Target {
    bool http = false;  // the scheme is http or https
    bool userinfo = false;
    std::string_view host;  // without brackets
    std::optional<Url> url;
};

Target read_target(std::string_view text) noexcept {
    Target out;
    if (text.size() > target_bytes_max) return out;
    std::string_view rest = text;
    if (starts_with_ignoring_case(text, "https://")) {
        out.http = true;
        rest.remove_prefix(8);
    } else if (starts_with_ignoring_case(text, "http://")) {
        out.http = true;
        rest.remove_prefix(7);
    } else if (const std::size_t colon = text.find("://"); colon != std::string_view::npos) {
        rest.remove_prefix(colon + 3);
    }
    std::string_view authority = rest.substr(0, rest.find_first_of("/?#\\"));
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        out.userinfo = true;
        authority.remove_prefix(at + 1);
    }
    if (!authority.empty() && authority.front() == '[') {
        out.host = authority.substr(1, authority.find(']') - 1);
    } else {
        out.host = authority.substr(0, authority.find(':'));
    }
    if (out.http && !out.userinfo) out.url = parse_url(text);
    // A query or fragment of the target would swallow the path of the request.
    if (out.url && out.url->path.find('?') != std::string_view::npos) out.url.reset();
    return out;
}

Judgement refuse(Branch branch, const Target& target, std::string_view reason, int status, std::string_view message) {
    Judgement out;
    out.branch = branch;
    out.reason = reason;
    out.status = status;
    out.message = message;
    out.host = target.host;
    return out;
}

Judgement permit(Branch branch, const Target& target, std::string_view reason, std::string_view provider, Reach reach) {
    Judgement out;
    out.branch = branch;
    out.decision = Decision::allow;
    out.reason = reason;
    out.status = 0;
    out.url = *target.url;
    out.provider = provider;
    out.reach = reach;
    out.host = target.host;
    return out;
}

const TestUpstream* find_test_upstream(const Url& url, const TargetRules& rules) noexcept {
    for (const TestUpstream& stub : rules.test_upstreams) {
        if (stub.port == url.port && equals_ignoring_case(stub.host, url.host)) return &stub;
    }
    return nullptr;
}

// By its text alone. A name is none: its addresses are judged when they are dialled.
bool is_private_host(std::string_view host, const TargetRules& rules) noexcept {
    const AddressKind kind = classify_host(host);
    if (kind == AddressKind::not_an_address || kind == AddressKind::global) return false;
    // The allow-list holds for the canonical spelling; nobody needs the others.
    return !may_dial(host, Reach::global_only, rules.allow_private);
}

constexpr std::string_view no_match = "target URL does not match any known LLM provider domain";
constexpr std::string_view no_match_settable =
    "target URL does not match any known LLM provider domain (set guardrail.allow_unknown_llm_domains to permit)";
constexpr std::string_view not_valid = "upstream target URL is not valid";

}  // namespace

Judgement judge_chat_target(std::string_view text, const TargetRules& rules) noexcept {
    const Target target = read_target(text);
    if (target.userinfo) {
        return refuse(Branch::chat, target, "userinfo-in-target-url", 400,
                      "upstream target URL must not contain userinfo");
    }
    if (!target.http) {
        return refuse(Branch::chat, target, "non-http-scheme", 400, "upstream target URL must use http or https");
    }
    if (target.url) {
        if (const TestUpstream* stub = find_test_upstream(*target.url, rules); stub != nullptr)
            return permit(Branch::chat, target, "test-upstream", stub->provider, Reach::named);
        if (rules.known->is_ollama(target.host, target.url->port))
            return permit(Branch::chat, target, "ollama-loopback", "ollama", Reach::loopback_only);
    }
    if (is_private_host(target.host, rules))
        return refuse(Branch::chat, target, "private-ip", 403, private_address_message);
    if (!target.url) return refuse(Branch::chat, target, "invalid-target-url", 400, not_valid);
    const auto provider = rules.known->match(target.url->host, target.url->port, target.url->path);
    if (!provider && rules.chat_requires_known)
        return refuse(Branch::chat, target, "unknown-host", 403, no_match_settable);
    return permit(Branch::chat, target, provider ? "known-provider" : "public-host",
                  provider.value_or(std::string_view{}), Reach::global_only);
}

Judgement judge_target(std::string_view text, std::string_view path, BodyShape shape, const TargetRules& rules,
                       std::pmr::memory_resource* memory) {
    const Target target = read_target(text);
    const auto judged = [&] {
        if (target.url) {
            if (const TestUpstream* stub = find_test_upstream(*target.url, rules); stub != nullptr) {
                return permit(stub->provider.empty() ? Branch::shape : Branch::known, target,
                              stub->provider.empty() ? "test-upstream" : "known-provider", stub->provider,
                              Reach::named);
            }
            const std::pmr::string joined = join_path(target.url->path, path, memory);
            if (const auto provider = rules.known->match(target.url->host, target.url->port, joined)) {
                const bool ollama = rules.known->is_ollama(target.url->host, target.url->port);
                return permit(Branch::known, target, "known-provider", *provider,
                              ollama ? Reach::loopback_only : Reach::global_only);
            }
        }
        if (shape == BodyShape::none || is_known_safe(target.host))
            return refuse(Branch::passthrough, target, "unknown-host-no-shape", 403, no_match);
        if (is_private_host(target.host, rules))
            return refuse(Branch::shape, target, "private-ip", 403, private_address_message);
        if (!rules.allow_unknown_llm_domains)
            return refuse(Branch::shape, target, "allow-unknown-disabled", 403, no_match_settable);
        // Also a target with user information, which makes people read the wrong host.
        if (!target.url) return refuse(Branch::shape, target, "invalid-target-url", 403, no_match);
        return permit(Branch::shape, target, "allow-unknown-enabled", {}, Reach::global_only);
    };
    Judgement out = judged();
    out.shape = shape;
    return out;
}

std::pmr::string join_path(std::string_view base, std::string_view request, std::pmr::memory_resource* memory) {
    while (!base.empty() && base.back() == '/') base.remove_suffix(1);
    std::pmr::string out(base, memory);
    if (!request.starts_with('/')) out += '/';
    out.append(request);
    return out;
}

std::pmr::string join_overlapping_path(std::string_view base, std::string_view request,
                                       std::pmr::memory_resource* memory) {
    while (!base.empty() && base.back() == '/') base.remove_suffix(1);
    // From the longest tail to the shortest. A base has at most target_bytes_max bytes, which bounds the comparing.
    for (std::size_t at = 0; at < base.size() && at < target_bytes_max; ++at) {
        if (base[at] != '/') continue;
        const std::string_view tail = base.substr(at);
        if (!request.starts_with(tail)) continue;
        const std::string_view rest = request.substr(tail.size());
        if (rest.empty() || rest.front() == '/' || rest.front() == '?') {
            std::pmr::string out(base, memory);
            out.append(rest);
            return out;
        }
    }
    return join_path(base, request, memory);
}

std::string_view name_of(Branch branch) noexcept {
    switch (branch) {
    case Branch::known: return "known";
    case Branch::shape: return "shape";
    case Branch::passthrough: return "passthrough";
    case Branch::chat: return "chat";
    case Branch::private_upstream: return "private-upstream";
    }
    return "passthrough";
}

std::string_view name_of(Decision decision) noexcept { return decision == Decision::allow ? "allow" : "block"; }

}  // namespace gw::upstream
