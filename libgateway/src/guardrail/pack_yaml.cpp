// YAML 1.1 by libyaml. Its events go straight into the tree, so no more than our depth of it is ever open; what it
// allocates (malloc) is freed when the file is read.
#include <yaml.h>

#include <new>

#include "guardrail/pack_tree.h"

namespace gw::guardrail::pack {

namespace {

struct Parser {
    Parser() {
        if (yaml_parser_initialize(&it) == 0) throw std::bad_alloc();
    }
    ~Parser() { yaml_parser_delete(&it); }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    yaml_parser_t it{};
};

struct Event {
    Event() = default;
    ~Event() { yaml_event_delete(&it); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    yaml_event_t it{};
};

// A file is 1 MiB at most, and so fits each number.
Place place_of(const yaml_mark_t& mark) noexcept {
    return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

std::string_view view_of(const yaml_char_t* text, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(text), size};
}

// libyaml looks through all %TAG lines for each further one, which is quadratic; no pack needs a directive.
bool has_directive(std::string_view bytes, std::uint32_t& line) noexcept {
    line = 1;
    for (std::size_t at = 0; at < bytes.size(); ++line) {
        if (bytes[at] == '%') return true;
        const std::size_t end = bytes.find_first_of("\r\n", at);
        if (end == std::string_view::npos) return false;
        at = end + (bytes.substr(end).starts_with("\r\n") ? 2 : 1);
    }
    return false;
}

class YamlReader {
public:
    explicit YamlReader(Tree::Builder& builder) noexcept : builder_(builder) {}

    [[nodiscard]] bool read(std::string_view bytes) {
        yaml_parser_set_encoding(&parser_.it, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_.it, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        for (;;) {
            Event event;
            if (yaml_parser_parse(&parser_.it, &event.it) == 0) return broken(bytes);
            if (event.it.type == YAML_STREAM_END_EVENT) {
                return builder_.done() || builder_.fail({}, "the file is empty");
            }
            if (!take(event.it)) return false;
        }
    }

private:
    [[nodiscard]] bool broken(std::string_view bytes) {
        const yaml_parser_t& parser = parser_.it;
        if (parser.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
        const std::string_view what = parser.problem != nullptr ? parser.problem : "this is no YAML";
        if (parser.error != YAML_READER_ERROR) return builder_.fail(place_of(parser.problem_mark), what);
        // Bytes that are no UTF-8, or characters that are not for text.
        const json::Position position = json::position_of(bytes, parser.problem_offset);
        return builder_.fail({static_cast<std::uint32_t>(position.line), static_cast<std::uint32_t>(position.column)},
                             what);
    }

    [[nodiscard]] bool take(const yaml_event_t& event) {
        const Place place = place_of(event.start_mark);
        switch (event.type) {
        case YAML_DOCUMENT_START_EVENT:
            return !builder_.done() || builder_.fail(place, "a second document begins here");
        case YAML_ALIAS_EVENT: return builder_.fail(place, "aliases are not supported");
        case YAML_SCALAR_EVENT: return scalar(event, place);
        case YAML_SEQUENCE_START_EVENT:
            return plain(event.data.sequence_start.anchor, event.data.sequence_start.tag, place) && no_key(place) &&
                   builder_.open(Node::Kind::list, place);
        case YAML_MAPPING_START_EVENT:
            return plain(event.data.mapping_start.anchor, event.data.mapping_start.tag, place) && no_key(place) &&
                   builder_.open(Node::Kind::map, place);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT: builder_.close(); return true;
        default: return true;
        }
    }

    [[nodiscard]] bool plain(const yaml_char_t* anchor, const yaml_char_t* tag, Place place) {
        if (anchor != nullptr) return builder_.fail(place, "anchors are not supported");
        return tag == nullptr || builder_.fail(place, "tags are not supported");
    }
    [[nodiscard]] bool no_key(Place place) {
        return !builder_.wants_key() || builder_.fail(place, "a key must be a text");
    }

    [[nodiscard]] bool scalar(const yaml_event_t& event, Place place) {
        const auto& data = event.data.scalar;
        if (!plain(data.anchor, data.tag, place)) return false;
        const std::string_view text = view_of(data.value, data.length);
        if (builder_.wants_key()) {
            builder_.check_key(text, place);
            return builder_.key(builder_.keep(text), place);
        }
        const bool quoted =
            data.style == YAML_SINGLE_QUOTED_SCALAR_STYLE || data.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
        const bool is_plain = data.style == YAML_PLAIN_SCALAR_STYLE;
        return builder_.value(is_plain ? kind_of_plain(text) : Node::Kind::text, builder_.keep(text), quoted, place);
    }

    Parser parser_;
    Tree::Builder& builder_;
};

}  // namespace

bool Tree::read_yaml(std::string_view bytes) {
    Builder builder(*this);
    std::uint32_t line = 0;
    if (has_directive(bytes, line)) return builder.fail({line, 1}, "directives are not supported");
    return YamlReader(builder).read(bytes);
}

}  // namespace gw::guardrail::pack
