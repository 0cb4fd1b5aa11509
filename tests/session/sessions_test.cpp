#include "session/sessions.h"

#include <map>
#include <set>

#include "session/rows.h"
#include "session_support.h"
#include "support/test.h"

namespace gw::session {

namespace {

constexpr std::string_view table_file = "agents/main/sessions/sessions.json";

// A Sessions with its settings, on a store of the test's.
struct Desk {
    Desk(Bench& bench, store::Store& store) : sessions(store, bench.counter.random(), bench.pool.get(), &bench.memory) {
        sessions.configure({{}, agents, {}, "~/state"});
    }
    static constexpr AgentSetting agents[] = {{"main", "/home/u/work"}};
    Sessions sessions;

    const Entry& open(std::string_view key, std::uint64_t now_ms = start_ms) {
        const auto entry = sessions.open(key, now_ms);
        REQUIRE(entry);
        REQUIRE(*entry != nullptr);
        return **entry;
    }
    const Entry* find(std::string_view key) {
        const auto entry = sessions.find(key);
        REQUIRE(entry);
        return *entry;
    }
    // "ok", or why not.
    std::string patch(std::string_view key, std::string_view request, std::uint64_t now_ms = start_ms) {
        json::Document document(sessions.memory());
        REQUIRE(document.parse(request));
        PatchRules rules;
        rules.find_model = [](std::string_view name, ModelChoice& out) {
            if (name == "fake/fake-1" || name == "fast") return out = {"fake", "fake-1", false}, true;
            if (name == "fake/main") return out = {"fake", "main", true}, true;
            return false;
        };
        Refusal refusal(sessions.memory());
        const Entry* entry = sessions.patch(key, document.root(), rules, now_ms, refusal);
        CHECK((entry != nullptr) == refusal.text.empty());
        return entry != nullptr ? "ok" : std::string(refusal.text);
    }
    std::string list(const ListQuery& query, std::uint64_t now_ms = start_ms) {
        ListPage page(sessions.memory());
        REQUIRE(sessions.list(query, now_ms, page));
        std::string out;
        for (const Listed& row : page.rows) out += std::string(row.key.substr(row.key.rfind(':') + 1)) + " ";
        return out;
    }
};

std::string said(std::string_view role, std::string_view text) {
    return R"({"role":")" + std::string(role) + R"(","content":[{"type":"text","text":")" + std::string(text) +
           R"("}],"timestamp":5})";
}

}  // namespace

TEST_CASE("sessions: made, found, listed, and there after a restart") {
    Bench bench;
    for_each_kind_of_store(bench, [&](store::Store& store) {
        std::string id;
        {
            Desk desk(bench, store);
            CHECK(desk.find("agent:main:main") == nullptr);
            id = desk.open("agent:main:main").session_id();
            CHECK(id.size() == 36);
            CHECK(desk.open("agent:main:main", start_ms + 5).session_id() == id);
            desk.open("agent:ops:x", start_ms + 1);
            CHECK(desk.patch("agent:main:demo", R"({"label":"Demo"})", start_ms + 2) == "ok");
            CHECK(desk.list({}) == "demo x main ");
            CHECK(desk.sessions.find("main").error().status == GW_ERR_ARGUMENT);
            CHECK(desk.sessions.find("agent:../x:y").error().status == GW_ERR_ARGUMENT);
        }
        Desk desk(bench, store);
        CHECK(desk.list({}) == "demo x main ");
        CHECK(desk.find("agent:main:main")->session_id() == id);
        CHECK(desk.find("agent:main:demo")->label() == "Demo");
        CHECK(bench.keys(store) == "agents/main/sessions/sessions.json\nagents/ops/sessions/sessions.json\n");
    });
}

