#include "auth/scopes.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace gw::auth {

namespace {

constexpr std::array<std::string_view, scope_count> scope_names{
    "",
    "operator.read",
    "operator.write",
    "operator.admin",
    "operator.approvals",
    "operator.pairing",
    "operator.questions",
    "operator.talk",
    "operator.talk.secrets",
    "operator.sessions.read",
    "operator.sessions.write",
};
constexpr std::string_view scope_prefix = "operator.";

}  // namespace

std::string_view name_of(Role role) noexcept { return role == Role::node ? "node" : "operator"; }

std::optional<Role> role_of(std::string_view text) noexcept {
    if (text == "operator") return Role::operator_;
    if (text == "node") return Role::node;
    return std::nullopt;
}

std::string_view name_of(Scope scope) noexcept { return scope_names[static_cast<std::size_t>(scope)]; }

std::optional<Scope> scope_of(std::string_view text) noexcept {
    for (std::size_t i = 1; i < scope_names.size(); ++i) {
        const bool is_word = i <= static_cast<std::size_t>(Scope::pairing);
        if (text == scope_names[i] || (is_word && text == scope_names[i].substr(scope_prefix.size())))
            return static_cast<Scope>(i);
    }
    return std::nullopt;
}

bool ScopeSet::add(std::string_view text) noexcept {
    const auto scope = scope_of(text);
    if (scope) add(*scope);
    return scope.has_value();
}

bool ScopeSet::allows(std::string_view needed) const noexcept {
    return allows(scope_of(needed).value_or(Scope::admin));
}

ScopeSet scope_set(std::span<const std::pmr::string> list) noexcept {
    ScopeSet out;
    for (const auto& word : list) out.add(std::string_view(word));
    return out;
}

ScopeSet scope_set(std::string_view list) noexcept {
    ScopeSet out;
    while (const auto word = next_element(list)) out.add(*word);
    return out;
}

bool scope_allows(std::span<const std::pmr::string> granted, std::string_view needed) noexcept {
    return scope_set(granted).allows(needed);
}

bool scopes_cover(std::span<const std::pmr::string> granted, std::span<const std::pmr::string> wanted) noexcept {
    const ScopeSet set = scope_set(granted);
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const auto& word) { return has_word(granted, word) || set.allows(std::string_view(word)); });
}

ScopeList copy_scopes(std::span<const std::string_view> words, std::pmr::memory_resource* memory) {
    ScopeList out(memory);
    for (const std::string_view word : words) {
        if (out.size() == scope_count_max) break;
        const auto scope = scope_of(word);
        const std::string_view name = scope ? name_of(*scope) : word;
        if (!name.empty() && name.size() <= scope_bytes_max && is_utf8(name) && !has_word(out, name))
            out.emplace_back(name);
    }
    return out;
}

void merge_scopes(ScopeList& into, std::span<const std::pmr::string> words) {
    for (const auto& word : words) {
        if (into.size() == scope_count_max) break;
        if (!has_word(into, word)) into.emplace_back(word);
    }
}

ScopeList normalised_scopes(std::span<const std::pmr::string> list, std::pmr::memory_resource* memory) {
    ScopeList out(memory);
    for (const auto& word : list) {
        // The full name, so that the role word and the scope are one.
        const auto scope = scope_of(word);
        const std::string_view name = scope ? name_of(*scope) : std::string_view(word);
        if (!has_word(out, name)) out.emplace_back(name);
    }
    const auto add = [&](Scope scope) {
        if (!has_word(out, name_of(scope))) out.emplace_back(name_of(scope));
    };
    if (has_word(out, name_of(Scope::admin))) add(Scope::write);
    if (has_word(out, name_of(Scope::write))) add(Scope::read);
    std::sort(out.begin(), out.end());
    return out;
}

bool has_word(std::span<const std::pmr::string> list, std::string_view word) noexcept {
    return std::any_of(list.begin(), list.end(), [&](const auto& one) { return std::string_view(one) == word; });
}

}  // namespace gw::auth
