// Every key that a configuration may have, in one table: what is checked, and what docs/configuration.md is tested
// against.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config/source.h"

namespace gw::config {

enum class Type : std::uint8_t {
    boolean,
    integer,  // from minimum to maximum
    text,
    secret,  // text, or a reference {source: "env", id: "NAME"}
    choice,  // one of `choices`, which are separated by '|'
    texts,   // a list of text
    text_or_false,
    model,   // text, or an object {primary, fallbacks}
    object,  // with the keys that follow in the table, and no others unless a row "<path>.*" is the last of them
    map,     // any keys, each as the row "<path>.*"
    list,    // elements, each as the row "<path>[]"
    any,     // not looked into
};

enum class Use : std::uint8_t {
    used,
    known,       // part of OpenClaw's layout and without meaning here: accepted
    not_heeded,  // the same, but who sets it expects something to happen: accepted with a warning
};

struct Key {
    [[nodiscard]] constexpr std::string_view path() const noexcept { return path_text; }
    [[nodiscard]] constexpr std::string_view fallback() const noexcept { return fallback_text; }
    [[nodiscard]] constexpr std::string_view choices() const noexcept { return choices_text; }

    // Half as long as views, and there are a thousand.
    const char* path_text;           // "gateway.auth.mode", "agents.list[].id", "models.providers.*.baseUrl"
    const char* fallback_text = "";  // the default as text; "": none
    const char* choices_text = "";
    std::int32_t minimum = 0, maximum = 0;
    Type type = Type::any;
    Use use = Use::used;
};

// In an order in which everything below a key directly follows it. The first row is the root, with an empty path.
[[nodiscard]] std::span<const Key> keys() noexcept;
// The first row behind all that is below a row. The rows directly below one are row + 1, row_after(row + 1), and so on.
[[nodiscard]] std::size_t row_after(std::size_t row) noexcept;

// Puts the defaults of the table into the sections that are there.
void add_defaults(Node& root);

// Reports what does not fit the table, and turns secret references into text (with from_environment set).
void check(Node& root, const Variables& variables, Report& report);

}  // namespace gw::config
