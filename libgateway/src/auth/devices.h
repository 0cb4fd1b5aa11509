// Devices: who is paired, who waits for approval, and the tokens that paired devices come back with.
//
//     request() ──> pending ── approve() ──> paired ── ensure_token() ──> token ── check_token() ──> ok
//                      │ 5 minutes, reject()    │ remove()                 │ rotate(), revoke()
//
// A device is approved for roles and scopes; asking for more is a new request. Whatever must survive is on the disk
// when a call returns; when a device was last seen goes there with flush(). Every call that changes something does so
// wholly or not at all.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "auth/device_record.h"
#include "core/buffer.h"
#include "core/result.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "store/store.h"

namespace gw::auth {

inline constexpr std::uint64_t pair_request_ttl_ms = 300000;

// What a device lacks to come in as it asks to.
enum class PairReason : std::uint8_t { none, not_paired, role_upgrade, scope_upgrade, metadata_upgrade };
[[nodiscard]] std::string_view name_of(PairReason reason) noexcept;  // "not-paired", ...

enum class DeviceError : std::uint8_t {
    none,
    unknown_request,
    unknown_device,
    unknown_token,  // no such role of that device
    denied,         // the caller may not hand out what he has not got himself
    full,
    no_random,
    not_stored,
};
[[nodiscard]] std::string_view text_of(DeviceError error) noexcept;  // "unknown requestId", ...

// A device that wants in, after its signature was checked. Views; what is kept is cut to sensible lengths.
struct DeviceAsk {
    std::string_view id, public_key;  // consistent: read_public_key(), device_id_of(), public_key_text()
    std::string_view display_name, platform, device_family, client_id, client_mode;
    std::string_view remote_ip, cert_fingerprint;
    Role role = Role::operator_;
    std::span<const std::string_view> scopes;
};

class Devices {
public:
    struct Limits {
        std::size_t paired_max = 10000;
        std::size_t pending_max = 256;
        std::size_t pending_per_address_max = 16;
        std::size_t file_bytes_max = 32U << 20U;
    };
    using Paired = std::pmr::map<std::pmr::string, Device, std::less<>>;
    using Pending = std::pmr::map<std::pmr::string, PairRequest, std::less<>>;

    Devices(store::Store& store, const crypto::Random& random, BlockPool* pool, std::pmr::memory_resource* memory)
        : Devices(store, random, pool, memory, Limits()) {}
    Devices(store::Store& store, const crypto::Random& random, BlockPool* pool, std::pmr::memory_resource* memory,
            const Limits& limits);

    // Reads both files. A file that is no JSON object is put aside as devices/<name>.damaged.json, never overwritten;
    // the answer is then false and the table empty. Records that make no sense are kept in the file and not used.
    [[nodiscard]] Result<bool> load();

    [[nodiscard]] const Paired& paired() const noexcept { return paired_; }
    [[nodiscard]] const Pending& pending() const noexcept { return pending_; }  // expire() first
    [[nodiscard]] const Device* find(std::string_view device_id) const noexcept;
    // The device that was paired with this certificate: the one of that id, or without an id the only one.
    [[nodiscard]] const Device* find_by_certificate(std::string_view fingerprint,
                                                    std::optional<std::string_view> device_id) const noexcept;
    void expire(std::uint64_t now_ms);

    // --- pairing ----------------------------------------------------------------------------------------------------
    [[nodiscard]] PairReason compare(const DeviceAsk& ask) const;
    // Makes a request, or finds that of the same device that asks for no more; `created` says which. An ask for more
    // gets a new id, so that nobody approves more than he has seen.
    [[nodiscard]] DeviceError request(const DeviceAsk& ask, std::uint64_t now_ms, const PairRequest*& out,
                                      bool& created);
    // Approves what waits. With `approver` only when he has every scope that is asked for.
    [[nodiscard]] DeviceError approve(std::string_view request_id, std::optional<ScopeSet> approver,
                                      std::uint64_t now_ms, const Device*& out);
    // Approves at once, without a request that anybody sees.
    [[nodiscard]] DeviceError approve_now(const DeviceAsk& ask, std::string_view via, std::uint64_t now_ms,
                                          const Device*& out);
    // `device_id` is that of the request.
    [[nodiscard]] DeviceError reject(std::string_view request_id, std::uint64_t now_ms, std::pmr::string& device_id);
    [[nodiscard]] DeviceError remove(std::string_view device_id);
    [[nodiscard]] DeviceError rename(std::string_view device_id, std::string_view label);

