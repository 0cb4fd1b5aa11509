// Sessions that begin anew by themselves, and transcripts that are shortened.
#include <gateway/store.h>

#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view folder = "agents/main/sessions/";
constexpr std::uint64_t hour = 3600000;

// A gateway whose state outlives it. Its clocks stand at 2026-01-01T00:00:00Z.
struct Home {
    explicit Home(std::string_view session = {})
        : config("{gateway:{auth:{mode:'none'}},session:{" + std::string(session) + "}}") {
        REQUIRE(gw_store_new_memory(nullptr, nullptr, &store) == GW_OK);
        start();
    }
    ~Home() {
        client.reset();
        world.reset();
        gw_store_free(store);
    }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;

    void start() {
        const std::uint64_t when = world ? world->unix_ms : 0;
        client.reset();
        world.reset();
        world = std::make_unique<World>(config, nullptr, nullptr, store);
        INFO(world->problems());
        REQUIRE(world->status() == GW_OK);
        if (when != 0) world->unix_ms = when;
        client = std::make_unique<RpcClient>(*world);
        REQUIRE(client->connect({}, 4)["ok"].as_bool() == true);
    }
    // The wall clock goes on, and nothing else does.
    void pass(std::uint64_t ms) const { world->unix_ms += ms; }
    Json call(std::string_view method, const std::string& params) const { return client->call(method, params); }
    // Says something and waits for the answer. Gives the session's id.
    std::string say(std::string_view text, std::string_view key = "main") {
        const std::string run = "r" + std::to_string(++runs);
        const Json sent = call("chat.send", R"({"sessionKey":")" + std::string(key) + R"(","message":")" +
                                                std::string(text) + R"(","idempotencyKey":")" + run + "\"}");
        INFO(sent.text());
        REQUIRE(sent["ok"].as_bool() == true);
        world->advance(3000);
        return id_of(key);
    }
    std::string id_of(std::string_view key = "main") const {
        const Json row = call("sessions.describe", R"({"key":")" + std::string(key) + "\"}");
        return text_of(row["payload"]["session"]["sessionId"]);
    }
    // The texts of a session's messages, oldest first.
    std::string history(std::string_view key = "main") const {
        const Json got = call("chat.history", R"({"sessionKey":")" + std::string(key) + "\"}");
        std::string out;
        for (json::Value one = got["payload"]["messages"].first(); one.exists(); one = one.next()) {
            const json::Value content = one["content"];
            const json::Value text = content.is(json::Kind::string) ? content : content[std::size_t{0}]["text"];
            out += text_of(text) + "|";
        }
        return out;
    }
    // The files of the agent's sessions whose names have `part`.
    std::size_t files(std::string_view part) const {
        gw_store_listing* listing = nullptr;
        REQUIRE(gw_store_list(store, {folder.data(), folder.size()}, &listing) == GW_OK);
        gw_store_entry entry{};
        entry.size = sizeof entry;
        std::size_t count = 0;
        while (gw_store_listing_next(listing, &entry) == GW_OK)
            count += std::string_view(entry.key.data, entry.key.len).find(part) != std::string_view::npos ? 1 : 0;
        gw_store_listing_free(listing);
        return count;
    }
    // The reasons of the sessions.changed events that have come.
    std::string changes() const {
        std::string out;
        while (client->has()) {
            const Json frame = client->take();
            if (frame["event"].as_string() == "sessions.changed") out += text_of(frame["payload"]["reason"]) + " ";
        }
        return out;
    }

    std::string config;
    gw_store* store = nullptr;
    std::unique_ptr<World> world;
    std::unique_ptr<RpcClient> client;
    int runs = 0;
};

}  // namespace

