// Questions to the host: every service, from the question to its answer, a late one, or none.
#include "exchange/asks.h"

#include <netdb.h>

#include "api/handles.h"
#include "core/buffer.h"
#include "core/socket_address.h"
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
    std::string address;
    std::vector<std::string> addresses;
};

struct Owner final : exchange::AskOwner {
    void on_answer(Ask& /*ask*/, const gw_answer& answer) override {
        answers.push_back({answer.status,
                           std::string(as_text(answer.data)),
                           answer.port,
                           answer.exit_code,
                           std::string(as_text(answer.address)),
                           {}});
        for (std::size_t i = 0; i < answer.address_count; ++i)
            answers.back().addresses.emplace_back(as_text(answer.addresses[i]));
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
        std::vector<std::string> argv, exec_argv, exec_env;
        void* user = nullptr;
        bool has_address = false;
        std::string socket_address;  // of its sockaddr
        std::uint32_t socket_port = 0;
    };
    Event next() {
        gw_event event{};
        event.size = sizeof event;
        if (gw_gateway_next_event(world.gateway(), &event) != GW_OK) return {};
        Event out;
        out.type = event.type;
        out.ask = event.ask;
        out.host = as_text(event.host);
        out.data = as_text(event.data);
        out.port = event.port;
        out.timeout_ms = event.timeout_ms;
        out.output_bytes_max = event.output_bytes_max;
        out.user = event.user;
        for (std::size_t i = 0; i < event.argc; ++i) out.argv.emplace_back(as_text(event.argv[i]));
        for (char** one = event.exec_argv; one != nullptr && *one != nullptr; ++one) out.exec_argv.emplace_back(*one);
        for (char** one = event.exec_env; one != nullptr && *one != nullptr; ++one) out.exec_env.emplace_back(*one);
        for (std::size_t i = 0; i < event.envc; ++i) CHECK(out.exec_env.at(i) == as_text(event.env[i]));
        CHECK(out.exec_env.size() == event.envc);
        out.has_address = event.sockaddr != nullptr;
        if (out.has_address) out.socket_address = text_of(event.sockaddr, &out.socket_port).view();
        return out;
    }
    // Asks for a program and takes the event.
    gw_ask_id spawn(std::size_t output_bytes_max, std::uint32_t timeout_ms = 1000) {
        Question question;
        question.type = GW_EVENT_SPAWN;
        question.timeout_ms = timeout_ms;
        question.output_bytes_max = output_bytes_max;
        REQUIRE(ask.put(question) == GW_OK);
        return next().ask;
    }
    gw_status piece(gw_ask_id id, std::string_view data, gw_status status = GW_OK) {
        gw_answer given{};
        given.size = sizeof given;
        given.status = status;
        given.data = as_str(data);
        given.more = true;
        return gw_ask_answer(world.gateway(), id, &given);
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
    CHECK(event.exec_argv == event.argv);
    CHECK_FALSE(event.has_address);
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

TEST_CASE("asks: a program's output may come in pieces, cut anywhere") {
    Table table(GW_SERVICE_SPAWN);
    const std::string output = "line one\nline two \xC3\xA9" + std::string(3000, '\0') + "end";
    // The last piece may come by itself, or with the exit code.
    for (const bool last_has_data : {false, true}) {
        test::for_each_split(output, [&](const test::Pieces& pieces) {
            table.owner.answers.clear();
            const gw_ask_id ask = table.spawn(output.size());
            std::string_view before;
            for (const std::string_view piece : pieces) {
                if (!before.empty()) REQUIRE(table.piece(ask, before) == GW_OK);
                before = piece;
            }
            if (!last_has_data) REQUIRE(table.piece(ask, before) == GW_OK);
            CHECK(table.owner.answers.empty());
            REQUIRE(table.answer(ask, GW_OK, last_has_data ? before : std::string_view{}, 0, 7) == GW_OK);
            REQUIRE(table.owner.answers.size() == 1);
            CHECK(table.owner.answers[0].status == GW_OK);
            CHECK(table.owner.answers[0].text == output);
            CHECK(table.owner.answers[0].exit_code == 7);
            CHECK(table.answer(ask, GW_OK) == GW_ERR_GONE);
            CHECK(table.next().type == GW_EVENT_NONE);
        });
    }
}

TEST_CASE("asks: a program that writes too much is stopped, and its beginning is kept") {
    struct Case {
        std::string_view name;
        std::vector<std::string_view> pieces;
        gw_status status;  // of the last answer, when the pieces leave it open
        std::string_view last;
        gw_status want;
        std::string_view text;
        bool cancelled;
    };
    const Case cases[] = {
        {"exactly as much", {"abc", "def"}, GW_OK, "", GW_OK, "abcdef", false},
        {"exactly as much, at the end", {"abc"}, GW_OK, "def", GW_OK, "abcdef", false},
        {"in the middle of a piece", {"abc", "defghi"}, GW_OK, "", GW_ERR_LIMIT, "abcdef", true},
        {"at its beginning", {"abc", "def", "g"}, GW_OK, "", GW_ERR_LIMIT, "abcdef", true},
        {"in the first", {"abcdefg"}, GW_OK, "", GW_ERR_LIMIT, "abcdef", true},
        {"with the last answer", {"abc"}, GW_OK, "defg", GW_ERR_LIMIT, "abcdef", false},
        {"in one answer", {}, GW_OK, "abcdefghi", GW_ERR_LIMIT, "abcdef", false},
        {"the host has counted", {}, GW_ERR_LIMIT, "abcdefghi", GW_ERR_LIMIT, "abcdef", false},
        {"the host has failed", {"abc", "de"}, GW_ERR_IO, "", GW_ERR_IO, "abcde", false},
        {"empty pieces", {"", "abc", ""}, GW_OK, "", GW_OK, "abc", false},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        Table table(GW_SERVICE_SPAWN);
        const gw_ask_id ask = table.spawn(6);
        for (const std::string_view piece : one.pieces) CHECK(table.piece(ask, piece) == GW_OK);
        CHECK(table.owner.answers.size() == (one.cancelled ? 1 : 0));
        CHECK(table.answer(ask, one.status, one.last) == (one.cancelled ? GW_ERR_GONE : GW_OK));
        REQUIRE(table.owner.answers.size() == 1);
        CHECK(table.owner.answers[0].status == one.want);
        CHECK(table.owner.answers[0].text == one.text);
        CHECK(table.piece(ask, "late") == GW_ERR_GONE);
        const auto event = table.next();
        CHECK(event.type == (one.cancelled ? GW_EVENT_CANCEL : GW_EVENT_NONE));
        CHECK(event.ask == (one.cancelled ? ask : 0));
        CHECK(table.next().type == GW_EVENT_NONE);
    }
}

TEST_CASE("asks: a failure is the last word, whatever follows it") {
    Table table(GW_SERVICE_SPAWN | GW_SERVICE_WATCH);
    const gw_ask_id ask = table.spawn(100);
    CHECK(table.piece(ask, "some", GW_ERR_IO) == GW_OK);
    REQUIRE(table.owner.answers.size() == 1);
    CHECK(table.owner.answers[0].status == GW_ERR_IO);
    CHECK(table.piece(ask, "more") == GW_ERR_GONE);
    // Of a file that is watched, each word is a whole one.
    Question question;
    question.type = GW_EVENT_WATCH;
    REQUIRE(table.ask.put(question) == GW_OK);
    const gw_ask_id watch = table.next().ask;
    CHECK(table.piece(watch, {}) == GW_OK);
    CHECK(table.piece(watch, {}, GW_ERR_IO) == GW_OK);
    CHECK(table.owner.answers.size() == 3);
    CHECK(table.next().type == GW_EVENT_NONE);
}

TEST_CASE("asks: pieces are no end: time goes on, and nobody may want the rest") {
    Table table(GW_SERVICE_SPAWN);
    const gw_ask_id slow = table.spawn(100, 200);
    const std::uint64_t begin = table.world.now;
    for (std::uint64_t ms = 0; ms < 200; ms += 40) {
        gw_gateway_tick(table.world.gateway(), begin + ms, 0);
        CHECK(table.piece(slow, "x") == GW_OK);
    }
    gw_gateway_tick(table.world.gateway(), begin + 200, 0);
    REQUIRE(table.owner.answers.size() == 1);
    CHECK(table.owner.answers[0].status == GW_ERR_TIMEOUT);
    CHECK(table.owner.answers[0].text == "xxxxx");
    CHECK(table.next().type == GW_EVENT_CANCEL);

    const gw_ask_id dropped = table.spawn(100);
    CHECK(table.piece(dropped, "half") == GW_OK);
    table.ask.take_back();
    CHECK(table.next().type == GW_EVENT_CANCEL);
    CHECK(table.piece(dropped, "of it") == GW_ERR_GONE);
    CHECK(table.owner.answers.size() == 1);
    // The next question begins with nothing.
    const gw_ask_id again = table.spawn(100);
    CHECK(table.answer(again, GW_OK, "new") == GW_OK);
    CHECK(table.owner.answers.at(1).text == "new");
}

TEST_CASE("asks: what is kept of a program's output is never more than was asked for") {
    TestHost host;
    Table table(GW_SERVICE_SPAWN, nullptr, host.host());
    constexpr std::size_t most = 3000000;
    const gw_ask_id ask = table.spawn(most);
    const std::size_t before = host.bytes_out();
    const std::string piece(70000, 'x');
    std::size_t peak = 0;
    for (std::size_t sent = 0; sent + piece.size() < most; sent += piece.size()) {
        REQUIRE(table.piece(ask, piece) == GW_OK);
        peak = std::max(peak, host.bytes_out() - before);
    }
    CHECK(peak < most + 65536);
    CHECK(table.piece(ask, piece) == GW_OK);
    CHECK(table.owner.answers.at(0).status == GW_ERR_LIMIT);
    CHECK(table.owner.answers.at(0).text.size() == most);
    CHECK(host.bytes_out() < before + 65536);
}

TEST_CASE("asks: no memory for a program's output ends the program, and leaves nothing behind") {
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < 100);
        TestHost host;
        Table table(GW_SERVICE_SPAWN, nullptr, host.host());
        const gw_ask_id ask = table.spawn(1000000);
        const std::string piece(50000, 'x');
        host.fail_once_at(n);
        gw_status status = GW_OK;
        for (int i = 0; i < 10 && status == GW_OK; ++i) status = table.piece(ask, piece);
        if (status == GW_OK) status = table.answer(ask, GW_OK);
        const bool failed = host.failed();
        host.fail_never();
        REQUIRE(table.owner.answers.size() == 1);
        CHECK(table.owner.answers[0].status == (failed ? GW_ERR_NO_MEMORY : GW_OK));
        CHECK(table.owner.answers[0].text.size() == (failed ? table.owner.answers[0].text.size() : 500000));
        CHECK(table.next().type == (failed ? GW_EVENT_CANCEL : GW_EVENT_NONE));
        CHECK_FALSE(table.ask.open());
        const gw_ask_id again = table.spawn(100);
        CHECK(table.answer(again, GW_OK, "fine") == GW_OK);
        CHECK(table.owner.answers.at(1).text == "fine");
        if (!failed) break;
    }
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
    CHECK(event.socket_address == "0.0.0.0");
    CHECK(event.socket_port == 5353);
    CHECK(table.answer(event.ask, GW_OK, {}, 5353) == GW_OK);
    CHECK(table.answer(event.ask, GW_OK, "query", 4000) == GW_OK);
    REQUIRE(table.owner.answers.size() == 2);
    CHECK(table.owner.answers[1].text == "query");
    table.ask.send("224.0.0.251", 5353, "lost: it still waits for the host when the next one comes");
    CHECK(table.ask.is_sending());
    table.ask.send("224.0.0.251", 5353, "announcement");
    const auto sent = table.next();
    CHECK(sent.type == GW_EVENT_SEND);
    CHECK(sent.ask == event.ask);
    CHECK(sent.host == "224.0.0.251");
    CHECK(sent.data == "announcement");
    CHECK(sent.socket_address == "224.0.0.251");
    CHECK_FALSE(table.ask.is_sending());
    CHECK(table.next().type == GW_EVENT_NONE);
    table.world.advance(3600000);
    CHECK(table.ask.open());
}

