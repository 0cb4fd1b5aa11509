#include "exchange/rest_run.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "endpoint/rest.h"
#include "exchange/gateway.h"
#include "exchange/method_call.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr std::uint64_t list_count_usual = 50, list_count_max = 200;

void answer_data(Gateway& gateway, ServerConn& client, std::string_view data) {
    Buffer out(gateway.pool());
    endpoint::write_envelope(out, data, gateway.unix_ms());
    static constexpr http1::Header no_store{"Cache-Control", "no-store"};
    client.answer(200, json_type, out.text(), {&no_store, 1});
}

void answer_method(Gateway& gateway, ServerConn& client, MethodCall& call, std::string_view method) {
    if (call.run(method)) answer_data(gateway, client, call.result());
}

// A number of the query, from 0 to `most`. False: it is none, and the request was answered.
bool read_count(Gateway& gateway, ServerConn& client, std::string_view name, std::uint64_t most, std::uint64_t& out) {
    const auto text = route::query_parameter(client.query(), name, gateway.memory());
    if (!text) return true;
    const auto value = parse_decimal(*text);
    if (value && *value <= most) {
        out = *value;
        return true;
    }
    const config::Digits most_text(static_cast<std::int64_t>(most));
    std::pmr::string message(gateway.memory());
    message.append("`").append(name).append("` must be a whole number from 0 to ").append(most_text).append(".");
    client.answer_error({400, "invalid_request_error", message, "invalid_request", name});
    return false;
}

// The key of the session that the path names. Nothing: it names none, and the request was answered.
std::optional<std::pmr::string> session_key_of(Gateway& gateway, ServerConn& client, bool must_exist) {
    method::Core& core = gateway.hub().core();
    auto key = core.sessions.canonical(client.parameter("id"));
    if (!key || core.find_agent(core.agent_of(*key)) == nullptr) {
        client.answer_error(
            {400, "invalid_request_error", "The path has no name of a session.", "invalid_session", "id"});
        return std::nullopt;
    }
    if (!must_exist) return key;
    const auto entry = core.sessions.find(*key);
    if (!entry) {
        client.answer_error({503, "unavailable", entry.error().what, "unavailable", {}});
        return std::nullopt;
    }
    if (*entry == nullptr) {
        client.answer_error(
            {404, "not_found", "There is no such session; GET /api/sessions lists them.", "session_not_found", "id"});
        return std::nullopt;
    }
    return key;
}

// No channel can be configured in this version; clients are told so instead of being left to wonder.
void write_channels(json::Writer& w) {
    w.key("channels").begin_array().end_array();
    w.member("message", "This gateway has no channels: messages come over HTTP and the gateway socket.");
}

std::string_view name_of_mode(const config::Guardrail& guardrail) noexcept {
    if (!guardrail.enabled) return "off";
    switch (guardrail.mode) {
    case config::GuardrailMode::observe: return "observe";
    case config::GuardrailMode::action: return "action";
    case config::GuardrailMode::passthrough: break;
    }
    return "passthrough";
}

}  // namespace

// --- how it is ---------------------------------------------------------------------------------------------------

void answer_health_details(Gateway& gateway, ServerConn& client) {
    Buffer out(gateway.pool());
    json::Writer w(out);
    w.begin_object().member("ok", true).member("status", gateway.draining() ? "draining" : "ok");
    if (client.is_local() || client.has_credentials()) {
        w.member("version", GW_VERSION).member("uptimeMs", gateway.uptime_ms());
        w.key("providers").begin_array();
        for (const config::Provider& provider : gateway.config().providers) {
            w.begin_object().member("id", provider.id).member("api", provider.api);
            w.member("models", static_cast<std::uint64_t>(provider.models.size()));
            w.member("configured", !provider.base_url.empty()).end_object();
        }
        w.end_array();
        write_channels(w);
        gw_stats stats{};
        gateway.fill(stats);
        w.key("memory").begin_object().member("bytes", gateway.memory_bytes());
        w.member("bufferBytes", stats.buffer_bytes).end_object();
    }
    w.end_object();
    static constexpr http1::Header no_store{"Cache-Control", "no-store"};
    client.answer(200, json_type, out.text(), {&no_store, 1});
}

void answer_rest_status(Gateway& gateway, ServerConn& client) {
    gw_stats stats{};
    gateway.fill(stats);
    Buffer out(gateway.pool());
    json::Writer w(out);
    w.begin_object().member("status", gateway.draining() ? "draining" : "ok").member("version", GW_VERSION);
    w.member("uptimeMs", gateway.uptime_ms()).key("agents").begin_array();
    for (const config::Agent& agent : gateway.config().agents) w.string(agent.id);
    w.end_array();
    w.key("connections").begin_object().member("open", stats.conns_open).member("total", stats.conns_total);
    w.member("sockets", static_cast<std::uint64_t>(gateway.hub().size())).end_object();
    w.key("requests").begin_object().member("open", stats.requests_open).member("total", stats.requests_total);
    w.member("refused", stats.refused_total).member("bad", stats.bad_requests_total).end_object();
    w.key("runs").begin_object().member("open", static_cast<std::uint64_t>(gateway.runs().open_count())).end_object();
    w.key("upstreams").begin_object().member("connections", stats.upstream_conns_open);
    w.member("requests", stats.upstream_requests_total).member("failures", stats.upstream_failures_total).end_object();
    w.key("guardrail").begin_object().member("mode", name_of_mode(gateway.config().guardrail)).end_object();
    w.end_object();
    answer_data(gateway, client, out.text());
}

