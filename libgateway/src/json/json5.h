// JSON5 (json5.org 1.0.0) for files that people write: comments, trailing commas, unquoted keys, single quotes, hex
// numbers, line continuations. It is turned into plain JSON text, so that the rest of the code has one reader; a map
// leads errors found later back to line and column of the file.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "core/result.h"

namespace gw::json {

struct Position {
    std::size_t line = 1;    // from 1
    std::size_t column = 1;  // in characters (code points), from 1
};

// Where an offset of the text lies.
[[nodiscard]] Position position_of(std::string_view text, std::size_t offset) noexcept;

struct Json5Error {
    Position position;
    std::size_t offset = 0;
    std::string_view what;        // "expected ',' or '}'"; static text
    std::pmr::string near;        // the offending text: at most 24 bytes of the source from there, whole characters
};

// Converts JSON5 to JSON. On success `json` holds the JSON text and true is returned. Infinity and NaN, which JSON
// cannot say, and duplicate keys are errors. Depth limit 128.
[[nodiscard]] bool json5_to_json(std::string_view text, std::pmr::string& json, Json5Error& error);

}  // namespace gw::json
