#include "gateway/store.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "api/guard.h"
#include "api/sized.h"
#include "store/handle.h"

using gw::as_text;
using gw::Buffer;
using gw::store::Durability;

// The entries of one gw_store_list(), in memory of their own, so that the store may go first.
struct gw_store_listing {
    explicit gw_store_listing(gw::Allocator allocator) : memory(allocator), entries(&memory) {}

    gw::HostMemory memory;
    gw::store::Listing entries;
    std::size_t taken = 0;
};

namespace {

template <typename T>
T* make(gw::Allocator allocator) {
    void* place = allocator.allocate(sizeof(T));
    try {
        return new (place) T(allocator);
    } catch (...) {
        allocator.deallocate(place, sizeof(T));
        throw;
    }
}

template <typename T>
void destroy(T* object) noexcept {
    if (object == nullptr) return;
    const gw::Allocator allocator = object->memory.allocator();
    object->~T();
    allocator.deallocate(object, sizeof(T));
}

struct Release {
    void operator()(gw_store* store) const noexcept { gw_store::release(store); }
    void operator()(gw_store_listing* listing) const noexcept { destroy(listing); }
};
template <typename T>
using Handle = std::unique_ptr<T, Release>;

struct Settings {
    gw_host host;
    gw_store_options options;
    gw::store::Limits limits;

    [[nodiscard]] gw_status read(const gw_host* from_host, const gw_store_options* from_options) noexcept {
        if (const gw_status status = gw::api::copy_sized(from_host, host); status != GW_OK) return status;
        if ((host.alloc == nullptr) != (host.free == nullptr)) return GW_ERR_ARGUMENT;
        if (const gw_status status = gw::api::copy_sized(from_options, options); status != GW_OK) return status;
        int sync = 0;  // a caller in C may have put any number there
        static_assert(sizeof sync == sizeof options.sync);
        std::memcpy(&sync, &options.sync, sizeof sync);
        if (sync < GW_STORE_SYNC_AS_ASKED || sync > GW_STORE_SYNC_NEVER) return GW_ERR_ARGUMENT;
        if (options.value_bytes_max != 0) limits.value_bytes_max = std::min(options.value_bytes_max, SIZE_MAX / 4);
        if (options.entry_count_max != 0) limits.entry_count_max = options.entry_count_max;
        return GW_OK;
    }
};

gw::store::Sync sync_of(gw_store_sync sync) noexcept {
    switch (sync) {
    case GW_STORE_SYNC_AS_ASKED: break;
    case GW_STORE_SYNC_ALWAYS: return gw::store::Sync::always;
    case GW_STORE_SYNC_NEVER: return gw::store::Sync::never;
    }
    return gw::store::Sync::as_asked;
}

bool is_text(gw_str text) noexcept { return text.data != nullptr || text.len == 0; }

template <typename T>
gw_status status_of(const gw::Result<T>& result) noexcept {
    return result ? GW_OK : result.error().status;
}

// For calls that answer whether there was something.
gw_status presence_of(const gw::Result<bool>& found) noexcept {
    if (!found) return found.error().status;
    return *found ? GW_OK : GW_DONE;
}

}  // namespace

