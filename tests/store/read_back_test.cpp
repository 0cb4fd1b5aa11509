// Logs read from their end, sizes, and moves: what the C ABI does not show.
#include "store/kinds.h"

namespace gw::store {

TEST_CASE("store: a log is read backwards in pieces of any size") {
    test::for_each_kind([](Store& store, Buffer& out) {
        REQUIRE(*store.read_back("log", Store::log_end, 10, out) == 0);
        CHECK(out.empty());
        const std::string text = "a\nbb\n\ncccc\ndd\n";
        for (const std::string_view torn : {"", "torn"}) {
            INFO("torn: " << torn);
            REQUIRE(store.put("log", text + std::string(torn)));
            for (std::size_t piece = 1; piece < 30; ++piece) {
                INFO("pieces of " << piece);
                std::string all;
                std::uint64_t end = Store::log_end;
                gw_status failed = GW_OK;
                while (end > 0) {
                    const auto begin = store.read_back("log", end, piece, out);
                    if (!begin) {
                        failed = begin.error().status;
                        CHECK(out.empty());
                        break;
                    }
                    CHECK(out.size() <= piece);
                    CHECK((out.empty() || out.text().back() == '\n'));
                    all.insert(0, out.text());
                    end = *begin;
                }
                // The longest record has five bytes; behind a torn line there must be room for that and one more.
                const std::size_t needed = torn.empty() ? 5 : 7;
                CHECK(failed == (piece < needed ? GW_ERR_LIMIT : GW_OK));
                if (failed == GW_OK) CHECK(all == text);
            }
        }
    });
}

TEST_CASE("store: sizes and moves") {
    test::for_each_kind([](Store& store, Buffer& out) {
        CHECK_FALSE(*store.size("a/b"));
        CHECK_FALSE(*store.move("a/b", "a/c", out));
        REQUIRE(store.append("a/b", "one", Durability::durable));
        REQUIRE(store.put("a/bc", "longer"));
        CHECK(*store.size("a/b") == 4);
        CHECK(*store.move("a/b", "x/y/z", out));
        CHECK_FALSE(*store.size("a/b"));
        CHECK(*store.size("x/y/z") == 4);
        // What was there is replaced; a place that cannot be is refused, and nothing has changed.
        CHECK(*store.move("a/bc", "x/y/z", out));
        CHECK(*store.size("x/y/z") == 6);
        CHECK_FALSE(store.move("x/y/z", "../z", out));
        CHECK(*store.move("x/y/z", "x/y/z", out));
        CHECK(*store.size("x/y/z") == 6);
        CHECK(*store.move("x/y/z", "a/b", out));
        CHECK(*store.get("a/b", out));
        CHECK(out.text() == "longer");
    });
}

}  // namespace gw::store
