// The `connect` request of a gateway socket: who is it, and may it come in.
#include "auth/auth.h"
#include "core/text.h"
#include "crypto/compare.h"
#include "exchange/gateway.h"
#include "exchange/hub.h"
#include "exchange/rpc_socket.h"
#include "exchange/server_conn.h"
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
    "agentRuntimeIdentityToken?:s} locale?:s userAgent?:s";

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
    for (json::Value scope = params["scopes"].first(); scope.exists(); scope = scope.next())
        client_.scopes.add(scope.as_string().value_or(std::string_view{}));

    const auto mode = hub_.config().auth.mode;
    if (mode != config::AuthMode::none) {
        const bool password = mode == config::AuthMode::password;
        const auto shown = params["auth"][password ? "password" : "token"].as_string();
        if (!shown || !crypto::equal_secrets(*shown, hub_.gateway().shared_secret())) {
            const std::string_view message =
                !shown ? (password ? "unauthorized: gateway password missing" : "unauthorized: gateway token missing")
                : password ? "unauthorized: gateway password mismatch"
                           : "unauthorized: gateway token mismatch";
            return refuse(id, {rpc::code::invalid_request, message, {}, false, {}, {}});
        }
    }
    admit(id, "token", {}, 0);
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
