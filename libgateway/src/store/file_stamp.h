// What tells one state of a file of the local disk from another, without reading it.
#pragma once

#include <cstdint>

namespace gw::store {

struct FileStamp {
    std::uint64_t device = 0, inode = 0, size = 0;  // all zero: there is no such file
    std::int64_t modified_ns = 0, changed_ns = 0;
    // So new that what is written next may carry the same times: clocks of file systems have steps.
    bool is_fresh = false;

    // Whether this may be another state than `before`.
    [[nodiscard]] bool may_differ(const FileStamp& before) const noexcept;
};
// Of what the path leads to, through links. `path` ends with a NUL.
[[nodiscard]] FileStamp read_file_stamp(const char* path) noexcept;

}  // namespace gw::store
