#include "store/file_stamp.h"

#include <sys/stat.h>

#include <ctime>

namespace gw::store {

namespace {

constexpr std::int64_t fresh_ns = 50000000;  // more than a step of any clock

std::int64_t nanoseconds(const timespec& time) noexcept {
    return std::int64_t{time.tv_sec} * 1000000000 + time.tv_nsec;
}

}  // namespace

bool FileStamp::may_differ(const FileStamp& before) const noexcept {
    return before.is_fresh || device != before.device || inode != before.inode || size != before.size ||
           modified_ns != before.modified_ns || changed_ns != before.changed_ns;
}

FileStamp read_file_stamp(const char* path) noexcept {
    struct stat facts {};
    if (::stat(path, &facts) != 0) return {};
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    FileStamp out{facts.st_dev, facts.st_ino, static_cast<std::uint64_t>(facts.st_size), nanoseconds(facts.st_mtim),
                  nanoseconds(facts.st_ctim)};
    out.is_fresh = nanoseconds(now) - out.changed_ns < fresh_ns;
    return out;
}

}  // namespace gw::store
