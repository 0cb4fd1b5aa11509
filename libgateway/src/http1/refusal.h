// Refusal: why a message cannot be read, with the HTTP status that answers it. One that is not set means "fine".
#pragma once

#include <string_view>

#include "core/result.h"

namespace gw::http1 {

struct Refusal {
    int http_status = 0;  // what a server answers; a client only looks whether it is 0
    gw_status status = GW_OK;
    std::string_view what;  // static text

    [[nodiscard]] explicit operator bool() const noexcept { return http_status != 0; }
    [[nodiscard]] Error error() const noexcept { return {status, 0, what}; }

    // 413, 414 and 431 are limits of ours, everything else is the peer's mistake.
    [[nodiscard]] static constexpr Refusal with(int http_status, std::string_view what) noexcept {
        const bool limit = http_status == 413 || http_status == 414 || http_status == 431;
        return {http_status, limit ? GW_ERR_LIMIT : GW_ERR_PROTOCOL, what};
    }
    [[nodiscard]] static constexpr Refusal truncated() noexcept {
        return {400, GW_ERR_TRUNCATED, "the connection ended inside a message"};
    }
};

}  // namespace gw::http1
