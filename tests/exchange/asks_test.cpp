// Questions to the host: every service, from the question to its answer, a late one, or none.
#include "exchange/asks.h"

#include "api/handles.h"
#include "core/buffer.h"
#include "support/world.h"

namespace gw::test {

namespace {

using exchange::Ask;
using exchange::Question;

struct Answered {
    gw_status status;
    std::string text;
    std::uint32_t port;
    std::int32_t exit_code;
};

struct Owner final : exchange::AskOwner {
    void on_answer(Ask& /*ask*/, const gw_answer& answer) override {
        answers.push_back({answer.status, std::string(as_text(answer.data)), answer.port, answer.exit_code});
    }
    std::vector<Answered> answers;
};

// A gateway whose host answers by hand.
struct Table {
    explicit Table(std::uint32_t services, const gw_limits* limits = nullptr, const gw_host* host = nullptr)
        : world("{gateway:{auth:{mode:'none'}}}", host, limits, nullptr, services & ~std::uint32_t{GW_SERVICE_LISTEN}),
          gateway(*api::unwrap(world.gateway())),
          ask(gateway, owner) {}

    // The next event, its strings copied while they are valid.
    struct Event {
        gw_event_type type = GW_EVENT_NONE;
        gw_ask_id ask = 0;
        std::string host, data;
        std::uint32_t port = 0, timeout_ms = 0;
        std::size_t output_bytes_max = 0;
        std::vector<std::string> argv;
    };
    Event next() {
        gw_event event{};
        event.size = sizeof event;
        if (gw_gateway_next_event(world.gateway(), &event) != GW_OK) return {};
        Event out{event.type, event.ask,        std::string(as_text(event.host)), std::string(as_text(event.data)),
                  event.port, event.timeout_ms, event.output_bytes_max,           {}};
        for (std::size_t i = 0; i < event.argc; ++i) out.argv.emplace_back(as_text(event.argv[i]));
        return out;
    }
    gw_status answer(gw_ask_id id, gw_status status, std::string_view data = {}, std::uint32_t port = 0,
                     std::int32_t exit_code = 0) {
        gw_answer given{};
        given.size = sizeof given;
        given.status = status;
        given.data = as_str(data);
        given.port = port;
        given.exit_code = exit_code;
        return gw_ask_answer(world.gateway(), id, &given);
    }

