#include "auth/rate_limit.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "crypto/sha256.h"

namespace gw::auth {

std::uint64_t rate_key(std::string_view credential, std::string_view address) noexcept {
    // The length in front keeps ("ab", "c") and ("a", "bc") apart; the hash keeps clients from choosing their slot.
    crypto::Sha256 hash;
    const std::uint64_t size = credential.size();
    hash.update(std::as_bytes(std::span(&size, 1)));
    hash.update(credential);
    hash.update(address);
    const crypto::Digest digest = hash.finish();
    std::uint64_t key = 0;
    std::memcpy(&key, digest.data(), sizeof key);
    return key;
}

RateLimiter::RateLimiter(const Options& options, std::pmr::memory_resource* memory)
    : options_(options), full_(0), buckets_(memory), slots_(memory) {
    options_.window_ms = std::max<std::uint32_t>(options_.window_ms, 1);
    full_ = std::max<std::uint64_t>(options_.burst, 1) * one_token();
    options_.buckets_max = std::clamp<std::uint32_t>(options.buckets_max, 1, 1U << 20U);
    slots_.assign(std::bit_ceil(options_.buckets_max), none);
    shared_.tokens = full_;
}

std::uint64_t RateLimiter::take(std::uint64_t key, std::uint64_t now_ms, Standing* standing) {
    if (options_.count == 0) return 0;
    std::uint32_t index = find(key);
    if (index == none) index = make(key, now_ms);
    if (index == none) return spend(shared_, now_ms, standing);
    unlink(index);
    link_newest(index);
    return spend(buckets_[index], now_ms, standing);
}

void RateLimiter::refill(Bucket& bucket, std::uint64_t now_ms) const noexcept {
    if (now_ms <= bucket.filled_ms) return;
    const std::uint64_t passed_ms = now_ms - bucket.filled_ms;
    const std::uint64_t missing = full_ - bucket.tokens;
    bucket.tokens = passed_ms > missing / options_.count ? full_ : bucket.tokens + passed_ms * options_.count;
    bucket.filled_ms = now_ms;
}

std::uint64_t RateLimiter::spend(Bucket& bucket, std::uint64_t now_ms, Standing* standing) const noexcept {
    refill(bucket, now_ms);
    const bool there = bucket.tokens >= one_token();
    if (there) bucket.tokens -= one_token();
    if (standing != nullptr) *standing = standing_of(bucket);
    return there ? 0 : time_for(one_token() - bucket.tokens);
}

RateLimiter::Standing RateLimiter::standing_of(const Bucket& bucket) const noexcept {
    return {static_cast<std::uint32_t>(bucket.tokens / one_token()), time_for(full_ - bucket.tokens)};
}

RateLimiter::Standing RateLimiter::look(std::uint64_t key, std::uint64_t now_ms) noexcept {
    const std::uint32_t index = find(key);
    if (index == none) {
        if (buckets_.size() >= options_.buckets_max) return standing_of(shared_);
        return {static_cast<std::uint32_t>(full_ / one_token()), 0};
    }
    refill(buckets_[index], now_ms);
    return standing_of(buckets_[index]);
}

std::uint32_t RateLimiter::find(std::uint64_t key) noexcept {
    std::uint32_t index = slot(key);
    while (index != none && buckets_[index].key != key) index = buckets_[index].chain;
    return index;
}

std::uint32_t RateLimiter::make(std::uint64_t key, std::uint64_t now_ms) {
    std::uint32_t index = static_cast<std::uint32_t>(buckets_.size());
    if (index < options_.buckets_max) {
        buckets_.emplace_back();
    } else {
        index = oldest_;
        refill(buckets_[index], now_ms);
        if (buckets_[index].tokens < full_) return none;
        forget(index);
    }
    Bucket& bucket = buckets_[index];
    bucket.key = key;
    bucket.tokens = full_;
    bucket.filled_ms = now_ms;
    bucket.chain = slot(key);
    slot(key) = index;
    link_newest(index);
    return index;
}

void RateLimiter::forget(std::uint32_t index) noexcept {
    std::uint32_t* at = &slot(buckets_[index].key);
    while (*at != index) at = &buckets_[*at].chain;
    *at = buckets_[index].chain;
    unlink(index);
}

void RateLimiter::link_newest(std::uint32_t index) noexcept {
    Bucket& bucket = buckets_[index];
    bucket.newer = none;
    bucket.older = newest_;
    (newest_ == none ? oldest_ : buckets_[newest_].newer) = index;
    newest_ = index;
}

void RateLimiter::unlink(std::uint32_t index) noexcept {
    const Bucket& bucket = buckets_[index];
    (bucket.newer == none ? newest_ : buckets_[bucket.newer].older) = bucket.older;
    (bucket.older == none ? oldest_ : buckets_[bucket.older].newer) = bucket.newer;
}

}  // namespace gw::auth