TEST_CASE("sessions: what a file holds that we do not know survives") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    constexpr std::string_view known =
        R"({"agent:main:main":{"sessionId":"s1","updatedAt":1795170118657.5,"odd\u0041":{"a":[1, 2.50]},"label":"caf\u00e9"},)"
        R"("agent:main:b":17,"agent:other:c":{"sessionId":"s2"},"MAIN":{"sessionId":"s3"},"":[],"Plan":{"x":1e400000},)"
        R"("agent:main:d":{"updatedAt":"soon","sessionId":7,"label":null}})";
    std::string text(known);
    text.replace(text.find("1e400000"), 8, "1");
    REQUIRE(store.put(table_file, text));
    Desk desk(bench, store);
    const Entry* main = desk.find("agent:main:main");
    REQUIRE(main != nullptr);
    CHECK(main->session_id() == "s1");
    CHECK(main->updated_at_ms() == 1795170118657);
    CHECK(main->label() == "caf\xC3\xA9");
    REQUIRE(desk.find("agent:main:plan") != nullptr);
    REQUIRE(desk.find("agent:main:d") != nullptr);
    CHECK(desk.find("agent:main:d")->session_id().empty());
    CHECK(desk.patch("agent:main:main", R"({"label":"x"})") == "ok");
    // The one without an id gets one when it is used.
    CHECK(desk.open("agent:main:d").session_id().size() == 36);
    const std::string after = bench.value(store, table_file);
    json::Document document(&bench.memory);
    REQUIRE(document.parse(after));
    const json::Value root = document.root();
    CHECK(root["agent:main:main"]["oddA"].raw() == R"({"a":[1, 2.50]})");
    CHECK(root["agent:main:main"]["label"].as_string() == "x");
    CHECK(root["agent:main:b"].raw() == "17");
    CHECK(root["agent:other:c"].raw() == R"({"sessionId":"s2"})");
    CHECK(root["MAIN"].raw() == R"({"sessionId":"s3"})");
    CHECK(root[""].raw() == "[]");
    CHECK(root["agent:main:plan"].raw() == R"({"x":1})");
}

TEST_CASE("sessions: a table that cannot be understood is put aside and never lost") {
    Bench bench;
    const std::string_view broken[] = {"not json",          "[1,2]", "\"text\"",        "{\"a\":{}",
                                       "{\"a\":1,\"a\":2}", "null",  "{\"a\":\"\xFF\"}"};
    for_each_kind_of_store(bench, [&](store::Store& store) {
        int n = 0;
        for (const std::string_view text : broken) {
            INFO(text);
            REQUIRE(store.put(table_file, text));
            Desk desk(bench, store);
            CHECK(desk.find("agent:main:main") == nullptr);
            desk.open("agent:main:main");
            CHECK(bench.value(store, std::string(table_file) + ".bad.0" + std::to_string(++n)) == text);
        }
    });
    // What cannot be read is no reason to write over it.
    test::MapStore map;
    store::HostStore store({}, map.functions());
    map.values[std::string(table_file)] = "broken";
    Desk desk(bench, store);
    map.answer = GW_ERR_IO;
    CHECK(desk.sessions.open("agent:main:main", start_ms).error().status == GW_ERR_IO);
    CHECK(map.values.at(std::string(table_file)) == "broken");
}

