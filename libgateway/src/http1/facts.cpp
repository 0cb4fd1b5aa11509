#include "http1/facts.h"

#include <algorithm>

#include "core/text.h"

namespace gw::http1 {

namespace {

void read_connection(std::string_view value, Facts& facts) noexcept {
    while (const auto option = next_element(value)) {
        if (equals_ignoring_case(*option, "close"))
            facts.connection_close = true;
        else if (equals_ignoring_case(*option, "keep-alive"))
            facts.connection_keep_alive = true;
        else if (equals_ignoring_case(*option, "upgrade"))
            facts.connection_upgrade = true;
    }
}

void read_transfer_encoding(std::string_view value, Facts& facts) noexcept {
    ++facts.encodings;
    while (const auto coding = next_element(value)) {
        ++facts.codings;
        facts.chunked_last = equals_ignoring_case(*coding, "chunked");
        if (facts.chunked_last) ++facts.chunked;
        if (!is_token(*coding)) facts.codings_valid = false;
    }
}

// Transfer-Encoding and Content-Length of either kind of message; `content` stays as it is when there is neither.
Refusal judge_framing(const Facts& facts, std::uint8_t minor, Content& content) noexcept {
    if (facts.encodings > 0) {
        // RFC 9112 6.1: HTTP/1.0 does not know the field, so somebody on the way may have ignored it.
        if (minor == 0) return Refusal::with(400, "HTTP/1.0 has no Transfer-Encoding");
        // RFC 9112 6.3, rule 3: "ought to be handled as an error".
        if (facts.lengths > 0) return Refusal::with(400, "both Transfer-Encoding and Content-Length");
        if (!facts.codings_valid || facts.codings == 0 || facts.chunked > 1 ||
            (facts.chunked == 1 && !facts.chunked_last)) {
            return Refusal::with(400, "the Transfer-Encoding is not valid");
        }
        if (facts.codings != 1 || facts.chunked != 1) {
            return Refusal::with(501, "a transfer coding other than chunked");
        }
        content = Content::chunked;
    } else if (facts.lengths > 0) {
        // RFC 9112 6.3, rule 5 lets equal values pass. Whoever repeats this field is not worth the risk.
        if (facts.lengths > 1) return Refusal::with(400, "more than one Content-Length");
        if (!facts.length_valid) return Refusal::with(400, "the Content-Length is not a number");
        content = facts.length == 0 ? Content::none : Content::length;
    }
    return {};
}

}  // namespace

Facts gather_facts(Headers headers) noexcept {
    Facts facts;
    for (const Header& header : headers.all()) {
        const auto named = [&](std::string_view name) { return equals_ignoring_case(header.name, name); };
        switch (header.name.size()) {
        case 4:
            if (named("host")) {
                ++facts.hosts;
                facts.host_valid = is_host(header.value);
            }
            break;
        case 6:
            if (named("expect")) {
                // RFC 9110 10.1.1: the only expectation there is.
                if (equals_ignoring_case(header.value, "100-continue"))
                    facts.expect_continue = true;
                else
                    facts.expect_other = true;
            }
            break;
        case 7:
            if (named("upgrade")) facts.upgrade = true;
            break;
        case 10:
            if (named("connection")) read_connection(header.value, facts);
            break;
        case 14:
            if (named("content-length")) {
                const auto length = parse_decimal(header.value);
                facts.length_valid = length.has_value();
                facts.length = length.value_or(0);
                ++facts.lengths;
            }
            break;
        case 17:
            if (named("transfer-encoding")) read_transfer_encoding(header.value, facts);
            break;
        default: break;
        }
    }
    return facts;
}

Refusal judge_request(const RequestLine& line, const Facts& facts, Content& content) noexcept {
    // RFC 9112 6.3, rule 7: a request without both fields has no content.
    content = Content::none;
    if (const Refusal refusal = judge_framing(facts, line.minor, content)) return refusal;
    // RFC 9112 3.2: "MUST respond with a 400" to a missing (1.1), repeated or invalid Host.
    if (facts.hosts > 1) return Refusal::with(400, "more than one Host");
    if (facts.hosts == 0 && line.minor >= 1) return Refusal::with(400, "the Host field is missing");
    if (!facts.host_valid) return Refusal::with(400, "the Host field is not a host");
    // RFC 9110 9.3.6: no content is defined for CONNECT; a tunnel for one side would be a request for the other.
    if (line.method == "CONNECT" && content != Content::none) return Refusal::with(400, "CONNECT with content");
    // RFC 9110 10.1.1: an HTTP/1.0 client's expectation is ignored.
    if (facts.expect_other && line.minor >= 1) return Refusal::with(417, "an expectation other than 100-continue");
    return {};
}

Refusal judge_response(const StatusLine& line, const Facts& facts, bool no_content, Content& content) noexcept {
    // RFC 9112 6.3, rule 8: a response without both fields ends with the connection.
    content = Content::until_close;
    if (const Refusal refusal = judge_framing(facts, line.minor, content)) return refusal;
    if (no_content) content = Content::none;  // rule 1 comes before all others, once the fields are sane
    return {};
}

bool forbidden_in_trailer(std::string_view name) noexcept {
    static constexpr std::string_view names[] = {
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "max-forwards",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
    };
    return std::any_of(std::begin(names), std::end(names),
                       [&](std::string_view forbidden) { return equals_ignoring_case(forbidden, name); });
}

}  // namespace gw::http1
