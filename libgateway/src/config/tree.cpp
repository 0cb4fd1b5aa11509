#include "config/tree.h"

#include <unordered_map>

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

void merge(Node& under, Node&& over) {
    if (under.kind == json::Kind::array && over.kind == json::Kind::array) {
        under.children.reserve(under.children.size() + over.children.size());
        for (Node& child : over.children) under.children.push_back(std::move(child));
    } else if (under.kind == json::Kind::object && over.kind == json::Kind::object) {
        // Reserved, so that the keys in the index stay where they are.
        under.children.reserve(under.children.size() + over.children.size());
        std::pmr::unordered_map<std::string_view, std::size_t> index(under.children.get_allocator().resource());
        for (std::size_t i = 0; i < under.children.size(); ++i) index.emplace(under.children[i].key, i);
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
