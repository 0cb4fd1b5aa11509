// How a word becomes fields: pieces are put together until something ends the field.
#pragma once

#include "guardrail/shell_reader.h"

namespace gw::guardrail::shell {

[[nodiscard]] inline bool has_glob(std::string_view text) noexcept {
    return text.find_first_of("*?[") != std::string_view::npos;
}

// A part, or a stretch of an unquoted literal.
struct Reader::Atom {
    const Part* part = nullptr;
    std::string_view literal;  // of an unquoted literal
};

// Collects what becomes one field, or several when unquoted values hold blanks.
class Reader::FieldBuilder {
public:
    FieldBuilder(Reader& reader, Span span, Fields& out, bool split)
        : reader_(reader),
          span_(span),
          out_(out),
          split_(split),
          text_(reader.scratch_),
          holes_(reader.scratch_),
          channels_(reader.scratch_) {}

    void literal(std::string_view bytes, Span source, bool exact) {
        started_ = true;
        text_.append(bytes, source, exact);
    }
    void glob() noexcept { field_.glob = true; }
    void start() noexcept { started_ = true; }
    // Something that is not known, under a name that stands for it.
    void hole(std::string_view name, Span source) {
        const std::size_t begin = text_.size();
        literal(name, source, false);
        holes_.push_back({begin, text_.size()});
        field_.unresolved = true;
    }
    void flows_from(std::uint32_t channel) { channels_.push_back(channel); }
    void flows_from(std::span<const std::uint32_t> channels) {
        channels_.insert(channels_.end(), channels.begin(), channels.end());
    }
    void process(std::uint32_t receiver) noexcept {
        field_.process = true;
        field_.receiver = receiver;
    }
    // A value that may be split at its blanks.
    void value(const Text& text, bool quoted, bool known, Span source) {
        if (!reader_.state_.afford(text.bytes.size())) return hole("$()", source);
        if (!known && text.bytes.starts_with('$')) return hole(text.bytes, source);
        if (!known) field_.unresolved = true;
        if (quoted || !split_) {
            started_ = true;
            text_.append(text);
            return;
        }
        std::size_t at = 0;
        while (at < text.bytes.size()) {
            const std::size_t begin = text.bytes.find_first_not_of(blanks, at);
            if (begin != at) end();
            if (begin == std::string_view::npos) break;
            at = std::min(text.bytes.find_first_of(blanks, begin), text.bytes.size());
            started_ = true;
            if (has_glob(text.bytes.substr(begin, at - begin))) field_.glob = true;
            text_.append(text, begin, at);
        }
    }
    // Ends the field that is open, if there is one.
    void end() {
        if (!started_) return;
        if (++reader_.visits_ > 4 * reader_.state_.limits.words_max) reader_.state_.stop();
        field_.span = span_;
        field_.text = text_.store(reader_.arena_);
        field_.bare = field_.text.bytes;
        if (!holes_.empty()) field_.bare = without_holes();
        field_.channels = keep(reader_.arena_, channels_);
        out_.push_back(field_);
        field_ = {};
        started_ = false;
        text_.clear();
        holes_.clear();
        // What flowed into the first field of a split value flows into all of them.
    }

private:
    static constexpr std::string_view blanks = " \t\n";

    [[nodiscard]] std::string_view without_holes() {
        std::pmr::string bare(reader_.scratch_);
        std::size_t at = 0;
        for (const auto& [begin, end] : holes_) {
            bare.append(field_.text.bytes.substr(at, begin - at));
            at = end;
        }
        bare.append(field_.text.bytes.substr(at));
        return keep(reader_.arena_, std::string_view(bare));
    }

    Reader& reader_;
    Span span_;
    Fields& out_;
    bool split_;
    bool started_ = false;
    Field field_;
    TextBuilder text_;
    std::pmr::vector<std::pair<std::size_t, std::size_t>> holes_;
    std::pmr::vector<std::uint32_t> channels_;
};

}  // namespace gw::guardrail::shell
