#include "store/log_series.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace gw::store {

namespace {

constexpr std::string_view suffix = ".jsonl";
constexpr std::size_t digit_count = 13;  // milliseconds until the year 2286

}  // namespace

std::uint64_t LogSeries::time_of(std::string_view key) const noexcept {
    if (key.size() != folder_.size() + 1 + digit_count + suffix.size() || !key.ends_with(suffix)) return 0;
    const std::string_view digits = key.substr(folder_.size() + 1, digit_count);
    std::uint64_t time = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), time);
    return read.ec == std::errc{} && read.ptr == digits.data() + digits.size() ? time : 0;
}

Result<void> LogSeries::append(Store& store, std::string_view records, std::uint64_t unix_ms) {
    if (!begun_) begin(store);
    const std::uint64_t size = records.size() + 1;
    const bool fits =
        file_bytes_ == 0 || (size <= limits_.file_bytes_max && file_bytes_ <= limits_.file_bytes_max - size);
    if (file_.empty() || !fits) next_file(store, unix_ms);
    const auto done = store.append_all(file_, records, Durability::buffered);
    if (done) file_bytes_ += size;
    return done;
}

void LogSeries::begin(Store& store) {
    Listing files(file_.get_allocator());
    if (store.list(folder_, files)) {
        for (const Entry& entry : files) {
            if (time_of(entry.key) == 0) continue;
            file_ = entry.key;  // in byte order: the last one is the newest
            file_bytes_ = entry.size;
        }
    }
    begun_ = true;
}

void LogSeries::next_file(Store& store, std::uint64_t unix_ms) {
    // Where the clock was set back the name still sorts behind the one before.
    const std::uint64_t time = std::max(unix_ms, time_of(file_) + 1);
    std::array<char, 20> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), time).ptr;
    const std::string_view number(digits.data(), static_cast<std::size_t>(end - digits.data()));
    std::pmr::string next(folder_, file_.get_allocator());
    next += '/';
    next.append(digit_count - std::min(number.size(), digit_count), '0').append(number).append(suffix);
    Listing files(file_.get_allocator());
    if (store.list(folder_, files)) {
        std::erase_if(files, [this](const Entry& entry) { return time_of(entry.key) == 0; });
        for (std::size_t i = 0; i + limits_.files_max <= files.size(); ++i) {
            if (!store.remove(files[i].key)) break;  // tried again with the next file
        }
    }
    file_ = std::move(next);
    file_bytes_ = 0;
}

}  // namespace gw::store