    World world;
    exchange::Gateway& gateway;
    Owner owner;
    Ask ask;
};

}  // namespace

TEST_CASE("asks: a program is run with its arguments and its input") {
    Table table(GW_SERVICE_SPAWN);
    const std::string_view argv[] = {"pdftotext", "-", "-"};
    Question question;
    question.type = GW_EVENT_SPAWN;
    question.argv = argv;
    question.data = std::string_view("%PDF\0x", 6);
    question.timeout_ms = 700;
    question.output_bytes_max = 1234;
    REQUIRE(table.ask.put(question) == GW_OK);
    const auto event = table.next();
    CHECK(event.type == GW_EVENT_SPAWN);
    CHECK(event.argv == std::vector<std::string>{"pdftotext", "-", "-"});
    CHECK(event.data == std::string("%PDF\0x", 6));
    CHECK(event.timeout_ms == 700);
    CHECK(event.output_bytes_max == 1234);
    CHECK(table.next().type == GW_EVENT_NONE);
    REQUIRE(table.answer(event.ask, GW_OK, "text", 0, 3) == GW_OK);
    REQUIRE(table.owner.answers.size() == 1);
    CHECK(table.owner.answers[0].text == "text");
    CHECK(table.owner.answers[0].exit_code == 3);
    CHECK_FALSE(table.ask.open());
    CHECK(table.answer(event.ask, GW_OK) == GW_ERR_GONE);
    CHECK(table.owner.answers.size() == 1);
}

TEST_CASE("asks: a program gets four variables of the environment, and none of the secrets in it") {
    using Variables = std::vector<std::string>;
    struct Case {
        std::vector<const char*> environment;
        Variables want;
    };
    const Case cases[] = {
        {{}, {}},
        {{"OPENAI_API_KEY=k"}, {}},
        {{"OPENCLAW_GATEWAY_TOKEN=t", "HOME=/home/ann", "PATHS=x", "TMPDIR=", "OPENAI_API_KEY=k", "PATH=/bin",
          "LANG=C"},
         {"PATH=/bin", "HOME=/home/ann", "LANG=C", "TMPDIR="}},
    };
    for (Case one : cases) {
        one.environment.push_back(nullptr);
        gw_config_source source{};
        source.size = sizeof source;
        source.text = as_str("{gateway:{auth:{mode:'none'}}}");
        source.env = one.environment.data();
        gw_config* config = nullptr;
        REQUIRE(gw_config_load(&source, nullptr, &config, nullptr) == GW_OK);
        const World world(config, nullptr);
        gw_config_free(config);
        Owner owner;
        Ask ask(*api::unwrap(world.gateway()), owner);
        const std::string_view argv[] = {"true"};
        Question question;
        question.type = GW_EVENT_SPAWN;
        question.argv = argv;
        REQUIRE(ask.put(question) == GW_OK);
        gw_event event{};
        event.size = sizeof event;
        do {
            REQUIRE(gw_gateway_next_event(world.gateway(), &event) == GW_OK);
        } while (event.type != GW_EVENT_SPAWN);
        Variables given;
        for (std::size_t i = 0; i < event.envc; ++i) given.emplace_back(as_text(event.env[i]));
        CHECK(given == one.want);
    }
}

TEST_CASE("asks: a file is watched until nobody wants to know any more") {
    Table table(GW_SERVICE_WATCH);
    Question question;
    question.type = GW_EVENT_WATCH;
    question.host = "/etc/openclaw.json";
    REQUIRE(table.ask.put(question) == GW_OK);
    const auto event = table.next();
    CHECK(event.type == GW_EVENT_WATCH);
    CHECK(event.host == "/etc/openclaw.json");
    table.world.advance(86400000);  // a day without a change is no failure
    CHECK(table.owner.answers.empty());
    for (int i = 0; i < 3; ++i) CHECK(table.answer(event.ask, GW_OK) == GW_OK);
    CHECK(table.owner.answers.size() == 3);
    table.ask.take_back();
    const auto cancel = table.next();
    CHECK(cancel.type == GW_EVENT_CANCEL);
    CHECK(cancel.ask == event.ask);
    CHECK(table.answer(event.ask, GW_OK) == GW_ERR_GONE);
    CHECK(table.owner.answers.size() == 3);
}

TEST_CASE("asks: a watch ends with an error") {
    Table table(GW_SERVICE_WATCH);
    Question question;
    question.type = GW_EVENT_WATCH;
    REQUIRE(table.ask.put(question) == GW_OK);
    const auto event = table.next();
    CHECK(table.answer(event.ask, GW_ERR_IO) == GW_OK);
    CHECK(table.owner.answers.at(0).status == GW_ERR_IO);
    CHECK_FALSE(table.ask.open());
    CHECK(table.next().type == GW_EVENT_NONE);  // the host ended it: nothing to cancel
}

TEST_CASE("asks: datagrams go both ways") {
    Table table(GW_SERVICE_DATAGRAM);
    Question question;
    question.type = GW_EVENT_DATAGRAM;
    question.host = "0.0.0.0";
    question.port = 5353;
    REQUIRE(table.ask.put(question) == GW_OK);
    const auto event = table.next();
    CHECK(event.type == GW_EVENT_DATAGRAM);
    CHECK(event.port == 5353);
    CHECK(table.answer(event.ask, GW_OK, {}, 5353) == GW_OK);
    CHECK(table.answer(event.ask, GW_OK, "query", 4000) == GW_OK);
    REQUIRE(table.owner.answers.size() == 2);
    CHECK(table.owner.answers[1].text == "query");
    table.ask.send("224.0.0.251", 5353, "announcement");
    table.ask.send("224.0.0.251", 5353, "dropped: the first still waits for the host");
    const auto sent = table.next();
    CHECK(sent.type == GW_EVENT_SEND);
    CHECK(sent.ask == event.ask);
    CHECK(sent.host == "224.0.0.251");
    CHECK(sent.data == "announcement");
    CHECK(table.next().type == GW_EVENT_NONE);
    table.world.advance(3600000);
    CHECK(table.ask.open());
}

TEST_CASE("asks: a host that does not answer, and an answer that comes too late") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.ask_timeout_ms = 200;
    Table table(GW_SERVICE_SPAWN, &limits);
    Question question;
    question.type = GW_EVENT_SPAWN;
    REQUIRE(table.ask.put(question) == GW_OK);
    const auto event = table.next();
    CHECK(event.timeout_ms == 200);
    gw_gateway_tick(table.world.gateway(), table.world.now + 199, 0);
    CHECK(table.owner.answers.empty());
    gw_gateway_tick(table.world.gateway(), table.world.now + 200, 0);
    REQUIRE(table.owner.answers.size() == 1);
    CHECK(table.owner.answers[0].status == GW_ERR_TIMEOUT);
    CHECK(table.next().type == GW_EVENT_CANCEL);
    CHECK(table.answer(event.ask, GW_OK) == GW_ERR_GONE);
}

