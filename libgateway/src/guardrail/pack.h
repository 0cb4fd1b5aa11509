// Rule packs: what is looked for, in the words of the people who wrote it. rules/default/FORMAT.md is their form.
//
//     rules/secret.yaml, suppressions.yaml, ...    --+
//     the same in JSON, or all in one JSON text    --+-->  load_pack()  -->  RulePack, or every problem of every file
//     the default pack, for what is missing        --+
//
// A pack is values only: nothing is compiled here, and the syntax of the expressions is not looked at. The library
// opens no files; whoever has them hands over names and bytes. Loading is all or nothing.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/zlib.h"

#include "guardrail/automaton_set.h"
#include "guardrail/shell_demand.h"
#include "guardrail/validator.h"

namespace gw::guardrail {

enum class Severity : std::uint8_t { low, medium, high, critical };
enum class Profile : std::uint8_t { standard, strict, permissive };  // `standard` is the one called "default"

enum class Direction : std::uint8_t { prompt, completion, tool_call, tool_result };

class Directions {
public:
    constexpr Directions() noexcept = default;
    constexpr Directions(std::initializer_list<Direction> list) noexcept {
        for (const Direction one : list) add(one);
    }
    [[nodiscard]] static constexpr Directions all() noexcept {
        return {Direction::prompt, Direction::completion, Direction::tool_call, Direction::tool_result};
    }
    constexpr void add(Direction one) noexcept { bits_ = static_cast<std::uint8_t>(bits_ | bit(one)); }
    [[nodiscard]] constexpr bool contains(Direction one) const noexcept { return (bits_ & bit(one)) != 0; }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    friend constexpr bool operator==(Directions, Directions) noexcept = default;

private:
    [[nodiscard]] static constexpr unsigned bit(Direction one) noexcept { return 1U << static_cast<unsigned>(one); }
    std::uint8_t bits_ = 0;
};

// The lists of local-patterns.yaml.
enum class LocalList : std::uint8_t {
    injection,
    injection_regexes,
    pii_requests,
    pii_data_regexes,
    secrets,
    exfiltration,
};
inline constexpr std::size_t local_list_count = 6;

// Names as packs write them: "HIGH", "tool_call", "default", "pii_requests".
[[nodiscard]] std::string_view name_of(Severity severity) noexcept;
[[nodiscard]] std::string_view name_of(Direction direction) noexcept;
[[nodiscard]] std::string_view name_of(Profile profile) noexcept;
[[nodiscard]] std::string_view name_of(LocalList list) noexcept;
[[nodiscard]] std::optional<Severity> severity_of(std::string_view name) noexcept;
[[nodiscard]] std::optional<Direction> direction_of(std::string_view name) noexcept;
[[nodiscard]] std::optional<Profile> profile_of(std::string_view name) noexcept;

// A place in one of the files. Lines and columns count from 1, columns in characters.
struct PackPlace {
    std::uint32_t file = 0;  // index in RulePack::files
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct ProfileChange {
    std::optional<Severity> severity;
    std::optional<bool> enabled;
};

// The severity becomes `to` when a word stands near the match.
struct DemoteContext {
    explicit DemoteContext(std::pmr::memory_resource* memory) : context(memory) {}
    ContextWords context;
    Severity to = Severity::low;
    bool quoted = false;  // only if a quotation mark or back-tick opens the match or stands before it
};

// The severity becomes `to` unless the validator accepts the match.
struct DemoteUnless {
    Validator validator{};
    Severity to = Severity::low;
};

struct Examples {
    explicit Examples(std::pmr::memory_resource* memory) : match(memory), near_miss(memory), facts_near_miss(memory) {}
    std::pmr::vector<std::pmr::string> match, near_miss, facts_near_miss;  // without the `~~` of the file
};

struct Rule {
    explicit Rule(std::pmr::memory_resource* memory)
        : id(memory),
          title(memory),
          category(memory),
          tags(memory),
          pattern(memory),
          expression(memory),
          validators(memory) {}
    Rule(Rule&&) noexcept = default;
    Rule& operator=(Rule&&) = default;
    Rule(const Rule&) = delete;
    Rule& operator=(const Rule&) = delete;

    std::pmr::string id, title, category;
    Severity severity = Severity::low;
    double confidence = 0;  // above 0, at most 1
    std::pmr::vector<std::pmr::string> tags;
    std::pmr::string pattern;
    bool enabled = true;
    std::pmr::string expression;  // of another engine; kept, not evaluated
    bool tool_call_only = false;  // said by the rule or by its category
    Kind kind = Kind::mask;
    Directions directions;  // never empty
    ProfileChange strict, permissive;
    std::pmr::vector<Validator> validators;                       // every one must accept
    std::optional<ContextWords> require_context, forbid_context;  // looked for near the match
    std::optional<DemoteContext> demote_context;
    std::optional<DemoteUnless> demote_unless;
    bool leet = false;                       // matched also where digits and signs stand for letters
    std::optional<shell::FactDemand> facts;  // what the shell reader must prove
    bool public_opening = false;             // of a match, what the pattern spells out may leave: automaton_public.h
    std::optional<LocalList> local_list;     // that list replaces this rule, or made it
    std::optional<Examples> examples;        // when LoadOptions asked for them

