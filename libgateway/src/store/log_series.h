// LogSeries: a log without an end, in files that have one.
//
//     append(lines) ─► events/1700000000000.jsonl (full), events/1700000090000.jsonl, ...
//                      the oldest beyond `files_max` go
//
// A file is named after the time at which it began, so that names sort by age. A program that starts again goes on with
// the newest one; nothing but the files themselves is remembered, so that whatever moment a program dies in, they are
// readable: a line that was cut is dropped by the next append.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "store/store.h"

namespace gw::store {

class LogSeries {
public:
    struct Limits {
        std::uint64_t file_bytes_max;  // of one file; one append that is longer has its own
        std::size_t files_max;         // the one that is written included
    };
    // `folder` is a key, and outlives the series.
    LogSeries(std::string_view folder, const Limits& limits, std::pmr::memory_resource* memory)
        : folder_(folder), limits_(limits), file_(memory) {}

    // Adds one record or several, as Store::append_all() does, never to be pushed through to the disk.
    [[nodiscard]] Result<void> append(Store& store, std::string_view records, std::uint64_t unix_ms);

private:
    void begin(Store& store);
    void next_file(Store& store, std::uint64_t unix_ms);
    // The time in the name of one of our files; 0 for anything else.
    [[nodiscard]] std::uint64_t time_of(std::string_view key) const noexcept;

    std::string_view folder_;
    Limits limits_;
    std::pmr::string file_;         // empty: none yet
    std::uint64_t file_bytes_ = 0;  // as far as we know
    bool begun_ = false;
};

}  // namespace gw::store
