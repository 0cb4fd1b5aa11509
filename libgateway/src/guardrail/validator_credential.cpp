// Credentials with an inner form: what is encoded in them must decode, and be none of the samples of documentation.
#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "crypto/sha256.h"
#include "guardrail/validator_checks.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail::checks {

namespace {

// Value of a letter of base64 or of base64url (RFC 4648, sections 4 and 5), -1 for anything else.
constexpr int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (is_digit(c)) return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

// Decodes letters without padding, byte by byte, as the programs do that will accept the credential: bits that a last
// letter leaves over need not be zero. False when `take` says so, or when one letter stands alone at the end.
template <typename Take>
bool decode_base64(std::string_view letters, Take take) {
    if (letters.size() % 4 == 1) return false;
    std::uint32_t bits = 0;
    int size = 0;
    for (const char c : letters) {
        bits = bits << 6 | static_cast<std::uint32_t>(base64_value(c));
        size += 6;
        if (size < 8) continue;
        size -= 8;
        if (!take(static_cast<char>(bits >> size & 0xFF))) return false;
    }
    return true;
}

// Finds a word in text that comes byte by byte. The first letter of the word must not stand in it again but at its end.
class WordFinder {
public:
    explicit WordFinder(std::string_view word) : word_(word) {}
    void take(char c) {
        if (found_) return;
        matched_ = c == word_[matched_] ? matched_ + 1 : c == word_[0] ? 1 : 0;
        found_ = matched_ == word_.size();
    }
    [[nodiscard]] bool found() const { return found_; }

private:
    std::string_view word_;
    std::size_t matched_ = 0;
    bool found_ = false;
};

// Hosts of examples, and those that only the machine itself reaches.
bool is_sample_host(std::string_view host) {
    constexpr std::array<std::string_view, 5> beginnings = {"localhost", "127.", "0.0.0.0", "[::1", "example."};
    constexpr std::array<std::string_view, 5> names = {"host", "hostname", "server", "myhost", "test"};
    constexpr std::array<std::string_view, 5> reserved = {"example", "test", "invalid", "local", "localhost"};
    constexpr std::array<std::string_view, 3> common = {"com", "org", "net"};
    const auto is_one_of = [](std::string_view text, const auto& list) {
        return std::any_of(list.begin(), list.end(), [&](std::string_view w) { return equals_ignoring_case(text, w); });
    };
    const auto last_label = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };  // npos + 1 is 0
    if (is_one_of(host, names)) return true;
    for (const std::string_view beginning : beginnings) {
        if (starts_with_ignoring_case(host, beginning)) return true;
    }
    const std::size_t dot = host.rfind('.');
    const bool below_common = dot != npos && is_one_of(host.substr(dot + 1), common);
    return is_one_of(last_label(host), reserved) ||
           (below_common && is_one_of(last_label(host.substr(0, dot)), reserved));
}

bool is_sample_password(std::string_view password) {
    constexpr std::string_view decoration = "*.xX-_[]()";
    const std::size_t begin = std::min(password.find_first_not_of(decoration), password.size());
    const std::string_view plain = password.substr(begin, password.find_last_not_of(decoration) + 1 - begin);
    if (weak_password(plain) || (starts_with_ignoring_case(plain, "my") && weak_password(plain.substr(2)))) return true;
    std::bitset<256> different;
    for (const char c : password) different.set(static_cast<unsigned char>(c));
    return different.count() < 4;
}

// Valid UTF-8 without control characters.
bool is_printable(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c < 0x20 || c == 0x7F || c1) return false;
    }
    return is_utf8(text);
}

// Lines of base64 in the body of a PEM block (RFC 7468).
class PemLines {
public:
    void take(char c) {
        example_.take(c);
        const int value = c == '=' ? 64 : c == '-' || c == '_' ? -1 : base64_value(c);
        if (value < 0) return end_line();
        ++counts_[static_cast<std::size_t>(value)];
        ++size_;
    }

    void end_line() {
        if (size_ >= line_min) {
            total_ += size_;
            disorder_ = disorder_ || entropy_of_line() >= 3.5;
        }
        if (size_ > 0) counts_.fill(0);
        size_ = 0;
    }

