#include "provider/builtin_embedding.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/text.h"

namespace gw::provider {

namespace builtin_embedding {
namespace {

constexpr double piece_weight = 0.5;  // of three letters, beside 1 for the word

bool in_word(char c) noexcept { return is_digit(c) || is_alpha(c) || static_cast<unsigned char>(c) >= 0x80; }
bool begins_letter(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }

// FNV-1a, and the last step of MurmurHash3, which spreads short texts over all bits.
std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t value = 0xCBF29CE484222325U;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    value = (value ^ value >> 33U) * 0xFF51AFD7ED558CCDU;
    value = (value ^ value >> 33U) * 0xC4CEB9FE1A85EC53U;
    return value ^ value >> 33U;
}

void add(std::string_view feature, double weight, std::span<double> sums) noexcept {
    const std::uint64_t value = hash(feature);
    sums[(value >> 1U) % sums.size()] += (value & 1U) != 0 ? weight : -weight;
}

// `word` is in spaces, so that the beginning and the end of a word are features, too.
void add_word(std::string_view word, std::span<double> sums) noexcept {
    add(word, 1, sums);
    std::array<std::size_t, 3> starts{};  // of the last letters
    std::size_t letters = 0;
    for (std::size_t i = 0; i <= word.size(); ++i) {
        if (i < word.size() && !begins_letter(word[i])) continue;
        if (letters >= 3) add(word.substr(starts[letters % 3], i - starts[letters % 3]), piece_weight, sums);
        starts[letters++ % 3] = i;
    }
}

template <typename Use>
void each_word(std::string_view text, Use use) {
    for (std::size_t i = 0; i < text.size();) {
        if (!in_word(text[i])) {
            ++i;
            continue;
        }
        const std::size_t begin = i;
        while (i < text.size() && in_word(text[i])) ++i;
        use(text.substr(begin, i - begin));
    }
}

}  // namespace
}  // namespace builtin_embedding

void embed_builtin(std::string_view text, std::span<float> out, std::pmr::memory_resource* memory) {
    std::pmr::vector<double> sums(out.size(), 0.0, memory);
    std::pmr::string word(memory);
    builtin_embedding::each_word(text, [&](std::string_view found) {
        word = " ";
        for (const char c : found) word += ascii_lower(c);
        word += ' ';
        builtin_embedding::add_word(word, sums);
    });
    double squares = 0;
    for (const double sum : sums) squares += sum * sum;
    if (squares == 0) squares = sums[0] = 1;
    const double length = std::sqrt(squares);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(sums[i] / length);
}

std::uint64_t count_embedded_words(std::string_view text) noexcept {
    std::uint64_t count = 0;
    builtin_embedding::each_word(text, [&](std::string_view) { ++count; });
    return count;
}

}  // namespace gw::provider
