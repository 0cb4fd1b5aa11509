// The `connect` request of a gateway socket: who is it, and may it come in.
#include <array>

#include "auth/connect_auth.h"
#include "auth/http_auth.h"
#include "core/text.h"
#include "crypto/hex.h"
#include "exchange/gateway.h"
#include "exchange/hub.h"
#include "exchange/rpc_socket.h"
#include "exchange/server_conn.h"
#include "http1/http1.h"
#include "route/route.h"
#include "rpc/schema.h"

namespace gw::exchange {

namespace {

constexpr std::int64_t protocol_min = 3;
constexpr std::int64_t protocol_max = 4;

constexpr std::string_view connect_schema =
    "minProtocol:i(1..) maxProtocol:i(1..) client:{id:s(1..) displayName?:s(1..) version:s(1..) buildId?:s "
    "platform:s(1..) deviceFamily?:s(1..) modelIdentifier?:s(1..) mode:s(1..) instanceId?:s(1..) timeZone?:s} "
    "caps?:s(1..)[] commands?:s(1..)[](..1024) permissions?:map<b> pathEnv?:s role?:s(1..) scopes?:s(1..)[] "
    "device?:{id:s(1..) publicKey:s(1..) signature:s(1..) signedAt:i(0..) nonce?:s} "
    "auth?:{token?:s bootstrapToken?:s deviceToken?:s password?:s approvalRuntimeToken?:s "
    "agentRuntimeIdentityToken?:s} locale?:s userAgent?:s modelCatalog?:any computerUse?:any workerRuns?:any";

bool array_has(const json::Value& array, std::string_view text) noexcept {
    for (json::Value one = array.first(); one.exists(); one = one.next()) {
        if (one.as_string() == text) return true;
    }
    return false;
}

void copy_texts(const json::Value& array, std::pmr::vector<std::pmr::string>& out) {
    for (json::Value one = array.first(); one.exists(); one = one.next()) out.emplace_back(*one.as_string());
}

}  // namespace

void RpcSocket::refuse(std::string_view id, const rpc::Failure& failure) {
    fail(id, failure, {});
    close(1008, cut_utf8(failure.message, 120));
}

void RpcSocket::on_connect(const rpc::Request& request) {
    const json::Value& params = request.params;
    const std::string_view id = request.id;
    std::pmr::string error(hub_.memory());
    const bool typed = client_.dialect == rpc::Dialect::typed;
    if (!rpc::check_members(typed ? connect_schema : std::string_view("*"), params, error)) {
        error.insert(0, "invalid connect params: ");
        return refuse(id, {rpc::code::invalid_request, error, {}, false, {}, {}});
    }
    const std::int64_t low = params["minProtocol"].as_int().value_or(protocol_min);
    const std::int64_t high = params["maxProtocol"].as_int().value_or(protocol_max);
    if (low > protocol_max || high < protocol_min || low > high) {
        Buffer details(hub_.pool());
        json::Writer(details)
            .begin_object()
            .member("code", "PROTOCOL_MISMATCH")
            .member("clientMinProtocol", low)
            .member("clientMaxProtocol", high)
            .member("expectedProtocol", protocol_max)
            .member("minimumProbeProtocol", protocol_min)
            .end_object();
        fail(id, {rpc::code::invalid_request, "protocol mismatch", details.text(), false, {}, {}}, {});
        return close(1002, "protocol mismatch");
    }
    client_.protocol = static_cast<std::uint8_t>(std::min(high, protocol_max));

    const json::Value who = params["client"];
    const auto take = [&](std::pmr::string& to, std::string_view name) {
        to = trim(who[name].as_string().value_or(std::string_view{}));
    };
    take(client_.client_id, "id");
    take(client_.mode, "mode");
    take(client_.display_name, "displayName");
    take(client_.version, "version");
    take(client_.platform, "platform");
    take(client_.device_family, "deviceFamily");
    take(client_.model_identifier, "modelIdentifier");
    take(client_.instance_id, "instanceId");
    const std::string_view role = params["role"].as_string().value_or("operator");
    if (role != "operator" && role != "node")
        return refuse(id, {rpc::code::invalid_request, "invalid role", {}, false, {}, {}});
    client_.role = role == "node" ? rpc::Role::node : rpc::Role::oper;
    const json::Value caps = params["caps"];
    client_.tool_events = array_has(caps, "tool-events");
    client_.scoped_events = array_has(caps, "session-scoped-events");
    client_.approvals_cap = array_has(caps, "approvals") || array_has(caps, "exec-approvals");
    if (client_.role == rpc::Role::node) {
        client_.node = make_owned<method::NodeSurface>(hub_.memory(), hub_.memory());
        copy_texts(caps, client_.node->caps);
        copy_texts(params["commands"], client_.node->commands);
        client_.node->permissions = params["permissions"].raw();
        client_.node->path_env = params["pathEnv"].as_string().value_or(std::string_view{});
    }
    if (hub_.gateway().host_auth()) {
        for (json::Value scope = params["scopes"].first(); scope.exists(); scope = scope.next())
            client_.scopes.add(scope.as_string().value_or(std::string_view{}));
        connect_id_ = id;
        asking_ = conn_.ask_host_auth(params["auth"].raw());
        if (!asking_) on_decided(HostAuth::Outcome::unavailable);
        return;
    }
    decide(id, params, nullptr);
}

// Views of everything that the decision needs, and what comes of it.
void RpcSocket::decide(std::string_view id, const json::Value& params, const TailnetAnswer* whois) {
    auth::Policy& policy = hub_.gateway().policy();
    std::pmr::vector<http1::Header> fields(hub_.memory());
    for (const auto& [name, value] : upgrade_->fields) fields.push_back({name, value});
    const http1::Headers headers(fields);
    std::pmr::vector<std::string_view> scopes(hub_.memory());
    for (json::Value scope = params["scopes"].first(); scope.exists(); scope = scope.next())
        scopes.push_back(scope.as_string().value_or(std::string_view{}));
    const std::size_t mark = upgrade_->target.find('?');
    std::optional<std::pmr::string> query_token;
    if (mark != std::pmr::string::npos)
        query_token =
            route::query_parameter(std::string_view(upgrade_->target).substr(mark + 1), "token", hub_.memory());

    auth::ConnectFacts facts;
    facts.protocol = client_.protocol;
    facts.client = {client_.client_id, client_.mode, client_.display_name, client_.platform, client_.device_family};
    facts.role = client_.role == rpc::Role::node ? auth::Role::node : auth::Role::operator_;
    facts.scopes = scopes;
    const json::Value shown = params["auth"];
    const auto credential = [&](std::string_view name) { return shown[name].as_string().value_or(std::string_view{}); };
    facts.token = credential("token");
    facts.password = credential("password");
    facts.device_token = credential("deviceToken");
    facts.bootstrap_token = credential("bootstrapToken");
    facts.authorization = headers.get_single("authorization");
    if (query_token) facts.query_token = *query_token;
    if (const json::Value device = params["device"]; device.is(json::Kind::object)) {
        facts.device.emplace();
        const auto text = [&](std::string_view name) { return device[name].as_string().value_or(std::string_view{}); };
        facts.device->id = text("id");
        facts.device->public_key = text("publicKey");
        facts.device->signature = text("signature");
        facts.device->nonce = text("nonce");
        facts.device->signed_at_ms = device["signedAt"].as_int().value_or(0);
    }
    std::array<char, 64> certificate{};
    if (const tls::Pipe* const tls = conn_.tls()) {
        if (const auto fingerprint = tls->peer_fingerprint()) {
            certificate = crypto::hex(*fingerprint);
            facts.certificate = {certificate.data(), certificate.size()};
        }
    }
    facts.challenge_nonce = {upgrade_->nonce.data(), upgrade_->nonce.size()};
    facts.host = headers.get_single("host").value_or(std::string_view{});
    facts.forwarding = auth::read_forwarding(headers);
    facts.from = policy.client(client_.address, facts.host, facts.forwarding);
    facts.origin = headers.get("origin");
    facts.fields = auth::FieldLookup(headers);
    facts.now_ms = hub_.now();
    facts.unix_ms = hub_.unix_ms();

    const auto take = [&facts](const TailnetAnswer& answer) { facts.whois = {answer.found, answer.login}; };
    if (whois != nullptr) take(*whois);

    auth::ConnectOutcome outcome = hub_.decide(facts);
    if (outcome.kind == auth::ConnectOutcome::Kind::ask_whois) {
        upgrade_->whois = make_owned<WhoisQuestion>(hub_.memory(), *this, id, params.raw(), hub_.memory());
        const auto known = hub_.gateway().tailnet().ask(outcome.whois_address.view(), *upgrade_->whois);
        if (!known) {
            asking_ = true;
            return;
        }
        take(*known);
        outcome = hub_.decide(facts);
    }
    hub_.tell_pairing(outcome);
    if (outcome.kind != auth::ConnectOutcome::Kind::granted) {
        ++hub_.gateway().stats().refused_total;
        rpc::Failure failure;
        failure.code = outcome.code;
        failure.message = outcome.message;
        failure.details = outcome.details.text();
        failure.retryable = outcome.retryable;
        if (outcome.retry_after_ms != 0) failure.retry_after_ms = outcome.retry_after_ms;
        fail(id, failure, {});
        return close(outcome.close_code, cut_utf8(outcome.message, 120));
    }
    for (const std::pmr::string& scope : outcome.scopes) client_.scopes.add(std::string_view(scope));
    client_.user = outcome.user;
    client_.is_local = facts.from.is_local;
    if (outcome.device != nullptr) client_.device_id = outcome.device->id;
    admit(id, auth::name_of(outcome.method), outcome.token != nullptr ? std::string_view(outcome.token->token) : "",
          outcome.token != nullptr ? outcome.token->created_ms : 0);
}

void WhoisQuestion::on_whois(const TailnetAnswer& answer) noexcept {
    RpcSocket& socket = socket_;
    try {
        socket.on_whois(id_, params_, answer);
    } catch (const std::bad_alloc&) {
        socket.fail_no_memory();
    }
}

void RpcSocket::on_whois(std::string_view id, std::string_view params, const TailnetAnswer& answer) {
    asking_ = false;
    if (closing_) return;
    const Owned<WhoisQuestion> question = std::move(upgrade_->whois);  // until the end: `id` is its
    json::Document document(hub_.memory());
    json::Limits limits;
    limits.bytes_max = params.size();
    if (!document.parse(params, limits)) return close(1008, "invalid request frame");
    decide(id, document.root(), &answer);
    conn_.resume_input();
}

// What a client of the other dialects shows: the shared secret, with the upgrade or as a token of its own.
bool RpcSocket::vouch(std::string_view token) {
    auth::Policy& policy = hub_.gateway().policy();
    std::pmr::vector<http1::Header> fields(hub_.memory());
    for (const auto& [name, value] : upgrade_->fields) fields.push_back({name, value});
    const http1::Headers headers(fields);
    const std::size_t mark = upgrade_->target.find('?');
    std::optional<std::pmr::string> query_token;
    if (mark != std::pmr::string::npos)
        query_token =
            route::query_parameter(std::string_view(upgrade_->target).substr(mark + 1), "token", hub_.memory());
    auth::HttpRequestFacts facts;
    std::pmr::string bearer("Bearer ", hub_.memory());
    facts.authorization = headers.get_single("authorization");
    facts.authorization_given = headers.get("authorization").has_value();
    if (!token.empty()) {
        bearer += token;
        facts.authorization = bearer;
        facts.authorization_given = true;
    }
    if (query_token) facts.query_token = *query_token;
    facts.origin = headers.get("origin");
    facts.host = headers.get_single("host").value_or(std::string_view{});
    facts.client = policy.client(client_.address, facts.host, auth::read_forwarding(headers));
    facts.fields = auth::FieldLookup(headers);
    facts.now_ms = hub_.now();
    facts.unix_ms = hub_.unix_ms();
    client_.is_local = facts.client.is_local;
    return auth::authorize_http(facts, policy, hub_.gateway().auth_failures(), &hub_.core().devices).outcome ==
           auth::HttpOutcome::allowed;
}

void RpcSocket::on_decided(HostAuth::Outcome outcome) {
    asking_ = false;
    if (closing_) return;
    if (!upgrade_->first.empty()) return on_first_decided(outcome);
    switch (outcome) {
    case HostAuth::Outcome::allowed: break;
    case HostAuth::Outcome::denied:
        ++hub_.gateway().stats().refused_total;
        return refuse(connect_id_, {rpc::code::invalid_request, "unauthorized", {}, false, {}, {}});
    case HostAuth::Outcome::unavailable:
        return refuse(connect_id_, {rpc::code::unavailable, "authentication is not available", {}, true, {}, {}});
    }
    take_host_words();
    admit(connect_id_, "host", {}, 0);
}

// Who the host says the client is, and what of what it asked for it may do.
void RpcSocket::take_host_words() {
    client_.user = conn_.user();
    if (conn_.scopes().empty()) return;
    rpc::Scopes granted;
    std::string_view list = conn_.scopes();
    while (const auto scope = next_element(list)) granted.add(*scope);
    client_.scopes = granted.narrowed_to(client_.scopes);
}

void RpcSocket::admit(std::string_view id, std::string_view auth_method, std::string_view token,
                      std::uint64_t issued_ms) {
    enter();
    Buffer payload(hub_.pool());
    json::Writer writer(payload);
    hub_.core().write_hello(writer, client_, auth_method, token, issued_ms);
    answer(id, payload.text(), {});
    hub_.core().on_joined(client_);
}

void RpcSocket::enter() {
    admitted_ = true;
    client_.connected_ms = hub_.unix_ms();
    codec_.set_message_bytes_max(hub_.limits().ws_message_bytes_max);
    conn_.timer().arm(hub_.now() + hub_.limits().ws_ping_ms);
    hub_.admitted(*this);
    upgrade_.reset();
}

}  // namespace gw::exchange
