#include "config/patch.h"

#include <algorithm>

namespace gw::config {

namespace {

using json::Kind;

std::string_view id_of(const Node& node) noexcept {
    const Node* const id = node.find("id");
    return id != nullptr && id->is(Kind::string) ? std::string_view(id->text) : std::string_view{};
}

// RFC 7396 on nothing: the patch itself, without its nulls.
Node fresh(Node&& patch) {
    if (!patch.is(Kind::object)) return std::move(patch);
    Node empty(patch.children.get_allocator().resource());
    empty.key = patch.key;
    empty.key_place = patch.key_place;
    empty.place = patch.place;
    apply_patch(empty, std::move(patch));
    return empty;
}

void patch_members(Node& target, Node&& patch) {
    // Room for all of them, so that the names in the index stay where they are.
    target.children.reserve(target.children.size() + patch.children.size());
    const MemberIndex index = index_members(target);
    std::pmr::vector<bool> removed(target.children.size(), false, target.children.get_allocator().resource());
    for (Node& change : patch.children) {
        const auto found = index.find(change.key);
        if (found != index.end()) {
            if (change.is(Kind::null)) {
                removed[found->second] = true;
            } else {
                apply_patch(target.children[found->second], std::move(change));
            }
        } else if (!change.is(Kind::null)) {
            target.children.push_back(fresh(std::move(change)));
        }
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < target.children.size(); ++i) {
        if (i < removed.size() && removed[i]) continue;
        if (kept != i) target.children[kept] = std::move(target.children[i]);
        ++kept;
    }
    target.children.erase(target.children.begin() + static_cast<std::ptrdiff_t>(kept), target.children.end());
}

void patch_by_id(Node& target, Node&& patch) {
    target.children.reserve(target.children.size() + patch.children.size());
    // Own copies of the ids: applying a patch may move the texts.
    std::pmr::unordered_map<std::pmr::string, std::size_t> index(target.children.get_allocator().resource());
    for (std::size_t i = 0; i < target.children.size(); ++i) index.emplace(id_of(target.children[i]), i);
    for (Node& change : patch.children) {
        const auto [found, is_new] = index.emplace(id_of(change), target.children.size());
        if (is_new) {
            target.children.push_back(fresh(std::move(change)));
        } else {
            apply_patch(target.children[found->second], std::move(change));
        }
    }
}

struct Difference {
    std::size_t count_max;
    std::pmr::vector<std::pmr::string>& paths;
    std::pmr::string path;
    bool too_many = false;

    void add() {
        if (paths.size() >= count_max) {
            too_many = true;
        } else {
            paths.emplace_back(path);
        }
    }
    void find(const Node& before, const Node& after) {
        if (too_many) return;
        if (!before.is(Kind::object) || !after.is(Kind::object)) {
            if (!equal(before, after)) add();
            return;
        }
        const MemberIndex old_members = index_members(before), new_members = index_members(after);
        const std::size_t size = path.size();
        for (const Node& child : before.children) {
            append_key(path, child.key);
            if (const auto found = new_members.find(child.key); found == new_members.end()) {
                add();
            } else {
                find(child, after.children[found->second]);
            }
            path.resize(size);
        }
        for (const Node& child : after.children) {
            if (old_members.find(child.key) != old_members.end()) continue;
            append_key(path, child.key);
            add();
            path.resize(size);
        }
    }
};

}  // namespace

bool has_ids(const Node& node) noexcept {
    return node.is(Kind::array) && !node.children.empty() &&
           std::all_of(node.children.begin(), node.children.end(), [](const Node& one) { return !id_of(one).empty(); });
}

void apply_patch(Node& target, Node&& patch) {
    if (patch.is(Kind::object) && target.is(Kind::object)) {
        patch_members(target, std::move(patch));
    } else if (has_ids(patch) && has_ids(target)) {
        patch_by_id(target, std::move(patch));
    } else {
        // The key is the same text, but an index may look at this one.
        Node made = fresh(std::move(patch));
        made.key = std::move(target.key);
        target = std::move(made);
    }
}

void diff(const Node& before, const Node& after, std::size_t count_max, std::pmr::vector<std::pmr::string>& paths) {
    std::pmr::memory_resource* const memory = paths.get_allocator().resource();
    Difference difference{count_max, paths, std::pmr::string(memory)};
    difference.find(before, after);
    if (!difference.too_many) return;
    // Only the sections then. Of these there are not many, unless somebody makes a point of it: bounded as well.
    paths.clear();
    const MemberIndex old_sections = index_members(before), new_sections = index_members(after);
    for (const Node& section : before.children) {
        const auto found = new_sections.find(section.key);
        if (found != new_sections.end() && equal(section, after.children[found->second])) continue;
        if (paths.size() < count_max) append_key(paths.emplace_back(), section.key);
    }
    for (const Node& section : after.children) {
        if (old_sections.find(section.key) != old_sections.end()) continue;
        if (paths.size() < count_max) append_key(paths.emplace_back(), section.key);
    }
}

}  // namespace gw::config