TEST_CASE("session reset: by the day, at four o'clock, with the next message") {
    Home home;
    REQUIRE(home.call("sessions.subscribe", "{}")["ok"].as_bool() == true);
    REQUIRE(home.call("sessions.patch", R"({"key":"main","label":"Mine","thinkingLevel":"low"})")["ok"].as_bool() ==
            true);
    const std::string first = home.say("one");
    REQUIRE_FALSE(first.empty());
    home.pass(3 * hour);
    CHECK(home.say("two") == first);
    home.pass(hour);               // past four
    CHECK(home.id_of() == first);  // nobody wrote anything
    CHECK(home.history().starts_with("one|"));
    (void)home.changes();

    const std::string second = home.say("three");
    CHECK(second != first);
    CHECK(home.history().starts_with("three|"));
    CHECK(home.history().find("one") == std::string::npos);
    CHECK(home.changes().starts_with("reset send "));
    CHECK(home.files(first + ".jsonl.reset.") == 1);
    CHECK(home.files(second + ".jsonl") == 1);
    const Json row = home.call("sessions.describe", R"({"key":"main"})");
    CHECK(row["payload"]["session"]["label"].as_string() == "Mine");
    CHECK(row["payload"]["session"]["thinkingLevel"].as_string() == "low");

    home.pass(23 * hour);
    CHECK(home.say("four") == second);
    home.pass(hour);
    CHECK(home.say("five") != second);
    CHECK(home.files(".reset.") == 2);
}

TEST_CASE("session reset: it is remembered over a restart when a session began") {
    Home home;
    const std::string first = home.say("one");
    home.start();
    CHECK(home.say("two") == first);
    home.pass(5 * hour);
    home.start();
    CHECK(home.history().starts_with("one|"));
    const std::string second = home.say("three");
    CHECK(second != first);
    home.start();
    CHECK(home.history().starts_with("three|"));
    CHECK(home.say("four") == second);
}

TEST_CASE("session reset: what the configuration says") {
    struct Case {
        std::string_view name, session, key;
        int offset_minutes;
        std::uint64_t after_ms;
        bool anew;
    };
    const std::uint64_t minute = 60000;
    const Case cases[] = {
        {"another hour", "reset:{atHour:2}", "main", 0, 2 * hour, true},
        {"not yet", "reset:{atHour:5}", "main", 0, 4 * hour, false},
        {"clocks ahead", "", "main", 120, 2 * hour, true},
        {"clocks behind", "", "main", -120, 5 * hour, false},
        {"silence", "reset:{mode:'idle',idleMinutes:30}", "main", 0, 31 * minute, true},
        {"less of it", "reset:{mode:'idle',idleMinutes:30}", "main", 0, 29 * minute, false},
        {"an hour when nothing is said", "reset:{mode:'idle'}", "main", 0, 61 * minute, true},
        {"only silence", "reset:{mode:'idle',idleMinutes:5256000}", "main", 0, 90 * 24 * hour, false},
        {"never", "reset:{mode:'idle',idleMinutes:0}", "main", 0, 900 * 24 * hour, false},
        {"both", "reset:{idleMinutes:30}", "main", 0, 31 * minute, true},
        {"both, by day", "reset:{idleMinutes:500}", "main", 0, 5 * hour, true},
        {"the older key", "idleMinutes:30", "main", 0, 31 * minute, true},
        {"the older key alone", "idleMinutes:600", "main", 0, 5 * hour, false},
        {"the older key and the newer", "idleMinutes:600,reset:{atHour:3}", "main", 0, 5 * hour, true},
        {"of a group", "resetByType:{group:{mode:'idle',idleMinutes:10}}", "telegram:group:7", 0, 11 * minute, true},
        {"not of a group", "resetByType:{group:{mode:'idle',idleMinutes:10}}", "main", 0, 11 * minute, false},
        {"of a thread", "resetByType:{thread:{idleMinutes:10}}", "slack:channel:7:thread:8", 0, 11 * minute, true},
        {"direct under its old name", "resetByType:{dm:{idleMinutes:10}}", "main", 0, 11 * minute, true},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        Home home(one.session);
        REQUIRE(gw_gateway_set_utc_offset(home.world->gateway(), one.offset_minutes) == GW_OK);
        const std::string first = home.say("one", one.key);
        home.pass(one.after_ms);
        CHECK((home.say("two", one.key) != first) == one.anew);
    }
    World unknown("{gateway:{auth:{mode:'none'}},session:{resetByType:{channel:{mode:'idle'}}}}");
    CHECK(unknown.status() != GW_OK);
    CHECK(unknown.problems().find("session.resetByType") != std::string::npos);
    World hour_of_none("{gateway:{auth:{mode:'none'}},session:{reset:{atHour:24}}}");
    CHECK(hour_of_none.status() != GW_OK);
    World world("{gateway:{auth:{mode:'none'}}}");
    CHECK(gw_gateway_set_utc_offset(world.gateway(), 1081) == GW_ERR_ARGUMENT);
    CHECK(gw_gateway_set_utc_offset(nullptr, 0) == GW_ERR_ARGUMENT);
}

