#include "guardrail/pack.h"

#include <algorithm>
#include <charconv>

#include "guardrail/pack_reader.h"

namespace gw::guardrail {

namespace {

constexpr std::array<std::string_view, 3> profile_names{"default", "strict", "permissive"};

template <typename Enum, std::size_t count>
std::optional<Enum> find_name(const std::array<std::string_view, count>& names, std::string_view name) noexcept {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

void append_number(std::pmr::string& out, std::uint32_t value) {
    std::array<char, 12> digits{};
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace

std::string_view name_of(Severity severity) noexcept {
    return pack::severity_names[static_cast<std::size_t>(severity)];
}
std::string_view name_of(Direction direction) noexcept {
    return pack::direction_names[static_cast<std::size_t>(direction)];
}
std::string_view name_of(Profile profile) noexcept { return profile_names[static_cast<std::size_t>(profile)]; }
std::string_view name_of(LocalList list) noexcept { return pack::local_list_names[static_cast<std::size_t>(list)]; }

std::optional<Severity> severity_of(std::string_view name) noexcept {
    return find_name<Severity>(pack::severity_names, name);
}
std::optional<Direction> direction_of(std::string_view name) noexcept {
    return find_name<Direction>(pack::direction_names, name);
}
std::optional<Profile> profile_of(std::string_view name) noexcept { return find_name<Profile>(profile_names, name); }

EffectiveRule effective(const Rule& rule, Profile profile) noexcept {
    EffectiveRule out{rule.severity, rule.enabled};
    if (profile == Profile::standard) return out;
    const ProfileChange& change = profile == Profile::strict ? rule.strict : rule.permissive;
    out.severity = change.severity.value_or(out.severity);
    out.enabled = change.enabled.value_or(out.enabled);
    return out;
}

void append_line(std::pmr::string& out, const PackProblem& problem) {
    out += problem.file;
    if (problem.line > 0) {
        out += ':';
        append_number(out, problem.line);
        out += ':';
        append_number(out, problem.column);
    }
    if (!problem.file.empty()) out += ": ";
    if (!problem.refused) out += "warning: ";
    if (!problem.rule.empty()) (out += problem.rule) += ": ";
    out += problem.what;
}

}  // namespace gw::guardrail
