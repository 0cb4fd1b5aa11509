#include "auth/failure_limiter.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include "crypto/sha256.h"

namespace gw::auth {

namespace {

// Hashed, so that nobody chooses his place in the table.
std::uint64_t source_key(const ClientAddress& from, std::string_view origin) noexcept {
    crypto::Sha256 hash;
    if (const auto& address = from.client ? from.client : from.peer) {
        const std::size_t counted = address->is_v4() ? 16 : 8;
        hash.update(std::as_bytes(std::span(address->bytes)).first(counted));
    }
    // Who comes through a proxy that nobody configured is not the proxy's machine.
    hash.update(from.is_unattributed ? std::string_view("|forwarded|") : std::string_view("|direct|"));
    hash.update(origin);
    const crypto::Digest digest = hash.finish();
    std::uint64_t key = 0;
    std::memcpy(&key, digest.data(), sizeof key);
    return key;
}

}  // namespace

std::string_view name_of(LimitScope scope) noexcept {
    switch (scope) {
    case LimitScope::other: return "default";
    case LimitScope::shared_secret: return "shared-secret";
    case LimitScope::device_token: return "device-token";
    case LimitScope::bootstrap_token: return "bootstrap-token";
    case LimitScope::hook: return "hook-auth";
    }
    return "default";
}

FailureLimiter::Source::Source(const ClientAddress& from) noexcept
    : key_(source_key(from, {})), loopback_(from.is_loopback) {}

FailureLimiter::Source::Source(const ClientAddress& from, std::string_view origin) noexcept
    : key_(source_key(from, origin)), loopback_(from.is_loopback) {}

FailureLimiter::FailureLimiter(const Options& options, std::pmr::memory_resource* memory)
    : entries_(memory), times_(memory), slots_(memory) {
    reset(options);
}

void FailureLimiter::reset(const Options& options) {
    options_ = options;
    options_.attempts_max = std::clamp<std::uint32_t>(options.attempts_max, 1, 100);
    options_.entries_max = std::clamp<std::uint32_t>(options.entries_max, 1, 1U << 20U);
    entries_.clear();
    times_.clear();
    slots_.clear();  // made with the first failure: most gateways never see one
    newest_ = oldest_ = free_ = none;
    size_ = 0;
}

std::uint64_t FailureLimiter::key_of(LimitScope scope, const Source& source) noexcept {
    // An odd factor keeps different sources apart, whatever the scope.
    return (source.key_ ^ (static_cast<std::uint64_t>(scope) + 1)) * 0x9E3779B97F4A7C15U;
}

std::uint64_t FailureLimiter::locked_ms(LimitScope scope, const Source& source, std::uint64_t now_ms) const noexcept {
    if (exempt(source)) return 0;
    const std::uint32_t index = find(key_of(scope, source));
    if (index == none) return 0;
    const std::uint64_t until = entries_[index].locked_until_ms;
    return until > now_ms ? until - now_ms : 0;
}

void FailureLimiter::failed(LimitScope scope, const Source& source, std::uint64_t now_ms) {
    if (exempt(source)) return;
    const std::uint64_t key = key_of(scope, source);
    std::uint32_t index = find(key);
    if (index == none) {
        index = make(key);
    } else {
        unlink(index);
        link_newest(index);
    }
    Entry& entry = entries_[index];
    if (entry.locked_until_ms > now_ms) return;
    std::uint64_t* const times = times_.data() + static_cast<std::size_t>(index) * options_.attempts_max;
    std::uint32_t old = 0;
    while (old < entry.count && (now_ms < times[old] || now_ms - times[old] >= options_.window_ms)) ++old;
    std::copy(times + old, times + entry.count, times);
    entry.count -= old;
    times[entry.count++] = now_ms;
    if (entry.count < options_.attempts_max) return;
    entry.count = 0;  // when the lock opens, counting begins anew
    entry.locked_until_ms = now_ms + options_.lockout_ms;
}

void FailureLimiter::succeeded(LimitScope scope, const Source& source) noexcept {
    const std::uint32_t index = find(key_of(scope, source));
    if (index != none) forget(index);
}

std::uint32_t FailureLimiter::find(std::uint64_t key) const noexcept {
    if (slots_.empty()) return none;
    std::uint32_t index = slots_[slot_of(key)];
    while (index != none && entries_[index].key != key) index = entries_[index].chain;
    return index;
}

std::uint32_t FailureLimiter::make(std::uint64_t key) {
    if (slots_.empty()) slots_.assign(std::bit_ceil(options_.entries_max), none);
    if (free_ == none && entries_.size() == options_.entries_max) forget(oldest_);
    std::uint32_t index = free_;
    if (index == none) {
        index = static_cast<std::uint32_t>(entries_.size());
        // Both grow before either is used: a refused allocation leaves the table as it was.
        const std::size_t times = (entries_.size() + 1) * options_.attempts_max;
        if (times > times_.size())
            times_.resize(std::max(
                times, std::min<std::size_t>(times_.size() * 2,
                                             static_cast<std::size_t>(options_.entries_max) * options_.attempts_max)));
        entries_.emplace_back();
    } else {
        free_ = entries_[index].chain;
    }
    Entry& entry = entries_[index];
    entry = Entry{};
    entry.key = key;
    entry.chain = slots_[slot_of(key)];
    slots_[slot_of(key)] = index;
    link_newest(index);
    ++size_;
    return index;
}

void FailureLimiter::forget(std::uint32_t index) noexcept {
    std::uint32_t* at = &slots_[slot_of(entries_[index].key)];
    while (*at != index) at = &entries_[*at].chain;
    *at = entries_[index].chain;
    unlink(index);
    entries_[index].chain = free_;
    free_ = index;
    --size_;
}

void FailureLimiter::link_newest(std::uint32_t index) noexcept {
    Entry& entry = entries_[index];
    entry.newer = none;
    entry.older = newest_;
    (newest_ == none ? oldest_ : entries_[newest_].newer) = index;
    newest_ = index;
}

void FailureLimiter::unlink(std::uint32_t index) noexcept {
    const Entry& entry = entries_[index];
    (entry.newer == none ? newest_ : entries_[entry.newer].older) = entry.older;
    (entry.older == none ? oldest_ : entries_[entry.older].newer) = entry.newer;
}

}  // namespace gw::auth
