// Where state lives: small values by key, and logs, which are values that grow by one line at a time.
//
//                                    +-- MemoryStore      gone with the process
//     put get remove list --+        |
//                           +- Store +-- DirectoryStore   files that a person can read
//     append read ----------+        |
//                                    +-- HostStore        functions of the host
//
// The only part of the library that waits for a disk: every call is done when it returns. What a log and a value are,
// and what may go wrong, is the same for all three, because Store checks the arguments and cuts the records; the three
// only move bytes.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/result.h"
#include "store/key.h"

namespace gw::store {

// Whether an append must be on the disk, not only with the operating system, when it returns.
enum class Durability : std::uint8_t { buffered, durable };

struct Limits {
    std::size_t value_bytes_max = 64U << 20U;  // of one value and of one record
    std::size_t entry_count_max = 100000;      // of one list()
};

struct Entry {
    std::pmr::string key;
    std::uint64_t size = 0;         // bytes
    std::uint64_t modified_ms = 0;  // Unix time of the last change; 0 where nobody knows
};
using Listing = std::pmr::vector<Entry>;

// Errors of every call: GW_ERR_ARGUMENT (not a key, or as said), GW_ERR_LIMIT, GW_ERR_IO, and GW_ERR_STATE when one key
// is in the way of another: "a" and "a/b" cannot both be values. After an error what was stored before is still there.
class Store {
public:
    explicit Store(const Limits& limits) noexcept : limits_(limits) {}
    virtual ~Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // Adds one record, a text without line feed, to the end of a log, and the line feed. What a crash left of an
    // earlier append is dropped first.
    [[nodiscard]] Result<void> append(std::string_view log, std::string_view record, Durability durability);
    // Several records at once, joined by line feeds: all or none of them, but with a host's store, which gets one after
    // the other and keeps those before the one that fails.
    [[nodiscard]] Result<void> append_all(std::string_view log, std::string_view records, Durability durability);

    // Puts whole records, each with its line feed, into `out` (cleared first), from `offset` on and at most `bytes_max`
    // bytes; answers the offset of the next one. Nothing in `out`: the end was reached, or there is no such log.
    // `offset` is 0 or an earlier answer; GW_ERR_GONE when no record begins there, because the log was replaced: begin
    // again at 0. GW_ERR_LIMIT: the next record is longer than `bytes_max`. A last line without its line feed is what a
    // crash left of an append, and not a record.
    [[nodiscard]] Result<std::uint64_t> read(std::string_view log, std::uint64_t offset, std::size_t bytes_max,
                                             Buffer& out);

    // The same backwards: the whole records that end before `end` (or before the end of the log, if that is nearer), as
    // many of the last ones as fit; answers the offset of the first of them, from which the next call goes on. Nothing
    // in `out`: there are none. `end` is an earlier answer of either kind, or `log_end`.
    static constexpr std::uint64_t log_end = UINT64_MAX;
    [[nodiscard]] Result<std::uint64_t> read_back(std::string_view log, std::uint64_t end, std::size_t bytes_max,
                                                  Buffer& out);

    // Bytes of a value or log; nothing when there is none.
    [[nodiscard]] Result<std::optional<std::uint64_t>> size(std::string_view key);

    // Gives a value or log another name; false when there was none. What had that name is replaced. A host's store
    // copies (through `scratch`), so there a value above `value_bytes_max` cannot be moved (GW_ERR_LIMIT), and a crash
    // in between leaves it under both names.
    [[nodiscard]] Result<bool> move(std::string_view from, std::string_view to, Buffer& scratch);

    // Replaces a value or a whole log (whose text then ends with a line feed), or makes it: all or nothing, on the disk
    // when it returns.
    [[nodiscard]] Result<void> put(std::string_view key, std::string_view value);

    // Puts the value into `out` (cleared first); false when there is none.
    [[nodiscard]] Result<bool> get(std::string_view key, Buffer& out);

    // False when there was nothing to remove.
    [[nodiscard]] Result<bool> remove(std::string_view key);

    // All keys that begin with `prefix`, in byte order; `out` is cleared first.
    [[nodiscard]] Result<void> list(std::string_view prefix, Listing& out);

    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

protected:
    // For do_list(): takes one entry, up to the limit.
    [[nodiscard]] Result<void> add(Listing& out, std::string_view key, std::uint64_t size,
                                   std::uint64_t modified_ms) const;

private:
    virtual Result<void> do_append(std::string_view log, std::string_view records, Durability durability) = 0;
    // The bytes of a log from `offset` on, at most `bytes_max`, whatever they are; none when there are none.
    virtual Result<void> do_read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) = 0;
    virtual Result<void> do_put(std::string_view key, std::string_view value) = 0;
    virtual Result<bool> do_get(std::string_view key, Buffer& out) = 0;
    virtual Result<bool> do_remove(std::string_view key) = 0;
    virtual Result<void> do_list(std::string_view prefix, Listing& out) = 0;  // in any order
    virtual Result<std::optional<std::uint64_t>> do_size(std::string_view key) = 0;
    virtual Result<bool> do_move(std::string_view from, std::string_view to, Buffer& scratch) = 0;

    Limits limits_;
};

}  // namespace gw::store