TEST_CASE("asks: addresses may be answered as the operating system gives them") {
    Table table(GW_SERVICE_RESOLVE | GW_SERVICE_DATAGRAM);
    const SocketAddress four("192.0.2.7", 443), six("2001:db8::7", 53), local = SocketAddress::local("/run/x.sock");
    Question question;
    question.type = GW_EVENT_RESOLVE;
    question.host = "example.org";
    // A list of getaddrinfo(), with more than anybody needs and one that is no address of the network.
    std::array<addrinfo, 20> list{};
    for (std::size_t i = 0; i < list.size(); ++i) {
        list[i].ai_addr = const_cast<sockaddr*>(i == 0 ? six.get() : i == 1 ? local.get() : four.get());
        list[i].ai_next = i + 1 < list.size() ? &list[i + 1] : nullptr;
    }
    REQUIRE(table.ask.put(question) == GW_OK);
    gw_answer given{};
    given.size = sizeof given;
    given.addrinfo = list.data();
    CHECK(gw_ask_answer(table.world.gateway(), table.next().ask, &given) == GW_OK);
    std::vector<std::string> want(16, "192.0.2.7");
    want[0] = "2001:db8::7";
    CHECK(table.owner.answers.at(0).addresses == want);

    question.type = GW_EVENT_DATAGRAM;
    question.host = "::";
    REQUIRE(table.ask.put(question) == GW_OK);
    const auto event = table.next();
    given.addrinfo = nullptr;
    given.sockaddr = six.get();
    CHECK(gw_ask_answer(table.world.gateway(), event.ask, &given) == GW_OK);
    CHECK(table.owner.answers.at(1).address == "2001:db8::7");
    CHECK(table.owner.answers.at(1).port == 53);
}

