// Files: reading what lies below a directory that the configuration names: pages, pictures, what agents show.
//
//     open("/srv/ui", "assets/app.js")  -->  OpenFile: size, version, read(offset, room)
//
// The local file system by default. A host that lends gw_host.read_file serves these files, too; each is then held in
// memory while it is open, because that function gives a whole file. Calls may wait for a disk, as those of a store do.
//
// No path leads out of its directory: segments that begin with a dot are refused, so "." and "..", and links below the
// directory are not followed. The directory itself may be reached through links: it was named by its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

#include "core/memory.h"
#include "core/owned.h"
#include "core/result.h"

namespace gw::store {

// One regular file that is being read.
class OpenFile {
public:
    OpenFile() = default;
    virtual ~OpenFile() = default;
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    // Another number whenever the content is another one.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    // Reads up to `room.size()` bytes from `offset` on; 0 at the end. The file may have become shorter than size().
    [[nodiscard]] virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> room) noexcept = 0;

protected:
    std::uint64_t size_ = 0;
    std::uint64_t version_ = 0;
};

class Files {
public:
    virtual ~Files() = default;
    // `root` is a directory, `path` relative to it: is_inner_path(). GW_DONE as an error: there is no such file.
    // GW_ERR_ARGUMENT: no inner path. GW_ERR_STATE: it is a directory, a link, or no regular file. GW_ERR_LIMIT: too
    // large to be held. GW_ERR_IO: it is there and cannot be read.
    [[nodiscard]] virtual Result<Owned<OpenFile>> open(std::string_view root, std::string_view path,
                                                       std::pmr::memory_resource* memory) = 0;
};

class LocalFiles final : public Files {
public:
    [[nodiscard]] Result<Owned<OpenFile>> open(std::string_view root, std::string_view path,
                                               std::pmr::memory_resource* memory) override;
};

// Through gw_host.read_file, which must not be null.
class LentFiles final : public Files {
public:
    static constexpr std::size_t file_bytes_max = 16U << 20U;
    explicit LentFiles(const gw_host& host) noexcept : host_(host) {}
    [[nodiscard]] Result<Owned<OpenFile>> open(std::string_view root, std::string_view path,
                                               std::pmr::memory_resource* memory) override;

private:
    gw_host host_;
};

// 1 to 1024 bytes: segments of 1 to 255 bytes between single slashes, none with a dot at its beginning, a NUL or a
// backslash.
[[nodiscard]] bool is_inner_path(std::string_view path) noexcept;

}  // namespace gw::store
