#include "route/path.h"
#include "route/route.h"

namespace gw::route {

namespace {

std::optional<std::pmr::string> decoded(std::string_view text, Plus plus, std::pmr::memory_resource* memory) {
    std::pmr::string out(text.size(), '\0', memory);
    const auto size = percent_decode_into(text, plus, out.data());
    if (!size) return std::nullopt;
    out.resize(*size);
    return out;
}

}  // namespace

std::optional<std::pmr::string> query_parameter(std::string_view query, std::string_view name,
                                                std::pmr::memory_resource* memory) {
    const auto value = find_query_parameter(query, name);
    if (!value) return std::nullopt;
    return decoded(*value, Plus::space, memory);
}

std::optional<std::pmr::string> percent_decode(std::string_view text, std::pmr::memory_resource* memory) {
    return decoded(text, Plus::literal, memory);
}

}  // namespace gw::route
