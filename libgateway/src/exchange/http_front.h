// HttpFront: what the requests of all connections share: their ids, and how often each caller may come.
//
//     /api/*                            limited, 100 requests in 60 s unless gateway.http.rateLimit says otherwise
//     /v1/*, /tools/*, /hooks/*         limited with its scope "all"
//     probes, pages, the proxy          never; the proxy has a limit of its own
#pragma once

#include <memory_resource>
#include <optional>
#include <string_view>

#include "auth/rate_limit.h"
#include "config/config.h"
#include "endpoint/error_form.h"
#include "exchange/answer_fields.h"

namespace gw::exchange {

class HttpFront {
public:
    explicit HttpFront(std::pmr::memory_resource* memory) : memory_(memory) {}
    // Once, with the configuration that the gateway starts from.
    void configure(const config::Config& config);

    // The limiter of a path; null: it has none. `form` is that of its errors.
    [[nodiscard]] auth::RateLimiter* limiter_of(std::string_view path, endpoint::ErrorForm form) noexcept;

    RequestIds ids;

private:
    std::pmr::memory_resource* memory_;
    std::optional<auth::RateLimiter> limiter_;
    bool everywhere_ = false;
};

}  // namespace gw::exchange
