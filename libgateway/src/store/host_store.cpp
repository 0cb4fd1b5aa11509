#include "store/host_store.h"

#include <new>

namespace gw::store {

namespace {

// What a function of the host gives us passes through the host's frames, so nothing may be thrown there: what went
// wrong is kept here and told when the function has returned.
struct Sink {
    Buffer& out;
    std::size_t bytes_max;
    bool too_large = false;
    bool no_memory = false;

    static bool give(void* to, const void* data, std::size_t len) noexcept {
        auto& self = *static_cast<Sink*>(to);
        if (len > self.bytes_max - self.out.size()) {
            self.too_large = true;
            return false;
        }
        try {
            self.out.append(std::string_view(static_cast<const char*>(data), len));
        } catch (const std::bad_alloc&) {
            self.no_memory = true;
        }
        return !self.no_memory;
    }
};

// An error of the host as ours. A host that answers with something else than the documented codes has failed, too.
Error error_of(gw_status status) {
    switch (status) {
    case GW_ERR_LIMIT: return {GW_ERR_LIMIT, 0, "the host's store is full"};
    case GW_ERR_STATE: return {GW_ERR_STATE, 0, "the host's store refused the key"};
    case GW_ERR_NO_MEMORY: throw std::bad_alloc();
    default: return {GW_ERR_IO, 0, "the host's store failed"};
    }
}

Result<bool> presence_of(gw_status status) {
    if (status == GW_OK) return true;
    if (status == GW_DONE) return false;
    return error_of(status);
}

}  // namespace

Result<void> HostStore::do_append(std::string_view log, std::string_view records, Durability durability) {
    for (;;) {
        const std::size_t end = records.find('\n');
        const gw_status status = functions_.append(functions_.user, as_str(log), as_str(records.substr(0, end)),
                                                   durability == Durability::durable);
        if (status != GW_OK) return error_of(status);
        if (end == std::string_view::npos) return {};
        records.remove_prefix(end + 1);
    }
}

Result<void> HostStore::do_read(std::string_view log, std::uint64_t offset, std::size_t bytes_max, Buffer& out) {
    Sink sink{out, bytes_max};
    const gw_status status = functions_.read(functions_.user, as_str(log), offset, bytes_max, Sink::give, &sink);
    if (sink.no_memory) throw std::bad_alloc();
    if (sink.too_large) return Error{GW_ERR_IO, 0, "the host's store gave more than was asked for"};
    if (status != GW_OK && status != GW_DONE) return error_of(status);
    return {};
}

Result<void> HostStore::do_put(std::string_view key, std::string_view value) {
    const gw_status status = functions_.put(functions_.user, as_str(key), as_str(value));
    if (status != GW_OK) return error_of(status);
    return {};
}

Result<bool> HostStore::do_get(std::string_view key, Buffer& out) {
    Sink sink{out, limits().value_bytes_max};
    const gw_status status = functions_.get(functions_.user, as_str(key), Sink::give, &sink);
    if (sink.no_memory) throw std::bad_alloc();
    if (sink.too_large) return Error{GW_ERR_LIMIT, 0, "the value is too large"};
    return presence_of(status);
}

Result<bool> HostStore::do_remove(std::string_view key) {
    return presence_of(functions_.remove(functions_.user, as_str(key)));
}

Result<void> HostStore::do_list(std::string_view prefix, Listing& out) {
    struct Visitor {
        HostStore& self;
        std::string_view prefix;
        Listing& out;
        Result<void> result;
        bool no_memory = false;

        static bool visit(void* to, const gw_store_entry* entry) noexcept {
            auto& v = *static_cast<Visitor*>(to);
            const std::string_view key = as_text(entry->key);
            if (!is_valid_key(key) || !key.starts_with(v.prefix)) {
                v.result = Error{GW_ERR_IO, 0, "the host's store listed a key that was not asked for"};
                return false;
            }
            try {
                v.result = v.self.add(v.out, key, entry->value_size, entry->modified_ms);
            } catch (const std::bad_alloc&) {
                v.no_memory = true;
            }
            return v.result && !v.no_memory;
        }
    };
    Visitor visitor{*this, prefix, out, {}};
    const gw_status status = functions_.list(functions_.user, as_str(prefix), Visitor::visit, &visitor);
    if (visitor.no_memory) throw std::bad_alloc();
    if (!visitor.result) return visitor.result;
    if (status != GW_OK && status != GW_DONE) return error_of(status);
    return {};
}

Result<std::optional<std::uint64_t>> HostStore::do_size(std::string_view key) {
    struct Visitor {
        std::string_view key;
        std::optional<std::uint64_t> size;
        static bool visit(void* to, const gw_store_entry* entry) noexcept {
            auto& self = *static_cast<Visitor*>(to);
            if (as_text(entry->key) == self.key) self.size = entry->value_size;
            return !self.size;
        }
    };
    Visitor visitor{key, {}};
    const gw_status status = functions_.list(functions_.user, as_str(key), Visitor::visit, &visitor);
    if (status != GW_OK && status != GW_DONE) return error_of(status);
    return visitor.size;
}

Result<bool> HostStore::do_move(std::string_view from, std::string_view to, Buffer& scratch) {
    const auto found = do_get(from, scratch);
    if (!found || !*found || from == to) return found;
    if (const auto done = do_put(to, scratch.text()); !done) return done.error();
    return do_remove(from);
}

}  // namespace gw::store
