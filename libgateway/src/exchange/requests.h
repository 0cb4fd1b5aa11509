// Requests that the host answers, by id; those whose client left are told once, with REQUEST_CANCELLED.
#pragma once

#include <memory_resource>

#include "core/id_table.h"
#include "exchange/event_source.h"

namespace gw::exchange {

class ServerConn;

class Requests final : public EventSource {
public:
    explicit Requests(std::pmr::memory_resource* memory) : table(memory) {}
    bool next_event(gw_event& event) noexcept override {
        event.type = GW_EVENT_REQUEST_CANCELLED;
        event.request = table.next_cancelled().id;
        return event.request != 0;
    }

    IdTable<ServerConn> table;
};

}  // namespace gw::exchange
