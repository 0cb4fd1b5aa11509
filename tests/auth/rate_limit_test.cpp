#include "auth/rate_limit.h"

#include <algorithm>

#include "support/test.h"

namespace gw::auth {

namespace {

// How many of `count` requests at one moment are let through.
std::size_t allowed(RateLimiter& limiter, std::uint64_t key, std::uint64_t now_ms, std::size_t count) {
    std::size_t passed = 0;
    for (std::size_t i = 0; i < count; ++i) passed += limiter.take(key, now_ms) == 0 ? 1U : 0U;
    return passed;
}

}  // namespace

TEST_CASE("auth: a bucket gives its burst, then its rate") {
    RateLimiter limiter({.count = 100, .burst = 200}, std::pmr::new_delete_resource());
    CHECK(allowed(limiter, 1, 1000, 400) == 200);
    CHECK(limiter.take(1, 1000) == 10);
    CHECK(limiter.take(1, 1009) == 1);
    CHECK(limiter.take(1, 1010) == 0);
    CHECK(allowed(limiter, 1, 1510, 400) == 50);
    CHECK(allowed(limiter, 2, 1510, 400) == 200);  // somebody else
    CHECK(allowed(limiter, 1, 100000, 400) == 200);
    CHECK(allowed(limiter, 1, UINT64_MAX, 400) == 200);
    CHECK(allowed(limiter, 1, 5, 400) == 0);  // a clock that went back gives nothing
}

TEST_CASE("auth: odd rates wait as long as they say, and not longer") {
    for (const std::uint32_t rate : {1U, 3U, 7U, 999U, 1000U, 4000000000U}) {
        INFO(rate);
        RateLimiter limiter({.count = rate, .burst = 1}, std::pmr::new_delete_resource());
        std::uint64_t now_ms = 5;
        CHECK(limiter.take(1, now_ms) == 0);
        const std::uint64_t wait_ms = limiter.take(1, now_ms);
        REQUIRE(wait_ms >= 1);
        if (wait_ms > 1) {
            CHECK(limiter.take(1, now_ms + wait_ms - 1) == 1);
        }
        CHECK(limiter.take(1, now_ms + wait_ms) == 0);
    }
    RateLimiter off({.count = 0}, std::pmr::new_delete_resource());
    CHECK(allowed(off, 1, 0, 1000) == 1000);
    RateLimiter no_burst({.count = 1, .burst = 0}, std::pmr::new_delete_resource());
    CHECK(allowed(no_burst, 1, 0, 10) == 1);
}

TEST_CASE("auth: what is left, and when all of it is there again") {
    RateLimiter limiter({.count = 100, .window_ms = 60000, .burst = 100}, std::pmr::new_delete_resource());
    RateLimiter::Standing standing;
    CHECK(limiter.look(1, 0).left == 100);
    for (std::uint32_t i = 1; i <= 100; ++i) {
        CHECK(limiter.take(1, 0, &standing) == 0);
        CHECK(standing.left == 100 - i);
        CHECK(standing.full_in_ms == i * 600);
    }
    CHECK(limiter.take(1, 0, &standing) == 600);
    CHECK(standing.left == 0);
    CHECK(limiter.take(1, 599) == 1);
    CHECK(limiter.look(1, 30000).left == 50);
    CHECK(limiter.look(1, 30000).left == 50);  // looking takes nothing
    CHECK(limiter.take(1, 30000, &standing) == 0);
    CHECK(limiter.look(1, 60600).full_in_ms == 0);
}

TEST_CASE("auth: a full table gives the place of whom it owes nothing, else strangers share") {
    RateLimiter limiter({.count = 10, .burst = 2, .buckets_max = 4}, std::pmr::new_delete_resource());
    for (std::uint64_t key = 1; key <= 4; ++key) CHECK(allowed(limiter, key, 1000, 2) == 2);
    CHECK(limiter.bucket_count() == 4);
    // Nobody is full again: strangers have two tokens between them, the known keep their own counts.
    CHECK(allowed(limiter, 10, 1000, 1) == 1);
    CHECK(allowed(limiter, 11, 1000, 1) == 1);
    CHECK(allowed(limiter, 12, 1000, 1) == 0);
    CHECK(allowed(limiter, 1, 1100, 1) == 1);
    // At 1200 all but key 1 are full; 2 was used longest ago and goes first.
    CHECK(allowed(limiter, 13, 1200, 3) == 2);
    CHECK(allowed(limiter, 13, 1200, 1) == 0);
    CHECK(allowed(limiter, 1, 1200, 3) == 1);
    CHECK(limiter.bucket_count() == 4);
}

TEST_CASE("auth: the table against a plain model") {
    test::Random random(7);
    RateLimiter limiter({.count = 50, .burst = 5, .buckets_max = 64}, std::pmr::new_delete_resource());
    std::vector<std::uint64_t> tokens(64, 5000);
    std::vector<std::uint64_t> at(64, 0);
    std::uint64_t now_ms = 0;
    for (int i = 0; i < 20000; ++i) {
        now_ms += random.below(4);
        const std::size_t who = random.below(64);
        tokens[who] = std::min<std::uint64_t>(5000, tokens[who] + (now_ms - at[who]) * 50);
        at[who] = now_ms;
        const bool expected = tokens[who] >= 1000;
        if (expected) tokens[who] -= 1000;
        const bool got = limiter.take(who * 64, now_ms) == 0;  // all in one chain
        if (got != expected) FAIL("request " << i);
    }
    CHECK(limiter.bucket_count() == 64);
}

TEST_CASE("auth: keys tell credentials and addresses apart") {
    CHECK(rate_key("ab", "c") != rate_key("a", "bc"));
    CHECK(rate_key("a", "b") == rate_key("a", "b"));
    CHECK(rate_key("", "a") != rate_key("a", ""));
}

}  // namespace gw::auth
