#include "crypto/password.h"

#include <string>

#include "support/test.h"

namespace gw::crypto {

namespace {

// Made by crypt_blowfish's own test program, and by htpasswd -nbB -C 4.
constexpr std::string_view hash_2a = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

}  // namespace

TEST_CASE("password: bcrypt vectors match their password and no other") {
    struct Case {
        std::string_view name;
        std::string password;
        std::string_view hash;
        bool want;
    };
    const Case cases[] = {
        {"a short one", "U*U", hash_2a, true},
        {"one letter less", "U*", hash_2a, false},
        {"another case", "u*U", hash_2a, false},
        {"empty against a hash", "", hash_2a, false},
        {"another salt", "U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", true},
        {"the empty password", "", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", true},
        {"written as 2b", "U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true},
        {"written as 2y", "U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true},
        {"bytes above 127", "\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", true},
        {"72 bytes count, more are ignored",
         "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
         "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", true},
        {"a NUL byte is not the end of the password", std::string("U*U\0", 4), hash_2a, false},
        {"a NUL byte and more", std::string("U*U\0x", 5), hash_2a, false},
        {"longer than libcrypt takes", std::string(512, 'a'), hash_2a, false},
        {"much longer", std::string(100000, 'a'), hash_2a, false},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto result = verify_bcrypt(c.password, c.hash, std::pmr::new_delete_resource());
        REQUIRE(result);
        CHECK(*result == c.want);
    }
}

TEST_CASE("password: what is not a bcrypt hash is an error, never a match") {
    const std::string good(hash_2a);
    const auto with = [&](std::size_t at, char c) {
        std::string text = good;
        text[at] = c;
        return text;
    };
    const std::string cases[] = {
        "",
        "*0",
        "secret",
        good + "x",
        good.substr(0, 59),
        with(0, '#'),
        with(1, '1'),
        with(2, 'x'),
        with(2, '$'),
        with(3, '.'),
        with(4, '-'),
        with(5, ' '),
        with(6, '.'),
        with(20, '*'),
        with(59, '='),
        with(40, '\0'),
        "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$6$saltsaltsaltsalt$ylgyBZpX3ISY7VbPRHZeKYMbB0OjWVlmAWqAjRxsVFo",
    };
    for (const std::string& hash : cases) {
        INFO("hash " << hash);
        CHECK_FALSE(check_bcrypt_hash(hash));
        const auto result = verify_bcrypt("U*U", hash, std::pmr::new_delete_resource());
        REQUIRE_FALSE(result);
        CHECK(result.error().status == GW_ERR_CONFIG);
        CHECK(result.error().what.find("2a$") == std::string_view::npos);
    }
    CHECK(check_bcrypt_hash(good));
}

TEST_CASE("password: the work space comes from the host and goes back") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    host.fail_at(0);
    CHECK_THROWS_AS(verify_bcrypt("U*U", hash_2a, &memory), std::bad_alloc);
    host.fail_never();
    CHECK(*verify_bcrypt("U*U", hash_2a, &memory));
    CHECK(host.bytes_peak() >= 32768);
    CHECK(host.bytes_out() == 0);
}

}  // namespace gw::crypto
