// Names of what a store keeps: relative paths such as "agents/main/sessions/4f1c.jsonl".
//
// A key is 1 to 16 segments, separated by single slashes. A segment is 1 to 200 bytes of A-Z a-z 0-9 . _ @ : + = - and
// %XX (two upper-case hexadecimal digits), and does not begin with a dot. So no key leaves its directory, none is
// hidden, and dot names stay free for the store's own files.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace gw::store {

inline constexpr std::size_t segment_bytes_max = 200;
inline constexpr std::size_t segment_count_max = 16;

[[nodiscard]] bool is_valid_key(std::string_view key) noexcept;

// The beginning of keys: empty, a valid key, or a valid key and a slash.
[[nodiscard]] bool is_valid_prefix(std::string_view prefix) noexcept;

// Appends any bytes (a session name, an address) as one segment: what may not stand in a segment becomes %XX. The
// result may be longer than a segment may be; is_valid_key() sees that.
void append_segment(std::pmr::string& key, std::string_view text);

// What append_segment() was given; nothing for a segment that it cannot have written.
[[nodiscard]] std::optional<std::pmr::string> decode_segment(std::string_view segment,
                                                             std::pmr::memory_resource* memory);

}  // namespace gw::store
