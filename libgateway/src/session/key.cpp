#include "session/key.h"

#include <algorithm>

#include "core/text.h"
#include "session/space.h"

namespace gw::session {

namespace {

constexpr std::string_view agent_prefix = "agent:";

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_agent_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-'; }

void append_lower(std::pmr::string& out, std::string_view text) {
    for (const char c : text) out += ascii_lower(c);
}

// The first word of a rest: "cron" of "cron:4f".
std::string_view first_word(std::string_view rest) noexcept { return rest.substr(0, rest.find(':')); }

bool has_word(std::string_view rest, std::string_view word) noexcept {
    while (!rest.empty()) {
        const std::size_t colon = rest.find(':');
        if (rest.substr(0, colon) == word) return true;
        if (colon == std::string_view::npos) return false;
        rest.remove_prefix(colon + 1);
    }
    return false;
}

}  // namespace

bool is_agent_id(std::string_view id) noexcept {
    if (id.empty() || id.size() > agent_id_bytes_max || id.front() == '_' || id.front() == '-') return false;
    return std::all_of(id.begin(), id.end(), is_agent_letter);
}

std::pmr::string agent_id_from(std::string_view name, std::pmr::memory_resource* memory) {
    std::pmr::string id(memory);
    for (const char c : trimmed(name)) {
        const char lower = ascii_lower(c);
        if (is_agent_letter(lower)) {
            if (!id.empty() || (lower != '-' && lower != '_')) id += lower;
        } else if (!id.empty() && id.back() != '-') {
            id += '-';
        }
        if (id.size() == agent_id_bytes_max) break;
    }
    while (!id.empty() && id.back() == '-') id.pop_back();
    if (id.empty()) id = "main";
    return id;
}

std::optional<KeyParts> parse_key(std::string_view key) noexcept {
    if (key == global_key || key == unknown_key) return KeyParts{{}, key};
    if (!key.starts_with(agent_prefix)) return std::nullopt;
    key.remove_prefix(agent_prefix.size());
    const std::size_t colon = key.find(':');
    if (colon == std::string_view::npos || colon + 1 == key.size() || !is_agent_id(key.substr(0, colon))) {
        return std::nullopt;
    }
    return KeyParts{key.substr(0, colon), key.substr(colon + 1)};
}

std::optional<std::pmr::string> canonical_key(std::string_view requested, const KeyRules& rules,
                                              std::pmr::memory_resource* memory) {
    return canonical_key(requested, rules.default_agent, rules, memory);
}

std::optional<std::pmr::string> canonical_key(std::string_view requested, std::string_view agent, const KeyRules& rules,
                                              std::pmr::memory_resource* memory) {
    requested = trimmed(requested);
    if (requested.size() > key_bytes_max || std::any_of(requested.begin(), requested.end(), is_control) ||
        !is_utf8(requested)) {
        return std::nullopt;
    }
    std::pmr::string key(memory);
    if (starts_with_ignoring_case(requested, agent_prefix)) {
        append_lower(key, requested);
        const auto parts = parse_key(key);
        if (!parts) return std::nullopt;
        if (rules.global_scope) return std::pmr::string(global_key, memory);
        // "main" means the main conversation of every agent, whatever its key is called.
        if (parts->rest == "main" || parts->rest == rules.main_key) return main_key_of(parts->agent, rules, memory);
        return key;
    }
    if (equals_ignoring_case(requested, unknown_key)) return std::pmr::string(unknown_key, memory);
    if (rules.global_scope || equals_ignoring_case(requested, global_key)) {
        return std::pmr::string(global_key, memory);
    }
    if (requested.empty() || equals_ignoring_case(requested, "main") ||
        equals_ignoring_case(requested, rules.main_key)) {
        return main_key_of(agent, rules, memory);
    }
    key.reserve(agent_prefix.size() + agent.size() + 1 + requested.size());
    key.append(agent_prefix).append(agent) += ':';
    append_lower(key, requested);
    if (key.size() > key_bytes_max + agent_id_bytes_max + agent_prefix.size() + 1) return std::nullopt;
    return key;
}

std::pmr::string main_key_of(std::string_view agent, const KeyRules& rules, std::pmr::memory_resource* memory) {
    std::pmr::string key(memory);
    if (rules.global_scope) {
        key = global_key;
        return key;
    }
    key.append(agent_prefix).append(agent) += ':';
    append_lower(key, rules.main_key.empty() ? std::string_view("main") : rules.main_key);
    return key;
}

bool is_main_key(std::string_view key, const KeyRules& rules) noexcept {
    if (rules.global_scope) return key == global_key;
    const auto parts = parse_key(key);
    return parts && !parts->agent.empty() &&
           equals_ignoring_case(parts->rest, rules.main_key.empty() ? std::string_view("main") : rules.main_key);
}

Kind kind_of(std::string_view key, std::string_view chat_type) noexcept {
    if (key == global_key) return Kind::global;
    if (key == unknown_key) return Kind::unknown;
    if (chat_type == "group" || chat_type == "channel") return Kind::group;
    const auto parts = parse_key(key);
    const std::string_view rest = parts ? parts->rest : key;
    return has_word(rest, "group") || has_word(rest, "channel") ? Kind::group : Kind::direct;
}

std::string_view name_of(Kind kind) noexcept {
    switch (kind) {
    case Kind::direct: return "direct";
    case Kind::group: return "group";
    case Kind::global: return "global";
    case Kind::unknown: return "unknown";
    }
    return "unknown";
}

Family family_of(std::string_view key, const KeyRules& rules) noexcept {
    if (key == global_key) return Family::global;
    if (key == unknown_key) return Family::unknown;
    if (is_main_key(key, rules)) return Family::main;
    const auto parts = parse_key(key);
    if (!parts) return Family::unknown;
    struct Word {
        std::string_view word;
        Family family;
    };
    constexpr Word words[] = {
        {"dashboard", Family::dashboard}, {"subagent", Family::subagent},  {"acp", Family::acp},
        {"cron", Family::cron},           {"hook", Family::hook},          {"openai", Family::http},
        {"openai-user", Family::http},    {"openresponses", Family::http}, {"openresponses-user", Family::http},
        {"explicit", Family::custom},     {"direct", Family::channel},
    };
    const std::string_view first = first_word(parts->rest);
    if (first.size() < parts->rest.size()) {
        for (const Word& w : words) {
            if (first == w.word) return w.family;
        }
        for (const std::string_view place : {"direct", "group", "channel", "thread", "topic"}) {
            if (has_word(parts->rest.substr(first.size() + 1), place)) return Family::channel;
        }
    }
    return first.starts_with("node-") ? Family::node : Family::custom;
}

std::string_view name_of(Family family) noexcept {
    switch (family) {
    case Family::main: return "main";
    case Family::custom: return "custom";
    case Family::dashboard: return "dashboard";
    case Family::subagent: return "subagent";
    case Family::acp: return "acp";
    case Family::cron: return "cron";
    case Family::hook: return "hook";
    case Family::http: return "http";
    case Family::node: return "node";
    case Family::channel: return "channel";
    case Family::global: return "global";
    case Family::unknown: return "unknown";
    }
    return "unknown";
}

bool is_background(Family family) noexcept {
    return family == Family::cron || family == Family::hook || family == Family::subagent || family == Family::acp;
}

std::pmr::string make_key(std::string_view agent, std::string_view family, std::string_view name,
                          std::pmr::memory_resource* memory) {
    std::pmr::string key(memory);
    key.append(agent_prefix).append(agent).append(":").append(family) += ':';
    const std::size_t front = key.size();
    const std::string_view kept = cut_utf8(name, key_bytes_max - std::min(front, key_bytes_max));
    const bool text = is_utf8(kept);
    for (const char c : kept) {
        const bool bad = is_control(c) || (!text && static_cast<unsigned char>(c) >= 0x80);
        key += bad ? '-' : ascii_lower(c);
    }
    while (key.size() > front && key.back() == ' ') key.pop_back();
    if (key.size() == front) key += '-';
    return key;
}

}  // namespace gw::session