void answer_rest_models(Gateway& gateway, ServerConn& client) {
    MethodCall call(gateway, client);
    answer_method(gateway, client, call, "models.list");
}

void answer_rest_channels(Gateway& gateway, ServerConn& client) {
    Buffer out(gateway.pool());
    json::Writer w(out);
    w.begin_object();
    write_channels(w);
    w.end_object();
    answer_data(gateway, client, out.text());
}

// --- sessions ----------------------------------------------------------------------------------------------------

void answer_rest_sessions(Gateway& gateway, ServerConn& client) {
    std::uint64_t limit = list_count_usual, offset = 0;
    if (!read_count(gateway, client, "limit", list_count_max, limit)) return;
    if (!read_count(gateway, client, "offset", UINT32_MAX, offset)) return;
    MethodCall call(gateway, client);
    call.params().member("limit", std::max<std::uint64_t>(limit, 1)).member("offset", offset);
    call.params().member("includeDerivedTitles", true).member("includeLastMessage", true);
    if (const auto search = route::query_parameter(client.query(), "search", gateway.memory());
        search && !search->empty())
        call.params().member("search", *search);
    answer_method(gateway, client, call, "sessions.list");
}

void answer_rest_session(Gateway& gateway, ServerConn& client) {
    std::uint64_t limit = list_count_max, offset = 0;
    if (!read_count(gateway, client, "limit", 1000, limit)) return;
    if (!read_count(gateway, client, "offset", UINT32_MAX, offset)) return;
    const auto key = session_key_of(gateway, client, true);
    if (!key) return;
    MethodCall call(gateway, client);
    call.params().member("sessionKey", *key).member("limit", std::max<std::uint64_t>(limit, 1));
    call.params().member("offset", offset);
    answer_method(gateway, client, call, "chat.history");
}

void RestSessionRun::start(std::string_view body) {
    struct Action {
        std::string_view name, method, key;
        bool must_exist;
    };
    static constexpr std::array<Action, 7> actions{{
        {"reset", "sessions.reset", "key", true},
        {"delete", "sessions.delete", "key", true},
        {"compact", "sessions.compact", "key", true},
        {"abort", "sessions.abort", "key", true},
        {"patch", "sessions.patch", "key", false},
        {"history", "chat.history", "sessionKey", true},
        {"send", {}, {}, false},
    }};
    json::Document document(gateway_.memory());
    if (!client_.parse_body(body, document)) return;
    const json::Value root = document.root();
    const std::string_view name = root["action"].as_string().value_or(std::string_view{});
    const auto* const action =
        std::find_if(actions.begin(), actions.end(), [name](const Action& it) { return it.name == name; });
    if (action == actions.end()) {
        return client_.answer_error({400, "invalid_request_error",
                                     "`action` must be reset, delete, compact, abort, patch, history or send.",
                                     "invalid_action", "action"});
    }
    const auto key = session_key_of(gateway_, client_, action->must_exist);
    if (!key) return;
    if (action->method.empty()) return send(root, *key);
    MethodCall call(gateway_, client_);
    call.params().member(action->key, *key);
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        if (member.key() != "action" && member.key() != action->key) call.params().key(member.key()).value(member);
    }
    answer_method(gateway_, client_, call, action->method);
}

// A message that nobody waits for: who follows the session hears the answer, and its history has it.
void RestSessionRun::send(const json::Value& root, std::string_view key) {
    if (!client_.caller().scopes.allows(auth::Scope::write))
        return client_.answer_error({403, "forbidden", "missing scope: operator.write", "missing_scope", {}});
    const auto message = root["message"].as_string();
    if (!message || message->find_first_not_of(" \t\r\n") == std::string_view::npos ||
        message->size() > endpoint::rest_message_bytes_max)
        return client_.answer_error({400, "invalid_request_error",
                                     "`message` must be a text of 1 to 4194304 bytes that is not empty.",
                                     "invalid_request", "message"});
    std::pmr::string id(root["idempotencyKey"].as_string().value_or(std::string_view{}), gateway_.memory());
    if (id.empty()) {
        const auto uuid = crypto::random_uuid(gateway_.random());
        if (!uuid) return client_.answer_error({500, "api_error", "internal error", {}, {}});
        id.assign(uuid->data(), uuid->size());
    } else if (id.size() > 256) {
        return client_.answer_error({400, "invalid_request_error", "`idempotencyKey` is longer than 256 bytes.",
                                     "invalid_request", "idempotencyKey"});
    }
    method::Chats& chats = gateway_.hub().core().chats;
    method::RunSpec spec;
    spec.family = "send";
    spec.run_id = id;
    spec.session_key = key;
    spec.text = *message;
    std::pmr::string why(gateway_.memory());
    const auto started = chats.start(spec, why);
    if (started == method::Chats::Started::refused)
        return client_.answer_error({503, "unavailable", why, "unavailable", {}});
    Buffer out(gateway_.pool());
    json::Writer(out)
        .begin_object()
        .member("runId", id)
        .member("status", started == method::Chats::Started::started     ? "started"
                          : started == method::Chats::Started::in_flight ? "in_flight"
                                                                         : "done")
        .end_object();
    answer_data(gateway_, client_, out.text());
    if (started == method::Chats::Started::started) chats.proceed(id);
}

}  // namespace gw::exchange
