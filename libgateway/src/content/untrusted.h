// Text of strangers on its way into a prompt: between boundaries that it cannot write itself.
//
//     <<<EXTERNAL_UNTRUSTED_CONTENT id="9f2c...">>>
//     Source: External
//     File: report.txt
//     ---
//     what the file says
//     <<<END_EXTERNAL_UNTRUSTED_CONTENT id="9f2c...">>>
//
// The id is random, so the end cannot be forged; and what merely looks like a boundary, in any case, with other
// letters, spaces or invisible characters, is replaced, so that no model is asked to compare ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/result.h"
#include "crypto/random.h"

namespace gw::content {

inline constexpr std::string_view rendered_note = "[PDF content rendered to images]";
inline constexpr std::size_t file_name_bytes_max = 128;

struct Untrusted {
    std::string_view text;       // valid UTF-8
    std::string_view file_name;  // as the sender wrote it; may be empty
    std::uint64_t chars_max = UINT64_MAX;
};

// Appends the block. Nothing but GW_ERR_RANDOM can go wrong.
[[nodiscard]] Result<void> append_untrusted(const Untrusted& content, const crypto::Random& random,
                                            std::pmr::string& out);

// Appends valid UTF-8 with every imitation of a boundary replaced by "[boundary removed]". Linear.
void append_defused(std::string_view text, std::pmr::string& out);

// Appends bytes as valid UTF-8 without NUL: what is none becomes U+FFFD.
void append_valid(std::string_view bytes, std::pmr::string& out);

// Appends a file name as one line that says nothing else: the last segment of a path, without control and invisible
// characters, quotes and brackets, at most file_name_bytes_max bytes.
void append_file_name(std::string_view name, std::pmr::string& out);

// Code points of valid UTF-8.
[[nodiscard]] std::uint64_t count_characters(std::string_view text) noexcept;
// The first `count` of them.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::uint64_t count) noexcept;

}  // namespace gw::content
