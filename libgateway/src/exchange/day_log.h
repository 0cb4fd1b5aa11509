// The log of a day: one file, one JSON object a line, which logs.tail reads back.
//
//     Log -- level, line --> DayLog --> <state directory>/logs/openclaw-2026-11-21.log, or logging.file
//                                  <-- tail(cursor)
//
// Writing never fails loudly: a full disk must not stop a gateway. Files of a week ago are removed.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/timers.h"
#include "gateway/base.h"
#include "store/directory_store.h"

namespace gw::exchange {

class DayLog {
public:
    static constexpr std::uint64_t file_bytes_max = 256U << 20U;  // of one day; what comes after is dropped

    explicit DayLog(std::pmr::memory_resource* memory);

    // From now on into these files. With neither a state directory nor logging.file: nowhere.
    void configure(const config::Logging& logging, std::string_view state_dir);
    void set_time(std::uint64_t unix_ms) noexcept {
        unix_ms_ = unix_ms;
        if (!early_.empty()) write_early();
    }
    // Before the first set_time() it is kept, as much as early_lines_max: the day is not known yet.
    void write(gw_log_level level, std::string_view line) noexcept;

    struct Tail {
        explicit Tail(std::pmr::memory_resource* memory) : file(memory), lines(memory) {}
        std::pmr::string file;
        std::uint64_t cursor = 0;  // where to go on
        std::uint64_t size = 0;    // of the file
        std::pmr::vector<std::pmr::string> lines;
        bool truncated = false;  // there was more than asked for
        bool reset = false;      // the cursor lay behind the end: another file, or a cut one
    };
    // What was written since `cursor`; without one, the last lines.
    [[nodiscard]] Tail tail(std::optional<std::uint64_t> cursor, std::size_t line_count_max,
                            std::size_t bytes_max) const;

    [[nodiscard]] std::string_view path() const noexcept { return path_; }

private:
    static constexpr std::size_t early_lines_max = 64;
    struct Line {
        gw_log_level level;
        std::pmr::string text;
    };
    void write_early() noexcept;
    void open_day();
    [[nodiscard]] std::pmr::string name_of_day(std::int64_t day) const;

    std::pmr::memory_resource* memory_;
    config::LogLevel level_ = config::LogLevel::silent;
    std::pmr::string directory_, path_;
    bool by_day_ = true;
    std::int64_t day_ = -1;
    std::uint64_t unix_ms_ = 0;
    std::uint64_t size_ = 0;
    store::File file_;
    std::pmr::vector<Line> early_;
};

}  // namespace gw::exchange
