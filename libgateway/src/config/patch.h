// Changing a configuration by a patch: RFC 7396, with one more rule.
//
//     null             removes the key
//     an object        goes into the object that is there, key by key
//     a list of objects that all have an "id", over such a list: each goes into the one with its id, or comes at the
//     end anything else    replaces what is there
#pragma once

#include "config/tree.h"

namespace gw::config {

void apply_patch(Node& target, Node&& patch);

// A list of objects that can be told apart by "id".
[[nodiscard]] bool has_ids(const Node& node) noexcept;

// The places where two trees differ, as paths: the shortest below which everything is new or gone; a list counts as one
// value. When they are more than `count_max`, only the sections of the root are named.
void diff(const Node& before, const Node& after, std::size_t count_max, std::pmr::vector<std::pmr::string>& paths);

}  // namespace gw::config
