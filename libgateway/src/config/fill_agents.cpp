#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "config/fill.h"
#include "core/text.h"

namespace gw::config {

namespace {

using json::Kind;

constexpr std::size_t listed_names_max = 10;

bool is_agent_id(std::string_view id) noexcept {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
    return !id.empty() && id.size() <= 64 && plain(id.front()) &&
           std::all_of(id.begin(), id.end(), [&](char c) { return plain(c) || c == '_' || c == '-'; });
}

class Agents {
public:
    Agents(const Node& root, Config& out, Report& report)
        : root_(root),
          out_(out),
          report_(report),
          providers_(report.memory()),
          aliases_(report.memory()),
          models_(report.memory()),
          ids_(report.memory()) {
        for (const Provider& provider : out.providers) {
            providers_.emplace(provider.id, &provider);
            for (const Model& one : provider.models) {
                std::pmr::string name(provider.id, report.memory());
                name += '/';
                name += one.id;
                models_.insert(std::move(name));
            }
        }
        const Node* const models = root.at("agents.defaults.models");
        if (models == nullptr || !models->is(Kind::object)) return;
        for (const Node& model : models->children) {
            if (const std::string_view alias = text_at(model, "alias"); !alias.empty())
                aliases_.emplace(alias, model.key);
        }
    }

    void fill();

private:
    void agent(const Node& node, const Node* id_node, std::string_view id, std::string_view path);
    void model(const Node* node, std::string_view path, std::pmr::string& primary,
               std::pmr::vector<std::pmr::string>& fallbacks);
    // The model that a text means, as "provider/model"; nothing after an error.
    std::optional<std::string_view> reference(const Node& node, std::string_view path);
    [[nodiscard]] std::pmr::string known_providers() const;

