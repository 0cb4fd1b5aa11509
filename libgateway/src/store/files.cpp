#include "store/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/buffer.h"
#include "store/directory_store.h"

namespace gw::store {

namespace {

constexpr std::size_t inner_path_bytes_max = 1024;
constexpr std::size_t name_bytes_max = 255;

Error open_error(int code) {
    switch (code) {
    case ENOENT:
    case ENOTDIR: return {GW_DONE, 0, "there is no such file"};
    case ELOOP:
    case ENXIO: return {GW_ERR_STATE, 0, "it is no regular file"};
    case ENOMEM: return {GW_ERR_NO_MEMORY, 0, "the operating system has no memory"};
    default: return {GW_ERR_IO, 0, "the file cannot be read"};
    }
}

File open_below(int directory, const char* name, int flags) noexcept {
    for (;;) {
        const int fd = ::openat(directory, name, flags | O_RDONLY | O_CLOEXEC);
        if (fd >= 0 || errno != EINTR) return File(fd);
    }
}

class LocalFile final : public OpenFile {
public:
    LocalFile(File fd, const struct stat& facts) noexcept : fd_(std::move(fd)) {
        size_ = static_cast<std::uint64_t>(facts.st_size);
        // A change that keeps size, inode and the time to the nanosecond is not made by accident.
        const std::array<std::uint64_t, 4> parts{static_cast<std::uint64_t>(facts.st_ino), size_,
                                                 static_cast<std::uint64_t>(facts.st_mtim.tv_sec),
                                                 static_cast<std::uint64_t>(facts.st_mtim.tv_nsec)};
        version_ = 0xCBF29CE484222325U;
        for (const std::uint64_t part : parts) {
            version_ ^= part;
            version_ *= 0x9E3779B97F4A7C15U;
            version_ ^= version_ >> 32U;
        }
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> room) noexcept override {
        for (;;) {
            const ssize_t got = ::pread(fd_.get(), room.data(), room.size(), static_cast<off_t>(offset));
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) return Error{GW_ERR_IO, 0, "the file cannot be read"};
        }
    }

private:
    File fd_;
};

class LentFile final : public OpenFile {
public:
    LentFile(const Allocator& allocator, void* data, std::size_t size) noexcept
        : allocator_(allocator), data_(data), bytes_(size) {
        size_ = size;
        version_ = 0xCBF29CE484222325U;  // FNV-1a of the content: the host tells no time of change
        for (const std::byte b : std::span(static_cast<const std::byte*>(data), size)) {
            version_ ^= static_cast<std::uint64_t>(b);
            version_ *= 0x100000001B3U;
        }
    }
    ~LentFile() override { allocator_.free(allocator_.user, data_, bytes_); }
    LentFile(const LentFile&) = delete;
    LentFile& operator=(const LentFile&) = delete;
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> room) noexcept override {
        if (offset >= bytes_) return std::size_t{0};
        const std::size_t size = std::min<std::size_t>(room.size(), bytes_ - static_cast<std::size_t>(offset));
        std::memcpy(room.data(), static_cast<const std::byte*>(data_) + offset, size);
        return size;
    }

private:
    Allocator allocator_;
    void* data_;
    std::size_t bytes_;
};

}  // namespace

bool is_inner_path(std::string_view path) noexcept {
    if (path.empty() || path.size() > inner_path_bytes_max) return false;
    for (;;) {
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        if (segment.empty() || segment.size() > name_bytes_max || segment.front() == '.') return false;
        if (segment.find('\0') != std::string_view::npos || segment.find('\\') != std::string_view::npos) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

Result<Owned<OpenFile>> LocalFiles::open(std::string_view root, std::string_view path,
                                         std::pmr::memory_resource* memory) {
    if (!is_inner_path(path) || root.empty() || root.find('\0') != std::string_view::npos)
        return Error{GW_ERR_ARGUMENT, 0, "it is no path below the directory"};
    const std::pmr::string directory(root, memory);
    File at = open_below(AT_FDCWD, directory.c_str(), O_DIRECTORY);
    int code = errno;
    std::array<char, name_bytes_max + 1> name;
    while (at) {
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        *std::copy(segment.begin(), segment.end(), name.begin()) = '\0';
        const bool last = slash == std::string_view::npos;
        // A FIFO must not make us wait for its writer.
        at = open_below(at.get(), name.data(), O_NOFOLLOW | (last ? O_NONBLOCK | O_NOCTTY : O_DIRECTORY));
        code = errno;
        if (last) break;
        path.remove_prefix(slash + 1);
    }
    if (!at) return open_error(code);
    struct stat facts {};
    if (::fstat(at.get(), &facts) != 0) return Error{GW_ERR_IO, 0, "the file cannot be read"};
    if (!S_ISREG(facts.st_mode)) return Error{GW_ERR_STATE, 0, "it is no regular file"};
    return Owned<OpenFile>(make_owned<LocalFile>(memory, std::move(at), facts));
}

Result<Owned<OpenFile>> LentFiles::open(std::string_view root, std::string_view path,
                                        std::pmr::memory_resource* memory) {
    if (!is_inner_path(path) || root.empty()) return Error{GW_ERR_ARGUMENT, 0, "it is no path below the directory"};
    std::pmr::string whole(root, memory);
    if (!whole.ends_with('/')) whole += '/';
    whole += path;
    void* data = nullptr;
    std::size_t size = 0;
    const gw_status status = host_.read_file(host_.user, as_str(whole), file_bytes_max, &data, &size);
    // The host says one thing for a file that is not there and for one that cannot be read.
    if (status == GW_ERR_IO) return Error{GW_DONE, 0, "there is no such file"};
    if (status != GW_OK) return Error{status, 0, "the file cannot be read"};
    const Allocator allocator = Allocator::from(&host_);
    try {
        return Owned<OpenFile>(make_owned<LentFile>(memory, allocator, data, size));
    } catch (...) {
        allocator.free(allocator.user, data, size);
        throw;
    }
}

}  // namespace gw::store
