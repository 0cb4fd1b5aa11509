// From the checked tree to values, with the rules that no table can say: what needs what, and what may not be together.
// Each of these reads one section; what the table found wrong is skipped here.
#pragma once

#include "config/source.h"

namespace gw::config {

void fill_gateway(const Node& root, const Environment& environment, const Variables& variables, Config& out,
                  Report& report);
void fill_attachments(const Node& root, Config& out, Report& report);  // what clients may attach; by fill_gateway()
void fill_providers(const Node& root, Config& out, Report& report);    // after fill_gateway()
void fill_guardrail(const Node& root, const Variables& variables, Config& out, Report& report);  // after fill_gateway()
void fill_agents(const Node& root, Config& out, Report& report);  // after fill_providers()
void fill_hooks(const Node& root, Config& out, Report& report);   // after fill_agents()
void fill_tools(const Node& root, Config& out, Report& report);   // tools.exec
void fill_session(const Node& root, Config& out, Report& report);
void fill_discovery(const Node& root, const Variables& variables, Config& out);
void fill_reload(const Node& root, Config& out);  // gateway.reload and logging

// The value at a path when it is of that kind; else what is given.
[[nodiscard]] inline bool boolean_at(const Node& node, std::string_view path, bool otherwise) noexcept {
    const Node* const found = node.at(path);
    return found != nullptr && found->is(json::Kind::boolean) ? found->boolean : otherwise;
}
[[nodiscard]] inline std::string_view text_at(const Node& node, std::string_view path) noexcept {
    const Node* const found = node.at(path);
    return found != nullptr && found->is(json::Kind::string) ? std::string_view(found->text) : std::string_view{};
}
template <typename Number>
[[nodiscard]] Number integer_at(const Node& node, std::string_view path, Number otherwise) noexcept {
    const Node* const found = node.at(path);
    return found != nullptr && found->integer ? static_cast<Number>(*found->integer) : otherwise;
}
inline void texts_at(const Node& node, std::string_view path, std::pmr::vector<std::pmr::string>& out) {
    const Node* const found = node.at(path);
    if (found == nullptr || !found->is(json::Kind::array)) return;
    for (const Node& one : found->children) {
        if (one.is(json::Kind::string)) out.emplace_back(one.text);
    }
}
[[nodiscard]] inline std::optional<Place> place_of(const Node* node) noexcept {
    return node != nullptr ? std::optional(node->place) : std::nullopt;
}

// Whether a text can be sent as it is in a header field (RFC 9110 5.5), without what proxies read in different ways.
[[nodiscard]] inline bool is_field_value(std::string_view text) noexcept {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) return false;
    }
    return text.empty() || (text.front() != ' ' && text.back() != ' ');
}

}  // namespace gw::config
