#include "core/text.h"
#include "http1/http1.h"

namespace gw::http1 {

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
    for (const Header& header : fields_) {
        if (equals_ignoring_case(header.name, name)) return header.value;
    }
    return std::nullopt;
}

std::optional<std::string_view> Headers::get_single(std::string_view name) const noexcept {
    std::optional<std::string_view> found;
    for (const Header& header : fields_) {
        if (!equals_ignoring_case(header.name, name)) continue;
        if (found) return std::nullopt;
        found = header.value;
    }
    return found;
}

bool Headers::has_token(std::string_view name, std::string_view token) const noexcept {
    for (const Header& header : fields_) {
        if (equals_ignoring_case(header.name, name) && list_has(header.value, token)) return true;
    }
    return false;
}

}  // namespace gw::http1
