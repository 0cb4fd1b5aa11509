// RecordLog: the event records of the guardrail, one JSON object a line: into files of the store, to the log, to the
// host. Never in the way of a stream: what cannot be written is counted and dropped.
//
// Files are events/<time>.jsonl in the state directory (store/log_series.h). What one turn of the host's loop says is
// written at its end, in one piece, and left to the operating system (no fsync): when the program dies, the records of
// the turn it died in are lost, when the machine does, those of the last seconds may be.
#pragma once

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "exchange/event_source.h"
#include "store/log_series.h"

namespace gw::exchange {

class Gateway;

class RecordLog final : public EventSource {
public:
    static constexpr store::LogSeries::Limits file_limits{50U << 20U, 6};
    static constexpr std::size_t turn_bytes_max = 64U << 10U;  // a turn that says more is written in several pieces
    static constexpr std::size_t waiting_max = 1024, waiting_bytes_max = 4U << 20U;  // for the host

    explicit RecordLog(Gateway& gateway);
    // Takes one record; `line` has no line feed.
    void add(std::string_view line);
    // The turn is over: what it said goes into the file.
    void flush() noexcept;
    bool next_event(gw_event& event) noexcept override;

    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    void keep(std::string_view line);

    Gateway& gateway_;
    store::LogSeries files_;
    Buffer turn_;  // the lines of this turn, joined by line feeds
    std::uint64_t turn_count_ = 0;
    std::uint64_t written_ = 0, dropped_ = 0;
    bool failing_ = false;
    std::pmr::deque<std::pmr::string> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::pmr::string told_;  // the one that the host is looking at
};

}  // namespace gw::exchange
