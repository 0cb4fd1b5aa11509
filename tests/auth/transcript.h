// Recorded conversations of the real system: JSON lines in ../shared/spec/transcripts, or where GATEWAY_SPEC says.
#pragma once

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "json/json.h"
#include "support/test.h"

namespace gw::test {

// Calls `body` with every line; false, and a word on the output, when the file is not there.
inline bool for_each_line(const std::string& name, const std::function<void(json::Value)>& body) {
    const char* const folder = std::getenv("GATEWAY_SPEC");
    const std::string path = std::string(folder != nullptr ? folder : GATEWAY_SPEC) + "/transcripts/" + name;
    std::ifstream file(path);
    if (!file) {
        WARN("skipped: no " << path);
        return false;
    }
    json::Document document(std::pmr::get_default_resource());
    for (std::string line; std::getline(file, line);) {
        if (line.empty()) continue;
        REQUIRE(document.parse(line));
        body(document.root());
    }
    return true;
}

inline std::string text(json::Value value) { return std::string(value.as_string().value_or("")); }

}  // namespace gw::test