    [[nodiscard]] std::size_t total() const { return total_; }
    [[nodiscard]] bool is_key() const { return disorder_ && !example_.found(); }

private:
    static constexpr std::size_t line_min = 32;

    [[nodiscard]] double entropy_of_line() const {
        double bits = 1e-9;  // rounding
        for (const std::uint32_t count : counts_) {
            const double share = static_cast<double>(count) / static_cast<double>(size_);
            if (count > 0) bits -= share * std::log2(share);
        }
        return bits;
    }

    std::array<std::uint32_t, 65> counts_{};
    std::size_t size_ = 0;
    std::size_t total_ = 0;
    bool disorder_ = false;
    WordFinder example_{"EXAMPLE"};
};

// The length of a line `-----BEGIN ...-----` in front of a text, or 0.
std::size_t pem_boundary(std::string_view text) {
    constexpr std::string_view dashes = "-----";
    if (!text.starts_with(dashes)) return 0;
    const std::size_t end = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ ", dashes.size());
    return end != npos && end > dashes.size() && text.substr(end).starts_with(dashes) ? end + dashes.size() : 0;
}

// Nothing for text that is no number of base 58 or too long for a key. `out` is filled from its end.
constexpr std::size_t base58_letters_max = 128;
std::optional<std::span<const std::byte>> decode_base58(std::string_view letters,
                                                        std::span<std::byte, base58_letters_max> out) {
    constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if (letters.size() > out.size()) return std::nullopt;
    std::size_t begin = out.size();
    for (const char c : letters) {
        auto carry = static_cast<unsigned>(alphabet.find(c));
        for (std::size_t i = out.size(); i > begin || carry > 0; --i) {
            if (i <= begin) out[--begin] = std::byte{0};
            carry += std::to_integer<unsigned>(out[i - 1]) * 58;
            out[i - 1] = static_cast<std::byte>(carry & 0xFF);
            carry >>= 8;
        }
    }
    // Each leading 1 is a byte of zero.
    for (std::size_t i = 0; i < letters.size() && letters[i] == '1'; ++i) out[--begin] = std::byte{0};
    return out.subspan(begin);
}

bool is_base58(char c) { return is_alnum(c) && c != '0' && c != 'O' && c != 'I' && c != 'l'; }

}  // namespace

bool userinfo(std::string_view match) {
    const std::size_t scheme = match.find("://");
    if (scheme == npos) return false;
    const std::string_view rest = match.substr(scheme + 3);
    const std::size_t at = rest.rfind('@');
    if (at == npos) return false;
    const std::string_view name = rest.substr(0, at);
    const std::size_t colon = name.find(':');
    if (colon == npos) return false;
    const std::string_view user = name.substr(0, colon);
    const std::string_view password = name.substr(colon + 1);
    return !is_sample_host(rest.substr(at + 1)) && password != user && !is_sample_password(password) &&
           password.find_first_of("${}<>%*[]()|,;") == npos && token(password);
}

// RFC 7617. Of a very long one only the beginning is looked at.
bool basic(std::string_view match) {
    constexpr std::array<std::string_view, 4> sample_names = {"aladdin", "test", "user", "username"};
    match = match.substr(0, match.find_last_not_of('=') + 1);
    std::size_t begin = match.size();
    while (begin > 0 && base64_value(match[begin - 1]) >= 0 && match[begin - 1] != '-' && match[begin - 1] != '_')
        --begin;
    std::array<char, 1024> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
    std::size_t size = 0;
    const bool decoded = decode_base64(match.substr(begin), [&](char c) {
        if (size < buffer.size()) buffer[size++] = c;
        return true;
    });
    const std::string_view text = cut_utf8({buffer.data(), size}, size == buffer.size() ? size - 1 : size);
    const std::size_t colon = text.find(':');
    if (!decoded || colon == npos || !is_printable(text)) return false;
    const std::string_view name = text.substr(0, colon);
    const std::string_view password = text.substr(colon + 1);
    return std::none_of(sample_names.begin(), sample_names.end(),
                        [&](std::string_view sample) { return equals_ignoring_case(name, sample); }) &&
           password.size() >= 4 && !weak_password(password) && token(password);
}

