#include "config/redact.h"

#include <algorithm>
#include <array>

#include "config/patch.h"
#include "core/text.h"

namespace gw::config {

namespace {

using json::Kind;

bool ends_with(std::string_view text, std::string_view end) noexcept {
    return text.size() >= end.size() && equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool contains(std::string_view text, std::string_view part) noexcept {
    for (std::size_t i = 0; i + part.size() <= text.size(); ++i) {
        if (equals_ignoring_case(text.substr(i, part.size()), part)) return true;
    }
    return false;
}

// { source: "env", id: "NAME" } names a secret and is none.
bool is_reference(const Node& node) noexcept { return node.find("source") != nullptr && node.find("id") != nullptr; }

// "${NAME}" and nothing else: the same.
bool is_variable(std::string_view text) noexcept {
    return text.size() > 3 && text.starts_with("${") && text.find('}') == text.size() - 1;
}

void hide(Node& node) {
    node.kind = Kind::string;
    node.text = redacted_mark;
    node.integer.reset();
}

void redact_below(Node& node, bool secret) {
    switch (node.kind) {
    case Kind::null:
    case Kind::boolean: return;
    // "maxTokens: 4096" is none; a PIN is.
    case Kind::number:
        if (secret && !ends_with(node.key, "tokens") && !ends_with(node.key, "token")) hide(node);
        return;
    case Kind::string:
        if ((secret || node.from_environment) && !node.text.empty() && !is_variable(node.text)) hide(node);
        return;
    case Kind::array:
    case Kind::object: break;
    }
    if (secret && is_reference(node)) return;
    for (Node& child : node.children) redact_below(child, secret || is_secret_name(child.key));
}

class Restorer {
public:
    explicit Restorer(Report& report) : report_(report), path_(report.memory()) {}

    void visit(Node& node, const Node* stored, const Node* resolved) {
        if (node.is(Kind::string)) {
            if (std::string_view(node.text) != redacted_mark) return;
            const Node* const source = stored != nullptr ? stored : resolved;
            if (source == nullptr || (source->is(Kind::string) && std::string_view(source->text) == redacted_mark)) {
                report_.error(path_, node.place,
                              {"holds the mark of a hidden value, but there is none to put back; put the value here"});
                return;
            }
            Node copy = clone(*source, report_.memory());
            copy.key = std::move(node.key);
            node = std::move(copy);
            return;
        }
        if (node.is(Kind::object)) members(node, stored, resolved);
        if (node.is(Kind::array)) elements(node, stored, resolved);
    }

private:
    void members(Node& node, const Node* stored, const Node* resolved) {
        const MemberIndex in_stored = index_of(stored), in_resolved = index_of(resolved);
        const std::size_t size = path_.size();
        for (Node& child : node.children) {
            append_key(path_, child.key);
            visit(child, at(stored, in_stored, child.key), at(resolved, in_resolved, child.key));
            path_.resize(size);
        }
    }
    void elements(Node& node, const Node* stored, const Node* resolved) {
        const MemberIndex in_stored = index_ids(stored), in_resolved = index_ids(resolved);
        const bool ids = has_ids(node);
        const std::size_t size = path_.size();
        for (std::size_t i = 0; i < node.children.size(); ++i) {
            const auto find = [&](const Node* list, const MemberIndex& index) -> const Node* {
                if (list == nullptr || !list->is(Kind::array)) return nullptr;
                if (ids && has_ids(*list)) return at(list, index, node.children[i].find("id")->text);
                return list->children.size() == node.children.size() ? &list->children[i] : nullptr;
            };
            append_index(path_, i);
            visit(node.children[i], find(stored, in_stored), find(resolved, in_resolved));
            path_.resize(size);
        }
    }
    [[nodiscard]] MemberIndex index_of(const Node* object) const {
        return object != nullptr && object->is(Kind::object) ? index_members(*object) : MemberIndex(report_.memory());
    }
    [[nodiscard]] MemberIndex index_ids(const Node* list) const {
        MemberIndex index(report_.memory());
        if (list == nullptr || !has_ids(*list)) return index;
        for (std::size_t i = 0; i < list->children.size(); ++i) index.emplace(list->children[i].find("id")->text, i);
        return index;
    }
    [[nodiscard]] static const Node* at(const Node* node, const MemberIndex& index, std::string_view name) {
        const auto found = index.find(name);
        return found == index.end() ? nullptr : &node->children[found->second];
    }

    Report& report_;
    std::pmr::string path_;
};

}  // namespace

bool is_secret_name(std::string_view key) noexcept {
    constexpr std::array parts{"password", "passwd",     "secret",        "apikey",     "api_key",
                               "api-key",  "privatekey", "authorization", "credential", "serviceaccount"};
    return ends_with(key, "token") || ends_with(key, "tokens") || equals_ignoring_case(key, "headers") ||
           std::any_of(parts.begin(), parts.end(), [key](std::string_view part) { return contains(key, part); });
}

void redact(Node& root) {
    for (Node& section : root.children) {
        // Variables are mostly secrets: that is what they are there for. `secrets` only says where secrets are.
        const bool secret = section.key == "env" || (section.key != "secrets" && is_secret_name(section.key));
        redact_below(section, secret);
    }
}

void restore(Node& root, const Node& stored, const Node& resolved, Report& report) {
    Restorer(report).visit(root, &stored, &resolved);
}

}  // namespace gw::config
