#include "session/transcript.h"

#include "session_support.h"
#include "support/test.h"

namespace gw::session {

namespace {

constexpr std::string_view log_name = "agents/main/sessions/s1.jsonl";
constexpr Transcripts::Place place{log_name, "s1", "/home/u/work"};

std::string said(std::string_view role, std::string_view text) {
    return R"({"role":")" + std::string(role) + R"(","content":[{"type":"text","text":")" + std::string(text) +
           R"("}],"timestamp":5})";
}

// The texts of the path, newest first.
std::string path_of(Transcripts& transcripts, const ReadLimits& limits = {}, std::size_t count = 1000) {
    std::string out;
    const auto done = transcripts.read_back(
        log_name,
        [&](const TranscriptEntry& entry) {
            const auto text = entry.message()["content"][std::size_t{0}]["text"].as_string();
            out += text ? std::string(*text) : "<" + std::string(entry.type) + " " + std::string(entry.role) + ">";
            out += ' ';
            return --count == 0 ? Visit::enough : Visit::more;
        },
        limits);
    REQUIRE(done);
    return out;
}

// A line of a foreign file.
std::string line(std::string_view id, std::string_view parent, std::string_view text) {
    return R"({"type":"message","id":")" + std::string(id) + R"(","parentId":)" +
           (parent.empty() ? "null" : "\"" + std::string(parent) + "\"") +
           R"(,"timestamp":"2026-11-20T10:24:33.628Z","message":)" + said("user", text) + "}\n";
}

}  // namespace

TEST_CASE("transcript: what is appended is read back, newest first") {
    Bench bench;
    for_each_kind_of_store(bench, [&](store::Store& store) {
        Transcripts transcripts(store, bench.counter.random(), bench.pool.get(), &bench.memory);
        CHECK(path_of(transcripts).empty());
        const auto first = transcripts.append_message(place, said("user", "one"), start_ms);
        REQUIRE(first);
        REQUIRE(transcripts.append(place, "model_change", R"("provider":"p","modelId":"m")", start_ms,
                                   store::Durability::buffered));
        REQUIRE(transcripts.append_message(place, said("assistant", "two"), start_ms + 1));
        CHECK(path_of(transcripts) == "two <model_change > one ");
        CHECK(path_of(transcripts, {}, 1) == "two ");

        const std::string text = bench.value(store, log_name);
        CHECK(text.starts_with(
            R"({"type":"session","version":3,"id":"s1","timestamp":"2026-11-20T10:21:58.657Z","cwd":"/home/u/work"})"
            "\n"
            R"({"type":"message","id":")" +
            std::string(first->data(), 8) + R"(","parentId":null,"timestamp":"2026-11-20T10:21:58.657Z","message":{)"));

        // Somebody who opens the file later goes on at its end.
        Transcripts later(store, bench.counter.random(), bench.pool.get(), &bench.memory);
        REQUIRE(later.append_message(place, said("user", "three"), start_ms + 2));
        CHECK(path_of(later) == "three two <model_change > one ");
    });
}

TEST_CASE("transcript: only the branch that was left last counts") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    Transcripts transcripts(store, bench.counter.random(), bench.pool.get(), &bench.memory);
    const std::string header = R"({"type":"session","version":3,"id":"s1","timestamp":"2026-11-20T10:24:33.628Z"})"
                               "\n";
    struct Case {
        std::string_view name;
        std::string text, want;
    };
    const Case cases[] = {
        {"a line", line("a", "", "A") + line("b", "a", "B"), "B A "},
        {"a branch", line("a", "", "A") + line("b", "a", "B") + line("c", "b", "C") + line("d", "a", "D"), "D A "},
        {"a second root hides the first", line("a", "", "A") + line("b", "", "B"), "B "},
        {"a parent that was cut away", line("b", "gone", "B") + line("c", "b", "C"), "C B "},
        {"a torn last line", line("a", "", "A") + R"({"type":"message","id":"b","par)", "A "},
        {"a broken line in between", line("a", "", "A") + "nonsense\n\n[1]\n" + line("b", "a", "B"), "B A "},
        {"an entry that is its own parent", line("a", "a", "A"), "A "},
        {"two that are each other's", line("a", "b", "A") + line("b", "a", "B"), "B A "},
        {"files without ids", "{\"message\":" + said("user", "A") + "}\n{\"message\":" + said("user", "B") + "}\n",
         "B A "},
        {"other kinds of entries",
         line("a", "", "A") +
             "{\"type\":\"compaction\",\"id\":\"b\",\"parentId\":\"a\",\"summary\":\"s\",\"firstKeptEntryId\":\"a\"}\n"
             "{\"type\":\"label\",\"id\":\"c\",\"parentId\":\"b\",\"targetId\":\"a\",\"label\":\"x\"}\n"
             "{\"type\":\"branch_summary\",\"id\":\"d\",\"parentId\":\"c\",\"fromId\":\"a\",\"summary\":\"s\"}\n"
             "{\"type\":\"custom_message\",\"id\":\"e\",\"parentId\":\"d\",\"content\":\"c\"}\n",
         "<custom_message > <branch_summary > <label > <compaction > A "},
        {"nothing but a header", "", ""},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        REQUIRE(store.put(log_name, header + c.text));
        transcripts.forget(log_name);
        CHECK(path_of(transcripts) == c.want);
        // What comes next hangs below what is newest, even after a torn line.
        REQUIRE(transcripts.append_message(place, said("user", "next"), start_ms));
        CHECK(path_of(transcripts) == "next " + c.want);
    }
}

