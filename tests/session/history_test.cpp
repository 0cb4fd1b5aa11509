#include "session/history.h"

#include "core/calendar.h"

#include "session/message.h"
#include "session/rows.h"
#include "session/usage.h"
#include "session_support.h"
#include "support/test.h"

namespace gw::session {

namespace {

constexpr std::string_view key = "agent:main:main";

struct Desk {
    Desk() {
        sessions.configure({{}, agents, {}, "~/state"});
        context.now_ms = start_ms + 10000;
        context.defaults = [](std::string_view) { return ModelDefaults{"fake", "fake-1", 128000, {}, "off"}; };
    }
    static constexpr AgentSetting agents[] = {{"main", "/home/u/work"}};
    Bench bench;
    store::MemoryStore store{{}, &bench.memory};
    Sessions sessions{store, bench.counter.random(), bench.pool.get(), &bench.memory};
    RowContext context;

    const Entry& open(std::string_view k = key) {
        const auto entry = sessions.open(k, start_ms);
        REQUIRE(entry);
        return **entry;
    }
    void say(std::string_view message, std::uint64_t now_ms = start_ms, std::string_view k = key) {
        REQUIRE(sessions.append_message(k, message, now_ms));
    }
    std::string history(const HistoryLimits& limits = {}, bool* has_more = nullptr) {
        Buffer out = bench.buffer();
        const auto page = write_messages(sessions.transcripts(), sessions.log_of(key, open()), limits, bench.pool.get(),
                                         &bench.memory, out);
        REQUIRE(page);
        if (has_more != nullptr) *has_more = page->has_more;
        json::Document document(&bench.memory);
        REQUIRE(document.parse(out.text()));
        CHECK(document.root().size() == page->count);
        return std::string(out.text());
    }
    // What `write` writes, which must be JSON.
    template <typename Write>
    std::string json(const Write& write) {
        Buffer out = bench.buffer();
        json::Writer w(out);
        write(w);
        json::Document document(&bench.memory);
        REQUIRE(document.parse(out.text()));
        return std::string(out.text());
    }
};

std::string user(std::string_view text) {
    test::PooledBuffer out;
    json::Writer w(out.buffer);
    write_user_message(w, text, 5);
    return std::string(out.buffer.text());
}

std::string assistant(std::string_view text, MessageUsage usage = {}, std::span<const ToolCallPart> calls = {}) {
    AssistantMessage message;
    message.text = text;
    message.provider = "fake";
    message.model = "fake-1";
    message.usage = usage;
    message.calls = calls;
    test::PooledBuffer out;
    json::Writer w(out.buffer);
    write_assistant_message(w, message, 6);
    return std::string(out.buffer.text());
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("history: envelopes are for the model, not for people") {
    constexpr std::string_view sender =
        "Sender (untrusted metadata):\n```json\n{\n  \"label\": \"A (gateway-client)\",\n  \"id\": \"x\"\n}\n```\n\n";
    struct Case {
        std::string text, want, sender;
    };
    const Case cases[] = {
        {"Hi there", "Hi there", ""},
        {"[Fri 2026-11-20 10:22 UTC] Say hi", "Say hi", ""},
        {std::string(sender) + "[Fri 2026-11-20 10:22 UTC] Say hi", "Say hi", "A (gateway-client)"},
        {"System: [2026-11-20 10:17:17 UTC] wake up\nSystem: Run: x\n\n" + std::string(sender) + "hello", "hello",
         "A (gateway-client)"},
        {"System: is what I say", "System: is what I say", ""},
        {"[not a time] x", "[not a time] x", ""},
        {"[2026-11-20 10:22", "[2026-11-20 10:22", ""},
        {"Sender (untrusted metadata):\nno block", "Sender (untrusted metadata):\nno block", ""},
        {"Sender (untrusted metadata):\n```json\nnot json\n```\nhello", "hello", ""},
        {"hello\n[message_id: 17]", "hello", ""},
        {"", "", ""},
        {"System: [2026-11-20 10:17:17 UTC] only events", "", ""},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const Unwrapped unwrapped = unwrap(c.text, std::pmr::new_delete_resource());
        CHECK(unwrapped.text == c.want);
        CHECK(std::string_view(unwrapped.sender) == c.sender);
    }
    auto* memory = std::pmr::new_delete_resource();
    CHECK(without_directives("[[reply_to_current]] Hi [[x]] [[audio_as_voice]]there", memory) == "Hi [[x]] there");
    CHECK(without_directives("[[", memory) == "[[");
    CHECK(is_silent(" NO_REPLY\n"));
    CHECK_FALSE(is_silent("NO_REPLY."));
    // As the recorded lists have them.
    CHECK(title_of("System: [2026-11-20 10:17:17 UTC] wake up\nSystem: [2026-11-20 10:17:20 UTC] Gateway", memory) ==
          "System: [2026-11-20 10:17:17 UTC] wake up System:\xE2\x80\xA6");
    CHECK(title_of("Sender (untrusted metadata):\n```json\n{\n  \"label\": \"A (gateway-client)\",\n  \"id\"",
                   memory) == "Sender (untrusted metadata): ```json { \"label\": \"A\xE2\x80\xA6");
    CHECK(std::string_view(title_of(std::string(100, 'x'), memory)) == std::string(59, 'x') + "\xE2\x80\xA6");
    CHECK(first_characters("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9\xC3\xA9");
}

TEST_CASE("history: messages are cut, and what is for nobody's eyes is left out") {
    Desk desk;
    CHECK(desk.history() == "[]");
    desk.say(user("[Fri 2026-11-20 10:22 UTC] first"));
    desk.say(assistant("NO_REPLY"));
    const std::string image(5000, 'A');
    desk.say(R"({"role":"user","content":[{"type":"image","mimeType":"image/png","data":")" + image +
             R"("},{"type":"text","text":"look"}],"timestamp":5})");
    desk.say(R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","thinkingSignature":"secret"},)"
             R"({"type":"toolCall","id":"c1","name":"read","arguments":{"path":"/x"}}],"usage":{"input":1,"output":2,)"
             R"("totalTokens":3,"foreign":4,"cost":{"total":0.5}},"stopReason":"toolUse","timestamp":6})");
    desk.say(R"({"role":"toolResult","toolCallId":"c1","toolName":"read","content":[{"type":"text","text":"ok"}],)"
             R"("details":{"big":"thing"},"usage":{"input":9},"isError":false,"timestamp":7})");
    desk.say(assistant(std::string(13000, 'y')));
    const std::string text = desk.history();
    CHECK(has(text, R"("content":[{"type":"text","text":"first"}])"));
    CHECK_FALSE(has(text, "NO_REPLY"));
    CHECK(has(text, R"({"type":"image","mimeType":"image/png","omitted":true,"bytes":5000})"));
    CHECK(has(text, R"({"type":"thinking","thinking":"hm"})"));
    CHECK(has(text, R"("arguments":{"path":"/x"})"));
    CHECK(has(text, R"("usage":{"input":1,"output":2,"totalTokens":3,"cost":{"total":0.5}})"));
    CHECK_FALSE(has(text, "details"));
    CHECK_FALSE(has(text, "\"input\":9"));
    CHECK(has(text, std::string(12000, 'y') + R"(\n...(truncated)...")"));
    CHECK_FALSE(has(text, std::string(12001, 'y')));
}

TEST_CASE("history: never more than was asked for, and never more than fits") {
    Desk desk;
    desk.open();
    for (int i = 0; i < 30; ++i) desk.say(user("m" + std::to_string(i)));
    bool has_more = false;
    HistoryLimits limits;
    limits.count = 2;
    const std::string two = desk.history(limits, &has_more);
    CHECK(has_more);
    CHECK(two.find("\"m28\"") < two.find("\"m29\""));
    CHECK_FALSE(has(two, "\"m27\""));
    limits.offset = 29;
    CHECK(has(desk.history(limits, &has_more), "\"m0\""));
    CHECK_FALSE(has_more);
    limits = {};
    limits.all_bytes_max = 1000;
    CHECK(desk.history(limits, &has_more).size() <= 1000);
    CHECK(has_more);
    // Many texts in one message are too large together.
    std::string parts;
    for (int i = 0; i < 20; ++i)
        parts += (i > 0 ? "," : "") + (R"({"type":"text","text":")" + std::string(11000, 'z') + "\"}");
    desk.say(R"({"role":"assistant","content":[)" + parts + R"(],"timestamp":5})");
    limits = {};
    limits.count = 1;
    CHECK(has(desk.history(limits), "[chat.history omitted: message too large]"));
    // A line that is not even parsed.
    desk.say(user(std::string(5U << 20U, 'x')));
    const std::string huge = desk.history(limits);
    CHECK(has(huge, R"("role":"user")"));
    CHECK(has(huge, "[chat.history omitted: message too large]"));
}