TEST_CASE("sessions: what a client may change") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    Desk desk(bench, store);
    desk.open("agent:main:other");
    REQUIRE(desk.patch("agent:main:other", R"({"label":"Taken"})") == "ok");
    struct Case {
        std::string_view request, answer;
        std::string_view field, want;  // of the entry afterwards; "": gone
    };
    const Case cases[] = {
        {R"({"label":" Demo "})", "ok", "label", "\"Demo\""},
        {R"({"label":"Demo"})", "ok", "label", "\"Demo\""},
        {R"({"label":"Taken"})", "label already in use: Taken", "label", "\"Demo\""},
        {R"({"label":"  "})", "invalid label: empty", "label", "\"Demo\""},
        {R"({"label":5})", "invalid label (use text)", "label", "\"Demo\""},
        {R"({"label":null})", "ok", "label", ""},
        {R"({"thinkingLevel":"bogus"})", "invalid thinkingLevel (use off|minimal|low|medium|high|adaptive)",
         "thinkingLevel", ""},
        {R"({"thinkingLevel":"xhigh"})", "invalid thinkingLevel (use off|minimal|low|medium|high|adaptive)",
         "thinkingLevel", ""},
        {R"({"thinkingLevel":"HIGH"})", "ok", "thinkingLevel", "\"high\""},
        {R"({"thinkingLevel":null})", "ok", "thinkingLevel", ""},
        {R"({"verboseLevel":"full"})", "ok", "verboseLevel", "\"full\""},
        {R"({"verboseLevel":"loud"})", R"(invalid verboseLevel (use "off"|"on"|"full"))", "verboseLevel", "\"full\""},
        {R"({"reasoningLevel":"stream"})", "ok", "reasoningLevel", "\"stream\""},
        {R"({"elevatedLevel":"ask"})", "ok", "elevatedLevel", "\"ask\""},
        {R"({"execHost":"moon"})", R"(invalid execHost (use "sandbox"|"gateway"|"node"))", "execHost", ""},
        {R"({"execSecurity":"allowlist","execAsk":"on-miss"})", "ok", "execAsk", "\"on-miss\""},
        {R"({"sendPolicy":"deny"})", "ok", "sendPolicy", "\"deny\""},
        {R"({"groupActivation":"always"})", "ok", "groupActivation", "\"always\""},
        {R"({"fastMode":true})", "ok", "fastMode", "true"},
        {R"({"fastMode":"auto"})", "ok", "fastMode", "\"auto\""},
        {R"({"fastMode":1})", "invalid fastMode (use true or false)", "fastMode", "\"auto\""},
        {R"({"responseUsage":"on"})", "ok", "responseUsage", "\"tokens\""},
        {R"({"responseUsage":"off"})", "ok", "responseUsage", ""},
        {R"({"model":"nope"})", "model not allowed: nope", "modelOverride", ""},
        {R"({"model":"fast"})", "ok", "modelOverride", "\"fake-1\""},
        {R"({"model":"fake/main"})", "ok", "modelOverride", ""},
        {R"({"model":"fast"})", "ok", "providerOverride", "\"fake\""},
        {R"({"model":null})", "ok", "providerOverride", ""},
        {R"({"spawnedBy":"agent:main:main"})", "spawnedBy is only supported for subagent:* and acp:* sessions",
         "spawnedBy", ""},
        {R"({"spawnDepth":-1})", "invalid spawnDepth (use an integer >= 0)", "spawnDepth", ""},
        {R"({"pinned":true})", "ok", "pinned", "true"},
        {R"({"expectedSessionId":"else","pinned":false})", "Session agent:main:demo has changed.", "pinned", "true"},
        // All or nothing.
        {R"({"verboseLevel":"on","execHost":"moon"})", R"(invalid execHost (use "sandbox"|"gateway"|"node"))",
         "verboseLevel", "\"full\""},
        {R"({"unknown":1,"sessionId":"mine","updatedAt":1})", "ok", "unknown", ""},
    };
    std::uint64_t now_ms = start_ms;
    for (const Case& c : cases) {
        INFO(c.request);
        const Entry* before = desk.find("agent:main:demo");
        const std::uint64_t updated = before == nullptr ? 0 : before->updated_at_ms();
        CHECK(desk.patch("agent:main:demo", c.request, ++now_ms) == c.answer);
        const Entry* entry = desk.find("agent:main:demo");
        REQUIRE(entry != nullptr);
        CHECK(entry->raw(c.field) == c.want);
        CHECK(entry->session_id().size() == 36);
        CHECK(entry->updated_at_ms() == (c.answer == "ok" ? now_ms : updated));
    }
    const std::string_view child = "agent:main:subagent:1";
    CHECK(desk.patch(child, R"({"spawnedBy":"agent:main:main","spawnDepth":1})") == "ok");
    CHECK(desk.patch(child, R"({"spawnedBy":"agent:main:main"})") == "ok");
    CHECK(desk.patch(child, R"({"spawnedBy":"agent:main:x"})") == "spawnedBy cannot be changed once set");
    CHECK(desk.patch(child, R"({"spawnedBy":null})") == "spawnedBy cannot be cleared once set");
}

