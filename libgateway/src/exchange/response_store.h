// ResponseStore: what was asked and answered lately, for clients that go on with `previous_response_id` instead of
// sending everything again. In memory, bounded in number, bytes and time.
//
//     response ── put(id, scope, items) ──► ... ── find(id, scope) ──► items, which go in front of the next ones
//
// A response is found only in the scope in which it was made (agent, user, session), so that knowing an id is not
// enough.
#pragma once

#include <cstddef>
#include <list>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/timers.h"

namespace gw::exchange {

struct StoredResponse {
    explicit StoredResponse(std::pmr::memory_resource* memory) : id(memory), scope(memory), items(memory) {}
    std::pmr::string id, scope;
    std::pmr::string items;     // input and output as JSON, with commas between
    std::size_t output_at = 0;  // where in `items` its own output begins
};

class ResponseStore {
public:
    static constexpr std::size_t count_max = 500;
    static constexpr Milliseconds keep_ms = 30 * 60 * 1000;
    static constexpr std::size_t item_bytes_max = std::size_t{8} << 20U;  // of one response; a larger one is not kept
    static constexpr std::size_t bytes_max = std::size_t{64} << 20U;      // of all

    ResponseStore(Timers& timers, std::pmr::memory_resource* memory);
    ResponseStore(const ResponseStore&) = delete;
    ResponseStore& operator=(const ResponseStore&) = delete;

    // The oldest ones make room.
    void put(StoredResponse&& response, Milliseconds now);
    // Null when there is none, or it is of another scope. Valid until the next put() or turn of the clock.
    [[nodiscard]] const StoredResponse* find(std::string_view id, std::string_view scope) const noexcept;
    // An item of a response's output, by an id as provider::response_item_id() makes them; "" when there is none.
    [[nodiscard]] std::string_view find_item(std::string_view item_id, std::string_view scope) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    struct Entry {
        StoredResponse response;
        Milliseconds until;
    };
    void drop_oldest() noexcept;
    void on_timer() noexcept;

    std::pmr::list<Entry> entries_;  // oldest first
    std::size_t bytes_ = 0;
    Timer timer_;
};

}  // namespace gw::exchange
