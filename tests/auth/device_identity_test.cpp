#include "auth/device_identity.h"

#include <map>
#include <string>
#include <vector>

#include "auth/transcript.h"
#include "crypto/base64.h"
#include "crypto/sha256.h"
#include "support/test.h"

namespace gw::auth {

namespace {

constexpr std::uint64_t now_ms = 1795169832621;
constexpr std::string_view nonce = "881d6753-3298-4fae-9f6f-58d5d99d89f9";

// A device with a key of its own, and what it sends.
struct Device {
    explicit Device(std::uint8_t number)
        : key([&] {
              crypto::ed25519::Seed seed{};
              seed.fill(static_cast<std::byte>(number));
              return seed;
          }()) {
        const DeviceId hash = device_id_of(key.public_key());
        id.assign(hash.data(), hash.size());
        const PublicKeyText text = public_key_text(key.public_key());
        public_key.assign(text.data(), text.size());
    }

    [[nodiscard]] DeviceProof proof() const { return {id, public_key, signature, challenge, signed_at_ms}; }
    void sign(std::string_view payload) {
        const auto bytes = key.sign(as_bytes(payload));
        signature = crypto::base64_encode(bytes, std::pmr::get_default_resource(), crypto::Base64::url);
    }

    crypto::ed25519::KeyPair key;
    std::string id, public_key, challenge{nonce};
    std::pmr::string signature;
    std::int64_t signed_at_ms = now_ms;
};

constexpr std::string_view scopes[] = {"operator.read", "operator.write"};
const SignedRequest request{"cli", "cli", "operator", scopes, "dummy", " Linux\n", "PC"};

DeviceFault check(const DeviceProof& proof, const SignedRequest& asked = request, std::string_view challenge = nonce) {
    crypto::ed25519::PublicKey key{};
    return check_device(proof, asked, challenge, now_ms, key, std::pmr::get_default_resource());
}

}  // namespace

TEST_CASE("auth: every recorded signature is judged as the real system judged it") {
    struct File {
        std::string name;
        std::size_t at_least;
    };
    const File files[] = {{"openclaw-2026.3.13-handshake.jsonl", 5},
                          {"openclaw-2026.9.6-handshake.jsonl", 5},
                          {"openclaw-2026.3.13-nodes-approvals.jsonl", 3},
                          {"openclaw-2026.9.6-nodes-approvals.jsonl", 3},
                          {"openclaw-2026.3.13-rpc.jsonl", 1},
                          {"openclaw-2026.9.6-rpc.jsonl", 1}};
    for (const File& file : files) {
        INFO(file.name);
        std::map<std::string, std::string> challenges, payloads;
        std::size_t seen = 0;
        const bool there = test::for_each_line(file.name, [&](json::Value line) {
            const std::string conn = test::text(line["conn"]);
            const json::Value frame = line["frame"];
            if (frame["event"].as_string() == "connect.challenge")
                challenges[conn] = test::text(frame["payload"]["nonce"]);
            if (line["signedPayload"].exists()) payloads[conn] = test::text(line["signedPayload"]);
            if (frame["method"].as_string() != "connect" || !frame["params"]["device"].is(json::Kind::object)) return;
            const json::Value params = frame["params"];
            const json::Value device = params["device"];
            std::vector<std::string> words;
            for (json::Value v = params["scopes"].first(); v.exists(); v = v.next()) words.push_back(test::text(v));
            const std::vector<std::string_view> views(words.begin(), words.end());
            std::string token;
            for (const char* name : {"token", "deviceToken", "bootstrapToken"}) {
                if (token.empty()) token = test::text(params["auth"][name]);
            }
            const std::string id = test::text(device["id"]), key = test::text(device["publicKey"]),
                              signature = test::text(device["signature"]), given = test::text(device["nonce"]);
            const DeviceProof proof{id, key, signature, given, device["signedAt"].as_int().value_or(0)};
            const std::string client = test::text(params["client"]["id"]), mode = test::text(params["client"]["mode"]),
                              role = test::text(params["role"]), platform = test::text(params["client"]["platform"]),
                              family = test::text(params["client"]["deviceFamily"]);
            const SignedRequest asked{client, mode, role, views, token, platform, family};
            const auto payload = payloads.find(conn);
            if (payload == payloads.end()) return;
            if (token.empty() && payload->second.find("||") == std::string::npos) return;  // the token was cut out
            INFO(conn);
            ++seen;
            crypto::ed25519::PublicKey out{};
            const DeviceFault fault =
                check_device(proof, asked, challenges[conn], static_cast<std::uint64_t>(proof.signed_at_ms), out,
                             std::pmr::get_default_resource());
            if (payload->second.starts_with("v1|")) {
                CHECK(fault == DeviceFault::signature);
                return;
            }
            CHECK(fault == DeviceFault::none);
            std::pmr::string text;
            append_signed_payload(text, payload->second.starts_with("v3|") ? PayloadVersion::v3 : PayloadVersion::v2,
                                  proof, asked);
            CHECK(std::string_view(text) == payload->second);
        });
        if (there) CHECK(seen >= file.at_least);
    }
}

TEST_CASE("auth: a recorded signature, without the recordings") {
    constexpr std::string_view all[] = {"operator.admin", "operator.read", "operator.write", "operator.approvals",
                                        "operator.pairing"};
    const DeviceProof proof{"2c1e9e04669fd26f75e25abf236c1fabe04081f0d22f9821899359b8e19a8462",
                            "FpoA7vCSPayHktFKKaI2sQem2rF1SgD3mcaXPvucvXc",
                            "5FO3zOjczT4V77d1euoy_LU7QDyMErodh5TWMxxh3pF3BVQKawtpIJphijpLG147XaZHUI6uUkmktuD_ep4tCw",
                            nonce, now_ms};
    SignedRequest asked{"cli", "cli", "operator", all, "dummy-token-0123456789abcdef", "linux", ""};
    CHECK(check(proof, asked) == DeviceFault::none);
    CHECK(check(proof, asked, "0b5622e3-82af-4c8f-98aa-fd59910af828") == DeviceFault::nonce_mismatch);
    asked.token = "dummy-token-0123456789abcdeg";
    CHECK(check(proof, asked) == DeviceFault::signature);
}

TEST_CASE("auth: what is wrong with a device, in the order in which it is told") {
    Device device(7);
    std::pmr::string payload;
    append_signed_payload(payload, PayloadVersion::v3, device.proof(), request);
    CHECK(payload == "v3|" + std::pmr::string(device.id) +
                         "|cli|cli|operator|operator.read,operator.write|1795169832621|dummy|" +
                         std::pmr::string(nonce) + "|linux|pc");
    device.sign(payload);
    CHECK(check(device.proof()) == DeviceFault::none);

    struct Case {
        std::string_view name;
        DeviceFault want;
        void (*change)(DeviceProof&);
    };
    using enum DeviceFault;
    const Case cases[] = {
        {"id", id_mismatch,
         [](DeviceProof& p) {
             p.id = "abab";
             p.signed_at_ms = 0;
         }},
        {"id in capitals", id_mismatch, [](DeviceProof& p) { p.id = "ABCDEF"; }},
        {"no key", id_mismatch, [](DeviceProof& p) { p.public_key = ""; }},
        {"key is no base64", id_mismatch, [](DeviceProof& p) { p.public_key = "!!!"; }},
        {"old", expired,
         [](DeviceProof& p) {
             p.signed_at_ms -= 120001;
             p.nonce = "";
         }},
        {"from the future", expired, [](DeviceProof& p) { p.signed_at_ms += 120001; }},
        {"before 1970", expired, [](DeviceProof& p) { p.signed_at_ms = INT64_MIN; }},
        {"never", expired, [](DeviceProof& p) { p.signed_at_ms = INT64_MAX; }},
        {"blank nonce", nonce_missing,
         [](DeviceProof& p) {
             p.nonce = "  ";
             p.signature = "";
         }},
        {"wrong nonce", nonce_mismatch,
         [](DeviceProof& p) {
             p.nonce = "x";
             p.signature = "";
         }},
        {"no signature", signature, [](DeviceProof& p) { p.signature = ""; }},
        {"short signature", signature, [](DeviceProof& p) { p.signature = "AAAA"; }},
        {"other time", signature, [](DeviceProof& p) { p.signed_at_ms += 1; }},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        DeviceProof proof = device.proof();
        c.change(proof);
        CHECK(check(proof) == c.want);
    }
    CHECK(check(device.proof(), request, "") == nonce_mismatch);  // no challenge was sent

    // What hashes to its id but is no key.
    const std::string_view junk = "AAAAAA";
    const auto digest = crypto::hex(crypto::sha256(std::string_view("\0\0\0\0", 4)));
    DeviceProof no_key = device.proof();
    no_key.public_key = junk;
    no_key.id = {digest.data(), digest.size()};
    CHECK(check(no_key) == public_key);

    for (const DeviceFault fault : {id_mismatch, expired, nonce_missing, nonce_mismatch, signature, public_key}) {
        CHECK_FALSE(text_of(fault).message.empty());
        CHECK(text_of(fault).code.starts_with("DEVICE_AUTH_"));
        CHECK(text_of(fault).reason.starts_with("device-"));
    }
}

TEST_CASE("auth: the forms of a signature and of a key") {
    Device device(9);
    std::pmr::string payload;
    append_signed_payload(payload, PayloadVersion::v2, device.proof(), request);
    device.sign(payload);
    CHECK(check(device.proof()) == DeviceFault::none);
    const auto bytes = device.key.sign(as_bytes(std::string_view(payload)));
    device.signature = crypto::base64_encode(bytes, std::pmr::get_default_resource(), crypto::Base64::standard);
    CHECK(check(device.proof()) == DeviceFault::none);

    // Without the nonce nobody knows what connection it was made for.
    const std::string v1 = "v1|" + device.id + "|cli|cli|operator|operator.read,operator.write|1795169832621|dummy";
    device.sign(v1);
    CHECK(check(device.proof()) == DeviceFault::signature);

    std::pmr::string pem;
    append_pem(pem, "PUBLIC KEY", spki_prefix, device.key.public_key());
    CHECK(read_public_key(pem) == device.key.public_key());
    CHECK(read_public_key(device.public_key) == device.key.public_key());
    CHECK(read_public_key(device.public_key + "=") == device.key.public_key());
    std::string crlf;
    for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(read_public_key(crlf) == device.key.public_key());
    for (std::size_t cut = 1; cut < pem.size() - 1; ++cut) {
        CHECK_FALSE(read_public_key(std::string_view(pem).substr(0, pem.size() - 1 - cut)));
    }
    std::pmr::string wrong;
    append_pem(wrong, "PRIVATE KEY", pkcs8_prefix, device.key.public_key());
    CHECK_FALSE(read_public_key(wrong));
    append_pem(wrong, "PUBLIC KEY", spki_prefix, device.key.public_key());
    CHECK_FALSE(read_public_key(wrong));
    CHECK_FALSE(read_public_key(std::string(100000, 'A')));
}

TEST_CASE("auth: a separator inside a field makes no other text valid") {
    // "a|b" in one field and "a", "b" in two are the same text; the fields that follow are fixed by what was asked.
    Device device(3);
    SignedRequest narrow = request;
    narrow.role = "operator|operator.admin";
    narrow.scopes = {};
    std::pmr::string payload;
    append_signed_payload(payload, PayloadVersion::v3, device.proof(), narrow);
    device.sign(payload);
    CHECK(check(device.proof()) == DeviceFault::signature);
}

}  // namespace gw::auth
