#include "config/agent_edit.h"

#include <algorithm>

namespace gw::config {

namespace {

using json::Kind;

constexpr std::string_view implied_agent = "main";

bool has_id(const Node& node, std::string_view id) noexcept {
    const Node* const own = node.is(Kind::object) ? node.find("id") : nullptr;
    return own != nullptr && own->is(Kind::string) && own->text == id;
}

// The list or the map that an agent stands in, and where.
struct Found {
    Node* group = nullptr;
    std::size_t index = 0;
};

Found find_agent(Node& tree, std::string_view id) noexcept {
    Node* const agents = tree.find("agents");
    if (agents == nullptr || !agents->is(Kind::object)) return {};
    if (Node* const list = agents->find("list"); list != nullptr && list->is(Kind::array)) {
        for (std::size_t i = 0; i < list->children.size(); ++i) {
            if (has_id(list->children[i], id)) return {list, i};
        }
    }
    if (Node* const entries = agents->find("entries"); entries != nullptr && entries->is(Kind::object)) {
        for (std::size_t i = 0; i < entries->children.size(); ++i) {
            if (entries->children[i].key == id && entries->children[i].is(Kind::object)) return {entries, i};
        }
    }
    return {};
}

bool names_agents(const Node& tree) noexcept {
    for (const std::string_view path : {"agents.list", "agents.entries"}) {
        const Node* const group = tree.at(path);
        if (group != nullptr && !group->children.empty()) return true;
    }
    return false;
}

void set_text(Node& object, std::string_view key, std::string_view text) {
    Node value = make_text(text, object.children.get_allocator().resource());
    value.key = key;
    if (Node* const there = object.find(key)) {
        *there = std::move(value);
    } else {
        object.children.push_back(std::move(value));
    }
}

void remove_member(Node& object, std::string_view key) {
    std::erase_if(object.children, [key](const Node& child) { return child.key == key; });
}

void set_model(Node& agent, std::string_view model) {
    Node* const there = agent.find("model");
    if (model.empty()) {
        remove_member(agent, "model");
    } else if (there != nullptr && there->is(Kind::object)) {
        set_text(*there, "primary", model);
    } else {
        set_text(agent, "model", model);
    }
}

void set_fields(Node& agent, const AgentFields& fields) {
    if (fields.name) set_text(agent, "name", *fields.name);
    if (fields.workspace) set_text(agent, "workspace", *fields.workspace);
    if (fields.model) set_model(agent, *fields.model);
    if (!fields.emoji && !fields.avatar) return;
    Node& identity = object_at(agent, "identity");
    if (fields.emoji) set_text(identity, "emoji", *fields.emoji);
    if (fields.avatar) set_text(identity, "avatar", *fields.avatar);
}

Node& append_to_list(Node& agents, std::string_view id) {
    std::pmr::memory_resource* const memory = agents.children.get_allocator().resource();
    Node* list = agents.find("list");
    if (list == nullptr) {
        list = &agents.children.emplace_back(memory);
        list->key = "list";
    }
    if (!list->is(Kind::array)) {
        list->kind = Kind::array;
        list->children.clear();
    }
    Node& made = list->children.emplace_back(memory);
    set_text(made, "id", id);
    return made;
}

}  // namespace

void add_agent(Node& tree, const Node& resolved, const AgentFields& fields) {
    Node& agents = object_at(tree, "agents");
    const Node* const entries = agents.find("entries");
    if (entries != nullptr && entries->is(Kind::object) && !entries->children.empty() &&
        agents.find("list") == nullptr) {
        set_fields(object_at(object_at(agents, "entries"), fields.id), fields);
        return;
    }
    if (!names_agents(resolved) && fields.id != implied_agent) append_to_list(agents, implied_agent);
    set_fields(append_to_list(agents, fields.id), fields);
}

bool change_agent(Node& tree, const AgentFields& fields) {
    const Found found = find_agent(tree, fields.id);
    if (found.group == nullptr) return false;
    set_fields(found.group->children[found.index], fields);
    return true;
}

std::optional<std::size_t> remove_agent(Node& tree, std::string_view id) {
    const Found found = find_agent(tree, id);
    if (found.group == nullptr) return std::nullopt;
    found.group->children.erase(found.group->children.begin() + static_cast<std::ptrdiff_t>(found.index));
    Node* const bindings = tree.find("bindings");
    if (bindings == nullptr || !bindings->is(Kind::array)) return 0;
    return std::erase_if(bindings->children, [id](const Node& binding) {
        const Node* const agent = binding.is(Kind::object) ? binding.find("agentId") : nullptr;
        return agent != nullptr && agent->is(Kind::string) && agent->text == id;
    });
}

}  // namespace gw::config
