#include <algorithm>
#include <cstring>
#include <string>

#include "core/text.h"
#include "crypto/base64.h"
#include "crypto/sha1.h"
#include "ws/ws.h"

namespace gw::ws {

namespace {

constexpr std::size_t key_size = 24;  // 16 bytes in base64

// The form is checked, not that the two bits left over are zero: some clients send 22 random letters.
bool is_key(std::string_view key) noexcept {
    return key.size() == key_size && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, [](char c) {
               return is_alpha(c) || is_digit(c) || c == '+' || c == '/';
           });
}

bool has(std::span<const std::string_view> names, std::string_view name) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

UpgradeAnswer refuse(int status, std::string_view what) noexcept {
    UpgradeAnswer answer;
    answer.status = status;
    answer.what = what;
    return answer;
}

Error wrong(std::string_view what) noexcept { return {GW_ERR_PROTOCOL, 0, what}; }

}  // namespace

std::optional<std::array<char, 28>> accept_key(std::string_view key) noexcept {
    // 1.3: the key and this GUID, hashed, prove that the server has understood the request as one for WebSocket.
    constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    key = trim(key);
    if (!is_key(key)) return std::nullopt;
    std::array<char, key_size + guid.size()> text{};
    std::memcpy(text.data(), key.data(), key.size());
    std::memcpy(text.data() + key.size(), guid.data(), guid.size());
    const std::array<std::byte, 20> digest = crypto::sha1(as_bytes({text.data(), text.size()}));
    std::array<char, 28> accept{};
    crypto::base64_encode(accept, digest);
    return accept;
}

UpgradeAnswer answer_upgrade(const UpgradeRequest& request, std::span<const std::string_view> supported) {
    if (request.method != "GET") return refuse(405, "A WebSocket handshake is a GET request");
    if (request.minor < 1) return refuse(400, "A WebSocket handshake needs HTTP/1.1");
    if (!request.host) return refuse(400, "Missing or repeated Host header");
    // A plain GET where only WebSocket is spoken: RFC 9110 15.5.22.
    if (!request.upgrade || !list_has(*request.upgrade, "websocket")) {
        return refuse(426, "This endpoint speaks WebSocket only");
    }
    if (!request.connection || !list_has(*request.connection, "upgrade")) {
        return refuse(400, "The Connection header lacks the upgrade token");
    }
    const auto accept = request.key ? accept_key(*request.key) : std::nullopt;
    if (!accept) return refuse(400, "Missing or invalid Sec-WebSocket-Key header");
    if (!request.version || trim(*request.version) != "13") {
        return refuse(426, "Missing or unsupported Sec-WebSocket-Version header");
    }

    UpgradeAnswer answer;
    answer.status = 101;
    answer.accept = *accept;
    std::string_view offered = request.protocols.value_or(std::string_view{});
    while (const auto protocol = next_element(offered)) {
        const auto found = std::find(supported.begin(), supported.end(), *protocol);
        if (found == supported.end()) continue;
        answer.protocol = *found;
        break;
    }
    return answer;
}

std::array<char, 24> make_key(std::span<const std::byte, 16> random) noexcept {
    std::array<char, key_size> key{};
    crypto::base64_encode(key, random);
    return key;
}

Result<void> check_upgrade(const UpgradeResponse& response, std::string_view key,
                           std::span<const std::string_view> offered) {
    if (response.status != 101) return Error{GW_ERR_UPSTREAM, 0, "the server did not switch to WebSocket"};
    if (!response.upgrade || !equals_ignoring_case(trim(*response.upgrade), "websocket")) {
        return wrong("the server's Upgrade header is not websocket");
    }
    if (!response.connection || !list_has(*response.connection, "upgrade")) {
        return wrong("the server's Connection header lacks the upgrade token");
    }
    const auto accept = accept_key(key);
    if (!accept || !response.accept || trim(*response.accept) != std::string_view(accept->data(), accept->size())) {
        return wrong("the server's Sec-WebSocket-Accept header does not answer our key");
    }
    if (response.extensions && !trim(*response.extensions).empty()) {
        return wrong("the server chose an extension that was not offered");
    }
    if (response.protocol && !has(offered, trim(*response.protocol))) {
        return wrong("the server chose a protocol that was not offered");
    }
    return {};
}

}  // namespace gw::ws
