// The opaque handles of the C ABI and what is behind them.
#pragma once

#include "exchange/config_handle.h"
#include "exchange/gateway.h"
#include "gateway/conn.h"
#include "gateway/event.h"

namespace gw::api {

inline exchange::Gateway* unwrap(gw_gateway* gateway) { return reinterpret_cast<exchange::Gateway*>(gateway); }
inline const exchange::Gateway* unwrap(const gw_gateway* gateway) {
    return reinterpret_cast<const exchange::Gateway*>(gateway);
}
inline exchange::Conn* unwrap(gw_conn* conn) { return reinterpret_cast<exchange::Conn*>(conn); }
inline const exchange::Conn* unwrap(const gw_conn* conn) { return reinterpret_cast<const exchange::Conn*>(conn); }
inline exchange::ConfigHandle* unwrap(gw_config* config) { return reinterpret_cast<exchange::ConfigHandle*>(config); }
inline const exchange::ConfigHandle* unwrap(const gw_config* config) {
    return reinterpret_cast<const exchange::ConfigHandle*>(config);
}

}  // namespace gw::api
