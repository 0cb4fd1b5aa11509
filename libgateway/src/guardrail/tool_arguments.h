// The arguments of a tool call: JSON, whole, broken off, or nearly JSON as models write it.
//
//     {"command": "ls", "env": {"A": "b"}, "x": ["y"]}      0  the text itself
//                                                           1  object          command: ls
//                                                           2  object of env   A: b
//                                                           3  array of x      x: y
//
// A strict parser refuses a text that some other program will repair and run. This one takes what it can and says what
// it met. Values keep their place, also those of JSON that stood inside a string of other JSON. One pass, no recursion;
// strings are decoded only when somebody asks for them.
#pragma once

#include <array>

#include "guardrail/shell_text.h"

namespace gw::guardrail::tools {

struct Value {
    static constexpr std::uint32_t none = UINT32_MAX;
    std::string_view key;            // lower case, letters and digits only; elements have the key of their array
    std::string_view name;           // the key as it stands: the name of a variable
    std::size_t begin = 0, end = 0;  // inside of the quotes, or the bare word
    bool string = false;
    std::uint32_t next = none;  // of the same container
};

struct Container {
    static constexpr std::uint32_t none = UINT32_MAX;
    bool array = false;
    std::string_view key;
    std::uint32_t parent = none;
    std::uint32_t depth = 0;
    std::uint32_t first = none, last = none;              // values
    std::uint32_t first_child = none, last_child = none;  // containers
    std::uint32_t next = none;                            // of the same parent
};

struct ArgumentLimits {
    std::uint32_t depth_max = 64;      // what is deeper is taken as if it stood at this depth
    std::uint32_t values_max = 16384;  // values and containers; the rest is not read
};

class Arguments {
public:
    // The views lie in the arena and in `text`.
    Arguments(const shell::Text& text, const ArgumentLimits& limits, std::pmr::memory_resource* arena,
              std::pmr::memory_resource* scratch);

    std::pmr::vector<Container> containers;  // parents before their children
    std::pmr::vector<Value> values;
    bool whole = false;   // one JSON value and nothing else
    bool broken = false;  // something stood where JSON has nothing of the kind; otherwise it was only broken off

    // A value with its escapes resolved.
    [[nodiscard]] shell::Text decode(const Value& value) const;
    [[nodiscard]] std::string_view raw(const Value& value) const noexcept {
        return text_.bytes.substr(value.begin, value.end - value.begin);
    }
    // Where a value stands.
    [[nodiscard]] shell::Span place(const Value& value) const noexcept { return text_.source(value.begin, value.end); }

private:
    void walk(const ArgumentLimits& limits);
    void open(bool array, std::string_view raw_key, const ArgumentLimits& limits);
    void close(bool array);
    void add(std::string_view raw_key, std::size_t begin, std::size_t end, bool string);
    [[nodiscard]] std::string_view normalised(std::string_view key);
    [[nodiscard]] std::size_t end_of_string(std::size_t begin) const noexcept;
    [[nodiscard]] shell::Text decode(std::size_t begin, std::size_t end) const;

    shell::Text text_;
    std::pmr::memory_resource* arena_;
    std::pmr::memory_resource* scratch_;
    std::uint32_t current_ = 0;   // container
    std::uint32_t too_deep_ = 0;  // containers that were opened beyond depth_max
};

// The text of a JSON string, from inside its quotes.
[[nodiscard]] shell::Text decode_json_string(const shell::Text& text, std::size_t begin, std::size_t end,
                                             std::pmr::memory_resource* arena, std::pmr::memory_resource* scratch);

}  // namespace gw::guardrail::tools
