#include "exchange/http_front.h"

namespace gw::exchange {

void HttpFront::configure(const config::Config& config) {
    const config::HttpRateLimit& limit = config.http_rate_limit;
    everywhere_ = limit.everywhere;
    if (limit.requests == 0) return;
    limiter_.emplace(
        auth::RateLimiter::Options{.count = limit.requests, .window_ms = limit.window_ms, .burst = limit.requests},
        memory_);
}

auth::RateLimiter* HttpFront::limiter_of(std::string_view path, endpoint::ErrorForm form) noexcept {
    if (!limiter_) return nullptr;
    switch (form) {
    case endpoint::ErrorForm::envelope: return &*limiter_;
    case endpoint::ErrorForm::tools:
    case endpoint::ErrorForm::hook: return everywhere_ ? &*limiter_ : nullptr;
    case endpoint::ErrorForm::openai: break;
    }
    return everywhere_ && path.starts_with("/v1/") ? &*limiter_ : nullptr;
}

}  // namespace gw::exchange
