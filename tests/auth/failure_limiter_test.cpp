#include "auth/failure_limiter.h"

#include <string>

#include "support/test.h"

namespace gw::auth {

namespace {

constexpr LimitScope secret = LimitScope::shared_secret;

ClientAddress from(std::string_view address) {
    return client_address(address, "gw.example", {}, TrustedProxies({}, std::pmr::get_default_resource()), false);
}
FailureLimiter::Source source(std::string_view address) { return FailureLimiter::Source(from(address)); }

void fail(FailureLimiter& limiter, std::string_view address, std::uint64_t now_ms, int times) {
    for (int i = 0; i < times; ++i) limiter.failed(secret, source(address), now_ms);
}

}  // namespace

TEST_CASE("auth: five failures in the window lock, and the lock ends") {
    FailureLimiter limiter({}, std::pmr::new_delete_resource());
    fail(limiter, "203.0.113.9", 1000, 4);
    CHECK(limiter.locked_ms(secret, source("203.0.113.9"), 1000) == 0);
    fail(limiter, "203.0.113.9", 2000, 1);
    CHECK(limiter.locked_ms(secret, source("203.0.113.9"), 2000) == 900000);
    CHECK(retry_after_seconds(limiter.locked_ms(secret, source("203.0.113.9"), 2001)) == 900);
    // Trying during the lock makes it no longer.
    fail(limiter, "203.0.113.9", 500000, 20);
    CHECK(limiter.locked_ms(secret, source("203.0.113.9"), 901999) == 1);
    CHECK(limiter.locked_ms(secret, source("203.0.113.9"), 902000) == 0);
    fail(limiter, "203.0.113.9", 902000, 4);
    CHECK(limiter.locked_ms(secret, source("203.0.113.9"), 902000) == 0);
    // Other kinds of credential and other addresses were never locked.
    fail(limiter, "203.0.113.9", 902000, 1);
    CHECK(limiter.locked_ms(LimitScope::device_token, source("203.0.113.9"), 902000) == 0);
    CHECK(limiter.locked_ms(secret, source("203.0.113.8"), 902000) == 0);
}

TEST_CASE("auth: the window slides, and a success clears") {
    FailureLimiter limiter({.attempts_max = 3, .window_ms = 60000, .lockout_ms = 5000},
                           std::pmr::new_delete_resource());
    fail(limiter, "203.0.113.9", 0, 1);
    fail(limiter, "203.0.113.9", 30000, 1);
    fail(limiter, "203.0.113.9", 60000, 1);  // the first one is forgotten
    CHECK(limiter.locked_ms(secret, source("203.0.113.9"), 60000) == 0);
    fail(limiter, "203.0.113.9", 60001, 1);
    CHECK(limiter.locked_ms(secret, source("203.0.113.9"), 60001) == 5000);
    fail(limiter, "203.0.113.7", 0, 2);
    limiter.succeeded(secret, source("203.0.113.7"));
    fail(limiter, "203.0.113.7", 0, 2);
    CHECK(limiter.locked_ms(secret, source("203.0.113.7"), 0) == 0);
    limiter.succeeded(secret, source("203.0.113.6"));  // nobody
}

TEST_CASE("auth: which addresses are one") {
    FailureLimiter limiter({.attempts_max = 1}, std::pmr::new_delete_resource());
    const auto locked = [&](std::string_view address) { return limiter.locked_ms(secret, source(address), 0) > 0; };
    fail(limiter, "::ffff:203.0.113.9", 0, 1);
    CHECK(locked("203.0.113.9"));
    fail(limiter, "2001:db8:1:2::1", 0, 1);
    CHECK(locked("2001:db8:1:2:ffff::7"));
    CHECK_FALSE(locked("2001:db8:1:3::1"));
}

TEST_CASE("auth: loopback is exempt unless configured, and never by way of an unknown proxy") {
    const TrustedProxies none({}, std::pmr::get_default_resource());
    ForwardingFields forwarded;
    forwarded.present = true;
    const FailureLimiter::Source proxied(client_address("127.0.0.1", "localhost", forwarded, none, false));
    FailureLimiter exempt({.attempts_max = 1}, std::pmr::new_delete_resource());
    fail(exempt, "127.0.0.1", 0, 5);
    CHECK(exempt.locked_ms(secret, source("127.0.0.1"), 0) == 0);
    CHECK(exempt.size() == 0);
    exempt.failed(secret, proxied, 0);
    CHECK(exempt.locked_ms(secret, proxied, 0) > 0);

    FailureLimiter strict({.attempts_max = 1, .exempt_loopback = false}, std::pmr::new_delete_resource());
    strict.failed(secret, proxied, 0);
    CHECK(strict.locked_ms(secret, source("127.0.0.1"), 0) == 0);  // not the proxy's machine
    fail(strict, "127.0.0.1", 0, 1);
    CHECK(strict.locked_ms(secret, source("127.0.0.1"), 0) > 0);
    const FailureLimiter::Source page(from("127.0.0.1"), "https://evil.example");
    CHECK(strict.locked_ms(secret, page, 0) == 0);
}

TEST_CASE("auth: the table of failures has a bound and forgets who has been quiet for longest") {
    FailureLimiter limiter({.attempts_max = 1, .entries_max = 4}, std::pmr::new_delete_resource());
    for (int i = 1; i <= 4; ++i) fail(limiter, "203.0.113." + std::to_string(i), 0, 1);
    fail(limiter, "203.0.113.1", 1, 1);  // seen again
    fail(limiter, "203.0.113.5", 1, 1);
    CHECK(limiter.size() == 4);
    CHECK(limiter.locked_ms(secret, source("203.0.113.1"), 1) > 0);
    CHECK(limiter.locked_ms(secret, source("203.0.113.2"), 1) == 0);
    for (int i = 0; i < 20000; ++i)
        fail(limiter,
             "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256), 2,
             1);
    CHECK(limiter.size() == 4);
    limiter.reset({.attempts_max = 2});
    CHECK(limiter.size() == 0);
}

TEST_CASE("auth: the limiter agrees with one that remembers everything") {
    test::Random random(99);
    const FailureLimiter::Options options{.attempts_max = 3, .window_ms = 50, .lockout_ms = 70, .entries_max = 64};
    FailureLimiter limiter(options, std::pmr::new_delete_resource());
    struct Plain {
        std::vector<std::uint64_t> times;
        std::uint64_t until = 0;
    };
    Plain plain[8];
    std::uint64_t now = 0;
    for (int round = 0; round < 20000; ++round) {
        now += random.below(12);
        const std::size_t who = random.below(8);
        const std::string address = "198.51.100." + std::to_string(who);
        Plain& one = plain[who];
        const std::uint64_t want = one.until > now ? one.until - now : 0;
        REQUIRE(limiter.locked_ms(secret, source(address), now) == want);
        if (random.below(8) == 0) {
            limiter.succeeded(secret, source(address));
            one = {};
        } else {
            limiter.failed(secret, source(address), now);
            if (want > 0) continue;
            std::erase_if(one.times, [&](std::uint64_t t) { return now - t >= 50; });
            one.times.push_back(now);
            if (one.times.size() < 3) continue;
            one.times.clear();
            one.until = now + 70;
        }
    }
}

TEST_CASE("auth: a limiter whose memory is refused goes on") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    FailureLimiter limiter({.attempts_max = 2}, &memory);
    for (int i = 0; i < 200; ++i) {
        host.fail_once_at(static_cast<std::size_t>(i % 3));
        const std::string address = "198.51.100." + std::to_string(i);
        try {
            fail(limiter, address, 0, 1);
        } catch (const std::bad_alloc&) {
        }
        host.fail_never();
        fail(limiter, address, 0, 2);
        CHECK(limiter.locked_ms(secret, source(address), 0) > 0);
    }
}

}  // namespace gw::auth
