#include "core/log.h"

#include <array>

#include "core/text.h"

namespace gw {

void Log::write(gw_log_level level, std::initializer_list<std::string_view> parts) const noexcept {
    const bool told = sink_ != nullptr && !silent_ && level <= level_;
    if (!told && copy_ == nullptr) return;
    std::array<char, 1024> line;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    std::size_t size = 0;
    for (const std::string_view part : parts) {
        for (const char c : part) {
            if (size == line.size()) break;
            const auto byte = static_cast<unsigned char>(c);
            line[size++] = byte < 0x20 || byte == 0x7F ? '?' : c;
        }
    }
    const std::string_view text =
        size == line.size() ? cut_utf8({line.data(), size}, size - 1) : std::string_view{line.data(), size};
    if (copy_ != nullptr) copy_(copy_user_, level, text);
    if (told) sink_(user_, level, {text.data(), text.size()});
}

}  // namespace gw
