// How often somebody may guess: failed attempts per kind of credential and address, and a lock when they are too many.
//
//     failed(scope, source, now) ── the last `attempts_max` failures lie within the window ──> locked for `lockout_ms`
//     locked_ms(scope, source, now) ──> 0: try | milliseconds until one may try again, right credentials or wrong
//
// A success forgets what was counted. A missing credential is no guess and is not counted. The table has a bound; who
// has been quiet for longest gives his place to a newcomer. An IPv6 subscriber owns a whole /64, so that is what counts
// as one address there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "auth/client_address.h"

namespace gw::auth {

enum class LimitScope : std::uint8_t { other, shared_secret, device_token, bootstrap_token, hook };
[[nodiscard]] std::string_view name_of(LimitScope scope) noexcept;  // "default", "shared-secret", ...

class FailureLimiter {
public:
    struct Options {
        std::uint32_t attempts_max = 5;  // 1 to 100
        std::uint64_t window_ms = 900000;
        std::uint64_t lockout_ms = 900000;
        bool exempt_loopback = true;
        std::uint32_t entries_max = 10000;
    };

    // Who is counted.
    class Source {
    public:
        explicit Source(const ClientAddress& from) noexcept;
        // Pages of one origin, for limiters that do not exempt loopback: a page in a browser of this machine must not
        // lock out the programs of this machine.
        Source(const ClientAddress& from, std::string_view origin) noexcept;

    private:
        friend class FailureLimiter;
        std::uint64_t key_ = 0;
        bool loopback_ = false;
    };

    FailureLimiter(const Options& options, std::pmr::memory_resource* memory);

    [[nodiscard]] std::uint64_t locked_ms(LimitScope scope, const Source& source, std::uint64_t now_ms) const noexcept;
    void failed(LimitScope scope, const Source& source, std::uint64_t now_ms);
    void succeeded(LimitScope scope, const Source& source) noexcept;

    // For a configuration that has changed while running. Forgets everything.
    void reset(const Options& options);

    [[nodiscard]] const Options& options() const noexcept { return options_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }  // sources that are remembered

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct Entry {
        std::uint64_t key = 0;
        std::uint64_t locked_until_ms = 0;
        std::uint32_t newer = none, older = none;
        std::uint32_t chain = none;  // the next entry with the same slot, or the next free one
        std::uint32_t count = 0;     // failures in times_
    };

    [[nodiscard]] bool exempt(const Source& source) const noexcept {
        return source.loopback_ && options_.exempt_loopback;
    }
    [[nodiscard]] static std::uint64_t key_of(LimitScope scope, const Source& source) noexcept;
    [[nodiscard]] std::uint32_t slot_of(std::uint64_t key) const noexcept {
        return static_cast<std::uint32_t>(key & (slots_.size() - 1));
    }
    [[nodiscard]] std::uint32_t find(std::uint64_t key) const noexcept;
    [[nodiscard]] std::uint32_t make(std::uint64_t key);
    void forget(std::uint32_t index) noexcept;
    void link_newest(std::uint32_t index) noexcept;
    void unlink(std::uint32_t index) noexcept;

    Options options_;
    std::pmr::vector<Entry> entries_;
    std::pmr::vector<std::uint64_t> times_;  // attempts_max of each entry, oldest first
    std::pmr::vector<std::uint32_t> slots_;  // the first entry of each chain
    std::uint32_t newest_ = none, oldest_ = none, free_ = none;
    std::size_t size_ = 0;
};

// Whole seconds for a Retry-After field (RFC 9110 10.2.3), rounded up.
[[nodiscard]] constexpr std::uint64_t retry_after_seconds(std::uint64_t ms) noexcept {
    return ms / 1000 + (ms % 1000 == 0 ? 0 : 1);
}

}  // namespace gw::auth
