// Which URLs of clients are fetched: asked before the fetch and again for every redirect.
//
//     URL, rules ── judge_url() ──> Url, or why not
//     base, Location ── resolve_reference() ──> URL ── judge_url() ──> ...
//
// Names are not looked up here. What a name leads to is checked where it is dialled (upstream/address.h, with reach()).
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "upstream/url.h"

namespace gw::content {

inline constexpr std::size_t url_bytes_max = 8192;

struct UrlJudgement {
    upstream::Url url;         // views into the text that was judged
    std::string_view problem;  // static: "has a user name or password in it"; "" when the URL may be fetched

    [[nodiscard]] bool allowed() const noexcept { return problem.empty(); }
};

// `text` without its fragment is what is judged. `from` is the URL that redirected here, or null.
[[nodiscard]] UrlJudgement judge_url(std::string_view text, const config::AttachmentRules& rules,
                                     const upstream::Url* from = nullptr) noexcept;

// Whether a host is on the list, in any case and with or without the dot at its end. "*.example.com" stands for every
// host below example.com, not for itself. An empty list has every host.
[[nodiscard]] bool host_listed(std::string_view host, std::span<const std::pmr::string> allowlist) noexcept;

// Ports that serve HTTP: 80, 443, and those above 1023 that belong to no other protocol (Fetch Standard 2.9, "bad
// ports").
[[nodiscard]] bool port_allowed(std::uint16_t port) noexcept;

// How far the addresses behind a name may be.
[[nodiscard]] constexpr upstream::Reach reach(const config::AttachmentRules& rules) noexcept {
    return rules.allow_private_network ? upstream::Reach::local : upstream::Reach::global_only;
}

// The target of a reference as in Location (RFC 3986 5.2), without its fragment; nothing when it is longer than
// url_bytes_max. Not checked: judge_url() does that.
[[nodiscard]] std::optional<std::pmr::string> resolve_reference(const upstream::Url& base, std::string_view reference,
                                                                std::pmr::memory_resource* memory);

}  // namespace gw::content
