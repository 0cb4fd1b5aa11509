#include "auth/device_identity.h"

#include <charconv>
#include <cstring>

#include "core/buffer.h"
#include "core/text.h"
#include "crypto/base64.h"
#include "crypto/compare.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"

namespace gw::auth {

namespace {

constexpr std::size_t base64_bytes_max = 128;  // of what is decoded here: 64 bytes have 88 letters
constexpr std::size_t der_bytes_max = 64;

// Base64 of either alphabet, padded or not; nothing when it is no base64 or too long to be any of ours.
struct Decoded {
    std::array<std::byte, crypto::base64_decoded_size_max(base64_bytes_max)> bytes{};
    std::size_t size = 0;

    template <std::size_t wanted>
    [[nodiscard]] std::optional<std::array<std::byte, wanted>> exactly() const noexcept {
        if (size != wanted) return std::nullopt;
        std::array<std::byte, wanted> out{};
        std::memcpy(out.data(), bytes.data(), wanted);
        return out;
    }
};
std::optional<Decoded> read_any_base64(std::string_view text) noexcept {
    while (text.ends_with('=')) text.remove_suffix(1);
    if (text.size() > base64_bytes_max) return std::nullopt;
    std::array<char, base64_bytes_max> url{};
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        url[i] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    Decoded out;
    const auto size = crypto::base64_decode(out.bytes, {url.data(), text.size()}, crypto::Base64::url);
    if (!size) return std::nullopt;
    out.size = *size;
    return out;
}

std::string_view trim_lines(std::string_view text) noexcept {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

void append_lower(std::pmr::string& out, std::string_view text) {
    for (const char c : trim_lines(text)) out.push_back(ascii_lower(c));
}

void append_number(std::pmr::string& out, std::int64_t number) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

// Whether the id is the hash of the key, or of what stands in its place when that is no key.
bool hashes_to(const DeviceProof& proof, const std::optional<crypto::ed25519::PublicKey>& key) noexcept {
    crypto::Digest digest{};
    if (key) {
        digest = crypto::sha256(std::span<const std::byte>(*key));
    } else {
        const auto decoded = read_any_base64(proof.public_key);
        if (!decoded) return false;
        digest = crypto::sha256(std::span(decoded->bytes).first(decoded->size));
    }
    const DeviceId id = crypto::hex(digest);
    return std::string_view(id.data(), id.size()) == proof.id;
}

bool is_fresh(std::int64_t signed_at_ms, std::uint64_t now_unix_ms) noexcept {
    if (signed_at_ms < 0) return false;
    const auto then = static_cast<std::uint64_t>(signed_at_ms);
    const std::uint64_t apart = then > now_unix_ms ? then - now_unix_ms : now_unix_ms - then;
    return apart <= static_cast<std::uint64_t>(signature_age_ms_max);
}

}  // namespace

bool read_pem(std::string_view text, std::string_view label, std::span<const std::uint8_t> prefix,
              std::span<std::byte, 32> out) noexcept {
    constexpr std::string_view dashes = "-----";
    constexpr std::string_view begin = "-----BEGIN ";
    constexpr std::string_view end = "-----END ";
    text = trim_lines(text);
    const auto skip = [&](std::string_view what) {
        const bool there = text.starts_with(what);
        if (there) text.remove_prefix(what.size());
        return there;
    };
    if (!skip(begin) || !skip(label) || !skip(dashes)) return false;
    const std::size_t stop = text.find(end);
    if (stop == std::string_view::npos) return false;
    const std::string_view body = text.substr(0, stop);
    text.remove_prefix(stop + end.size());
    if (!skip(label) || text != dashes) return false;

    std::array<char, base64_bytes_max> letters{};
    std::size_t count = 0;
    for (const char c : body) {
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
        if (count == letters.size()) return false;
        letters[count++] = c;
    }
    std::array<std::byte, crypto::base64_decoded_size_max(base64_bytes_max)> der{};
    const auto size = crypto::base64_decode(der, {letters.data(), count});
    const bool fits =
        size && *size == prefix.size() + out.size() && std::memcmp(der.data(), prefix.data(), prefix.size()) == 0;
    if (fits) std::memcpy(out.data(), der.data() + prefix.size(), out.size());
    crypto::wipe(letters);
    crypto::wipe(der);
    return fits;
}

void append_pem(std::pmr::string& out, std::string_view label, std::span<const std::uint8_t> prefix,
                std::span<const std::byte, 32> key) {
    std::array<std::byte, der_bytes_max> der{};
    std::memcpy(der.data(), prefix.data(), prefix.size());
    std::memcpy(der.data() + prefix.size(), key.data(), key.size());
    const std::span<const std::byte> whole = std::span(der).first(prefix.size() + key.size());
    std::array<char, crypto::base64_encoded_size(der_bytes_max, crypto::Base64::standard)> letters{};
    crypto::base64_encode(letters, whole);
    out.append("-----BEGIN ").append(label).append("-----\n");
    out.append(letters.data(), crypto::base64_encoded_size(whole.size(), crypto::Base64::standard));
    out.append("\n-----END ").append(label).append("-----\n");
    crypto::wipe(der);
    crypto::wipe(letters);
}

std::optional<crypto::ed25519::PublicKey> read_public_key(std::string_view text) noexcept {
    if (text.find("-----BEGIN") == std::string_view::npos) {
        const auto decoded = read_any_base64(text);
        return decoded ? decoded->exactly<32>() : std::nullopt;
    }
    crypto::ed25519::PublicKey key{};
    if (!read_pem(text, "PUBLIC KEY", spki_prefix, key)) return std::nullopt;
    return key;
}

DeviceId device_id_of(const crypto::ed25519::PublicKey& key) noexcept {
    return crypto::hex(crypto::sha256(std::span<const std::byte>(key)));
}

PublicKeyText public_key_text(const crypto::ed25519::PublicKey& key) noexcept {
    PublicKeyText out{};
    crypto::base64_encode(out, key, crypto::Base64::url);
    return out;
}

void append_signed_payload(std::pmr::string& out, PayloadVersion version, const DeviceProof& proof,
                           const SignedRequest& request) {
    out.append(version == PayloadVersion::v3 ? "v3|" : "v2|").append(proof.id);
    out.append("|").append(request.client_id).append("|").append(request.client_mode);
    out.append("|").append(request.role).append("|");
    for (std::size_t i = 0; i < request.scopes.size(); ++i) {
        if (i > 0) out.push_back(',');
        out.append(request.scopes[i]);
    }
    out.push_back('|');
    append_number(out, proof.signed_at_ms);
    out.append("|").append(request.token).append("|").append(proof.nonce);
    if (version == PayloadVersion::v2) return;
    out.push_back('|');
    append_lower(out, request.platform);
    out.push_back('|');
    append_lower(out, request.device_family);
}

DeviceFaultText text_of(DeviceFault fault) noexcept {
    switch (fault) {
    case DeviceFault::none: break;
    case DeviceFault::id_mismatch:
        return {"device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch"};
    case DeviceFault::expired:
        return {"device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale"};
    case DeviceFault::nonce_missing:
        return {"device nonce required", "DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing"};
    case DeviceFault::nonce_mismatch:
        return {"device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch"};
    case DeviceFault::signature:
        return {"device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID", "device-signature"};
    case DeviceFault::public_key:
        return {"device public key invalid", "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key"};
    }
    return {};
}

DeviceFault check_device(const DeviceProof& proof, const SignedRequest& request, std::string_view challenge_nonce,
                         std::uint64_t now_unix_ms, crypto::ed25519::PublicKey& key,
                         std::pmr::memory_resource* memory) {
    const auto given = read_public_key(proof.public_key);
    if (!hashes_to(proof, given)) return DeviceFault::id_mismatch;
    if (!is_fresh(proof.signed_at_ms, now_unix_ms)) return DeviceFault::expired;
    const std::string_view nonce = trim_lines(proof.nonce);
    if (nonce.empty()) return DeviceFault::nonce_missing;
    if (challenge_nonce.empty() || nonce != challenge_nonce) return DeviceFault::nonce_mismatch;
    if (!given) return DeviceFault::public_key;
    const auto decoded = read_any_base64(proof.signature);
    const auto signature = decoded ? decoded->exactly<64>() : std::nullopt;
    if (!signature) return DeviceFault::signature;
    DeviceProof with_nonce = proof;
    with_nonce.nonce = nonce;
    std::pmr::string payload(memory);
    for (const PayloadVersion version : {PayloadVersion::v3, PayloadVersion::v2}) {
        payload.clear();
        append_signed_payload(payload, version, with_nonce, request);
        const bool valid = crypto::ed25519::verify(*given, as_bytes(std::string_view(payload)), *signature);
        if (!valid) continue;
        crypto::wipe(payload);  // it holds the token
        key = *given;
        return DeviceFault::none;
    }
    crypto::wipe(payload);
    return DeviceFault::signature;
}

}  // namespace gw::auth
