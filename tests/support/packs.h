// Rule packs from texts and from the source of the default pack.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>

#include "guardrail/pack.h"
#include "support/test.h"

namespace gw::guardrail::test {

using Files = std::vector<std::pair<std::string, std::string>>;

struct Loaded {
    std::optional<RulePack> pack;
    std::vector<std::string> problems;
};

inline Loaded load(const Files& files, const LoadOptions& options = {},
                   std::pmr::memory_resource* memory = std::pmr::get_default_resource()) {
    std::vector<PackFile> list;
    for (const auto& [name, bytes] : files) list.push_back({name, bytes});
    std::pmr::vector<PackProblem> problems(memory);
    Loaded out{load_pack(list, options, problems, memory), {}};
    for (const PackProblem& problem : problems) {
        std::pmr::string line(memory);
        append_line(line, problem);
        out.problems.emplace_back(line);
    }
    return out;
}

// The YAML files of the default pack as they stand in the source.
inline Files default_files() {
    Files out;
    const std::filesystem::path folder = GATEWAY_DEFAULT_PACK;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        out.emplace_back(std::filesystem::relative(entry.path(), folder).generic_string(),
                         std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
    }
    return out;
}

}  // namespace gw::guardrail::test
