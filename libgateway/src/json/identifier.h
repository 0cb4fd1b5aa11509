// Which characters a name may have: IdentifierName of ECMAScript 5.1, section 7.6, whose characters have 16 bits, so
// that a letter above U+FFFF needs quotes.
#pragma once

namespace gw::json {

[[nodiscard]] bool is_identifier_start(char32_t c) noexcept;  // a letter, $ or _
[[nodiscard]] bool is_identifier_part(char32_t c) noexcept;   // also a digit, a combining mark, a connector

}  // namespace gw::json
