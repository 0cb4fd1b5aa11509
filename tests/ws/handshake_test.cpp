#include <functional>

#include "crypto/base64.h"
#include "crypto/sha1.h"
#include "support/test.h"
#include "ws/ws.h"

using namespace std::string_view_literals;

namespace gw::ws::test {

namespace {

// The example of RFC 6455 1.3.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

UpgradeRequest good_request() {
    UpgradeRequest request;
    request.method = "GET";
    request.host = "example.com";
    request.upgrade = "websocket";
    request.connection = "Upgrade";
    request.key = key;
    request.version = "13";
    return request;
}

UpgradeResponse good_response() {
    UpgradeResponse response;
    response.status = 101;
    response.upgrade = "websocket";
    response.connection = "Upgrade";
    response.accept = accept;
    return response;
}

}  // namespace

TEST_CASE("ws: answering an upgrade request") {
    struct Case {
        std::string_view name;
        std::function<void(UpgradeRequest&)> change;
        int status;
        std::string_view protocol = {};
    };
    const Case cases[] = {
        {"the example", [](auto&) {}, 101},
        {"other case, other tokens",
         [](auto& r) {
             r.upgrade = "h2c, WebSocket";
             r.connection = "keep-alive, upgrade";
         },
         101},
        {"POST", [](auto& r) { r.method = "POST"; }, 405},
        {"HEAD", [](auto& r) { r.method = "HEAD"; }, 405},
        {"HTTP/1.0", [](auto& r) { r.minor = 0; }, 400},
        {"no Host", [](auto& r) { r.host.reset(); }, 400},
        {"a plain GET",
         [](auto& r) {
             r = {};
             r.method = "GET";
             r.host = "h";
         },
         426},
        {"another upgrade", [](auto& r) { r.upgrade = "h2c"; }, 426},
        {"no Connection", [](auto& r) { r.connection.reset(); }, 400},
        {"Connection without upgrade", [](auto& r) { r.connection = "keep-alive"; }, 400},
        {"no key", [](auto& r) { r.key.reset(); }, 400},
        {"an empty key", [](auto& r) { r.key = ""; }, 400},
        {"a key of 15 bytes", [](auto& r) { r.key = "dGhlIHNhbXBsZSBub25j"; }, 400},
        {"a key of 17 bytes", [](auto& r) { r.key = "dGhlIHNhbXBsZSBub25jZQx="; }, 400},
        {"a key that is not base64", [](auto& r) { r.key = "dGhlIHNhbXBsZSBub25-ZQ=="; }, 400},
        {"a key in the URL alphabet", [](auto& r) { r.key = "dGhlIHNhbXBsZSBub25_ZQ=="; }, 400},
        {"no version", [](auto& r) { r.version.reset(); }, 426},
        {"version 8", [](auto& r) { r.version = "8"; }, 426},
        {"two versions", [](auto& r) { r.version = "13, 8"; }, 426},
        {"protocols we do not know", [](auto& r) { r.protocols = "a, b"; }, 101, ""},
        {"the client's first that we know", [](auto& r) { r.protocols = "a, chat.v1 ,chat.v2"; }, 101, "chat.v1"},
        {"protocols are compared with their case", [](auto& r) { r.protocols = "CHAT.v1, chat.v2"; }, 101, "chat.v2"},
    };
    const std::string_view supported[] = {"chat.v2", "chat.v1"};
    for (const Case& c : cases) {
        INFO(c.name);
        UpgradeRequest request = good_request();
        c.change(request);
        const UpgradeAnswer answer = answer_upgrade(request, supported);
        CHECK(answer.status == c.status);
        CHECK(answer.protocol == c.protocol);
        CHECK(answer.what.empty() == (c.status == 101));
        if (c.status == 101) CHECK(std::string_view(answer.accept.data(), answer.accept.size()) == accept);
    }
    UpgradeRequest request = good_request();
    request.key = "nonsense";
    CHECK(answer_upgrade(request, {}).what == "Missing or invalid Sec-WebSocket-Key header");
    request.key.reset();
    CHECK(answer_upgrade(request, {}).what == "Missing or invalid Sec-WebSocket-Key header");
}

TEST_CASE("ws: checking the server's answer") {
    struct Case {
        std::string_view name;
        std::function<void(UpgradeResponse&)> change;
        gw_status want;
    };
    const Case cases[] = {
        {"the example", [](auto&) {}, GW_OK},
        {"other case",
         [](auto& r) {
             r.upgrade = "WebSocket";
             r.connection = "keep-alive, UPGRADE";
         },
         GW_OK},
        {"a protocol that was offered", [](auto& r) { r.protocol = "chat.v1"; }, GW_OK},
        {"200", [](auto& r) { r.status = 200; }, GW_ERR_UPSTREAM},
        {"403", [](auto& r) { r.status = 403; }, GW_ERR_UPSTREAM},
        {"no Upgrade", [](auto& r) { r.upgrade.reset(); }, GW_ERR_PROTOCOL},
        {"another Upgrade", [](auto& r) { r.upgrade = "h2c"; }, GW_ERR_PROTOCOL},
        {"no Connection", [](auto& r) { r.connection.reset(); }, GW_ERR_PROTOCOL},
        {"another Connection", [](auto& r) { r.connection = "close"; }, GW_ERR_PROTOCOL},
        {"no Accept", [](auto& r) { r.accept.reset(); }, GW_ERR_PROTOCOL},
        {"another Accept", [](auto& r) { r.accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOp="; }, GW_ERR_PROTOCOL},
        {"a protocol that was not offered", [](auto& r) { r.protocol = "chat.v3"; }, GW_ERR_PROTOCOL},
        {"an extension", [](auto& r) { r.extensions = "permessage-deflate"; }, GW_ERR_PROTOCOL},
    };
    const std::string_view offered[] = {"chat.v2", "chat.v1"};
    for (const Case& c : cases) {
        INFO(c.name);
        UpgradeResponse response = good_response();
        c.change(response);
        const auto checked = check_upgrade(response, key, offered);
        CHECK((checked ? GW_OK : checked.error().status) == c.want);
    }
}

TEST_CASE("ws: keys") {
    std::array<std::byte, 16> random{};
    std::copy_n(as_bytes("the sample nonce").data(), 16, random.data());
    const std::array<char, 24> made = make_key(random);
    CHECK(std::string_view(made.data(), made.size()) == key);
    CHECK(accept_key(key).has_value());
    CHECK_FALSE(accept_key("").has_value());
}

TEST_CASE("ws: the hash and the base64 of the handshake") {
    struct Case {
        std::string_view plain, standard, url;
    };
    const Case cases[] = {
        // RFC 4648 10, and letters that differ
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xFB\xFF\xBF"sv, "+/+/", "-_-_"},
        {"\0\0\0\0"sv, "AAAAAA==", "AAAAAA"},
    };
    using crypto::Base64;
    for (const Case& c : cases) {
        for (const Base64 alphabet : {Base64::standard, Base64::url}) {
            const std::string_view text = alphabet == Base64::standard ? c.standard : c.url;
            INFO(text);
            CHECK(crypto::base64_encode(as_bytes(c.plain), std::pmr::get_default_resource(), alphabet) == text);
            std::vector<std::byte> out(crypto::base64_decoded_size_max(text.size()));
            const auto size = crypto::base64_decode(out, text, alphabet);
            REQUIRE(size);
            CHECK(as_text(std::span(out).first(*size)) == c.plain);
        }
    }
    for (const std::string_view bad : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Z=g=", "====", "=", "Zm9v\n",
                                       " Zm9v", "Zm9v Zm9v", "-_-_", "Zm9vYg==Zg==", "Zm\0v"}) {
        INFO(bad);
        std::vector<std::byte> out(bad.size());
        CHECK_FALSE(crypto::base64_decode(out, bad).has_value());
    }
    for (const std::string_view bad : {"Z", "Zg==", "Zh", "Zm9", "+/+/", "Zm9vZ"}) {
        INFO(bad);
        std::vector<std::byte> out(bad.size());
        CHECK_FALSE(crypto::base64_decode(out, bad, Base64::url).has_value());
    }
    // FIPS 180-4, the example "abc".
    const std::array<std::byte, 20> digest = crypto::sha1(as_bytes("abc"));
    CHECK(crypto::base64_encode(digest, std::pmr::get_default_resource()) == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
}

}  // namespace gw::ws::test
