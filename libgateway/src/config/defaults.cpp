#include "config/schema.h"

namespace gw::config {

namespace {

// A value of the table as a node: `18789`, `true`, `loopback`.
Node make_default(const Key& key, std::pmr::memory_resource* memory) {
    Node out = make_text(key.fallback(), memory);
    if (key.type == Type::boolean || (key.type == Type::text_or_false && key.fallback() == "false")) {
        out.kind = json::Kind::boolean;
        out.boolean = key.fallback() == "true";
    } else if (key.type == Type::integer) {
        out.kind = json::Kind::number;
    }
    return out;
}

}  // namespace

void add_defaults(Node& root) {
    std::pmr::memory_resource* const memory = root.children.get_allocator().resource();
    for (const Key& key : keys()) {
        if (key.fallback().empty() || key.path().find_first_of("*[") != std::string_view::npos) continue;
        // Which mode it is depends on what credentials there are.
        if (key.path() == "gateway.auth.mode") continue;
        const std::size_t dot = key.path().rfind('.');
        if (dot == std::string_view::npos) continue;
        // Only into sections that somebody has begun: a configuration that is written back does not grow all others.
        auto* const parent = const_cast<Node*>(root.at(key.path().substr(0, dot)));
        const std::string_view name = key.path().substr(dot + 1);
        if (parent == nullptr || !parent->is(json::Kind::object) || parent->find(name) != nullptr) continue;
        Node value = make_default(key, memory);
        value.key = name;
        parent->children.push_back(std::move(value));
    }
}

}  // namespace gw::config
