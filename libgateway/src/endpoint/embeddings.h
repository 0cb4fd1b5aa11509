// POST /v1/embeddings: checking the request, and the answer of the built-in agent.
//
//     body ── read_embeddings_request() ──► EmbeddingsRequest ── write_builtin_embeddings() ──► answer
//
// An answer of a provider passes as it came.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "endpoint/openai_error.h"
#include "json/json.h"

namespace gw::endpoint {

inline constexpr std::uint64_t embeddings_body_bytes_max = std::uint64_t{5} << 20U;
inline constexpr std::size_t embedding_inputs_max = 128;
inline constexpr std::size_t embedding_characters_max = 8192;         // of one text; of tokens as many
inline constexpr std::size_t embedding_total_characters_max = 65536;  // of all together
inline constexpr std::uint32_t embedding_dimensions_max = 4096;
inline constexpr std::uint32_t builtin_dimensions = 256;

// Views into the document.
struct EmbeddingsRequest {
    explicit EmbeddingsRequest(std::pmr::memory_resource* memory) : texts(memory) {}
    std::string_view model;
    std::pmr::vector<std::string_view> texts;
    bool tokens = false;  // `input` is tokens of some model; there are no texts
    bool base64 = false;
    std::uint32_t dimensions = 0;  // 0: not given
};
[[nodiscard]] std::optional<ApiError> read_embeddings_request(const json::Value& root, EmbeddingsRequest& out);

// Of a request with texts.
void write_builtin_embeddings(Buffer& out, const EmbeddingsRequest& request);

}  // namespace gw::endpoint
