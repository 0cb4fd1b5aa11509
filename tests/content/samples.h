// The beginnings of files of all kinds, as small as the kinds allow.
#pragma once

#include <string>
#include <string_view>

namespace gw::test {

inline std::string operator""_bytes(const char* text, std::size_t size) { return {text, size}; }

inline const std::string png_sample =
    "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90\x77\x53\xDE\0\0\0\0IEND\xAE\x42\x60\x82"_bytes;
inline const std::string gif_sample = "GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"_bytes;
inline const std::string webp_sample =
    "RIFF\x1A\0\0\0WEBPVP8L\x0D\0\0\0/\0\0\0\x10\7\x10\x11\x11\x88\x88\xFE\7\0"_bytes;
inline const std::string pdf_sample = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
// One segment, one scan with a stuffed zero and a restart marker.
inline const std::string jpeg_sample =
    "\xFF\xD8\xFF\xE0\0\x04JF\xFF\xDA\0\x03\1\x11\xFF\0\x22\xFF\xD0\x33\xFF\xD9"_bytes;
inline const std::string zip_end = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"_bytes;

inline std::string heif_sample(std::string_view major, std::string_view brands = "mif1heic", unsigned width = 64,
                               unsigned height = 64) {
    const auto u32 = [](std::size_t n) {
        return std::string{static_cast<char>(n >> 24U), static_cast<char>(n >> 16U), static_cast<char>(n >> 8U),
                           static_cast<char>(n)};
    };
    return u32(16 + brands.size()) + "ftyp" + std::string(major) + u32(0) + std::string(brands) + u32(20) + "ispe" +
           u32(0) + u32(width) + u32(height);
}

}  // namespace gw::test
