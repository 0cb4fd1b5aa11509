// The configuration as a tree that can be changed, with the place in the source of each value.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "json/json.h"

namespace gw::config {

// A byte of one of the files that a configuration was made from; file 0 is the main text.
struct Place {
    std::uint32_t file = 0;
    std::uint32_t offset = 0;
};

struct Node {
    explicit Node(std::pmr::memory_resource* memory) : key(memory), text(memory), children(memory) {}

    json::Kind kind = json::Kind::object;
    bool boolean = false;
    bool from_environment = false;        // `text` holds what a variable held: not to be shown
    std::optional<std::int64_t> integer;  // of a number that is whole
    std::pmr::string key;                 // of a member
    std::pmr::string text;                // a string's value; a number as it was written
    Place place, key_place;
    std::pmr::vector<Node> children;  // members or elements

    [[nodiscard]] bool is(json::Kind wanted) const noexcept { return kind == wanted; }
    [[nodiscard]] Node* find(std::string_view name) noexcept;
    [[nodiscard]] const Node* find(std::string_view name) const noexcept;
    // The value at "gateway.auth.mode"; NULL when there is none.
    [[nodiscard]] const Node* at(std::string_view path) const noexcept;
};

// A number as a piece of a message.
class Digits {
public:
    explicit Digits(std::int64_t value) noexcept
        : size_(static_cast<std::size_t>(std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr -
                                         text_.data())) {}
    operator std::string_view() const noexcept { return {text_.data(), size_}; }  // NOLINT(google-explicit-constructor)

private:
    std::array<char, 24> text_{};
    std::size_t size_;
};

// What the person wrote there, for a message: `"abc"`, `12`, `true`, `a list`. Long texts and such as came from the
// environment are not shown.
[[nodiscard]] std::pmr::string describe(const Node& node, std::pmr::memory_resource* memory);

// Appends ".key" or "[3]" to a path. What is no ordinary name is shortened and made printable.
void append_key(std::pmr::string& path, std::string_view key);
void append_index(std::pmr::string& path, std::size_t index);

[[nodiscard]] Node clone(const Node& node, std::pmr::memory_resource* memory);
// The same values under the same names, members in any order; where they lay does not count.
[[nodiscard]] bool equal(const Node& a, const Node& b);
[[nodiscard]] Node make_text(std::string_view text, std::pmr::memory_resource* memory);
// The object at a key, made when there is none; what stands there instead of an object is replaced.
[[nodiscard]] Node& object_at(Node& parent, std::string_view key);

// Where the members of an object are, by name: looking one up in a list of a million is not to take a million steps.
// Valid until members are added or taken away.
using MemberIndex = std::pmr::unordered_map<std::string_view, std::size_t>;
[[nodiscard]] MemberIndex index_members(const Node& object);

// As one JSON value; as a text for people, two spaces a level, with a line feed at the end.
void write_tree(json::Writer& out, const Node& node);
void write_tree_as_lines(Buffer& out, const Node& node);

// Later over earlier: members of objects one by one, lists one behind the other, else `over` instead of `under`.
void merge(Node& under, Node&& over);

}  // namespace gw::config
