// X-DC-Target-URL: whether a request may go where its client says, and where exactly that is.
//
//     chat:         URL ───────────────── judge_chat_target() ──┐
//     other paths:  URL, path, body shape ── judge_target() ────┴─> Judgement ── allow: url, path, provider, reach
//                                                                            └─ block: status, message
//
// Host names are not resolved here. What a name leads to is checked where it is dialled: may_dial() with the
// Judgement's reach and the allow-list, for every address of the answer.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "json/json.h"
#include "upstream/known_providers.h"
#include "upstream/url.h"

namespace gw::upstream {

// What a request body looks like, judged by its members: enough to tell LLM traffic from other.
enum class BodyShape : std::uint8_t { none, messages, contents, input, prompt };
[[nodiscard]] std::string_view name_of(BodyShape shape) noexcept;

// Looks at the first 64 KiB. What is no JSON there (also because it was cut) is searched for quoted key names in its
// first 4 KiB.
[[nodiscard]] BodyShape body_shape(std::string_view body, std::pmr::memory_resource* memory);
// The same for a body that was parsed already.
[[nodiscard]] BodyShape body_shape(const json::Value& root) noexcept;

// Why a request was let through or refused: what an egress record says.
enum class Branch : std::uint8_t { known, shape, passthrough, chat, private_upstream };
enum class Decision : std::uint8_t { allow, block };
[[nodiscard]] std::string_view name_of(Branch branch) noexcept;
[[nodiscard]] std::string_view name_of(Decision decision) noexcept;

// A loopback or private address that the configuration names for tests, and the provider it plays.
struct TestUpstream {
    std::string_view host;
    std::uint16_t port = 0;
    std::string_view provider;
};

struct TargetRules {
    const KnownProviders* known = nullptr;
    std::span<const Network> allow_private;  // guardrail.allow_private_upstreams
    std::span<const TestUpstream> test_upstreams;
    bool allow_unknown_llm_domains = false;
    bool chat_requires_known = false;  // the chat path asks the provider list too
};

struct Judgement {
    Branch branch = Branch::passthrough;
    Decision decision = Decision::block;
    std::string_view reason;  // "known-provider", "private-ip", ...; static
    int status = 403;         // of the refusal
    std::string_view message;
    // When allowed; views into the target text and the rules.
    Url url;
    std::string_view provider;  // "" when none is known there
    Reach reach = Reach::global_only;
    // For the record, also of a refusal; as much as could be read.
    std::string_view host;
    BodyShape shape = BodyShape::none;

    [[nodiscard]] bool allowed() const noexcept { return decision == Decision::allow; }
};

// A target longer than this is not valid.
inline constexpr std::size_t target_bytes_max = 2048;

[[nodiscard]] Judgement judge_chat_target(std::string_view target, const TargetRules& rules) noexcept;
// `path` is that of the request, with query.
[[nodiscard]] Judgement judge_target(std::string_view target, std::string_view path, BodyShape shape,
                                     const TargetRules& rules, std::pmr::memory_resource* memory);

// What the client is told when a name turned out to lead to an address that may not be dialled.
inline constexpr std::string_view private_address_message = "target host resolves to a private address";

// Where the request goes at its target: the base path of the target, if any, and the request's own path and query.
[[nodiscard]] std::pmr::string join_path(std::string_view base, std::string_view request,
                                         std::pmr::memory_resource* memory);
// The same without the segments that the end of the base and the beginning of the request have in common, once, the
// longest such run: "/api/v1" and "/v1/chat/completions?x=1" make "/api/v1/chat/completions?x=1".
[[nodiscard]] std::pmr::string join_overlapping_path(std::string_view base, std::string_view request,
                                                     std::pmr::memory_resource* memory);

}  // namespace gw::upstream
