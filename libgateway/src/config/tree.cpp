#include "config/tree.h"

#include <algorithm>

#include "core/text.h"

namespace gw::config {

namespace {

constexpr std::size_t shown_text_bytes_max = 24;
constexpr std::size_t shown_key_bytes_max = 64;

bool is_printable(std::string_view text) noexcept {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '"' || c == '\\') return false;
    }
    return true;
}

}  // namespace

Node* Node::find(std::string_view name) noexcept {
    if (kind != json::Kind::object) return nullptr;
    for (Node& child : children) {
        if (std::string_view(child.key) == name) return &child;
    }
    return nullptr;
}

const Node* Node::find(std::string_view name) const noexcept { return const_cast<Node*>(this)->find(name); }

const Node* Node::at(std::string_view path) const noexcept {
    const Node* node = this;
    while (node != nullptr && !path.empty()) {
        const std::size_t dot = path.find('.');
        node = node->find(path.substr(0, dot));
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    return node;
}

std::pmr::string describe(const Node& node, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    switch (node.kind) {
    case json::Kind::null: out = "null"; break;
    case json::Kind::boolean: out = node.boolean ? "true" : "false"; break;
    case json::Kind::array: out = "a list"; break;
    case json::Kind::object: out = "an object"; break;
    case json::Kind::number:
        out = node.text.size() <= shown_text_bytes_max ? std::string_view(node.text) : std::string_view("a number");
        break;
    case json::Kind::string:
        if (node.from_environment || node.text.size() > shown_text_bytes_max || !is_printable(node.text)) {
            out = "a text";
        } else {
            out += '"';
            out += node.text;
            out += '"';
        }
        break;
    }
    return out;
}

void append_key(std::pmr::string& path, std::string_view key) {
    if (!path.empty()) path += '.';
    const std::string_view shown = cut_utf8(key, shown_key_bytes_max);
    for (const char c : shown) path += is_printable({&c, 1}) ? c : '?';
    if (shown.size() != key.size()) path += "...";
}

void append_index(std::pmr::string& path, std::size_t index) {
    path += '[';
    path += Digits(static_cast<std::int64_t>(index));
    path += ']';
}

MemberIndex index_members(const Node& object) {
    MemberIndex index(object.children.get_allocator().resource());
    index.reserve(object.children.size());
    for (std::size_t i = 0; i < object.children.size(); ++i) index.emplace(object.children[i].key, i);
    return index;
}

Node clone(const Node& node, std::pmr::memory_resource* memory) {
    Node out(memory);
    out.kind = node.kind;
    out.boolean = node.boolean;
    out.from_environment = node.from_environment;
    out.integer = node.integer;
    out.key = node.key;
    out.text = node.text;
    out.place = node.place;
    out.key_place = node.key_place;
    out.children.reserve(node.children.size());
    for (const Node& child : node.children) out.children.push_back(clone(child, memory));
    return out;
}

bool equal(const Node& a, const Node& b) {
    if (a.kind != b.kind || a.children.size() != b.children.size()) return false;
    switch (a.kind) {
    case json::Kind::null: return true;
    case json::Kind::boolean: return a.boolean == b.boolean;
    case json::Kind::number: return a.integer && b.integer ? *a.integer == *b.integer : a.text == b.text;
    case json::Kind::string: return a.text == b.text;
    case json::Kind::array: return std::equal(a.children.begin(), a.children.end(), b.children.begin(), equal);
    case json::Kind::object: break;
    }
    const MemberIndex index = index_members(b);
    return std::all_of(a.children.begin(), a.children.end(), [&](const Node& child) {
        const auto found = index.find(child.key);
        return found != index.end() && equal(child, b.children[found->second]);
    });
}

Node make_text(std::string_view text, std::pmr::memory_resource* memory) {
    Node out(memory);
    out.kind = json::Kind::string;
    out.text = text;
    return out;
}

Node& object_at(Node& parent, std::string_view key) {
    Node* found = parent.find(key);
    if (found == nullptr) {
        found = &parent.children.emplace_back(parent.children.get_allocator().resource());
        found->key = key;
    } else if (!found->is(json::Kind::object)) {
        found->kind = json::Kind::object;
        found->children.clear();
    }
    return *found;
}

void merge(Node& under, Node&& over) {
    if (under.kind == json::Kind::array && over.kind == json::Kind::array) {
        under.children.reserve(under.children.size() + over.children.size());
        for (Node& child : over.children) under.children.push_back(std::move(child));
    } else if (under.kind == json::Kind::object && over.kind == json::Kind::object) {
        // Reserved, so that the keys in the index stay where they are.
        under.children.reserve(under.children.size() + over.children.size());
        const MemberIndex index = index_members(under);
        for (Node& child : over.children) {
            if (const auto found = index.find(child.key); found != index.end()) {
                merge(under.children[found->second], std::move(child));
            } else {
                under.children.push_back(std::move(child));
            }
        }
    } else {
        under = std::move(over);
    }
}

}  // namespace gw::config
