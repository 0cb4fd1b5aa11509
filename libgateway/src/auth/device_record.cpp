#include "auth/device_record.h"

#include <algorithm>
#include <span>

#include "auth/device_identity.h"
#include "core/text.h"

namespace gw::auth {

namespace {

constexpr std::size_t text_bytes_max = 512;  // of one text of a record
constexpr std::size_t extra_count_max = 64;

// Reads members by name, and gathers the others.
class RecordReader {
public:
    explicit RecordReader(json::Value object) noexcept : object_(object) {}

    void text(std::string_view name, std::pmr::string& out) const {
        out = cut_utf8(object_[name].as_string().value_or(std::string_view{}), text_bytes_max);
    }
    void time(std::string_view name, std::uint64_t& out) const noexcept {
        out = static_cast<std::uint64_t>(std::max<std::int64_t>(object_[name].as_int().value_or(0), 0));
    }
    void flag(std::string_view name, bool& out) const noexcept { out = object_[name].as_bool().value_or(false); }
    void words(std::string_view name, ScopeList& out) const {
        out.clear();
        const json::Value list = object_[name];
        if (!list.is(json::Kind::array)) return;
        for (json::Value one = list.first(); one.exists() && out.size() < scope_count_max; one = one.next()) {
            const auto word = one.as_string();
            if (word && !word->empty() && word->size() <= scope_bytes_max && !has_word(out, *word))
                out.emplace_back(*word);
        }
    }
    void profile(DeviceProfile& out) const {
        text("deviceId", out.id);
        text("publicKey", out.public_key);
        text("displayName", out.display_name);
        text("platform", out.platform);
        text("deviceFamily", out.device_family);
        text("clientId", out.client_id);
        text("clientMode", out.client_mode);
        text("remoteIp", out.remote_ip);
        text("certFingerprintSha256", out.cert_fingerprint);
        text("role", out.role);
        words("roles", out.roles);
        words("scopes", out.scopes);
        if (!out.role.empty() && !has_word(out.roles, out.role)) out.roles.emplace_back(out.role);
    }
    void others(std::span<const std::string_view> known, ExtraMembers& out) const {
        out.clear();
        for (json::Value one = object_.first(); one.exists() && out.size() < extra_count_max; one = one.next()) {
            if (std::find(known.begin(), known.end(), one.key()) == known.end()) out.emplace_back(one.key(), one.raw());
        }
    }

private:
    json::Value object_;
};

constexpr std::string_view request_members[] = {
    "requestId",  "deviceId", "publicKey", "displayName",           "platform", "deviceFamily", "clientId",
    "clientMode", "remoteIp", "role",      "certFingerprintSha256", "roles",    "scopes",       "silent",
    "isRepair",   "ts"};
constexpr std::string_view device_members[] = {
    "deviceId", "publicKey",   "displayName",           "platform",    "deviceFamily", "clientId",       "clientMode",
    "remoteIp", "role",        "certFingerprintSha256", "roles",       "scopes",       "approvedScopes", "tokens",
    "label",    "approvedVia", "lastSeenReason",        "createdAtMs", "approvedAtMs", "lastSeenAtMs"};
constexpr std::string_view token_members[] = {"token",       "role",        "scopes",      "createdAtMs",
                                              "rotatedAtMs", "revokedAtMs", "lastUsedAtMs"};

// An id that is not the hash of its key would let one device stand in the place of another.
bool is_consistent(std::string_view key, const DeviceProfile& profile) noexcept {
    const auto public_key = read_public_key(profile.public_key);
    if (!public_key) return false;
    const DeviceId id = device_id_of(*public_key);
    return key == std::string_view(id.data(), id.size()) && key == profile.id;
}

void write_members(json::Writer& out, const ExtraMembers& extra) {
    for (const auto& [name, value] : extra) out.key(name).raw(value);
}

}  // namespace

void write_optional(json::Writer& out, std::string_view name, std::string_view text) {
    if (!text.empty()) out.member(name, text);
}

void write_optional(json::Writer& out, std::string_view name, std::uint64_t time_ms) {
    if (time_ms != 0) out.member(name, time_ms);
}

void write_words(json::Writer& out, std::string_view name, std::span<const std::pmr::string> list) {
    out.key(name).begin_array();
    for (const auto& word : list) out.string(word);
    out.end_array();
}

void write_profile(json::Writer& out, const DeviceProfile& profile) {
    out.member("deviceId", std::string_view(profile.id)).member("publicKey", std::string_view(profile.public_key));
    write_optional(out, "displayName", profile.display_name);
    write_optional(out, "platform", profile.platform);
    write_optional(out, "deviceFamily", profile.device_family);
    write_optional(out, "clientId", profile.client_id);
    write_optional(out, "clientMode", profile.client_mode);
    write_optional(out, "role", profile.role);
    write_words(out, "roles", profile.roles);
    write_words(out, "scopes", profile.scopes);
    write_optional(out, "remoteIp", profile.remote_ip);
    write_optional(out, "certFingerprintSha256", profile.cert_fingerprint);
}

DeviceProfile::DeviceProfile(std::pmr::memory_resource* memory)
    : id(memory),
      public_key(memory),
      display_name(memory),
      platform(memory),
      device_family(memory),
      client_id(memory),
      client_mode(memory),
      remote_ip(memory),
      cert_fingerprint(memory),
      role(memory),
      roles(memory),
      scopes(memory) {}

Device::Device(std::pmr::memory_resource* memory)
    : DeviceProfile(memory),
      approved_scopes(memory),
      tokens{DeviceToken(memory), DeviceToken(memory)},
      label(memory),
      approved_via(memory),
      last_seen_reason(memory),
      extra(memory),
      extra_tokens(memory) {}

bool read_device(std::string_view key, json::Value value, Device& out) {
    if (!value.is(json::Kind::object)) return false;
    const RecordReader reader(value);
    reader.profile(out);
    if (!is_consistent(key, out)) return false;
    reader.words("approvedScopes", out.approved_scopes);
    reader.text("label", out.label);
    reader.text("approvedVia", out.approved_via);
    reader.text("lastSeenReason", out.last_seen_reason);
    reader.time("createdAtMs", out.created_ms);
    reader.time("approvedAtMs", out.approved_ms);
    reader.time("lastSeenAtMs", out.last_seen_ms);
    reader.others(device_members, out.extra);
    const json::Value tokens = value["tokens"];
    if (!tokens.is(json::Kind::object)) return true;
    for (json::Value one = tokens.first(); one.exists(); one = one.next()) {
        const auto role = role_of(one.key());
        if (role && !one.is(json::Kind::object)) continue;
        if (!role) {
            if (out.extra_tokens.size() < extra_count_max) out.extra_tokens.emplace_back(one.key(), one.raw());
            continue;
        }
        DeviceToken& token = out.token(*role);
        const RecordReader record(one);
        record.text("token", token.token);
        record.words("scopes", token.scopes);
        record.time("createdAtMs", token.created_ms);
        record.time("rotatedAtMs", token.rotated_ms);
        record.time("revokedAtMs", token.revoked_ms);
        record.time("lastUsedAtMs", token.last_used_ms);
        record.others(token_members, token.extra);
    }
    return true;
}

bool read_request(std::string_view key, json::Value value, PairRequest& out) {
    if (!value.is(json::Kind::object)) return false;
    const RecordReader reader(value);
    reader.profile(out);
    reader.text("requestId", out.request_id);
    reader.flag("silent", out.silent);
    reader.flag("isRepair", out.is_repair);
    reader.time("ts", out.ts_ms);
    reader.others(request_members, out.extra);
    return !key.empty() && key == out.request_id && is_consistent(out.id, out);
}

void write_stored(json::Writer& out, const Device& device) {
    out.begin_object();
    write_profile(out, device);
    write_words(out, "approvedScopes", device.approved_scopes);
    write_optional(out, "label", device.label);
    write_optional(out, "approvedVia", device.approved_via);
    out.key("tokens").begin_object();
    for (const Role role : {Role::operator_, Role::node}) {
        const DeviceToken& token = device.token(role);
        if (!token.exists()) continue;
        out.key(name_of(role)).begin_object();
        out.member("token", std::string_view(token.token)).member("role", name_of(role));
        write_words(out, "scopes", token.scopes);
        out.member("createdAtMs", token.created_ms);
        write_optional(out, "rotatedAtMs", token.rotated_ms);
        write_optional(out, "revokedAtMs", token.revoked_ms);
        write_optional(out, "lastUsedAtMs", token.last_used_ms);
        write_members(out, token.extra);
        out.end_object();
    }
    write_members(out, device.extra_tokens);
    out.end_object();
    out.member("createdAtMs", device.created_ms).member("approvedAtMs", device.approved_ms);
    write_optional(out, "lastSeenAtMs", device.last_seen_ms);
    write_optional(out, "lastSeenReason", device.last_seen_reason);
    write_members(out, device.extra);
    out.end_object();
}

void write_stored(json::Writer& out, const PairRequest& request) {
    out.begin_object().member("requestId", std::string_view(request.request_id));
    write_profile(out, request);
    out.member("silent", request.silent).member("isRepair", request.is_repair).member("ts", request.ts_ms);
    write_members(out, request.extra);
    out.end_object();
}

}  // namespace gw::auth
