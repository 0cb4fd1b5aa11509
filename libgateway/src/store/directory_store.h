// A store that is a directory: one file per key, readable by a person, private to its owner (files 0600, directories
// 0700).
//
//     put      write .<name>.tmp beside it, fsync, rename over it, fsync the directory: old or new, never half
//     append   one write at the end; on failure the file is cut back; fsync when asked for. The file stays open until
//              another log is appended to, and is opened again when its name leads elsewhere or its size is not ours
//
// Keys never lead outside: every step is an openat() that refuses symbolic links.
#pragma once

#include <unistd.h>

#include <utility>

#include "store/store.h"

namespace gw::store {

// Owns a file descriptor.
class File {
public:
    File() noexcept = default;
    explicit File(int fd) noexcept : fd_(fd) {}
    ~File() { close(); }
    File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

// When a write is pushed through to the disk.
enum class Sync : std::uint8_t {
    as_asked,  // puts, and appends with Durability::durable
    always,    // every write
    never,     // left to the operating system: a crash of the machine may lose or tear what was written last
};

class DirectoryStore final : public Store {
public:
    struct Options {
        Sync sync = Sync::as_asked;
        bool exclusive = false;  // refuse to share the directory with another store that is exclusive, in any process
    };

    DirectoryStore(const Limits& limits, const Options& options, std::pmr::memory_resource* memory) noexcept
        : Store(limits), options_(options), memory_(memory), log_(memory) {}

    // Opens the directory, making it and what leads there if need be. GW_ERR_STATE: it is exclusively somebody else's.
    [[nodiscard]] Result<void> open(std::string_view path);

private:
    Result<void> do_append(std::string_view log, std::string_view records, Durability durability) override;
    Result<void> do_read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) override;
    Result<void> do_put(std::string_view key, std::string_view value) override;
    Result<bool> do_get(std::string_view key, Buffer& out) override;
    Result<bool> do_remove(std::string_view key) override;
    Result<void> do_list(std::string_view prefix, Listing& out) override;
    Result<std::optional<std::uint64_t>> do_size(std::string_view key) override;
    Result<bool> do_move(std::string_view from, std::string_view to, Buffer& scratch) override;

    enum class Missing : std::uint8_t { keep, make };
    // The directory that a key's last segment lies in; an empty File when it does not exist.
    [[nodiscard]] Result<File> open_parent(std::string_view key, Missing missing) const;
    // The file of a key for reading, with its size; an empty File when there is none.
    [[nodiscard]] Result<File> open_value(std::string_view key, std::uint64_t& size) const;
    // Makes `log_` that log, as it is now, ready for its next record. `made`: there was none.
    [[nodiscard]] Result<void> open_log(std::string_view log, bool& made);
    [[nodiscard]] bool is_open(std::string_view log) const noexcept;
    // Its bytes must not stay on the disk because we have it open.
    void close_log(std::string_view key) noexcept {
        if (log_.key == key) log_.file.close();
    }
    [[nodiscard]] Result<void> lock();
    // `key` is where `directory` lies, with its slash; it is the same again afterwards.
    [[nodiscard]] Result<void> walk(File directory, std::pmr::string& key, std::string_view prefix, Listing& out) const;
    [[nodiscard]] bool syncs(Durability durability) const noexcept {
        return options_.sync == Sync::always || (options_.sync == Sync::as_asked && durability == Durability::durable);
    }

    // The log that was appended to last.
    struct OpenLog {
        explicit OpenLog(std::pmr::memory_resource* memory) : key(memory) {}
        std::pmr::string key;
        File file;
        std::uint64_t device = 0, inode = 0;  // of that file
        std::uint64_t end = 0;                // behind its last record
    };

    Options options_;
    std::pmr::memory_resource* memory_;
    File root_;
    File lock_;
    OpenLog log_;
    std::uint64_t temporaries_ = 0;  // names for temporary files of stores that share their directory
};

}  // namespace gw::store
