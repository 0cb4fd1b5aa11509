#include "auth/device_views.h"

#include <algorithm>

namespace gw::auth {

void write_pair_request(json::Writer& out, const PairRequest& request) {
    out.begin_object().member("requestId", std::string_view(request.request_id));
    write_profile(out, request);
    out.member("silent", request.silent).member("isRepair", request.is_repair).member("ts", request.ts_ms).end_object();
}

void write_pair_resolved(json::Writer& out, std::string_view request_id, std::string_view device_id,
                         std::string_view decision, std::uint64_t now_ms) {
    out.begin_object().member("requestId", request_id).member("deviceId", device_id);
    out.member("decision", decision).member("ts", now_ms).end_object();
}

void write_device_members(json::Writer& out, const Device& device) {
    write_profile(out, device);
    write_optional(out, "label", device.label);
    write_optional(out, "approvedVia", device.approved_via);
    out.member("createdAtMs", device.created_ms).member("approvedAtMs", device.approved_ms);
    write_optional(out, "lastSeenAtMs", device.last_seen_ms);
    write_optional(out, "lastSeenReason", device.last_seen_reason);
    out.key("tokens").begin_array();
    for (const Role role : {Role::operator_, Role::node}) {
        const DeviceToken& token = device.token(role);
        if (!token.exists()) continue;
        out.begin_object().member("role", name_of(role));
        write_words(out, "scopes", token.scopes);
        out.member("createdAtMs", token.created_ms);
        write_optional(out, "rotatedAtMs", token.rotated_ms);
        write_optional(out, "revokedAtMs", token.revoked_ms);
        write_optional(out, "lastUsedAtMs", token.last_used_ms);
        out.end_object();
    }
    out.end_array();
}

void write_device(json::Writer& out, const Device& device, Connected connected) {
    out.begin_object();
    write_device_members(out, device);
    if (connected != Connected::unknown) out.member("connected", connected == Connected::yes);
    out.end_object();
}

void write_rotated(json::Writer& out, const Device& device, Role role, bool to_the_device_itself) {
    const DeviceToken& token = device.token(role);
    out.begin_object().member("deviceId", std::string_view(device.id)).member("role", name_of(role));
    if (to_the_device_itself) out.member("token", std::string_view(token.token));
    write_words(out, "scopes", token.scopes);
    out.member("rotatedAtMs", token.rotated_ms);
    out.member("tokenDelivery", to_the_device_itself ? "in-band" : "withheld-cross-device").end_object();
}

void write_revoked(json::Writer& out, const Device& device, Role role) {
    out.begin_object().member("deviceId", std::string_view(device.id)).member("role", name_of(role));
    out.member("revokedAtMs", device.token(role).revoked_ms).end_object();
}

}  // namespace gw::auth
