#include "exchange/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/calendar.h"
#include "json/json.h"

namespace gw::exchange {

namespace {

std::string_view temporary_directory(const ConfigHandle& handle) {
    constexpr std::string_view name = "TMPDIR=";
    for (const std::string_view one : handle.variables) {
        if (one.starts_with(name) && one.size() > name.size()) return one.substr(name.size());
    }
    return "/tmp";
}

}  // namespace

std::pmr::string InstanceLock::path_for(const ConfigHandle& handle, std::pmr::memory_resource* memory) {
    std::pmr::string out(temporary_directory(handle), memory);
    out += "/openclaw-";
    out += config::Digits(static_cast<std::int64_t>(::getuid()));
    out += "/gateway.";
    const config::Hash hash = config::hash_of(handle.file);
    out += config::as_text(hash).substr(0, 8);
    out += ".lock";
    return out;
}

gw_status InstanceLock::take(const ConfigHandle& handle, std::pmr::memory_resource* memory) {
    const std::pmr::string path = path_for(handle, memory);
    const std::pmr::string directory(std::string_view(path).substr(0, path.rfind('/')), memory);
    ::mkdir(directory.c_str(), 0700);
    // A directory that somebody else made in our name is not to be trusted.
    struct stat about {};
    if (::lstat(directory.c_str(), &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != ::getuid())
        return GW_ERR_IO;
    store::File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return GW_ERR_IO;
    char text[4096];
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        const ssize_t size = ::pread(file.get(), text, sizeof text, 0);
        json::Document document(memory);
        if (size > 0 && document.parse({text, static_cast<std::size_t>(size)}))
            owner_ = static_cast<long>(document.root()["pid"].as_int().value_or(0));
        return GW_ERR_STATE;
    }
    const BlockPoolOwner pool(handle.memory.allocator());
    Buffer out(pool.get());
    json::Writer writer(out);
    // The file system tells the time: nobody else here does.
    const bool emptied = ::ftruncate(file.get(), 0) == 0 && ::fstat(file.get(), &about) == 0;
    const Timestamp created = format_timestamp(static_cast<std::uint64_t>(about.st_mtim.tv_sec) * 1000);
    writer.begin_object()
        .member("pid", static_cast<std::int64_t>(::getpid()))
        .member("createdAt", created.view())
        .member("configPath", handle.file)
        .end_object();
    if (!emptied || ::pwrite(file.get(), out.text().data(), out.size(), 0) != static_cast<ssize_t>(out.size())) {
        return GW_ERR_IO;
    }
    file_ = std::move(file);
    return GW_OK;
}

}  // namespace gw::exchange
