#include "upstream/target.h"

namespace gw::upstream {

namespace {

constexpr std::size_t parsed_bytes = 64U << 10U;
constexpr std::size_t searched_bytes = 4U << 10U;

struct Key {
    std::string_view quoted;
    bool array, string;  // what may stand behind it
    BodyShape shape;
};
// In the order in which they are looked for.
constexpr Key keys[] = {
    {"\"messages\"", true, false, BodyShape::messages}, {"\"contents\"", true, false, BodyShape::contents},
    {"\"input\"", true, true, BodyShape::input},        {"\"inputs\"", true, false, BodyShape::input},
    {"\"prompt\"", false, true, BodyShape::prompt},
};

}  // namespace

BodyShape body_shape(const json::Value& root) noexcept {
    if (!root.is(json::Kind::object)) return BodyShape::none;
    for (const Key& key : keys) {
        const json::Value value = root[key.quoted.substr(1, key.quoted.size() - 2)];
        if ((key.array && value.is(json::Kind::array)) || (key.string && value.is(json::Kind::string)))
            return key.shape;
    }
    return BodyShape::none;
}

BodyShape body_shape(std::string_view body, std::pmr::memory_resource* memory) {
    body = body.substr(0, parsed_bytes);
    const std::size_t begin = body.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || body[begin] != '{') return BodyShape::none;
    json::Document document(memory);
    if (document.parse(body)) return body_shape(document.root());
    const std::string_view head = body.substr(0, searched_bytes);
    for (const Key& key : keys) {
        if (head.find(key.quoted) != std::string_view::npos) return key.shape;
    }
    return BodyShape::none;
}

std::string_view name_of(BodyShape shape) noexcept {
    switch (shape) {
    case BodyShape::none: return "none";
    case BodyShape::messages: return "messages";
    case BodyShape::contents: return "contents";
    case BodyShape::input: return "input";
    case BodyShape::prompt: return "prompt";
    }
    return "none";
}

}  // namespace gw::upstream
