// Runs a fuzz target over every file of a corpus folder and over seeded mutations of each: flipped, dropped, doubled
// and spliced bytes. Enough to keep the targets honest without a fuzzer; a crash found by one becomes a corpus file.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/fuzz.h"

namespace {

std::uint64_t state = 1;
std::uint64_t next() {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

void mutate(std::string& text, const std::string& other) {
    const std::uint64_t count = 1 + next() % 4;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::size_t at = text.empty() ? 0 : next() % text.size();
        switch (next() % 6) {
        case 0:
            if (!text.empty())
                text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << (next() % 8)));
            break;
        case 1: text.insert(at, 1, static_cast<char>(next())); break;
        case 2: text.erase(at, 1 + next() % 8); break;
        case 3: text.insert(at, text.substr(at, next() % 32)); break;
        case 4: text.resize(at); break;
        default:
            if (!other.empty()) text.insert(at, other.substr(next() % other.size(), next() % 32));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> inputs;
    for (int i = 1; i < argc; ++i) {
        if (!std::filesystem::exists(argv[i])) {
            std::fprintf(stderr, "no corpus at %s\n", argv[i]);
            return 1;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        }
    }
    if (inputs.empty()) {
        std::fprintf(stderr, "the corpus is empty\n");
        return 1;
    }
    const char* rounds_text = std::getenv("GATEWAY_FUZZ_ROUNDS");
    const long rounds = rounds_text != nullptr ? std::atol(rounds_text) : 20000 / static_cast<long>(inputs.size()) + 1;
    std::size_t runs = 0;
    for (const std::string& input : inputs) {
        for (int piece : {0, 1, 3, 17}) {  // every corpus file whole and cut, whatever its own first byte says
            std::string cut = input;
            if (!cut.empty()) cut[0] = static_cast<char>(piece);
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(cut.data()), cut.size());
            ++runs;
        }
        for (long i = 0; i < rounds; ++i) {
            std::string text = input;
            mutate(text, inputs[next() % inputs.size()]);
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
            ++runs;
        }
    }
    std::printf("%zu inputs, %zu runs\n", inputs.size(), runs);
    return 0;
}