extern "C" {

gw_status gw_store_new_memory(const gw_host* host, const gw_store_options* options, gw_store** out) {
    return gw::api::guard([&] {
        Settings settings{};
        if (const gw_status status = settings.read(host, options); status != GW_OK) return status;
        if (out == nullptr) return GW_ERR_ARGUMENT;
        Handle<gw_store> store(make<gw_store>(gw::Allocator::from(&settings.host)));
        store->kind.emplace<gw::store::MemoryStore>(settings.limits, &store->memory);
        *out = store.release();
        return GW_OK;
    });
}

gw_status gw_store_open_directory(const gw_host* host, gw_str path, const gw_store_options* options, gw_store** out) {
    return gw::api::guard([&] {
        Settings settings{};
        if (const gw_status status = settings.read(host, options); status != GW_OK) return status;
        if (out == nullptr || !is_text(path)) return GW_ERR_ARGUMENT;
        Handle<gw_store> store(make<gw_store>(gw::Allocator::from(&settings.host)));
        const gw::store::DirectoryStore::Options how{sync_of(settings.options.sync), settings.options.exclusive};
        auto& directory = store->kind.emplace<gw::store::DirectoryStore>(settings.limits, how, &store->memory);
        if (const auto opened = directory.open(as_text(path)); !opened) return opened.error().status;
        *out = store.release();
        return GW_OK;
    });
}

gw_status gw_store_new_host(const gw_host* host, const gw_store_functions* functions, const gw_store_options* options,
                            gw_store** out) {
    return gw::api::guard([&] {
        Settings settings{};
        if (const gw_status status = settings.read(host, options); status != GW_OK) return status;
        gw_store_functions f{};
        if (const gw_status status = gw::api::copy_sized(functions, f); status != GW_OK) return status;
        if (out == nullptr || f.append == nullptr || f.read == nullptr || f.put == nullptr || f.get == nullptr ||
            f.remove == nullptr || f.list == nullptr) {
            return GW_ERR_ARGUMENT;
        }
        Handle<gw_store> store(make<gw_store>(gw::Allocator::from(&settings.host)));
        store->kind.emplace<gw::store::HostStore>(settings.limits, f);
        *out = store.release();
        return GW_OK;
    });
}

void gw_store_free(gw_store* store) { gw_store::release(store); }

gw_status gw_store_append(gw_store* store, gw_str log, gw_str record, bool durable) {
    if (store == nullptr || !is_text(log) || !is_text(record)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        return status_of(
            store->get().append(as_text(log), as_text(record), durable ? Durability::durable : Durability::buffered));
    });
}

gw_status gw_store_read(gw_store* store, gw_str log, uint64_t offset, size_t bytes_max, gw_buf* out, uint64_t* next) {
    if (store == nullptr || !is_text(log) || out == nullptr || next == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        Buffer buffer(store->pool.get());
        const auto after = store->get().read(as_text(log), offset, bytes_max == 0 ? 65536 : bytes_max, buffer);
        if (!after) return after.error().status;
        if (buffer.empty()) return GW_DONE;
        *out = buffer.take();
        *next = *after;
        return GW_OK;
    });
}

gw_status gw_store_put(gw_store* store, gw_str key, gw_str value) {
    if (store == nullptr || !is_text(key) || !is_text(value)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] { return status_of(store->get().put(as_text(key), as_text(value))); });
}

gw_status gw_store_get(gw_store* store, gw_str key, gw_buf* out) {
    if (store == nullptr || !is_text(key) || out == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        Buffer buffer(store->pool.get());
        const gw_status status = presence_of(store->get().get(as_text(key), buffer));
        if (status == GW_OK) *out = buffer.take();
        return status;
    });
}

gw_status gw_store_remove(gw_store* store, gw_str key) {
    if (store == nullptr || !is_text(key)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] { return presence_of(store->get().remove(as_text(key))); });
}

gw_status gw_store_list(gw_store* store, gw_str prefix, gw_store_listing** out) {
    if (store == nullptr || !is_text(prefix) || out == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        Handle<gw_store_listing> listing(make<gw_store_listing>(store->memory.allocator()));
        if (const auto done = store->get().list(as_text(prefix), listing->entries); !done) return done.error().status;
        *out = listing.release();
        return GW_OK;
    });
}

gw_status gw_store_listing_next(gw_store_listing* listing, gw_store_entry* entry) {
    if (listing == nullptr || entry == nullptr) return GW_ERR_ARGUMENT;
    if (listing->taken == listing->entries.size()) return GW_DONE;
    const gw::store::Entry& next = listing->entries[listing->taken];
    gw_store_entry filled{sizeof(gw_store_entry), gw::as_str(next.key), next.size, next.modified_ms};
    const gw_status status = gw::api::fill_sized(filled, entry);
    if (status == GW_OK) ++listing->taken;
    return status;
}

void gw_store_listing_free(gw_store_listing* listing) { destroy(listing); }

gw_status gw_store_segment(gw_store* store, gw_str text, gw_buf* out) {
    if (store == nullptr || text.data == nullptr || text.len == 0 || out == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        if (text.len > gw::store::segment_bytes_max) return GW_ERR_LIMIT;
        std::pmr::string segment(&store->memory);
        gw::store::append_segment(segment, as_text(text));
        if (segment.size() > gw::store::segment_bytes_max) return GW_ERR_LIMIT;
        Buffer buffer(store->pool.get());
        buffer.append(std::string_view(segment));
        *out = buffer.take();
        return GW_OK;
    });
}

}  // extern "C"
