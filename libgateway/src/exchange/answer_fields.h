// AnswerFields: what every answer to a request carries beside its own fields: the id of the request, which pages may
// read it, and how many more requests its sender has.
//
//     head ── begin() ──► X-Request-Id: the client's own, or a new one
//                         Access-Control-*: for origins of gateway.controlUi.allowedOrigins (Fetch standard 3.2.5)
//     a turn of the rate limit ── set_limit() ──► X-RateLimit-Limit, -Remaining, -Reset
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "auth/rate_limit.h"
#include "config/config.h"
#include "crypto/random.h"
#include "http1/http1.h"

namespace gw::exchange {

// Names for requests whose clients give none: unlike those of any other gateway, and of this one before.
class RequestIds {
public:
    using Text = std::array<char, 40>;
    // Writes the next one; how long it is.
    std::size_t next(const crypto::Random& random, Text& out) noexcept;

private:
    std::uint64_t start_ = 0;  // what this run of the gateway begins with; 0: not drawn yet
    std::uint64_t count_ = 0;
};

class AnswerFields {
public:
    static constexpr std::size_t id_bytes_max = 128;
    static constexpr std::size_t count_max = 7;

    // For the next request; null: what came was none. The view of a client's id is one into its head.
    void begin(const http1::Headers* headers, const config::Config& config, RequestIds& ids,
               const crypto::Random& random) noexcept;
    void set_limit(std::uint32_t limit, const auth::RateLimiter::Standing& standing, std::uint64_t unix_ms) noexcept;
    [[nodiscard]] bool has_limit() const noexcept { return limited_; }

    [[nodiscard]] std::string_view id() const noexcept { return id_; }
    // A page of an origin that may read answers asks.
    [[nodiscard]] bool for_page() const noexcept { return !origin_.empty(); }

    // Writes the fields to `out`, which has room for count_max, and returns how many they are. `own`: those that the
    // answer has itself. The id of an upstream is one, and goes out instead of ours where the client gave none.
    // `by_page`: with what a page needs.
    std::size_t write(http1::Header* out, std::span<const http1::Header> own, bool by_page) noexcept;
    // Whether a field of the answer's own is to be left out: an id beside the client's.
    [[nodiscard]] bool hides(std::string_view name) const noexcept;

private:
    RequestIds::Text made_{};
    std::string_view id_;
    bool id_is_clients_ = false;
    std::string_view origin_;    // for Access-Control-Allow-Origin; empty: none
    bool origins_vary_ = false;  // caches must tell answers for different origins apart
    bool limited_ = false;
    struct Number {
        std::array<char, 20> text{};
        std::size_t size = 0;
        void set(std::uint64_t value) noexcept;
        [[nodiscard]] std::string_view view() const noexcept { return {text.data(), size}; }
    };
    Number limit_, left_, reset_;
};

// What a page may do that asked before it sends: the answer to a preflight (Fetch standard 4.8). `allow` is the list of
// methods of the path. Writes at most three fields.
std::size_t write_preflight(http1::Header* out, std::string_view allow) noexcept;

}  // namespace gw::exchange