TEST_CASE("sessions: reset, delete and compact put transcripts aside") {
    Bench bench;
    for_each_kind_of_store(bench, [&](store::Store& store) {
        Desk desk(bench, store);
        desk.open("agent:main:demo");
        REQUIRE(desk.patch("agent:main:demo", R"({"label":"Demo","thinkingLevel":"low"})") == "ok");
        const auto nothing = desk.sessions.compact("agent:main:demo", 3, start_ms);
        REQUIRE(nothing);
        CHECK(nothing->reason == "no transcript");
        CHECK(desk.sessions.append_message("agent:main:none", said("user", "x"), start_ms).error().status ==
              GW_ERR_STATE);
        for (int i = 0; i < 5; ++i)
            REQUIRE(desk.sessions.append_message("agent:main:demo", said("user", "m"), start_ms));
        const auto compacted = desk.sessions.compact("agent:main:demo", 3, start_ms);
        REQUIRE(compacted);
        CHECK(compacted->compacted);
        CHECK(compacted->kept == 3);

        const std::string id(desk.find("agent:main:demo")->session_id());
        const auto reset = desk.sessions.reset("agent:main:demo", start_ms + 1);
        REQUIRE(reset);
        CHECK(reset->entry->session_id() != id);
        CHECK(reset->entry->label() == "Demo");
        CHECK(reset->entry->raw("thinkingLevel") == "\"low\"");
        CHECK(reset->entry->raw("inputTokens") == "0");
        CHECK(std::string(reset->archived) == "agents/main/sessions/" + id + ".jsonl.reset.2026-11-20T10-21-58.658Z");

        REQUIRE(desk.sessions.append_message("agent:main:demo", said("user", "again"), start_ms));
        Sessions::Removed removed;
        Refusal refusal(&bench.memory);
        REQUIRE(desk.sessions.remove("agent:main:demo", Sessions::Transcript::archive, start_ms, removed, refusal));
        CHECK(removed.deleted);
        CHECK(std::string(removed.archived).find(".jsonl.deleted.") != std::string::npos);
        CHECK(desk.find("agent:main:demo") == nullptr);
        REQUIRE(desk.sessions.remove("agent:main:demo", Sessions::Transcript::archive, start_ms, removed, refusal));
        CHECK_FALSE(removed.deleted);
        desk.open("agent:main:main");
        CHECK_FALSE(desk.sessions.remove("agent:main:main", Sessions::Transcript::archive, start_ms, removed, refusal));
        CHECK(refusal.text == "Cannot delete the main session (agent:main:main).");
        const auto logs = desk.sessions.logs("main");
        REQUIRE(logs);
        CHECK(logs->size() == 2);  // the reset one and the deleted one; the compacted copy would count twice
    });
}

TEST_CASE("sessions: when the disk fails, everything is as it was") {
    Bench bench;
    test::MapStore map;
    store::HostStore store({}, map.functions());
    Desk desk(bench, store);
    desk.open("agent:main:demo");
    REQUIRE(desk.patch("agent:main:demo", R"({"label":"Demo"})") == "ok");
    const std::string id(desk.find("agent:main:demo")->session_id());
    const auto before = map.values;
    map.answer = GW_ERR_IO;
    CHECK(desk.patch("agent:main:demo", R"({"label":"Other"})") == "the host's store failed");
    CHECK(desk.patch("agent:main:new", R"({"label":"New"})") == "the host's store failed");
    CHECK_FALSE(desk.sessions.open("agent:main:new", start_ms));
    CHECK_FALSE(desk.sessions.reset("agent:main:demo", start_ms));
    Sessions::Removed removed;
    Refusal refusal(&bench.memory);
    CHECK_FALSE(desk.sessions.remove("agent:main:demo", Sessions::Transcript::archive, start_ms, removed, refusal));
    CHECK(refusal.status == GW_ERR_IO);
    map.answer = GW_OK;
    CHECK(map.values == before);
    CHECK(desk.find("agent:main:new") == nullptr);
    REQUIRE(desk.find("agent:main:demo") != nullptr);
    CHECK(desk.find("agent:main:demo")->session_id() == id);
    CHECK(desk.find("agent:main:demo")->label() == "Demo");
}

