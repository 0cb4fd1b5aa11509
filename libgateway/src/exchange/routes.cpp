#include "exchange/routes.h"

#include <cassert>

namespace gw::exchange {

namespace {

struct Entry {
    std::string_view method, pattern;
    Target target;
};
constexpr Entry entries[] = {
    {"GET", "/health", Target::health},     {"GET", "/healthz", Target::healthz},
    {"GET", "/ready", Target::ready},       {"GET", "/readyz", Target::ready},
    {"GET", "/startupz", Target::startupz}, {"POST", "/v1/chat/completions", Target::chat_completions},
    {"GET", "/v1/models", Target::models},  {"GET", "/v1/models/*id", Target::model},
};

}  // namespace

Routes::Routes(std::pmr::memory_resource* memory) : router_(memory), host_routes_(memory) {
    for (const Entry& entry : entries) {
        [[maybe_unused]] const auto added =
            router_.add(entry.method, entry.pattern, static_cast<std::uint32_t>(entry.target));
        assert(added);
    }
}

gw_status Routes::add_host_route(std::string_view method, std::string_view pattern, const HostRoute& route) {
    host_routes_.push_back(route);
    const auto target =
        static_cast<std::uint32_t>(Target::host_first) + static_cast<std::uint32_t>(host_routes_.size() - 1);
    const auto added = router_.add(method, pattern, target);
    if (added) return GW_OK;
    host_routes_.pop_back();
    return added.error().status;
}

const HostRoute* Routes::host_route(std::uint32_t target) const noexcept {
    const auto first = static_cast<std::uint32_t>(Target::host_first);
    return target < first || target - first >= host_routes_.size() ? nullptr : &host_routes_[target - first];
}

}  // namespace gw::exchange
