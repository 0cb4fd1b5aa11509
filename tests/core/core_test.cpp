#include <stdlib.h>
#include <time.h>

#include <chrono>

#include "core/buffer.h"
#include "core/list.h"
#include "core/system_time.h"
#include "core/text.h"
#include "core/timers.h"
#include "support/test.h"

using namespace std::string_view_literals;

namespace gw {

TEST_CASE("core: a buffer is a queue of bytes that owns nothing when empty") {
    test::TestHost host;
    BlockPoolOwner pool(host.allocator());
    {
        Buffer buffer(pool.get());
        std::string model;
        test::Random random(1);
        for (int i = 0; i < 2000; ++i) {
            if (random.below(3) != 0) {
                const std::string text(random.below(3000), static_cast<char>('a' + i % 26));
                buffer.append(text);
                model += text;
            } else {
                const std::size_t n = random.below(model.size() + 1);
                buffer.consume(n);
                model.erase(0, n);
            }
            REQUIRE(buffer.text() == model);
        }
        buffer.consume(buffer.size());
        CHECK(pool.get()->bytes_out() == 0);

        buffer.append("taken");
        gw_buf taken = buffer.take();
        CHECK(as_text(gw_str{static_cast<const char*>(taken.data), taken.len}) == "taken");
        CHECK(buffer.empty());
        gw_buf_free(&taken);
        CHECK(taken.owner == nullptr);
        CHECK(pool.get()->bytes_out() == 0);
    }
}

TEST_CASE("core: a taken buffer outlives its pool's owner") {
    test::TestHost host;
    gw_buf taken;
    {
        BlockPoolOwner pool(host.allocator());
        Buffer buffer(pool.get());
        buffer.append("later");
        taken = buffer.take();
    }
    CHECK(as_text(gw_str{static_cast<const char*>(taken.data), taken.len}) == "later");
    gw_buf_free(&taken);
}

TEST_CASE("core: a refused allocation leaves a buffer as it was") {
    test::TestHost host;
    BlockPoolOwner pool(host.allocator());
    Buffer buffer(pool.get());
    buffer.append("kept");
    host.fail_at(0);
    CHECK_THROWS_AS(buffer.append(std::string(100000, 'x')), std::bad_alloc);
    CHECK(buffer.text() == "kept");
    host.fail_never();
}

TEST_CASE("core: timers fire in order of their deadlines") {
    Timers timers(std::pmr::get_default_resource());
    struct Due {
        explicit Due(Timers& timers)
            : timer(
                  timers, [](void*) {}, this) {}
        Timer timer;
        Milliseconds model = never;
    };
    std::vector<std::unique_ptr<Due>> due;
    test::Random random(7);
    for (int i = 0; i < 200; ++i) due.push_back(std::make_unique<Due>(timers));
    for (int round = 0; round < 5000; ++round) {
        Due& one = *due[random.below(due.size())];
        one.model = random.below(4) == 0 ? never : random.below(1000);
        one.timer.arm(one.model);
        Milliseconds earliest = never;
        for (const auto& d : due) earliest = std::min(earliest, d->model);
        REQUIRE(timers.next_deadline() == earliest);
        if (random.below(50) == 0) {
            const Milliseconds now = random.below(1000);
            Milliseconds last = 0;
            while (Timer* timer = timers.pop_due(now)) {
                for (const auto& d : due) {
                    if (&d->timer != timer) continue;
                    REQUIRE(d->model >= last);
                    REQUIRE(d->model <= now);
                    last = d->model;
                    d->model = never;
                }
            }
            for (const auto& d : due) REQUIRE((d->model == never || d->model > now));
        }
        if (random.below(100) == 0) due[random.below(due.size())] = std::make_unique<Due>(timers);
    }
}

TEST_CASE("core: an element leaves its list when it dies") {
    struct Element {
        Link<Element> link{this};
    };
    List<Element> list;
    Element a;
    Element c;
    {
        Element b;
        list.push_back(a.link);
        list.push_back(b.link);
        list.push_back(c.link);
        CHECK(list.after(a.link) == &b);
    }
    CHECK(list.after(a.link) == &c);
    CHECK(list.after(c.link) == nullptr);
    CHECK(list.pop_front() == &a);
    CHECK(list.front() == &c);
    c.link.unlink();
    CHECK(list.empty());
    CHECK(list.front() == nullptr);
}

TEST_CASE("core: UTF-8 is checked across cuts") {
    struct Case {
        std::string_view text;
        bool valid;
    };
    const Case cases[] = {
        {"", true},
        {"plain ASCII, longer than eight bytes", true},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", true},
        {"\xED\x9F\xBF\xEE\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\x80", false},
        {"\xC0\xAF", false},
        {"\xC1\xBF", false},
        {"\xE0\x9F\xBF", false},
        {"\xED\xA0\x80", false},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false},
        {"abc\xE2\x82", false},
        {"\xE2\x28\xA1", false},
    };
    for (const Case& c : cases) {
        test::for_each_split(c.text, [&](const test::Pieces& pieces) {
            INFO(c.text << ", cut as " << pieces);
            Utf8Checker checker;
            bool valid = true;
            for (const std::string_view piece : pieces) valid = valid && checker.feed(piece);
            CHECK((valid && checker.complete()) == c.valid);
        });
    }
    CHECK(cut_utf8("a\xE2\x82\xAC", 3) == "a");
    CHECK(cut_utf8("a\xE2\x82\xAC", 4) == "a\xE2\x82\xAC");
}

