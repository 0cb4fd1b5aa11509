// What is remembered about devices: the values behind devices/paired.json and devices/pending.json.
//
//     pending.json { requestId: PairRequest }      paired.json { deviceId: Device { tokens { role: DeviceToken } } }
//
// The layout is OpenClaw's, so that a state directory can be taken over and given back. Members that this gateway does
// not know are kept and written again.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/scopes.h"
#include "json/json.h"

namespace gw::auth {

// Members as they were read, each with its JSON text.
using ExtraMembers = std::pmr::vector<std::pair<std::pmr::string, std::pmr::string>>;

// What a device says of itself, and what it wants to be.
struct DeviceProfile {
    explicit DeviceProfile(std::pmr::memory_resource* memory);

    std::pmr::string id, public_key;  // the hash of the key in hexadecimal; the key in base64url
    std::pmr::string display_name, platform, device_family, client_id, client_mode;
    std::pmr::string remote_ip;  // empty: from this machine
    std::pmr::string
        cert_fingerprint;   // SHA-256 of a client certificate that TLS has verified, hexadecimal; may be empty
    std::pmr::string role;  // of the first pairing
    ScopeList roles;
    ScopeList scopes;  // as they were asked for
};

struct DeviceToken {
    explicit DeviceToken(std::pmr::memory_resource* memory) : token(memory), scopes(memory), extra(memory) {}

    [[nodiscard]] bool exists() const noexcept { return !token.empty(); }
    [[nodiscard]] bool is_live() const noexcept { return exists() && revoked_ms == 0; }
    [[nodiscard]] std::uint64_t issued_ms() const noexcept { return rotated_ms != 0 ? rotated_ms : created_ms; }

    std::pmr::string token;                                                          // secret
    ScopeList scopes;                                                                // normalised
    std::uint64_t created_ms = 0, rotated_ms = 0, revoked_ms = 0, last_used_ms = 0;  // 0: never
    ExtraMembers extra;
};

struct Device : DeviceProfile {
    explicit Device(std::pmr::memory_resource* memory);

    [[nodiscard]] DeviceToken& token(Role of) noexcept { return tokens[static_cast<std::size_t>(of)]; }
    [[nodiscard]] const DeviceToken& token(Role of) const noexcept { return tokens[static_cast<std::size_t>(of)]; }
    [[nodiscard]] std::span<const std::pmr::string> approved() const noexcept {
        return approved_scopes.empty() ? std::span<const std::pmr::string>(scopes) : approved_scopes;
    }

    ScopeList approved_scopes;
    std::array<DeviceToken, 2> tokens;  // by role
    std::pmr::string label;             // what an operator calls it
    std::pmr::string approved_via;      // "silent", "operator", "bootstrap"; may be empty
    std::pmr::string last_seen_reason;
    std::uint64_t created_ms = 0, approved_ms = 0, last_seen_ms = 0;
    ExtraMembers extra, extra_tokens;  // the latter: tokens of roles that we do not know
};

struct PairRequest : DeviceProfile {
    explicit PairRequest(std::pmr::memory_resource* memory)
        : DeviceProfile(memory), request_id(memory), extra(memory) {}

    std::pmr::string request_id;
    bool silent = false;
    bool is_repair = false;  // the device is paired already and wants more
    std::uint64_t ts_ms = 0;
    ExtraMembers extra;
};

// False when the value is no such record: its key must be the id, and the id the hash of the public key.
[[nodiscard]] bool read_device(std::string_view key, json::Value value, Device& out);
[[nodiscard]] bool read_request(std::string_view key, json::Value value, PairRequest& out);

// Members of JSON objects, for everything that writes records: those that are empty or 0 are left out.
void write_optional(json::Writer& out, std::string_view name, std::string_view text);
void write_optional(json::Writer& out, std::string_view name, std::uint64_t time_ms);
void write_words(json::Writer& out, std::string_view name, std::span<const std::pmr::string> list);
void write_profile(json::Writer& out, const DeviceProfile& profile);

// As they are stored: with tokens.
void write_stored(json::Writer& out, const Device& device);
void write_stored(json::Writer& out, const PairRequest& request);

}  // namespace gw::auth
