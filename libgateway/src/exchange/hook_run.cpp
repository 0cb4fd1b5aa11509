#include "exchange/hook_run.h"

#include <array>

#include "content/untrusted.h"
#include "core/text.h"
#include "crypto/compare.h"
#include "endpoint/hook_signature.h"
#include "exchange/agent_request.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr std::string_view text_type = "text/plain; charset=utf-8";
constexpr std::size_t idempotency_bytes_max = 256;
constexpr std::string_view token_in_address =
    "Hook token must be provided via Authorization: Bearer <token> or "
    "X-OpenClaw-Token header (query parameters are "
    "not allowed).";

std::string_view without_outer_slashes(std::string_view text) noexcept {
    while (text.ends_with('/')) text.remove_suffix(1);
    while (text.starts_with('/')) text.remove_prefix(1);
    return text;
}

std::string_view token_of(const http1::Headers& headers) noexcept {
    constexpr std::string_view scheme = "bearer ";
    const std::string_view field = headers.get_single("authorization").value_or(std::string_view{});
    if (starts_with_ignoring_case(field, scheme)) return trim(field.substr(scheme.size()));
    return headers.get_single("x-openclaw-token").value_or(std::string_view{});
}

}  // namespace

bool HookRun::owns(const config::Config& config, std::string_view path) noexcept {
    const std::string_view base = config.hooks.path;
    return config.hooks.enabled && path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

HookRun::HookRun(Gateway& gateway, ServerConn& client) : gateway_(gateway), client_(client), path_(gateway.memory()) {}

// --- who may -----------------------------------------------------------------------------------------------------

void HookRun::refuse(int status, std::string_view text) {
    static constexpr http1::Header allow{"Allow", "POST"};
    const std::size_t count = status == 405 ? 1 : 0;
    early_ ? client_.answer_early(status, text_type, text, {&allow, count})
           : client_.answer(status, text_type, text, {&allow, count});
}

void HookRun::fail(std::string_view error) { client_.answer_error({400, "invalid_request_error", error, {}, {}}); }

bool HookRun::admit(const http1::RequestHead& head) {
    const config::Hooks& hooks = gateway_.config().hooks;
    path_ = without_outer_slashes(client_.path().substr(hooks.path.size()));
    if (!client_.take_turn(false)) return false;
    if (route::query_parameter(client_.query(), "token", gateway_.memory())) {
        refuse(400, token_in_address);
        return false;
    }
    if (head.method != "POST") {
        refuse(405, "Method Not Allowed");
        return false;
    }
    // Whoever signs his messages shows no token; nothing of them is believed before the signature is.
    if (endpoint::find_signed_mapping(hooks, path_) == nullptr) {
        const auth::FailureLimiter::Source source(client_.address());
        if (gateway_.hook_desk().failures().locked_ms(auth::LimitScope::hook, source, gateway_.now()) > 0 ||
            !crypto::equal_secrets(token_of(head.headers), hooks.token)) {
            refuse_guess();
            return false;
        }
        gateway_.hook_desk().failures().succeeded(auth::LimitScope::hook, source);
    }
    if (path_.empty()) {
        refuse(404, "Not Found");
        return false;
    }
    return true;
}

void HookRun::refuse_guess() {
    auth::FailureLimiter& failures = gateway_.hook_desk().failures();
    const auth::FailureLimiter::Source source(client_.address());
    ++gateway_.stats().refused_total;
    std::uint64_t wait_ms = failures.locked_ms(auth::LimitScope::hook, source, gateway_.now());
    if (wait_ms == 0) {
        failures.failed(auth::LimitScope::hook, source, gateway_.now());
        return refuse(401, "Unauthorized");
    }
    const config::Digits seconds(static_cast<std::int64_t>(auth::retry_after_seconds(wait_ms)));
    const http1::Header retry{"Retry-After", seconds};
    early_ ? client_.answer_early(429, text_type, "Too Many Requests", {&retry, 1})
           : client_.answer(429, text_type, "Too Many Requests", {&retry, 1});
}

bool HookRun::is_signed_well(std::string_view body) {
    const config::HookMapping* const mapping = endpoint::find_signed_mapping(gateway_.config().hooks, path_);
    if (mapping == nullptr) return true;
    const auth::FailureLimiter::Source source(client_.address());
    if (gateway_.hook_desk().failures().locked_ms(auth::LimitScope::hook, source, gateway_.now()) > 0) {
        refuse_guess();
        return false;
    }
    const endpoint::CheckedSignature checked = endpoint::check_signature(
        mapping->scheme, mapping->secret, auth::FieldLookup(client_.head()->headers), body, gateway_.unix_ms());
    switch (checked.verdict) {
    case endpoint::SignatureVerdict::valid: break;
    case endpoint::SignatureVerdict::missing:
    case endpoint::SignatureVerdict::wrong: refuse_guess(); return false;
    case endpoint::SignatureVerdict::expired: refuse(401, "Unauthorized: the message is too old"); return false;
    }
    gateway_.hook_desk().failures().succeeded(auth::LimitScope::hook, source);
    if (gateway_.hook_desk().take_message(checked.digest, gateway_.now())) return true;
    client_.answer_error({409, "conflict", "this message was here already", {}, {}});
    return false;
}

// --- what it says ------------------------------------------------------------------------------------------------

void HookRun::start(std::string_view body) {
    early_ = false;
    if (!is_signed_well(body)) return;
    json::Document document(gateway_.memory());
    if (!client_.parse_body(body, document)) return;
    const json::Value root = document.root();
    if (!root.is(json::Kind::object)) return fail("the body must be a JSON object");
    endpoint::HookDeed deed(gateway_.memory());
    if (!read_deed(root, deed)) return;
    deed.wake ? wake(deed) : run_agent(root, deed);
}

bool HookRun::read_deed(const json::Value& body, endpoint::HookDeed& deed) {
    const config::Hooks& hooks = gateway_.config().hooks;
    endpoint::HookRefusal why;
    if (path_ == "wake") {
        why = endpoint::read_wake(body, deed);
    } else if (path_ == "agent") {
        why = endpoint::read_hook_agent(body, hooks, deed);
    } else {
        const config::HookMapping* signed_one = endpoint::find_signed_mapping(hooks, path_);
        const config::HookMapping* const mapping =
            signed_one != nullptr ? signed_one : endpoint::find_mapping(hooks, path_, body);
        if (mapping == nullptr) {
            refuse(404, "Not Found");
            return false;
        }
        // Slack asks once whether somebody listens here.
        if (mapping->scheme == config::HookScheme::slack && body["type"].as_string() == "url_verification") {
            Buffer out(gateway_.pool());
            json::Writer(out)
                .begin_object()
                .member("challenge", body["challenge"].as_string().value_or(std::string_view{}))
                .end_object();
            client_.answer(200, json_type, out.text());
            return false;
        }
        const endpoint::HookContext context{body, auth::FieldLookup(client_.head()->headers), path_, client_.query(),
                                            gateway_.unix_ms()};
        why = endpoint::read_mapped(*mapping, context, hooks, deed);
    }
    if (why) fail(*why);
    return !why;
}

// --- what becomes of it ------------------------------------------------------------------------------------------

void HookRun::wake(const endpoint::HookDeed& deed) {
    method::Core& core = gateway_.hub().core();
    const auto key = core.sessions.canonical("main");
    const std::pmr::string text = as_one_line(deed.text, gateway_.memory());
    const bool queued = key && core.system_events.push(*key, text);
    if (key && deed.now) core.system_events.wake(*key, "hook");
    Buffer out(gateway_.pool());
    json::Writer(out)
        .begin_object()
        .member("ok", true)
        .member("mode", deed.now ? "now" : "next-heartbeat")
        .member("eventOutcome", queued ? "queued" : "coalesced")
        .end_object();
    client_.answer(200, json_type, out.text());
}

std::string_view HookRun::idempotency_key(const json::Value& body) const noexcept {
    std::string_view key = client_.field("idempotency-key");
    if (key.empty()) key = client_.field("x-openclaw-idempotency-key");
    if (key.empty()) key = trim(body["idempotencyKey"].as_string().value_or(std::string_view{}));
    return key.size() <= idempotency_bytes_max ? key : std::string_view{};
}

void HookRun::run_agent(const json::Value& body, const endpoint::HookDeed& deed) {
    method::Core& core = gateway_.hub().core();
    const auto answer = [this](const crypto::Uuid& run) {
        Buffer out(gateway_.pool());
        json::Writer w(out);
        w.begin_object().member("ok", true).member("runId", std::string_view(run.data(), run.size())).end_object();
        client_.answer(200, json_type, out.text());
    };
    const std::string_view wish = idempotency_key(body);
    crypto::Sha256 hash;
    hash.update(path_);
    hash.update("\n");
    hash.update(wish);
    const crypto::Digest key = hash.finish();
    if (!wish.empty()) {
        if (const crypto::Uuid* const run = gateway_.hook_desk().find_run(key, gateway_.now())) return answer(*run);
    }
    std::pmr::string text(gateway_.memory());
    const std::string_view agent = deed.agent_id.empty() ? std::string_view(core.default_agent().id) : deed.agent_id;
    if (core.find_agent(agent) == nullptr) {
        ((text = "unknown agentId \"") += cut_utf8(agent, 64)) += '"';
        return fail(text);
    }
    const auto id = crypto::random_uuid(gateway_.random());
    const auto room = crypto::random_uuid(gateway_.random());
    auto request = make_owned<AgentRequest>(gateway_.memory(), gateway_.memory(), gateway_.pool());
    const auto wrapped = !id || !room   ? Result<void>(Error{GW_ERR_RANDOM, 0, "there are no random numbers"})
                         : deed.trusted ? (text = deed.text, Result<void>())
                                        : content::append_untrusted({deed.text, {}}, gateway_.random(), text);
    if (!wrapped) return client_.answer_error({500, "api_error", "hook mapping failed", {}, {}});

    std::string_view wanted = deed.session_key;
    if (wanted.empty()) wanted = gateway_.config().hooks.default_session_key;
    std::pmr::string own("hook:", gateway_.memory());
    if (wanted.empty()) wanted = own.append(room->data(), room->size());
    const auto session = session::canonical_key(wanted, agent, core.sessions.rules(), gateway_.memory());
    // A key may name an agent, too, and must not be a way around hooks.allowedAgentIds.
    if (!session || core.agent_of(*session) != agent) return fail("sessionKey is no name of a session of this agent");

    // Tools that are the owner's alone are not for what strangers ask.
    request->is_owner = false;
    request->trace = client_.request_id();
    request->conversation.stream = true;
    request->timeout_ms = deed.timeout_s * 1000;
    request->add_text(message::Role::user, text);
    const auto main = session::canonical_key("main", core.agent_of(*session), core.sessions.rules(), gateway_.memory());
    method::RunSpec spec;
    spec.family = "hook";
    spec.run_id = {id->data(), id->size()};
    spec.session_key = *session;
    spec.text = text;
    spec.model = deed.model;
    spec.timeout_ms = request->timeout_ms;
    spec.observer = gateway_.hook_desk().add_report(gateway_, deed.name, main.value_or(*session), deed.now);
    Owned<method::TurnExtras> extras = std::move(request);
    spec.extras = &extras;
    std::pmr::string why(gateway_.memory());
    if (spec.observer == nullptr || core.chats.start(spec, why) != method::Chats::Started::started) {
        if (spec.observer != nullptr) gateway_.hook_desk().drop_last_report();
        if (why.empty()) why = "The server is busy: too many runs wait. Try again later.";
        return client_.answer_error({503, "unavailable", why, {}, {}});
    }
    if (!wish.empty()) gateway_.hook_desk().keep_run(key, *id, gateway_.now());
    answer(*id);
    core.chats.proceed(spec.run_id);
}

}  // namespace gw::exchange
