#include "exchange/routes.h"

#include <cassert>

namespace gw::exchange {

Routes::Routes(std::pmr::memory_resource* memory) : router_(memory), host_routes_(memory) {
    std::uint32_t target = 0;
    std::pmr::string versioned(memory);
    for (const Endpoint& endpoint : endpoints()) {
        [[maybe_unused]] auto added = router_.add(endpoint.method, endpoint.pattern, target);
        assert(added);
        // What stands below /api is version 1 of the REST API, and answers under that name, too.
        constexpr std::string_view api = "/api/";
        if (endpoint.pattern.starts_with(api)) {
            (versioned = "/api/v1/") += endpoint.pattern.substr(api.size());
            added = router_.add(endpoint.method, versioned, target);
            assert(added);
        }
        ++target;
    }
}

gw_status Routes::add_host_route(std::string_view method, std::string_view pattern, const HostRoute& route) {
    host_routes_.push_back(route);
    const auto target = host_first + static_cast<std::uint32_t>(host_routes_.size() - 1);
    const auto added = router_.add(method, pattern, target);
    if (added) return GW_OK;
    host_routes_.pop_back();
    return added.error().status;
}

const Endpoint* Routes::endpoint(std::uint32_t target) noexcept {
    return target < endpoints().size() ? &endpoints()[target] : nullptr;
}

const HostRoute* Routes::host_route(std::uint32_t target) const noexcept {
    return target < host_first || target - host_first >= host_routes_.size() ? nullptr
                                                                             : &host_routes_[target - host_first];
}

}  // namespace gw::exchange