    const Node& root_;
    Config& out_;
    Report& report_;
    std::pmr::unordered_map<std::string_view, const Provider*> providers_;
    std::pmr::unordered_map<std::string_view, std::string_view>
        aliases_;                                       // of agents.defaults.models.<provider/model>.alias
    std::pmr::unordered_set<std::pmr::string> models_;  // "provider/model" of all that are listed
    std::pmr::unordered_set<std::string_view> ids_;     // views into the tree
};

void Agents::fill() {
    model(root_.at("agents.defaults.model"), "agents.defaults.model", out_.default_model_primary,
          out_.default_model_fallbacks);
    out_.runs_max = integer_at(root_, "agents.defaults.maxConcurrent", out_.runs_max);
    out_.run_timeout_s = integer_at(root_, "agents.defaults.timeoutSeconds", out_.run_timeout_s);
    std::pmr::string path(report_.memory());
    const Node* const list = root_.at("agents.list");
    for (std::size_t i = 0; list != nullptr && list->is(Kind::array) && i < list->children.size() && !report_.full();
         ++i) {
        const Node& node = list->children[i];
        if (!node.is(Kind::object)) continue;
        path = "agents.list";
        append_index(path, i);
        const Node* const id = node.find("id");
        if (id != nullptr && !id->is(Kind::string)) continue;
        if (id == nullptr) {
            report_.error(path, node.place, {"needs an id"});
            continue;
        }
        agent(node, id, id->text, path);
    }
    const Node* const entries = root_.at("agents.entries");
    for (std::size_t i = 0;
         entries != nullptr && entries->is(Kind::object) && i < entries->children.size() && !report_.full(); ++i) {
        const Node& node = entries->children[i];
        if (!node.is(Kind::object)) continue;
        path = "agents.entries";
        append_key(path, node.key);
        agent(node, nullptr, node.key, path);
    }
    if (out_.agents.empty()) {
        Agent main(out_.agents.get_allocator().resource());
        main.id = "main";
        main.workspace = text_at(root_, "agents.defaults.workspace");
        out_.agents.push_back(std::move(main));
    }
    const auto chosen =
        std::find_if(out_.agents.begin(), out_.agents.end(), [](const Agent& a) { return a.is_default; });
    if (chosen == out_.agents.end()) {
        out_.agents.front().is_default = true;
        return;
    }
    for (auto other = chosen + 1; other != out_.agents.end(); ++other) {
        if (!other->is_default) continue;
        other->is_default = false;
        report_.warn("agents", place_of(root_.find("agents")),
                     {"more than one agent is the default; \"", chosen->id, "\" counts"});
    }
}

void Agents::agent(const Node& node, const Node* id_node, std::string_view id, std::string_view path) {
    const Place place = id_node != nullptr ? id_node->place : node.key_place;
    if (!is_agent_id(id)) {
        report_.error(path, place,
                      {"needs an id of 1 to 64 lower-case letters, digits, hyphens and underscores that does not begin "
                       "with a hyphen or underscore"});
    } else if (id == "default") {
        report_.error(path, place,
                      {"cannot have the id \"default\", which stands for the default agent; use `default: true`"});
    } else if (!ids_.insert(id).second) {
        report_.error(path, place, {"has the id \"", id, "\", which another agent has already"});
    }
    Agent agent(out_.agents.get_allocator().resource());
    agent.id = id;
    agent.name = text_at(node, "name").empty() ? id : text_at(node, "name");
    agent.workspace = text_at(node, "workspace");
    if (agent.workspace.empty()) agent.workspace = text_at(root_, "agents.defaults.workspace");
    agent.identity.name = text_at(node, "identity.name");
    agent.identity.theme = text_at(node, "identity.theme");
    agent.identity.emoji = text_at(node, "identity.emoji");
    agent.identity.avatar = text_at(node, "identity.avatar");
    agent.is_default = boolean_at(node, "default", false);
    agent.public_mode = boolean_at(node, "publicMode", false);
    // Other runtimes are OpenClaw's own; every agent that is not the host's is answered by its model.
    agent.host = text_at(node, "runtime") == "host" || text_at(node, "runtime.id") == "host";
    std::pmr::string model_path(path, report_.memory());
    append_key(model_path, "model");
    model(node.find("model"), model_path, agent.model_primary, agent.model_fallbacks);
    out_.agents.push_back(std::move(agent));
}

void Agents::model(const Node* node, std::string_view path, std::pmr::string& primary,
                   std::pmr::vector<std::pmr::string>& fallbacks) {
    if (node == nullptr) return;
    if (node->is(Kind::string)) {
        if (const auto found = reference(*node, path)) primary = *found;
        return;
    }
    std::pmr::string below(path, report_.memory());
    if (const Node* const first = node->find("primary"); first != nullptr && first->is(Kind::string)) {
        append_key(below, "primary");
        if (const auto found = reference(*first, below)) primary = *found;
    }
    const Node* const others = node->find("fallbacks");
    if (others == nullptr || !others->is(Kind::array)) return;
    for (std::size_t i = 0; i < others->children.size(); ++i) {
        if (!others->children[i].is(Kind::string)) continue;
        below = path;
        append_key(below, "fallbacks");
        append_index(below, i);
        if (const auto found = reference(others->children[i], below)) fallbacks.emplace_back(*found);
    }
}

std::optional<std::string_view> Agents::reference(const Node& node, std::string_view path) {
    std::string_view text = node.text;
    if (const auto alias = aliases_.find(text); alias != aliases_.end()) text = alias->second;
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
        report_.error(path, node.place, {"must be \"provider/model\", found ", describe(node, report_.memory())});
        return std::nullopt;
    }
    const auto provider = providers_.find(text.substr(0, slash));
    if (provider == providers_.end()) {
        report_.error(path, node.place,
                      {"names a provider that models.providers does not have, ", describe(node, report_.memory()), "; ",
                       known_providers()});
        return std::nullopt;
    }
    if (!provider->second->models.empty() && models_.find(std::pmr::string(text, report_.memory())) == models_.end()) {
        report_.warn(path, node.place,
                     {"names a model that models.providers.", provider->second->id, ".models does not list, ",
                      describe(node, report_.memory())});
    }
    return text;
}

std::pmr::string Agents::known_providers() const {
    std::pmr::string out(report_.memory());
    if (out_.providers.empty()) {
        out = "there is none";
        return out;
    }
    out = "there is ";
    for (std::size_t i = 0; i < out_.providers.size(); ++i) {
        if (i > 0) out += ", ";
        if (i == listed_names_max) {
            out += "...";
            break;
        }
        out += out_.providers[i].id;
    }
    return out;
}

}  // namespace

void fill_agents(const Node& root, Config& out, Report& report) { Agents(root, out, report).fill(); }

}  // namespace gw::config
