#include "store/store.h"

#include <algorithm>

namespace gw::store {

namespace {

constexpr Error not_a_key{GW_ERR_ARGUMENT, 0, "the key is not valid"};
constexpr Error value_too_large{GW_ERR_LIMIT, 0, "the value is too large for the store"};

}  // namespace

Result<void> Store::append(std::string_view log, std::string_view record, Durability durability) {
    if (!is_valid_key(log)) return not_a_key;
    if (const std::size_t at = record.find('\n'); at != std::string_view::npos) {
        return Error{GW_ERR_ARGUMENT, at, "a record of a log is one line"};
    }
    return append_all(log, record, durability);
}

Result<void> Store::append_all(std::string_view log, std::string_view records, Durability durability) {
    if (!is_valid_key(log)) return not_a_key;
    if (records.size() >= limits_.value_bytes_max) return value_too_large;
    return do_append(log, records, durability);
}

Result<std::uint64_t> Store::read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) {
    out.clear();
    if (!is_valid_key(log)) return not_a_key;
    bytes_max = std::min(bytes_max, limits_.value_bytes_max);
    // The line feed before `offset` is read too: it proves that a record begins there.
    const std::size_t lead = offset > 0 ? 1 : 0;
    if (const auto done = do_read(log, offset - lead, bytes_max + lead, out); !done) return done.error();
    if (lead > 0) {
        if (out.empty() || out.text().front() != '\n') {
            out.clear();
            return Error{GW_ERR_GONE, 0, "no record of the log begins at this offset"};
        }
        out.consume(1);
    }
    const std::size_t end = out.text().rfind('\n');
    if (end == std::string_view::npos && !out.empty() && out.size() >= bytes_max) {
        out.clear();
        return Error{GW_ERR_LIMIT, 0, "a record of the log is too long"};
    }
    out.truncate(end == std::string_view::npos ? 0 : end + 1);
    return offset + out.size();
}

Result<std::uint64_t> Store::read_back(std::string_view log, std::uint64_t end, std::size_t bytes_max, Buffer& out) {
    out.clear();
    const auto found = size(log);
    if (!found) return found.error();
    end = std::min(end, found->value_or(0));
    bytes_max = std::min<std::uint64_t>({bytes_max, limits_.value_bytes_max, end});
    // One byte more: the line feed in front of the first record.
    const std::size_t lead = end > bytes_max ? 1 : 0;
    const std::uint64_t begin = end - bytes_max - lead;
    if (const auto done = do_read(log, begin, bytes_max + lead, out); !done) return done.error();
    const std::size_t last = out.text().rfind('\n');
    if (lead == 0) {
        out.truncate(last == std::string_view::npos ? 0 : last + 1);
        return std::uint64_t{0};
    }
    const std::size_t first = out.text().find('\n');
    if (first == last) {
        out.clear();
        return Error{GW_ERR_LIMIT, 0, "a record of the log is too long"};
    }
    out.truncate(last + 1);
    out.consume(first + 1);
    return begin + first + 1;
}

Result<std::optional<std::uint64_t>> Store::size(std::string_view key) {
    if (!is_valid_key(key)) return not_a_key;
    return do_size(key);
}

Result<bool> Store::move(std::string_view from, std::string_view to, Buffer& scratch) {
    scratch.clear();
    if (!is_valid_key(from) || !is_valid_key(to)) return not_a_key;
    const auto done = do_move(from, to, scratch);
    scratch.clear();
    return done;
}

Result<void> Store::put(std::string_view key, std::string_view value) {
    if (!is_valid_key(key)) return not_a_key;
    if (value.size() > limits_.value_bytes_max) return value_too_large;
    return do_put(key, value);
}

Result<bool> Store::get(std::string_view key, Buffer& out) {
    out.clear();
    if (!is_valid_key(key)) return not_a_key;
    const auto found = do_get(key, out);
    if (!found || !*found) out.clear();
    return found;
}

Result<bool> Store::remove(std::string_view key) {
    if (!is_valid_key(key)) return not_a_key;
    return do_remove(key);
}

Result<void> Store::list(std::string_view prefix, Listing& out) {
    out.clear();
    if (!is_valid_prefix(prefix)) return not_a_key;
    const auto done = do_list(prefix, out);
    if (!done) {
        out.clear();
        return done;
    }
    std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
    return {};
}

Result<void> Store::add(Listing& out, std::string_view key, std::uint64_t size, std::uint64_t modified_ms) const {
    if (out.size() >= limits_.entry_count_max)
        return Error{GW_ERR_LIMIT, 0, "the store has more keys than fit into a list"};
    out.push_back({std::pmr::string(key, out.get_allocator()), size, modified_ms});
    return {};
}

}  // namespace gw::store
