// Methods that the host answers, and events that it sends.
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view open = R"({ gateway: { auth: { mode: "none" } } })";
constexpr std::string_view lamp =
    R"({"type":"object","required":["on"],"additionalProperties":false,"properties":{"on":{"type":"boolean"}}})";

gw_str text(std::string_view value) { return {value.data(), value.size()}; }

gw_status add(World& world, std::string_view name, std::string_view scope = "operator.write",
              std::string_view schema = lamp, std::uint32_t timeout_ms = 0) {
    return gw_gateway_add_method(world.gateway(), text(name), text(scope), text(schema), timeout_ms);
}
gw_status answer(World& world, gw_method_call_id call, std::string_view payload) {
    const gw_status status = gw_method_answer(world.gateway(), call, text(payload));
    world.pump();
    return status;
}
gw_status fail(World& world, gw_method_call_id call, std::string_view code, std::string_view message,
               std::string_view details = {}) {
    const gw_status status = gw_method_fail(world.gateway(), call, text(code), text(message), text(details));
    world.pump();
    return status;
}
gw_status emit(World& world, std::string_view name, std::string_view payload, gw_client_id client = 0) {
    const gw_status status = gw_gateway_emit(world.gateway(), text(name), text(payload), client);
    world.pump();
    return status;
}
void ask(RpcClient& client, std::string_view id, std::string_view params = R"({"on":true})") {
    client.send(R"({"type":"req","id":")" + std::string(id) + R"(","method":"lights.set","params":)" +
                std::string(params) + "}");
}
bool lists(const json::Value& list, std::string_view name) {
    for (json::Value one = list.first(); one.exists(); one = one.next()) {
        if (one.as_string() == name) return true;
    }
    return false;
}
RpcClient::Who with_scopes(std::string_view scopes, std::string_view role = "operator") {
    RpcClient::Who who;
    who.protocol = 4;
    who.scopes = scopes;
    who.role = role;
    if (role == "node") who.mode = "node";
    return who;
}

}  // namespace

TEST_CASE("methods: the host answers, in every dialect that has methods") {
    World world(open);
    REQUIRE(add(world, "lights.set") == GW_OK);
    RpcClient typed(world), seed(world, "/gateway");
    CHECK(lists(typed.connect({}, 4)["payload"]["features"]["methods"], "lights.set"));
    ask(typed, "a");
    ask(typed, "b", R"({ "on" : false })");
    seed.send(R"({"id":7,"method":"lights.set","params":{"on":true},"meta":{"trace":"t"}})");
    REQUIRE(world.method_calls.size() == 3);
    CHECK(world.method_calls[0].method == "lights.set");
    CHECK(world.method_calls[0].params == R"({"on":true})");
    CHECK(world.method_calls[1].params == R"({ "on" : false })");
    const Json caller(world.method_calls[0].caller);
    CHECK(caller["client"].as_string() == "gateway-client");
    CHECK(caller["role"].as_string() == "operator");
    CHECK(caller["owner"].as_bool() == true);
    CHECK(caller["local"].as_bool() == true);
    CHECK(lists(caller["scopes"], "operator.write"));
    CHECK(world.method_calls[0].client != world.method_calls[2].client);

    // In any order; the second time the id is gone.
    CHECK(answer(world, world.method_calls[1].id, R"({"lamp":"off"})") == GW_OK);
    CHECK(typed.take_answer("b")["payload"]["lamp"].as_string() == "off");
    CHECK(answer(world, world.method_calls[1].id, "{}") == GW_ERR_GONE);
    CHECK(answer(world, world.method_calls[0].id, "") == GW_OK);
    CHECK(typed.take_answer("a")["payload"].is(json::Kind::object));
    CHECK(fail(world, world.method_calls[2].id, "LAMP_BROKEN", "the lamp is broken", R"({"lamp":3})") == GW_OK);
    const Json broken = seed.take_answer("7");
    CHECK(broken["ok"].as_bool() == false);
    CHECK(broken["payload"].is(json::Kind::null));
    CHECK(broken["error"]["code"].as_string() == "LAMP_BROKEN");
    CHECK(broken["error"]["message"].as_string() == "the lamp is broken");
    CHECK(broken["error"]["details"]["lamp"].as_int() == 3);
    CHECK(broken["meta"]["trace"].as_string() == "t");
    CHECK(world.cancelled_method_calls.empty());
}

