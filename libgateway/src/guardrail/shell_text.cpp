#include "guardrail/shell_text.h"

namespace gw::guardrail::shell {

namespace {

// The source of one byte; at the end of the text, of nothing.
Span locate(const Text& text, std::size_t at) noexcept {
    const Piece& piece = text.pieces[text.piece_at(at)];
    if (!piece.exact) return piece.source;
    const auto offset = static_cast<std::uint32_t>(at - piece.at);
    const std::uint32_t begin = std::min(piece.source.begin + offset, piece.source.end);
    return {begin, std::min(begin + 1, piece.source.end)};
}

}  // namespace

std::size_t Text::piece_at(std::size_t at) const noexcept {
    const auto after = std::upper_bound(pieces.begin(), pieces.end(), at,
                                        [](std::size_t value, const Piece& piece) { return value < piece.at; });
    return after == pieces.begin() ? 0 : static_cast<std::size_t>(after - pieces.begin()) - 1;
}

Span Text::source(std::size_t begin, std::size_t end) const noexcept {
    if (pieces.empty()) return {};
    const Span first = locate(*this, begin);
    if (end <= begin) return {first.begin, first.begin};
    return hull(first, locate(*this, end - 1));
}

std::string_view keep(std::pmr::memory_resource* arena, std::string_view text) {
    if (text.empty()) return {};
    auto* copy = static_cast<char*>(arena->allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
}

void TextBuilder::append(std::string_view bytes, Span source, bool exact) {
    if (bytes.empty()) return;
    if (!pieces_.empty()) {
        Piece& last = pieces_.back();
        // Neighbours that are neighbours in the source too are one piece, and so are bytes of one computed value.
        if (exact && last.exact && last.source.end == source.begin) {
            last.source.end = source.end;
            bytes_.append(bytes);
            return;
        }
        if (!exact && !last.exact && last.source == source) {
            bytes_.append(bytes);
            return;
        }
    }
    pieces_.push_back({static_cast<std::uint32_t>(bytes_.size()), source, exact});
    bytes_.append(bytes);
}

void TextBuilder::append(const Text& text, std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    for (std::size_t i = text.piece_at(begin); i < text.pieces.size() && text.pieces[i].at < end; ++i) {
        const Piece& piece = text.pieces[i];
        const std::size_t from = std::max<std::size_t>(begin, piece.at);
        const std::size_t to = std::min(end, text.piece_end(i));
        append(text.bytes.substr(from, to - from), piece.exact ? text.source(from, to) : piece.source, piece.exact);
    }
}

}  // namespace gw::guardrail::shell
