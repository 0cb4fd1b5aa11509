#include "auth/devices.h"

#include <string>

#include "auth/bootstrap.h"
#include "auth/device_identity.h"
#include "auth/device_views.h"
#include "auth/gateway_identity.h"
#include "auth/shelf.h"
#include "crypto/base64.h"
#include "support/test.h"

namespace gw::auth {

namespace {

using test::Shelf;
using test::TestDevice;

constexpr std::string_view read_write[] = {"operator.read", "operator.write"};
constexpr std::string_view only_read[] = {"operator.read"};
constexpr std::string_view with_admin[] = {"operator.read", "operator.admin"};

ScopeList list(std::span<const std::string_view> words) { return copy_scopes(words, std::pmr::get_default_resource()); }

DeviceAsk ask_of(const TestDevice& device, std::span<const std::string_view> scopes, Role role = Role::operator_) {
    DeviceAsk ask;
    ask.id = device.id;
    ask.public_key = device.public_key;
    ask.display_name = "Phone";
    ask.platform = "ios";
    ask.client_id = "openclaw-ios";
    ask.client_mode = "ui";
    ask.role = role;
    ask.scopes = scopes;
    return ask;
}

// What pairs a device as an operator would.
const Device& pair(Devices& devices, const DeviceAsk& ask, std::uint64_t now_ms) {
    const Device* out = nullptr;
    REQUIRE(devices.approve_now(ask, "silent", now_ms, out) == DeviceError::none);
    return *out;
}

}  // namespace

TEST_CASE("auth: a device asks, an operator approves, the device comes back with a token") {
    Shelf shelf;
    const TestDevice phone(1);
    Devices& devices = shelf.devices;
    CHECK(devices.compare(ask_of(phone, only_read)) == PairReason::not_paired);
    const PairRequest* request = nullptr;
    bool created = false;
    REQUIRE(devices.request(ask_of(phone, only_read), 1000, request, created) == DeviceError::none);
    CHECK(created);
    const std::string id(request->request_id);
    CHECK(shelf.written([&](json::Writer& w) { write_pair_request(w, *request); }) ==
          "{\"requestId\":\"" + id + "\",\"deviceId\":\"" + phone.id + "\",\"publicKey\":\"" + phone.public_key +
              "\",\"displayName\":\"Phone\",\"platform\":\"ios\",\"clientId\":\"openclaw-ios\",\"clientMode\":\"ui\","
              "\"role\":\"operator\",\"roles\":[\"operator\"],\"scopes\":[\"operator.read\"],\"silent\":false,"
              "\"isRepair\":false,\"ts\":1000}");

    // The same again keeps its id; more gets another one, so that nobody approves what he has not seen.
    REQUIRE(devices.request(ask_of(phone, only_read), 2000, request, created) == DeviceError::none);
    CHECK_FALSE(created);
    CHECK(std::string_view(request->request_id) == id);
    REQUIRE(devices.request(ask_of(phone, with_admin), 3000, request, created) == DeviceError::none);
    CHECK(created);
    CHECK(std::string_view(request->request_id) != id);
    CHECK(devices.pending().size() == 1);
    const Device* device = nullptr;
    CHECK(devices.approve(id, std::nullopt, 3000, device) == DeviceError::unknown_request);
    ScopeSet pairing;
    pairing.add(Scope::pairing);
    CHECK(devices.approve(request->request_id, pairing, 3000, device) == DeviceError::denied);
    const std::string second(request->request_id);
    CHECK(devices.approve(second, ScopeSet::all(), 3000 + pair_request_ttl_ms, device) == DeviceError::unknown_request);

    REQUIRE(devices.request(ask_of(phone, only_read), 4000, request, created) == DeviceError::none);
    REQUIRE(devices.approve(request->request_id, ScopeSet::all(), 4000, device) == DeviceError::none);
    CHECK(devices.compare(ask_of(phone, only_read)) == PairReason::none);
    CHECK(devices.pending().empty());
    const std::string token(device->token(Role::operator_).token);
    CHECK(token.size() == 43);
    CHECK(shelf.written([&](json::Writer& w) { write_device(w, *device, Connected::no); }) ==
          "{\"deviceId\":\"" + phone.id + "\",\"publicKey\":\"" + phone.public_key +
              "\",\"displayName\":\"Phone\",\"platform\":\"ios\",\"clientId\":\"openclaw-ios\",\"clientMode\":\"ui\","
              "\"role\":\"operator\",\"roles\":[\"operator\"],\"scopes\":[\"operator.read\"],\"approvedVia\":"
              "\"operator\","
              "\"createdAtMs\":4000,\"approvedAtMs\":4000,\"tokens\":[{\"role\":\"operator\",\"scopes\":[\"operator."
              "read\"],"
              "\"createdAtMs\":4000}],\"connected\":false}");

    using enum Devices::TokenVerdict;
    CHECK(devices.check_token(phone.id, Role::operator_, token, list(only_read), 5000) == ok);
    CHECK(devices.check_token(phone.id, Role::operator_, token, list(read_write), 5000) == narrow);
    CHECK(devices.check_token(phone.id, Role::node, token, {}, 5000) == wrong);
    CHECK(devices.check_token(phone.id, Role::operator_, token + "x", {}, 5000) == wrong);
    CHECK(devices.check_token(phone.id, Role::operator_, "", {}, 5000) == wrong);
    CHECK(devices.check_token("nobody", Role::operator_, token, {}, 5000) == wrong);
    CHECK(devices.find_by_token(token).device == device);
    CHECK(devices.find_by_token("").device == nullptr);
    CHECK(devices.is_dirty());
    REQUIRE(devices.flush());
    CHECK_FALSE(devices.is_dirty());
    CHECK(shelf.file("devices/paired.json").find("\"lastUsedAtMs\":5000") != std::string::npos);

    // Another start finds everything.
    Devices again(shelf.store, crypto::Random(), shelf.pool.get(), std::pmr::get_default_resource());
    REQUIRE(*again.load());
    CHECK(again.compare(ask_of(phone, only_read)) == PairReason::none);
    CHECK(again.find_by_token(token).device != nullptr);
    CHECK(again.check_token(phone.id, Role::operator_, token, list(only_read), 6000) == ok);
    REQUIRE(again.rename(phone.id, "Ann's phone") == DeviceError::none);
    CHECK(again.find(phone.id)->label == "Ann's phone");
    REQUIRE(again.remove(phone.id) == DeviceError::none);
    CHECK(again.remove(phone.id) == DeviceError::unknown_device);
    CHECK(again.find_by_token(token).device == nullptr);
    CHECK(shelf.file("devices/paired.json") == "{}");
}

TEST_CASE("auth: what a paired device needs another approval for") {
    Shelf shelf;
    const TestDevice device(2);
    pair(shelf.devices, ask_of(device, read_write), 1000);
    const auto reason = [&](auto change) {
        DeviceAsk ask = ask_of(device, only_read);
        change(ask);
        return name_of(shelf.devices.compare(ask));
    };
    CHECK(reason([](DeviceAsk&) {}).empty());
    CHECK(reason([](DeviceAsk& a) { a.scopes = with_admin; }) == "scope-upgrade");
    CHECK(reason([](DeviceAsk& a) { a.role = Role::node; }) == "role-upgrade");
    CHECK(reason([](DeviceAsk& a) { a.platform = "linux"; }) == "metadata-upgrade");
    CHECK(reason([](DeviceAsk& a) { a.platform = ""; }) == "metadata-upgrade");
    CHECK(reason([](DeviceAsk& a) { a.platform = " IOS "; }).empty());
    CHECK(reason([](DeviceAsk& a) { a.device_family = "iPad"; }).empty());  // nothing was pinned
    CHECK(reason([](DeviceAsk& a) { a.public_key = "other"; }) == "not-paired");
    // More scopes, which may be approved silently, do not take a changed platform along.
    CHECK(reason([](DeviceAsk& a) {
              a.scopes = with_admin;
              a.platform = "linux";
          }) == "metadata-upgrade");

    const Device& node = pair(shelf.devices, ask_of(device, {}, Role::node), 2000);
    CHECK(node.roles.size() == 2);
    CHECK(node.role == "operator");
    CHECK(node.approved().size() == 2);
    CHECK(node.token(Role::node).is_live());
}

TEST_CASE("auth: tokens are kept, made anew, rotated and revoked") {
    Shelf shelf;
    Devices& devices = shelf.devices;
    const TestDevice device(3);
    pair(devices, ask_of(device, with_admin), 1000);
    const DeviceToken* token = nullptr;
    REQUIRE(devices.ensure_token(device.id, Role::operator_, list(only_read), 2000, token) == DeviceError::none);
    CHECK(token->issued_ms() == 1000);
    CHECK(token->scopes == normalised_scopes(list(with_admin), std::pmr::get_default_resource()));
    const std::string first(token->token);

    const Device* out = nullptr;
    ScopeSet reader;
    reader.add(Scope::read);
    const ScopeList narrow = list(only_read), wide = list(read_write);
    CHECK(devices.rotate(device.id, Role::operator_, std::nullopt, reader, 3000, out) == DeviceError::denied);
    CHECK(devices.rotate(device.id, Role::node, std::nullopt, ScopeSet::all(), 3000, out) ==
          DeviceError::unknown_token);
    CHECK(devices.rotate("nobody", Role::operator_, std::nullopt, ScopeSet::all(), 3000, out) ==
          DeviceError::unknown_token);
    REQUIRE(devices.rotate(device.id, Role::operator_, narrow, reader, 3000, out) == DeviceError::none);
    CHECK(std::string_view(out->token(Role::operator_).token) != first);
    CHECK(devices.find_by_token(first).device == nullptr);
    const std::string second(out->token(Role::operator_).token);
    CHECK(shelf.written([&](json::Writer& w) { write_rotated(w, *out, Role::operator_, false); }) ==
          "{\"deviceId\":\"" + device.id +
              "\",\"role\":\"operator\",\"scopes\":[\"operator.read\"],\"rotatedAtMs\":3000,"
              "\"tokenDelivery\":\"withheld-cross-device\"}");
    CHECK(shelf.written([&](json::Writer& w) { write_rotated(w, *out, Role::operator_, true); }).find(second) !=
          std::string::npos);
    CHECK(devices.check_token(device.id, Role::operator_, second, wide, 3000) == Devices::TokenVerdict::narrow);

    REQUIRE(devices.revoke(device.id, Role::operator_, ScopeSet::all(), 4000, out) == DeviceError::none);
    CHECK(shelf.written([&](json::Writer& w) { write_revoked(w, *out, Role::operator_); }) ==
          "{\"deviceId\":\"" + device.id + "\",\"role\":\"operator\",\"revokedAtMs\":4000}");
    CHECK(devices.check_token(device.id, Role::operator_, second, narrow, 4000) == Devices::TokenVerdict::wrong);
    CHECK(devices.find_by_token(second).device == nullptr);
    REQUIRE(devices.ensure_token(device.id, Role::operator_, wide, 5000, token) == DeviceError::none);
    CHECK(token->is_live());
    CHECK(std::string_view(token->token) != second);
    CHECK(token->scopes == list(read_write));
    const Device* other = nullptr;
    CHECK(devices.rotate(device.id, Role::operator_, list(std::span(read_write)), ScopeSet::all(), 6000, other) ==
          DeviceError::none);
    constexpr std::string_view more[] = {"operator.talk.secrets", "operator.odd"};
    CHECK(devices.rotate(device.id, Role::operator_, list(more), ScopeSet::all(), 7000, other) == DeviceError::none);
    const TestDevice reading(4);
    pair(devices, ask_of(reading, only_read), 1000);
    CHECK(devices.rotate(reading.id, Role::operator_, list(read_write), ScopeSet::all(), 7000, other) ==
          DeviceError::denied);
}

TEST_CASE("auth: the table of requests has a bound, and one address does not fill it") {
    Shelf shelf({.pending_max = 6, .pending_per_address_max = 3});
    const PairRequest* request = nullptr;
    bool created = false;
    const auto knock = [&](std::uint8_t number, std::string_view address, std::uint64_t now_ms) {
        const TestDevice device(number);
        DeviceAsk ask = ask_of(device, only_read);
        ask.remote_ip = address;
        REQUIRE(shelf.devices.request(ask, now_ms, request, created) == DeviceError::none);
        return std::string(request->request_id);
    };
    const std::string friendly = knock(1, "198.51.100.1", 1000);
    for (std::uint8_t i = 2; i < 60; ++i) knock(i, "203.0.113.9", 1000U + i);
    CHECK(shelf.devices.pending().size() == 4);
    CHECK(shelf.devices.pending().contains(std::string_view(friendly)));
    for (std::uint8_t i = 60; i < 70; ++i) knock(i, "203.0.113." + std::to_string(i), 1000U + i);
    CHECK(shelf.devices.pending().size() == 6);
    shelf.devices.expire(1000 + 2 * pair_request_ttl_ms);
    CHECK(shelf.devices.pending().empty());

    Shelf small({.paired_max = 1});
    pair(small.devices, ask_of(TestDevice(1), only_read), 1000);
    const Device* out = nullptr;
    const TestDevice late(2);
    CHECK(small.devices.approve_now(ask_of(late, only_read), "silent", 1000, out) == DeviceError::full);
    std::string long_name(5000, 'n');
    DeviceAsk ask = ask_of(TestDevice(1), only_read);
    const TestDevice one(1);
    ask.id = one.id;
    ask.public_key = one.public_key;
    ask.display_name = long_name;
    small.devices.seen(ask, "connect", 2000);
    CHECK(small.devices.find(one.id)->display_name.size() == 128);
}

TEST_CASE("auth: members that we do not know survive, records that make no sense are kept and not used") {
    Shelf shelf;
    const TestDevice device(5), other(6);
    const std::string text =
        "{\"" + device.id + "\":{\"deviceId\":\"" + device.id + "\",\"publicKey\":\"" + device.public_key +
        "\",\"future\":{\"a\":[1,2.50]},\"role\":\"operator\",\"scopes\":[\"operator.read\"],\"tokens\":{\"operator\":"
        "{\"token\":\"0123456789012345678901234567890123456789012\",\"role\":\"operator\",\"scopes\":[\"operator."
        "read\"],"
        "\"createdAtMs\":7,\"note\":\"x\"},\"butler\":{\"token\":\"t\"}},\"createdAtMs\":7,\"approvedAtMs\":7},"
        "\"" +
        other.id + "\":{\"deviceId\":\"" + other.id + "\",\"publicKey\":\"" + device.public_key +
        "\"},"
        "\"junk\":[],\"\":null}";
    REQUIRE(shelf.store.put("devices/paired.json", text));
    REQUIRE(*shelf.devices.load());
    REQUIRE(shelf.devices.find(device.id) != nullptr);
    CHECK(shelf.devices.find(other.id) == nullptr);  // its id is not the hash of its key
    REQUIRE(shelf.devices.rename(device.id, "x") == DeviceError::none);
    const std::string after = shelf.file("devices/paired.json");
    for (const char* part : {"\"future\":{\"a\":[1,2.50]}", "\"note\":\"x\"", "\"butler\":{\"token\":\"t\"}",
                             "\"junk\":[]", "\"createdAtMs\":7", "\"\":null"}) {
        INFO(part);
        CHECK(after.find(part) != std::string::npos);
    }
    CHECK(after.find(other.id) != std::string::npos);
}

TEST_CASE("auth: hostile files are put aside, and never crash") {
    for (const std::string_view text :
         {"", "{", "[]", "null", "{\"a\":1,\"a\":2}", "\xff\xfe", "{\"x\":{\"deviceId\":\"x\"}} trailing"}) {
        INFO(text);
        Shelf shelf;
        REQUIRE(shelf.store.put("devices/paired.json", text));
        const auto loaded = shelf.devices.load();
        REQUIRE(loaded);
        CHECK_FALSE(*loaded);
        CHECK(shelf.file("devices/paired.damaged.json") == text);
        CHECK(shelf.devices.paired().empty());
    }
    test::Random random(77);
    const TestDevice device(5);
    const std::string whole =
        "{\"" + device.id + "\":{\"deviceId\":\"" + device.id + "\",\"publicKey\":\"" + device.public_key +
        "\",\"role\":\"operator\",\"roles\":[\"operator\"],\"scopes\":[\"operator.read\"],\"tokens\":{\"operator\":{"
        "\"token\":\"0123456789012345678901234567890123456789012\",\"scopes\":[],\"createdAtMs\":7}},\"createdAtMs\":7}"
        "}";
    constexpr std::string_view pieces[] = {"null", "[]",       "{}", "-1", "1e308", "\"\"",
                                           "true", "[[[[]]]]", ",",  ":",  "\""};
    for (int round = 0; round < 800; ++round) {
        std::string text = whole;
        for (std::size_t n = 1 + random.below(3); n > 0; --n) {
            const std::size_t at = random.below(text.size());
            text.replace(at, random.below(12), pieces[random.below(std::size(pieces))]);
        }
        Shelf shelf;
        REQUIRE(shelf.store.put("devices/paired.json", text));
        REQUIRE(shelf.store.put("devices/pending.json", text));
        REQUIRE(shelf.store.put("devices/bootstrap.json", text));
        REQUIRE(shelf.devices.load());
        REQUIRE(shelf.bootstraps.load());
        REQUIRE(shelf.devices.check_token(device.id, Role::operator_, "", {}, 1) == Devices::TokenVerdict::wrong);
        const Device* out = nullptr;
        REQUIRE(shelf.devices.approve_now(ask_of(device, only_read), "silent", 1000, out) == DeviceError::none);
        Devices again(shelf.store, crypto::Random(), shelf.pool.get(), std::pmr::get_default_resource());
        REQUIRE(shelf.store.remove("devices/pending.json"));  // as it came: nobody has written it
        INFO(text);
        REQUIRE(*again.load());  // what we write can be read
        REQUIRE(again.find(device.id) != nullptr);
    }
}

TEST_CASE("auth: a change that cannot be stored, or runs out of memory, has not happened") {
    const TestDevice device(8);
    for (std::size_t n = 0; n < 400; ++n) {
        test::TestHost host;
        HostMemory memory(host.allocator());
        BlockPoolOwner pool(host.allocator());
        store::MemoryStore store({}, &memory);
        Devices devices(store, crypto::Random(), pool.get(), &memory);
        const Device* out = nullptr;
        REQUIRE(devices.approve_now(ask_of(device, only_read), "silent", 1000, out) == DeviceError::none);
        const std::string token(out->token(Role::operator_).token);
        host.fail_once_at(n);
        bool done = false;
        try {
            done = devices.rotate(device.id, Role::operator_, std::nullopt, ScopeSet::all(), 2000, out) ==
                   DeviceError::none;
        } catch (const std::bad_alloc&) {
        }
        host.fail_never();
        INFO(n);
        CHECK(devices.find_by_token(token).device == (done ? nullptr : devices.find(device.id)));
        CHECK((devices.check_token(device.id, Role::operator_, token, {}, 3000) == Devices::TokenVerdict::ok) == !done);
        if (done && !host.failed()) return;
    }
    FAIL("never succeeded");
}

TEST_CASE("auth: a setup code lets one device in, once for each role, for ten minutes") {
    Shelf shelf;
    BootstrapTokens& tokens = shelf.bootstraps;
    const BootstrapTokens::Token* made = nullptr;
    REQUIRE(tokens.issue(SetupAccess::limited, 1000, made) == DeviceError::none);
    const std::string token(made->token);
    CHECK(tokens.check(token, "phone", Role::operator_, read_write, 1000));
    CHECK_FALSE(tokens.check(token, "phone", Role::operator_, with_admin, 1000));
    CHECK_FALSE(tokens.check(token + "x", "phone", Role::operator_, read_write, 1000));
    CHECK_FALSE(tokens.check("", "phone", Role::operator_, read_write, 1000));
    CHECK_FALSE(tokens.check(token, "", Role::operator_, read_write, 1000));
    REQUIRE(tokens.redeem(token, "phone", Role::operator_, 1000) == DeviceError::none);
    CHECK_FALSE(tokens.check(token, "phone", Role::operator_, read_write, 1000));
    CHECK_FALSE(tokens.check(token, "thief", Role::node, {}, 1000));

    BootstrapTokens again(shelf.store, crypto::Random(), shelf.pool.get(), std::pmr::get_default_resource());
    REQUIRE(again.load());
    CHECK(again.check(token, "phone", Role::node, {}, 1000));
    CHECK_FALSE(again.check(token, "thief", Role::node, {}, 1000));
    REQUIRE(again.redeem(token, "phone", Role::node, 1000) == DeviceError::none);
    CHECK(again.size() == 0);

    REQUIRE(tokens.issue(SetupAccess::node, 5000, made) == DeviceError::none);
    const std::string node(made->token);
    CHECK_FALSE(tokens.check(node, "n", Role::operator_, {}, 5000));
    CHECK(tokens.check(node, "n", Role::node, {}, 5000 + bootstrap_ttl_ms - 1));
    CHECK_FALSE(tokens.check(node, "n", Role::node, {}, 5000 + bootstrap_ttl_ms));
    for (int i = 0; i < 100; ++i) REQUIRE(tokens.issue(SetupAccess::full, 6000, made) == DeviceError::none);
    CHECK(tokens.size() == BootstrapTokens::count_max);
    CHECK(tokens.check(made->token, "p", Role::operator_, with_admin, 6000));

    std::pmr::string code;
    append_setup_code(code, "wss://gw.example", "tok", shelf.pool.get());
    std::array<std::byte, 128> bytes{};
    const auto size = crypto::base64_decode(bytes, code, crypto::Base64::url);
    REQUIRE(size);
    CHECK(as_text(std::span<const std::byte>(bytes).first(*size)) ==
          R"({"url":"wss://gw.example","bootstrapToken":"tok"})");
}

TEST_CASE("auth: the gateway's own key is made once, and a damaged one is put aside") {
    Shelf shelf;
    const auto load = [&](GatewayIdentity& identity) {
        REQUIRE(identity.load(shelf.store, crypto::Random(), 1000, shelf.pool.get(), std::pmr::get_default_resource()));
    };
    GatewayIdentity first, second, third;
    load(first);
    load(second);
    CHECK(first.device_id() == second.device_id());
    CHECK(shelf.written([&](json::Writer& w) { second.write(w); }) ==
          "{\"deviceId\":\"" + std::string(first.device_id()) + "\",\"publicKey\":\"" +
              std::string(first.public_key()) + "\"}");
    const std::string file = shelf.file("identity/device.json");
    CHECK(file.starts_with(R"({"version":1,"deviceId":")"));
    CHECK(file.find("-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEI") != std::string::npos);
    CHECK(file.find("-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA") != std::string::npos);
    std::string wrong = file;
    wrong[30] = wrong[30] == 'a' ? 'b' : 'a';  // the id is another one
    REQUIRE(shelf.store.put("identity/device.json", wrong));
    load(third);
    CHECK(third.device_id() != first.device_id());
    CHECK(shelf.file("identity/device.damaged.json") == wrong);
}

}  // namespace gw::auth
