#include "config/schema_json.h"

#include <array>
#include <optional>

#include "config/redact.h"
#include "config/reload_plan.h"
#include "config/schema.h"

namespace gw::config {

namespace {

// The last part of a row's path: "mode", "*", "[]".
std::string_view name_of(std::string_view path) noexcept {
    if (path.ends_with("[]")) return "[]";
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

// As hints and look-ups name it: "agents.list.*.id".
template <typename Take>
void with_hint_path(std::string_view path, Take&& take) {
    std::array<char, 256> text{};
    std::size_t size = 0;
    for (std::size_t i = 0; i < path.size() && size + 2 < text.size(); ++i) {
        if (path[i] == ']') continue;
        if (path[i] != '[') {
            text[size++] = path[i];
            continue;
        }
        text[size++] = '.';
        text[size++] = '*';
    }
    take(std::string_view(text.data(), size));
}

// "maxBodyBytes" as "Max Body Bytes".
template <typename Take>
void with_label(std::string_view path, Take&& take) {
    std::string_view name = name_of(path);
    if (name == "*" || name == "[]") name = "Entry";
    std::array<char, 128> text{};
    std::size_t size = 0;
    bool start = true;
    for (std::size_t i = 0; i < name.size() && size + 2 < text.size(); ++i) {
        const char c = name[i];
        if (c == '_') {
            start = true;
            continue;
        }
        const bool capital = c >= 'A' && c <= 'Z';
        if (capital && i > 0 && !(name[i - 1] >= 'A' && name[i - 1] <= 'Z')) start = true;
        if (start && size > 0) text[size++] = ' ';
        text[size++] = start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        start = false;
    }
    take(std::string_view(text.data(), size));
}

std::string_view type_name(Type type) noexcept {
    switch (type) {
    case Type::boolean: return "boolean";
    case Type::integer: return "integer";
    case Type::text:
    case Type::choice: return "string";
    case Type::texts:
    case Type::list: return "array";
    case Type::object:
    case Type::map: return "object";
    case Type::secret:
    case Type::text_or_false:
    case Type::model:
    case Type::any: break;
    }
    return {};
}

bool is_secret(const Key& key) noexcept {
    return key.type == Type::secret || (key.type != Type::object && is_secret_name(name_of(key.path())));
}

void write_default(json::Writer& out, const Key& key) {
    if (key.fallback().empty()) return;
    out.key("default");
    key.type == Type::text || key.type == Type::choice ? out.string(key.fallback()) : out.raw(key.fallback());
}

void write_choices(json::Writer& out, std::string_view choices) {
    out.key("enum").begin_array();
    while (!choices.empty()) {
        const std::size_t bar = choices.find('|');
        out.string(choices.substr(0, bar));
        choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
    }
    out.end_array();
}

void write_row(json::Writer& out, std::size_t row, bool deep);

void write_members(json::Writer& out, std::size_t row) {
    bool open = false;
    out.key("properties").begin_object();
    for (std::size_t i = row + 1; i < row_after(row); i = row_after(i)) {
        const std::string_view name = name_of(keys()[i].path());
        if (name == "*") {
            open = true;
            continue;
        }
        out.key(name);
        write_row(out, i, true);
    }
    out.end_object().member("additionalProperties", open);
}

// { source: "env", id: "NAME" }
void write_reference(json::Writer& out) {
    out.begin_object().member("type", "object").key("properties").begin_object();
    for (const std::string_view name : {"source", "provider", "id"})
        out.key(name).begin_object().member("type", "string").end_object();
    out.end_object().key("required").begin_array().string("source").string("id").end_array().end_object();
}

void write_row(json::Writer& out, std::size_t row, bool deep) {
    const Key& key = keys()[row];
    const auto typed = [&out](std::string_view type) { out.begin_object().member("type", type).end_object(); };
    out.begin_object();
    if (const std::string_view type = type_name(key.type); !type.empty()) out.member("type", type);
    switch (key.type) {
    case Type::integer: out.member("minimum", key.minimum).member("maximum", key.maximum); break;
    case Type::choice: write_choices(out, key.choices()); break;
    case Type::texts:
        if (!deep) break;
        out.key("items");
        typed("string");
        break;
    case Type::object:
        deep ? write_members(out, row) : static_cast<void>(out.member("additionalProperties", false));
        break;
    case Type::map:
        out.key("additionalProperties");
        deep ? write_row(out, row + 1, true) : static_cast<void>(out.begin_object().end_object());
        break;
    case Type::list:
        if (!deep) break;
        out.key("items");
        write_row(out, row + 1, true);
        break;
    case Type::secret:
        out.key("anyOf").begin_array();
        typed("string");
        write_reference(out);
        out.end_array();
        break;
    case Type::text_or_false:
        out.key("anyOf").begin_array();
        typed("string");
        out.begin_object().member("const", false).end_object().end_array();
        break;
    case Type::model:
        out.key("anyOf").begin_array();
        typed("string");
        out.begin_object().member("type", "object");
        write_members(out, row);
        out.end_object().end_array();
        break;
    case Type::boolean:
    case Type::text:
    case Type::any: break;
    }
    write_default(out, key);
    out.end_object();
}

std::string_view help_of(const Key& key) noexcept {
    if (key.use == Use::not_heeded) return "Known, but without effect in this gateway.";
    return {};
}

void write_hint(json::Writer& out, const Key& key, std::size_t order) {
    out.begin_object();
    with_label(key.path(), [&](std::string_view label) { out.member("label", label); });
    if (const std::string_view help = help_of(key); !help.empty()) out.member("help", help);
    if (order != 0) {
        with_label(key.path(), [&](std::string_view label) { out.member("group", label); });
        out.member("order", static_cast<std::uint64_t>(order));
    }
    out.key("tags").begin_array();
    if (is_secret(key)) out.string("security");
    if (key.path().starts_with("gateway")) out.string("network");
    if (key.use == Use::known || key.use == Use::not_heeded) out.string("advanced");
    out.end_array();
    if (is_secret(key)) out.member("sensitive", true);
    out.end_object();
}

std::string_view reload_kind(std::string_view path) noexcept {
    switch (reload_rule(path).effect) {
    case Effect::none: return "none";
    case Effect::section: return "hot";
    case Effect::restart: break;
    }
    return "restart";
}

// The row of a path; keys of maps and numbers of elements stand for their row "*" and "[]".
std::optional<std::size_t> find_row(std::string_view path) noexcept {
    std::size_t row = 0;
    while (!path.empty()) {
        if (path.front() == '.') path.remove_prefix(1);
        const bool bracket = !path.empty() && path.front() == '[';
        const std::size_t end = bracket ? path.find(']') : path.find_first_of(".[");
        if (path.empty() || (bracket && end == std::string_view::npos)) return std::nullopt;
        const std::string_view name = path.substr(0, end);
        path = end == std::string_view::npos ? std::string_view{} : path.substr(end + (bracket ? 1 : 0));
        const Type type = keys()[row].type;
        if (type == Type::map || type == Type::list) {
            if (type == Type::map && bracket) return std::nullopt;
            ++row;
            continue;
        }
        std::size_t found = 0;
        for (std::size_t i = row + 1; i < row_after(row) && found == 0; i = row_after(i)) {
            const std::string_view known = name_of(keys()[i].path());
            if (!bracket && (known == name || known == "*")) found = i;
        }
        if (found == 0) return std::nullopt;
        row = found;
    }
    return row;
}

}  // namespace

void write_schema(json::Writer& out, std::string_view version, std::string_view generated_at) {
    out.begin_object().key("schema").begin_object();
    out.member("$schema", "http://json-schema.org/draft-07/schema#").member("type", "object");
    write_members(out, 0);
    out.key("required").begin_array().end_array().member("title", "OpenClawConfig").end_object();
    out.key("uiHints").begin_object();
    std::size_t section = 0;
    for (std::size_t row = 1; row < keys().size(); ++row) {
        const Key& key = keys()[row];
        const bool root = key.path().find_first_of(".[") == std::string_view::npos;
        if (root) section += 10;
        with_hint_path(key.path(), [&](std::string_view path) { out.key(path); });
        write_hint(out, key, root ? section : 0);
    }
    out.end_object().member("version", version).member("generatedAt", generated_at).end_object();
}

bool write_schema_lookup(json::Writer& out, std::string_view path) {
    const auto row = find_row(path);
    if (!row || path.empty()) return false;
    const Key& key = keys()[*row];
    out.begin_object().member("path", path).key("schema");
    write_row(out, *row, false);
    out.member("reloadKind", reload_kind(key.path())).key("hint");
    write_hint(out, key, 0);
    with_hint_path(key.path(), [&](std::string_view hint) { out.member("hintPath", hint); });
    out.key("children").begin_array();
    for (std::size_t i = *row + 1; i < row_after(*row); i = row_after(i)) {
        const Key& child = keys()[i];
        const std::string_view name = name_of(child.path()) == "[]" ? std::string_view("*") : name_of(child.path());
        out.begin_object().member("key", name);
        with_hint_path(child.path(), [&](std::string_view hint) { out.member("path", hint); });
        out.member("required", false).member("hasChildren", row_after(i) > i + 1);
        out.member("reloadKind", reload_kind(child.path())).key("hint");
        write_hint(out, child, 0);
        with_hint_path(child.path(), [&](std::string_view hint) { out.member("hintPath", hint); });
        out.end_object();
    }
    out.end_array().end_object();
    return true;
}

}  // namespace gw::config
