#include "method/added.h"

#include <algorithm>

#include "core/text.h"
#include "method/core.h"
#include "rpc/json_schema.h"

namespace gw::method {

namespace {

constexpr std::size_t added_name_bytes_max = 64;

bool is_added_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= added_name_bytes_max && is_alpha(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
}

void hand_over(Core& core, Call& call) { core.gate.hand_over(call); }

}  // namespace

const AddedMethods::Row* AddedMethods::row(std::string_view name) const noexcept {
    const auto found =
        std::find_if(methods_.begin(), methods_.end(), [name](const Row& it) { return it.name == name; });
    return found == methods_.end() ? nullptr : &*found;
}

const Method* AddedMethods::find(std::string_view name) const noexcept {
    const Row* const found = row(name);
    return found == nullptr ? nullptr : &found->method;
}

std::uint32_t AddedMethods::timeout_ms(std::string_view name) const noexcept {
    const Row* const found = row(name);
    return found == nullptr ? 0 : found->timeout_ms;
}

const AddedEvent* AddedMethods::find_event(std::string_view name) const noexcept {
    const auto found =
        std::find_if(events_.begin(), events_.end(), [name](const AddedEvent& it) { return it.name == name; });
    return found == events_.end() ? nullptr : &*found;
}

gw_status AddedMethods::add_method(std::string_view name, std::string_view scope, std::string_view schema,
                                   std::uint32_t timeout_ms) {
    if (!is_added_name(name) || find_method(name) != nullptr || find(name) != nullptr) return GW_ERR_ARGUMENT;
    const bool is_nodes = scope == "node";
    const auto needed = scope.empty() ? rpc::Scope::admin : auth::scope_of(scope);
    if (!is_nodes && !needed) return GW_ERR_ARGUMENT;
    if (methods_.size() >= methods_max || schema.size() > schema_bytes_max) return GW_ERR_LIMIT;
    Row made(memory_);
    made.name = name;
    if (schema.empty()) {
        made.params = "*";
    } else {
        json::Document document(memory_);
        if (!document.parse(schema) || !rpc::from_json_schema(document.root(), made.params)) return GW_ERR_DATA;
    }
    Row& kept = methods_.emplace_back(std::move(made));
    kept.method.name = kept.name;
    kept.method.params = kept.params;
    kept.method.scope = is_nodes ? rpc::Scope::any : *needed;
    kept.method.role = is_nodes ? rpc::Role::node : rpc::Role::oper;
    kept.method.handle = hand_over;
    kept.timeout_ms = timeout_ms;
    return GW_OK;
}

gw_status AddedMethods::add_event(std::string_view name, std::string_view scope, bool may_drop, bool to_nodes) {
    const auto names = event_names();
    const bool is_taken = std::find(names.begin(), names.end(), name) != names.end() || find_event(name) != nullptr;
    if (!is_added_name(name) || is_taken) return GW_ERR_ARGUMENT;
    const auto needed = scope.empty() ? rpc::Scope::any : auth::scope_of(scope);
    if (!needed) return GW_ERR_ARGUMENT;
    if (events_.size() >= events_max) return GW_ERR_LIMIT;
    events_.push_back({std::pmr::string(name, memory_), *needed, may_drop, to_nodes});
    return GW_OK;
}

}  // namespace gw::method