    PackPlace place;
    PackPlace pattern_place;  // of its first character: behind the quote, if it has one
};

struct EffectiveRule {
    Severity severity = Severity::low;
    bool enabled = true;
};
[[nodiscard]] EffectiveRule effective(const Rule& rule, Profile profile) noexcept;

struct SensitiveTool {
    explicit SensitiveTool(std::pmr::memory_resource* memory) : name(memory) {}
    std::pmr::string name;
    bool result_inspection = true;
    bool judge_result = false;
    std::uint32_t min_entities_for_alert = 1;
};

struct PreJudgeStrip {
    explicit PreJudgeStrip(std::pmr::memory_resource* memory)
        : id(memory), pattern(memory), context(memory), applies_to(memory) {}
    std::pmr::string id, pattern, context;
    std::pmr::vector<std::pmr::string> applies_to;  // kinds of judges; empty: all
    PackPlace place;
};

struct FindingSuppression {
    enum class Condition : std::uint8_t { none, is_epoch, is_platform_id };

    explicit FindingSuppression(std::pmr::memory_resource* memory)
        : id(memory), finding_pattern(memory), entity_pattern(memory), reason(memory) {}
    std::pmr::string id, finding_pattern, entity_pattern, reason;
    Condition condition = Condition::none;
    PackPlace place;
};

struct ToolSuppression {
    explicit ToolSuppression(std::pmr::memory_resource* memory)
        : tool_pattern(memory), suppress_findings(memory), reason(memory) {}
    std::pmr::string tool_pattern;
    std::pmr::vector<std::pmr::string> suppress_findings;
    std::pmr::string reason;
    PackPlace place;
};

// A finding of `rule` is dropped when everything that is given holds.
struct RuleSuppression {
    explicit RuleSuppression(std::pmr::memory_resource* memory)
        : rule(memory), path(memory), host(memory), value(memory), reason(memory) {}
    std::pmr::string rule;
    std::pmr::string path, host;  // globs; empty: not given
    std::pmr::string value;       // the matched bytes; empty: not given
    std::optional<std::array<std::uint8_t, 32>> value_sha256;
    std::optional<Direction> direction;
    std::pmr::string reason;
    PackPlace place;
};

struct JudgeCategory {
    explicit JudgeCategory(std::pmr::memory_resource* memory) : label(memory), id(memory), question(memory) {}
    std::pmr::string label, id, question;
    Severity severity = Severity::medium;
};

struct JudgeFile {
    explicit JudgeFile(std::pmr::memory_resource* memory) : kind(memory), system_prompt(memory), categories(memory) {}
    std::pmr::string kind;  // unique in the pack
    Directions directions;
    std::pmr::string system_prompt;
    std::pmr::vector<JudgeCategory> categories;
    // Severity when one category is present, or two and more; nothing: the highest of their own.
    std::optional<Severity> one, two;
    PackPlace place;
};

struct RulePack {
    explicit RulePack(std::pmr::memory_resource* memory)
        : files(memory),
          rules(memory),
          sensitive_tools(memory),
          pre_judge_strips(memory),
          finding_suppressions(memory),
          tool_suppressions(memory),
          rule_suppressions(memory),
          judges(memory) {}
    RulePack(RulePack&&) noexcept = default;
    RulePack& operator=(RulePack&&) = default;
    RulePack(const RulePack&) = delete;
    RulePack& operator=(const RulePack&) = delete;

    // Names; those of the default pack begin with "default/", and places in them have no meaning.
    std::pmr::vector<std::pmr::string> files;
    // In the order of the files. Local patterns are rules as well: each entry of a list is one (several share an id),
    // behind the others; the rules that the list replaces are gone.
    std::pmr::vector<Rule> rules;
    std::array<bool, local_list_count> local_lists{};  // which lists were given
    std::pmr::vector<SensitiveTool> sensitive_tools;
    std::pmr::vector<PreJudgeStrip> pre_judge_strips;
    std::pmr::vector<FindingSuppression> finding_suppressions;
    std::pmr::vector<ToolSuppression> tool_suppressions;
    std::pmr::vector<RuleSuppression> rule_suppressions;  // of rules that there are
    std::pmr::vector<JudgeFile> judges;
};

struct PackFile {
    std::string_view name;  // "rules/secret.yaml", with slashes, as seen from the pack's folder
    std::string_view bytes;
};

struct PackProblem {
    explicit PackProblem(std::pmr::memory_resource* memory) : file(memory), rule(memory), what(memory) {}
    std::pmr::string file;
    std::uint32_t line = 0, column = 0;  // from 1; 0: the file as a whole
    std::pmr::string rule;               // id of the rule, as far as it is known
    std::pmr::string what;
    bool refused = true;  // false: it loads, but not all of it has an effect
};

struct LoadOptions {
    bool overlay = true;         // what the files do not say comes from the default pack; false: nothing does
    bool keep_examples = false;  // for tests
};

// Limits of a pack, FORMAT.md. Together they bound the memory and the time that loading takes.
struct PackLimits {
    static constexpr std::size_t files = 64, file_bytes = 1U << 20U, bytes = 4U << 20U, rules = 4096,
                                 rules_per_file = 2048, pattern_bytes = 2048;
    static constexpr std::size_t problems = 100;  // more are only said to exist
};

// Reads a pack: files by their names, in any order, or one JSON text {"files": {"rules/a.yaml": {...}, ...}} whose name
// ends in .json. No files at all: the default pack. Files that are neither YAML nor JSON (a README) are passed over.
//
// Nothing when one problem was `refused`; `problems` then has all of all files. Throws std::bad_alloc.
[[nodiscard]] std::optional<RulePack> load_pack(std::span<const PackFile> files, const LoadOptions& options,
                                                std::pmr::vector<PackProblem>& problems,
                                                std::pmr::memory_resource* memory);

// The default pack as such a JSON text, without examples.
[[nodiscard]] PackedText default_pack_json() noexcept;

// Appends "rules/a.yaml:3:7: SEC-X: unknown key `patern`; did you mean `pattern`?".
void append_line(std::pmr::string& out, const PackProblem& problem);

}  // namespace gw::guardrail
