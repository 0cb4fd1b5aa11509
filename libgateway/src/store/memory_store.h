// A store that is gone with the process: for tests, and for gateways that need no memory of yesterday.
#pragma once

#include <functional>
#include <map>

#include "store/store.h"

namespace gw::store {

// A log, too, is at most Limits::value_bytes_max long here: memory is no place for what grows for ever.
class MemoryStore final : public Store {
public:
    MemoryStore(const Limits& limits, std::pmr::memory_resource* memory) : Store(limits), values_(memory) {}

private:
    Result<void> do_append(std::string_view log, std::string_view records, Durability durability) override;
    Result<void> do_read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) override;
    Result<void> do_put(std::string_view key, std::string_view value) override;
    Result<bool> do_get(std::string_view key, Buffer& out) override;
    Result<bool> do_remove(std::string_view key) override;
    Result<void> do_list(std::string_view prefix, Listing& out) override;
    Result<std::optional<std::uint64_t>> do_size(std::string_view key) override;
    Result<bool> do_move(std::string_view from, std::string_view to, Buffer& scratch) override;

    [[nodiscard]] bool has_conflict(std::string_view key) const;

    std::pmr::map<std::pmr::string, std::pmr::string, std::less<>> values_;
};

}  // namespace gw::store
