#include "store/memory_store.h"

#include <algorithm>

namespace gw::store {

namespace {

constexpr Error in_the_way{GW_ERR_STATE, 0, "another key is in the way of this one"};

}  // namespace

// Whether a value has the name of one of the key's directories, or the other way round: no directory could hold both.
bool MemoryStore::has_conflict(std::string_view key) const {
    for (std::size_t slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/', slash + 1)) {
        if (values_.find(key.substr(0, slash)) != values_.end()) return true;
    }
    std::pmr::string below(key, values_.get_allocator().resource());
    below += '/';
    const auto next = values_.lower_bound(std::string_view(below));
    return next != values_.end() && std::string_view(next->first).starts_with(below);
}

Result<void> MemoryStore::do_append(std::string_view log, std::string_view records, Durability /*durability*/) {
    if (has_conflict(log)) return in_the_way;
    const auto found = values_.find(log);
    const std::size_t size = found == values_.end() ? 0 : found->second.rfind('\n') + 1;  // npos + 1 == 0
    if (limits().value_bytes_max - std::min(size, limits().value_bytes_max) < records.size() + 1) {
        return Error{GW_ERR_LIMIT, 0, "the log is too large for a store in memory"};
    }
    if (found == values_.end()) {
        std::pmr::string value(values_.get_allocator());
        value.reserve(records.size() + 1);
        value += records;
        value += '\n';
        values_.emplace(std::pmr::string(log, values_.get_allocator()), std::move(value));
        return {};
    }
    std::pmr::string& value = found->second;
    value.reserve(size + records.size() + 1);  // the only step that can fail
    value.resize(size);
    value += records;
    value += '\n';
    return {};
}

Result<void> MemoryStore::do_read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) {
    const auto found = values_.find(log);
    if (found == values_.end() || offset >= found->second.size()) return {};
    out.append(std::string_view(found->second).substr(static_cast<std::size_t>(offset), bytes_max));
    return {};
}

Result<void> MemoryStore::do_put(std::string_view key, std::string_view value) {
    if (has_conflict(key)) return in_the_way;
    std::pmr::string copy(value, values_.get_allocator());
    if (const auto found = values_.find(key); found != values_.end()) {
        found->second.swap(copy);
    } else {
        values_.emplace(std::pmr::string(key, values_.get_allocator()), std::move(copy));
    }
    return {};
}

Result<bool> MemoryStore::do_get(std::string_view key, Buffer& out) {
    const auto found = values_.find(key);
    if (found == values_.end()) return false;
    out.append(std::string_view(found->second));
    return true;
}

Result<bool> MemoryStore::do_remove(std::string_view key) {
    const auto found = values_.find(key);
    if (found == values_.end()) return false;
    values_.erase(found);
    return true;
}

Result<std::optional<std::uint64_t>> MemoryStore::do_size(std::string_view key) {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::optional<std::uint64_t>{};
    return std::optional<std::uint64_t>{found->second.size()};
}

Result<bool> MemoryStore::do_move(std::string_view from, std::string_view to, Buffer& /*scratch*/) {
    const auto found = values_.find(from);
    if (found == values_.end()) return false;
    if (from == to) return true;
    if (has_conflict(to)) return in_the_way;
    std::pmr::string& target = values_.try_emplace(std::pmr::string(to, values_.get_allocator())).first->second;
    target = std::move(found->second);
    values_.erase(found);
    return true;
}

Result<void> MemoryStore::do_list(std::string_view prefix, Listing& out) {
    for (auto entry = values_.lower_bound(prefix); entry != values_.end(); ++entry) {
        if (!std::string_view(entry->first).starts_with(prefix)) break;
        if (const auto added = add(out, entry->first, entry->second.size(), 0); !added) return added;
    }
    return {};
}

}  // namespace gw::store
