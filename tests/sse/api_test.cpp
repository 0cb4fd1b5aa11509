#include <cstring>

#include "gateway/sse.h"
#include "sse/support.h"

namespace gw::sse::test {

namespace {

std::string take(gw_buf* buf) {
    std::string text(static_cast<const char*>(buf->data), buf->len);
    gw_buf_free(buf);
    return text;
}

}  // namespace

TEST_CASE("sse api: reading a stream") {
    gw::test::TestHost host;
    gw_sse_decoder* decoder = nullptr;
    REQUIRE(gw_sse_decoder_new(host.host(), 0, &decoder) == GW_OK);
    gw_sse_event event{};
    event.size = sizeof event;
    const std::string_view first = "event: x\nid: 1\nretry: 5\ndata: a\n\nda";
    const std::string_view second = "ta: b\n\n: rest";
    CHECK(gw_sse_decoder_next(decoder, &event) == GW_DONE);
    REQUIRE(gw_sse_decoder_feed(decoder, first.data(), first.size()) == GW_OK);
    CHECK(gw_sse_decoder_feed(decoder, second.data(), second.size()) == GW_ERR_STATE);
    REQUIRE(gw_sse_decoder_next(decoder, &event) == GW_OK);
    CHECK(as_text(event.type) == "x");
    CHECK(as_text(event.data) == "a");
    CHECK(as_text(event.id) == "1");
    CHECK(event.has_retry);
    CHECK(event.retry_ms == 5);
    CHECK(as_text(event.raw) == first.substr(0, first.size() - 2));
    CHECK(gw_sse_decoder_next(decoder, &event) == GW_DONE);
    REQUIRE(gw_sse_decoder_feed(decoder, second.data(), second.size()) == GW_OK);
    REQUIRE(gw_sse_decoder_next(decoder, &event) == GW_OK);
    CHECK(as_text(event.type) == "message");
    CHECK(as_text(event.data) == "b");
    CHECK(as_text(event.id) == "1");
    CHECK_FALSE(event.has_retry);
    CHECK(gw_sse_decoder_next(decoder, &event) == GW_DONE);
    CHECK(as_text(gw_sse_decoder_rest(decoder)) == ": rest");
    gw_sse_decoder_free(decoder);
}

TEST_CASE("sse api: a limit, and the caller's mistakes") {
    gw_sse_decoder* decoder = nullptr;
    CHECK(gw_sse_decoder_new(nullptr, 0, nullptr) == GW_ERR_ARGUMENT);
    REQUIRE(gw_sse_decoder_new(nullptr, 8, &decoder) == GW_OK);
    CHECK(gw_sse_decoder_feed(nullptr, "", 0) == GW_ERR_ARGUMENT);
    CHECK(gw_sse_decoder_feed(decoder, nullptr, 1) == GW_ERR_ARGUMENT);
    gw_sse_event event{};
    CHECK(gw_sse_decoder_next(decoder, &event) == GW_ERR_ARGUMENT);
    CHECK(gw_sse_decoder_next(decoder, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_sse_decoder_feed(decoder, "data: too long", 14) == GW_ERR_LIMIT);
    gw_sse_decoder_free(decoder);
    gw_sse_decoder_free(nullptr);
    CHECK(gw_sse_decoder_rest(nullptr).len == 0);
}

TEST_CASE("sse api: writing events") {
    gw::test::TestHost host;
    gw_sse_event event{};
    event.size = sizeof event;
    event.type = as_str("x");
    event.data = as_str("a\nb");
    event.id = as_str("7");
    event.retry_ms = 9;
    event.has_retry = true;
    const std::string_view want = "event: x\nid: 7\nretry: 9\ndata: a\ndata: b\n\n";
    gw_buf buf{};
    REQUIRE(gw_sse_encode(host.host(), &event, &buf) == GW_OK);
    CHECK(take(&buf) == want);

    char room[64];
    std::size_t len = 0;
    CHECK(gw_sse_encode_into(&event, nullptr, 0, &len) == GW_ERR_LIMIT);
    CHECK(len == want.size());
    REQUIRE(gw_sse_encode_into(&event, room, len, &len) == GW_OK);
    CHECK(std::string_view(room, len) == want);
    CHECK(gw_sse_encode_into(&event, room, len - 1, &len) == GW_ERR_LIMIT);

    event.type = as_str("x\ny");
    CHECK(gw_sse_encode(host.host(), &event, &buf) == GW_ERR_ARGUMENT);
    CHECK(gw_sse_encode_into(&event, room, sizeof room, &len) == GW_ERR_ARGUMENT);
    event.size = 0;
    CHECK(gw_sse_encode(host.host(), &event, &buf) == GW_ERR_ARGUMENT);
    CHECK(gw_sse_encode(host.host(), nullptr, &buf) == GW_ERR_ARGUMENT);

    REQUIRE(gw_sse_encode_comment(host.host(), as_str("ping"), &buf) == GW_OK);
    CHECK(take(&buf) == ": ping\n\n");
}

TEST_CASE("sse api: a shorter struct of an older caller is enough") {
    gw_sse_event event;
    std::memset(&event, 0x55, sizeof event);
    event.size = offsetof(gw_sse_event, raw);
    gw_sse_decoder* decoder = nullptr;
    REQUIRE(gw_sse_decoder_new(nullptr, 0, &decoder) == GW_OK);
    REQUIRE(gw_sse_decoder_feed(decoder, "data: a\n\n", 9) == GW_OK);
    REQUIRE(gw_sse_decoder_next(decoder, &event) == GW_OK);
    CHECK(as_text(event.data) == "a");
    CHECK(event.raw.len == static_cast<std::size_t>(0x5555555555555555));
    gw_sse_decoder_free(decoder);
}

TEST_CASE("sse api: an allocator that refuses") {
    const std::string wire = "id: " + std::string(50, '7') + "\ndata: a\ndata: b\n\ndata: " + std::string(2000, 'c');
    for (std::size_t n = 0;; ++n) {
        gw::test::TestHost host;
        host.fail_at(n);
        gw_sse_decoder* decoder = nullptr;
        gw_sse_event event{};
        event.size = sizeof event;
        gw_status status = gw_sse_decoder_new(host.host(), 0, &decoder);
        if (status == GW_OK) status = gw_sse_decoder_feed(decoder, wire.data(), wire.size());
        while (status == GW_OK) status = gw_sse_decoder_next(decoder, &event);
        gw_sse_decoder_free(decoder);
        gw_buf buf{};
        if (status == GW_DONE) {
            event = {};
            event.size = sizeof event;
            status = gw_sse_encode(host.host(), &event, &buf);
            if (status == GW_OK) gw_buf_free(&buf);
        }
        if (status == GW_OK) break;
        CHECK(status == GW_ERR_NO_MEMORY);
        REQUIRE(n < 100);
    }
}

}  // namespace gw::sse::test
