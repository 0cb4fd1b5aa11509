// Stores, a clock's hands, and short words for what the tests of conversations do all the time.
#pragma once

#include <array>
#include <string>

#include "core/memory.h"
#include "crypto/random.h"
#include "session/transcript.h"
#include "store/directory_store.h"
#include "store/host_store.h"
#include "store/memory_store.h"
#include "store/stores.h"

namespace gw::session {

inline constexpr std::uint64_t start_ms = 1795170118657;  // 2026-11-20T10:21:58.657Z

// Numbers instead of randomness, so that ids can be told apart and never repeat.
class Counter {
public:
    [[nodiscard]] crypto::Random random() { return {fill, this}; }

private:
    static bool fill(void* user, void* out, std::size_t size) {
        auto& self = *static_cast<Counter*>(user);
        auto* bytes = static_cast<unsigned char*>(out);
        ++self.count_;
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = static_cast<unsigned char>(i < 4 ? self.count_ >> (8 * i) : 0xA0 + i);
        return true;
    }
    std::uint64_t count_ = 0;
};

// Everything that a session object is made of.
struct Bench {
    test::TestHost host;
    HostMemory memory{host.allocator()};
    BlockPoolOwner pool{host.allocator()};
    Counter counter;
    [[nodiscard]] Buffer buffer() const { return Buffer(pool.get()); }

    [[nodiscard]] std::string value(store::Store& store, std::string_view key) const {
        Buffer out = buffer();
        const auto found = store.get(key, out);
        REQUIRE(found);
        return *found ? std::string(out.text()) : std::string("(none)");
    }
    [[nodiscard]] std::string keys(store::Store& store, std::string_view prefix = {}) const {
        store::Listing listing;
        REQUIRE(store.list(prefix, listing));
        std::string out;
        for (const store::Entry& entry : listing) out += std::string(entry.key) + "\n";
        return out;
    }
};

// Runs `body` on an empty store of each kind that bytes of ours end up in.
template <typename Body>
void for_each_kind_of_store(Bench& bench, const Body& body, const store::Limits& limits = {}) {
    {
        INFO("memory");
        store::MemoryStore store(limits, &bench.memory);
        body(store);
    }
    {
        INFO("directory");
        const test::TemporaryDirectory directory;
        store::DirectoryStore store(limits, {store::Sync::never, false}, &bench.memory);
        REQUIRE(store.open(directory / "state"));
        body(store);
    }
    {
        INFO("host");
        test::MapStore map;
        store::HostStore store(limits, map.functions());
        body(store);
    }
}

}  // namespace gw::session
