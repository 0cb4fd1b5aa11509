// Bytes that travel inside a text: base64 as people's programs write it, and data URLs (RFC 2397).
//
//     "data:image/png;base64,iVBORw0..."  ── parse_data_url() ──> media type, encoded bytes
//     encoded bytes, limit                ── decode_base64()  ──> bytes, or GW_ERR_LIMIT before anything is decoded
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"

namespace gw::content {

struct DataUrl {
    std::string_view media_type;  // with its parameters, without ";base64"; "" when it has none
    std::string_view data;
    bool base64 = false;  // else percent-encoded
};

[[nodiscard]] bool is_data_url(std::string_view text) noexcept;
// Nothing when it is none, or has no comma.
[[nodiscard]] std::optional<DataUrl> parse_data_url(std::string_view text) noexcept;

struct Decoded {
    bool canonical = true;  // encoding the bytes again gives the very same text
};

// Appends the bytes to `out`. White space between the letters is skipped and padding may be missing; anything else that
// is not base64 is GW_ERR_DATA. More than `bytes_max` bytes are GW_ERR_LIMIT.
[[nodiscard]] Result<Decoded> decode_base64(std::string_view text, std::size_t bytes_max, Buffer& out);
// The same for the data of a data URL that is not in base64; never canonical.
[[nodiscard]] Result<Decoded> decode_percent(std::string_view text, std::size_t bytes_max, Buffer& out);

}  // namespace gw::content
