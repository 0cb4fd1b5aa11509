// gateway.hpp: everything is freed once, ranges end where the C call says so, and a failure is a value.
#include <netinet/in.h>
#include <gateway/gateway.hpp>

#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include "support/test.h"

namespace gw::test {

namespace {

// Counts what is not given back.
struct Memory {
    int open = 0;
    gw_host host = gateway::sized<gw_host>();
    Memory() {
        host.user = this;
        host.alloc = [](void* user, std::size_t size) {
            ++static_cast<Memory*>(user)->open;
            return ::operator new(size, std::nothrow);
        };
        host.free = [](void* user, void* memory, std::size_t) {
            --static_cast<Memory*>(user)->open;
            ::operator delete(memory);
        };
    }
    Memory(const Memory&) = delete;
};

static_assert(!std::is_copy_constructible_v<gateway::Gateway> &&
              std::is_nothrow_move_constructible_v<gateway::Gateway>);
static_assert(std::is_nothrow_move_assignable_v<gateway::Buffer>);
static_assert(std::is_trivially_copyable_v<gateway::Conn>);

// Everything the gateway wants, until it wants nothing; what it has sent.
std::string pump(const gateway::Gateway& gw, std::uint64_t number = 0) {
    std::string sent;
    for (const gw_event& event : gw.events()) {
        gateway::Conn conn(event.conn);
        if (event.type == GW_EVENT_OUTPUT) {
            for (const gateway::Buffer& piece : conn.output()) sent += piece.text();
        } else if (event.type == GW_EVENT_CLOSE) {
            conn.free();
        } else if (event.type == GW_EVENT_REQUEST) {
            const gateway::Request request = gw.request(event.request);
            CHECK(event.listener == number);
            const std::string text = std::string(request.method()) + " " + std::string(request.parameter("name")) +
                                     " " + std::string(request.header("x-one")) + std::string(request.query());
            const gw_field type{gateway::str("X-Type"), gateway::str("mine")};
            CHECK(request.start(200, {&type, 1}, text.size()));
            CHECK(request.write(text));
            CHECK(request.end());
            CHECK(request.end().code() == GW_ERR_GONE);
            CHECK(request.path().empty());
        }
    }
    return sent;
}

}  // namespace

TEST_CASE("wrapper: a gateway, from its configuration to its end") {
    Memory memory;
    {
        auto source = gateway::sized<gw_config_source>();
        source.text = gateway::str("{gateway:{auth:{mode:'none'}}}");
        auto options = gateway::sized<gw_gateway_options>();
        options.host = &memory.host;
        auto made = gateway::Gateway::open(source, options);
        REQUIRE(made);
        gateway::Gateway gw = *std::move(made);
        CHECK(gw.tick(1000, 1767225600000));
        CHECK(gw.route("GET", "/mine/:name", 7));
        CHECK(gw.route("GET", "/mine/:name", 8).code() == GW_ERR_ARGUMENT);
        auto client = gw.accept("127.0.0.1", 9);
        REQUIRE(client);
        CHECK(client->wants_read());
        CHECK(client->recv("GET /mine/ann?q HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nConnection: close\r\n\r\n"));
        const std::string sent = pump(gw, 7);
        CHECK(sent.find("X-Type: mine\r\n") != std::string::npos);
        CHECK(sent.ends_with("\r\n\r\nGET ann 1q"));
        CHECK(gw.stats().conns_total == 1);
        CHECK(gw.next_deadline() > 1000);
        CHECK(gw.answer(77, gateway::sized<gw_answer>()).code() == GW_ERR_GONE);
        CHECK(gw.set_ask_user(77, &gw).code() == GW_ERR_GONE);
        sockaddr_in from{};
        from.sin_family = AF_INET;
        CHECK(gw.accept(reinterpret_cast<const sockaddr&>(from)));
        from.sin_family = AF_UNSPEC;
        CHECK(gw.accept(reinterpret_cast<const sockaddr&>(from)).status().code() == GW_ERR_ARGUMENT);
        CHECK(gw.tick(1001));  // and the system's time of day
        CHECK(gw.shutdown());
        gateway::Gateway moved;
        moved = std::move(gw);
        CHECK(gw.get() == nullptr);
        CHECK(moved.accept("127.0.0.1").status().code() == GW_ERR_STATE);
    }
    CHECK(memory.open == 0);
}

TEST_CASE("wrapper: an agent and a tool of the program") {
    auto source = gateway::sized<gw_config_source>();
    source.text = gateway::str("{gateway:{auth:{mode:'none'}}}");
    auto gw = gateway::Gateway::open(source, gateway::sized<gw_gateway_options>());
    REQUIRE(gw);
    CHECK(gw->tick(1000, 1767225600000));
    CHECK(gw->agent("main"));
    CHECK(gw->agent("nobody").code() == GW_ERR_ARGUMENT);
    CHECK(gw->add_tool("look", "Looks.", R"({"type":"object"})", GW_TOOL_OWNER_ONLY));
    CHECK(gw->add_tool("look", "Looks.").code() == GW_ERR_ARGUMENT);
    CHECK(gw->add_method("lights.set", "operator.write", R"({"type":"object"})"));
    CHECK(gw->add_method("lights.set").code() == GW_ERR_ARGUMENT);
    CHECK(gw->method_call(1).answer("{}").code() == GW_ERR_GONE);
    CHECK(gw->method_call(1).fail("NOT_FOUND", "no such lamp").code() == GW_ERR_GONE);
    CHECK(gw->add_event("lights.changed"));
    CHECK(gw->emit("lights.changed", R"({"on":true})"));
    CHECK(gw->emit("nobody.knows").code() == GW_ERR_ARGUMENT);
    auto client = gw->accept("127.0.0.1");
    REQUIRE(client);
    const std::string body = R"({"message":"hello"})";
    client->recv("POST /api/chat HTTP/1.1\r\nHost: x\r\nX-OpenClaw-Sender-Is-Owner: true\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);
    std::string sent;
    for (std::uint64_t now = 1001; now < 1200; ++now) {
        gw->tick(now, 1767225600000 + now);
        for (const gw_event& event : gw->events()) {
            if (event.type == GW_EVENT_OUTPUT) {
                for (const gateway::Buffer& piece : gateway::Conn(event.conn).output()) sent += piece.text();
            } else if (event.type == GW_EVENT_RUN) {
                const gateway::Run run = gw->run(event.run);
                if (run.request().find("it is there") == std::string_view::npos) {
                    CHECK(run.tool_call("look", R"({"at":1})"));
                    CHECK(run.end(GW_RUN_TOOL_CALLS));
                } else {
                    CHECK(run.delta("found"));
                    CHECK(run.end());
                }
                CHECK(run.fail("late").code() == GW_ERR_GONE);
                CHECK(run.request().empty());
            } else if (event.type == GW_EVENT_TOOL_CALL) {
                const gateway::ToolCall call = gw->tool_call(event.call);
                CHECK(gateway::view(event.data) == R"({"at":1})");
                CHECK(call.progress("looking"));
                CHECK(call.result("it is there"));
                CHECK(call.fail("late").code() == GW_ERR_GONE);
            }
        }
    }
    CHECK(sent.find("found") != std::string::npos);
}

TEST_CASE("wrapper: what is wrong is said") {
    auto source = gateway::sized<gw_config_source>();
    source.text = gateway::str("{gateway:{prot:1}}");
    gateway::Buffer problems;
    const auto config = gateway::Config::load(source, &problems);
    CHECK_FALSE(config);
    CHECK(config.status() == gateway::Status(GW_ERR_CONFIG));
    CHECK(config.status().is_error());
    CHECK(config.status().kind() == GW_KIND_CALLER);
    CHECK_FALSE(config.status().text().empty());
    CHECK(problems.text().find("\"port\"") != std::string_view::npos);
    CHECK(gateway::Status(GW_OK));
    CHECK_FALSE(gateway::Status(GW_DONE));
    CHECK_FALSE(gateway::Status(GW_DONE).is_error());
    const std::string first(problems.text());
    CHECK_FALSE(gateway::Config::load(source, &problems));  // what was in the buffer is given back
    CHECK(problems.text() == first);
}

TEST_CASE("wrapper: inspection") {
    Memory memory;
    {
        auto rules = gateway::RuleSet::compile(nullptr, nullptr, &memory.host);
        REQUIRE(rules);
        CHECK(rules->size() > 100);
        CHECK(rules->fingerprint().size() == 16);
        auto scanner = gateway::Scanner::make(*rules, 0, &memory.host);
        REQUIRE(scanner);
        auto options = gateway::sized<gw_inspector_options>();
        options.mode = GW_INSPECT_REDACT;
        auto inspector = gateway::Inspector::make(*scanner, &options);
        REQUIRE(inspector);
        std::string out;
        const auto take = [&] {
            for (const gw_inspected& part : inspector->parts()) out += gateway::view(part.data);
        };
        for (const std::string_view piece : {"the key AKIA", "IA2Q7MZK4", "TPLW9XRBC and so on"}) {
            CHECK(inspector->feed(piece));
            take();
        }
        CHECK(inspector->finish());
        take();
        CHECK(out.starts_with("the key "));
        CHECK(out.ends_with(" and so on"));
        CHECK(out.find("IA2Q7MZK4") == std::string::npos);
        std::vector<std::string> found;
        for (const gw_finding& finding : inspector->findings()) found.emplace_back(gateway::view(finding.rule));
        CHECK(found == std::vector<std::string>{"SEC-AWS-KEY"});
        CHECK(inspector->state().redactions == 1);
        CHECK((*inspector->verdict()).text().find("SEC-AWS-KEY") != std::string_view::npos);
        CHECK(inspector->feed("more").code() == GW_ERR_STATE);
    }
    CHECK(memory.open == 0);
}

TEST_CASE("wrapper: events and routes") {
    auto decoder = gateway::SseDecoder::make(64);
    REQUIRE(decoder);
    std::vector<std::string> data;
    const auto feed = [&](std::string_view piece) {
        const gateway::Status status = decoder->feed(std::as_bytes(std::span(piece)));
        for (const gw_sse_event& event : decoder->events()) data.emplace_back(gateway::view(event.data));
        return status;
    };
    CHECK(feed("data: a\n\nda"));
    CHECK(feed("ta: b\n\nrest"));
    CHECK(data == std::vector<std::string>{"a", "b"});
    CHECK(decoder->rest() == "rest");
    CHECK(feed(std::string(100, 'x')).code() == GW_ERR_LIMIT);

    auto router = gateway::Router::make();
    REQUIRE(router);
    CHECK(router->add("GET", "/v1/:id", 7));
    CHECK((*router->match("GET", "/v1/a%20b?x")).target == 7);
    CHECK((*router->match("GET", "/other")).outcome == GW_ROUTE_NOT_FOUND);
}

}  // namespace gw::test
