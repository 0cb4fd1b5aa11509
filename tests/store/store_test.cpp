// What is the same for every store.
#include "store/key.h"

#include <cstring>

#include "stores.h"

using namespace std::string_view_literals;

namespace gw::test {

TEST_CASE("store: keys are relative, visible and short") {
    const std::string longest(store::segment_bytes_max, 'x');
    std::string deepest = "d";
    for (std::size_t i = 1; i < store::segment_count_max; ++i) deepest += "/d";
    struct Case {
        std::string key;
        bool valid;
    };
    const Case cases[] = {
        {"devices/paired.json", true},
        {"agents/main/sessions/4f1c.jsonl", true},
        {"a", true},
        {"a..b", true},
        {"A-Z_0.9@x:y+z=1", true},
        {"a%2Fb", true},
        {longest, true},
        {deepest, true},
        {"", false},
        {"/", false},
        {"/etc/passwd", false},
        {"a/", false},
        {"a//b", false},
        {".", false},
        {"..", false},
        {"a/..", false},
        {"../a", false},
        {"a/./b", false},
        {".lock", false},
        {"a/.hidden", false},
        {"a b", false},
        {"a\\b", false},
        {"a\nb", false},
        {std::string("a\0b", 3), false},
        {"\xC3\xA4", false},
        {"a%2fb", false},
        {"a%", false},
        {"a%2", false},
        {"a%GG", false},
        {longest + "x", false},
        {deepest + "/d", false},
    };
    for (const Case& c : cases) {
        INFO(c.key);
        CHECK(store::is_valid_key(c.key) == c.valid);
        CHECK(store::is_valid_prefix(c.key) == (c.valid || c.key.empty() || c.key == "a/"));
    }
}

TEST_CASE("store: any text becomes a segment and comes back") {
    std::pmr::memory_resource* memory = std::pmr::get_default_resource();
    struct Case {
        std::string_view text, segment;
    };
    const Case cases[] = {
        {"agent:main:main", "agent:main:main"}, {"a/b", "a%2Fb"}, {"..", "%2E."}, {".x", "%2Ex"}, {"100%", "100%25"},
        {"\xC3\xA4 \n\0"sv, "%C3%A4%20%0A%00"}, {"%41", "%2541"},
    };
    for (const Case& c : cases) {
        std::pmr::string segment(memory);
        store::append_segment(segment, c.text);
        INFO(c.segment);
        CHECK(std::string_view(segment) == c.segment);
        CHECK(store::is_valid_key(segment));
        CHECK(store::decode_segment(segment, memory) == std::pmr::string(c.text));
    }
    for (const std::string_view never_written : {"%41", "a%2fb", "a%", ".x", "a/b"}) {
        INFO(never_written);
        CHECK_FALSE(store::decode_segment(never_written, memory));
    }
}

TEST_CASE("store: values and logs behave the same everywhere") {
    TestHost host;
    for_each_store(host.host(), store_options(), [](const StoreUnderTest& s) {
        CHECK(s.get("devices/paired.json") == "(none)");
        CHECK(s.remove("devices/paired.json") == GW_DONE);
        CHECK(s.put("devices/paired.json", "{}") == GW_OK);
        CHECK(s.put("devices/paired.json", "{\"a\":1}") == GW_OK);
        CHECK(s.get("devices/paired.json") == "{\"a\":1}");
        CHECK(s.put("empty", "") == GW_OK);
        CHECK(s.get("empty") == "");
        const std::string binary("\0\xFF\n\r", 4);
        CHECK(s.put("binary", binary) == GW_OK);
        CHECK(s.get("binary") == binary);

        CHECK(s.read_all("log") == "");
        CHECK(s.append("log", "one") == GW_OK);
        CHECK(s.append("log", "") == GW_OK);
        CHECK(s.append("log", "three", true) == GW_OK);
        CHECK(s.read_all("log") == "one\n\nthree\n");
        CHECK(s.get("log") == "one\n\nthree\n");
        CHECK(s.append("log", "two\nlines") == GW_ERR_ARGUMENT);
        CHECK(s.read_all("log") == "one\n\nthree\n");

        CHECK(s.list("") == "binary=4 devices/paired.json=7 empty=0 log=11");
        CHECK(s.list("devices/") == "devices/paired.json=7");
        CHECK(s.list("devices/pa") == "devices/paired.json=7");
        CHECK(s.list("de") == "devices/paired.json=7");
        CHECK(s.list("nothing/") == "");
        CHECK(s.list("log/") == "");
        CHECK(s.list("../") == gw_strerror(GW_ERR_ARGUMENT));

        CHECK(s.remove("log") == GW_OK);
        CHECK(s.remove("log") == GW_DONE);
        CHECK(s.read_all("log") == "");
        CHECK(s.put("../outside", "x") == GW_ERR_ARGUMENT);
        CHECK(s.append("a//b", "x") == GW_ERR_ARGUMENT);
        CHECK(s.get("..") == gw_strerror(GW_ERR_ARGUMENT));
    });
}

TEST_CASE("store: a value and a directory cannot share a name") {
    TestHost host;
    for_each_store(host.host(), store_options(), [](const StoreUnderTest& s) {
        REQUIRE(s.put("a/b", "x") == GW_OK);
        CHECK(s.put("a", "y") == GW_ERR_STATE);
        CHECK(s.append("a", "y") == GW_ERR_STATE);
        CHECK(s.put("a/b/c", "y") == GW_ERR_STATE);
        CHECK(s.append("a/b/c", "y") == GW_ERR_STATE);
        CHECK(s.get("a") == "(none)");
        CHECK(s.get("a/b/c") == "(none)");
        CHECK(s.remove("a") == GW_DONE);
        CHECK(s.remove("a/b/c") == GW_DONE);
        CHECK(s.list("") == "a/b=1");
    });
}

TEST_CASE("store: a log is read in pieces of whole records") {
    TestHost host;
    for_each_store(host.host(), store_options(), [](const StoreUnderTest& s) {
        std::string want;
        for (int i = 0; i < 50; ++i) {
            const std::string record(static_cast<std::size_t>(i % 9), static_cast<char>('a' + i % 26));
            REQUIRE(s.append("log", record) == GW_OK);
            want += record + "\n";
        }
        for (const std::size_t bytes_max : {9U, 10U, 11U, 64U, 4096U, 0U}) {
            INFO("pieces of " << bytes_max);
            CHECK(s.read_all("log", bytes_max) == want);
        }
        CHECK(s.read_all("log", 8) == gw_strerror(GW_ERR_LIMIT));

        // An offset is where a record begins, or the log is not the one that it came from.
        for (std::uint64_t at = 0; at < want.size() + 3; ++at) {
            std::uint64_t offset = at;
            std::string out;
            const gw_status status = s.read("log", offset, 0, out);
            INFO("offset " << at);
            if (at > 0 && (at > want.size() || want[at - 1] != '\n')) {
                CHECK(status == GW_ERR_GONE);
            } else if (at == want.size()) {
                CHECK(status == GW_DONE);
            } else {
                CHECK(status == GW_OK);
                CHECK(out == want.substr(at));
            }
        }
        REQUIRE(s.put("log", "short\n") == GW_OK);
        std::uint64_t offset = want.size();
        std::string out;
        CHECK(s.read("log", offset, 0, out) == GW_ERR_GONE);
        CHECK(s.read_all("log") == "short\n");
    });
}

TEST_CASE("store: a torn last line is no record, and the next append drops it") {
    TestHost host;
    for_each_store(host.host(), store_options(), [](const StoreUnderTest& s) {
        struct Case {
            std::string_view stored, records;
        };
        const Case cases[] = {
            {"one\ntwo\nthr", "one\ntwo\n"}, {"torn from the start", ""}, {"one\n", "one\n"}, {"", ""}, {"\n", "\n"},
        };
        for (const Case& c : cases) {
            INFO(c.stored);
            REQUIRE(s.put("log", c.stored) == GW_OK);
            CHECK(s.read_all("log") == c.records);
            CHECK(s.append("log", "next") == GW_OK);
            CHECK(s.get("log") == std::string(c.records) + "next\n");
        }
        const std::string long_tail = "kept\n" + std::string(20000, 'x');
        REQUIRE(s.put("log", long_tail) == GW_OK);
        CHECK(s.append("log", "next") == GW_OK);
        CHECK(s.get("log") == "kept\nnext\n");
    });
}

TEST_CASE("store: values and records have a limit") {
    TestHost host;
    for_each_store(host.host(), store_options(100), [](const StoreUnderTest& s) {
        REQUIRE(s.put("v", std::string(100, 'x')) == GW_OK);
        CHECK(s.put("v", std::string(101, 'y')) == GW_ERR_LIMIT);
        CHECK(s.get("v") == std::string(100, 'x'));
        CHECK(s.append("log", std::string(100, 'x')) == GW_ERR_LIMIT);
        CHECK(s.append("log", std::string(99, 'x')) == GW_OK);
        CHECK(s.read_all("log") == std::string(99, 'x') + "\n");
    });
    gw_store_options few = store_options();
    few.entry_count_max = 2;
    for_each_store(host.host(), few, [](const StoreUnderTest& s) {
        REQUIRE(s.put("a", "1") == GW_OK);
        REQUIRE(s.put("b", "2") == GW_OK);
        CHECK(s.list("") == "a=1 b=1");
        REQUIRE(s.put("c", "3") == GW_OK);
        CHECK(s.list("") == gw_strerror(GW_ERR_LIMIT));
        CHECK(s.list("c") == "c=1");
    });
    gw_store_options small = store_options(10);
    gw_store* made = nullptr;
    REQUIRE(gw_store_new_memory(host.host(), &small, &made) == GW_OK);
    const StoreUnderTest memory(made);
    CHECK(memory.append("log", "12345") == GW_OK);
    CHECK(memory.append("log", "1234") == GW_ERR_LIMIT);
    CHECK(memory.append("log", "123") == GW_OK);
    CHECK(memory.read_all("log") == "12345\n123\n");
}

TEST_CASE("store: any sequence of calls leaves what a map would hold") {
    TestHost host;
    const std::string_view keys[] = {"a", "b/c", "b/d", "b/e/f", "g.jsonl", "h/i.jsonl"};
    for_each_store(host.host(), store_options(), [&](const StoreUnderTest& s) {
        std::map<std::string, std::string> model;
        Random random(11);
        for (int i = 0; i < 400; ++i) {
            const std::string key(keys[random.below(std::size(keys))]);
            const std::string text(random.below(40), static_cast<char>('a' + random.below(26)));
            const auto found = model.find(key);
            switch (random.below(4)) {
            case 0:
                REQUIRE(s.put(key, text) == GW_OK);
                model[key] = text;
                break;
            case 1:
                REQUIRE(s.append(key, text, random.below(2) == 0) == GW_OK);
                model[key].resize(model[key].rfind('\n') + 1);
                model[key] += text + "\n";
                break;
            case 2:
                REQUIRE(s.remove(key) == (found == model.end() ? GW_DONE : GW_OK));
                model.erase(key);
                break;
            default: REQUIRE(s.get(key) == (found == model.end() ? "(none)" : found->second));
            }
        }
        std::string want;
        for (const auto& [key, value] : model) {
            want += (want.empty() ? "" : " ") + key + "=" + std::to_string(value.size());
            CHECK(s.get(key) == value);
        }
        CHECK(s.list("") == want);
    });
}

TEST_CASE("store: a refused allocation is an answer and changes nothing") {
    TestHost host;
    for_each_store(host.host(), store_options(), [&](const StoreUnderTest& s) {
        REQUIRE(s.put("kept", "old") == GW_OK);
        REQUIRE(s.append("log", "old") == GW_OK);
        const std::string long_key = "key/" + std::string(100, 'k');  // beyond what a small string holds
        const std::string text(5000, 'x');
        std::string out;
        std::uint64_t offset = 0;
        const std::function<gw_status()> calls[] = {
            [&] { return s.put("kept", text); },
            [&] { return s.put(long_key, text); },
            [&] { return s.append("log", text); },
            [&] { return s.append("log/" + long_key, text) == GW_ERR_STATE ? GW_OK : GW_ERR_NO_MEMORY; },
            [&] { return s.get("kept", out); },
            [&] {
                offset = 0;
                return s.read("log", offset, 0, out);
            },
            [&] { return s.list("") == gw_strerror(GW_ERR_NO_MEMORY) ? GW_ERR_NO_MEMORY : GW_OK; },
            [&] { return s.remove(long_key); },
        };
        for (std::size_t call = 0; call < std::size(calls); ++call) {
            for (std::size_t n = 0;; ++n) {
                host.fail_at(n);
                const gw_status status = calls[call]();
                host.fail_never();
                INFO("call " << call << ", allocation " << n);
                if (status == GW_OK) break;
                REQUIRE(status == GW_ERR_NO_MEMORY);
                REQUIRE(n < 100);
                REQUIRE(s.get("kept") == (call == 0 ? "old" : text));
                REQUIRE(s.read_all("log") == (call <= 2 ? "old\n" : "old\n" + text + "\n"));
            }
        }
        CHECK(s.list("") == "kept=5000 log=5005");
    });
}

TEST_CASE("store: making one fails cleanly") {
    const TemporaryDirectory directory;
    MapStore map;
    const gw_store_functions functions = map.functions();
    const gw_store_options options = store_options();
    TestHost host;
    const std::function<gw_status(gw_store**)> makers[] = {
        [&](gw_store** out) { return gw_store_new_memory(host.host(), &options, out); },
        [&](gw_store** out) { return gw_store_open_directory(host.host(), str(directory / "state"), &options, out); },
        [&](gw_store** out) { return gw_store_new_host(host.host(), &functions, &options, out); },
    };
    for (const auto& maker : makers) {
        for (std::size_t n = 0;; ++n) {
            gw_store* made = nullptr;
            host.fail_at(n);
            const gw_status status = maker(&made);
            host.fail_never();
            if (status == GW_OK) {
                gw_store_free(made);
                break;
            }
            REQUIRE(status == GW_ERR_NO_MEMORY);
            REQUIRE(made == nullptr);
        }
        CHECK(maker(nullptr) == GW_ERR_ARGUMENT);
    }

    gw_store* made = nullptr;
    gw_store_options bad = options;
    const int no_sync = 7;
    std::memcpy(&bad.sync, &no_sync, sizeof no_sync);
    CHECK(gw_store_new_memory(nullptr, &bad, &made) == GW_ERR_ARGUMENT);
    bad = options;
    bad.size = 1;
    CHECK(gw_store_new_memory(nullptr, &bad, &made) == GW_ERR_ARGUMENT);
    struct Newer {
        gw_store_options options;
        std::uint64_t unknown;
    } newer{options, 1};
    newer.options.size = sizeof newer;
    CHECK(gw_store_new_memory(nullptr, &newer.options, &made) == GW_ERR_UNSUPPORTED);
    gw_store_functions incomplete = functions;
    incomplete.list = nullptr;
    CHECK(gw_store_new_host(nullptr, &incomplete, nullptr, &made) == GW_ERR_ARGUMENT);
    CHECK(gw_store_new_host(nullptr, nullptr, nullptr, &made) == GW_ERR_ARGUMENT);
    CHECK(gw_store_open_directory(nullptr, {nullptr, 3}, nullptr, &made) == GW_ERR_ARGUMENT);
    CHECK(gw_store_open_directory(nullptr, str(""), nullptr, &made) == GW_ERR_ARGUMENT);
    CHECK(gw_store_open_directory(nullptr, str("/tmp/a\0b"sv), nullptr, &made) == GW_ERR_ARGUMENT);
    CHECK(made == nullptr);
    gw_store_free(nullptr);
    gw_store_listing_free(nullptr);
}

TEST_CASE("store: arguments are checked, and nothing is written on failure") {
    gw_store* made = nullptr;
    REQUIRE(gw_store_new_memory(nullptr, nullptr, &made) == GW_OK);
    const StoreUnderTest s(made);
    REQUIRE(s.put("k", "v") == GW_OK);
    gw_buf buf{};
    std::uint64_t next = 42;
    gw_store_listing* listing = nullptr;
    CHECK(gw_store_append(nullptr, str("k"), str("v"), false) == GW_ERR_ARGUMENT);
    CHECK(gw_store_append(made, str("k"), {nullptr, 1}, false) == GW_ERR_ARGUMENT);
    CHECK(gw_store_put(nullptr, str("k"), str("v")) == GW_ERR_ARGUMENT);
    CHECK(gw_store_get(made, str("k"), nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_store_get(made, str("absent"), &buf) == GW_DONE);
    CHECK(gw_store_read(made, str("absent"), 0, 0, &buf, &next) == GW_DONE);
    CHECK(gw_store_read(made, str("k"), 0, 0, &buf, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_store_list(made, str("//"), &listing) == GW_ERR_ARGUMENT);
    CHECK(gw_store_remove(made, str("")) == GW_ERR_ARGUMENT);
    CHECK(gw_store_segment(made, str(""), &buf) == GW_ERR_ARGUMENT);
    CHECK(gw_store_segment(made, str(std::string(67, ' ')), &buf) == GW_ERR_LIMIT);
    CHECK(buf.data == nullptr);
    CHECK(next == 42);
    CHECK(listing == nullptr);
    REQUIRE(gw_store_segment(made, str("a b"), &buf) == GW_OK);
    CHECK(std::string_view(static_cast<const char*>(buf.data), buf.len) == "a%20b");
    gw_buf_free(&buf);
}

TEST_CASE("store: what came from a store outlives it") {
    TestHost host;
    gw_store* made = nullptr;
    REQUIRE(gw_store_new_memory(host.host(), nullptr, &made) == GW_OK);
    REQUIRE(gw_store_put(made, str("k"), str("value")) == GW_OK);
    gw_buf buf{};
    gw_store_listing* listing = nullptr;
    REQUIRE(gw_store_get(made, str("k"), &buf) == GW_OK);
    REQUIRE(gw_store_list(made, str(""), &listing) == GW_OK);
    gw_store_free(made);
    CHECK(std::string_view(static_cast<const char*>(buf.data), buf.len) == "value");
    gw_store_entry entry{};
    CHECK(gw_store_listing_next(listing, &entry) == GW_ERR_ARGUMENT);  // its size is not set
    entry.size = sizeof entry;
    REQUIRE(gw_store_listing_next(listing, &entry) == GW_OK);
    CHECK(as_text(entry.key) == "k");
    CHECK(entry.value_size == 5);
    CHECK(gw_store_listing_next(listing, &entry) == GW_DONE);
    gw_buf_free(&buf);
    gw_store_listing_free(listing);
}

TEST_CASE("store: a host's failures keep their kind") {
    MapStore map;
    gw_store_functions functions = map.functions();
    gw_store* made = nullptr;
    REQUIRE(gw_store_new_host(nullptr, &functions, nullptr, &made) == GW_OK);
    const StoreUnderTest s(made);
    REQUIRE(s.put("k", "v") == GW_OK);
    struct Case {
        gw_status answer, want;
    };
    const Case cases[] = {
        {GW_ERR_IO, GW_ERR_IO},       {GW_ERR_LIMIT, GW_ERR_LIMIT}, {GW_ERR_NO_MEMORY, GW_ERR_NO_MEMORY},
        {GW_ERR_STATE, GW_ERR_STATE}, {GW_ERR_TLS, GW_ERR_IO},      {static_cast<gw_status>(-999), GW_ERR_IO},
    };
    for (const Case& c : cases) {
        map.answer = c.answer;
        std::string out;
        std::uint64_t offset = 0;
        CHECK(s.put("k", "w") == c.want);
        CHECK(s.append("log", "w") == c.want);
        CHECK(s.get("k", out) == c.want);
        CHECK(s.read("log", offset, 0, out) == c.want);
        CHECK(s.remove("k") == c.want);
        CHECK(s.list("") == gw_strerror(c.want));
    }
    map.answer = GW_OK;
    map.values["../escape"] = "x";  // a host that lists what is no key
    CHECK(s.list("") == gw_strerror(GW_ERR_IO));
    CHECK(s.get("k") == "v");
}

}  // namespace gw::test
