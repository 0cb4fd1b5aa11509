#include "upstream/forward.h"

#include "support/test.h"
#include "upstream/credential.h"

namespace gw::upstream {

namespace {

std::pmr::memory_resource* heap() { return std::pmr::new_delete_resource(); }

std::string text_of(std::span<const http1::Header> fields) {
    std::string out;
    for (const http1::Header& field : fields) out += std::string(field.name) + "=" + std::string(field.value) + "\n";
    return out;
}

std::string forwarded(std::span<const http1::Header> fields, const ForwardRules& rules = {}) {
    std::pmr::vector<http1::Header> out(heap());
    if (const auto failure = forward_request(fields, rules, out))
        return std::to_string(failure->status) + " " + std::string(failure->message);
    return text_of(out);
}

}  // namespace

TEST_CASE("upstream: what goes on to the provider") {
    const http1::Header fields[] = {
        {"Host", "127.0.0.1:4000"},
        {"Content-Type", "application/json"},
        {"Content-Length", "10"},
        {"Authorization", "Bearer secret"},
        {"x-api-key", "secret"},
        {"API-Key", "secret"},
        {"X-AI-Auth", "Bearer secret"},
        {"X-DC-Auth", "secret"},
        {"x-dc-target-url", "https://api.openai.com"},
        {"X-DC-Anything", "secret"},
        {"X-DefenseClaw-Session-Id", "s1"},
        {"traceparent", "00-1-2-01"},
        {"tracestate", "a=b"},
        {"Cookie", "session=secret"},
        {"Connection", "keep-alive, X-Listed"},
        {"connection", "close"},
        {"X-Listed", "1"},
        {"Keep-Alive", "timeout=5"},
        {"Proxy-Authorization", "secret"},
        {"Proxy-Connection", "keep-alive"},
        {"TE", "trailers"},
        {"Trailer", "X"},
        {"Transfer-Encoding", "chunked"},
        {"Upgrade", "h2c"},
        {"HTTP2-Settings", "x"},
        {"Expect", "100-continue"},
        {"Accept-Encoding", "br, gzip"},
        {"Accept", "*/*"},
        {"anthropic-version", "2023-06-01"},
        {"X-Custom", "a\tb"},
        {"X-Custom", "again"},
        {"X-Dc", "kept: the prefix has a dash"},
    };
    CHECK(forwarded(fields) ==
          "Content-Type=application/json\nAccept=*/*\nanthropic-version=2023-06-01\nX-Custom=a\tb\nX-Custom=again\n"
          "X-Dc=kept: the prefix has a dash\nAccept-Encoding=identity\n");
    CHECK(forwarded(fields, {.custom_headers = false}) ==
          "Content-Type=application/json\nAccept=*/*\nanthropic-version=2023-06-01\nAccept-Encoding=identity\n");
}

TEST_CASE("upstream: header fields that are refused, and what the client is told") {
    const auto refused = [](std::string_view name, std::string_view value) {
        const http1::Header fields[] = {{name, value}};
        return forwarded(fields);
    };
    CHECK(refused("X-Odd", "caf\xC3\xA9") ==
          "400 invalid forwarded headers: a value with a character that is not printable ASCII");
    CHECK(refused("X-Odd", "a\x7F").substr(0, 30) == "400 invalid forwarded headers:");
    CHECK(refused("X-Odd", std::string_view("a\0b", 3)).substr(0, 4) == "400 ");
    CHECK(refused("X Odd", "a") == "400 invalid forwarded headers: a name that is not a token");
    CHECK(refused("", "a").substr(0, 4) == "400 ");
    CHECK(refused("X-DC-Odd", "\xC3\xA9") == "Accept-Encoding=identity\n");  // does not go on
    CHECK(refused("X-Big", std::string(33000, 'b')) == "413 invalid forwarded headers: more than 32 KiB together");
    CHECK(refused("X-Big", std::string(forwarded_bytes_max - 5, 'b')).substr(0, 6) == "X-Big=");
    CHECK(refused("X-Big", std::string(forwarded_bytes_max - 4, 'b')).substr(0, 4) == "413 ");

    std::vector<http1::Header> many(64, http1::Header{"X-Fill", "v"});
    many.push_back({"Host", "h"});
    CHECK(forwarded(many).substr(0, 7) == "X-Fill=");
    many.push_back({"X-Fill", "v"});
    CHECK(forwarded(many) == "413 invalid forwarded headers: more than 64 of them");

    std::string list;
    for (int i = 0; i < 33; ++i) list += "a" + std::to_string(i) + ",";
    CHECK(refused("Connection", list) == "400 invalid forwarded headers: Connection lists more than 32 names");
}

TEST_CASE("upstream: what goes back to the client") {
    const http1::Header fields[] = {
        {"Content-Type", "text/event-stream"},
        {"Content-Length", "3"},
        {"Content-Encoding", "gzip"},
        {"Transfer-Encoding", "chunked"},
        {"Connection", "X-Hop"},
        {"X-Hop", "1"},
        {"Keep-Alive", "timeout=5"},
        {"Date", "Sat, 21 Nov 2026 15:00:00 GMT"},
        {"Alt-Svc", "h3=\":443\""},
        {"Strict-Transport-Security", "max-age=1"},
        {"X-DefenseClaw-Blocked", "true"},
        {"Proxy-Authenticate", "Basic"},
        {"Set-Cookie", "a=b"},
        {"Set-Cookie", "c=d"},
        {"x-request-id", "r1"},
        {"Retry-After", "2"},
    };
    std::pmr::vector<http1::Header> out(heap());
    forward_response(fields, out);
    CHECK(text_of(out) ==
          "Content-Type=text/event-stream\nSet-Cookie=a=b\nSet-Cookie=c=d\nx-request-id=r1\nRetry-After=2\n");
}

TEST_CASE("upstream: which credential goes to the provider, and where") {
    struct Case {
        std::vector<http1::Header> fields;
        std::string_view provider, chat, other;
    };
    const Case cases[] = {
        {{{"X-AI-Auth", "Bearer K"}}, "openai", "Authorization: Bearer K", "Authorization: Bearer K"},
        {{{"X-AI-Auth", "bearer  K"}}, "", "Authorization: Bearer K", "Authorization: Bearer K"},
        {{{"X-AI-Auth", "Bearer K"}}, "anthropic", "Authorization: Bearer K", "x-api-key: K"},
        {{{"X-AI-Auth", "Bearer K"}}, "azure", "api-key: K", "api-key: K"},
        {{{"X-AI-Auth", "K"}}, "openai", "-", "Authorization: Bearer K"},
        {{{"X-AI-Auth", "Bearer sk-dc-1"}, {"api-key", "K2"}}, "openai", "-", "Authorization: Bearer K2"},
        {{{"X-AI-Auth", "sk-dc-1"}}, "openai", "-", "-"},
        {{{"Authorization", "Bearer SK-DC-1"}}, "openai", "-", "-"},
        {{{"Authorization", "Bearer gateway-token"}}, "openai", "-", "-"},
        {{{"X-AI-Auth", "Bearer gateway-token"}, {"x-api-key", "K"}}, "openai", "-", "Authorization: Bearer K"},
        {{{"x-api-key", "K3"}, {"Authorization", "Bearer K4"}}, "anthropic", "-", "x-api-key: K3"},
        {{{"Authorization", "Bearer K4"}}, "gemini", "-", "Authorization: Bearer K4"},
        {{{"Authorization", "Bearer"}}, "gemini", "-", "-"},
        {{{"Authorization", "AWS4-HMAC-SHA256 Credential=x, Signature=y"}},
         "bedrock",
         "-",
         "Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=y"},
        {{{"X-AI-Auth", "Bearer A"}, {"X-AI-Auth", "Bearer B"}}, "openai", "-", "-"},
        {{}, "openai", "-", "-"},
    };
    const auto text = [](const Credential& c) {
        return c.exists() ? std::string(c.header) + ": " + std::string(c.prefix) + std::string(c.key) : "-";
    };
    for (const Case& c : cases) {
        INFO(text_of(c.fields) << c.provider);
        const http1::Headers headers(c.fields);
        CHECK(text(forwarded_credential(headers, c.provider, "gateway-token")) == c.chat);
        CHECK(text(passthrough_credential(headers, c.provider, "gateway-token")) == c.other);
    }
    CHECK(text(configured_credential("K", "anthropic")) == "x-api-key: K");
    CHECK(text(configured_credential("", "anthropic")) == "-");
}

}  // namespace gw::upstream
