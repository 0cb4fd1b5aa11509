// Many large messages and readers that do not keep up: memory stays where it was.
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view open = R"({ gateway: { auth: { mode: "none" } } })";
constexpr std::size_t megabyte = std::size_t{1} << 20U;

// A message as a client sends it, masked with zeros: its bytes are those of the text. A binary one may hold JSON, too,
// and is cheaper to read.
std::string frame_of(std::string_view text) {
    std::string out = "\x82";
    if (text.size() < 65536) {
        out += '\xFE';
        for (int shift = 8; shift >= 0; shift -= 8) out += static_cast<char>(text.size() >> shift & 255U);
    } else {
        out += '\xFF';
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(text.size() >> shift & 255U);
    }
    return out.append(4, '\0').append(text);
}

gw_str text(std::string_view value) { return {value.data(), value.size()}; }

}  // namespace

TEST_CASE("flood: a hundred megabytes from several clients, and readers that do not keep up, cost no memory") {
    TestHost host;
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.ws_message_bytes_max = megabyte;
    limits.ws_buffered_bytes_max = megabyte;
    World world(open, host.host(), &limits);
    REQUIRE(gw_gateway_add_event(world.gateway(), text("news"), {}, GW_EMIT_MAY_DROP) == GW_OK);
    REQUIRE(gw_gateway_add_event(world.gateway(), text("orders"), {}, 0) == GW_OK);
    std::vector<std::unique_ptr<RpcClient>> talkers;
    for (int i = 0; i < 4; ++i) {
        talkers.push_back(std::make_unique<RpcClient>(world));
        talkers.back()->connect();
    }
    RpcClient slow(world), mute(world);
    slow.connect();
    mute.connect();
    const auto forget = [&] {
        for (const auto& one : talkers) one->peer().received.clear();
    };
    const std::string large =
        frame_of(R"({"type":"req","id":"1","method":"health","params":{})" + std::string(256 * 1024, ' ') + "}");
    const std::string small = frame_of(R"({"type":"req","id":"1","method":"status"})");
    const std::string news = "\"" + std::string(65536, 'x') + "\"";
    slow.peer().take = mute.peer().take = false;

    // Once round, so that what is kept for the next message is there.
    for (const auto& one : talkers) CHECK(world.send(one->peer(), large) == GW_OK);
    forget();
    const std::size_t before = host.bytes_peak();
    const std::size_t messages = static_cast<std::size_t>(long_rounds(400));
    for (std::size_t i = 0; i < messages; ++i) {
        CHECK(world.send(talkers[i % talkers.size()]->peer(), large) == GW_OK);
        if (i % 4 == 0) CHECK(gw_gateway_emit(world.gateway(), text("news"), text(news), 0) == GW_OK);
        // A host reads from nobody whom the gateway does not want to hear.
        if (gw_conn_wants_read(mute.peer().conn)) CHECK(world.send(mute.peer(), small) == GW_OK);
        world.pump();
        forget();
    }
    // What the slow one has waiting, what is on its way to both, one message, and what is sent.
    INFO(before << " bytes before, at most " << host.bytes_peak());
    CHECK(host.bytes_peak() < before + 4 * megabyte);
    CHECK_FALSE(slow.peer().closed);
    CHECK_FALSE(gw_conn_wants_read(mute.peer().conn));

    // What must not be lost ends a connection that cannot take it, and frees what it had waiting.
    for (int i = 0; i < 32; ++i) {
        CHECK(gw_gateway_emit(world.gateway(), text("orders"), text(news), 0) == GW_OK);
        world.pump();
        forget();
    }
    CHECK(host.bytes_peak() < before + 5 * megabyte);
    slow.peer().take = mute.peer().take = true;
    world.pump();
    CHECK(slow.close_code() == 1008);
    CHECK(slow.close_reason() == "slow consumer");
    CHECK(host.bytes_out() < before);

    for (const auto& one : talkers) CHECK(one->call("health")["ok"].as_bool() == true);
    RpcClient late(world);
    late.connect();
    late.send(std::string(megabyte + 1, ' '));
    CHECK(late.close_code() == 1009);
}

}  // namespace gw::test
