// A fuzz target is one function over bytes that aborts when its property is broken. The same source is a libFuzzer
// target (clang, -fsanitize=fuzzer) and, with support/replay.cpp, a plain test.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gw::fuzz {

// Breaks the run with the text of what did not hold.
inline void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "fuzz: property broken: %s\n", what);
    std::abort();
}

// The first byte picks the size of the pieces the rest is cut into (0: whole); the second of those is never empty.
struct Input {
    std::string_view whole;
    std::vector<std::string_view> pieces;
};
inline Input cut(const std::uint8_t* data, std::size_t size) {
    Input input;
    if (size == 0) return input;
    const std::size_t step = data[0];
    input.whole = {reinterpret_cast<const char*>(data) + 1, size - 1};
    for (std::size_t at = 0; at < input.whole.size();) {
        const std::size_t take = step == 0 ? input.whole.size() : step;
        input.pieces.push_back(input.whole.substr(at, take));
        at += take;
    }
    return input;
}

}  // namespace gw::fuzz
