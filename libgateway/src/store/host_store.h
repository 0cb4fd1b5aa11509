// A store that is the host's: its functions move the bytes, Store keeps the rules.
#pragma once

#include "gateway/store.h"
#include "store/store.h"

namespace gw::store {

class HostStore final : public Store {
public:
    // Every function of `functions` is set.
    HostStore(const Limits& limits, const gw_store_functions& functions) noexcept
        : Store(limits), functions_(functions) {}

private:
    Result<void> do_append(std::string_view log, std::string_view records, Durability durability) override;
    Result<void> do_read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) override;
    Result<void> do_put(std::string_view key, std::string_view value) override;
    Result<bool> do_get(std::string_view key, Buffer& out) override;
    Result<bool> do_remove(std::string_view key) override;
    Result<void> do_list(std::string_view prefix, Listing& out) override;
    Result<std::optional<std::uint64_t>> do_size(std::string_view key) override;
    Result<bool> do_move(std::string_view from, std::string_view to, Buffer& scratch) override;

    gw_store_functions functions_;
};

}  // namespace gw::store
