// A log in several files: where it goes on, what is kept of it, and what a program leaves that is killed.
#include "store/log_series.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "store/kinds.h"

namespace gw::store {

namespace {

using test::for_each_kind;

constexpr std::uint64_t year_2023 = 1700000000000;

std::string names(Store& store) {
    Listing listing;
    REQUIRE(store.list("", listing));
    std::string out;
    for (const Entry& entry : listing) {
        if (!out.empty()) out += ' ';
        out.append(entry.key).append("=").append(std::to_string(entry.size));
    }
    return out;
}

std::string text_of(Store& store, std::string_view key, Buffer& out) {
    REQUIRE(*store.get(key, out));
    return std::string(out.text());
}

}  // namespace

TEST_CASE("store: several records are appended at once") {
    for_each_kind([](Store& store, Buffer& out) {
        REQUIRE(store.append_all("a/log", "one\ntwo", Durability::buffered));
        REQUIRE(store.append_all("a/log", "\n", Durability::durable));  // two empty ones
        REQUIRE(store.append_all("a/log", "three", Durability::buffered));
        CHECK(text_of(store, "a/log", out) == "one\ntwo\n\n\nthree\n");
        REQUIRE(store.put("torn", "kept\nto"));
        REQUIRE(store.append_all("torn", "x\ny", Durability::buffered));
        CHECK(text_of(store, "torn", out) == "kept\nx\ny\n");
        CHECK(store.append_all("a//b", "x", Durability::buffered).error().status == GW_ERR_ARGUMENT);
    });
    test::MapStore map;
    HostStore store({}, map.functions());
    map.answer = GW_ERR_IO;
    CHECK(store.append_all("log", "one\ntwo", Durability::buffered).error().status == GW_ERR_IO);
    CHECK(map.values.empty());
}

TEST_CASE("store: a log goes on in another file when one is full, and the oldest go") {
    for_each_kind([](Store& store, Buffer& out) {
        REQUIRE(store.put("events/keep.txt", "a person's"));
        REQUIRE(store.put("events/0000000000001.jsonl", "old\n"));
        REQUIRE(store.put("events/1.jsonl", "not one of ours\n"));
        LogSeries series("events", {20, 3}, std::pmr::get_default_resource());
        std::uint64_t now = year_2023;
        // What is there already is gone on with: 4 + 10 bytes. The next one does not fit.
        REQUIRE(series.append(store, "123456789", now));
        REQUIRE(series.append(store, "abcdefghi", ++now));
        CHECK(names(store) ==
              "events/0000000000001.jsonl=14 events/1.jsonl=16 events/1700000000001.jsonl=10 events/keep.txt=10");
        REQUIRE(series.append(store, "jklmn\nopq", ++now));        // to the last byte
        REQUIRE(series.append(store, "r", now -= 1000));           // the clock was set back
        REQUIRE(series.append(store, std::string(50, 's'), now));  // too long for any: it has its own
        REQUIRE(series.append(store, "t", ++now));
        CHECK(names(store) ==
              "events/1.jsonl=16 events/1700000000002.jsonl=2 events/1700000000003.jsonl=51 "
              "events/1700000000004.jsonl=2 events/keep.txt=10");
        CHECK(text_of(store, "events/1700000000004.jsonl", out) == "t\n");
        // Another program goes on where this one was.
        LogSeries again("events", {20, 3}, std::pmr::get_default_resource());
        REQUIRE(again.append(store, "u", year_2023 + 5000));
        CHECK(text_of(store, "events/1700000000004.jsonl", out) == "t\nu\n");
    });
}

TEST_CASE("store: a log that cannot be written or listed loses that and no more") {
    test::MapStore map;
    HostStore store({}, map.functions());
    Buffer out(nullptr);
    LogSeries series("events", {8, 2}, std::pmr::get_default_resource());
    map.answer = GW_ERR_IO;
    CHECK(series.append(store, "lost", year_2023).error().status == GW_ERR_IO);
    map.answer = GW_OK;
    REQUIRE(series.append(store, "one", year_2023 + 1));
    map.answer = GW_ERR_IO;
    CHECK(series.append(store, "lost", year_2023 + 2).error().status == GW_ERR_IO);
    map.answer = GW_OK;
    for (const std::string_view text : {"two", "three", "four"}) REQUIRE(series.append(store, text, year_2023 + 3));
    std::string all;
    for (const auto& [key, value] : map.values) all += value;
    CHECK(all == "three\nfour\n");
    CHECK(map.values.size() == 2);
}

TEST_CASE("store: a program that is killed while its log changes files leaves whole records, one behind the other") {
    const test::TemporaryDirectory directory;
    constexpr LogSeries::Limits limits{300, 4};
    test::Random random(7);
    std::size_t most_files = 0;
    // A dozen times, and as often as it takes to have come to the last file on a machine that has much else to do.
    for (int round = 0; round < 12 || (most_files < limits.files_max && round < 1000); ++round) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            DirectoryStore store({}, {Sync::as_asked, false}, std::pmr::get_default_resource());
            if (!store.open(directory.path())) ::_exit(1);
            LogSeries series("events", limits, std::pmr::get_default_resource());
            // Every program counts from a million of its own on.
            for (int i = 1000000 * round;; ++i) {
                const std::string line = std::to_string(i) + std::string(static_cast<std::size_t>(i % 40), '.');
                if (!series.append(store, line + "\n" + line, year_2023 + static_cast<std::uint64_t>(i))) ::_exit(1);
            }
        }
        ::usleep(static_cast<useconds_t>(3000 + random.below(12000)));
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));  // it never saw an error

        HostMemory memory{Allocator::from(nullptr)};
        const BlockPoolOwner pool(memory.allocator());
        Buffer out(pool.get());
        DirectoryStore store({}, {Sync::as_asked, false}, &memory);
        REQUIRE(store.open(directory.path()));
        Listing files(&memory);
        REQUIRE(store.list("events", files));
        REQUIRE(files.size() <= limits.files_max);
        most_files = std::max(most_files, files.size());
        long before = -1;
        std::string first;
        for (const Entry& file : files) {
            REQUIRE(file.size <= limits.file_bytes_max);
            REQUIRE(store.read(file.key, 0, 1000, out));
            std::string_view rest = out.text();
            while (!rest.empty()) {
                const std::string_view line = rest.substr(0, rest.find('\n'));
                const long number = std::stol(std::string(line));
                REQUIRE(line.size() == std::to_string(number).size() + static_cast<std::size_t>(number % 40));
                // Twice each; one after the other, or the first of the next program.
                if (first.empty()) {
                    REQUIRE((before < 0 || number == before + 1 || number % 1000000 == 0));
                    first = line;
                } else if (line == first) {
                    first.clear();
                } else {
                    REQUIRE(number % 1000000 == 0);  // the second one was cut off
                    first = line;
                }
                before = number;
                rest.remove_prefix(line.size() + 1);
            }
        }
    }
    CHECK(most_files == limits.files_max);
}

}  // namespace gw::store
