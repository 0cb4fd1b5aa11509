// What the benchmarks of the protocol modules share: counted memory, pieces, and the same three figures everywhere.
//
//     bytes_per_second   of the wire that went in (or came out)
//     time/item          CPU time per head, event, frame, text or exchange, whichever the benchmark is about
//     allocs/item        calls of the host's allocator; what third parties take with malloc is not in it
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/memory.h"

namespace gw::bench {

// A host that lends malloc and counts.
class CountedHost {
public:
    CountedHost() noexcept {
        host_.size = sizeof host_;
        host_.user = this;
        host_.alloc = [](void* user, std::size_t size) {
            ++static_cast<CountedHost*>(user)->allocations_;
            return std::malloc(size);
        };
        host_.free = [](void*, void* memory, std::size_t) { std::free(memory); };
    }
    CountedHost(const CountedHost&) = delete;
    CountedHost& operator=(const CountedHost&) = delete;

    [[nodiscard]] const gw_host* get() const noexcept { return &host_; }
    [[nodiscard]] std::uint64_t allocations() const noexcept { return allocations_; }

private:
    gw_host host_{};
    std::uint64_t allocations_ = 0;
};

// What a codec is made from.
struct Memory {
    CountedHost host;
    HostMemory resource{Allocator::from(host.get())};
    BlockPoolOwner pool_owner{Allocator::from(host.get())};
    [[nodiscard]] BlockPool* pool() const noexcept { return pool_owner.get(); }
};

// Counts from here (after the first, warming run) to report().
class Meter {
public:
    explicit Meter(const CountedHost& host) noexcept : host_(host), before_(host.allocations()) {}

    // For so many items and bytes in every iteration; 0 bytes where a rate of them would mean nothing.
    void report(benchmark::State& state, std::size_t items, std::size_t bytes) const {
        using benchmark::Counter;
        const auto all = static_cast<double>(state.iterations()) * static_cast<double>(items);
        if (bytes != 0) state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
        state.counters["time/item"] =
            Counter(static_cast<double>(items), Counter::kIsIterationInvariantRate | Counter::kInvert);
        state.counters["allocs/item"] = static_cast<double>(host_.allocations() - before_) / all;
    }

private:
    const CountedHost& host_;
    std::uint64_t before_;
};

// Calls `use` with every piece of at most `size` bytes.
template <typename Use>
void for_each_piece(std::string_view wire, std::size_t size, Use use) {
    for (std::size_t at = 0; at < wire.size(); at += size) use(wire.substr(at, size));
}

// Runs `pass` over and over: it takes the whole wire once and answers how many items it found. That number must not
// change: a benchmark that skips work must not look fast.
template <typename Pass>
void run(benchmark::State& state, const CountedHost& host, std::size_t items, std::size_t bytes, Pass pass) {
    if (pass() != items) {
        state.SkipWithError("the first pass found another number of items than there are");
        return;
    }
    const Meter meter(host);
    for (auto _ : state) {
        if (pass() == items) continue;
        state.SkipWithError("a pass found another number of items than there are");
        return;
    }
    meter.report(state, items, bytes);
}

// Registers `body(state)`; with `sweep` once for every size of a piece, which is state.range(0).
template <typename Body>
void add(const std::string& name, Body body) {
    benchmark::RegisterBenchmark(name.c_str(), body);
}
template <typename Body>
void sweep(const std::string& name, Body body) {
    benchmark::RegisterBenchmark(name.c_str(), body)->Arg(1)->Arg(16)->Arg(1400)->Arg(65536);
}
inline std::size_t piece_size(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

inline int run_all(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}

}  // namespace gw::bench
