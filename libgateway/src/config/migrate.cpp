#include "config/migrate.h"

#include <iterator>
#include <optional>

namespace gw::config {

namespace {

using json::Kind;

struct Move {
    std::string_view from, to;
};

// In this order: what is more exact comes before the section that it is part of.
constexpr Move moves[] = {
    {"gateway.token", "gateway.auth.token"},
    {"gateway.password", "gateway.auth.password"},
    {"gateway.controlUI", "gateway.controlUi"},

    {"agent.model.primary", "agents.defaults.model.primary"},
    {"agent.model.fallbacks", "agents.defaults.model.fallbacks"},
    {"agent.modelFallbacks", "agents.defaults.model.fallbacks"},
    {"agent.imageModelFallbacks", "agents.defaults.imageModel.fallbacks"},
    {"agent.tools", "tools"},
    {"agent.elevated", "tools.elevated"},
    {"agent.bash", "tools.exec"},
    {"agent.sandbox.tools", "tools.sandbox.tools"},
    {"agent.subagents.tools", "tools.subagents.tools"},
    {"agent", "agents.defaults"},
    {"heartbeat", "agents.defaults.heartbeat"},
    {"memorySearch", "agents.defaults.memorySearch"},
    {"tools.bash", "tools.exec"},

    {"routing.agentToAgent", "tools.agentToAgent"},
    {"routing.bindings", "bindings"},
    {"routing.queue", "messages.queue"},
    {"routing.groupChat.mentionPatterns", "messages.groupChat.mentionPatterns"},
    {"routing.groupChat.historyLimit", "messages.groupChat.historyLimit"},
    {"routing.groupChat.requireMention", "channels.whatsapp.groups.*.requireMention"},
    {"routing.allowFrom", "channels.whatsapp.allowFrom"},
    {"routing.transcribeAudio", "audio.transcription"},

    {"whatsapp", "channels.whatsapp"},
    {"telegram", "channels.telegram"},
    {"discord", "channels.discord"},
    {"slack", "channels.slack"},
    {"signal", "channels.signal"},
    {"imessage", "channels.imessage"},
    {"msteams", "channels.msteams"},
    {"irc", "channels.irc"},
    {"googlechat", "channels.googlechat"},
};

std::string_view first(std::string_view path) noexcept { return path.substr(0, path.find('.')); }
std::string_view rest(std::string_view path) noexcept {
    const std::size_t dot = path.find('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
}

void remove(Node& object, std::string_view key) {
    if (Node* const found = object.find(key))
        object.children.erase(object.children.begin() + (found - object.children.data()));
}

// The value at a path, taken out; the objects on the way go, too, when nothing else is in them.
std::optional<Node> take(Node& root, std::string_view path) {
    Node* const child = root.find(first(path));
    if (child == nullptr) return std::nullopt;
    std::optional<Node> out;
    if (rest(path).empty()) {
        const auto place = root.children.begin() + (child - root.children.data());
        out = std::move(*child);
        root.children.erase(place);
        return out;
    }
    out = take(*child, rest(path));
    if (out && child->is(Kind::object) && child->children.empty()) remove(root, first(path));
    return out;
}

class Mover {
public:
    Mover(Node& root, std::pmr::vector<Migration>& done)
        : root_(root), done_(done), memory_(root.children.get_allocator().resource()) {}

    void run() {
        models();
        for (const Move& one : moves) {
            if (auto value = take(root_, one.from)) {
                put(one.to, std::move(*value));
                note(one.from, {"is now ", one.to});
            }
        }
        identity();
        routed_agents();
        bind();
        if (const Node* const routing = root_.find("routing");
            routing != nullptr && routing->is(Kind::object) && routing->children.empty()) {
            remove(root_, "routing");
        }
    }

private:
    void note(std::string_view path, std::initializer_list<std::string_view> message) {
        Migration& one = done_.emplace_back(done_.get_allocator().resource());
        one.path = path;
        for (const std::string_view piece : message) one.message += piece;
    }

    // Under what is there: a new key counts more than an old one.
    void put(std::string_view path, Node&& value) {
        Node* parent = &root_;
        for (; !rest(path).empty(); path = rest(path)) parent = &object_at(*parent, first(path));
        Node* const there = parent->find(path);
        if (there == nullptr) {
            value.key = path;
            parent->children.push_back(std::move(value));
        } else if (there->is(Kind::object) && value.is(Kind::object)) {
            Node newer = std::move(*there);
            value.key = newer.key;
            merge(value, std::move(newer));
            *there = std::move(value);
        }
    }

    // Models as a text, names of models as a list, aliases from name to model.
    void models() {
        for (const std::string_view name : {"model", "imageModel"}) {
            std::pmr::string path("agent.", memory_);
            path += name;
            const Node* const node = root_.at(path);
            if (node == nullptr || !node->is(Kind::string)) continue;
            auto value = take(root_, path);
            std::pmr::string to("agents.defaults.", memory_);
            to += name;
            to += ".primary";
            put(to, std::move(*value));
            note(path, {"is now ", to});
        }
        if (auto allowed = take(root_, "agent.allowedModels")) {
            for (const Node& one : allowed->children) {
                if (one.is(Kind::string)) static_cast<void>(object_at(known_models(), one.text));
            }
            note("agent.allowedModels", {"are now keys of agents.defaults.models"});
        }
        if (auto aliases = take(root_, "agent.modelAliases")) {
            for (Node& one : aliases->children) {
                if (!one.is(Kind::string)) continue;
                Node& model = object_at(known_models(), one.text);
                if (model.find("alias") != nullptr) continue;
                Node alias = make_text(one.key, memory_);
                alias.key = "alias";
                model.children.push_back(std::move(alias));
            }
            note("agent.modelAliases", {"is now alias in agents.defaults.models"});
        }
    }
    Node& known_models() { return object_at(object_at(object_at(root_, "agents"), "defaults"), "models"); }

    Node& list_at(Node& parent, std::string_view key) {
        const bool there = parent.find(key) != nullptr && parent.find(key)->is(Kind::array);
        if (there) return *parent.find(key);
        Node& made = object_at(parent, key);
        made.kind = Kind::array;
        made.children.clear();
        return made;
    }

    // The agent of agents.list with that id; "" for the default one.
    Node& agent(std::string_view id) {
        Node& agents = object_at(root_, "agents");
        Node& list = list_at(agents, "list");
        Node* found = nullptr;
        for (Node& one : list.children) {
            const Node* const own = one.find("id");
            const Node* const is_default = one.find("default");
            const bool chosen = id.empty() ? is_default != nullptr && is_default->boolean
                                           : own != nullptr && std::string_view(own->text) == id;
            if (chosen) found = &one;
        }
        if (found == nullptr && id.empty() && !list.children.empty()) found = &list.children.front();
        if (found == nullptr) {
            found = &list.children.emplace_back(memory_);
            Node name = make_text(id.empty() ? "main" : id, memory_);
            name.key = "id";
            found->children.push_back(std::move(name));
        }
        return *found;
    }

    void identity() {
        auto value = take(root_, "identity");
        if (!value) return;
        Node& to = agent({});
        value->key = "identity";
        if (to.find("identity") == nullptr) to.children.push_back(std::move(*value));
        note("identity", {"is now identity of the default agent in agents.list"});
    }

    void routed_agents() {
        if (auto agents = take(root_, "routing.agents")) {
            for (Node& one : agents->children) {
                Node& to = agent(one.key);
                if (!one.is(Kind::object)) continue;
                for (Node& member : one.children) {
                    if (to.find(member.key) == nullptr) to.children.push_back(std::move(member));
                }
            }
            note("routing.agents", {"is now agents.list"});
        }
        const auto chosen = take(root_, "routing.defaultAgentId");
        if (!chosen) return;
        if (chosen->is(Kind::string) && !chosen->text.empty()) {
            Node& to = agent(chosen->text);
            if (to.find("default") == nullptr) {
                Node yes(memory_);
                yes.kind = Kind::boolean;
                yes.boolean = true;
                yes.key = "default";
                to.children.push_back(std::move(yes));
            }
        }
        note("routing.defaultAgentId", {"is now default: true in agents.list"});
    }

    // gateway.bind was an address once.
    void bind() {
        Node* const gateway = root_.find("gateway");
        Node* const node = gateway == nullptr ? nullptr : gateway->find("bind");
        if (node == nullptr || !node->is(Kind::string)) return;
        std::string_view now;
        for (const std::string_view old : {"127.0.0.1", "localhost", "::1"})
            if (std::string_view(node->text) == old) now = "loopback";
        for (const std::string_view old : {"0.0.0.0", "::", "*"})
            if (std::string_view(node->text) == old) now = "lan";
        if (std::string_view(node->text) == "tailscale") now = "tailnet";
        if (now.empty()) return;
        node->text = now;
        note("gateway.bind", {"is now \"", now, "\""});
    }

    Node& root_;
    std::pmr::vector<Migration>& done_;
    std::pmr::memory_resource* memory_;
};

}  // namespace

void migrate(Node& root, std::pmr::vector<Migration>& done) {
    if (root.is(Kind::object)) Mover(root, done).run();
}

}  // namespace gw::config
