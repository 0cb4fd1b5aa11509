// Devices: setup codes, and what goes with a device that is removed.
#include <span>

#include "crypto/base64.h"
#include "support/fake_gate.h"

namespace gw::test {

TEST_CASE("devices: a setup code brings a device in, and says when it did") {
    FakeGate gate;
    auto& admin = gate.oper("cli", 4);
    auto& watcher = gate.oper("ui", 4, {rpc::Scope::pairing});
    CHECK(gate.call(watcher, "device.pair.setupCode").at({"error", "message"}) == "missing scope: operator.admin");
    CHECK(gate.call(admin, "device.pair.setupCode").at({"error", "code"}) == "UNAVAILABLE");
    struct Case {
        std::string_view asked, url;
    };
    const Case cases[] = {
        {"https://gw.example.org/", "wss://gw.example.org"},
        {"HTTP://gw:18789", "ws://gw:18789"},
        {"wss://gw/base", "wss://gw/base"},
        {"gw.local:1", "ws://gw.local:1"},
        {"ftp://gw", ""},
        {"https://gw/?token=x", ""},
        {"https://a@gw", ""},
        {"https://", ""},
    };
    for (const Case& one : cases) {
        INFO(one.asked);
        const Reply made = gate.call(
            admin, "device.pair.setupCode",
            R"({"publicUrl":")" + std::string(one.asked) + R"(","bootstrapProfile":"node","includeQr":true})");
        if (one.url.empty()) {
            CHECK(made.at({"error", "code"}) == "INVALID_REQUEST");
            continue;
        }
        CHECK(made.at({"payload", "gatewayUrl"}) == one.url);
        CHECK(made.at({"payload", "access"}) == "node");
        CHECK(made.at({"payload", "expiresAtMs"}) == "1767226200000");
        const std::string code = made.at({"payload", "setupCode"});
        std::string text(crypto::base64_decoded_size_max(code.size()), ' ');
        const auto size = crypto::base64_decode(std::as_writable_bytes(std::span(text)), code, crypto::Base64::url);
        REQUIRE(size);
        const Reply inside(text.substr(0, *size));
        CHECK(inside.at({"url"}) == one.url);
        const std::string token = inside.at({"bootstrapToken"});
        const std::string id = made.at({"payload", "setupId"});
        const auto status = [&] {
            return gate.call(admin, "device.pair.setupStatus", R"({"setupId":")" + id + R"("})").at({"payload"});
        };
        CHECK(status() == "{}");
        auth::BootstrapTokens& tokens = gate.core().bootstraps;
        REQUIRE(tokens.redeem(token, "phone", auth::Role::node, gate.unix_ms()) == auth::DeviceError::none);
        const std::string done = R"({"setupId":")" + id + R"(","deviceId":"phone","access":"node","ts":1767225600000})";
        CHECK(status() == R"({"completion":)" + done + "}");
        gate.core().tell_setup_completed();
        gate.core().tell_setup_completed();  // once
        CHECK(FakeGate::take_event(watcher, "device.pair.setup.completed").at({"payload"}) == done);
        CHECK(FakeGate::count_events(watcher, "device.pair.setup.completed") == 0);
    }
}

TEST_CASE("devices: no grants stand, so none is revoked") {
    FakeGate gate;
    auto& admin = gate.oper("cli", 4);
    CHECK(gate.call(admin, "exec.approval.grants.list").at({"payload"}) == R"({"grants":[]})");
    CHECK(gate.call(admin, "exec.approval.grants.revoke", R"({"grantId":"g"})").at({"payload"}) ==
          R"({"outcome":"not-found"})");
}

}  // namespace gw::test