// RFC 7519: the first part is a JSON object that names an algorithm (`eyJ` is how `{"` is encoded).
bool jwt(std::string_view match) {
    const std::size_t begin = match.find("eyJ");
    if (begin == npos || match.find("eyJzdWIiOiIxMjM0NTY3ODkw") != npos) return false;  // the sample of jwt.io
    std::size_t end = begin;
    while (end < match.size() && base64_value(match[end]) >= 0 && match[end] != '+' && match[end] != '/') ++end;
    WordFinder algorithm("\"alg\"");
    const bool decoded = decode_base64(match.substr(begin, end - begin), [&](char c) {
        algorithm.take(c);
        return true;
    });
    return decoded && algorithm.found();
}

// In JSON and in the source of programs the ends of lines are written as \n and \r\n.
bool pem(std::string_view match) {
    PemLines lines;
    for (std::size_t i = 0; i < match.size();) {
        const std::string_view rest = match.substr(i);
        if (const std::size_t size = pem_boundary(rest); size > 0) {
            lines.take(' ');
            i += size;
        } else if (rest.starts_with("\\r")) {
            i += 2;
        } else if (rest.starts_with("\\n")) {
            lines.take('\n');
            i += 2;
        } else {
            lines.take(rest.front());
            ++i;
        }
    }
    lines.end_line();
    constexpr std::size_t without_end_line = 600;  // letters that are a key even if the END line was cut off
    return lines.is_key() && (lines.total() >= without_end_line || match.find("-----END") != npos);
}

// Keys that sign requests; the other prefixes name users, roles and groups.
bool aws_key(std::string_view match) { return match.starts_with("AKIA") || match.starts_with("ASIA"); }

// BIP 39: 12, 15, 18, 21 or 24 words. A sentence of as many words has one of the commonest, or words more than once.
bool seed_phrase(std::string_view match) {
    constexpr std::array<std::string_view, 19> common = {"the",   "and", "with", "for",  "that", "this", "are",
                                                         "from",  "you", "your", "was",  "have", "has",  "not",
                                                         "which", "its", "can",  "will", "test"};
    constexpr std::string_view space = " \t\r\n\v\f";
    std::string_view text = match;
    if (const std::size_t separator = match.find_last_of(":="); separator != npos) {
        text = match.substr(separator + 1);
        text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
        if (text.starts_with('\\')) text.remove_prefix(1);
        if (text.starts_with('"') || text.starts_with('\'')) text.remove_prefix(1);
    }
    std::array<std::string_view, 24> words;
    std::size_t count = 0, different = 0;
    for (std::size_t begin = text.find_first_not_of(space); begin != npos; ++count) {
        const std::size_t end = std::min(text.find_first_of(space, begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        if (count == words.size() || std::find(common.begin(), common.end(), word) != common.end()) return false;
        if (std::find(words.data(), words.data() + count, word) == words.data() + count) ++different;
        words[count] = word;
        begin = text.find_first_not_of(space, end);
    }
    return count >= 12 && count % 3 == 0 && different + 1 >= count;
}

// Keys and addresses of Bitcoin: the last four bytes are the beginning of the double SHA-256 of the others.
bool base58check(std::string_view match) {
    std::size_t end = match.size();
    while (end > 0 && !is_base58(match[end - 1])) --end;
    std::size_t begin = end;
    while (begin > 0 && is_base58(match[begin - 1])) --begin;
    std::array<std::byte, base58_letters_max> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto raw = decode_base58(match.substr(begin, end - begin), buffer);
    if (!raw || raw->size() <= 4) return false;
    const auto check = raw->last(4);
    const crypto::Digest digest = crypto::sha256(crypto::sha256(raw->first(raw->size() - 4)));
    return std::equal(check.begin(), check.end(), digest.begin());
}

}  // namespace gw::guardrail::checks
