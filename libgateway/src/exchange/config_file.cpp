#include "exchange/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "config/source.h"
#include "core/buffer.h"
#include "exchange/gateway.h"
#include "store/directory_store.h"

namespace gw::exchange {

namespace {

constexpr int backup_count = 5;

std::string_view directory_of_file(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view("./") : path.substr(0, slash + 1);
}

// "x.bak", "x.bak.1" ... "x.bak.4"
std::pmr::string backup_name(std::string_view path, int number, std::pmr::memory_resource* memory) {
    std::pmr::string out(path, memory);
    out += ".bak";
    if (number > 0) {
        out += '.';
        out += config::Digits(number);
    }
    return out;
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::fsync(file) == 0;
}

// The file is never away: the newest backup is a second name of it until the new one is renamed over it.
void keep_backups(const std::pmr::string& path, std::pmr::memory_resource* memory) {
    for (int number = backup_count - 1; number > 0; --number) {
        ::rename(backup_name(path, number - 1, memory).c_str(), backup_name(path, number, memory).c_str());
    }
    const std::pmr::string newest = backup_name(path, 0, memory);
    const bool linked = ::link(path.c_str(), newest.c_str()) == 0;
    // It holds the same secrets, whatever the mode of the file was.
    if (linked && ::chmod(newest.c_str(), 0600) != 0) ::unlink(newest.c_str());
}

}  // namespace

ConfigEnvironment::ConfigEnvironment(const gw_host& host, const ConfigHandle& handle) noexcept
    : host_(host), handle_(handle) {
    environment_.get = variable;
    environment_.read = file;
    environment_.user = this;
    environment_.address = handle.address;
    environment_.port = handle.port;
}

std::optional<std::string_view> ConfigEnvironment::variable(void* user, std::string_view name) {
    for (const std::string_view text : static_cast<ConfigEnvironment*>(user)->handle_.variables) {
        if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=')
            return text.substr(name.size() + 1);
    }
    return std::nullopt;
}

bool ConfigEnvironment::file(void* user, std::string_view path, std::pmr::string& out) {
    const auto& self = *static_cast<ConfigEnvironment*>(user);
    if (self.handle_.file.empty()) return false;
    std::pmr::string full(directory_of_file(self.handle_.file), out.get_allocator());
    full += path;
    return read_file(self.host_, full, config_bytes_max, out) == GW_OK;
}

gw_status find_config(const gw_host& host, std::string_view path, ConfigHandle& handle, std::pmr::string& text,
                      std::pmr::string& report) {
    const ConfigEnvironment environment(host, handle);
    const config::Location location = config::locate(path, environment.get(), &handle.memory);
    handle.state_dir = location.state_dir;
    if (!text.empty() || (path.empty() && handle.variables.empty())) return GW_OK;
    for (const std::pmr::string& file : location.files) {
        const gw_status status = read_file(host, file, config_bytes_max, text);
        if (status == GW_OK) {
            handle.path = handle.file = file;
            return GW_OK;
        }
        if (!location.must_exist && status == GW_ERR_IO) continue;
        report += file;
        report += status == GW_ERR_LIMIT ? ": error: the file is too large\n" : ": error: the file cannot be read\n";
        return status == GW_ERR_LIMIT ? GW_ERR_CONFIG : GW_ERR_IO;
    }
    if (!location.files.empty()) handle.file = location.files.front();
    return GW_OK;
}

gw_status load_config(const gw_host& host, ConfigHandle& handle, std::string_view text, std::pmr::string& report) {
    const ConfigEnvironment environment(host, handle);
    handle.hash = config::hash_of(text);
    std::pmr::vector<config::Problem> problems(&handle.memory);
    const bool good = config::load(text, environment.get(), handle.config, problems, &handle.memory, &handle.details);
    for (const config::Problem& problem : problems)
        config::append_line(report, problem, handle.path.empty() ? "configuration" : handle.path);
    return good ? GW_OK : GW_ERR_CONFIG;
}

gw_status reload_config(const gw_host& host, const ConfigHandle& before, ConfigHandle& handle,
                        std::pmr::string& report) {
    handle.state_dir = before.state_dir;
    handle.file = before.file;
    handle.address = before.address;
    handle.port = before.port;
    for (const std::pmr::string& one : before.variables) handle.variables.emplace_back(one);
    std::pmr::string text(&handle.memory);
    const gw_status status = read_file(host, handle.file, config_bytes_max, text);
    if (status == GW_OK) {
        handle.path = handle.file;
    } else if (status != GW_ERR_IO || !before.path.empty()) {
        report += handle.file;
        report += ": error: the file cannot be read\n";
        return GW_ERR_IO;
    }
    return load_config(host, handle, text, report);
}

gw_status write_config_file(const gw_host& host, std::string_view path, std::string_view text,
                            std::pmr::memory_resource* memory) {
    if (host.read_file != nullptr) return GW_ERR_UNSUPPORTED;
    std::pmr::string target(path, memory);
    if (const std::unique_ptr<char, void (*)(void*)> real(::realpath(target.c_str(), nullptr), std::free); real)
        target = real.get();
    const std::string_view directory = directory_of_file(target);
    std::pmr::string fresh(directory, memory);
    fresh += '.';
    fresh += std::string_view(target).substr(target.rfind('/') + 1);
    fresh += ".tmp";
    // What a crash left of an earlier one goes; a link that somebody put there is not followed.
    ::unlink(fresh.c_str());
    const std::pmr::string folder(directory, memory);
    store::File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return GW_ERR_IO;
    if (!write_all(file.get(), text)) {
        ::unlink(fresh.c_str());
        return GW_ERR_IO;
    }
    file.close();
    keep_backups(target, memory);
    if (::rename(fresh.c_str(), target.c_str()) != 0) {
        ::unlink(fresh.c_str());
        return GW_ERR_IO;
    }
    const store::File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened) [[maybe_unused]]
        const int synced = ::fsync(opened.get());
    return GW_OK;
}

void write_migration_back(const gw_host& host, ConfigHandle& handle, std::pmr::string& report) {
    if (handle.details.migrations.empty() || handle.path.empty()) return;
    std::pmr::string text(&handle.memory);
    if (read_file(host, handle.path, config_bytes_max, text) != GW_OK || config::hash_of(text) != handle.hash) return;
    std::pmr::vector<config::Problem> problems(&handle.memory);
    config::Report parsing(problems, &handle.memory);
    parsing.add_main(text);
    std::optional<config::Node> tree = config::parse_tree(0, parsing);
    if (!tree) return;
    std::pmr::vector<config::Migration> moved(&handle.memory);
    config::migrate(*tree, moved);
    const BlockPoolOwner pool(handle.memory.allocator());
    Buffer lines(pool.get());
    config::write_tree_as_lines(lines, *tree);
    const gw_status status = write_config_file(host, handle.path, lines.text(), &handle.memory);
    report += handle.path;
    if (status == GW_OK) {
        handle.hash = config::hash_of(lines.text());
        report += ": the old keys were written as new ones; the former text is beside it, with .bak at the end\n";
    } else {
        report += ": warning: the old keys could not be written as new ones: ";
        report += gw_strerror(status);
        report += '\n';
    }
}

}  // namespace gw::exchange
