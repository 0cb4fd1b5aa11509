// What every test of this project stands on: Catch2, the splitter, an allocator that counts and refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/memory.h"
#include "support/catch.h"

namespace gw::test {

// How often a test of many random rounds does one: `full` times; with sanitizers, which make each ten times slower, a
// tenth of that, unless the environment has GATEWAY_FULL.
[[nodiscard]] int long_rounds(int full);

// One way to cut an input: the pieces in order, with a printable form for failure messages.
struct Pieces {
    std::vector<std::string_view> pieces;
    std::string description;
    [[nodiscard]] auto begin() const { return pieces.begin(); }
    [[nodiscard]] auto end() const { return pieces.end(); }
};
inline std::ostream& operator<<(std::ostream& out, const Pieces& pieces) { return out << pieces.description; }

// A small deterministic random source (SplitMix64); the same on every machine.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(next() % limit); }

private:
    std::uint64_t state_;
};

// Calls `body` with `wire` whole, byte by byte, cut in two at every place (sampled above 4 KiB), and cut at random
// `random_cuts` times, some of those with empty pieces in between. The seed is in the description.
void for_each_split(std::string_view wire, const std::function<void(const Pieces&)>& body, int random_cuts = 25);

// Random cuts of `wire` into pieces of 0 to `piece_bytes_max` bytes.
[[nodiscard]] Pieces cut_at_random(std::string_view wire, Random& random, std::size_t piece_bytes_max);

// A gw_host whose allocator counts what is out, and refuses the n-th allocation when told so.
class TestHost {
public:
    TestHost();
    ~TestHost();  // aborts the test program with a message when memory is still out
    TestHost(const TestHost&) = delete;
    TestHost& operator=(const TestHost&) = delete;

    [[nodiscard]] const gw_host* host() const { return &host_; }
    [[nodiscard]] Allocator allocator() const { return Allocator::from(&host_); }

    void fail_at(std::size_t n) {
        fail_at_ = n;
        count_ = 0;
    }  // refuses allocation n (0 = the next) and all after it
    void fail_once_at(std::size_t n) {
        fail_at(n);
        once_ = true;
    }
    void fail_never() {
        fail_at_ = SIZE_MAX;
        once_ = false;
    }
    [[nodiscard]] bool failed() const { return failed_; }  // an allocation was refused since the last clear
    void clear_failed() { failed_ = false; }

    [[nodiscard]] std::size_t allocations() const { return count_; }
    [[nodiscard]] std::size_t bytes_out() const { return bytes_out_; }
    [[nodiscard]] std::size_t bytes_peak() const { return bytes_peak_; }
    [[nodiscard]] std::string log() const { return log_; }

private:
    static void* alloc(void* user, std::size_t size);
    static void free(void* user, void* memory, std::size_t size);
    static void log(void* user, gw_log_level level, gw_str line);

    gw_host host_{};
    std::size_t fail_at_ = SIZE_MAX;
    std::size_t count_ = 0;
    std::size_t blocks_out_ = 0;
    std::size_t bytes_out_ = 0;
    std::size_t bytes_peak_ = 0;
    bool failed_ = false;
    bool once_ = false;
    std::string log_;
};

// The bytes of a file below tests/vectors; fails the test when it cannot be read.
[[nodiscard]] std::string read_vector(const std::string& name);

// A codec's Buffer with its own pool, for tests that need nothing else.
struct PooledBuffer {
    BlockPoolOwner pool{Allocator::from(nullptr)};
    Buffer buffer{pool.get()};
};

}  // namespace gw::test
