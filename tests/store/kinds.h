// The three kinds of store as the library sees them, so that a test can run on each.
#pragma once

#include "store/directory_store.h"
#include "store/host_store.h"
#include "store/memory_store.h"
#include "store/stores.h"

namespace gw::test {

// `body(store, buffer)`, once with each.
template <typename Body>
void for_each_kind(const Body& body) {
    const TestHost host;
    HostMemory memory(host.allocator());
    const BlockPoolOwner pool(host.allocator());
    Buffer out(pool.get());
    {
        INFO("memory");
        store::MemoryStore store({}, &memory);
        body(store, out);
    }
    {
        INFO("directory");
        const TemporaryDirectory directory;
        store::DirectoryStore store({}, {store::Sync::never, false}, &memory);
        REQUIRE(store.open(directory / "state"));
        body(store, out);
    }
    {
        INFO("host");
        MapStore map;
        store::HostStore store({}, map.functions());
        body(store, out);
    }
}

}  // namespace gw::test
