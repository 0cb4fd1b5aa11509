// Devices: device.pair.*, device.token.*, gateway.identity.get.
#include <array>
#include <optional>
#include <vector>

#include "auth/device_views.h"
#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

auth::ScopeSet scopes_of(const Client& client) {
    auth::ScopeSet out;
    client.scopes.for_each([&](std::string_view name) { out.add(name); });
    return out;
}

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
    for (const auto& [id, device] : core.devices.paired()) {
        bool connected = false;
        each_client(core.gate, [&](const Client& client) { connected = connected || client.device_id == id; });
        auth::write_device(writer, device, connected ? auth::Connected::yes : auth::Connected::no);
    }
    writer.end_array().end_object();
}

void pair_approve(Core& core, Call& call) {
    const std::string_view id = call.text("requestId");
    const auth::Device* device = nullptr;
    core.devices.expire(core.gate.unix_ms());
    if (failed(call, core.devices.approve(id, scopes_of(call.client), core.gate.unix_ms(), device))) return;
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
            if (!scopes_of(call.client).allows(*one.as_string()))
                return call.fail(rpc::code::invalid_request, {"missing scope: ", cut_utf8(*one.as_string(), 64)});
            scopes.emplace_back(*one.as_string());
        }
        asked = scopes;
    }
    const auth::Device* device = nullptr;
    const std::string_view id = call.text("deviceId");
    if (failed(call, core.devices.rotate(id, *role, asked, scopes_of(call.client), core.gate.unix_ms(), device)))
        return;
    const bool own = call.client.device_id == id;
    auth::write_rotated(call.result(), *device, *role, own);
    if (!own) core.close_device(id, *role == auth::Role::node ? rpc::Role::node : rpc::Role::oper);
}

void token_revoke(Core& core, Call& call) {
    const auto role = role_of(call);
    if (!role) return;
    const auth::Device* device = nullptr;
    const std::string_view id = call.text("deviceId");
    if (failed(call, core.devices.revoke(id, *role, scopes_of(call.client), core.gate.unix_ms(), device))) return;
    auth::write_revoked(call.result(), *device, *role);
    answer_and_close(core, call, id, *role == auth::Role::node ? rpc::Role::node : rpc::Role::oper);
}

}  // namespace

std::span<const Method> device_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 8> rows{{
        {"gateway.identity.get", Scope::read, "", gateway_identity_get},
        {"device.pair.list", Scope::pairing, "", pair_list},
        {"device.pair.approve", Scope::pairing, "requestId:s(1..)", pair_approve},
        {"device.pair.reject", Scope::pairing, "requestId:s(1..)", pair_reject},
        {"device.pair.remove", Scope::pairing, "deviceId:s(1..)", pair_remove},
        {"device.pair.rename", Scope::pairing, "deviceId:s(1..) label:s(1..128)", pair_rename},
        {"device.token.rotate", Scope::pairing, "deviceId:s(1..) role:s(1..) scopes?:s(1..)[](..32)", token_rotate},
        {"device.token.revoke", Scope::pairing, "deviceId:s(1..) role:s(1..)", token_revoke},
    }};
    return rows;
}

}  // namespace gw::method
