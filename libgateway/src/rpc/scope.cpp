#include "rpc/scope.h"

#include <array>
#include <utility>

namespace gw::rpc {

namespace {

constexpr std::array<std::pair<Scope, std::string_view>, 8> names{{{Scope::read, "operator.read"},
                                                                   {Scope::write, "operator.write"},
                                                                   {Scope::admin, "operator.admin"},
                                                                   {Scope::approvals, "operator.approvals"},
                                                                   {Scope::pairing, "operator.pairing"},
                                                                   {Scope::questions, "operator.questions"},
                                                                   {Scope::talk, "operator.talk"},
                                                                   {Scope::talk_secrets, "operator.talk.secrets"}}};

}  // namespace

std::string_view scope_name(Scope scope) noexcept {
    for (const auto& [known, name] : names) {
        if (known == scope) return name;
    }
    return {};
}

std::optional<Scope> scope_from(std::string_view name) noexcept {
    for (const auto& [scope, known] : names) {
        if (known == name || known.substr(9) == name) return scope;
    }
    return std::nullopt;
}

bool Scopes::add(std::string_view name) noexcept {
    const auto scope = scope_from(name);
    if (scope) add(*scope);
    return scope.has_value();
}

}  // namespace gw::rpc
