#include "exchange/doctor.h"

#include <sys/stat.h>
#include <unistd.h>

#include "crypto/compare.h"
#include "crypto/random.h"
#include "exchange/config_file.h"
#include "exchange/gateway.h"
#include "tls/tls.h"

namespace gw::exchange {

Doctor::Doctor(const gw_host& host, ConfigHandle& handle, bool repair)
    : host_(host), handle_(handle), repair_(repair), report_(&handle.memory) {}

void Doctor::say(Finding finding, std::initializer_list<std::string_view> pieces) {
    bad_ = bad_ || finding == Finding::problem;
    report_ += finding == Finding::ok ? "ok: " : finding == Finding::fixed ? "fixed: " : "problem: ";
    for (const std::string_view piece : pieces) report_ += piece;
    report_ += '\n';
}

gw_status Doctor::run(gw_status loaded, std::string_view problems) {
    check_configuration(loaded, problems);
    check_old_keys();
    if (!handle_.path.empty()) check_mode("the configuration ", handle_.path, 0600);
    check_state_directory();
    if (loaded == GW_OK) check_certificates();
    const bool running = is_running();
    return bad_ ? GW_ERR_CONFIG : running ? GW_ERR_STATE : GW_OK;
}

void Doctor::check_configuration(gw_status loaded, std::string_view problems) {
    report_ += problems;
    const std::string_view name =
        handle_.path.empty() ? std::string_view("the configuration, which is empty,") : std::string_view(handle_.path);
    if (loaded == GW_OK) {
        say(Finding::ok, {name, " is valid"});
    } else {
        say(Finding::problem, {name, " is not valid: no gateway starts with it. Correct the errors above"});
    }
}

void Doctor::check_old_keys() {
    if (handle_.details.migrations.empty() || handle_.path.empty()) return;
    if (!repair_)
        return say(Finding::problem, {handle_.path, " has keys of an older layout; the next start rewrites them"});
    std::pmr::string told(&handle_.memory);
    write_migration_back(host_, handle_, told);
    const bool failed = told.find("warning: ") != std::string::npos;
    if (!told.empty() && told.back() == '\n') told.pop_back();
    say(failed ? Finding::problem : Finding::fixed, {told});
}

// Nobody but its owner may read what holds secrets.
void Doctor::check_mode(std::string_view what, const std::pmr::string& path, unsigned allowed) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return say(Finding::problem, {what, path, " cannot be looked at"});
    if (about.st_uid != ::getuid()) return say(Finding::problem, {what, path, " belongs to another user"});
    if ((about.st_mode & 0777U & ~allowed) == 0) return say(Finding::ok, {what, path, " is private"});
    if (repair_ && ::chmod(path.c_str(), allowed) == 0)
        return say(Finding::fixed, {what, path, " could be read or changed by others, and no longer can"});
    say(Finding::problem,
        {what, path, " can be read or changed by others; take their permissions away with chmod go="});
}

void Doctor::check_state_directory() {
    const std::pmr::string& path = handle_.state_dir;
    if (path.empty()) return say(Finding::problem, {"there is no state directory: set HOME or OPENCLAW_STATE_DIR"});
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        if (repair_ && ::mkdir(path.c_str(), 0700) == 0)
            return say(Finding::fixed, {"the state directory ", path, " was made"});
        return say(repair_ ? Finding::problem : Finding::ok,
                   {"the state directory ", path, repair_ ? " cannot be made" : " will be made at the first start"});
    }
    if (!S_ISDIR(about.st_mode)) return say(Finding::problem, {"the state directory ", path, " is not a directory"});
    check_mode("the state directory ", path, 0700);
    if (::access(path.c_str(), W_OK | X_OK) != 0)
        say(Finding::problem, {"the state directory ", path, " cannot be written to"});
}

void Doctor::check_certificates() {
    const config::Config::Tls& tls = handle_.config.tls;
    if (!tls.enabled) return;
    std::pmr::string certificate(&handle_.memory), key(&handle_.memory), authorities(&handle_.memory);
    const auto read = [this](std::string_view name, const std::pmr::string& path, std::pmr::string& out) {
        if (path.empty() || read_file(host_, path, 1U << 20U, out) == GW_OK) return true;
        say(Finding::problem, {"gateway.tls.", name, " ", path, " cannot be read"});
        return false;
    };
    if (!read("certPath", tls.cert_path, certificate) || !read("keyPath", tls.key_path, key) ||
        !read("caPath", tls.ca_path, authorities)) {
        return;
    }
    tls::Context::ServerOptions options;
    options.certificate_pem = certificate;
    options.key_pem = key;
    options.client_ca_pem = authorities;
    const crypto::Random random = crypto::Random::from(&host_);
    const auto made = tls::Context::make_server(options, random.function(), random.user(), handle_.memory.allocator());
    crypto::wipe(key);
    if (!made) return say(Finding::problem, {"gateway.tls: ", made.error().what});
    say(Finding::ok, {"the certificate of gateway.tls and its key fit"});
    check_mode("the key ", tls.key_path, 0600);
}

bool Doctor::is_running() {
    InstanceLock lock;
    if (lock.take(handle_, &handle_.memory) != GW_ERR_STATE) return false;
    say(Finding::ok, {"a gateway is running with this configuration (pid ", config::Digits(lock.owner()), ")"});
    return true;
}

}  // namespace gw::exchange
