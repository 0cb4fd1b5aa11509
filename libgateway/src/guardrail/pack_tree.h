// One file of a pack as a tree, whether it was YAML or JSON, with the place of every key and value.
//
//     a: [1, 'x']        0 map  ->  1 list "a"  ->  2 number "1", 3 text "x"
//
// YAML is read as JSON with other clothes: mappings, sequences and scalars, and a plain scalar is null, a boolean or a
// number when YAML's core schema (1.2, 10.3.2) says so. Anchors, aliases, tags, directives and more than one document
// are refused, as are keys that occur twice: a rule should mean what its reader sees.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "json/json5.h"

namespace gw::guardrail::pack {

struct Place {
    std::uint32_t line = 0;  // from 1; 0: the whole file
    std::uint32_t column = 0;
};

struct Node {
    enum class Kind : std::uint8_t { null, boolean, number, text, list, map };

    Kind kind = Kind::null;
    bool quoted = false;    // a text between quotes, on one line at least at its beginning
    std::string_view text;  // as it was written, escapes resolved
    std::string_view key;   // of a member of a map
    Place place, key_place;
    std::uint32_t next = 0;   // the next sibling; 0: none
    std::uint32_t first = 0;  // the first child; 0: none
    std::uint32_t count = 0;  // of children
};

struct TreeProblem {
    Place place;
    std::string_view what;  // static text, or of the tree
};

class Tree {
public:
    static constexpr std::size_t depth_max = 12;     // maps and lists in one another; the form needs seven
    static constexpr std::size_t members_max = 128;  // of one map
    static constexpr std::size_t nodes_max = 1U << 18U;
    static constexpr std::size_t problems_max = 100;

    explicit Tree(std::pmr::memory_resource* memory)
        : texts_(memory), document_(memory), nodes_(memory), problems_(memory) {}

    // Read a file, once. False when it could not be understood: then there is one problem at least, and no root.
    // Problems may also be found (a key twice) when true is returned. A JSON text must live as long as the tree.
    [[nodiscard]] bool read_yaml(std::string_view bytes);
    [[nodiscard]] bool read_json(std::string_view bytes);

    [[nodiscard]] std::span<const TreeProblem> problems() const noexcept { return problems_; }
    [[nodiscard]] const Node& root() const noexcept { return nodes_.front(); }
    [[nodiscard]] const Node* first(const Node& parent) const noexcept { return at(parent.first); }
    [[nodiscard]] const Node* next(const Node& node) const noexcept { return at(node.next); }

    // For the readers: nodes come in the order of the text; a child follows its parent, and its key comes first.
    class Builder;

private:
    [[nodiscard]] const Node* at(std::uint32_t index) const noexcept { return index == 0 ? nullptr : &nodes_[index]; }

    std::pmr::monotonic_buffer_resource texts_;  // of YAML
    json::Document document_;                    // has those of JSON
    std::pmr::vector<Node> nodes_;
    std::pmr::vector<TreeProblem> problems_;
};

class Tree::Builder {
public:
    explicit Builder(Tree& tree) noexcept;

    // Each is false when a limit is passed; the reason is then among the problems. The texts are kept as they are.
    [[nodiscard]] bool key(std::string_view text, Place place);
    void check_key(std::string_view text, Place place);  // notes when the map has it already
    [[nodiscard]] bool value(Node::Kind kind, std::string_view text, bool quoted, Place place);
    [[nodiscard]] bool open(Node::Kind kind, Place place);  // a list or map
    void close() noexcept;

    [[nodiscard]] bool wants_key() const noexcept {
        return depth_ > 0 && tree_.nodes_[open_[depth_ - 1].node].kind == Node::Kind::map && !has_key_;
    }
    [[nodiscard]] bool done() const noexcept { return depth_ == 0 && !tree_.nodes_.empty(); }
    bool fail(Place place, std::string_view what);  // notes a problem; false
    [[nodiscard]] std::string_view keep(std::string_view text);

private:
    struct Open {
        std::uint32_t node = 0, last_child = 0;
    };
    Tree& tree_;
    Open open_[depth_max + 1] = {};
    std::size_t depth_ = 0;
    bool has_key_ = false;
    std::string_view key_;
    Place key_place_;
};

// What a plain scalar of YAML is.
[[nodiscard]] Node::Kind kind_of_plain(std::string_view text) noexcept;

}  // namespace gw::guardrail::pack
