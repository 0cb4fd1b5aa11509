#include "exchange/answer_fields.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/text.h"

namespace gw::exchange {

namespace {

// What a log line can hold without being forged: visible ASCII.
bool is_sane_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= AnswerFields::id_bytes_max &&
           std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_request_id(std::string_view name) noexcept { return equals_ignoring_case(name, "x-request-id"); }

}  // namespace

std::size_t RequestIds::next(const crypto::Random& random, Text& out) noexcept {
    if (start_ == 0) {
        // Without randomness ids still differ from each other within this run.
        if (!random.fill(std::as_writable_bytes(std::span(&start_, 1))) || start_ == 0) start_ = 1;
    }
    char* at = out.data();
    char* const end = at + out.size();
    constexpr std::string_view prefix = "req-";
    at = std::copy(prefix.begin(), prefix.end(), at);
    at = std::to_chars(at, end, start_, 16).ptr;
    *at++ = '-';
    return static_cast<std::size_t>(std::to_chars(at, end, ++count_, 16).ptr - out.data());
}

void AnswerFields::Number::set(std::uint64_t value) noexcept {
    size = static_cast<std::size_t>(std::to_chars(text.data(), text.data() + text.size(), value).ptr - text.data());
}

void AnswerFields::begin(const http1::Headers* headers, const config::Config& config, RequestIds& ids,
                         const crypto::Random& random) noexcept {
    limited_ = false;
    origin_ = {};
    const auto& allowed = config.control_ui.allowed_origins;
    origins_vary_ = !allowed.empty();
    id_ = headers != nullptr ? headers->get_single("x-request-id").value_or(std::string_view{}) : std::string_view{};
    id_is_clients_ = is_sane_id(id_);
    if (!id_is_clients_) id_ = {made_.data(), ids.next(random, made_)};
    if (allowed.empty() || headers == nullptr) return;
    const auto origin = headers->get_single("origin");
    if (!origin) return;
    for (const auto& one : allowed) {
        if (std::string_view(one) == "*") {
            origin_ = "*";
            origins_vary_ = false;
            return;
        }
        if (equals_ignoring_case(one, *origin)) origin_ = *origin;
    }
}

void AnswerFields::set_limit(std::uint32_t limit, const auth::RateLimiter::Standing& standing,
                             std::uint64_t unix_ms) noexcept {
    limited_ = true;
    limit_.set(limit);
    left_.set(standing.left);
    reset_.set((unix_ms + standing.full_in_ms + 999) / 1000);
}

bool AnswerFields::hides(std::string_view name) const noexcept { return id_is_clients_ && is_request_id(name); }

std::size_t AnswerFields::write(http1::Header* out, std::span<const http1::Header> own, bool by_page) noexcept {
    std::size_t count = 0;
    const bool given = std::any_of(own.begin(), own.end(), [](const auto& field) { return is_request_id(field.name); });
    if (!given || id_is_clients_) out[count++] = {"X-Request-Id", id_};
    if (by_page && origins_vary_) out[count++] = {"Vary", "Origin"};
    if (by_page && for_page()) {
        out[count++] = {"Access-Control-Allow-Origin", origin_};
        out[count++] = {"Access-Control-Expose-Headers",
                        "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"};
    }
    if (limited_) {
        out[count++] = {"X-RateLimit-Limit", limit_.view()};
        out[count++] = {"X-RateLimit-Remaining", left_.view()};
        out[count++] = {"X-RateLimit-Reset", reset_.view()};
    }
    return count;
}

std::size_t write_preflight(http1::Header* out, std::string_view allow) noexcept {
    out[0] = {"Access-Control-Allow-Methods", allow};
    out[1] = {"Access-Control-Allow-Headers",
              "Authorization, Content-Type, Accept, Idempotency-Key, X-Request-Id, X-OpenClaw-Agent-Id, "
              "X-OpenClaw-Agent, X-OpenClaw-Session-Key, X-OpenClaw-Model, X-OpenClaw-Message-Channel, "
              "X-OpenClaw-Scopes, X-OpenClaw-Sender-Is-Owner, X-OpenClaw-Idempotency-Key"};
    out[2] = {"Access-Control-Max-Age", "600"};
    return 3;
}

}  // namespace gw::exchange