TEST_CASE("sessions: what every turn changes is written once a second, and read again after a crash") {
    Bench bench;
    const test::TemporaryDirectory directory;
    store::DirectoryStore store({}, {store::Sync::never, false}, &bench.memory);
    REQUIRE(store.open(directory / "state"));
    const std::string answer =
        R"({"role":"assistant","content":[],"provider":"fake","model":"fake-1","usage":{"input":12,"output":10,"totalTokens":22},"timestamp":9})";
    {
        Desk desk(bench, store);
        desk.open("agent:main:main", 1000);
        const std::string saved = bench.value(store, table_file);
        CHECK_FALSE(desk.sessions.next_flush_ms());
        Changes changes(&bench.memory);
        set_figures(changes, {7, 3, 0, 0, 0, 128000, "p", "m"});
        REQUIRE(desk.sessions.touch("agent:main:main", changes, 2000));
        CHECK(desk.sessions.next_flush_ms() == 3000);
        REQUIRE(desk.sessions.flush(2999));
        CHECK(bench.value(store, table_file) == saved);
        REQUIRE(desk.sessions.flush(3000));
        CHECK(bench.value(store, table_file) != saved);
        CHECK_FALSE(desk.sessions.next_flush_ms());
        CHECK_FALSE(*desk.sessions.touch("agent:main:none", changes, 2000));
        // And a turn that the table never hears of.
        REQUIRE(desk.sessions.append_message("agent:main:main", answer, 5000));
    }
    Desk desk(bench, store);
    const Entry* entry = desk.find("agent:main:main");
    REQUIRE(entry != nullptr);
    CHECK(entry->updated_at_ms() == 5000);
    CHECK(entry->raw("inputTokens") == "12");
    CHECK(entry->raw("totalTokens") == "12");
    CHECK(entry->raw("model") == "\"fake-1\"");
    CHECK(entry->raw("contextTokens") == "128000");
}

TEST_CASE("sessions: filters, pages and resolving") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    Desk desk(bench, store);
    std::uint64_t now_ms = start_ms;
    for (const std::string_view key : {"agent:main:main", "agent:main:a", "agent:main:b", "agent:ops:c", "global",
                                       "unknown", "agent:main:cron:j:run:r"}) {
        desk.open(key, now_ms += 60000);
    }
    REQUIRE(desk.patch("agent:main:a", R"({"label":"Apple"})", now_ms += 60000) == "ok");
    REQUIRE(desk.patch("agent:main:b", R"({"archived":true})", now_ms += 60000) == "ok");
    REQUIRE(desk.patch("agent:ops:subagent:d", R"({"spawnedBy":"agent:main:a"})", now_ms += 60000) == "ok");
    const auto with = [](auto&& change) {
        ListQuery query;
        change(query);
        return query;
    };
    CHECK(desk.list({}) == "d a c main ");
    CHECK(desk.list(with([](ListQuery& q) { q.include_global = q.include_unknown = true; })) ==
          "d a unknown global c main ");
    CHECK(desk.list(with([](ListQuery& q) { q.agent = "ops"; })) == "d c ");
    CHECK(desk.list(with([](ListQuery& q) { q.label = "Apple"; })) == "a ");
    CHECK(desk.list(with([](ListQuery& q) { q.search = " appL "; })) == "a ");
    CHECK(desk.list(with([](ListQuery& q) { q.spawned_by = "agent:main:a"; })) == "d ");
    CHECK(desk.list(with([](ListQuery& q) { q.archived = ListQuery::Archived::only; })) == "b ");
    CHECK(desk.list(with([](ListQuery& q) { q.active_minutes = 3; }), now_ms) == "d a ");
    CHECK(desk.list(with([](ListQuery& q) { q.active_minutes = UINT64_MAX; }), now_ms) == "d a c main ");
    CHECK(desk.list(with([](ListQuery& q) { q.limit = 2, q.offset = 1; })) == "a c ");
    CHECK(desk.list(with([](ListQuery& q) { q.offset = 100; })).empty());

    const auto resolve = [&](const ResolveQuery& query) {
        const auto key = desk.sessions.resolve(query);
        REQUIRE(key);
        return *key ? std::string(**key) : "(none)";
    };
    ResolveQuery query;
    query.key = "main";
    CHECK(resolve(query) == "agent:main:main");
    query.key = "agent:main:nope";
    CHECK(resolve(query) == "(none)");
    query = {};
    query.label = "Apple";
    CHECK(resolve(query) == "agent:main:a");
    query.agent = "ops";
    CHECK(resolve(query) == "(none)");
    query = {};
    const std::string id(desk.find("agent:ops:c")->session_id());
    query.session_id = id;
    CHECK(resolve(query) == "agent:ops:c");
}

