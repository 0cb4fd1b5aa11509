#include <algorithm>

#include "config/source.h"
#include "core/text.h"

namespace gw::config {

namespace {

constexpr std::size_t text_bytes_max = 1U << 20U;    // of one string after substitution
constexpr std::size_t total_bytes_max = 16U << 20U;  // of all that variables brought in

constexpr bool is_name_character(char c, bool first) noexcept {
    return (c >= 'A' && c <= 'Z') || c == '_' || (!first && is_digit(c));
}

// The NAME of "${NAME}" at the beginning of `text`; empty when there is none.
std::string_view reference(std::string_view text) noexcept {
    if (!text.starts_with("${")) return {};
    std::size_t end = 2;
    while (end < text.size() && is_name_character(text[end], end == 2)) ++end;
    return end > 2 && end < text.size() && text[end] == '}' ? text.substr(2, end - 2) : std::string_view{};
}

class Substitution {
public:
    Substitution(const Variables& variables, Report& report)
        : variables_(variables), report_(report), path_(report.memory()) {}

    void visit(Node& node, std::string_view path) {
        path_ = path;
        visit(node);
    }

private:
    void visit(Node& node) {
        if (node.is(json::Kind::string)) replace(node);
        for (std::size_t i = 0; i < node.children.size(); ++i) {
            const std::size_t size = path_.size();
            if (node.is(json::Kind::object)) {
                append_key(path_, node.children[i].key);
            } else {
                append_index(path_, i);
            }
            visit(node.children[i]);
            path_.resize(size);
        }
    }

    void replace(Node& node) {
        if (node.text.find("${") == std::string::npos) return;
        std::pmr::string out(report_.memory());
        std::string_view text = node.text;
        while (!text.empty()) {
            const std::size_t dollar = text.find('$');
            out += text.substr(0, dollar);
            if (dollar == std::string_view::npos) break;
            text.remove_prefix(dollar);
            if (const std::string_view name = reference(text.substr(1)); !name.empty()) {  // $${NAME}
                out += text.substr(1, name.size() + 3);
                text.remove_prefix(name.size() + 4);
            } else if (const std::string_view wanted = reference(text); !wanted.empty()) {
                const auto value = variables_.find(wanted);
                if (!value) {
                    report_.error(path_, node.place,
                                  {"uses ", text.substr(0, std::min<std::size_t>(wanted.size() + 3, 80)),
                                   ", but that variable is not set, or empty"});
                    return;
                }
                node.from_environment = true;
                total_bytes_ += value->size();
                if (out.size() + value->size() > text_bytes_max || total_bytes_ > total_bytes_max) {
                    report_.error(path_, node.place, {"becomes too long when variables are put in"});
                    return;
                }
                out += *value;
                text.remove_prefix(wanted.size() + 3);
            } else {
                out += '$';
                text.remove_prefix(1);
            }
        }
        node.text = std::move(out);
    }

    const Variables& variables_;
    Report& report_;
    std::pmr::string path_;
    std::size_t total_bytes_ = 0;
};

}  // namespace

Variables::Variables(const Environment& environment, const Node& root, std::pmr::memory_resource* memory)
    : environment_(environment), own_(memory) {
    const Node* const env = root.find("env");
    if (env == nullptr) return;
    const auto add_all = [this](const Node* section) {
        if (section == nullptr) return;
        for (const Node& child : section->children) {
            if (child.is(json::Kind::string)) own_.emplace(child.key, &child);
        }
    };
    add_all(env->find("vars"));
    add_all(env);
}

std::optional<std::string_view> Variables::find_in_environment(std::string_view name) const {
    if (environment_.get == nullptr) return std::nullopt;
    const auto value = environment_.get(environment_.user, name);
    return value && !value->empty() ? value : std::nullopt;
}

std::optional<std::string_view> Variables::find(std::string_view name) const {
    if (const auto value = find_in_environment(name)) return value;
    const auto found = own_.find(name);
    if (found == own_.end() || found->second->text.empty()) return std::nullopt;
    return found->second->text;
}

void substitute(Node& root, const Variables& variables, Report& report) {
    Substitution substitution(variables, report);
    // What others use is finished first.
    if (Node* const env = root.find("env")) substitution.visit(*env, "env");
    for (Node& section : root.children) {
        if (section.key == "env") continue;
        std::pmr::string path(report.memory());
        append_key(path, section.key);
        substitution.visit(section, path);
    }
}

}  // namespace gw::config
