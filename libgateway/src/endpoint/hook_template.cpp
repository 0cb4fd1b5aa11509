#include "endpoint/hook_template.h"

#include <algorithm>

#include "core/calendar.h"
#include "core/text.h"
#include "route/route.h"

namespace gw::endpoint {

namespace {

std::string_view without_spaces(std::string_view text) noexcept {
    constexpr std::string_view spaces = " \t\r\n";
    const std::size_t first = text.find_first_not_of(spaces);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

// Members that mean the machinery of an object in the language that mappings come from, and never data.
bool is_machinery(std::string_view name) noexcept {
    return name == "__proto__" || name == "prototype" || name == "constructor";
}

// What proves who sends is not for prompts.
bool is_secret_field(std::string_view name) noexcept {
    for (const std::string_view one : {"authorization", "x-openclaw-token", "cookie", "proxy-authorization"}) {
        if (equals_ignoring_case(name, one)) return true;
    }
    return false;
}

// "a.b[0].c" in a value; missing when any step is.
json::Value find_place(json::Value value, std::string_view path) noexcept {
    std::size_t at = 0;
    bool first = true;
    while (at < path.size()) {
        if (path[at] == '[') {
            const std::size_t end = path.find(']', at);
            if (end == std::string_view::npos) return {};
            const auto index = parse_decimal(path.substr(at + 1, end - at - 1));
            if (!index || !value.is(json::Kind::array)) return {};
            value = value[static_cast<std::size_t>(*index)];
            at = end + 1;
        } else {
            if (!first && path[at++] != '.') return {};
            const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
            const std::string_view name = path.substr(at, end - at);
            if (name.empty() || is_machinery(name)) return {};
            // Numbers after a dot are elements, too.
            const auto index = value.is(json::Kind::array) ? parse_decimal(name) : std::nullopt;
            value = index ? value[static_cast<std::size_t>(*index)] : value[name];
            at = end;
        }
        first = false;
        if (!value.exists()) return {};
    }
    return value;
}

void append_value(const json::Value& value, std::pmr::string& out) {
    if (!value.exists() || value.is(json::Kind::null)) return;
    const auto text = value.as_string();
    out += text ? *text : value.raw();
}

void fill_place(std::string_view place, const HookContext& context, std::pmr::string& out) {
    if (place.empty()) return;
    if (place == "path") {
        out += context.path;
    } else if (place == "now") {
        out += format_timestamp(context.unix_ms).view();
    } else if (place.starts_with("headers.")) {
        const std::string_view name = place.substr(8);
        if (!is_secret_field(name)) out += context.fields(name).value_or(std::string_view{});
    } else if (place.starts_with("query.")) {
        if (const auto value = route::query_parameter(context.query, place.substr(6), out.get_allocator().resource());
            value && is_utf8(*value))
            out += *value;
    } else {
        const json::Value value = find_place(context.body, place);
        constexpr std::string_view payload = "payload.";
        append_value(!value.exists() && place.starts_with(payload)
                         ? find_place(context.body, place.substr(payload.size()))
                         : value,
                     out);
    }
}

}  // namespace

void render_template(std::string_view text, const HookContext& context, std::pmr::string& out) {
    const std::size_t begin = out.size();
    while (!text.empty() && out.size() - begin < rendered_bytes_max) {
        const std::size_t open = text.find("{{");
        const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open + 2);
        if (close == std::string_view::npos) {
            out += text;
            break;
        }
        out += text.substr(0, open);
        fill_place(without_spaces(text.substr(open + 2, close - open - 2)), context, out);
        text.remove_prefix(close + 2);
    }
    if (out.size() - begin > rendered_bytes_max)
        out.resize(begin + cut_utf8(std::string_view(out).substr(begin), rendered_bytes_max).size());
}

bool has_places(std::string_view text) noexcept {
    const std::size_t open = text.find("{{");
    return open != std::string_view::npos && text.find("}}", open) != std::string_view::npos;
}

}  // namespace gw::endpoint