TEST_CASE("asks: the host's pointer comes back with what follows, also while the end waits to be told") {
    Table table(GW_SERVICE_SPAWN | GW_SERVICE_DATAGRAM);
    int one = 0, two = 0;
    Question question;
    question.type = GW_EVENT_DATAGRAM;
    question.host = "127.0.0.1";
    REQUIRE(table.ask.put(question) == GW_OK);
    const gw_ask_id datagrams = table.next().ask;
    CHECK(gw_ask_set_user(table.world.gateway(), datagrams, &one) == GW_OK);
    table.ask.send("127.0.0.1", 9, "x");
    CHECK(table.next().user == &one);
    table.ask.take_back();
    CHECK(table.next().user == &one);  // CANCEL
    CHECK(gw_ask_set_user(table.world.gateway(), datagrams, &two) == GW_ERR_GONE);

    const gw_ask_id program = table.spawn(100);
    CHECK(gw_ask_set_user(table.world.gateway(), program, &one) == GW_OK);
    table.ask.take_back();
    CHECK(gw_ask_set_user(table.world.gateway(), program, nullptr) == GW_OK);
    const auto cancel = table.next();
    CHECK(cancel.type == GW_EVENT_CANCEL);
    CHECK(cancel.user == nullptr);
    CHECK(gw_ask_set_user(table.world.gateway(), program, &two) == GW_ERR_GONE);

    question.type = GW_EVENT_SPAWN;
    REQUIRE(table.ask.put(question) == GW_OK);
    CHECK(table.next().user == nullptr);  // a new question in an old place
    CHECK(gw_ask_set_user(nullptr, program, &two) == GW_ERR_ARGUMENT);
    CHECK(gw_ask_set_user(table.world.gateway(), 0, &two) == GW_ERR_GONE);
}

TEST_CASE("asks: the ids of one gateway mean nothing to the next") {
    Table before(GW_SERVICE_SPAWN);
    const gw_ask_id old = before.spawn(100);
    std::uint8_t filled = 7;  // each gateway gets other random bytes
    gw_host host{};
    host.size = sizeof host;
    host.user = &filled;
    host.random = [](void* user, void* out, std::size_t size) {
        std::memset(out, (*static_cast<std::uint8_t*>(user))++, size);
        return true;
    };
    Table after(GW_SERVICE_SPAWN, nullptr, &host);
    const gw_ask_id now = after.spawn(100);
    CHECK(now != old);
    CHECK(after.answer(old, GW_OK) == GW_ERR_GONE);
    CHECK(gw_ask_set_user(after.world.gateway(), old, &after) == GW_ERR_GONE);
    CHECK(after.answer(now, GW_OK) == GW_OK);
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