TEST_CASE("methods: scope, role and parameters are checked before the host hears of a call") {
    World world(open);
    REQUIRE(add(world, "lights.set") == GW_OK);
    REQUIRE(add(world, "lights.reset", "", "") == GW_OK);
    REQUIRE(add(world, "lights.report", "node", "") == GW_OK);
    RpcClient reader(world), writer(world), node(world);
    CHECK(reader.connect_as(with_scopes("operator.read"))["ok"].as_bool() == true);
    CHECK(writer.connect_as(with_scopes("operator.write"))["ok"].as_bool() == true);
    CHECK(node.connect_as(with_scopes("", "node"))["ok"].as_bool() == true);

    CHECK(reader.call("lights.set", R"({"on":true})")["error"]["details"]["missingScope"].as_string() ==
          "operator.write");
    CHECK(writer.call("lights.reset")["error"]["details"]["missingScope"].as_string() == "operator.admin");
    CHECK(writer.call("lights.report")["error"]["message"].as_string() == "unauthorized role: operator");
    CHECK(node.call("lights.set")["error"]["message"].as_string() == "unauthorized role: node");
    CHECK(writer.call("lights.set", R"({"on":1})")["error"]["message"].as_string() ==
          "invalid lights.set params: at /on: must be boolean");
    CHECK(writer.call("lights.set", R"({"on":true,"x":1})")["error"]["message"].as_string() ==
          "invalid lights.set params: at root: unexpected property 'x'");
    CHECK(world.method_calls.empty());

    node.send(R"({"type":"req","id":"n","method":"lights.report"})");
    REQUIRE(world.method_calls.size() == 1);
    CHECK(world.method_calls[0].params == "{}");
    CHECK(Json(world.method_calls[0].caller)["role"].as_string() == "node");
    CHECK(Json(world.method_calls[0].caller)["owner"].as_bool() == false);
    CHECK(answer(world, world.method_calls[0].id, "true") == GW_OK);
    CHECK(node.take_answer("n")["payload"].as_bool() == true);
}

TEST_CASE("methods: the host is told when nobody waits any more") {
    World world(open);
    REQUIRE(add(world, "lights.set", "operator.write", lamp, 5000) == GW_OK);
    RpcClient client(world), leaver(world);
    client.connect();
    leaver.connect();
    ask(leaver, "1");
    ask(client, "2");
    REQUIRE(world.method_calls.size() == 2);
    world.drop(leaver.peer());
    REQUIRE(world.cancelled_method_calls.size() == 1);
    CHECK(world.cancelled_method_calls[0] == world.method_calls[0].id);
    CHECK(answer(world, world.method_calls[0].id, "{}") == GW_ERR_GONE);

    world.advance(4999);
    CHECK(world.cancelled_method_calls.size() == 1);
    world.advance(1);
    const Json late = client.take_answer("2");
    CHECK(late["error"]["code"].as_string() == "UNAVAILABLE");
    CHECK(late["error"]["message"].as_string() == "the method did not answer in time");
    CHECK(late["error"]["retryable"].as_bool() == true);
    REQUIRE(world.cancelled_method_calls.size() == 2);
    CHECK(world.cancelled_method_calls[1] == world.method_calls[1].id);
    CHECK(fail(world, world.method_calls[1].id, "", "") == GW_ERR_GONE);
}

TEST_CASE("methods: a gateway that ends has calls open") {
    TestHost host;
    World world(open, host.host());
    REQUIRE(add(world, "lights.set") == GW_OK);
    RpcClient client(world);
    client.connect();
    ask(client, "1");
    CHECK(world.method_calls.size() == 1);
}

TEST_CASE("methods: so many may be open") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.asks_max = 2;
    World world(open, nullptr, &limits);
    REQUIRE(add(world, "lights.set") == GW_OK);
    RpcClient client(world);
    client.connect();
    ask(client, "1");
    ask(client, "2");
    ask(client, "3");
    const Json refused = client.take_answer("3");
    CHECK(refused["error"]["code"].as_string() == "UNAVAILABLE");
    CHECK(refused["error"]["retryable"].as_bool() == true);
    REQUIRE(world.method_calls.size() == 2);
    CHECK(answer(world, world.method_calls[0].id, "{}") == GW_OK);
    ask(client, "4");
    CHECK(world.method_calls.size() == 3);
}

TEST_CASE("methods: what an answer may be") {
    World world(open);
    REQUIRE(add(world, "lights.set") == GW_OK);
    RpcClient client(world);
    client.connect();
    ask(client, "1");
    REQUIRE(world.method_calls.size() == 1);
    const gw_method_call_id call = world.method_calls[0].id;
    CHECK(answer(world, call, "{") == GW_ERR_DATA);
    CHECK(answer(world, call, "\"\xFF\"") == GW_ERR_DATA);
    CHECK(answer(world, call, "{}{}") == GW_ERR_DATA);
    CHECK(answer(world, call, std::string(17 << 20, ' ')) == GW_ERR_LIMIT);
    CHECK(fail(world, call, "lower", "x") == GW_ERR_ARGUMENT);
    CHECK(fail(world, call, std::string(65, 'A'), "x") == GW_ERR_ARGUMENT);
    CHECK(fail(world, call, "X", "x", "{") == GW_ERR_DATA);
    CHECK(gw_method_answer(nullptr, call, {}) == GW_ERR_ARGUMENT);
    CHECK(gw_method_answer(world.gateway(), 0, {}) == GW_ERR_GONE);
    CHECK(fail(world, call, "", std::string(5000, 'x')) == GW_OK);
    CHECK(text_of(client.take_answer("1")["error"]["message"]).size() == 4096);
}