TEST_CASE("history: whatever stands in a message, the answer is JSON") {
    Desk desk;
    const std::string_view messages[] = {
        R"({"role":"user"})",
        R"({"role":"user","content":5})",
        R"({"role":"user","content":null,"timestamp":"x"})",
        R"({"role":"assistant","content":[1,"a",null,[],{}],"usage":[],"__openclaw":7})",
        R"({"role":"assistant","content":{"type":"text"},"usage":{"input":"x","cost":4}})",
        R"({"role":"\u0000\"","content":"a\u0000b"})",
        R"({"role":7,"content":"x"})",
        R"({})",
        R"({"role":"user","content":[{"type":"image","source":{"data":7}},{"data":{"a":1}}]})",
    };
    desk.open();
    for (const std::string_view message : messages) desk.say(message);
    CHECK(desk.history().size() > 100);
    HistoryLimits raw;
    raw.clean = false;
    CHECK(has(desk.history(raw), R"("usage":[])"));
}

TEST_CASE("history: a transcript as the 2026.3.13 release writes it") {
    Desk desk;
    const std::string id(desk.open().session_id());
    // Lines as recorded; the texts of custom data shortened.
    constexpr std::string_view lines =
        R"({"type":"session","version":3,"id":"x","timestamp":"2026-11-20T10:24:33.628Z","cwd":"/w"})"
        "\n"
        R"({"type":"model_change","id":"448b3156","parentId":null,"timestamp":"2026-11-20T10:24:33.629Z","provider":"fake","modelId":"fake-1"})"
        "\n"
        R"({"type":"thinking_level_change","id":"84543340","parentId":"448b3156","timestamp":"2026-11-20T10:24:33.629Z","thinkingLevel":"off"})"
        "\n"
        R"({"type":"custom","customType":"model-snapshot","data":{"a":1},"id":"3a8f5e39","parentId":"84543340","timestamp":"2026-11-20T10:24:33.629Z"})"
        "\n"
        R"({"type":"message","id":"5f11a126","parentId":"3a8f5e39","timestamp":"2026-11-20T10:24:33.630Z","message":{"role":"user","content":[{"type":"text","text":"hello"}],"timestamp":1795170273629}})"
        "\n"
        R"({"type":"message","id":"2683f6ca","parentId":"5f11a126","timestamp":"2026-11-20T10:24:34.242Z","message":{"role":"assistant","content":[{"type":"text","text":"Hello from the fake model. This is a test reply."}],"api":"openai-completions","provider":"fake","model":"fake-1","usage":{"input":12,"output":10,"cacheRead":0,"cacheWrite":0,"totalTokens":22,"cost":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"total":0}},"stopReason":"stop","timestamp":1795170273632}})"
        "\n";
    REQUIRE(desk.store.put("agents/main/sessions/" + id + ".jsonl", lines));
    CHECK(
        desk.history() ==
        R"([{"role":"user","content":[{"type":"text","text":"hello"}],"timestamp":1795170273629,"__openclaw":{"id":"5f11a126","recordTimestampMs":1795170273630}},)"
        R"({"role":"assistant","content":[{"type":"text","text":"Hello from the fake model. This is a test reply."}],"api":"openai-completions","provider":"fake","model":"fake-1","usage":{"input":12,"output":10,"totalTokens":22,"cacheRead":0,"cacheWrite":0,"cost":{"input":0,"output":0,"cacheRead":0,"cacheWrite":0,"total":0}},"stopReason":"stop","timestamp":1795170273632,"__openclaw":{"id":"2683f6ca","recordTimestampMs":1795170274242}}])");
    UsageIndex index(desk.sessions.transcripts(), &desk.bench.memory);
    const std::string usage = desk.json([&](json::Writer& w) {
        UsageQuery query;
        query.range = {day_of(start_ms), day_of(start_ms), 0};
        REQUIRE(write_usage_result(w, desk.sessions, index, query, start_ms));
    });
    CHECK(has(usage, R"("firstActivity":1795170273630,"lastActivity":1795170274242,"durationMs":612)"));
    desk.say(user("and on"));
    CHECK(has(desk.history(), R"("text":"and on")"));
    CHECK(has(desk.history(), R"("text":"hello")"));
}

