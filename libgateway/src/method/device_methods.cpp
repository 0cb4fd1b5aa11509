// Devices: device.pair.*, device.token.*, gateway.identity.get.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "auth/device_views.h"
#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

// True, and failed, when there is an error.
bool failed(Call& call, auth::DeviceError error) {
    switch (error) {
    case auth::DeviceError::none: return false;
    case auth::DeviceError::no_random:
    case auth::DeviceError::not_stored:
    case auth::DeviceError::full: call.fail(rpc::code::unavailable, {auth::text_of(error)}); return true;
    default: call.fail(auth::text_of(error)); return true;
    }
}

void gateway_identity_get(Core& core, Call& call) {
    if (core.identity.key() == nullptr)
        return call.fail(rpc::code::unavailable, {"the gateway has no identity: see its log"});
    core.identity.write(call.result());
}

void pair_list(Core& core, Call& call) {
    core.devices.expire(core.gate.unix_ms());
    json::Writer& writer = call.result();
    writer.begin_object().key("pending").begin_array();
    for (const auto& [id, request] : core.devices.pending()) auth::write_pair_request(writer, request);
    writer.end_array().key("paired").begin_array();
    for (const auto& paired : core.devices.paired()) {
        bool connected = false;
        each_client(core.gate,
                    [&](const Client& client) { connected = connected || client.device_id == paired.first; });
        auth::write_device(writer, paired.second, connected ? auth::Connected::yes : auth::Connected::no);
    }
    writer.end_array().end_object();
}

void pair_approve(Core& core, Call& call) {
    const std::string_view id = call.text("requestId");
    const auth::Device* device = nullptr;
    core.devices.expire(core.gate.unix_ms());
    if (failed(call, core.devices.approve(id, call.client.scopes, core.gate.unix_ms(), device))) return;
    json::Writer& writer = call.result();
    writer.begin_object().member("requestId", id).key("device");
    auth::write_device(writer, *device);
    writer.end_object();
    core.tell_pair_resolved(id, device->id, "approved");
}

void pair_reject(Core& core, Call& call) {
    const std::string_view id = call.text("requestId");
    std::pmr::string device_id(core.gate.memory());
    if (failed(call, core.devices.reject(id, core.gate.unix_ms(), device_id))) return;
    call.result().begin_object().member("requestId", id).member("deviceId", device_id).end_object();
    core.tell_pair_resolved(id, device_id, "rejected");
}

// Answers before the sockets of the device go: the caller's may be one of them.
void answer_and_close(Core& core, Call& call, std::string_view device_id, std::optional<rpc::Role> role) {
    const Ticket ticket = call.defer();
    core.gate.answer(ticket, call.payload());
    core.close_device(device_id, role);
}

void pair_remove(Core& core, Call& call) {
    const std::string_view id = call.text("deviceId");
    if (failed(call, core.devices.remove(id))) return;
    call.result().begin_object().member("deviceId", id).end_object();
    answer_and_close(core, call, id, std::nullopt);
    // It may have been a node, too: what was approved of it goes with it.
    [[maybe_unused]] const bool was_node = core.nodes.forget(id);
}

void pair_rename(Core& core, Call& call) {
    if (failed(call, core.devices.rename(call.text("deviceId"), call.text("label")))) return;
    call.result()
        .begin_object()
        .member("deviceId", call.text("deviceId"))
        .member("label", call.text("label"))
        .end_object();
}

// The role of a call; nothing, and failed, when nobody knows it.
std::optional<auth::Role> role_of(Call& call) {
    const auto role = auth::role_of(call.text("role"));
    if (!role) call.fail("unknown deviceId/role");
    return role;
}

void token_rotate(Core& core, Call& call) {
    const auto role = role_of(call);
    if (!role) return;
    std::pmr::vector<std::pmr::string> scopes(core.gate.memory());
    std::optional<std::span<const std::pmr::string>> asked;
    if (const json::Value list = call.params["scopes"]; list.exists()) {
        for (json::Value one = list.first(); one.exists(); one = one.next()) {
            if (!call.client.scopes.allows(*one.as_string()))
                return call.fail(rpc::code::invalid_request, {"missing scope: ", cut_utf8(*one.as_string(), 64)});
            scopes.emplace_back(*one.as_string());
        }
        asked = scopes;
    }
    const auth::Device* device = nullptr;
    const std::string_view id = call.text("deviceId");
    if (failed(call, core.devices.rotate(id, *role, asked, call.client.scopes, core.gate.unix_ms(), device))) return;
    const bool own = call.client.device_id == id;
    auth::write_rotated(call.result(), *device, *role, own);
    if (!own) core.close_device(id, *role == auth::Role::node ? rpc::Role::node : rpc::Role::oper);
}