TEST_CASE("transcript: a large file is read from its end, and a huge line by its head") {
    Bench bench;
    for_each_kind_of_store(bench, [&](store::Store& store) {
        Transcripts transcripts(store, bench.counter.random(), bench.pool.get(), &bench.memory);
        REQUIRE(transcripts.append_message(place, said("user", "first"), start_ms));
        REQUIRE(transcripts.append_message(place, said("user", std::string(300000, 'x')), start_ms));
        for (int i = 0; i < 300; ++i) {
            REQUIRE(transcripts.append_message(place, said("assistant", std::string(1000, 'y')), start_ms,
                                               store::Durability::buffered));
        }
        std::size_t count = 0;
        std::string roles;
        const ReadLimits limits{100000, 64U << 20U};
        const auto root = transcripts.read_back(
            log_name,
            [&](const TranscriptEntry& entry) {
                ++count;
                if (!entry.object.exists()) roles += std::string(entry.role) + std::to_string(entry.size / 100000);
                return Visit::more;
            },
            limits);
        REQUIRE(root);
        CHECK(*root);
        CHECK(count == 302);
        CHECK(roles == "user3");
        // Not more than allowed is read.
        count = 0;
        const auto part = transcripts.read_back(log_name, [&](const TranscriptEntry&) { return ++count, Visit::more; },
                                                {100000, 70000});
        REQUIRE(part);
        CHECK_FALSE(*part);
        CHECK(count > 30);
        CHECK(count < 200);
    });
}

TEST_CASE("transcript: reading forwards goes on where it ended") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    Transcripts transcripts(store, bench.counter.random(), bench.pool.get(), &bench.memory);
    for (int i = 0; i < 10; ++i) REQUIRE(transcripts.append_message(place, said("user", "m"), start_ms + 1));
    std::size_t count = 0;
    const auto some = transcripts.read(
        log_name, 0, [&](const TranscriptEntry&) { return ++count < 4 ? Visit::more : Visit::enough; });
    REQUIRE(some);
    const auto all = transcripts.read(log_name, *some, [&](const TranscriptEntry&) { return ++count, Visit::more; });
    REQUIRE(all);
    CHECK(count == 10);
    CHECK(*all == bench.value(store, log_name).size());
    REQUIRE(store.put(log_name, "x\n"));
    CHECK(transcripts.read(log_name, *all, [](const TranscriptEntry&) { return Visit::more; }).error().status ==
          GW_ERR_GONE);
}

