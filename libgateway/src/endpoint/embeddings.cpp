#include "endpoint/embeddings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <string>

#include "crypto/base64.h"
#include "provider/builtin_embedding.h"

namespace gw::endpoint {

namespace embeddings {
namespace {

using json::Kind;
using json::Value;

ApiError wrong(std::string_view message, std::string_view param) {
    return {400, "invalid_request_error", message, {}, param};
}

ApiError no_text() { return wrong("`input` must contain at least one non-empty string.", "input"); }

// Code points of valid UTF-8, as JSON has it.
std::size_t characters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1U : 0U;
    return count;
}

// The inputs: texts, or lists of tokens. One that is not in a list is a list of one.
std::optional<ApiError> read_input(const Value& input, EmbeddingsRequest& out) {
    std::size_t total = 0;
    std::size_t longest = 0;
    std::size_t count = 0;
    const auto measure = [&](std::size_t size) {
        total += size;
        longest = std::max(longest, size);
        ++count;
    };
    if (const auto text = input.as_string()) {
        out.texts.push_back(*text);
        measure(characters(*text));
    } else if (input[0].is(Kind::number)) {
        out.tokens = true;
        for (Value token = input.first(); token.exists(); token = token.next()) {
            if (!token.as_int()) return no_text();
        }
        measure(input.size());
    } else if (input.is(Kind::array)) {
        out.tokens = input[0].is(Kind::array);
        for (Value it = input.first(); it.exists() && count <= embedding_inputs_max; it = it.next()) {
            if (!it.is(out.tokens ? Kind::array : Kind::string)) return no_text();
            if (!out.tokens) out.texts.push_back(*it.as_string());
            measure(out.tokens ? it.size() : characters(out.texts.back()));
        }
    }
    if (total == 0) return no_text();
    if (count > embedding_inputs_max) return wrong("`input` must not have more than 128 texts.", "input");
    if (longest > embedding_characters_max)
        return wrong("A text in `input` must not have more than 8192 characters.", "input");
    if (total > embedding_total_characters_max)
        return wrong("The texts in `input` must not have more than 65536 characters together.", "input");
    return std::nullopt;
}

void write_floats(json::Writer& w, std::span<const float> numbers) {
    w.begin_array();
    for (const float number : numbers) {
        // As a float: the shortest text that reads back the same is half as long as that of the double.
        std::array<char, 32> text{};
        const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
        w.raw({text.data(), static_cast<std::size_t>(end - text.data())});
    }
    w.end_array();
}

// Four bytes for each number, the lowest first, as OpenAI has it.
void write_base64(json::Writer& w, std::span<const float> numbers, std::pmr::memory_resource* memory) {
    std::pmr::vector<std::byte> bytes(memory);
    bytes.reserve(numbers.size() * 4);
    for (const float number : numbers) {
        const auto bits = std::bit_cast<std::uint32_t>(number);
        for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(bits >> shift & 0xFFU));
    }
    w.string(crypto::base64_encode(bytes, memory));
}

}  // namespace
}  // namespace embeddings

std::optional<ApiError> read_embeddings_request(const json::Value& root, EmbeddingsRequest& out) {
    using embeddings::wrong;
    if (!root.is(json::Kind::object)) return wrong("The body must be a JSON object.", {});
    out.model = root["model"].as_string().value_or("");
    if (out.model.empty()) return wrong("Missing `model`.", "model");
    if (const auto error = embeddings::read_input(root["input"], out)) return error;
    const json::Value format = root["encoding_format"];
    if (format.kind() != json::Kind::null) {
        const std::string_view word = format.as_string().value_or("");
        if (word != "float" && word != "base64")
            return wrong("`encoding_format` must be float or base64.", "encoding_format");
        out.base64 = word == "base64";
    }
    const json::Value dimensions = root["dimensions"];
    if (dimensions.kind() != json::Kind::null) {
        const std::int64_t count = dimensions.as_int().value_or(0);
        if (count < 1 || count > std::int64_t{embedding_dimensions_max})
            return wrong("`dimensions` must be a whole number from 1 to 4096.", "dimensions");
        out.dimensions = static_cast<std::uint32_t>(count);
    }
    return std::nullopt;
}

void write_builtin_embeddings(Buffer& out, const EmbeddingsRequest& request) {
    std::pmr::memory_resource* const memory = request.texts.get_allocator().resource();
    const std::uint32_t dimensions = request.dimensions == 0 ? builtin_dimensions : request.dimensions;
    std::pmr::vector<float> numbers(dimensions, memory);
    std::array<char, 10> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), dimensions).ptr;
    std::pmr::string model("gateway-hash-", memory);
    model.append(digits.data(), static_cast<std::size_t>(end - digits.data()));

    json::Writer w(out);
    w.begin_object().member("object", "list").key("data").begin_array();
    std::uint64_t words = 0;
    std::uint64_t index = 0;
    for (const std::string_view text : request.texts) {
        words += provider::count_embedded_words(text);
        provider::embed_builtin(text, numbers, memory);
        w.begin_object().member("object", "embedding").member("index", index++).key("embedding");
        if (request.base64) {
            embeddings::write_base64(w, numbers, memory);
        } else {
            embeddings::write_floats(w, numbers);
        }
        w.end_object();
    }
    w.end_array().member("model", std::string_view(model)).key("usage").begin_object();
    w.member("prompt_tokens", words).member("total_tokens", words).end_object().end_object();
}

}  // namespace gw::endpoint
