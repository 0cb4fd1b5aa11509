// Text that has passed, from some offset on, as far back as somebody may still look.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

namespace gw::guardrail {

class History {
public:
    explicit History(std::pmr::memory_resource* memory) : text_(memory) {}
    [[nodiscard]] std::string_view text() const noexcept { return std::string_view(text_).substr(dropped_); }
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::uint64_t end() const noexcept { return begin_ + (text_.size() - dropped_); }
    [[nodiscard]] std::size_t size() const noexcept { return text_.capacity(); }  // bytes of memory

    // Takes `piece`, which follows; what lies before `keep_from` may be forgotten.
    void append(std::string_view piece, std::uint64_t keep_from) {
        const std::uint64_t after = end() + piece.size();
        if (keep_from >= end()) {  // nothing old is needed: of a large piece only the end is copied
            piece.remove_prefix(static_cast<std::size_t>(keep_from < after ? keep_from - end() : piece.size()));
            text_.assign(piece);
            dropped_ = 0;
            begin_ = after - piece.size();
            return;
        }
        text_.append(piece);
        if (keep_from > begin_) {
            dropped_ += static_cast<std::size_t>(keep_from - begin_);
            begin_ = keep_from;
        }
        // Moved together only now and then, so that a small piece costs its own bytes.
        if (dropped_ > 512 && dropped_ > text_.size() / 2) {
            text_.erase(0, dropped_);
            dropped_ = 0;
        }
    }
    // Begins anew: `text` ends right before the offset `end`.
    void assign(std::string_view text, std::uint64_t end) {
        text_.assign(text);
        dropped_ = 0;
        begin_ = end - text.size();
    }

    // The text [from, to) of what lies here and in the `piece` behind it; joined in `scratch` when both have a part.
    // What is not known any more is left out.
    [[nodiscard]] std::string_view slice(std::string_view piece, std::uint64_t from, std::uint64_t to,
                                         std::pmr::string& scratch) const {
        const std::uint64_t middle = end();
        from = from < begin_ ? begin_ : from;
        if (to > middle + piece.size()) to = middle + piece.size();
        if (from >= to) return {};
        if (from >= middle) return piece.substr(from - middle, to - from);
        const std::string_view old = text().substr(from - begin_, to - from);
        if (to <= middle) return old;
        scratch.assign(old);
        scratch.append(piece.substr(0, to - middle));
        return scratch;
    }

private:
    std::pmr::string text_;
    std::size_t dropped_ = 0;  // bytes of text_ that are forgotten but not yet moved away
    std::uint64_t begin_ = 0;
};

}  // namespace gw::guardrail
