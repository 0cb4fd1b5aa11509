#include <cstring>

#include "core/buffer.h"
#include "gateway/router.h"
#include "support/test.h"

using namespace std::string_view_literals;

namespace gw {

TEST_CASE("router.h: routes are added and found") {
    test::TestHost host;
    gw_router* router = nullptr;
    REQUIRE(gw_router_new(host.host(), &router) == GW_OK);
    REQUIRE(gw_router_add(router, as_str("GET"), as_str("/models/:id/*rest"), 7) == GW_OK);
    REQUIRE(gw_router_add(router, as_str("POST"), as_str("/models"), 8) == GW_OK);

    gw_route_match match{};
    match.size = sizeof match;
    REQUIRE(gw_router_match(router, as_str("HEAD"), as_str("/models/a%2Fb/c/d?x=1"), &match) == GW_OK);
    CHECK(match.size == sizeof match);
    CHECK(match.outcome == GW_ROUTE_FOUND);
    CHECK(match.target == 7);
    CHECK(match.head);
    REQUIRE(match.parameter_count == 2);
    CHECK(as_text(match.parameters[0].name) == "id");
    CHECK(as_text(match.parameters[0].value) == "a/b");
    CHECK(as_text(match.parameters[1].name) == "rest");
    CHECK(as_text(match.parameters[1].value) == "c/d");
    CHECK(as_text(match.path) == "/models/a%2Fb/c/d");
    CHECK(as_text(match.query) == "x=1");

    REQUIRE(gw_router_match(router, as_str("GET"), as_str("/models"), &match) == GW_OK);
    CHECK(match.outcome == GW_ROUTE_METHOD_NOT_ALLOWED);
    CHECK(as_text(match.allow) == "OPTIONS, POST");
    CHECK(match.parameter_count == 0);
    CHECK(match.parameters == nullptr);
    REQUIRE(gw_router_match(router, as_str("OPTIONS"), as_str("*"), &match) == GW_OK);
    CHECK(match.outcome == GW_ROUTE_OPTIONS);
    CHECK(as_text(match.allow) == "GET, HEAD, OPTIONS, POST");
    REQUIRE(gw_router_match(router, as_str("GET"), as_str("/x"), &match) == GW_OK);
    CHECK(match.outcome == GW_ROUTE_NOT_FOUND);
    REQUIRE(gw_router_match(router, as_str("GET"), gw_str{nullptr, 0}, &match) == GW_OK);
    CHECK(match.outcome == GW_ROUTE_BAD_PATH);
    gw_router_free(router);
    gw_router_free(nullptr);
}

TEST_CASE("router.h: a caller's older and newer struct") {
    gw_router* router = nullptr;
    REQUIRE(gw_router_new(nullptr, &router) == GW_OK);
    REQUIRE(gw_router_add(router, as_str("*"), as_str("/"), 3) == GW_OK);

    gw_route_match older;
    std::memset(&older, 0xEE, sizeof older);
    older.size = offsetof(gw_route_match, head);
    REQUIRE(gw_router_match(router, as_str("GET"), as_str("/"), &older) == GW_OK);
    CHECK(older.target == 3);
    CHECK(older.size == offsetof(gw_route_match, head));
    CHECK(reinterpret_cast<unsigned char*>(&older)[offsetof(gw_route_match, head)] == 0xEE);

    struct Newer {
        gw_route_match match;
        std::uint64_t added = 5;
    } newer;
    newer.match.size = sizeof newer;
    REQUIRE(gw_router_match(router, as_str("GET"), as_str("/"), &newer.match) == GW_OK);
    CHECK(newer.match.target == 3);
    CHECK(newer.added == 0);
    gw_router_free(router);
}

TEST_CASE("router.h: the caller's mistakes are told") {
    gw_router* router = nullptr;
    CHECK(gw_router_new(nullptr, nullptr) == GW_ERR_ARGUMENT);
    gw_host half{};
    half.size = sizeof half;
    half.alloc = [](void*, std::size_t) -> void* { return nullptr; };
    CHECK(gw_router_new(&half, &router) == GW_ERR_ARGUMENT);
    CHECK(router == nullptr);
    REQUIRE(gw_router_new(nullptr, &router) == GW_OK);
    const gw_str broken{nullptr, 3};
    gw_route_match match{};
    match.size = sizeof match;
    CHECK(gw_router_add(nullptr, as_str("GET"), as_str("/"), 1) == GW_ERR_ARGUMENT);
    CHECK(gw_router_add(router, broken, as_str("/"), 1) == GW_ERR_ARGUMENT);
    CHECK(gw_router_add(router, as_str("GET"), broken, 1) == GW_ERR_ARGUMENT);
    CHECK(gw_router_add(router, as_str("GET"), as_str("x"), 1) == GW_ERR_ARGUMENT);
    CHECK(gw_router_match(nullptr, as_str("GET"), as_str("/"), &match) == GW_ERR_ARGUMENT);
    CHECK(gw_router_match(router, as_str("GET"), as_str("/"), nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_router_match(router, as_str("GET"), broken, &match) == GW_ERR_ARGUMENT);
    match.size = 1;
    CHECK(gw_router_match(router, as_str("GET"), as_str("/"), &match) == GW_ERR_ARGUMENT);
    gw_router_free(router);
}

TEST_CASE("router.h: method names") {
    test::TestHost host;
    gw_method_table* table = nullptr;
    CHECK(gw_method_table_new(host.host(), nullptr) == GW_ERR_ARGUMENT);
    REQUIRE(gw_method_table_new(host.host(), &table) == GW_OK);
    CHECK(gw_method_table_add(table, as_str("chat.send"), 5) == GW_OK);
    CHECK(gw_method_table_add(table, as_str("chat.send"), 6) == GW_ERR_ARGUMENT);
    CHECK(gw_method_table_add(table, gw_str{nullptr, 0}, 6) == GW_ERR_ARGUMENT);
    CHECK(gw_method_table_add(nullptr, as_str("a"), 6) == GW_ERR_ARGUMENT);
    std::uint32_t target = 1;
    CHECK(gw_method_table_find(table, as_str("chat"), &target) == GW_DONE);
    CHECK(target == 1);
    CHECK(gw_method_table_find(table, as_str("chat.send"), &target) == GW_OK);
    CHECK(target == 5);
    CHECK(gw_method_table_find(table, as_str("chat.send"), nullptr) == GW_ERR_ARGUMENT);
    gw_method_table_free(table);
    gw_method_table_free(nullptr);
}

TEST_CASE("router.h: a refused allocation is a status, and nothing leaks") {
    bool passed = false;
    for (std::size_t n = 0; !passed && n < 200; ++n) {
        test::TestHost host;
        host.fail_at(n);
        gw_router* router = nullptr;
        gw_method_table* table = nullptr;
        gw_route_match match{};
        match.size = sizeof match;
        const gw_status statuses[] = {
            gw_router_new(host.host(), &router),
            gw_method_table_new(host.host(), &table),
            router == nullptr ? GW_ERR_NO_MEMORY : gw_router_add(router, as_str("GET"), as_str("/a/:b"), 1),
            router == nullptr ? GW_ERR_NO_MEMORY : gw_router_match(router, as_str("GET"), as_str("/a/b"), &match),
            router == nullptr ? GW_ERR_NO_MEMORY : gw_router_match(router, as_str("PUT"), as_str("/a/b"), &match),
            table == nullptr ? GW_ERR_NO_MEMORY : gw_method_table_add(table, as_str("a.method.with.a.long.name"), 1),
        };
        passed = true;
        for (const gw_status status : statuses) {
            CHECK((status == GW_OK || status == GW_ERR_NO_MEMORY));
            passed = passed && status == GW_OK;
        }
        gw_router_free(router);
        gw_method_table_free(table);
    }
    CHECK(passed);
}

TEST_CASE("router.h: decoding into the caller's memory") {
    char out[8];
    std::size_t len = 99;
    CHECK(gw_percent_decode(as_str("%41b+"), out, sizeof out, &len) == GW_OK);
    CHECK(std::string_view(out, len) == "Ab+");
    CHECK(gw_percent_decode(as_str("%41%41%41"), out, 3, &len) == GW_OK);
    len = 99;
    CHECK(gw_percent_decode(as_str("%41%41%41"), out, 2, &len) == GW_ERR_LIMIT);
    CHECK(gw_percent_decode(as_str("%4"), out, sizeof out, &len) == GW_ERR_DATA);
    CHECK(len == 99);
    CHECK(gw_percent_decode(gw_str{nullptr, 0}, nullptr, 0, &len) == GW_OK);
    CHECK(len == 0);
    CHECK(gw_percent_decode(as_str("a"), nullptr, 1, &len) == GW_ERR_ARGUMENT);
    CHECK(gw_percent_decode(as_str("a"), out, 1, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_percent_decode(gw_str{nullptr, 1}, out, 1, &len) == GW_ERR_ARGUMENT);

    std::string in_place = "%48%65llo";
    CHECK(gw_percent_decode(as_str(in_place), in_place.data(), in_place.size(), &len) == GW_OK);
    CHECK(in_place.substr(0, len) == "Hello");

    CHECK(gw_query_parameter(as_str("a=1&b=x+y"), as_str("b"), out, sizeof out, &len) == GW_OK);
    CHECK(std::string_view(out, len) == "x y");
    CHECK(gw_query_parameter(as_str("a=1"), as_str("b"), out, sizeof out, &len) == GW_DONE);
    CHECK(gw_query_parameter(as_str("a=%"), as_str("a"), out, sizeof out, &len) == GW_ERR_DATA);
    CHECK(gw_query_parameter(as_str("a=123456789"), as_str("a"), out, sizeof out, &len) == GW_ERR_LIMIT);
    CHECK(gw_query_parameter(as_str("a"), as_str("a"), nullptr, 0, &len) == GW_OK);
    CHECK(gw_query_parameter(as_str("a"), gw_str{nullptr, 1}, out, sizeof out, &len) == GW_ERR_ARGUMENT);
}

}  // namespace gw
