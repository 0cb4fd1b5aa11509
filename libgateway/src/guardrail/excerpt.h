// What a finding shows of its match: enough to recognise it, never the secret.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

namespace gw::guardrail {

inline constexpr std::size_t excerpt_bytes_max = 80;

// Appends at most 80 bytes of `match`, on one line, cut between characters. A secret shows its first characters, at
// most four and at most a quarter, and its length.
void write_excerpt(std::pmr::string& out, std::string_view match, bool secret);

}  // namespace gw::guardrail
