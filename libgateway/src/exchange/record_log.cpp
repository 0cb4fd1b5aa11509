#include "exchange/record_log.h"

#include <array>
#include <cstdio>

#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr std::string_view folder = "events/";

}  // namespace

RecordLog::RecordLog(Gateway& gateway)
    : gateway_(gateway), file_(gateway.memory()), waiting_(gateway.memory()), told_(gateway.memory()) {}

void RecordLog::add(std::string_view line) {
    if (gateway_.config().guardrail.event_file && gateway_.store() != nullptr) append(line);
    if (gateway_.config().guardrail.event_log) gateway_.log().info({line});
    if (!gateway_.wants_records()) return;
    if (waiting_.size() >= waiting_max || waiting_bytes_ + line.size() > waiting_bytes_max) {
        ++dropped_;
        return;
    }
    waiting_.emplace_back(line);
    waiting_bytes_ += line.size();
    gateway_.enqueue(*this);
}

void RecordLog::append(std::string_view line) {
    if (file_.empty() || file_bytes_ >= file_bytes_max) open_file();
    const gw_status status = gw_store_append(gateway_.store(), as_str(file_), as_str(line), false);
    if (status == GW_OK) {
        ++written_;
        file_bytes_ += line.size() + 1;
        failing_ = false;
        return;
    }
    ++dropped_;
    if (!failing_) {
        gateway_.log().error({"event records are being lost: ", gw_strerror(status),
                              ". Look at the disk of the state "
                              "directory; requests go on"});
    }
    failing_ = true;
}

// A name that sorts by time: the last one is the newest.
void RecordLog::open_file() {
    std::array<char, 48> name{};
    const int size = std::snprintf(name.data(), name.size(), "events/%013llu.jsonl",
                                   static_cast<unsigned long long>(gateway_.unix_ms()));
    file_.assign(name.data(), static_cast<std::size_t>(size));
    file_bytes_ = 0;
    remove_old_files();
}

void RecordLog::remove_old_files() {
    std::pmr::vector<std::pmr::string> names(gateway_.memory());
    gw_store_listing* listing = nullptr;
    if (gw_store_list(gateway_.store(), as_str(folder.substr(0, folder.size() - 1)), &listing) != GW_OK) return;
    gw_store_entry entry{};
    entry.size = sizeof entry;
    while (gw_store_listing_next(listing, &entry) == GW_OK) {
        if (as_text(entry.key).ends_with(".jsonl")) names.emplace_back(as_text(entry.key));
    }
    gw_store_listing_free(listing);
    const std::size_t keep = files_max - 1;  // and the one that begins now
    for (std::size_t i = 0; i + keep < names.size(); ++i)
        static_cast<void>(gw_store_remove(gateway_.store(), as_str(names[i])));
}

bool RecordLog::next_event(gw_event& event) noexcept {
    if (waiting_.empty()) return false;
    told_.swap(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= told_.size();
    event.type = GW_EVENT_RECORD;
    event.data = as_str(told_);
    return true;
}

}  // namespace gw::exchange
