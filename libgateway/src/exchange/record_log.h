// RecordLog: the event records of the guardrail, one JSON object a line: into files of the store, to the log, to the
// host. Never in the way of a stream: what cannot be written is counted and dropped.
//
// Files are events/<time>.jsonl in the state directory, each up to file_bytes_max; the oldest beyond files_max go. They
// are left to the operating system to be written out (no fsync): when the program dies nothing is lost, when the
// machine does, the last seconds may be.
#pragma once

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "exchange/event_source.h"

namespace gw::exchange {

class Gateway;

class RecordLog final : public EventSource {
public:
    static constexpr std::uint64_t file_bytes_max = 50U << 20U;
    static constexpr std::size_t files_max = 6;                                      // the one that is written included
    static constexpr std::size_t waiting_max = 1024, waiting_bytes_max = 4U << 20U;  // for the host

    explicit RecordLog(Gateway& gateway);
    // Takes one record; `line` has no line feed.
    void add(std::string_view line);
    bool next_event(gw_event& event) noexcept override;

    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    void append(std::string_view line);
    void open_file();
    void remove_old_files();

    Gateway& gateway_;
    std::pmr::string file_;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t written_ = 0, dropped_ = 0;
    bool failing_ = false;
    std::pmr::deque<std::pmr::string> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::pmr::string told_;  // the one that the host is looking at
};

}  // namespace gw::exchange
