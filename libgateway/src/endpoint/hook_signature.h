// Signatures of hook messages: HMAC-SHA-256 over the body as it came, in the forms of three senders.
//
//     github   X-Hub-Signature-256: sha256=<hex>                                   of the body
//     stripe   Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]                   of "<t>.<body>"
//     slack    X-Slack-Signature: v0=<hex>, X-Slack-Request-Timestamp: <seconds>   of "v0:<t>:<body>"
//
// A moment that is signed along must be within five minutes of now. A message may come once in that time: whoever
// overheard it cannot send it again.
#pragma once

#include <cstdint>
#include <string_view>

#include "auth/policy.h"
#include "config/config.h"
#include "crypto/sha256.h"

namespace gw::endpoint {

inline constexpr std::uint64_t signature_window_ms = 300000;

enum class SignatureVerdict : std::uint8_t { valid, missing, wrong, expired };

struct CheckedSignature {
    SignatureVerdict verdict = SignatureVerdict::missing;
    crypto::Digest digest{};  // of a valid one: what names the message
};

// Constant time in the secret. `secret` is not empty.
[[nodiscard]] CheckedSignature check_signature(config::HookScheme scheme, std::string_view secret,
                                               const auth::FieldLookup& fields, std::string_view body,
                                               std::uint64_t unix_ms);

}  // namespace gw::endpoint