TEST_CASE("sessions: maintenance warns, or removes the oldest") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    Desk desk(bench, store);
    Maintenance maintenance;
    maintenance.entry_count_max = 5;
    desk.sessions.configure({{}, {}, maintenance, ""});
    desk.open("agent:main:main", 1);
    for (int i = 0; i < 9; ++i) desk.open("agent:main:k" + std::to_string(i), start_ms + static_cast<std::uint64_t>(i));
    CHECK(*desk.sessions.due("main", start_ms + 9) == 5);
    REQUIRE(desk.sessions.append_message("agent:main:k0", said("user", "x"), start_ms));
    maintenance.mode = Maintenance::Mode::enforce;
    desk.sessions.configure({{}, {}, maintenance, ""});
    desk.open("agent:main:new", start_ms + 20);
    CHECK(desk.list({}) == "new k8 k7 k6 main ");
    CHECK(bench.keys(store).find(".jsonl.deleted.") != std::string::npos);
    desk.open("agent:main:much-later", start_ms + 31ULL * 86400000);
    CHECK(desk.list({}) == "much-later main ");
}

TEST_CASE("sessions: random calls agree with a map") {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        INFO("seed " << seed);
        Bench bench;
        test::MapStore map;
        store::HostStore store({}, map.functions());
        auto desk = std::make_unique<Desk>(bench, store);
        std::map<std::string, std::string> model;  // key -> label
        std::map<std::string, int> messages;
        test::Random random(seed);
        std::uint64_t now_ms = start_ms;
        for (int step = 0; step < 400; ++step) {
            now_ms += random.below(500);
            const std::string key = "agent:main:k" + std::to_string(random.below(6));
            map.answer = random.below(10) == 0 ? GW_ERR_IO : GW_OK;
            const bool works = map.answer == GW_OK;
            switch (random.below(7)) {
            case 0:
                if (desk->sessions.open(key, now_ms)) model.try_emplace(key);
                break;
            case 1: {
                const std::string label = "L" + std::to_string(random.below(4));
                bool taken = false;
                for (const auto& [other, has] : model) taken = taken || (other != key && has == label);
                const std::string answer = desk->patch(key, R"({"label":")" + label + R"("})", now_ms);
                CHECK((answer == "ok") == (works && !taken));
                if (answer == "ok") model[key] = label;
                break;
            }
            case 2: {
                Sessions::Removed removed;
                Refusal refusal(&bench.memory);
                if (desk->sessions.remove(key, Sessions::Transcript::archive, now_ms, removed, refusal)) {
                    CHECK(removed.deleted == (model.erase(key) == 1));
                    messages.erase(key);
                }
                break;
            }
            case 3:
                if (desk->sessions.append_message(key, said("user", "m"), now_ms)) {
                    CHECK(model.contains(key));
                    ++messages[key];
                }
                break;
            case 4:
                if (desk->sessions.reset(key, now_ms)) {
                    model.try_emplace(key);
                    messages.erase(key);
                }
                break;
            case 5: {
                Changes changes(&bench.memory);
                changes.set("systemSent", true);
                const auto touched = desk->sessions.touch(key, changes, now_ms);
                if (touched) CHECK(*touched == model.contains(key));
                (void)desk->sessions.flush(now_ms);
                break;
            }
            case 6:
                map.answer = GW_OK;
                if (random.below(4) == 0) desk = std::make_unique<Desk>(bench, store);  // a crash
                break;
            }
            map.answer = GW_OK;
            std::set<std::string> want;
            for (const auto& [k, label] : model) {
                want.insert(k + "=" + label);
                const Entry* entry = desk->find(k);
                REQUIRE(entry != nullptr);
                std::size_t count = 0;
                REQUIRE(desk->sessions.transcripts().read_back(
                    desk->sessions.log_of(k, *entry), [&](const TranscriptEntry&) { return ++count, Visit::more; }));
                // A reset or delete whose archiving failed leaves a file that nobody asks for, never another's
                // messages.
                CHECK(count == static_cast<std::size_t>(messages.contains(k) ? messages[k] : 0));
            }
            ListPage page(&bench.memory);
            REQUIRE(desk->sessions.list({}, now_ms, page));
            std::set<std::string> have;
            for (const Listed& row : page.rows) {
                have.insert(std::string(row.key) + "=" + std::string(row.entry->label()));
            }
            REQUIRE(have == want);
        }
    }
}

