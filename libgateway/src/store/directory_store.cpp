#include "store/directory_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace gw::store {

namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t directory_mode = 0700;

Error error_of(int code) {
    switch (code) {
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY: return {GW_ERR_STATE, 0, "another key is in the way of this one"};
    case ELOOP: return {GW_ERR_STATE, 0, "a symbolic link is in the way of the key"};
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return {GW_ERR_IO, 0, "the disk is full"};
    case EACCES:
    case EPERM:
    case EROFS: return {GW_ERR_IO, 0, "the file may not be written or read"};
    case EMFILE:
    case ENFILE: return {GW_ERR_IO, 0, "too many files are open"};
    case ENOMEM: return {GW_ERR_NO_MEMORY, 0, "the operating system has no memory"};
    default: return {GW_ERR_IO, 0, "the file system failed"};
    }
}
Error last_error() { return error_of(errno); }

// A name with the NUL that system calls want. Long enough for a segment and what a temporary file's name has around it.
class Name {
public:
    explicit Name(std::string_view text) noexcept { add(text); }
    Name& add(std::string_view text) noexcept {
        const std::size_t size = std::min(text.size(), text_.size() - 1 - size_);
        std::memcpy(text_.data() + size_, text.data(), size);
        size_ += size;
        text_[size_] = '\0';
        return *this;
    }
    Name& add(std::uint64_t number) noexcept {
        std::array<char, 20> digits{};
        const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

private:
    std::array<char, 256> text_{};
    std::size_t size_ = 0;
};

std::string_view last_segment(std::string_view key) { return key.substr(key.rfind('/') + 1); }  // npos + 1 == 0

template <typename Call>
auto retry(Call&& call) noexcept {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

File open_at(int directory, const char* name, int flags) noexcept {
    return File(retry([&] { return ::openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW, file_mode); }));
}

bool sync_file(int fd) noexcept {
    return retry([&] { return ::fsync(fd); }) == 0;
}

bool write_all(int fd, std::string_view first, std::string_view second) noexcept {
    while (!first.empty() || !second.empty()) {
        std::array<iovec, 2> parts{iovec{const_cast<char*>(first.data()), first.size()},
                                   iovec{const_cast<char*>(second.data()), second.size()}};
        const ssize_t written = retry([&] { return ::writev(fd, parts.data(), static_cast<int>(parts.size())); });
        if (written < 0) return false;
        const auto size = static_cast<std::size_t>(written);
        const std::size_t of_first = std::min(size, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(size - of_first);
    }
    return true;
}

ssize_t read_at(int fd, void* to, std::size_t size, std::uint64_t offset) noexcept {
    return retry([&] { return ::pread(fd, to, size, static_cast<off_t>(offset)); });
}

// Reads `size` bytes from `offset` on, or up to the end of the file.
Result<void> read_into(int fd, std::uint64_t offset, std::size_t size, Buffer& out) {
    while (size > 0) {
        const auto room = out.prepare(size);
        const ssize_t got = read_at(fd, room.data(), std::min(size, room.size()), offset);
        if (got < 0) return last_error();
        if (got == 0) break;
        out.commit(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
        size -= static_cast<std::size_t>(got);
    }
    return {};
}

// Where the whole records of a log end: after its last line feed.
Result<std::uint64_t> end_of_records(int fd, std::uint64_t size) noexcept {
    std::array<char, 4096> piece{};
    char last = '\n';
    if (size > 0 && read_at(fd, &last, 1, size - 1) != 1) return last_error();
    if (last == '\n') return size;
    while (size > 0) {
        const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(size, piece.size()));
        const ssize_t got = read_at(fd, piece.data(), length, size - length);
        if (got != static_cast<ssize_t>(length)) return Error{GW_ERR_IO, 0, "the file system failed"};
        const std::size_t at = std::string_view(piece.data(), length).rfind('\n');
        if (at != std::string_view::npos) return size - length + at + 1;
        size -= length;
    }
    return size;
}

bool cut(int fd, std::uint64_t size) noexcept {
    return retry([&] { return ::ftruncate(fd, static_cast<off_t>(size)); }) == 0;
}

// Opens one directory on the way to a key, made if need be and allowed; an empty File when it does not exist, and also
// when something else has its name and nothing was to be made: then nothing is below it either.
Result<File> open_directory(int parent, const char* name, bool make, bool sync) noexcept {
    File directory = open_at(parent, name, O_RDONLY | O_DIRECTORY);
    if (!directory && errno == ENOENT && make) {
        if (::mkdirat(parent, name, directory_mode) != 0 && errno != EEXIST) return last_error();
        if (sync && !sync_file(parent)) return last_error();
        directory = open_at(parent, name, O_RDONLY | O_DIRECTORY);
    }
    if (directory) return directory;
    const int code = errno;
    struct stat facts {};
    if (::fstatat(parent, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(facts.st_mode)) return error_of(ELOOP);
    if ((code == ENOENT || code == ENOTDIR) && !make) return directory;
    return error_of(code);
}

}  // namespace

Result<void> DirectoryStore::open(std::string_view path) {
    if (path.empty() || path.find('\0') != std::string_view::npos)
        return Error{GW_ERR_ARGUMENT, 0, "the path is not valid"};
    std::pmr::string text(path, memory_);
    // Every directory that is missing on the way. Symbolic links are fine here: the path is the owner's word.
    for (std::size_t slash = text.find('/', 1); slash != std::string::npos; slash = text.find('/', slash + 1)) {
        text[slash] = '\0';
        const bool failed = ::mkdir(text.c_str(), directory_mode) != 0 && errno == ENOENT;
        text[slash] = '/';
        if (failed) return last_error();
    }
    if (::mkdir(text.c_str(), directory_mode) != 0 && errno != EEXIST) return last_error();
    root_ = File(retry([&] { return ::open(text.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!root_) return last_error();
    return options_.exclusive ? lock() : Result<void>{};
}

// The lock goes with the process, however that ends. The number inside tells people who has it.
Result<void> DirectoryStore::lock() {
    lock_ = open_at(root_.get(), ".lock", O_RDWR | O_CREAT);
    if (!lock_) return last_error();
    if (retry([&] { return ::flock(lock_.get(), LOCK_EX | LOCK_NB); }) != 0) {
        if (errno == EWOULDBLOCK) return Error{GW_ERR_STATE, 0, "another process uses the directory"};
        return last_error();
    }
    if (!cut(lock_.get(), 0) ||
        !write_all(lock_.get(), Name("").add(static_cast<std::uint64_t>(::getpid())).c_str(), "\n")) {
        return last_error();
    }
    return {};
}

Result<File> DirectoryStore::open_parent(std::string_view key, Missing missing) const {
    File directory = open_at(root_.get(), ".", O_RDONLY | O_DIRECTORY);  // a duplicate would share readdir()'s position
    if (!directory) return last_error();
    for (std::size_t slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/')) {
        auto next = open_directory(directory.get(), Name(key.substr(0, slash)).c_str(), missing == Missing::make,
                                   options_.sync != Sync::never);
        if (!next || !*next) return next;
        directory = std::move(*next);
        key.remove_prefix(slash + 1);
    }
    return directory;
}

Result<File> DirectoryStore::open_value(std::string_view key, std::uint64_t& size) const {
    auto parent = open_parent(key, Missing::keep);
    if (!parent || !*parent) return parent;
    // O_NONBLOCK: what lies there may be a pipe that nobody writes to.
    File file = open_at(parent->get(), Name(last_segment(key)).c_str(), O_RDONLY | O_NONBLOCK);
    if (!file) return errno == ENOENT ? Result<File>(File()) : Result<File>(last_error());
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return last_error();
    if (S_ISDIR(facts.st_mode)) return File();
    if (!S_ISREG(facts.st_mode)) return Error{GW_ERR_STATE, 0, "what has the key's name is not a file"};
    size = static_cast<std::uint64_t>(facts.st_size);
    return file;
}

// Whether the open file is still the one that has the log's name, and ends where we left it: nobody removed it, put
// another in its place, cut it or added to it.
bool DirectoryStore::is_open(std::string_view log) const noexcept {
    if (!log_.file || log_.key != log) return false;
    struct stat facts {};
    return ::fstatat(root_.get(), log_.key.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(facts.st_mode) &&
           facts.st_dev == log_.device && facts.st_ino == log_.inode &&
           static_cast<std::uint64_t>(facts.st_size) == log_.end;
}

Result<void> DirectoryStore::open_log(std::string_view log, bool& made) {
    log_.file.close();
    log_.key = log;
    auto parent = open_parent(log, Missing::make);
    if (!parent) return parent.error();
    const Name name(last_segment(log));
    File file = open_at(parent->get(), name.c_str(), O_RDWR | O_APPEND | O_NONBLOCK);
    made = !file && errno == ENOENT;
    if (made) file = open_at(parent->get(), name.c_str(), O_RDWR | O_APPEND | O_NONBLOCK | O_CREAT);
    if (!file) return last_error();
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return last_error();
    if (!S_ISREG(facts.st_mode)) return Error{GW_ERR_STATE, 0, "what has the key's name is not a file"};
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    const auto end = end_of_records(file.get(), size);
    if (!end) return end.error();
    if (*end != size && !cut(file.get(), *end)) return last_error();
    log_.device = facts.st_dev;
    log_.inode = facts.st_ino;
    log_.end = *end;
    log_.file = std::move(file);
    return {};
}

Result<void> DirectoryStore::do_append(std::string_view log, std::string_view records, Durability durability) {
    bool made = false;
    if (!is_open(log)) {
        if (const auto opened = open_log(log, made); !opened) return opened;
    }
    const bool sync = syncs(durability);
    const int fd = log_.file.get();
    Result<void> done;
    if (!write_all(fd, records, "\n") || (sync && !sync_file(fd))) done = last_error();
    if (done && made && sync) {
        const auto parent = open_parent(log, Missing::keep);
        if (parent && *parent && !sync_file((*parent).get())) done = last_error();
    }
    if (done) {
        log_.end += records.size() + 1;
        return {};
    }
    const File file = std::move(log_.file);  // closed: the next append looks at it anew
    if (made) {
        if (const auto parent = open_parent(log, Missing::keep); parent && *parent)
            ::unlinkat((*parent).get(), Name(last_segment(log)).c_str(), 0);
    }
    // Half a record must not stay, nor a whole one that the caller is told was not written. Should this fail too,
    // what stays is a torn line, which readers skip and the next append drops.
    if (!cut(file.get(), log_.end)) return Error{GW_ERR_IO, 0, "the file system failed, and again on the way back"};
    return done;
}

Result<void> DirectoryStore::do_read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) {
    std::uint64_t size = 0;
    const auto file = open_value(log, size);
    if (!file) return file.error();
    if (!*file || offset >= size) return {};
    return read_into((*file).get(), offset, static_cast<std::size_t>(std::min<std::uint64_t>(size - offset, bytes_max)),
                     out);
}

Result<void> DirectoryStore::do_put(std::string_view key, std::string_view value) {
    auto parent = open_parent(key, Missing::make);
    if (!parent) return parent.error();
    close_log(key);
    const Name name(last_segment(key));
    // Alone, a store writes over what a crash may have left; in company it must not touch the others' temporary files.
    Name temporary(".");
    temporary.add(last_segment(key));
    if (!options_.exclusive)
        temporary.add("-").add(static_cast<std::uint64_t>(::getpid())).add("-").add(++temporaries_);
    temporary.add(".tmp");
    File file = open_at(parent->get(), temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK);
    if (!file) return last_error();
    const bool sync = syncs(Durability::durable);
    const bool written = write_all(file.get(), value, {}) && (!sync || sync_file(file.get())) &&
                         ::close(file.release()) == 0 &&
                         ::renameat(parent->get(), temporary.c_str(), parent->get(), name.c_str()) == 0;
    if (!written) {
        const Error error = last_error();
        ::unlinkat(parent->get(), temporary.c_str(), 0);
        return error;
    }
    if (sync && !sync_file(parent->get())) return last_error();
    return {};
}

Result<bool> DirectoryStore::do_get(std::string_view key, Buffer& out) {
    std::uint64_t size = 0;
    const auto file = open_value(key, size);
    if (!file) return file.error();
    if (!*file) return false;
    if (size > limits().value_bytes_max) return Error{GW_ERR_LIMIT, 0, "the value is too large"};
    if (const auto done = read_into((*file).get(), 0, static_cast<std::size_t>(size), out); !done) return done.error();
    return true;
}

Result<bool> DirectoryStore::do_remove(std::string_view key) {
    auto parent = open_parent(key, Missing::keep);
    if (!parent) return parent.error();
    if (!*parent) return false;
    close_log(key);
    if (::unlinkat(parent->get(), Name(last_segment(key)).c_str(), 0) != 0) {
        if (errno == ENOENT || errno == EISDIR) return false;
        return last_error();
    }
    if (syncs(Durability::durable) && !sync_file(parent->get())) return last_error();
    return true;
}

Result<std::optional<std::uint64_t>> DirectoryStore::do_size(std::string_view key) {
    std::uint64_t size = 0;
    const auto file = open_value(key, size);
    if (!file) return file.error();
    return *file ? std::optional<std::uint64_t>{size} : std::nullopt;
}

Result<bool> DirectoryStore::do_move(std::string_view from, std::string_view to, Buffer& /*scratch*/) {
    std::uint64_t size = 0;
    if (const auto file = open_value(from, size); !file || !*file) {
        if (!file) return file.error();
        return false;
    }
    const auto source = open_parent(from, Missing::keep);
    const auto target = open_parent(to, Missing::make);
    if (!source) return source.error();
    if (!target) return target.error();
    if (!*source) return false;
    if (::renameat((*source).get(), Name(last_segment(from)).c_str(), (*target).get(),
                   Name(last_segment(to)).c_str()) != 0) {
        if (errno == ENOENT) return false;
        return last_error();
    }
    if (syncs(Durability::durable) && (!sync_file((*target).get()) || !sync_file((*source).get()))) return last_error();
    return true;
}

Result<void> DirectoryStore::do_list(std::string_view prefix, Listing& out) {
    auto parent = open_parent(prefix, Missing::keep);
    if (!parent) return parent.error();
    if (!*parent) return {};
    std::pmr::string key(prefix.substr(0, prefix.size() - last_segment(prefix).size()), memory_);
    return walk(std::move(*parent), key, prefix, out);
}

Result<void> DirectoryStore::walk(File directory, std::pmr::string& key, std::string_view prefix, Listing& out) const {
    DIR* opened = ::fdopendir(directory.get());
    if (opened == nullptr) return last_error();
    const int fd = directory.release();  // now the stream's
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opened, ::closedir);
    const std::size_t size = key.size();
    for (;;) {
        errno = 0;
        const dirent* item = ::readdir(stream.get());
        if (item == nullptr) {
            if (errno != 0) return last_error();
            return {};
        }
        const std::string_view name = item->d_name;
        key += name;
        // Our own dot files, and what a person may have put there under names that are not keys.
        const bool wanted = name.front() != '.' && is_valid_key(key) &&
                            std::string_view(key).substr(0, prefix.size()) == prefix.substr(0, key.size());
        struct stat facts {};
        if (wanted && ::fstatat(fd, item->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
            Result<void> done;
            if (S_ISDIR(facts.st_mode)) {
                if (File below = open_at(fd, item->d_name, O_RDONLY | O_DIRECTORY)) {
                    key += '/';
                    done = walk(std::move(below), key, prefix, out);
                } else if (errno != ENOENT) {
                    done = last_error();
                }
            } else if (S_ISREG(facts.st_mode) && key.size() >= prefix.size()) {
                const auto seconds = static_cast<std::uint64_t>(std::max<time_t>(facts.st_mtim.tv_sec, 0));
                done = add(out, key, static_cast<std::uint64_t>(facts.st_size),
                           seconds * 1000 + static_cast<std::uint64_t>(facts.st_mtim.tv_nsec) / 1000000);
            }
            if (!done) return done;
        }
        key.resize(size);
    }
}

}  // namespace gw::store