TEST_CASE("methods: what can be added") {
    World world(open);
    for (const std::string_view name : {"lights.set", "a", "x-y_z.0"}) CHECK(add(world, name) == GW_OK);
    for (const std::string_view name : {"lights.set", "connect", "health", "chat.send", "", "1a", ".a", "two words"})
        CHECK(add(world, name) == GW_ERR_ARGUMENT);
    CHECK(add(world, std::string(65, 'x')) == GW_ERR_ARGUMENT);
    CHECK(add(world, "b", "operator.nothing") == GW_ERR_ARGUMENT);
    CHECK(add(world, "b", "write", "[]") == GW_ERR_DATA);
    CHECK(add(world, "b", "write", "{") == GW_ERR_DATA);
    CHECK(add(world, "b", "write", R"({"type":"string"})") == GW_ERR_DATA);
    CHECK(add(world, "b", "write", R"({"title":")" + std::string(70000, 'x') + R"("})") == GW_ERR_LIMIT);
    for (int i = 3; i < 256; ++i) CHECK(add(world, "m" + std::to_string(i)) == GW_OK);
    CHECK(add(world, "one_too_many") == GW_ERR_LIMIT);

    const auto event = [&](std::string_view name, std::string_view scope = {}, std::uint32_t flags = 0) {
        return gw_gateway_add_event(world.gateway(), text(name), text(scope), flags);
    };
    CHECK(event("lights") == GW_OK);
    for (const std::string_view name : {"lights", "chat", "connect.challenge", "", "two words"})
        CHECK(event(name) == GW_ERR_ARGUMENT);
    CHECK(event("b", "node") == GW_ERR_ARGUMENT);
    CHECK(event("b", {}, 4) == GW_ERR_UNSUPPORTED);
    for (int i = 1; i < 256; ++i) CHECK(event("e" + std::to_string(i)) == GW_OK);
    CHECK(event("one_too_many") == GW_ERR_LIMIT);
}

TEST_CASE("methods: events of the host, for all, by scope, and for one") {
    World world(open);
    REQUIRE(gw_gateway_add_event(world.gateway(), text("lights"), {}, 0) == GW_OK);
    REQUIRE(gw_gateway_add_event(world.gateway(), text("alarm"), text("operator.write"), GW_EMIT_TO_NODES) == GW_OK);
    REQUIRE(add(world, "lights.set") == GW_OK);
    RpcClient reader(world), writer(world), node(world);
    reader.connect_as(with_scopes("operator.read"));
    CHECK(lists(writer.connect_as(with_scopes("operator.write"))["payload"]["features"]["events"], "alarm"));
    node.connect_as(with_scopes("", "node"));
    const auto told = [](RpcClient& client) {
        std::vector<std::string> names;
        while (client.has()) {
            const std::string name = text_of(client.take()["event"]);
            if (name == "lights" || name == "alarm") names.push_back(name);
        }
        return names;
    };
    CHECK(emit(world, "lights", R"({"on":true})") == GW_OK);
    CHECK(emit(world, "alarm", "") == GW_OK);
    CHECK(told(reader) == std::vector<std::string>{"lights"});
    CHECK(told(writer) == std::vector<std::string>{"lights", "alarm"});
    CHECK(told(node) == std::vector<std::string>{"alarm"});

    ask(writer, "1");
    REQUIRE(world.method_calls.size() == 1);
    const gw_client_id client = world.method_calls[0].client;
    CHECK(emit(world, "lights", R"({"on":false})", client) == GW_OK);
    const Json event = writer.take_event("lights");
    CHECK(event["payload"]["on"].as_bool() == false);
    CHECK_FALSE(event["seq"].exists());
    CHECK(told(reader).empty());

    CHECK(emit(world, "nothing", "{}") == GW_ERR_ARGUMENT);
    CHECK(emit(world, "chat", "{}") == GW_ERR_ARGUMENT);
    CHECK(emit(world, "lights", "{") == GW_ERR_DATA);
    world.drop(writer.peer());
    CHECK(emit(world, "lights", "{}", client) == GW_ERR_GONE);
}

}  // namespace gw::test
