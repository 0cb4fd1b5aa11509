#include "auth/devices.h"

#include <algorithm>

#include "auth/device_identity.h"
#include "core/text.h"
#include "crypto/compare.h"

namespace gw::auth {

namespace {

constexpr std::string_view paired_key = "devices/paired.json";
constexpr std::string_view paired_aside = "devices/paired.damaged.json";
constexpr std::string_view pending_key = "devices/pending.json";
constexpr std::string_view pending_aside = "devices/pending.damaged.json";
constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t token_bytes = 32;
constexpr std::size_t strange_count_max = 1000;

// Platform and family are pinned when a device is paired; spelling does not matter, as in what is signed.
bool is_same_word(std::string_view a, std::string_view b) noexcept { return equals_ignoring_case(trim(a), trim(b)); }
bool is_pinned_otherwise(std::string_view pinned, std::string_view claimed) noexcept {
    return !trim(pinned).empty() && !is_same_word(pinned, claimed);
}

// Whether `wanted` asks for nothing that `known` does not have.
bool asks_no_more(const DeviceProfile& wanted, const DeviceProfile& known) noexcept {
    for (const auto& role : wanted.roles) {
        if (!has_word(known.roles, role)) return false;
    }
    return scopes_cover(known.scopes, wanted.scopes) && is_same_word(wanted.platform, known.platform) &&
           is_same_word(wanted.device_family, known.device_family) && wanted.cert_fingerprint == known.cert_fingerprint;
}

template <typename Map>
Result<void> put_all(store::Store& store, std::string_view key, BlockPool* pool, const Map& map,
                     const ExtraMembers& strange) {
    Buffer text(pool);
    json::Writer writer(text);
    writer.begin_object();
    for (const auto& [id, record] : map) {
        writer.key(id);
        write_stored(writer, record);
    }
    for (const auto& [id, raw] : strange) {
        // One that makes sense has taken its place since; a key that is there twice would make the file unreadable.
        if (map.find(id) == map.end()) writer.key(id).raw(raw);
    }
    writer.end_object();
    const auto done = store.put(key, text.text());
    crypto::wipe(text.mutable_bytes());
    return done;
}

}  // namespace

std::string_view name_of(PairReason reason) noexcept {
    switch (reason) {
    case PairReason::none: break;
    case PairReason::not_paired: return "not-paired";
    case PairReason::role_upgrade: return "role-upgrade";
    case PairReason::scope_upgrade: return "scope-upgrade";
    case PairReason::metadata_upgrade: return "metadata-upgrade";
    }
    return {};
}

std::string_view text_of(DeviceError error) noexcept {
    switch (error) {
    case DeviceError::none: break;
    case DeviceError::unknown_request: return "unknown requestId";
    case DeviceError::unknown_device: return "unknown deviceId";
    case DeviceError::unknown_token: return "unknown deviceId/role";
    case DeviceError::denied: return "the caller has not got all of these scopes itself";
    case DeviceError::full: return "too many devices are paired";
    case DeviceError::no_random: return "no randomness for a token";
    case DeviceError::not_stored: return "the devices cannot be stored";
    }
    return {};
}

Devices::Devices(store::Store& store, const crypto::Random& random, BlockPool* pool, std::pmr::memory_resource* memory,
                 const Limits& limits)
    : store_(store),
      random_(random),
      pool_(pool),
      memory_(memory),
      limits_(limits),
      paired_(memory),
      pending_(memory),
      strange_paired_(memory),
      strange_pending_(memory),
      owners_(memory) {}

// --- files -------------------------------------------------------------------------------------------------------

Result<bool> Devices::load() {
    const auto paired = load_file(paired_key, paired_aside, false);
    if (!paired) return paired.error();
    const auto pending = load_file(pending_key, pending_aside, true);
    if (!pending) return pending.error();
    return *paired && *pending;
}

Result<bool> Devices::load_file(std::string_view key, std::string_view aside, bool of_pending) {
    Buffer text(pool_);
    const auto there = store_.get(key, text);
    if (!there) return there.error();
    if (!*there) return true;
    json::Document document(memory_);
    json::Limits limits;
    limits.bytes_max = limits_.file_bytes_max;
    limits.depth_max = 32;
    const bool whole = document.parse(text.text(), limits) && document.root().is(json::Kind::object);
    if (whole) {
        read_all(document.root(), of_pending);
    } else if (const auto kept = store_.put(aside, text.text()); !kept) {
        return kept.error();
    }
    crypto::wipe(text.mutable_bytes());
    return whole;
}

void Devices::read_all(json::Value root, bool of_pending) {
    for (json::Value one = root.first(); one.exists(); one = one.next()) {
        ExtraMembers& strange = of_pending ? strange_pending_ : strange_paired_;
        if (of_pending) {
            PairRequest request(memory_);
            if (read_request(one.key(), one, request)) {
                if (pending_.size() < limits_.pending_max) pending_.try_emplace(request.request_id, std::move(request));
                continue;
            }
        } else {
            Device device(memory_);
            if (paired_.size() < limits_.paired_max && read_device(one.key(), one, device)) {
                const auto [at, added] = paired_.try_emplace(device.id, std::move(device));
                if (added) index_tokens(at->second);
                continue;
            }
        }
        if (strange.size() < strange_count_max) strange.emplace_back(one.key(), one.raw());
    }
}

DeviceError Devices::store_paired() {
    if (!put_all(store_, paired_key, pool_, paired_, strange_paired_)) return DeviceError::not_stored;
    dirty_ = false;
    return DeviceError::none;
}

DeviceError Devices::store_pending() {
    return put_all(store_, pending_key, pool_, pending_, strange_pending_) ? DeviceError::none
                                                                           : DeviceError::not_stored;
}

Result<void> Devices::flush() {
    if (!dirty_) return {};
    const auto done = put_all(store_, paired_key, pool_, paired_, strange_paired_);
    if (done) dirty_ = false;
    return done;
}

DeviceError Devices::commit(Device& changed, const Device*& out) {
    const auto [at, added] = paired_.try_emplace(changed.id, memory_);
    Device& record = at->second;
    std::swap(record, changed);  // one memory resource: nothing is copied
    const auto undo = [&, at = at, added = added]() noexcept {
        std::swap(record, changed);
        unindex_tokens(changed, record);
        if (added) paired_.erase(at);
    };
    DeviceError error = DeviceError::not_stored;
    try {
        index_tokens(record);
        error = store_paired();
    } catch (...) {
        undo();
        throw;
    }
    if (error != DeviceError::none) {
        undo();
        return error;
    }
    unindex_tokens(changed, record);
    out = &record;
    return DeviceError::none;
}

void Devices::index_tokens(const Device& device) {
    for (const Role role : {Role::operator_, Role::node}) {
        const DeviceToken& token = device.token(role);
        if (!token.is_live()) continue;
        TokenOwner& owner = owners_.try_emplace(crypto::sha256(std::string_view(token.token)), memory_).first->second;
        owner.device_id = device.id;
        owner.role = role;
    }
}

// Forgets the tokens of one state of a record that are not live in the other.
void Devices::unindex_tokens(const Device& gone, const Device& stays) noexcept {
    for (const Role role : {Role::operator_, Role::node}) {
        const DeviceToken& token = gone.token(role);
        const DeviceToken& other = stays.token(role);
        if (!token.exists() || (other.is_live() && other.token == token.token)) continue;
        owners_.erase(crypto::sha256(std::string_view(token.token)));
    }
}

// --- looking -----------------------------------------------------------------------------------------------------

const Device* Devices::find(std::string_view device_id) const noexcept {
    const auto found = paired_.find(device_id);
    return found == paired_.end() ? nullptr : &found->second;
}

const Device* Devices::find_by_certificate(std::string_view fingerprint,
                                           std::optional<std::string_view> device_id) const noexcept {
    if (fingerprint.empty()) return nullptr;
    if (device_id) {
        const Device* const device = find(*device_id);
        return device != nullptr && equals_ignoring_case(device->cert_fingerprint, fingerprint) ? device : nullptr;
    }
    const Device* only = nullptr;
    for (const auto& [id, device] : paired_) {
        if (!equals_ignoring_case(device.cert_fingerprint, fingerprint)) continue;
        if (only != nullptr) return nullptr;  // programs of one machine that share its certificate
        only = &device;
    }
    return only;
}

PairRequest* Devices::find_pending_of(std::string_view device_id) noexcept {
    for (auto& [id, request] : pending_) {
        if (request.id == device_id) return &request;
    }
    return nullptr;
}

void Devices::expire(std::uint64_t now_ms) {
    std::erase_if(pending_, [&](const auto& entry) {
        const std::uint64_t since = entry.second.ts_ms;
        return now_ms >= since ? now_ms - since >= pair_request_ttl_ms : since - now_ms > pair_request_ttl_ms;
    });
}

PairReason Devices::compare(const DeviceAsk& ask) const {
    const Device* const device = find(ask.id);
    if (device == nullptr || device->public_key != ask.public_key) return PairReason::not_paired;
    if (!has_word(device->roles, name_of(ask.role))) return PairReason::role_upgrade;
    // Before scopes: more scopes may be approved silently, and that must not unpin anything.
    if (is_pinned_otherwise(device->platform, ask.platform) ||
        is_pinned_otherwise(device->device_family, ask.device_family))
        return PairReason::metadata_upgrade;
    if (ask.role == Role::operator_ && !scopes_cover(device->approved(), copy_scopes(ask.scopes, memory_)))
        return PairReason::scope_upgrade;
    return PairReason::none;
}

// --- pairing -----------------------------------------------------------------------------------------------------

void Devices::fill(DeviceProfile& out, const DeviceAsk& ask) const {
    out.id = ask.id;
    out.public_key = ask.public_key;
    const auto take = [](std::pmr::string& to, std::string_view from) { to = cut_utf8(trim(from), name_bytes_max); };
    take(out.display_name, ask.display_name);
    take(out.platform, ask.platform);
    take(out.device_family, ask.device_family);
    take(out.client_id, ask.client_id);
    take(out.client_mode, ask.client_mode);
    take(out.remote_ip, ask.remote_ip);
    take(out.cert_fingerprint, ask.cert_fingerprint);
    out.role = name_of(ask.role);
    out.roles.clear();
    out.roles.emplace_back(name_of(ask.role));
    out.scopes.clear();
    if (ask.role == Role::operator_) out.scopes = copy_scopes(ask.scopes, memory_);
}

// The oldest request of the same address goes when it has too many, else the oldest of all when there are too many.
void Devices::make_room(std::string_view remote_ip) {
    auto oldest = pending_.end(), oldest_of_address = pending_.end();
    std::size_t of_address = 0;
    for (auto at = pending_.begin(); at != pending_.end(); ++at) {
        if (oldest == pending_.end() || at->second.ts_ms < oldest->second.ts_ms) oldest = at;
        if (at->second.remote_ip != remote_ip) continue;
        ++of_address;
        if (oldest_of_address == pending_.end() || at->second.ts_ms < oldest_of_address->second.ts_ms)
            oldest_of_address = at;
    }
    if (of_address >= limits_.pending_per_address_max) {
        pending_.erase(oldest_of_address);
    } else if (pending_.size() >= limits_.pending_max && oldest != pending_.end()) {
        pending_.erase(oldest);
    }
}

DeviceError Devices::request(const DeviceAsk& ask, std::uint64_t now_ms, const PairRequest*& out, bool& created) {
    expire(now_ms);
    PairRequest fresh(memory_);
    fill(fresh, ask);
    fresh.ts_ms = now_ms;
    fresh.is_repair = find(ask.id) != nullptr;
    created = false;
    if (PairRequest* const known = find_pending_of(ask.id)) {
        if (asks_no_more(fresh, *known)) {
            known->ts_ms = now_ms;
            out = known;
            return store_pending();
        }
        // What was asked for before is still wanted.
        merge_scopes(fresh.roles, known->roles);
        merge_scopes(fresh.scopes, known->scopes);
        pending_.erase(pending_.find(known->request_id));
    } else {
        make_room(fresh.remote_ip);
    }
    const auto id = crypto::random_uuid(random_);
    if (!id) return DeviceError::no_random;
    fresh.request_id.assign(id->data(), id->size());
    std::pmr::string key(fresh.request_id, memory_);
    const auto [at, added] = pending_.try_emplace(std::move(key), std::move(fresh));
    out = &at->second;
    created = true;
    return store_pending();
}

bool Devices::renew(DeviceToken& token, std::uint64_t now_ms) {
    auto text = crypto::random_base64url(random_, token_bytes, memory_);
    if (!text) return false;
    crypto::wipe(token.token);
    token.token = std::move(*text);
    if (token.created_ms == 0) {
        token.created_ms = now_ms;
    } else {
        token.rotated_ms = now_ms;
    }
    token.revoked_ms = 0;
    token.last_used_ms = 0;
    return true;
}

DeviceError Devices::merge(const DeviceProfile& profile, std::string_view via, std::uint64_t now_ms,
                           const Device*& out) {
    Device changed(memory_);
    const Device* const known = find(profile.id);
    if (known == nullptr && paired_.size() >= limits_.paired_max) return DeviceError::full;
    if (known != nullptr) {
        changed = *known;
    } else {
        changed.created_ms = now_ms;
        changed.role = profile.role;
    }
    ScopeList roles(memory_), scopes(memory_), approved(memory_);
    roles = changed.roles;
    scopes = changed.scopes;
    approved.assign(changed.approved().begin(), changed.approved().end());
    merge_scopes(roles, profile.roles);
    merge_scopes(scopes, profile.scopes);
    merge_scopes(approved, profile.scopes);
    const std::pmr::string first_role(changed.role, memory_);
    static_cast<DeviceProfile&>(changed) = profile;
    changed.role = first_role;
    changed.roles = std::move(roles);
    changed.scopes = std::move(scopes);
    changed.approved_scopes = std::move(approved);
    if (changed.cert_fingerprint.empty() && known != nullptr) changed.cert_fingerprint = known->cert_fingerprint;
    changed.approved_ms = now_ms;
    changed.approved_via = via;
    for (const auto& word : profile.roles) {
        const auto role = role_of(word);
        if (!role) continue;
        DeviceToken& token = changed.token(*role);
        token.scopes = *role == Role::node ? ScopeList(memory_) : normalised_scopes(changed.approved_scopes, memory_);
        if (!renew(token, now_ms)) return DeviceError::no_random;
    }
    return commit(changed, out);
}

DeviceError Devices::approve(std::string_view request_id, std::optional<ScopeSet> approver, std::uint64_t now_ms,
                             const Device*& out) {
    expire(now_ms);
    const auto found = pending_.find(request_id);
    if (found == pending_.end()) return DeviceError::unknown_request;
    if (approver) {
        for (const auto& scope : found->second.scopes) {
            if (!approver->allows(std::string_view(scope))) return DeviceError::denied;
        }
    }
    if (const DeviceError error = merge(found->second, "operator", now_ms, out); error != DeviceError::none)
        return error;
    pending_.erase(found);
    // A request that is written twice does no harm: it expires.
    static_cast<void>(store_pending());
    return DeviceError::none;
}

DeviceError Devices::approve_now(const DeviceAsk& ask, std::string_view via, std::uint64_t now_ms, const Device*& out) {
    DeviceProfile profile(memory_);
    fill(profile, ask);
    if (const DeviceError error = merge(profile, via, now_ms, out); error != DeviceError::none) return error;
    if (const PairRequest* const waits = find_pending_of(ask.id); waits != nullptr && asks_no_more(*waits, *out)) {
        pending_.erase(pending_.find(waits->request_id));
        static_cast<void>(store_pending());
    }
    return DeviceError::none;
}

DeviceError Devices::reject(std::string_view request_id, std::uint64_t now_ms, std::pmr::string& device_id) {
    expire(now_ms);
    const auto found = pending_.find(request_id);
    if (found == pending_.end()) return DeviceError::unknown_request;
    device_id = found->second.id;
    pending_.erase(found);
    return store_pending();
}

DeviceError Devices::remove(std::string_view device_id) {
    const auto found = paired_.find(device_id);
    if (found == paired_.end()) return DeviceError::unknown_device;
    auto node = paired_.extract(found);
    DeviceError error = DeviceError::not_stored;
    try {
        error = store_paired();
    } catch (...) {
        paired_.insert(std::move(node));
        throw;
    }
    if (error == DeviceError::none) {
        unindex_tokens(node.mapped(), Device(memory_));
    } else {
        paired_.insert(std::move(node));
    }
    return error;
}

DeviceError Devices::rename(std::string_view device_id, std::string_view label) {
    const Device* const device = find(device_id);
    if (device == nullptr) return DeviceError::unknown_device;
    Device changed(memory_);
    changed = *device;
    changed.label = cut_utf8(trim(label), name_bytes_max);
    const Device* out = nullptr;
    return commit(changed, out);
}

// --- tokens ------------------------------------------------------------------------------------------------------

DeviceError Devices::ensure_token(std::string_view device_id, Role role, std::span<const std::pmr::string> scopes,
                                  std::uint64_t now_ms, const DeviceToken*& out) {
    const Device* device = find(device_id);
    if (device == nullptr) return DeviceError::unknown_device;
    const DeviceToken& token = device->token(role);
    if (!token.is_live() || (role == Role::operator_ && !scopes_cover(token.scopes, scopes))) {
        Device changed(memory_);
        changed = *device;
        DeviceToken& renewed = changed.token(role);
        renewed.scopes = role == Role::node ? ScopeList(memory_) : normalised_scopes(scopes, memory_);
        if (!renew(renewed, now_ms)) return DeviceError::no_random;
        if (const DeviceError error = commit(changed, device); error != DeviceError::none) return error;
    }
    out = &device->token(role);
    return DeviceError::none;
}

Devices::TokenVerdict Devices::check_token(std::string_view device_id, Role role, std::string_view token,
                                           std::span<const std::pmr::string> scopes, std::uint64_t now_ms) {
    const auto found = paired_.find(device_id);
    if (found == paired_.end() || token.empty()) return TokenVerdict::wrong;
    DeviceToken& known = found->second.token(role);
    if (!known.is_live() || !crypto::equal_secrets(token, std::string_view(known.token))) return TokenVerdict::wrong;
    known.last_used_ms = now_ms;
    dirty_ = true;
    return role == Role::node || scopes_cover(known.scopes, scopes) ? TokenVerdict::ok : TokenVerdict::narrow;
}

Devices::Owner Devices::find_by_token(std::string_view token) const {
    const auto found = owners_.find(crypto::sha256(token));
    if (token.empty() || found == owners_.end()) return {};
    const Device* const device = find(found->second.device_id);
    if (device == nullptr) return {};
    const DeviceToken& known = device->token(found->second.role);
    if (!known.is_live() || !crypto::equal_secrets(token, std::string_view(known.token))) return {};
    return {device, found->second.role};
}

DeviceError Devices::rotate(std::string_view device_id, Role role,
                            std::optional<std::span<const std::pmr::string>> scopes, ScopeSet caller,
                            std::uint64_t now_ms, const Device*& out) {
    const Device* const device = find(device_id);
    if (device == nullptr || !device->token(role).exists()) return DeviceError::unknown_token;
    Device changed(memory_);
    changed = *device;
    DeviceToken& token = changed.token(role);
    if (scopes && role == Role::operator_) {
        if (!scopes_cover(device->approved(), *scopes)) return DeviceError::denied;
        token.scopes = normalised_scopes(*scopes, memory_);
    }
    for (const auto& scope : token.scopes) {
        if (!caller.allows(std::string_view(scope))) return DeviceError::denied;
    }
    if (!renew(token, now_ms)) return DeviceError::no_random;
    token.rotated_ms = now_ms;
    return commit(changed, out);
}

DeviceError Devices::revoke(std::string_view device_id, Role role, ScopeSet caller, std::uint64_t now_ms,
                            const Device*& out) {
    const Device* const device = find(device_id);
    if (device == nullptr || !device->token(role).exists()) return DeviceError::unknown_token;
    for (const auto& scope : device->token(role).scopes) {
        if (!caller.allows(std::string_view(scope))) return DeviceError::denied;
    }
    Device changed(memory_);
    changed = *device;
    changed.token(role).revoked_ms = now_ms;
    return commit(changed, out);
}

void Devices::seen(const DeviceAsk& ask, std::string_view reason, std::uint64_t now_ms) {
    const auto found = paired_.find(ask.id);
    if (found == paired_.end()) return;
    Device& device = found->second;
    device.last_seen_reason = reason;
    if (!ask.display_name.empty()) device.display_name = cut_utf8(trim(ask.display_name), name_bytes_max);
    if (!ask.client_id.empty()) device.client_id = cut_utf8(ask.client_id, name_bytes_max);
    if (!ask.client_mode.empty()) device.client_mode = cut_utf8(ask.client_mode, name_bytes_max);
    device.remote_ip = ask.remote_ip;
    device.last_seen_ms = now_ms;
    dirty_ = true;
}

}  // namespace gw::auth
