// What was decided about which request, and by whom: the newest in memory, and all of them a while longer in the store
// as approvals/history.jsonl, one JSON object a line.
#pragma once

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "json/json.h"

namespace gw::method {

class Gate;

class ApprovalHistory {
public:
    static constexpr std::size_t records_max = 500;

    explicit ApprovalHistory(Gate& gate);

    void load();
    void add(std::string_view id, std::string_view kind, std::string_view record);
    // The record of an id; empty: none.
    [[nodiscard]] std::string_view find(std::string_view id) const noexcept;
    // {items, nextCursor?}: the newest first, from where the cursor says. False: that is no cursor.
    [[nodiscard]] bool write(json::Writer& writer, std::string_view cursor, std::size_t count_max,
                             std::string_view kind) const;
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }

private:
    struct Record {
        explicit Record(std::pmr::memory_resource* memory) : id(memory), kind(memory), json(memory) {}
        std::pmr::string id, kind, json;
    };
    void keep(std::string_view id, std::string_view kind, std::string_view record);
    void rewrite();

    Gate& gate_;
    std::pmr::deque<Record> records_;  // the newest last
    std::uint64_t first_ = 0;          // number of the first of them
    std::size_t lines_ = 0;            // in the store
};

}  // namespace gw::method
