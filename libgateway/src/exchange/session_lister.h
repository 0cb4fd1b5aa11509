// The sessions of an agent, for its tool sessions_list.
#pragma once

#include "exchange/tools.h"

namespace gw::method {
class Core;
}

namespace gw::exchange {

class CoreSessionLister final : public SessionLister {
public:
    explicit CoreSessionLister(method::Core& core) noexcept : core_(core) {}
    std::size_t write_sessions(json::Writer& w, std::string_view agent_id, std::size_t count_max) override;

private:
    method::Core& core_;
};

}  // namespace gw::exchange
