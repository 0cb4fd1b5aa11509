// Endpoints: every path of our own, in one table.
//
//     method, pattern ─► who may call ─► is it enabled ─► how large a body ─► the HttpRun that answers
//
// The control page is not in it: it answers what nothing else does (StaticRun).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config/config.h"
#include "core/owned.h"
#include "endpoint/error_form.h"
#include "exchange/http_run.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

enum class Access : std::uint8_t {
    open,   // everybody
    read,   // who has the credentials of gateway.auth, with the scope operator.read
    write,  // ... operator.write
};

struct Endpoint {
    std::string_view method, pattern;
    Access access = Access::write;
    // Null: always there.
    bool (*enabled)(const config::Config& config) = nullptr;
    std::string_view disabled_text;
    // Null: gw_limits.body_bytes_max.
    std::uint64_t (*body_bytes_max)(const config::Config& config) = nullptr;
    Owned<HttpRun> (*make)(Gateway& gateway, ServerConn& client) = nullptr;
};

[[nodiscard]] std::span<const Endpoint> endpoints() noexcept;

}  // namespace gw::exchange
