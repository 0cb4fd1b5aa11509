#include "json/parse.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "json/scalar.h"
#include "json/utf8.h"

namespace gw::json {

namespace {

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// What may stand behind a number or a word.
constexpr std::array<bool, 256> ends_scalar = [] {
    std::array<bool, 256> table{};
    for (const char c : {' ', '\n', '\r', '\t', ',', ':', '[', ']', '{', '}'})
        table[static_cast<std::uint8_t>(c)] = true;
    return table;
}();

constexpr std::string_view not_closed_object = "the text ends inside an object";
constexpr std::string_view not_closed_array = "the text ends inside an array";

}  // namespace

Result<void> Parser::run() {
    // Of a valid text at least every second token is no value and no key, but for the first; what an unfinished one
    // may have beyond that is an opening bracket per level.
    const std::size_t tokens_max = offsets_.size() / 2 + std::min(limits_.depth_max, offsets_.size()) + 2;
    const std::size_t count_max = std::min(tokens_max, limits_.nodes_max);
    state_.nodes.clear();
    state_.unescaped.clear();
    if (state_.nodes.capacity() < count_max) {
        state_.nodes.shrink_to_fit();  // nothing to be moved
        state_.nodes.reserve(count_max);
    }
    state_.open.clear();

    if (!text()) return error_;
    return {};
}

bool Parser::text() {
    if (!value()) return false;
    while (!state_.open.empty()) {
        const DocumentState::Open& top = state_.open.back();
        if (!has_token()) return end_of_text();
        const char first = state_.text[offsets_[at_]];
        if (first == (top.object ? '}' : ']')) {
            if (!close()) return false;
            continue;
        }
        if (top.count > 0) {
            if (first != ',') return fail(offsets_[at_], top.object ? "expected ',' or '}'" : "expected ',' or ']'");
            ++at_;
            if (!has_token()) return end_of_text();
        }
        if (top.object && !key()) return false;
        if (!value()) return false;
    }
    return !has_token() || fail(offsets_[at_], "more text behind the value");
}

bool Parser::end_of_text() noexcept {
    return fail(state_.text.size(), state_.open.back().object ? not_closed_object : not_closed_array);
}

bool Parser::add(std::uint32_t offset, std::size_t size, Kind kind) {
    if (state_.nodes.size() >= limits_.nodes_max) return fail(offset, "too many values", GW_ERR_LIMIT);
    Node node{};
    node.offset = offset;
    node.size = static_cast<std::uint32_t>(size);
    node.kind = static_cast<std::uint8_t>(kind) & 7U;
    state_.nodes.push_back(node);
    return true;
}

bool Parser::ends_at(std::size_t offset) const noexcept {
    return offset == state_.text.size() || ends_scalar[static_cast<std::uint8_t>(state_.text[offset])];
}

// One value, or the opening bracket of one; links it to the container it is in.
bool Parser::value() {
    if (!has_token()) return end_of_text();
    const auto index = static_cast<std::uint32_t>(state_.nodes.size());
    bool member = false;
    if (!state_.open.empty()) {
        DocumentState::Open& parent = state_.open.back();
        if (parent.last_child != 0) state_.nodes[parent.last_child].next = index & 0x7FFFFFFFU;
        parent.last_child = index;
        ++parent.count;
        member = parent.object;
    }
    const std::uint32_t offset = offsets_[at_++];
    bool good = false;
    switch (state_.text[offset]) {
    case '{': good = container(offset, Kind::object); break;
    case '[': good = container(offset, Kind::array); break;
    case '"': good = string(offset); break;
    case 't': good = word(offset, "true", Kind::boolean); break;
    case 'f': good = word(offset, "false", Kind::boolean); break;
    case 'n': good = word(offset, "null", Kind::null); break;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': good = number(offset); break;
    default: return fail(offset, "expected a value");
    }
    if (good) state_.nodes[index].member = member ? 1 : 0;
    return good;
}

bool Parser::container(std::uint32_t offset, Kind kind) {
    if (state_.open.size() >= limits_.depth_max) return fail(offset, "nested too deeply", GW_ERR_LIMIT);
    state_.open.push_back({static_cast<std::uint32_t>(state_.nodes.size()), 0, 0, kind == Kind::object});
    return add(offset, 1, kind);
}

bool Parser::close() {
    const DocumentState::Open top = state_.open.back();
    Node& node = state_.nodes[top.node];
    node.size = offsets_[at_++] + 1 - node.offset;
    node.count = top.count & 0xFFFFFFFU;
    state_.open.pop_back();
    return !top.object || top.count < 2 || no_duplicates(node);
}

bool Parser::key() {
    const std::uint32_t offset = offsets_[at_++];
    if (state_.text[offset] != '"') return fail(offset, "expected a key in quotes");
    if (!string(offset)) return false;
    if (!has_token()) return end_of_text();
    if (state_.text[offsets_[at_]] != ':') return fail(offsets_[at_], "expected ':' behind the key");
    ++at_;
    return true;
}

bool Parser::string(std::uint32_t offset) {
    // The closing quote is the last byte before the next token that is not white space.
    std::size_t end = has_token() ? offsets_[at_] : state_.text.size();
    while (is_space(state_.text[end - 1])) --end;
    if (end - offset < 2 || state_.text[end - 1] != '"') return fail(offset, "the string is not closed");

    const std::string_view inside = state_.text.substr(offset + 1, end - offset - 2);
    if (!add(offset, inside.size() + 2, Kind::string)) return false;
    Node& node = state_.nodes.back();
    node.count = static_cast<std::uint32_t>(inside.size()) & 0xFFFFFFFU;
    return inside.find('\\') == std::string_view::npos || resolve(node, inside);
}

bool Parser::resolve(Node& node, std::string_view inside) {
    std::pmr::vector<char>& texts = state_.unescaped;
    const std::size_t at = texts.size();
    texts.resize(at + sizeof node.size);
    std::memcpy(texts.data() + at, &node.size, sizeof node.size);
    texts.insert(texts.end(), inside.begin(), inside.end());
    const Unescaped unescaped = unescape(texts.data() + at + sizeof node.size, inside.size());
    if (!unescaped.valid) return fail(node.offset + 1 + unescaped.size, "not a valid escape");
    texts.resize(at + sizeof node.size + unescaped.size);
    node.size = static_cast<std::uint32_t>(at);
    node.count = static_cast<std::uint32_t>(unescaped.size) & 0xFFFFFFFU;
    node.escaped = 1;
    return true;
}

bool Parser::number(std::uint32_t offset) {
    const std::string_view rest = state_.text.substr(offset);
    const NumberScan scan = scan_number(rest);
    if (!scan.valid || !ends_at(offset + scan.size)) return fail(offset + scan.size, "not a valid number");
    if (scan.may_overflow && !to_double(rest.substr(0, scan.size))) return fail(offset, "the number is out of range");
    return add(offset, scan.size, Kind::number);
}

bool Parser::word(std::uint32_t offset, std::string_view text, Kind kind) {
    if (!state_.text.substr(offset).starts_with(text) || !ends_at(offset + text.size()))
        return fail(offset, "expected a value");
    return add(offset, text.size(), kind);
}

namespace {

std::uint64_t hash(std::string_view text) noexcept {  // FNV-1a
    std::uint64_t value = 0xCBF29CE484222325ULL;
    for (const char c : text) value = (value ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ULL;
    return value;
}

}  // namespace

// Small objects: everybody with everybody. Big ones: sorted by hash, and by text where hashes meet; no choice of keys
// makes that slower than n log n.
bool Parser::no_duplicates(const Node& object) {
    constexpr std::string_view what = "duplicate key";
    const std::uint32_t first = static_cast<std::uint32_t>(&object - state_.nodes.data()) + 2;
    const auto key_of = [&](std::uint32_t child) -> const Node& { return state_.nodes[child - 1]; };

    constexpr std::size_t small = 16;
    if (object.count <= small) {
        std::array<std::string_view, small> seen;
        std::size_t count = 0;
        for (std::uint32_t child = first; child != 0; child = state_.nodes[child].next) {
            const std::string_view key = state_.string(key_of(child));
            for (std::size_t i = 0; i < count; ++i) {
                if (seen[i].size() == key.size() && seen[i] == key) return fail(key_of(child).offset, what);
            }
            seen[count++] = key;
        }
        return true;
    }

    // One number for each: the upper bits of its hash, and its node below.
    constexpr std::uint64_t node_mask = Node::offset_max;
    auto& keys = state_.keys;
    keys.clear();
    keys.reserve(object.count);
    for (std::uint32_t child = first; child != 0; child = state_.nodes[child].next) {
        keys.push_back((hash(state_.string(key_of(child))) & ~node_mask) | (child - 1));
    }
    std::uint64_t* const begin = keys.data();
    std::uint64_t* const end = begin + keys.size();
    std::sort(begin, end);

    const auto text_of = [&](std::uint64_t key) { return state_.string(state_.nodes[key & node_mask]); };
    std::size_t where = SIZE_MAX;  // of the first key that was there before
    for (std::uint64_t* group = begin; group != end;) {
        std::uint64_t* const next = std::find_if(group, end, [&](auto key) { return (key ^ *group) > node_mask; });
        if (next - group > 1) {
            std::sort(group, next, [&](std::uint64_t a, std::uint64_t b) {
                const int order = text_of(a).compare(text_of(b));
                return order != 0 ? order < 0 : a < b;
            });
            for (const std::uint64_t* key = group + 1; key != next; ++key) {
                if (text_of(key[-1]) != text_of(key[0])) continue;
                where = std::min<std::size_t>(where, state_.nodes[*key & node_mask].offset);
            }
        }
        group = next;
    }
    return where == SIZE_MAX || fail(where, what);
}

Error explain_structure(std::string_view text) noexcept {
    constexpr std::size_t outside = SIZE_MAX;
    std::size_t string = outside;  // where the open string begins
    bool empty = true;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const Sequence sequence = read_utf8(text.substr(i));
        if (!sequence.valid()) return {GW_ERR_DATA, i, "not valid UTF-8"};
        if (!is_space(c)) empty = false;
        if (string == outside) {
            if (c == '\\') return {GW_ERR_DATA, i, "expected a value"};
            if (c == '"') string = i;
        } else if (c == '"') {
            string = outside;
        } else if (static_cast<std::uint8_t>(c) < 0x20) {
            return {GW_ERR_DATA, i, "a control character in a string must be escaped"};
        } else if (c == '\\' && i + 1 < text.size()) {
            if (static_cast<std::uint8_t>(text[i + 1]) < 0x20) return {GW_ERR_DATA, i, "not a valid escape"};
            if (text[i + 1] == '"' || text[i + 1] == '\\') ++i;
        }
        i += sequence.size;
    }
    if (string != outside) return {GW_ERR_DATA, string, "the string is not closed"};
    if (empty) return {GW_ERR_DATA, 0, "there is no value"};
    return {GW_ERR_DATA, 0, "not valid JSON"};
}

}  // namespace gw::json