void token_revoke(Core& core, Call& call) {
    const auto role = role_of(call);
    if (!role) return;
    const auth::Device* device = nullptr;
    const std::string_view id = call.text("deviceId");
    if (failed(call, core.devices.revoke(id, *role, call.client.scopes, core.gate.unix_ms(), device))) return;
    auth::write_revoked(call.result(), *device, *role);
    answer_and_close(core, call, id, *role == auth::Role::node ? rpc::Role::node : rpc::Role::oper);
}

// "wss://host:port" of what a person calls the gateway: an URL, or only its host and port. Empty: it is none.
std::pmr::string socket_url(std::string_view text, std::pmr::memory_resource* memory) {
    std::pmr::string url(memory);
    text = trim(text);
    constexpr std::pair<std::string_view, std::string_view> schemes[] = {
        {"https://", "wss://"}, {"wss://", "wss://"}, {"http://", "ws://"}, {"ws://", "ws://"}};
    std::string_view scheme = "ws://";
    for (const auto& [from, to] : schemes) {
        if (text.size() < from.size() || !equals_ignoring_case(text.substr(0, from.size()), from)) continue;
        scheme = to;
        text.remove_prefix(from.size());
        break;
    }
    while (!text.empty() && text.back() == '/') text.remove_suffix(1);
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < '\x7f' && c != '"' && c != '@' && c != '?' && c != '#' && c != '\\';
    });
    if (text.empty() || text.size() > 512 || !plain || text.find("://") != std::string_view::npos) return url;
    return (url += scheme) += text;
}

// A loopback or wildcard address says nothing to another machine.
bool is_reachable(std::string_view url) noexcept {
    for (const std::string_view local : {"://127.", "://[::1]", "://localhost", "://0.0.0.0", "://[::]"}) {
        if (url.find(local) != std::string_view::npos) return false;
    }
    return !url.empty();
}

void pair_setup_code(Core& core, Call& call) {
    const std::string_view asked = call.text("publicUrl");
    const std::pmr::string url = socket_url(asked.empty() ? core.gate.own_url() : asked, core.gate.memory());
    if (asked.empty() && !is_reachable(url)) {
        return call.fail(rpc::code::unavailable,
                         {"no address of this gateway is known that another device could reach: set gateway.bind, or "
                          "say publicUrl"});
    }
    if (url.empty()) return call.fail("publicUrl must be an http, https, ws or wss URL without query");
    const std::string_view profile = call.text("bootstrapProfile");
    const auth::SetupAccess access = profile == "limited" ? auth::SetupAccess::limited
                                     : profile == "node"  ? auth::SetupAccess::node
                                                          : auth::SetupAccess::full;
    const auth::BootstrapTokens::Token* token = nullptr;
    if (failed(call, core.bootstraps.issue(access, core.gate.unix_ms(), token))) return;
    std::pmr::string code(core.gate.memory());
    auth::append_setup_code(code, url, token->token, core.gate.pool());
    json::Writer& writer = call.result();
    writer.begin_object().member("setupId", token->setup_id).member("setupCode", code).member("gatewayUrl", url);
    writer.member("auth", core.gate.config().auth.mode == config::AuthMode::password ? "password" : "token");
    writer.member("urlSource", asked.empty() ? "gateway.bind" : "publicUrl").member("access", auth::name_of(access));
    writer.member("expiresAtMs", token->issued_ms + auth::bootstrap_ttl_ms).end_object();
}

void pair_setup_status(Core& core, Call& call) {
    json::Writer& writer = call.result();
    writer.begin_object();
    if (const auto* done = core.bootstraps.completion(call.text("setupId"))) {
        writer.key("completion");
        core.write_setup_completion(writer, *done);
    }
    writer.end_object();
}

}  // namespace

std::span<const Method> device_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 10> rows{{
        {"gateway.identity.get", Scope::read, "", gateway_identity_get},
        {"device.pair.list", Scope::pairing, "", pair_list},
        {"device.pair.approve", Scope::pairing, "requestId:s(1..)", pair_approve},
        {"device.pair.reject", Scope::pairing, "requestId:s(1..)", pair_reject},
        {"device.pair.remove", Scope::pairing, "deviceId:s(1..)", pair_remove},
        {"device.pair.rename", Scope::pairing, "deviceId:s(1..) label:s(1..128)", pair_rename},
        {"device.pair.setupCode", Scope::admin,
         R"(publicUrl?:s(1..) preferRemoteUrl?:b includeQr?:b bootstrapProfile?:"limited"|"node" joinUrl?:b)",
         pair_setup_code},
        {"device.pair.setupStatus", Scope::admin, "setupId:s(1..128)", pair_setup_status},
        {"device.token.rotate", Scope::pairing, "deviceId:s(1..) role:s(1..) scopes?:s(1..)[](..32)", token_rotate},
        {"device.token.revoke", Scope::pairing, "deviceId:s(1..) role:s(1..)", token_revoke},
    }};
    return rows;
}

}  // namespace gw::method