TEST_CASE("sessions: ten thousand of them in one table") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    std::string text = "{";
    for (int i = 0; i < 10000; ++i) {
        text += (i > 0 ? ",\"agent:main:s" : "\"agent:main:s") + std::to_string(i) + R"(":{"sessionId":"id)" +
                std::to_string(i) + R"(","updatedAt":)" + std::to_string(1000000 + i) + "}";
    }
    REQUIRE(store.put(table_file, text + "}"));
    Desk desk(bench, store);
    ListQuery query;
    query.limit = 3;
    CHECK(desk.list(query) == "s9999 s9998 s9997 ");
    query.search = "s4321";
    CHECK(desk.list(query) == "s4321 ");
    ListPage page(&bench.memory);
    REQUIRE(desk.sessions.list({}, start_ms, page));
    CHECK(page.rows.size() == list_count_max);
    CHECK(page.total == 10000);
    CHECK(page.has_more());
    CHECK(desk.patch("agent:main:s77", R"({"label":"seventy-seven"})") == "ok");
    query.search = {};
    query.limit = 1;
    CHECK(desk.list(query) == "s77 ");
}

TEST_CASE("sessions: memory may run out at any moment") {
    Bench bench;
    const test::TemporaryDirectory directory;
    bool passed = false;
    for (std::size_t n = 0; !passed && n < 3000; n += n < 200 ? 1 : 17) {
        test::MapStore map;
        map.values[std::string(table_file)] = R"({"agent:main:demo":{"sessionId":"s1","updatedAt":5}})";
        test::TestHost host;
        HostMemory memory{host.allocator()};
        BlockPoolOwner pool{host.allocator()};
        Counter counter;
        store::HostStore store({}, map.functions());
        Sessions sessions(store, counter.random(), pool.get(), &memory);
        host.fail_at(n);
        try {
            Sessions::Removed removed;
            Refusal refusal(&memory);
            const bool done =
                sessions.open("agent:main:new", start_ms) &&
                sessions.append_message("agent:main:new", said("user", "hello"), start_ms) &&
                sessions.reset("agent:main:demo", start_ms) &&
                sessions.remove("agent:main:new", Sessions::Transcript::archive, start_ms, removed, refusal);
            CHECK(done);
            passed = true;
        } catch (const std::bad_alloc&) {
        }
        host.fail_never();
        // Whatever happened, what is in memory and what is stored are the same.
        ListPage page(&memory);
        REQUIRE(sessions.list({}, start_ms, page));
        Sessions again(store, counter.random(), pool.get(), &memory);
        ListPage stored(&memory);
        REQUIRE(again.list({}, start_ms, stored));
        REQUIRE(page.rows.size() == stored.rows.size());
        for (std::size_t i = 0; i < page.rows.size(); ++i) {
            CHECK(page.rows[i].entry->session_id() == stored.rows[i].entry->session_id());
        }
    }
    CHECK(passed);
}

}  // namespace gw::session