TEST_CASE("asks: a service that the host does not offer fails in the same turn, but not from inside the question") {
    const gw_event_type types[] = {GW_EVENT_SPAWN, GW_EVENT_WATCH, GW_EVENT_DATAGRAM, GW_EVENT_RESOLVE,
                                   GW_EVENT_LISTEN};
    for (const gw_event_type type : types) {
        Table table(0);
        Question question;
        question.type = type;
        REQUIRE(table.ask.put(question) == GW_OK);
        CHECK(table.owner.answers.empty());
        CHECK(gw_gateway_next_deadline(table.world.gateway()) <= table.world.now);
        gw_gateway_tick(table.world.gateway(), table.world.now, 0);
        REQUIRE(table.owner.answers.size() == 1);
        CHECK(table.owner.answers[0].status == GW_ERR_UNSUPPORTED);
        CHECK(table.next().type == GW_EVENT_NONE);
    }
}

TEST_CASE("asks: only so many at a time, and none is left when its owner goes before the host heard of it") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.asks_max = 2;
    Table table(GW_SERVICE_SPAWN, &limits);
    Question question;
    question.type = GW_EVENT_SPAWN;
    {
        Ask second(table.gateway, table.owner);
        Ask third(table.gateway, table.owner);
        CHECK(table.ask.put(question) == GW_OK);
        CHECK(second.put(question) == GW_OK);
        CHECK(third.put(question) == GW_ERR_LIMIT);
        table.ask.take_back();
        CHECK(third.put(question) == GW_OK);
    }
    CHECK(table.next().type == GW_EVENT_NONE);
    CHECK(table.ask.put(question) == GW_OK);
}

TEST_CASE("asks: an answer is checked before anybody sees it") {
    Table table(GW_SERVICE_SPAWN);
    Question question;
    question.type = GW_EVENT_SPAWN;
    REQUIRE(table.ask.put(question) == GW_OK);
    const auto event = table.next();
    gw_answer answer{};
    CHECK(gw_ask_answer(table.world.gateway(), event.ask, &answer) == GW_ERR_ARGUMENT);  // no size
    answer.size = sizeof answer;
    answer.status = GW_DONE;
    CHECK(gw_ask_answer(table.world.gateway(), event.ask, &answer) == GW_ERR_ARGUMENT);
    answer.status = GW_OK;
    answer.address_count = 1;
    CHECK(gw_ask_answer(table.world.gateway(), event.ask, &answer) == GW_ERR_ARGUMENT);
    CHECK(gw_ask_answer(table.world.gateway(), event.ask + 1, &answer) != GW_OK);
    CHECK(gw_ask_answer(table.world.gateway(), event.ask, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_ask_answer(nullptr, event.ask, &answer) == GW_ERR_ARGUMENT);
    CHECK(table.owner.answers.empty());
}

TEST_CASE("asks: no memory for a question is a failure that leaves nothing behind") {
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < 100);
        TestHost host;
        Table table(GW_SERVICE_SPAWN, nullptr, host.host());
        const std::string long_text(5000, 'x');
        const std::string_view argv[] = {long_text, "b"};
        Question question;
        question.type = GW_EVENT_SPAWN;
        question.argv = argv;
        question.data = long_text;
        host.fail_once_at(n);
        bool failed = false;
        try {
            failed = table.ask.put(question) != GW_OK;
        } catch (const std::bad_alloc&) {
            failed = true;
        }
        host.fail_never();
        CHECK(table.ask.open() != failed);
        CHECK(table.ask.put(question) == GW_OK);
        CHECK(table.next().argv.size() == 2);
        if (!failed) break;
    }
}

}  // namespace gw::test
