#include <functional>
#include <unordered_map>

#include "route/route.h"

namespace gw::route {

namespace {

struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

}  // namespace

// Peers only look up, so nobody but us chooses what is in it, and how the hashes fall.
struct MethodTable::State {
    explicit State(std::pmr::memory_resource* resource) : memory(resource), targets(resource) {}
    std::pmr::memory_resource* memory;
    std::pmr::unordered_map<std::pmr::string, std::uint32_t, Hash, std::equal_to<>> targets;
};

MethodTable::MethodTable(std::pmr::memory_resource* memory)
    : state_(std::pmr::polymorphic_allocator<>(memory).new_object<State>(memory)) {}

MethodTable::~MethodTable() { std::pmr::polymorphic_allocator<>(state_->memory).delete_object(state_); }

Result<void> MethodTable::add(std::string_view name, std::uint32_t target) {
    if (name.empty()) return Error{GW_ERR_ARGUMENT, 0, "a method has a name"};
    if (state_->targets.find(name) != state_->targets.end())
        return Error{GW_ERR_ARGUMENT, 0, "the method is there already"};
    state_->targets.emplace(name, target);
    return {};
}

std::optional<std::uint32_t> MethodTable::find(std::string_view name) const noexcept {
    const auto found = state_->targets.find(name);
    if (found == state_->targets.end()) return std::nullopt;
    return found->second;
}

}  // namespace gw::route
