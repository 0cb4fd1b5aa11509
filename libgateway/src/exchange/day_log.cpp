#include "exchange/day_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/calendar.h"

namespace gw::exchange {

namespace {

constexpr int days_kept = 7;

void append_quoted(std::pmr::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    out += '"';
}

struct LevelName {
    std::string_view name;
    std::string_view id;
};
LevelName name_of(gw_log_level level) noexcept {
    switch (level) {
    case GW_LOG_ERROR: return {"ERROR", "5"};
    case GW_LOG_WARN: return {"WARN", "4"};
    case GW_LOG_INFO: return {"INFO", "3"};
    case GW_LOG_DEBUG: break;
    }
    return {"DEBUG", "2"};
}

}  // namespace

DayLog::DayLog(std::pmr::memory_resource* memory)
    : memory_(memory), directory_(memory), path_(memory), early_(memory) {}

void DayLog::configure(const config::Logging& logging, std::string_view state_dir) {
    level_ = logging.level;
    by_day_ = logging.file.empty();
    directory_.clear();
    path_ = logging.file;
    if (by_day_ && !state_dir.empty()) {
        directory_ = state_dir;
        directory_ += "/logs";
    }
    day_ = -1;
    file_.close();
}

std::pmr::string DayLog::name_of_day(std::int64_t day) const {
    std::pmr::string out(directory_, memory_);
    out += "/openclaw-";
    out += format_date(std::max<std::int64_t>(day, 0)).view();
    out += ".log";
    return out;
}

void DayLog::open_day() {
    const std::int64_t day = day_of(unix_ms_);
    if (day == day_ && file_) return;
    if (by_day_) {
        if (directory_.empty()) return;
        path_ = name_of_day(day);
        ::mkdir(directory_.c_str(), 0700);
        if (day != day_) {
            for (int back = days_kept; back < 3 * days_kept; ++back) ::unlink(name_of_day(day - back).c_str());
        }
    }
    const bool again = day == day_;  // it could not be opened before
    day_ = day;
    if (again || path_.empty()) return;
    file_ = store::File(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat about {};
    size_ = file_ && ::fstat(file_.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

void DayLog::write(gw_log_level level, std::string_view line) noexcept {
    if (level_ == config::LogLevel::silent || static_cast<int>(level) + 1 > static_cast<int>(level_)) return;
    try {
        if (unix_ms_ == 0) {
            if (early_.size() < early_lines_max) early_.push_back({level, std::pmr::string(line, memory_)});
            return;
        }
        open_day();
        if (!file_ || size_ > file_bytes_max) return;
        const Timestamp time = format_timestamp(unix_ms_);
        const std::string_view now = time.view();
        const LevelName name = name_of(level);
        std::pmr::string out(R"({"0":"{\"subsystem\":\"gateway\"}","1":)", memory_);
        append_quoted(out, line);
        out += R"(,"_meta":{"name":"{\"subsystem\":\"gateway\"}","date":")";
        out += now;
        out += R"(","logLevelId":)";
        out += name.id;
        out += R"(,"logLevelName":")";
        out += name.name;
        out += R"("},"time":")";
        out += now;
        out += "\"}\n";
        // One write of one line: two processes never mix theirs.
        const ssize_t written = ::write(file_.get(), out.data(), out.size());
        if (written > 0) size_ += static_cast<std::uint64_t>(written);
    } catch (const std::bad_alloc&) {
        return;  // a line is lost
    }
}

void DayLog::write_early() noexcept {
    const std::pmr::vector<Line> lines = std::move(early_);
    early_.clear();
    for (const Line& line : lines) write(line.level, line.text);
}

DayLog::Tail DayLog::tail(std::optional<std::uint64_t> cursor, std::size_t line_count_max,
                          std::size_t bytes_max) const {
    Tail out(memory_);
    out.file = path_;
    if (path_.empty()) return out;
    const store::File file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat about {};
    if (!file || ::fstat(file.get(), &about) != 0) return out;
    out.size = static_cast<std::uint64_t>(about.st_size);
    out.reset = cursor && *cursor > out.size;
    std::uint64_t from = cursor && !out.reset ? *cursor : 0;
    bool cut = false;  // `from` may lie inside a line
    if (out.size - from > bytes_max) {
        from = out.size - bytes_max;
        out.truncated = cut = true;
    }
    std::pmr::string text(static_cast<std::size_t>(out.size - from), '\0', memory_);
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got =
            ::pread(file.get(), text.data() + size, text.size() - size, static_cast<off_t>(from + size));
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    // A line that is not finished comes with the next call.
    const std::size_t end = text.rfind('\n') + 1;  // 0 when there is none
    out.cursor = from + end;
    std::string_view rest = std::string_view(text).substr(0, end);
    if (cut && !rest.empty()) rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
    const auto count = static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\n'));
    std::size_t skip = count > line_count_max ? count - line_count_max : 0;
    out.truncated = out.truncated || skip > 0;
    while (!rest.empty()) {
        const std::size_t line_end = rest.find('\n');
        if (skip > 0) {
            --skip;
        } else {
            out.lines.emplace_back(rest.substr(0, line_end));
        }
        rest.remove_prefix(line_end + 1);
    }
    return out;
}

}  // namespace gw::exchange
