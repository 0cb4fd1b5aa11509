// What only a directory can get wrong: links, modes, full disks, crashes, sharing.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "stores.h"

namespace gw::test {

namespace {

namespace fs = std::filesystem;

gw_store* open_directory(const std::string& path, bool exclusive = false, gw_store_sync sync = GW_STORE_SYNC_NEVER) {
    gw_store_options options = store_options();
    options.exclusive = exclusive;
    options.sync = sync;
    gw_store* made = nullptr;
    REQUIRE(gw_store_open_directory(nullptr, str(path), &options, &made) == GW_OK);
    return made;
}

std::string slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void spill(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

unsigned mode_of(const std::string& path) {
    struct stat facts {};
    REQUIRE(::lstat(path.c_str(), &facts) == 0);
    return facts.st_mode & 07777U;
}

// Files may not grow beyond `bytes` while this lives: a disk that fills up.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
        handler_ = ::signal(SIGXFSZ, SIG_IGN);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("store: a directory is private, readable, and has no leftovers") {
    const TemporaryDirectory directory;
    const std::string state = directory / "not/yet/there";
    for (const gw_store_sync sync : {GW_STORE_SYNC_AS_ASKED, GW_STORE_SYNC_ALWAYS, GW_STORE_SYNC_NEVER}) {
        const StoreUnderTest s(open_directory(state, false, sync));
        CHECK(s.put("devices/paired.json", "{}") == GW_OK);
        CHECK(s.append("logs/a.jsonl", "{}", true) == GW_OK);
        CHECK(s.remove("logs/a.jsonl") == GW_OK);
        CHECK(s.append("logs/a.jsonl", "{}", false) == GW_OK);
    }
    CHECK(slurp(state + "/devices/paired.json") == "{}");
    CHECK(slurp(state + "/logs/a.jsonl") == "{}\n");
    CHECK(mode_of(directory / "not") == 0700);
    CHECK(mode_of(state) == 0700);
    CHECK(mode_of(state + "/devices") == 0700);
    CHECK(mode_of(state + "/devices/paired.json") == 0600);
    CHECK(mode_of(state + "/logs/a.jsonl") == 0600);
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(state)) files += entry.is_regular_file() ? 1 : 0;
    CHECK(files == 2);
}

TEST_CASE("store: a listing tells when a file was changed") {
    const TemporaryDirectory directory;
    const StoreUnderTest s(open_directory(directory.path()));
    const auto now = [] {
        const auto since = std::chrono::system_clock::now().time_since_epoch();
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
    };
    const std::uint64_t before = now();
    REQUIRE(s.put("k", "v") == GW_OK);
    gw_store_listing* listing = nullptr;
    REQUIRE(gw_store_list(s.store, str(""), &listing) == GW_OK);
    gw_store_entry entry{};
    entry.size = sizeof entry;
    REQUIRE(gw_store_listing_next(listing, &entry) == GW_OK);
    CHECK(entry.modified_ms + 50 >= before);  // file systems round by their own tick
    CHECK(entry.modified_ms <= now());
    gw_store_listing_free(listing);
}

TEST_CASE("store: symbolic links do not lead out of the directory") {
    const TemporaryDirectory directory;
    fs::create_directory(directory / "state");
    fs::create_directory(directory / "outside");
    spill(directory / "outside/secret", "secret\n");
    fs::create_symlink(directory / "outside", directory / "state/dir");
    fs::create_symlink(directory / "outside/secret", directory / "state/file");
    const StoreUnderTest s(open_directory(directory / "state"));
    CHECK(s.get("dir/secret") == gw_strerror(GW_ERR_STATE));
    CHECK(s.get("file") == gw_strerror(GW_ERR_STATE));
    CHECK(s.read_all("dir/secret") == gw_strerror(GW_ERR_STATE));
    CHECK(s.put("dir/new", "x") == GW_ERR_STATE);
    CHECK(s.append("dir/secret", "x") == GW_ERR_STATE);
    CHECK(s.append("file", "x") == GW_ERR_STATE);
    CHECK(s.remove("dir/secret") == GW_ERR_STATE);
    CHECK(s.list("") == "");
    CHECK(s.list("dir/") == gw_strerror(GW_ERR_STATE));
    // Replacing the link itself is fine: what it points to stays as it is.
    CHECK(s.put("file", "mine") == GW_OK);
    CHECK(s.get("file") == "mine");
    CHECK(slurp(directory / "outside/secret") == "secret\n");
    CHECK_FALSE(fs::exists(directory / "outside/new"));
    // The temporary file's name is known, so somebody could wait for us there.
    fs::create_symlink(directory / "outside/secret", directory / "state/.trap.tmp");
    const StoreUnderTest alone(open_directory(directory / "state", true));
    CHECK(alone.put("trap", "x") == GW_ERR_STATE);
    CHECK(slurp(directory / "outside/secret") == "secret\n");
}

TEST_CASE("store: what is not a file of ours is left alone") {
    const TemporaryDirectory directory;
    const StoreUnderTest s(open_directory(directory.path()));
    REQUIRE(s.put("ours", "x") == GW_OK);
    spill(directory / ".hidden", "x");
    spill(directory / "notes of mine.txt", "x");
    REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
    CHECK(s.list("") == "ours=1");
    CHECK(s.get("pipe") == gw_strerror(GW_ERR_STATE));  // and does not wait for a writer
    CHECK(s.append("pipe", "x") == GW_ERR_STATE);
    CHECK(s.get("ours") == "x");
}

TEST_CASE("store: a full disk leaves what was there") {
    const TemporaryDirectory directory;
    const StoreUnderTest s(open_directory(directory.path()));
    const std::string old_value(3000, 'o');
    REQUIRE(s.put("value", old_value) == GW_OK);
    REQUIRE(s.append("log", "one") == GW_OK);
    REQUIRE(s.append("log", "two") == GW_OK);
    {
        const FileSizeLimit limit(4096);
        CHECK(s.put("value", std::string(5000, 'n')) == GW_ERR_IO);
        CHECK(s.put("new", std::string(5000, 'n')) == GW_ERR_IO);
        CHECK(s.append("log", std::string(5000, 'n')) == GW_ERR_IO);
        CHECK(s.append("fresh", std::string(5000, 'n')) == GW_ERR_IO);
        CHECK(s.get("value") == old_value);
        CHECK(s.get("log") == "one\ntwo\n");  // the half that fitted is gone again
        CHECK(s.append("log", "three") == GW_OK);
    }
    CHECK(s.list("") == "log=14 value=3000");
    CHECK(s.read_all("log") == "one\ntwo\nthree\n");
    CHECK(s.append("log", std::string(5000, 'n')) == GW_OK);
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(directory.path())) files += entry.is_regular_file() ? 1 : 0;
    CHECK(files == 2);  // no temporary file stayed
}

// The file of a log stays open between appends. Whatever somebody does to it meanwhile, the next record goes where the
// name leads, behind the last whole record.
TEST_CASE("store: a log that others touch between two appends") {
    struct Case {
        std::string_view name;
        void (*touch)(const std::string& folder, const StoreUnderTest& s);
        std::string_view log, old;
    };
    const Case cases[] = {
        {"nobody touched it", [](const std::string&, const StoreUnderTest&) {}, "one\ntwo\nthree\n", ""},
        {"it was removed", [](const std::string& folder, const StoreUnderTest&) { fs::remove(folder + "/a/log"); },
         "three\n", ""},
        {"its folder was removed",
         [](const std::string& folder, const StoreUnderTest&) { fs::remove_all(folder + "/a"); }, "three\n", ""},
        {"it was renamed, as logrotate does",
         [](const std::string& folder, const StoreUnderTest&) { fs::rename(folder + "/a/log", folder + "/a/old"); },
         "three\n", "one\ntwo\n"},
        {"another of the same size is in its place",
         [](const std::string& folder, const StoreUnderTest&) {
             fs::rename(folder + "/a/log", folder + "/a/old");
             spill(folder + "/a/log", "uno\ndue\n");
         },
         "uno\ndue\nthree\n", "one\ntwo\n"},
        {"it was emptied",
         [](const std::string& folder, const StoreUnderTest&) { fs::resize_file(folder + "/a/log", 0); }, "three\n",
         ""},
        {"it was cut in the middle of a record",
         [](const std::string& folder, const StoreUnderTest&) { fs::resize_file(folder + "/a/log", 6); },
         "one\nthree\n", ""},
        {"somebody else's append was cut short",
         [](const std::string& folder, const StoreUnderTest&) {
             std::ofstream(folder + "/a/log", std::ios::app) << "half";
         },
         "one\ntwo\nthree\n", ""},
        {"somebody else added a record",
         [](const std::string& folder, const StoreUnderTest&) {
             const StoreUnderTest other(open_directory(folder));
             REQUIRE(other.append("a/log", "other") == GW_OK);
         },
         "one\ntwo\nother\nthree\n", ""},
        {"the store replaced it",
         [](const std::string&, const StoreUnderTest& s) { REQUIRE(s.put("a/log", "new\n") == GW_OK); }, "new\nthree\n",
         ""},
        {"the store removed it",
         [](const std::string&, const StoreUnderTest& s) { REQUIRE(s.remove("a/log") == GW_OK); }, "three\n", ""},
        {"another log was written",
         [](const std::string&, const StoreUnderTest& s) { REQUIRE(s.append("b", "x") == GW_OK); }, "one\ntwo\nthree\n",
         ""},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const TemporaryDirectory directory;
        const StoreUnderTest s(open_directory(directory.path()));
        REQUIRE(s.append("a/log", "one") == GW_OK);
        REQUIRE(s.append("a/log", "two") == GW_OK);
        c.touch(directory.path(), s);
        REQUIRE(s.append("a/log", "three") == GW_OK);
        CHECK(slurp(directory / "a/log") == c.log);
        CHECK(slurp(directory / "a/old") == c.old);
    }
}

TEST_CASE("store: a log that becomes a link is refused, and one that is gone takes no room") {
    const TemporaryDirectory directory;
    fs::create_directory(directory / "state");
    const StoreUnderTest s(open_directory(directory / "state"));
    REQUIRE(s.append("log", "one") == GW_OK);
    fs::rename(directory / "state/log", directory / "outside");
    fs::create_symlink(directory / "outside", directory / "state/log");
    CHECK(s.append("log", "two") == GW_ERR_STATE);
    CHECK(slurp(directory / "outside") == "one\n");
    const auto open_files = [] {
        const fs::directory_iterator all("/proc/self/fd");
        return std::distance(fs::begin(all), fs::end(all));
    };
    const auto before = open_files();
    REQUIRE(s.append("a", "one") == GW_OK);
    REQUIRE(s.append("b", "one") == GW_OK);
    CHECK(open_files() == before + 1);
    CHECK(s.remove("b") == GW_OK);
    CHECK(open_files() == before);
}

TEST_CASE("store: what cannot be a directory is refused") {
    const TemporaryDirectory directory;
    spill(directory / "file", "x");
    gw_store* made = nullptr;
    CHECK(gw_store_open_directory(nullptr, str(directory / "file"), nullptr, &made) == GW_ERR_STATE);
    CHECK(gw_store_open_directory(nullptr, str(directory / "file/below"), nullptr, &made) == GW_ERR_STATE);
    CHECK(made == nullptr);
}

TEST_CASE("store: an exclusive directory has one owner") {
    const TemporaryDirectory directory;
    gw_store* first = open_directory(directory.path(), true);
    gw_store_options options = store_options();
    options.exclusive = true;
    gw_store* second = nullptr;
    CHECK(gw_store_open_directory(nullptr, str(directory.path()), &options, &second) == GW_ERR_STATE);
    CHECK(slurp(directory / ".lock") == std::to_string(::getpid()) + "\n");
    gw_store_free(open_directory(directory.path(), false));  // who does not ask for it may look in
    gw_store_free(first);
    REQUIRE(gw_store_open_directory(nullptr, str(directory.path()), &options, &second) == GW_OK);
    const StoreUnderTest s(second);
    CHECK(s.list("") == "");  // the lock is not a key
    spill(directory / ".k.tmp", "left by a crash");
    CHECK(s.put("k", "v") == GW_OK);
    CHECK_FALSE(fs::exists(directory / ".k.tmp"));
}

TEST_CASE("store: a program that is killed leaves whole values and whole records") {
    const TemporaryDirectory directory;
    Random random(3);
    for (int round = 0; round < 12; ++round) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            const StoreUnderTest s(open_directory(directory.path(), true));
            for (std::size_t i = 0;; ++i) {
                const char c = static_cast<char>('a' + i % 26);
                if (s.put("value", std::string(20000 + i % 7, c)) != GW_OK) ::_exit(1);
                if (s.append("log", std::string(3000 + i % 5, c)) != GW_OK) ::_exit(1);
            }
        }
        ::usleep(static_cast<useconds_t>(5000 + random.below(15000)));
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));  // it never saw an error
        const StoreUnderTest s(open_directory(directory.path(), true));
        std::string value;
        if (s.get("value", value) == GW_OK) {
            REQUIRE(value.size() >= 20000);
            REQUIRE(value == std::string(value.size(), value.front()));
        }
        const std::string log = s.read_all("log");
        for (std::size_t at = 0; at < log.size();) {
            const std::size_t end = log.find('\n', at);
            REQUIRE(end != std::string::npos);
            REQUIRE(end - at >= 3000);
            REQUIRE(log.substr(at, end - at) == std::string(end - at, log[at]));
            at = end + 1;
        }
        REQUIRE(s.put("log", "") == GW_OK);
    }
}

}  // namespace gw::test
