#include "support/test.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace gw::test {

int long_rounds(int full) {
#ifdef __SANITIZE_ADDRESS__
    const bool slow = true;
#else
    const bool slow = false;
#endif
    return slow && std::getenv("GATEWAY_FULL") == nullptr ? full / 10 : full;
}

std::uint64_t Random::next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

Pieces cut_at_random(std::string_view wire, Random& random, std::size_t piece_bytes_max) {
    Pieces out;
    while (!wire.empty()) {
        const std::size_t size = std::min(wire.size(), random.below(piece_bytes_max + 1));
        out.pieces.push_back(wire.substr(0, size));
        wire.remove_prefix(size);
    }
    return out;
}

void for_each_split(std::string_view wire, const std::function<void(const Pieces&)>& body, int random_cuts) {
    body({{wire}, "whole"});

    Pieces bytes{{}, "byte by byte"};
    for (std::size_t i = 0; i < wire.size(); ++i) bytes.pieces.push_back(wire.substr(i, 1));
    body(bytes);

    const std::size_t step = wire.size() <= 4096 ? 1 : wire.size() / 997;
    for (std::size_t cut = 1; cut < wire.size(); cut += step) {
        body({{wire.substr(0, cut), wire.substr(cut)}, "two pieces, cut at " + std::to_string(cut)});
    }
    for (int i = 0; i < random_cuts; ++i) {
        const auto seed = static_cast<std::uint64_t>(i) * 7919 + wire.size();
        Random random(seed);
        const std::size_t piece_bytes_max = 1 + random.below(i % 2 == 0 ? 8 : 64);
        Pieces pieces = cut_at_random(wire, random, piece_bytes_max);
        pieces.description =
            "random pieces of up to " + std::to_string(piece_bytes_max) + " bytes, seed " + std::to_string(seed);
        body(pieces);
    }
}

TestHost::TestHost() {
    host_.size = sizeof host_;
    host_.user = this;
    host_.alloc = alloc;
    host_.free = free;
    host_.log = log;
}

TestHost::~TestHost() {
    if (blocks_out_ == 0) return;
    std::fprintf(stderr, "TestHost: %zu blocks (%zu bytes) were never freed\n", blocks_out_, bytes_out_);
    std::abort();
}

void* TestHost::alloc(void* user, std::size_t size) {
    auto& self = *static_cast<TestHost*>(user);
    const std::size_t n = self.count_++;
    if (self.once_ ? n == self.fail_at_ : n >= self.fail_at_) {
        self.failed_ = true;
        return nullptr;
    }
    void* memory = std::malloc(size);
    ++self.blocks_out_;
    self.bytes_out_ += size;
    self.bytes_peak_ = std::max(self.bytes_peak_, self.bytes_out_);
    return memory;
}

void TestHost::free(void* user, void* memory, std::size_t size) {
    auto& self = *static_cast<TestHost*>(user);
    if (memory == nullptr) return;
    std::memset(memory, 0xDD, size);  // use after free shows, and so does a wrong size under ASan
    --self.blocks_out_;
    self.bytes_out_ -= size;
    std::free(memory);
}

void TestHost::log(void* user, gw_log_level /*level*/, gw_str line) {
    auto& self = *static_cast<TestHost*>(user);
    self.log_.append(line.data, line.len);
    self.log_ += '\n';
}

std::string read_vector(const std::string& name) {
    std::ifstream file(std::string(GATEWAY_VECTORS "/") + name, std::ios::binary);
    INFO("vector " << name);
    REQUIRE(file.good());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace gw::test
