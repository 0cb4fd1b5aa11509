// Text that remembers where it came from.
//
//     sh -c 'cu'"rl h"      the argument is  curl h , made of two pieces of the original text:
//            ~~  ~~~~       bytes 0-1 are offsets 7-8, bytes 2-5 are offsets 11-14
//
// A shell reads some texts twice: the argument of `sh -c` is code again, after its quotes are gone. Every such text
// keeps the way back, so that whatever is found in it has a place in what the caller gave us. Bytes that were computed
// (an escape, decoded base64) lead back to the whole of what they were computed from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gw::guardrail::shell {

// Bytes [begin, end) of the original text.
struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    friend bool operator==(const Span&, const Span&) = default;
};

// The smallest span that holds both.
[[nodiscard]] constexpr Span hull(Span a, Span b) noexcept {
    return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

struct Piece {
    std::uint32_t at = 0;  // where it begins in the text; pieces are sorted by it
    Span source;
    bool exact = true;  // byte i of the piece is byte i of the source; else each byte stands for all of the source
};

struct Text {
    std::string_view bytes;
    std::span<const Piece> pieces;

    // Where bytes [begin, end) came from: the hull of the sources of its first and its last byte.
    [[nodiscard]] Span source(std::size_t begin, std::size_t end) const noexcept;
    [[nodiscard]] Span source() const noexcept { return source(0, bytes.size()); }
    // The piece that byte `at` belongs to, as an index.
    [[nodiscard]] std::size_t piece_at(std::size_t at) const noexcept;
    // Where piece `index` ends in the text.
    [[nodiscard]] std::size_t piece_end(std::size_t index) const noexcept {
        return index + 1 < pieces.size() ? pieces[index + 1].at : bytes.size();
    }
};

// A copy that lives as long as the arena.
[[nodiscard]] std::string_view keep(std::pmr::memory_resource* arena, std::string_view text);

template <typename T>
[[nodiscard]] std::span<const std::remove_const_t<T>> keep(std::pmr::memory_resource* arena, std::span<T> values) {
    using Value = std::remove_const_t<T>;
    static_assert(std::is_trivially_copyable_v<Value> && std::is_trivially_destructible_v<Value>);
    if (values.empty()) return {};
    auto* copy = static_cast<Value*>(arena->allocate(values.size_bytes(), alignof(Value)));
    std::uninitialized_copy(values.begin(), values.end(), copy);
    return {copy, values.size()};
}

template <typename T>
[[nodiscard]] std::span<const T> keep(std::pmr::memory_resource* arena, const std::pmr::vector<T>& values) {
    return keep(arena, std::span<const T>(values));
}

// Puts a text together from pieces.
class TextBuilder {
public:
    explicit TextBuilder(std::pmr::memory_resource* memory) : bytes_(memory), pieces_(memory) {}

    void append(std::string_view bytes, Span source, bool exact);
    void append(const Text& text) { append(text, 0, text.bytes.size()); }
    void append(const Text& text, std::size_t begin, std::size_t end);

    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] Text view() const noexcept { return {bytes_, pieces_}; }  // until the next append
    [[nodiscard]] Text store(std::pmr::memory_resource* arena) const {
        return {keep(arena, bytes_), keep(arena, pieces_)};
    }
    void clear() noexcept {
        bytes_.clear();
        pieces_.clear();
    }

private:
    std::pmr::string bytes_;
    std::pmr::vector<Piece> pieces_;
};

}  // namespace gw::guardrail::shell
