// What is behind gw_store: one of the three stores, and the memory it lives in.
#pragma once

#include <cstdint>
#include <variant>

#include "core/memory.h"
#include "store/directory_store.h"
#include "store/host_store.h"
#include "store/memory_store.h"

struct gw_store {
    explicit gw_store(gw::Allocator allocator) : memory(allocator), pool(allocator) {}

    // The store inside, for gateways.
    [[nodiscard]] gw::store::Store& get() noexcept {
        gw::store::Store* store = std::get_if<gw::store::MemoryStore>(&kind);
        if (store == nullptr) store = std::get_if<gw::store::DirectoryStore>(&kind);
        if (store == nullptr) store = std::get_if<gw::store::HostStore>(&kind);
        return *store;
    }

    void retain() noexcept { ++references; }
    static void release(gw_store* store) noexcept {
        if (store == nullptr || --store->references > 0) return;
        const gw::Allocator allocator = store->memory.allocator();
        store->~gw_store();
        allocator.deallocate(store, sizeof(gw_store));
    }

    std::uint32_t references = 1;
    gw::HostMemory memory;
    gw::BlockPoolOwner pool;
    std::variant<std::monostate, gw::store::MemoryStore, gw::store::DirectoryStore, gw::store::HostStore> kind;
};
