// How often somebody may ask: one token bucket per credential and address.
//
//     rate_key(credential, address) ── take(key, now) ──> 0: go on | milliseconds until it may be tried again
//
// A bucket that has filled up again remembers nothing, so the one that was used longest ago gives its place to a
// newcomer as soon as it is full. While none is, newcomers share one bucket: whoever floods the table with names slows
// down strangers, never those who are known, and no memory grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace gw::auth {

[[nodiscard]] std::uint64_t rate_key(std::string_view credential, std::string_view address) noexcept;

class RateLimiter {
public:
    struct Options {
        std::uint32_t count = 100;       // so many in each window, evenly; 0: no limit
        std::uint32_t window_ms = 1000;  // at least 1
        std::uint32_t burst = 200;       // at once; at least 1
        std::uint32_t buckets_max = 4096;
    };
    // What is left after a take().
    struct Standing {
        std::uint32_t left = 0;        // so many more at once
        std::uint64_t full_in_ms = 0;  // until nothing is remembered
    };

    RateLimiter(const Options& options, std::pmr::memory_resource* memory);

    // Takes one token. 0 when there was one; else the time until there will be, at least 1. `now_ms` never goes back.
    [[nodiscard]] std::uint64_t take(std::uint64_t key, std::uint64_t now_ms, Standing* standing = nullptr);

    // What there would be to take.
    [[nodiscard]] Standing look(std::uint64_t key, std::uint64_t now_ms) noexcept;

    [[nodiscard]] const Options& options() const noexcept { return options_; }

    [[nodiscard]] std::size_t bucket_count() const noexcept { return buckets_.size(); }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct Bucket {
        std::uint64_t key = 0;
        std::uint64_t tokens = 0;     // in units of one_token()
        std::uint64_t filled_ms = 0;  // when that was so
        std::uint32_t newer = none, older = none;
        std::uint32_t chain = none;  // the next bucket with the same slot
    };

    // A bucket gains `count` units in each millisecond.
    [[nodiscard]] std::uint64_t one_token() const noexcept { return options_.window_ms; }
    [[nodiscard]] std::uint64_t time_for(std::uint64_t units) const noexcept {
        return (units + options_.count - 1) / options_.count;
    }
    [[nodiscard]] Standing standing_of(const Bucket& bucket) const noexcept;
    [[nodiscard]] std::uint64_t spend(Bucket& bucket, std::uint64_t now_ms, Standing* standing) const noexcept;
    void refill(Bucket& bucket, std::uint64_t now_ms) const noexcept;
    [[nodiscard]] std::uint32_t& slot(std::uint64_t key) noexcept { return slots_[key & (slots_.size() - 1)]; }
    [[nodiscard]] std::uint32_t find(std::uint64_t key) noexcept;
    [[nodiscard]] std::uint32_t make(std::uint64_t key, std::uint64_t now_ms);
    void forget(std::uint32_t index) noexcept;
    void link_newest(std::uint32_t index) noexcept;
    void unlink(std::uint32_t index) noexcept;

    Options options_;
    std::uint64_t full_;  // units
    std::pmr::vector<Bucket> buckets_;
    std::pmr::vector<std::uint32_t> slots_;  // the first bucket of each chain
    Bucket shared_;
    std::uint32_t newest_ = none, oldest_ = none;
};

}  // namespace gw::auth
