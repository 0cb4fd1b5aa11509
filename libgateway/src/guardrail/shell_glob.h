// Globs of rules, and globs of a command line.
#pragma once

#include <memory_resource>
#include <string_view>

namespace gw::guardrail::shell {

// True when `glob` takes all of `text`: `*` any run of characters, also `/`; `?` one character (of UTF-8 text: one
// byte);
// `[0-7]` a set, `[!0-7]` its opposite; a back-slash takes the next character literally.
[[nodiscard]] bool matches_glob(std::string_view glob, std::string_view text, bool ignore_case = false) noexcept;

// True when some name is taken by both: `word` stands on a command line, where `/etc/sh?dow` will become /etc/shadow.
// Says no for words that are hardly more than a star, because they name everything and mean nothing in particular.
[[nodiscard]] bool globs_meet(std::string_view glob, std::string_view word, std::pmr::memory_resource* memory);

// True when `glob` takes the path, or the path with its home written as `~`. `full` has no doubled slashes.
[[nodiscard]] bool matches_path(std::string_view glob, std::string_view full) noexcept;

}  // namespace gw::guardrail::shell