TEST_CASE("session reset: not under a run, and not between a call and its result") {
    Home home("reset:{mode:'idle',idleMinutes:1}");
    const std::string first = home.say("one");
    const auto send = [&](std::string_view run) {
        return home.call("chat.send",
                         R"({"sessionKey":"main","message":"x","idempotencyKey":")" + std::string(run) + "\"}");
    };
    home.pass(30000);
    REQUIRE(send("a")["ok"].as_bool() == true);
    home.pass(120000);
    REQUIRE(send("b")["ok"].as_bool() == true);  // waits behind a
    CHECK(home.id_of() == first);
    home.world->advance(5000);
    CHECK(home.id_of() == first);
    home.pass(120000);
    CHECK(home.say("two") != first);
}

TEST_CASE("session reset: a response that goes on from an earlier one keeps its session") {
    Home home("reset:{mode:'idle',idleMinutes:1}");
    home.config = R"({gateway:{auth:{mode:"none"},http:{endpoints:{responses:{enabled:true}}}},)"
                  R"(session:{reset:{mode:"idle",idleMinutes:1}}})";
    home.start();
    World::Peer* const peer = home.world->client();
    const auto respond = [&](const std::string& more) {
        home.world->send(*peer, post("/v1/responses", R"({"model":"openclaw","input":"hello")" + more + "}",
                                     "x-openclaw-session-key: kept\r\n"));
        home.world->advance(5000);
        const Response answer = take_response(peer->received);
        INFO(answer.body);
        REQUIRE(answer.status == 200);
        return text_of(Json(answer.body)["id"]);
    };
    const std::string first = respond("");
    const std::string session = home.id_of("kept");
    REQUIRE_FALSE(session.empty());
    home.pass(120000);
    (void)respond(R"(,"previous_response_id":")" + first + "\"");
    CHECK(home.id_of("kept") == session);
    home.pass(120000);
    (void)respond("");
    CHECK(home.id_of("kept") != session);
}

TEST_CASE("sessions.compact: what is kept, what is told, and what a restart finds") {
    Home home;
    REQUIRE(home.call("sessions.subscribe", "{}")["ok"].as_bool() == true);
    const Json nothing = home.call("sessions.compact", R"({"key":"main"})");
    CHECK(nothing["payload"]["compacted"].as_bool() == false);
    CHECK(nothing["payload"]["reason"].as_string() == "no sessionId");
    std::string id;
    for (const std::string_view text : {"one", "two", "three", "four"}) id = home.say(text);
    const std::string before = home.history();
    (void)home.changes();
    const Json done = home.call("sessions.compact", R"({"key":"main","maxLines":2})");
    CHECK(done["payload"]["ok"].as_bool() == true);
    CHECK(done["payload"]["key"].as_string() == "agent:main:main");
    CHECK(done["payload"]["compacted"].as_bool() == true);
    CHECK(done["payload"]["kept"].as_int() == 2);
    CHECK(home.changes() == "compact ");
    const std::string after = home.history();
    CHECK(after.starts_with("four|"));
    CHECK(before.ends_with(after));
    CHECK(home.files(id + ".jsonl.bak.") == 1);

    home.start();
    CHECK(home.history() == after);
    CHECK(home.call("sessions.describe", R"({"key":"main"})")["payload"]["session"]["compactionCount"].as_int() == 1);
    CHECK(home.say("five") == id);
    CHECK(home.history().starts_with("four|"));

    const Json small = home.call("sessions.compact", R"({"key":"main"})");  // 400 lines are kept
    CHECK(small["payload"]["compacted"].as_bool() == false);
    CHECK(text_of(small["payload"]["reason"]).find("Nothing to compact") == 0);
    CHECK(home.files(".bak.") == 1);
    CHECK(home.call("chat.send", R"({"sessionKey":"main","message":"six","idempotencyKey":"z"})")["ok"].as_bool() ==
          true);
    const Json active = home.call("sessions.compact", R"({"key":"main","maxLines":1})");
    CHECK(active["error"]["code"].as_string() == "UNAVAILABLE");
    CHECK(home.call("sessions.compact", R"({"key":"main","maxLines":0})")["error"]["code"].as_string() ==
          "INVALID_REQUEST");
}

}  // namespace gw::test
