// A configuration as tests like to look at it: loaded from text, with an environment that is a map.
#pragma once

#include <map>
#include <string>

#include "config/config.h"
#include "support/test.h"

namespace gw::test {

using Names = std::map<std::string, std::string>;

struct Surroundings {
    Names variables;
    Names files;  // what $include may read
    std::string last;
    config::Environment environment;

    explicit Surroundings(Names variables_ = {}, Names files_ = {})
        : variables(std::move(variables_)), files(std::move(files_)) {
        environment.user = this;
        environment.get = [](void* user, std::string_view name) -> std::optional<std::string_view> {
            auto& self = *static_cast<Surroundings*>(user);
            const auto found = self.variables.find(std::string(name));
            if (found == self.variables.end()) return std::nullopt;
            self.last = found->second;  // valid until the next call, and no longer
            return self.last;
        };
        environment.read = [](void* user, std::string_view path, std::pmr::string& out) {
            auto& self = *static_cast<Surroundings*>(user);
            const auto found = self.files.find(std::string(path));
            if (found == self.files.end()) return false;
            out = found->second;
            return true;
        };
    }
    Surroundings(const Surroundings&) = delete;
    Surroundings& operator=(const Surroundings&) = delete;
};

struct Loaded {
    Loaded(std::string_view text, Surroundings& surroundings,
           std::pmr::memory_resource* memory = std::pmr::get_default_resource())
        : config(memory), problems(memory) {
        ok = config::load(text, surroundings.environment, config, problems, memory);
    }

    // All problems as lines, as a person gets them.
    [[nodiscard]] std::string text() const {
        std::pmr::string out;
        for (const config::Problem& problem : problems) append_line(out, problem, "openclaw.json");
        return std::string(out);
    }

    config::Config config;
    std::pmr::vector<config::Problem> problems;
    bool ok = false;
};

inline Loaded load(std::string_view text, const Names& variables = {}, const Names& files = {}) {
    Surroundings surroundings(variables, files);
    return Loaded(text, surroundings);
}

}  // namespace gw::test