TEST_CASE("core: lists, numbers and trimming read as RFC 9110 says") {
    CHECK(list_has("keep-alive, Upgrade", "upgrade"));
    CHECK(list_has(" , ,upgrade", "upgrade"));
    CHECK_FALSE(list_has("upgraded", "upgrade"));
    CHECK_FALSE(list_has("", "upgrade"));
    CHECK(parse_decimal("18446744073709551615") == UINT64_MAX);
    CHECK_FALSE(parse_decimal("18446744073709551616"));
    CHECK_FALSE(parse_decimal("+1"));
    CHECK_FALSE(parse_decimal(" 1"));
    CHECK_FALSE(parse_decimal(""));
    CHECK(trim(" \t x y \t") == "x y");
}

TEST_CASE("core: every status has a kind and a text") {
    CHECK(gw_status_kind(GW_OK) == GW_KIND_OK);
    CHECK(gw_status_kind(GW_DONE) == GW_KIND_OK);
    CHECK(gw_status_kind(GW_ERR_CONFIG) == GW_KIND_CALLER);
    CHECK(gw_status_kind(GW_ERR_TLS) == GW_KIND_PEER);
    CHECK(gw_status_kind(GW_ERR_TIMEOUT) == GW_KIND_LIMIT);
    CHECK(gw_status_kind(GW_ERR_BLOCKED) == GW_KIND_POLICY);
    CHECK(gw_status_kind(GW_ERR_CONNECT) == GW_KIND_UPSTREAM);
    CHECK(gw_status_kind(GW_ERR_IO) == GW_KIND_RESOURCE);
    CHECK(gw_status_kind(GW_ERR_INTERNAL) == GW_KIND_INTERNAL);
    CHECK(gw_strerror(GW_ERR_GONE) != gw_strerror(GW_ERR_STATE));
    CHECK(gw_strerror(static_cast<gw_status>(-999)) == "unknown status"sv);
}

TEST_CASE("core: the system's time of day, and how far it is ahead of UTC") {
    const char* const zone = ::getenv("TZ");
    const std::string kept = zone == nullptr ? "" : zone;
    struct Case {
        const char* zone;
        int minutes;
    };
    const Case cases[] = {{"UTC0", 0}, {"IST-5:30", 330}, {"NST3:30", -210}, {"LIN-14", 840}};
    for (const Case& c : cases) {
        ::setenv("TZ", c.zone, 1);
        ::tzset();
        const SystemTime now = read_system_time({});
        CHECK(now.utc_offset_minutes == c.minutes);
        const auto here = std::chrono::system_clock::now().time_since_epoch();
        const auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(here).count());
        CHECK(now.unix_ms <= ms);
        CHECK(now.unix_ms > 1767225600000);
        // Within a minute nobody looks again: what was known stays.
        const SystemTime again = read_system_time({now.unix_ms, 77});
        CHECK(again.utc_offset_minutes == (again.unix_ms / 60000 == now.unix_ms / 60000 ? 77 : c.minutes));
    }
    zone == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", kept.c_str(), 1);
    ::tzset();
}

}  // namespace gw
