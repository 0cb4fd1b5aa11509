// FileWatch: tells that a file of the local disk may be another one.
//
//     something happened in its directory ── WATCH ──┐
//     the host cannot watch: once a second ──────────┴─► another stamp? ─► FileWatchOwner::on_file_changed()
//
// A host says too much rather than too little, and needs to know nothing of the file: one that is renamed into place,
// or that a link leads to which is turned elsewhere, as volumes of containers do, is found by its stamp. Where the host
// lends files of its own (gw_host.read_file) its word counts.
#pragma once

#include <string>
#include <string_view>

#include "core/timers.h"
#include "exchange/asks.h"
#include "store/file_stamp.h"

namespace gw::exchange {

class FileWatch;

class FileWatchOwner {
public:
    virtual void on_file_changed(FileWatch& watch) = 0;

protected:
    ~FileWatchOwner() = default;
};

class FileWatch final : private AskOwner {
public:
    static constexpr Milliseconds look_ms = 1000;

    // From now on, until it is destroyed.
    FileWatch(Gateway& gateway, FileWatchOwner& owner, std::string_view file);

    [[nodiscard]] std::string_view file() const noexcept { return file_; }

private:
    void on_answer(Ask& ask, const gw_answer& answer) override;
    void look();

    Gateway& gateway_;
    FileWatchOwner& owner_;
    std::pmr::string file_;
    store::FileStamp stamp_;
    Timer look_timer_;
    Ask ask_;
};

}  // namespace gw::exchange
