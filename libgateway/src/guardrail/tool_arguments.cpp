#include "guardrail/tool_arguments.h"

#include "core/text.h"
#include "json/scalar.h"
#include "json/utf8.h"

namespace gw::guardrail::tools {

namespace {

constexpr std::size_t key_bytes_max = 48;  // longer keys are none that we know

constexpr bool is_json_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr bool ends_bare_word(char c) noexcept {
    return is_json_blank(c) || std::string_view(",:{}[]\"").find(c) != std::string_view::npos;
}

bool is_scalar(std::string_view word) noexcept {
    if (word == "true" || word == "false" || word == "null") return true;
    if (word.empty() || (word[0] != '-' && !is_digit(word[0]))) return false;
    const json::NumberScan number = json::scan_number(word);
    return number.valid && number.size == word.size();
}

}  // namespace

shell::Text decode_json_string(const shell::Text& text, std::size_t begin, std::size_t end,
                               std::pmr::memory_resource* arena, std::pmr::memory_resource* scratch) {
    shell::TextBuilder out(scratch);
    const std::string_view bytes = text.bytes.substr(0, end);
    std::size_t run = begin;
    for (std::size_t at = begin; at < end;) {
        if (bytes[at] != '\\') {
            ++at;
            continue;
        }
        out.append(text, run, at);
        const std::size_t escape = at;
        std::array<char, 4> resolved{};
        std::size_t size = 1;
        const char kind = at + 1 < end ? bytes[at + 1] : '\0';
        at = std::min(at + 2, end);
        switch (kind) {
        case '\0': size = 0; break;  // broken off
        case 'n': resolved[0] = '\n'; break;
        case 't': resolved[0] = '\t'; break;
        case 'r': resolved[0] = '\r'; break;
        case 'b': resolved[0] = '\b'; break;
        case 'f': resolved[0] = '\f'; break;
        case 'u': {
            const auto unit = json::read_hex4(bytes.substr(at));
            if (!unit) {
                size = 0;
                break;
            }
            at += 4;
            char32_t character = *unit;
            if (json::is_high_surrogate(character) && bytes.substr(at).starts_with("\\u")) {
                const auto low = json::read_hex4(bytes.substr(at + 2));
                if (low && json::is_low_surrogate(*low)) {
                    character = json::join_surrogates(character, *low);
                    at += 6;
                }
            }
            if (json::is_high_surrogate(character) || json::is_low_surrogate(character)) character = 0xFFFD;
            size = json::write_utf8(character, resolved.data());
            break;
        }
        default: resolved[0] = kind;
        }
        out.append({resolved.data(), size}, text.source(escape, at), false);
        run = at;
    }
    out.append(text, run, end);
    return out.store(arena);
}

Arguments::Arguments(const shell::Text& text, const ArgumentLimits& limits, std::pmr::memory_resource* arena,
                     std::pmr::memory_resource* scratch)
    : containers(scratch), values(scratch), text_(text), arena_(arena), scratch_(scratch) {
    containers.emplace_back().array = true;
    walk(limits);
}

shell::Text Arguments::decode(const Value& value) const { return decode(value.begin, value.end); }

shell::Text Arguments::decode(std::size_t begin, std::size_t end) const {
    return decode_json_string(text_, begin, end, arena_, scratch_);
}

// Where the string that begins at `begin` ends; the end of the text when it is broken off.
std::size_t Arguments::end_of_string(std::size_t begin) const noexcept {
    const char quote = text_.bytes[begin - 1];
    std::size_t at = begin;
    while (at < text_.bytes.size() && text_.bytes[at] != quote) at += text_.bytes[at] == '\\' ? 2 : 1;
    return std::min(at, text_.bytes.size());
}

// "file_path", "filePath" and "file-path" are one key.
std::string_view Arguments::normalised(std::string_view key) {
    std::array<char, key_bytes_max> out{};
    std::size_t size = 0;
    for (const char c : key) {
        if (!is_alpha(c) && !is_digit(c)) continue;
        if (size == out.size()) return {};
        out[size++] = ascii_lower(c);
    }
    return shell::keep(arena_, std::string_view(out.data(), size));
}

void Arguments::open(bool array, std::string_view raw_key, const ArgumentLimits& limits) {
    const std::uint32_t parent = current_;
    if (containers[parent].depth >= limits.depth_max) {
        ++too_deep_;
        broken = true;
        return;
    }
    const auto index = static_cast<std::uint32_t>(containers.size());
    Container container;
    container.array = array;
    container.parent = parent;
    container.depth = containers[parent].depth + 1;
    container.key = raw_key.empty() && containers[parent].array ? containers[parent].key : normalised(raw_key);
    containers.push_back(container);
    if (containers[parent].last_child == Container::none)
        containers[parent].first_child = index;
    else
        containers[containers[parent].last_child].next = index;
    containers[parent].last_child = index;
    current_ = index;
}

void Arguments::close(bool array) {
    if (too_deep_ != 0) {
        --too_deep_;
        return;
    }
    if (current_ == 0 || containers[current_].array != array) broken = true;
    if (current_ != 0) current_ = containers[current_].parent;
}

void Arguments::add(std::string_view raw_key, std::size_t begin, std::size_t end, bool string) {
    Container& container = containers[current_];
    Value value;
    value.begin = begin;
    value.end = end;
    value.string = string;
    value.name = raw_key;
    value.key = raw_key.empty() && container.array ? container.key : normalised(raw_key);
    const auto index = static_cast<std::uint32_t>(values.size());
    values.push_back(value);
    if (container.last == Value::none)
        container.first = index;
    else
        values[container.last].next = index;
    container.last = index;
}

void Arguments::walk(const ArgumentLimits& limits) {
    const std::string_view bytes = text_.bytes;
    std::string_view key;   // of the value that comes next
    bool has_key = false;   // a string stood where a key belongs
    bool colon = false;     // and its colon was read
    std::size_t roots = 0;  // values of the text itself
    const auto value_begins = [&] {
        if (current_ == 0 && ++roots > 1) broken = true;
        if (!containers[current_].array && too_deep_ == 0 && !colon) broken = true;
    };
    const auto value_ended = [&] {
        key = {};
        has_key = colon = false;
    };
    for (std::size_t at = 0; at < bytes.size();) {
        if (values.size() + containers.size() > limits.values_max) return;
        const char c = bytes[at];
        if (is_json_blank(c)) {
            ++at;
        } else if (c == '{' || c == '[') {
            value_begins();
            open(c == '[', key, limits);
            value_ended();
            ++at;
        } else if (c == '}' || c == ']') {
            if (has_key) broken = true;
            value_ended();
            close(c == ']');
            ++at;
        } else if (c == ',') {
            if (has_key) broken = true;
            value_ended();
            ++at;
        } else if (c == ':') {
            if (!has_key || colon) broken = true;
            colon = true;
            ++at;
        } else {
            const bool string = c == '"' || c == '\'';
            if (c == '\'') broken = true;
            const std::size_t begin = string ? at + 1 : at;
            std::size_t end = begin;
            if (string) {
                end = end_of_string(begin);
            } else {
                while (end < bytes.size() && !ends_bare_word(bytes[end])) ++end;
                if (!is_scalar(bytes.substr(begin, end - begin)) && (end != bytes.size() || current_ == 0))
                    broken = true;
            }
            at = string ? std::min(end + 1, bytes.size()) : end;
            const bool is_key = !containers[current_].array && !colon && too_deep_ == 0;
            if (is_key) {
                if (has_key) broken = true;
                key = string ? decode(begin, end).bytes : bytes.substr(begin, end - begin);
                has_key = true;
                if (!string) broken = true;
            } else {
                value_begins();
                add(key, begin, end, string);
                value_ended();
                if (string && end == bytes.size()) return;
            }
        }
    }
    if (roots == 0) broken = true;
    whole = !broken && current_ == 0 && too_deep_ == 0;
}

}  // namespace gw::guardrail::tools