TEST_CASE("transcript: archives and compaction keep every byte somewhere") {
    Bench bench;
    for_each_kind_of_store(bench, [&](store::Store& store) {
        Transcripts transcripts(store, bench.counter.random(), bench.pool.get(), &bench.memory);
        CHECK_FALSE(*transcripts.archive(log_name, "reset", start_ms));
        CHECK_FALSE(*transcripts.compact(log_name, 5, start_ms));
        for (int i = 0; i < 10; ++i) {
            REQUIRE(transcripts.append_message(place, said("user", std::to_string(i)), start_ms));
        }
        const std::string whole = bench.value(store, log_name);
        const auto none = transcripts.compact(log_name, 10, start_ms);
        REQUIRE(none);
        CHECK_FALSE((*none)->compacted);
        const auto done = transcripts.compact(log_name, 3, start_ms);
        REQUIRE(done);
        REQUIRE(*done);
        CHECK((*done)->compacted);
        CHECK((*done)->kept == 3);
        CHECK(std::string_view((*done)->archived) == std::string(log_name) + ".bak.2026-11-20T10-21-58.657Z");
        CHECK(bench.value(store, (*done)->archived) == whole);
        CHECK(bench.value(store, log_name).starts_with(R"({"type":"session")"));
        CHECK(path_of(transcripts) == "9 8 7 ");
        REQUIRE(transcripts.append_message(place, said("user", "next"), start_ms));
        CHECK(path_of(transcripts) == "next 9 8 7 ");

        const std::string before = bench.value(store, log_name);
        const auto first = transcripts.archive(log_name, "reset", start_ms);
        REQUIRE(first);
        REQUIRE(*first);
        CHECK(bench.value(store, **first) == before);
        CHECK(bench.value(store, log_name) == "(none)");
        // A second one of the same moment does not replace the first.
        REQUIRE(transcripts.append_message(place, said("user", "again"), start_ms));
        CHECK(path_of(transcripts) == "again ");
        const auto second = transcripts.archive(log_name, "reset", start_ms);
        REQUIRE(second);
        CHECK(**second == **first + "-1");
    });
}

TEST_CASE("transcript: an append that fails is not there, and the next one hangs right") {
    Bench bench;
    test::MapStore map;
    store::HostStore store({}, map.functions());
    Transcripts transcripts(store, bench.counter.random(), bench.pool.get(), &bench.memory);
    REQUIRE(transcripts.append_message(place, said("user", "one"), start_ms));
    map.answer = GW_ERR_IO;
    CHECK(transcripts.append_message(place, said("user", "lost"), start_ms).error().status == GW_ERR_IO);
    map.answer = GW_OK;
    REQUIRE(transcripts.append_message(place, said("user", "two"), start_ms));
    CHECK(path_of(transcripts) == "two one ");
}

TEST_CASE("transcript: more conversations than are kept open") {
    Bench bench;
    store::MemoryStore store({}, &bench.memory);
    Transcripts transcripts(store, bench.counter.random(), bench.pool.get(), &bench.memory);
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 300; ++i) {
            const std::string log = "agents/main/sessions/n" + std::to_string(i) + ".jsonl";
            REQUIRE(transcripts.append_message({log, "n", ""}, said("user", "m"), start_ms));
        }
    }
    for (int i = 0; i < 300; i += 37) {
        std::size_t count = 0;
        const auto root = transcripts.read_back("agents/main/sessions/n" + std::to_string(i) + ".jsonl",
                                                [&](const TranscriptEntry&) { return ++count, Visit::more; });
        REQUIRE(root);
        CHECK(*root);
        CHECK(count == 2);
    }
}

}  // namespace gw::session