    // --- tokens -----------------------------------------------------------------------------------------------------
    // The token of a paired device for a role: the one there is when it covers `scopes`, else a new one.
    [[nodiscard]] DeviceError ensure_token(std::string_view device_id, Role role,
                                           std::span<const std::pmr::string> scopes, std::uint64_t now_ms,
                                           const DeviceToken*& out);
    enum class TokenVerdict : std::uint8_t { ok, wrong, narrow };  // narrow: right, but without some of the scopes
    // Constant time in what the token is.
    [[nodiscard]] TokenVerdict check_token(std::string_view device_id, Role role, std::string_view token,
                                           std::span<const std::pmr::string> scopes, std::uint64_t now_ms);
    struct Owner {
        const Device* device = nullptr;
        Role role = Role::operator_;
    };
    // Whose live token that is; nobody's: device is null. A look-up by hash, so its time tells nothing.
    [[nodiscard]] Owner find_by_token(std::string_view token) const;
    // Without `scopes` the token keeps its own.
    [[nodiscard]] DeviceError rotate(std::string_view device_id, Role role,
                                     std::optional<std::span<const std::pmr::string>> scopes, ScopeSet caller,
                                     std::uint64_t now_ms, const Device*& out);
    [[nodiscard]] DeviceError revoke(std::string_view device_id, Role role, ScopeSet caller, std::uint64_t now_ms,
                                     const Device*& out);

    // --- what may be lost with a crash -------------------------------------------------------------------------------
    void seen(const DeviceAsk& ask, std::string_view reason, std::uint64_t now_ms);
    [[nodiscard]] bool is_dirty() const noexcept { return dirty_; }
    [[nodiscard]] Result<void> flush();

private:
    [[nodiscard]] Result<bool> load_file(std::string_view key, std::string_view aside, bool of_pending);
    void read_all(json::Value root, bool of_pending);
    [[nodiscard]] DeviceError store_paired();
    [[nodiscard]] DeviceError store_pending();
    // Puts a changed copy in the place of the record, stores, and takes it back when that fails.
    [[nodiscard]] DeviceError commit(Device& changed, const Device*& out);
    [[nodiscard]] DeviceError merge(const DeviceProfile& profile, std::string_view via, std::uint64_t now_ms,
                                    const Device*& out);
    [[nodiscard]] bool renew(DeviceToken& token, std::uint64_t now_ms);
    void make_room(std::string_view remote_ip);
    void index_tokens(const Device& device);
    void unindex_tokens(const Device& gone, const Device& stays) noexcept;
    void fill(DeviceProfile& out, const DeviceAsk& ask) const;
    [[nodiscard]] PairRequest* find_pending_of(std::string_view device_id) noexcept;

    store::Store& store_;
    crypto::Random random_;
    BlockPool* pool_;
    std::pmr::memory_resource* memory_;
    Limits limits_;
    Paired paired_;
    Pending pending_;
    ExtraMembers strange_paired_, strange_pending_;  // records that make no sense to us
    struct TokenOwner {
        explicit TokenOwner(std::pmr::memory_resource* memory) : device_id(memory) {}
        std::pmr::string device_id;
        Role role = Role::operator_;
    };
    std::pmr::map<crypto::Digest, TokenOwner> owners_;  // by the hash of a live token
    bool dirty_ = false;
};

}  // namespace gw::auth
