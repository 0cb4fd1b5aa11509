#include "endpoint/embeddings.h"

#include <cmath>
#include <cstring>

#include "crypto/base64.h"
#include "provider/builtin_embedding.h"
#include "support/test.h"

namespace gw::endpoint {

namespace {

std::pmr::memory_resource* memory() { return std::pmr::new_delete_resource(); }

std::string problem_of(const std::string& body) {
    INFO(body);
    json::Document document(memory());
    REQUIRE(document.parse(body));
    EmbeddingsRequest request(memory());
    const auto error = read_embeddings_request(document.root(), request);
    return error ? std::string(error->message) : "";
}

std::string list(std::size_t count, std::string_view element) {
    std::string out = "[";
    for (std::size_t i = 0; i < count; ++i) (out += i == 0 ? "" : ",") += element;
    return out + "]";
}

std::vector<float> embed(std::string_view text, std::size_t dimensions = 256) {
    std::vector<float> out(dimensions);
    provider::embed_builtin(text, out, memory());
    return out;
}
double dot(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
    return sum;
}

}  // namespace

TEST_CASE("embeddings: requests and their limits") {
    struct Case {
        std::string members, message;
    };
    const std::string no_text = "`input` must contain at least one non-empty string.";
    const std::string long_text = "\"" + std::string(8193, 'x') + "\"";
    const std::string wide_text = [] {
        std::string text = "\"";
        for (int i = 0; i < 8192; ++i) text += "\xC3\xA4";
        return text + "\"";
    }();
    const std::string full_text = "\"" + std::string(8192, 'x') + "\"";
    const Case cases[] = {
        {R"("input":"x")", ""},
        {R"("input":["x",""])", ""},
        {R"("input":"x","encoding_format":"base64","dimensions":4096,"user":"u")", ""},
        {R"("input":"x","encoding_format":null,"dimensions":null)", ""},
        {R"("input":[1,2,3])", ""},
        {R"("input":[[1,2],[3]])", ""},
        {R"("input":)" + list(128, "\"x\""), ""},
        {R"("input":)" + wide_text, ""},
        {R"("input":)" + list(8, full_text), ""},
        {R"("user":"u")", no_text},
        {R"("input":7)", no_text},
        {R"("input":"")", no_text},
        {R"("input":[])", no_text},
        {R"("input":["",""])", no_text},
        {R"("input":["x",7])", no_text},
        {R"("input":[1,"x"])", no_text},
        {R"("input":[[1],"x"])", no_text},
        {R"("input":)" + list(129, "\"x\""), "`input` must not have more than 128 texts."},
        {R"("input":)" + long_text, "A text in `input` must not have more than 8192 characters."},
        {R"("input":)" + list(8193, "1"), "A text in `input` must not have more than 8192 characters."},
        {R"("input":)" + list(9, full_text), "The texts in `input` must not have more than 65536 characters together."},
        {R"("input":"x","encoding_format":"int8")", "`encoding_format` must be float or base64."},
        {R"("input":"x","dimensions":0)", "`dimensions` must be a whole number from 1 to 4096."},
        {R"("input":"x","dimensions":4097)", "`dimensions` must be a whole number from 1 to 4096."},
        {R"("input":"x","dimensions":"8")", "`dimensions` must be a whole number from 1 to 4096."},
    };
    for (const Case& c : cases) {
        INFO(c.members.substr(0, 100));
        CHECK(problem_of(R"({"model":"openclaw",)" + c.members + "}") == c.message);
    }
    CHECK(problem_of(R"({"input":"x"})") == "Missing `model`.");
    CHECK(problem_of("[]") == "The body must be a JSON object.");
}

TEST_CASE("embeddings: the built-in ones are of length 1, the same everywhere, and near what is alike") {
    const auto cat = embed("The cat sat on the mat.");
    CHECK(std::abs(dot(cat, cat) - 1) < 1e-6);
    CHECK(cat == embed("the CAT, sat on... the mat"));
    CHECK(dot(cat, embed("A cat sits on a mat")) > 0.4);
    CHECK(dot(cat, embed("Quarterly revenue grew strongly")) < 0.2);
    CHECK(dot(embed("kittens"), embed("kitten")) > 0.3);  // they share pieces
    CHECK(dot(embed("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"), embed("\xE6\x97\xA5\xE6\x9C\xAC")) > 0.1);
    for (const std::string_view text : {"", "...", "x", "\xFF\xFE"}) {
        for (const std::size_t dimensions : {1U, 2U, 4096U}) {
            const auto vector = embed(text, dimensions);
            CHECK(std::abs(dot(vector, vector) - 1) < 1e-6);
        }
    }
    // Numbers that somebody may have stored.
    const auto known = embed("hi there", 8);
    CHECK(known[0] == 0.45883146F);
    CHECK(known[6] == 0.6882472F);
}

TEST_CASE("embeddings: numbers as text and as base64 are the same") {
    const auto answer = [](std::string_view format) {
        const std::string body =
            R"({"model":"openclaw","input":["one","two words"],"dimensions":16,"encoding_format":")" +
            std::string(format) + "\"}";
        json::Document document(memory());
        REQUIRE(document.parse(body));
        EmbeddingsRequest request(memory());
        REQUIRE_FALSE(read_embeddings_request(document.root(), request));
        test::PooledBuffer out;
        write_builtin_embeddings(out.buffer, request);
        return std::string(out.buffer.text());
    };
    const std::string floats = answer("float");
    const std::string base64 = answer("base64");
    json::Document first(memory());
    json::Document second(memory());
    REQUIRE(first.parse(floats));
    REQUIRE(second.parse(base64));
    CHECK(first.root()["model"].as_string() == "gateway-hash-16");
    CHECK(first.root()["usage"].raw() == R"({"prompt_tokens":3,"total_tokens":3})");
    for (std::size_t i = 0; i < 2; ++i) {
        const json::Value numbers = first.root()["data"][i]["embedding"];
        CHECK(first.root()["data"][i]["index"].as_int() == static_cast<std::int64_t>(i));
        REQUIRE(numbers.size() == 16);
        std::array<std::byte, 68> bytes{};
        const auto size = crypto::base64_decode(bytes, second.root()["data"][i]["embedding"].as_string().value());
        REQUIRE(size == 64);
        for (std::size_t k = 0; k < 16; ++k) {
            std::uint32_t bits = 0;
            for (std::size_t b = 0; b < 4; ++b) bits |= std::to_integer<std::uint32_t>(bytes[k * 4 + b]) << (8 * b);
            float number = 0;
            std::memcpy(&number, &bits, sizeof number);
            CHECK(static_cast<float>(numbers[k].as_double().value()) == number);
        }
    }
}

}  // namespace gw::endpoint
