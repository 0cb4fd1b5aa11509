#include "exchange/record_log.h"

#include <new>

#include "exchange/gateway.h"
#include "store/handle.h"

namespace gw::exchange {

RecordLog::RecordLog(Gateway& gateway)
    : gateway_(gateway),
      files_("events", file_limits, gateway.memory()),
      turn_(gateway.pool()),
      waiting_(gateway.memory()),
      told_(gateway.memory()) {}

void RecordLog::add(std::string_view line) {
    if (gateway_.config().guardrail.event_file && gateway_.store() != nullptr) keep(line);
    if (gateway_.config().guardrail.event_log) gateway_.log().info({line});
    if (!gateway_.wants_records()) return;
    if (waiting_.size() >= waiting_max || waiting_bytes_ + line.size() > waiting_bytes_max) {
        ++dropped_;
        return;
    }
    waiting_.emplace_back(line);
    waiting_bytes_ += line.size();
    gateway_.enqueue(*this);
}

void RecordLog::keep(std::string_view line) {
    static_cast<void>(turn_.prepare(line.size() + 1));  // from here on nothing fails
    if (turn_count_++ > 0) turn_.append('\n');
    turn_.append(line);
    if (turn_.size() >= turn_bytes_max) flush();
}

void RecordLog::flush() noexcept {
    if (turn_count_ == 0) return;
    gw_status status = GW_ERR_NO_MEMORY;
    try {
        const auto done = files_.append(gateway_.store()->get(), turn_.text(), gateway_.unix_ms());
        status = done ? GW_OK : done.error().status;
    } catch (const std::bad_alloc&) {  // as the status says
    }
    (status == GW_OK ? written_ : dropped_) += turn_count_;
    turn_count_ = 0;
    turn_.clear();
    if (status != GW_OK && !failing_) {
        gateway_.log().error({"event records are being lost: ", gw_strerror(status),
                              ". Look at the disk of the state directory; requests go on"});
    }
    failing_ = status != GW_OK;
}

bool RecordLog::next_event(gw_event& event) noexcept {
    if (waiting_.empty()) return false;
    told_.swap(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= told_.size();
    event.type = GW_EVENT_RECORD;
    event.data = as_str(told_);
    return true;
}

}  // namespace gw::exchange
