#include <cmath>
#include <limits>

#include "json/escape.h"
#include "json/tree.h"
#include "support/test.h"

using namespace std::string_view_literals;

namespace gw {

namespace {

template <typename Body>
std::string written(Body&& body) {
    test::PooledBuffer out;
    json::Writer writer(out.buffer);
    body(writer);
    return std::string(out.buffer.text());
}

}  // namespace

TEST_CASE("json: the writer sets commas and colons") {
    CHECK(written([](json::Writer& w) { w.begin_object().end_object(); }) == "{}");
    CHECK(written([](json::Writer& w) { w.begin_array().end_array(); }) == "[]");
    CHECK(written([](json::Writer& w) { w.null(); }) == "null");
    CHECK(written([](json::Writer& w) {
              w.begin_object()
                  .member("text", "a")
                  .member("view", "b"sv)
                  .member("int", -1)
                  .member("big", std::uint64_t{18446744073709551615U})
                  .member("small", std::int64_t{INT64_MIN})
                  .member("yes", true)
                  .key("list")
                  .begin_array()
                  .boolean(false)
                  .begin_array()
                  .end_array()
                  .begin_object()
                  .end_object()
                  .null()
                  .raw("[1, 2]")
                  .end_array()
                  .key("nested")
                  .begin_object()
                  .key("x")
                  .begin_array()
                  .end_array()
                  .end_object()
                  .key("last")
                  .number(1.5)
                  .end_object();
          }) == R"({"text":"a","view":"b","int":-1,"big":18446744073709551615,"small":-9223372036854775808,"yes":true,)"
                R"("list":[false,[],{},null,[1, 2]],"nested":{"x":[]},"last":1.5})");
    // Deeper than the assertions keep count.
    CHECK(written([](json::Writer& w) {
              for (int i = 0; i < 100; ++i) w.begin_array().begin_object().key("a");
              w.number(1.0);
              for (int i = 0; i < 100; ++i) w.end_object().end_array();
          }).size() == 100 * std::string_view(R"([{"a":}])").size() + 1);
}

TEST_CASE("json: doubles are written in their shortest form") {
    struct Case {
        double value;
        std::string_view want;
    };
    const Case cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {3, "3"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {1.0 / 3, "0.3333333333333333"},
        {1e21, "1e+21"},
        {1e-7, "1e-07"},
        {5e-324, "5e-324"},
        {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
        {std::numeric_limits<double>::infinity(), "null"},
        {-std::numeric_limits<double>::infinity(), "null"},
        {std::numeric_limits<double>::quiet_NaN(), "null"},
    };
    json::Document document(std::pmr::get_default_resource());
    for (const Case& c : cases) {
        const std::string text = written([&](json::Writer& w) { w.number(c.value); });
        CHECK(text == c.want);
        REQUIRE(document.parse(text));
        if (std::isfinite(c.value)) {
            CHECK(std::signbit(*document.root().as_double()) == std::signbit(c.value));
            CHECK(*document.root().as_double() == c.value);
        }
    }
}

TEST_CASE("json: strings are escaped where JSON asks for it, and become valid UTF-8") {
    struct Case {
        std::string_view name, text, want;
    };
    const Case cases[] = {
        {"nothing", "", ""},
        {"plain", "plain text of some length, without escapes", "plain text of some length, without escapes"},
        {"short escapes", "\"\\\b\f\n\r\t", R"(\"\\\b\f\n\r\t)"},
        {"a slash stays", "a/b", "a/b"},
        {"control characters", "\0\x01\x1f\x7f"sv, "\\u0000\\u0001\\u001f\x7f"},
        {"characters above ASCII", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"U+2028 stays", "\xE2\x80\xA8", "\xE2\x80\xA8"},
        {"an escape behind eight plain bytes", "12345678\"12345678", "12345678\\\"12345678"},
        {"a stray byte", "a\xFFz", "a\xEF\xBF\xBDz"},
        {"a sequence cut off", "a\xE2\x82", "a\xEF\xBF\xBD"},
        {"one replacement for what belongs together", "\xF0\x9F\x98z", "\xEF\xBF\xBDz"},
        {"overlong: every byte alone", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"a surrogate: every byte alone", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"above U+10FFFF", "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(written([&](json::Writer& w) { w.string(c.text); }) == std::string("\"").append(c.want) + "\"");
        CHECK(written([&](json::Writer& w) { w.begin_object().key(c.text).null().end_object(); }) ==
              std::string("{\"").append(c.want) + "\":null}");
        test::PooledBuffer out;
        json::append_escaped(out.buffer, c.text);
        CHECK(out.buffer.text() == c.want);
    }
}

TEST_CASE("json: every byte at every place of texts of every length around a word's is seen") {
    for (int byte = 0; byte < 0x80; ++byte) {
        const bool plain = byte >= 0x20 && byte != '"' && byte != '\\';
        for (std::size_t size = 1; size < 18; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, 'x');
                text[at] = static_cast<char>(byte);
                REQUIRE(json::is_plain(text) == plain);
                if (size >= 8 && at < 8) REQUIRE(json::eight_are_plain(text.data()) == plain);
                const std::string out = written([&](json::Writer& w) { w.string(text); });
                REQUIRE((out == "\"" + text + "\"") == plain);
                const std::string member = written(
                    [&](json::Writer& w) { w.begin_object().member("a", true).member(text, false).end_object(); });
                REQUIRE(member == "{\"a\":true," + out + ":false}");
                json::Document document(std::pmr::get_default_resource());
                REQUIRE(document.parse(out));
                REQUIRE(document.root().as_string() == text);
            }
        }
    }
}

