#include "exchange/passage_inspection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "content/data_url.h"
#include "core/text.h"
#include "crypto/base64.h"

namespace gw::exchange {

namespace {

using provider::Passage;
using provider::TextForm;

guardrail::Direction direction_of(const Passage& passage, Side side) noexcept {
    if (passage.kind == message::PartKind::tool_result) return guardrail::Direction::tool_result;
    if (side == Side::prompt)
        return guardrail::Direction::prompt;  // calls that were made earlier are history, not deeds
    return passage.kind == message::PartKind::tool_arguments ? guardrail::Direction::tool_call
                                                             : guardrail::Direction::completion;
}

// The bytes of a file, and what stood in front of their letters.
struct File {
    std::string_view front;  // "data:text/plain;base64,", or empty
    Buffer bytes;
};

bool decode_either_alphabet(std::string_view letters, Buffer& out, std::pmr::memory_resource* memory) {
    if (content::decode_base64(letters, letters.size(), out)) return true;
    // Google's APIs take base64url as well.
    if (letters.find_first_of("-_") == std::string_view::npos) return false;
    std::pmr::string standard(letters, memory);
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
    out.clear();
    return static_cast<bool>(content::decode_base64(standard, standard.size(), out));
}

std::optional<File> decode_file(std::string_view text, BlockPool* pool, std::pmr::memory_resource* memory) {
    File file{{}, Buffer(pool)};
    const auto url = content::parse_data_url(text);
    if (url && !url->base64) {  // percent escapes are one of the views of every text
        return std::nullopt;
    }
    if (url) file.front = text.substr(0, text.size() - url->data.size());
    if (!decode_either_alphabet(url ? url->data : text, file.bytes, memory)) return std::nullopt;
    return file;
}

// What a person could have written: a model reads it as text whatever its sender calls it.
bool is_text(std::string_view bytes) noexcept { return is_utf8(bytes) && bytes.find('\0') == std::string_view::npos; }

Inspection::Whole inspect_file(Inspection& inspection, guardrail::Direction direction, std::string_view tool,
                               const json::Value& value, BlockPool* pool) {
    std::pmr::memory_resource* memory = inspection.memory();
    std::optional<File> file = decode_file(value.as_string().value_or(""), pool, memory);
    if (!file) return inspection.inspect(direction, tool, value, pool);
    if (!is_text(file->bytes.text())) {
        inspection.skip();
        return {false, false, std::pmr::string(memory)};
    }
    const Inspection::WholeText left = inspection.inspect_text(direction, tool, file->bytes.text());
    Inspection::Whole out{left.blocked, left.changed, std::pmr::string(memory)};
    if (out.blocked || !out.changed) return out;
    std::pmr::string text(file->front, memory);
    text += crypto::base64_encode(as_bytes(left.text), memory);
    Buffer quoted(pool);
    json::Writer(quoted).string(text);
    out.value = quoted.text();
    return out;
}

void add_edit(provider::Edits& edits, const json::Value& value, std::pmr::string text) {
    edits.push_back({value.offset(), value.offset() + value.raw().size(), std::move(text)});
}

}  // namespace

Inspection::Whole inspect_value(Inspection& inspection, guardrail::Direction direction, std::string_view tool,
                                const json::Value& value, TextForm form, BlockPool* pool) {
    return form == TextForm::file ? inspect_file(inspection, direction, tool, value, pool)
                                  : inspection.inspect(direction, tool, value, pool);
}

bool inspect_passages(Inspection& inspection, const provider::Passages& passages, Side side, BlockPool* pool,
                      provider::Edits& edits) {
    const auto before = static_cast<std::ptrdiff_t>(edits.size());
    bool has_tokens = false;
    for (const Passage& passage : passages) {
        has_tokens |= passage.form == TextForm::tokens;
        if (passage.form == TextForm::tokens) continue;
        Inspection::Whole whole =
            inspect_value(inspection, direction_of(passage, side), passage.tool, passage.value, passage.form, pool);
        if (whole.blocked) return false;
        if (whole.changed) add_edit(edits, passage.value, std::move(whole.value));
    }
    if (!has_tokens) return true;
    const bool changed = edits.begin() + before != edits.end();
    for (const Passage& passage : passages) {
        if (passage.form != TextForm::tokens || !(changed || withholds_tokens(inspection, passage.exact))) continue;
        add_edit(edits, passage.value, std::pmr::string(no_tokens(passage.value), inspection.memory()));
    }
    std::sort(edits.begin() + before, edits.end(),
              [](const provider::Edit& a, const provider::Edit& b) { return a.begin < b.begin; });
    return true;
}

bool withholds_tokens(const Inspection& inspection, bool exact) noexcept {
    return !exact && inspection.policy().policy.mode == guardrail::Mode::action;
}

std::string_view no_tokens(const json::Value& tokens) noexcept {
    return tokens.is(json::Kind::array) ? std::string_view("[]") : std::string_view("null");
}

}  // namespace gw::exchange
