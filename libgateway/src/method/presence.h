// Presence: who is or was lately connected, for everybody to see. An entry is kept for five minutes after it was
// touched, or as long as its client is there; at most 200 of them, the one untouched for longest goes first.
//
// A change is told to everybody at once, a storm of changes at most every quarter of a second, and less often the more
// clients there are: each message is as long as the list.
#pragma once

#include <cstdint>
#include <list>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/timers.h"
#include "json/json.h"
#include "method/client.h"

namespace gw::method {

class Gate;

class Presence {
public:
    static constexpr std::size_t entries_max = 200;
    static constexpr std::uint64_t kept_ms = 300000;

    explicit Presence(Gate& gate);

    // A client came or went. Each tells everybody.
    void on_joined(const Client& client);
    void on_left(const Client& client);
    // An entry that somebody reports (system-event). `params` as in that method.
    void report(const json::Value& params);
    // Drops what is old; true when something was.
    bool prune();

    void write(json::Writer& writer);  // the array of entries
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    // Another one at each start of the gateway.
    [[nodiscard]] std::string_view boot_id() const noexcept { return self_; }

private:
    struct Entry {
        explicit Entry(std::pmr::memory_resource* memory) : key(memory), json(memory) {}
        std::pmr::string key;
        std::pmr::string json;  // the object
        std::uint64_t at_ms = 0;
        unsigned clients = 0;  // connected under this key
    };
    void put(const Client& client, std::string_view reason, int change);
    Entry& touch(std::string_view key);
    void changed();
    void tell();

    Gate& gate_;
    Timer tell_timer_;
    Milliseconds told_at_ = 0;
    std::size_t clients_ = 0;
    std::pmr::string self_;          // instance id of this start
    std::pmr::list<Entry> entries_;  // touched last is first
    std::uint64_t version_ = 1;
};

}  // namespace gw::method
