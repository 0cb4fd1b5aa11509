#include "upstream/forward.h"

#include <array>

#include "core/text.h"

namespace gw::upstream {

namespace {

constexpr std::string_view hop_by_hop[] = {
    "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
};
constexpr std::string_view own_prefixes[] = {"x-dc-", "x-defenseclaw-", "Proxy-"};
// Written anew, or not meant for the provider: the gateway's cookies and the client's place in its own traces are not.
constexpr std::string_view not_for_provider[] = {
    "X-AI-Auth", "Host",        "Content-Length", "Authorization", "x-api-key",       "api-key",
    "Cookie",    "traceparent", "tracestate",     "Expect",        "Accept-Encoding",
};
// About another origin than the one the client talks to, or written anew.
constexpr std::string_view not_for_client[] = {
    "Content-Length", "Content-Encoding", "Date", "Alt-Svc", "Strict-Transport-Security",
};
constexpr std::string_view needed[] = {"Content-Type", "Accept", "anthropic-version", "anthropic-beta"};

template <std::size_t size>
bool is_one_of(std::string_view name, const std::string_view (&names)[size]) noexcept {
    for (const std::string_view other : names) {
        if (equals_ignoring_case(name, other)) return true;
    }
    return false;
}

bool stays(std::string_view name) noexcept {
    for (const std::string_view prefix : own_prefixes) {
        if (starts_with_ignoring_case(name, prefix)) return true;
    }
    return is_one_of(name, hop_by_hop);
}

// The names that Connection lists. As many as anybody needs: with no bound, many fields and a long list would cost
// their product.
class Listed {
public:
    explicit Listed(std::span<const http1::Header> fields) noexcept {
        for (const http1::Header& field : fields) {
            if (!equals_ignoring_case(field.name, "Connection")) continue;
            std::string_view list = field.value;
            while (const auto name = next_element(list)) {
                if (count_ == names_.size()) {
                    overflow_ = true;
                    return;
                }
                names_[count_++] = *name;
            }
        }
    }
    [[nodiscard]] bool overflow() const noexcept { return overflow_; }
    [[nodiscard]] bool has(std::string_view name) const noexcept {
        for (std::size_t i = 0; i < count_; ++i) {
            if (equals_ignoring_case(names_[i], name)) return true;
        }
        return false;
    }

private:
    std::array<std::string_view, 32> names_{};
    std::size_t count_ = 0;
    bool overflow_ = false;
};

bool is_name_char(char c) noexcept {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return is_alpha(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
}

bool is_name(std::string_view text) noexcept {
    if (text.empty()) return false;
    for (const char c : text) {
        if (!is_name_char(c)) return false;
    }
    return true;
}

bool is_plain_value(std::string_view text) noexcept {
    for (const char c : text) {
        if (c != '\t' && (c < 0x20 || c > 0x7E)) return false;
    }
    return true;
}

}  // namespace

std::optional<ForwardFailure> forward_request(std::span<const http1::Header> fields, const ForwardRules& rules,
                                              std::pmr::vector<http1::Header>& out) {
    const Listed listed(fields);
    if (listed.overflow()) return ForwardFailure{400, "invalid forwarded headers: Connection lists more than 32 names"};
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const http1::Header& field : fields) {
        if (stays(field.name) || is_one_of(field.name, not_for_provider) || listed.has(field.name)) continue;
        if (!rules.custom_headers && !is_one_of(field.name, needed)) continue;
        if (!is_name(field.name)) return ForwardFailure{400, "invalid forwarded headers: a name that is not a token"};
        if (!is_plain_value(field.value)) {
            return ForwardFailure{400,
                                  "invalid forwarded headers: a value with a character that is not printable ASCII"};
        }
        bytes += field.name.size() + field.value.size();
        if (++count > forwarded_count_max)
            return ForwardFailure{413, "invalid forwarded headers: more than 64 of them"};
        if (bytes > forwarded_bytes_max)
            return ForwardFailure{413, "invalid forwarded headers: more than 32 KiB together"};
        out.push_back(field);
    }
    out.push_back({"Accept-Encoding", "identity"});
    return std::nullopt;
}

void forward_response(std::span<const http1::Header> fields, std::pmr::vector<http1::Header>& out) {
    const Listed listed(fields);
    for (const http1::Header& field : fields) {
        if (!stays(field.name) && !is_one_of(field.name, not_for_client) && !listed.has(field.name))
            out.push_back(field);
    }
}

}  // namespace gw::upstream