TEST_CASE("rows: shapes are those of the recorded conversations") {
    Desk desk;
    desk.open();
    desk.say(user("[Fri 2026-11-20 10:22 UTC] Say hi"));
    desk.say(assistant("Hello there"));
    desk.say(
        desk.json([&](json::Writer& w) { write_injected_message(w, "Injected note", "ops", 9, &desk.bench.memory); }));
    REQUIRE(desk.sessions.open("agent:main:empty", start_ms));

    const std::string_view keys[] = {"main", "nope", "agent:main:empty"};
    CHECK(desk.json([&](json::Writer& w) {
        write_preview_result(w, desk.sessions, keys, {3, 20}, 77);
    }) == R"({"ts":77,"previews":[{"key":"main","status":"ok","items":[{"role":"user","text":"Say hi"},)"
          R"({"role":"assistant","text":"Hello there"},{"role":"assistant","text":"[ops]\n\nInjected note"}]},)"
          R"({"key":"nope","status":"missing","items":[]},{"key":"agent:main:empty","status":"empty","items":[]}]})");

    ListPage page(&desk.bench.memory);
    REQUIRE(desk.sessions.list({}, start_ms, page));
    desk.context.derived_titles = desk.context.last_messages = true;
    const std::string_view run[] = {"run-1"};
    desk.context.runs = [&](std::string_view k) { return k == key ? RunFacts{run} : RunFacts{}; };
    const std::string list =
        desk.json([&](json::Writer& w) { REQUIRE(write_list_result(w, desk.sessions, page, "", desk.context)); });
    for (const std::string_view part :
         {R"("path":"~/state/agents/main/sessions/sessions.json")", R"("count":2)", R"("totalCount":2)",
          R"("nextOffset":null,"hasMore":false,"owners":[])",
          R"("defaults":{"modelProvider":"fake","model":"fake-1","contextTokens":128000)", R"("derivedTitle":"Say hi")",
          R"("lastMessagePreview":"[ops] Injected note")", R"("hasActiveRun":true,"activeRunIds":["run-1"])",
          R"("kind":"direct","classification":"main","agentId":"main","isMain":true,"isBackground":false)",
          R"("totalTokensFresh":false)", R"("thinkingLevels":[{"id":"off","label":"off"}])"}) {
        INFO(part);
        CHECK(has(list, part));
    }

    const std::string history = desk.json([&](json::Writer& w) {
        REQUIRE(write_history_result(w, desk.sessions, "main", key, {}, desk.context, desk.bench.pool.get()));
    });
    CHECK(history.starts_with(R"({"sessionKey":"main","sessionId":")"));
    CHECK(has(history,
              R"("thinkingLevel":"off","pendingInputs":{"items":[],"total":0},"hasMore":false,"totalMessages":3)"));
    const std::string unknown = desk.json([&](json::Writer& w) {
        REQUIRE(write_history_result(w, desk.sessions, "x", "agent:main:x", {}, desk.context, desk.bench.pool.get()));
    });
    CHECK(unknown.starts_with(R"({"sessionKey":"x","messages":[],)"));
    CHECK(has(unknown, R"("updatedAt":null)"));
    CHECK(desk.json([&](json::Writer& w) { write_describe_result(w, desk.sessions, {}, desk.context); }) ==
          R"({"session":null})");
    CHECK(desk.json([&](json::Writer& w) { write_resolve_result(w, key); }) ==
          R"({"ok":true,"key":"agent:main:main","agentId":"main"})");
    const std::string patched = desk.json([&](json::Writer& w) {
        write_patch_result(w, desk.sessions, {key, &desk.open()}, desk.context);
    });
    CHECK(patched.starts_with(
        R"({"ok":true,"path":"~/state/agents/main/sessions/sessions.json","key":"agent:main:main","entry":{"sessionId":")"));
    CHECK(has(patched, R"("resolved":{"modelProvider":"fake","model":"fake-1")"));
    CHECK(desk.json([&](json::Writer& w) {
        write_compact_result(w, desk.sessions, key, {false, "no transcript", 0, std::pmr::string()});
    }) == R"({"ok":true,"key":"agent:main:main","compacted":false,"reason":"no transcript"})");
    CHECK(desk.json([&](json::Writer& w) {
        write_delete_result(w, desk.sessions, key, {true, std::pmr::string("agents/x")});
    }) == R"({"ok":true,"key":"agent:main:main","deleted":true,"archived":["~/state/agents/x"]})");
}

TEST_CASE("usage: what answers cost, by day, model, tool") {
    Desk desk;
    desk.open();
    UsageIndex index(desk.sessions.transcripts(), &desk.bench.memory);
    constexpr std::uint64_t day = 86400000;
    MessageUsage usage;
    usage.input = 12;
    usage.output = 10;
    usage.input_cost = 0.25;
    const ToolCallPart calls[] = {{"c1", "read", "{}"}, {"c2", "read", "{}"}};
    desk.say(user("hi"), start_ms);
    desk.say(assistant("", usage, calls), start_ms + 612);
    desk.say(R"({"role":"toolResult","toolCallId":"c1","content":[],"isError":true})", start_ms + 613);
    desk.say(assistant("done", usage), start_ms + 614);
    desk.say(user("next day"), start_ms + day);
    desk.say(assistant("yes", usage), start_ms + day + 5);
    UsageQuery query;
    query.range = {day_of(start_ms), day_of(start_ms), 0};
    const auto result = [&](std::size_t budget = usage_budget_bytes) {
        return desk.json([&](json::Writer& w) {
            REQUIRE(write_usage_result(w, desk.sessions, index, query, start_ms + day, budget));
        });
    };
    const std::string partial = result(100);
    CHECK(has(partial, R"("cacheStatus":{"status":"refreshing","cachedFiles":0,"pendingFiles":1)"));
    const std::string text = result();
    for (
        const std::string_view part :
        {R"("startDate":"2026-11-20","endDate":"2026-11-20")",
         R"("totals":{"input":24,"output":20,"cacheRead":0,"cacheWrite":0,"totalTokens":44,"totalCost":0.5,"inputCost":0.5)",
         R"("messages":{"total":3,"user":1,"assistant":2,"toolCalls":2,"toolResults":1,"errors":1})",
         R"("tools":{"totalCalls":2,"uniqueTools":1,"tools":[{"name":"read","count":2}]})",
         R"("latency":{"count":2,"avgMs":613,"p95Ms":614,"minMs":612,"maxMs":614})",
         R"("dailyBreakdown":[{"date":"2026-11-20","tokens":44,"cost":0.5}])",
         R"("byProvider":[{"provider":"fake","count":2,"totals":{"input":24)",
         R"("sessionFile":"~/state/agents/main/sessions/)", R"("cacheStatus":{"status":"fresh")"}) {
        INFO(part);
        CHECK(has(text, part));
    }
    // The same moments on the clocks of somewhere else.
    query.range = {day_of(start_ms) + 1, day_of(start_ms) + 1, 14 * 60};
    CHECK(has(result(), R"("totalTokens":44)"));
    // What is put aside has been paid for, too; and the index sees that the file is another one.
    REQUIRE(desk.sessions.reset(key, start_ms + day));
    desk.say(user("new"), start_ms + day);
    desk.say(assistant("new", usage), start_ms + day);
    const std::string cost = desk.json([&](json::Writer& w) {
        REQUIRE(write_cost_result(w, desk.sessions, index, {day_of(start_ms) - 1, day_of(start_ms) + 1, 0}, "", 1));
    });
    CHECK(cost.starts_with(R"({"updatedAt":1,"days":3,"daily":[{"date":"2026-11-19","input":0)"));
    CHECK(
        has(cost, R"(],"totals":{"input":48,"output":40,"cacheRead":0,"cacheWrite":0,"totalTokens":88,"totalCost":1)"));

    Refusal refusal(&desk.bench.memory);
    const std::string series =
        desk.json([&](json::Writer& w) { REQUIRE(write_timeseries_result(w, desk.sessions, index, key, refusal)); });
    CHECK(has(series, R"("totalTokens":22,"cost":0.25,"cumulativeTokens":22,"cumulativeCost":0.25}])"));
    test::PooledBuffer out;
    json::Writer w(out.buffer);
    CHECK_FALSE(write_timeseries_result(w, desk.sessions, index, "agent:main:nope", refusal));
    CHECK(refusal.text == "No transcript found for session: agent:main:nope");
    const std::string logs =
        desk.json([&](json::Writer& to) { REQUIRE(write_logs_result(to, desk.sessions, key, 200)); });
    CHECK(logs == R"({"logs":[{"timestamp":1795256518657,"role":"user","content":"new"},)"
                  R"({"timestamp":1795256518657,"role":"assistant","content":"new","tokens":22,"cost":0.25}]})");
}

TEST_CASE("usage: ranges") {
    struct Case {
        std::string_view params, first, last;
        int offset;
        std::string_view refusal;
    };
    const Case cases[] = {
        {"{}", "2026-10-22", "2026-11-20", 0, ""},
        {R"({"days":1})", "2026-11-20", "2026-11-20", 0, ""},
        {R"({"startDate":"2026-11-01","endDate":"2026-11-02"})", "2026-11-01", "2026-11-02", 0, ""},
        {R"({"startDate":"2026-11-05","endDate":"2026-11-02"})", "2026-11-02", "2026-11-02", 0, ""},
        {R"({"range":"7d","mode":"specific","utcOffset":"UTC-11"})", "2026-11-13", "2026-11-19", -660, ""},
        {R"({"mode":"specific","utcOffset":"UTC+5:30","days":2})", "2026-11-19", "2026-11-20", 330, ""},
        {R"({"mode":"gateway","days":1})", "2026-11-20", "2026-11-20", 60, ""},
        {R"({"startDate":"2026-02-30"})", "", "", 0, "invalid startDate (use YYYY-MM-DD)"},
        {R"({"mode":"specific","utcOffset":"CET"})", "", "", 0, "invalid utcOffset (use UTC+h:mm)"},
    };
    for (const Case& c : cases) {
        INFO(c.params);
        json::Document document(std::pmr::new_delete_resource());
        REQUIRE(document.parse(c.params));
        UsageRange range;
        Refusal refusal(std::pmr::new_delete_resource());
        CHECK(read_usage_range(document.root(), start_ms, 60, range, refusal) == c.refusal.empty());
        CHECK(refusal.text == c.refusal);
        if (!c.refusal.empty()) continue;
        CHECK(format_date(range.first_day).view() == c.first);
        CHECK(format_date(range.last_day).view() == c.last);
        CHECK(range.offset_minutes == c.offset);
    }
}

TEST_CASE("calendar: timestamps and dates") {
    struct Case {
        std::string_view text;
        std::optional<std::uint64_t> ms;
    };
    const Case cases[] = {
        {"2026-11-20T10:21:58.657Z", start_ms},
        {"2026-11-20T10:21:58Z", start_ms - 657},
        {"2026-11-20T11:21:58.6570001+01:00", start_ms},
        {"2026-11-20 10:21:58.657z", start_ms},
        {"1970-01-01T00:00:00.000Z", 0},
        {"1970-01-01T00:00:00.000+01:00", std::nullopt},
        {"2026-02-29T00:00:00Z", std::nullopt},
        {"2026-11-20T24:00:00Z", std::nullopt},
        {"2026-11-20T10:21:58", std::nullopt},
        {"2026-11-20T10:21:58.Z", std::nullopt},
        {"", std::nullopt},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        CHECK(parse_timestamp(c.text) == c.ms);
    }
    test::Random random(3);
    for (int i = 0; i < 2000; ++i) {
        const std::uint64_t ms = random.next() % 253402300800000ULL;
        CHECK(parse_timestamp(format_timestamp(ms).view()) == ms);
        CHECK(parse_date(format_date(day_of(ms)).view()) == day_of(ms));
    }
}

}  // namespace gw::session
