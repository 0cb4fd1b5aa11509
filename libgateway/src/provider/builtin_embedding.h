// Embeddings without a model: feature hashing, so that search over texts can be tried without a key. Texts that share
// words, or pieces of words, lie close to each other; of meaning it knows nothing.
//
//     words, and three letters of a word at a time ─► hash ─► one of the dimensions, plus or minus ─► length 1
//
// The same text gives the same numbers on every machine.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

namespace gw::provider {

// Fills `out`, at least one number. A text without words is a vector of length 1 like any other.
void embed_builtin(std::string_view text, std::span<float> out, std::pmr::memory_resource* memory);

// Words of a text, as they are counted where there are no tokens.
[[nodiscard]] std::uint64_t count_embedded_words(std::string_view text) noexcept;

}  // namespace gw::provider
