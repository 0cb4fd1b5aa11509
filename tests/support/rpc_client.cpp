#include "support/rpc_client.h"

#include "auth/device_identity.h"
#include "crypto/base64.h"
#include "crypto/ed25519.h"

namespace gw::test {

Json::Json(std::string text)
    : text_(std::make_shared<std::string>(std::move(text))),
      document_(std::make_shared<json::Document>(std::pmr::get_default_resource())) {
    INFO(*text_);
    const bool parsed = static_cast<bool>(document_->parse(*text_));
    REQUIRE(parsed);
}

std::string text_of(const json::Value& value) { return std::string(value.as_string().value_or("")); }

RpcClient::RpcClient(World& world, std::string_view target, std::string_view fields, std::string_view address)
    : world_(world), peer_(world.client(address)) {
    REQUIRE(peer_ != nullptr);
    world.send(*peer_, "GET " + std::string(target) +
                           " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                           std::string(fields) + "\r\n");
    const std::size_t end = peer_->received.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    head_ = peer_->received.substr(0, end + 4);
    upgraded_ = head_.rfind("HTTP/1.1 101 ", 0) == 0;
    if (upgraded_) peer_->received.erase(0, end + 4);
}

void RpcClient::send_frame(unsigned opcode, std::string_view payload, bool last) {
    std::string frame(1, static_cast<char>((last ? 0x80U : 0U) | opcode));
    if (payload.size() < 126) {
        frame += static_cast<char>(0x80U | payload.size());
    } else if (payload.size() < 65536) {
        frame += static_cast<char>(0x80U | 126U);
        for (int shift = 8; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift & 255U);
    } else {
        frame += static_cast<char>(0x80U | 127U);
        for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift & 255U);
    }
    const std::string key = "\x11\x22\x33\x44";
    frame += key;
    for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ key[i % 4]);
    world_.send(*peer_, frame);
}

void RpcClient::send(std::string_view text) { send_frame(1, text); }

void RpcClient::read() {
    std::string& bytes = peer_->received;
    for (;;) {
        if (bytes.size() < 2) return;
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        REQUIRE((byte(1) & 0x80U) == 0);
        std::size_t size = byte(1) & 0x7FU;
        std::size_t head = 2;
        if (size >= 126) {
            const std::size_t digits = size == 126 ? 2 : 8;
            if (bytes.size() < 2 + digits) return;
            size = 0;
            for (std::size_t i = 0; i < digits; ++i) size = size << 8U | byte(2 + i);
            head += digits;
        }
        if (bytes.size() < head + size) return;
        const unsigned opcode = byte(0) & 15U;
        const std::string payload = bytes.substr(head, size);
        bytes.erase(0, head + size);
        if (opcode == 1) messages_.push_back(payload);
        if (opcode == 8) {
            close_code_ = 1005;
            if (size >= 2) {
                close_code_ = static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
                close_reason_ = payload.substr(2);
            }
        }
    }
}

bool RpcClient::has() {
    read();
    return taken_ < messages_.size();
}

Json RpcClient::take() {
    REQUIRE(has());
    return Json(messages_[taken_++]);
}

Json RpcClient::take_answer(std::string_view id) {
    read();
    for (std::size_t at = taken_; at < messages_.size(); ++at) {
        if (!messages_[at].starts_with(R"({"type":"res")")) continue;
        Json frame(messages_[at]);
        if (frame["type"].as_string() != "res" || frame["id"].as_string() != id) continue;
        messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(at));
        return frame;
    }
    FAIL("no answer to " << id);
    return Json("{}");
}

Json RpcClient::take_event(std::string_view name) {
    for (;;) {
        Json frame = take();
        if (frame["event"].as_string() == name) return frame;
    }
}

Json RpcClient::call(std::string_view method, std::string_view params) {
    const std::string id = "c" + std::to_string(next_id_++);
    send(R"({"type":"req","id":")" + id + R"(","method":")" + std::string(method) + R"(","params":)" +
         std::string(params) + "}");
    return take_answer(id);
}

Json RpcClient::connect_as(const Who& who) {
    static unsigned devices = 0;
    const std::string nonce = text_of(take_event("connect.challenge")["payload"]["nonce"]);
    crypto::ed25519::Seed seed{};
    seed[0] = static_cast<std::byte>(++devices);
    seed[1] = static_cast<std::byte>(devices >> 8U);
    const crypto::ed25519::KeyPair pair(seed);
    const auto id = auth::device_id_of(pair.public_key());
    const auto key = auth::public_key_text(pair.public_key());
    const auto text = [](std::string_view view) { return std::string(view); };
    const std::string when = std::to_string(world_.unix_ms);
    const std::string payload = "v3|" + std::string(id.data(), id.size()) + "|" + text(who.client_id) + "|" +
                                text(who.mode) + "|" + text(who.role) + "|" + text(who.scopes) + "|" + when + "|" +
                                text(who.token) + "|" + nonce + "|linux|";
    const auto signature = pair.sign(as_bytes(payload));
    const std::pmr::string signed_text =
        crypto::base64_encode(signature, std::pmr::get_default_resource(), crypto::Base64::url);
    std::string scopes;
    for (std::size_t at = 0; at < who.scopes.size();) {
        const std::size_t end = std::min(who.scopes.find(',', at), who.scopes.size());
        scopes += (scopes.empty() ? "\"" : ",\"") + text(who.scopes.substr(at, end - at)) + "\"";
        at = end + 1;
    }
    const std::string version = std::to_string(who.protocol);
    std::string params = R"({"minProtocol":)" + version + R"(,"maxProtocol":)" + version + R"(,"client":{"id":")" +
                         text(who.client_id) + R"(","version":"1","platform":"linux","mode":")" + text(who.mode) +
                         R"("},"role":")" + text(who.role) + R"(","scopes":[)" + scopes + R"(],"device":{"id":")" +
                         std::string(id.data(), id.size()) + R"(","publicKey":")" +
                         std::string(key.data(), key.size()) + R"(","signature":")" + std::string(signed_text) +
                         R"(","signedAt":)" + when + R"(,"nonce":")" + nonce + "\"}";
    if (!who.token.empty()) params += R"(,"auth":{"token":")" + text(who.token) + "\"}";
    return call("connect", params + text(who.more) + "}");
}

void RpcClient::pass(std::uint64_t ms, std::initializer_list<RpcClient*> others) {
    for (; ms > 0; ms -= std::min<std::uint64_t>(ms, 10000)) {
        world_.advance(std::min<std::uint64_t>(ms, 10000));
        send_frame(10, {});
        for (RpcClient* other : others) other->send_frame(10, {});
    }
}

int RpcClient::close_code() {
    read();
    return close_code_;
}

}  // namespace gw::test