namespace {

std::string random_text(test::Random& random) {
    static constexpr std::string_view parts[] = {"a",     "word ", "\"",       "\\",           "\n",
                                                 "\x01",  "/",     "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                                 "u0041", "{",     ",",        "\0"sv};
    std::string text;
    for (std::size_t n = random.below(6); n > 0; --n) text += parts[random.below(std::size(parts))];
    return text;
}

void random_tree(json::Writer& out, test::Random& random, int depth) {
    switch (random.below(depth == 0 ? 6 : 8)) {
    case 0: out.null(); break;
    case 1: out.boolean(random.below(2) == 0); break;
    case 2: out.number(static_cast<std::int64_t>(random.next())); break;
    case 3: {
        const double value = std::bit_cast<double>(random.next());
        out.number(std::isfinite(value) ? value : 0.5);
        break;
    }
    case 4: out.number(static_cast<double>(random.below(100000)) / 100); break;
    case 5: out.string(random_text(random)); break;
    case 6:
        out.begin_array();
        for (std::size_t n = random.below(5); n > 0; --n) random_tree(out, random, depth - 1);
        out.end_array();
        break;
    default:
        out.begin_object();
        for (std::size_t n = random.below(25); n > 0; --n) {
            out.key(random_text(random) + std::to_string(n));
            random_tree(out, random, depth - 1);
        }
        out.end_object();
    }
}

}  // namespace

TEST_CASE("json: what is written reads back the same") {
    json::Document document(std::pmr::get_default_resource());
    json::Document again(std::pmr::get_default_resource());
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        INFO("seed " << seed);
        test::Random random(seed);
        test::PooledBuffer out;
        json::Writer writer(out.buffer);
        random_tree(writer, random, 4);
        const std::string text(out.buffer.text());
        REQUIRE(document.parse(text));
        CHECK(document.root().raw() == text);

        test::PooledBuffer second;
        json::Writer copy(second.buffer);
        test::rewrite(copy, document.root());
        CHECK(second.buffer.text() == text);
        REQUIRE(again.parse(second.buffer.text()));
        CHECK(test::same(document.root(), again.root()));
    }
}

TEST_CASE("json: a refused allocation while writing leaks nothing") {
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < 100);
        test::TestHost host;
        BlockPoolOwner pool(host.allocator());
        Buffer out(pool.get());
        host.fail_at(n);
        try {
            json::Writer writer(out);
            writer.begin_array();
            for (int i = 0; i < 200; ++i) writer.string("some text \n").number(1.5);
            writer.end_array();
            break;
        } catch (const std::bad_alloc&) {
            host.fail_never();
        }
    }
}

}  // namespace gw
