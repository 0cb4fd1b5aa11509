// What a Document is made of: one node per value and per key, in the order of the text.
//
//     {"a":[1,2],"b":3}     0 object   1 "a"   2 array   3 1   4 2   5 "b"   6 3
//                           next:              2 -> 6    3 -> 4
//
// The key of a member is the node in front of it; the first child of an array is the node behind it.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "json/structure.h"

namespace gw::json {

struct Node {
    static constexpr std::size_t offset_max = (1U << 28U) - 1;  // so that `count` has room for any text below

    std::uint32_t offset;      // in the text
    std::uint32_t size;        // in the text, with quotes and brackets; of an escaped string: its place in `unescaped`
    std::uint32_t next : 31;   // the next member or element; 0 for the last
    std::uint32_t member : 1;  // has a key
    std::uint32_t kind : 3;
    std::uint32_t escaped : 1;  // a string that lies, resolved, in `unescaped`
    std::uint32_t count : 28;   // of children; of a string: bytes, with escapes resolved
};
static_assert(sizeof(Node) == 16);

struct DocumentState {
    explicit DocumentState(std::pmr::memory_resource* resource)
        : memory(resource), unescaped(resource), nodes(resource), open(resource), keys(resource), structure(resource) {}

    // A container that is not closed yet.
    struct Open {
        std::uint32_t node;
        std::uint32_t last_child;  // 0: none yet
        std::uint32_t count;
        bool object;
    };
    // A string node's text, escapes resolved.
    [[nodiscard]] std::string_view string(const Node& node) const noexcept {
        if (node.escaped != 0) return {unescaped.data() + node.size + sizeof(std::uint32_t), node.count};
        return {text.data() + node.offset + 1, node.count};
    }
    [[nodiscard]] std::size_t source_size(const Node& node) const noexcept {
        if (node.escaped == 0) return node.size;
        std::uint32_t size = 0;
        std::memcpy(&size, unescaped.data() + node.size, sizeof size);
        return size;
    }

    std::pmr::memory_resource* memory;
    bool parsed = false;
    std::string_view text;  // the caller's
    // Strings with escapes, resolved; each behind its size in the text. All others lie in the text.
    std::pmr::vector<char> unescaped;
    std::pmr::vector<Node> nodes;
    std::pmr::vector<Open> open;
    std::pmr::vector<std::uint64_t> keys;  // of a big object that is searched for duplicates: hash and node
    Structure structure;
};

}  // namespace gw::json
