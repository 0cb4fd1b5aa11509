// What answers which path: our endpoints and the routes that the host added, in one router.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "exchange/endpoints.h"
#include "route/route.h"

namespace gw::exchange {

struct HostRoute {
    std::uint32_t number = 0;
    bool is_public = false;
    std::uint64_t body_bytes_max = 0;
};

class Routes {
public:
    explicit Routes(std::pmr::memory_resource* memory);  // with our own endpoints

    [[nodiscard]] gw_status add_host_route(std::string_view method, std::string_view pattern, const HostRoute& route);
    [[nodiscard]] route::Match match(std::string_view method, std::string_view target) {
        return router_.match(method, target);
    }
    // What a match's target stands for: one of the two is null.
    [[nodiscard]] static const Endpoint* endpoint(std::uint32_t target) noexcept;
    [[nodiscard]] const HostRoute* host_route(std::uint32_t target) const noexcept;

private:
    static constexpr std::uint32_t host_first = 1000;  // host_first + index: a route of the host
    route::Router router_;
    std::pmr::vector<HostRoute> host_routes_;
};

}  // namespace gw::exchange
