// What stands in the event queue. An event is a state of an object ("this connection has output"), not a record: the
// object is in the queue at most once and says what it wants when its turn comes. So the queue never allocates, never
// grows beyond the objects there are, and forgets an object that dies.
#pragma once

#include "core/list.h"
#include "gateway/event.h"

namespace gw::exchange {

class EventSource {
public:
    EventSource() noexcept : in_queue(this) {}
    EventSource(const EventSource&) = delete;
    EventSource& operator=(const EventSource&) = delete;

    // Writes the next thing it wants into `event`. False when there is nothing (any more); it leaves the queue then.
    virtual bool next_event(gw_event& event) noexcept = 0;

    Link<EventSource> in_queue;

protected:
    ~EventSource() = default;
};

}  // namespace gw::exchange
