// JSON5 (json5.org 1.0.0) for files that people write: comments, trailing commas, unquoted keys, single quotes, hex
// numbers, line continuations. It is turned into plain JSON text, so that the rest of the code has one reader; a map
// leads errors found later back to line and column of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace gw::json {

struct Position {
    std::size_t line = 1;    // from 1
    std::size_t column = 1;  // in characters (code points), from 1
};

// Where an offset of the text lies. Lines end with LF, CR or CR LF, as editors count them; a byte order mark in front
// is no column.
[[nodiscard]] Position position_of(std::string_view text, std::size_t offset) noexcept;

struct Json5Error {
    Position position;
    std::size_t offset = 0;
    std::string_view what;  // "expected ',' or '}' after the value"; static text
    std::pmr::string
        near;  // the offending text: at most 24 bytes of the source from there, of one line, whole characters
};

// From the JSON text that was made back to the JSON5 text it was made from.
class SourceMap {
public:
    explicit SourceMap(std::pmr::memory_resource* memory) : entries_(memory) {}

    // Where in the JSON5 text the key or value begins that begins at `json_offset`, or that this offset lies in.
    [[nodiscard]] std::size_t source_offset(std::size_t json_offset) const noexcept;

    void clear() noexcept { entries_.clear(); }
    void add(std::size_t json_offset, std::size_t source_offset);  // ascending

private:
    struct Entry {
        std::size_t json, source;
    };
    std::pmr::vector<Entry> entries_;
};

// Converts JSON5 to JSON. On success `json` holds the JSON text and true is returned; `map`, when given, knows the
// place of every value and key. Infinity and NaN, which JSON cannot say, and duplicate keys are errors. Depth limit
// 128. Whatever this accepts json::Document accepts.
[[nodiscard]] bool json5_to_json(std::string_view text, std::pmr::string& json, Json5Error& error,
                                 SourceMap* map = nullptr);

}  // namespace gw::json
