// From a tree to values: who may stand where, and what is said when something else does.
//
//     const Node *id = nullptr, *tags = nullptr;
//     in.fields(rule, {{"id", &id, Need::required}, {"tags", &tags}});     unknown and missing keys are reported
//     in.text(id, out.id);                                                a wrong kind is reported; absent is nothing
//
// Every function goes on after a mistake, so that one run finds all of them.
#pragma once

#include <initializer_list>

#include "guardrail/pack.h"
#include "guardrail/pack_tree.h"

namespace gw::guardrail::pack {

// Collects problems; knows the file and the rule that is being read.
class Report {
public:
    using Pieces = std::initializer_list<std::string_view>;

    explicit Report(std::pmr::vector<PackProblem>& problems) noexcept : problems_(problems) {}

    // `has_places`: lines and columns mean something to the reader of the problem.
    void enter_file(std::string_view name, bool has_places) noexcept {
        file_ = name;
        has_places_ = has_places;
        rule_ = {};
    }
    void enter_rule(std::string_view id) noexcept { rule_ = id; }

    void error(Place place, Pieces what) { add(true, place, what); }
    void warn(Place place, Pieces what) { add(false, place, what); }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

private:
    void add(bool refused, Place place, Pieces what);

    std::pmr::vector<PackProblem>& problems_;
    std::string_view file_, rule_;
    bool has_places_ = true;
    bool failed_ = false;
    std::size_t error_count_ = 0, warning_count_ = 0;
};

// What the person wrote, for a message: shortened and printable.
class Shown {
public:
    explicit Shown(std::string_view text) noexcept;
    operator std::string_view() const noexcept { return {text_.data(), size_}; }  // NOLINT(google-explicit-constructor)

private:
    static constexpr std::size_t bytes_max = 48;
    std::array<char, bytes_max + 3> text_{};
    std::size_t size_ = 0;
};

enum class Need : std::uint8_t { optional, required };

struct Field {
    std::string_view name;
    const Node** slot;
    Need need = Need::optional;
};

class Reader {
public:
    Reader(const Tree& tree, Report& report, std::pmr::memory_resource* memory) noexcept
        : tree_(tree), report_(report), memory_(memory) {}

    [[nodiscard]] const Tree& tree() const noexcept { return tree_; }
    [[nodiscard]] Report& report() const noexcept { return report_; }
    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return memory_; }

    // Members of a map into their slots. False when it is no map or lacks what is required.
    bool fields(const Node& map, std::initializer_list<Field> known) const;

    // Each takes a member or entry that may be absent (NULL), and is true when it was there and is what it should be;
    // only then the output is written.
    bool text(const Node* node, std::pmr::string& out) const;  // not empty
    bool boolean(const Node* node, bool& out) const;
    bool number(const Node* node, double low, double high, double& out) const;
    bool integer(const Node* node, std::uint32_t low, std::uint32_t high, std::uint32_t& out) const;
    bool texts(const Node* node, std::pmr::vector<std::pmr::string>& out) const;
    bool severity(const Node* node, Severity& out) const;
    bool directions(const Node* node, Directions& out) const;  // at least one
    // One of a few words; its index.
    [[nodiscard]] std::optional<std::size_t> choice(const Node* node, std::span<const std::string_view> words) const;

    // Calls body(entry) for the entries of a list. False when there is no list.
    template <typename Body>
    bool entries(const Node* node, Body&& body) const {
        if (!is_list(node)) return false;
        for (const Node* entry = tree_.first(*node); entry != nullptr; entry = tree_.next(*entry)) body(*entry);
        return true;
    }

    // Says that this node must be something else: "`within` must be a number from 1 to 128".
    void refuse(const Node& node, Report::Pieces must) const;

private:
    bool is_list(const Node* node) const;

    const Tree& tree_;
    Report& report_;
    std::pmr::memory_resource* memory_;
};

// The files of a pack. `file` is the index that places get.
void read_rules(const Reader& in, const Node& root, std::uint32_t file, const LoadOptions& options,
                std::pmr::string& category, std::pmr::vector<Rule>& out);
void read_local_patterns(const Reader& in, const Node& root, std::uint32_t file,
                         std::array<bool, local_list_count>& given, std::pmr::vector<Rule>& out);
void read_sensitive_tools(const Reader& in, const Node& root, RulePack& out);
// `has_rule_suppressions`: whether that list, which is ours, was there.
void read_suppressions(const Reader& in, const Node& root, std::uint32_t file, RulePack& out,
                       bool& has_rule_suppressions);
void read_judge(const Reader& in, const Node& root, std::uint32_t file, RulePack& out);

// Parts of a rule.
bool read_context(const Reader& in, const Node& node, ContextWords& out);
bool read_demotion(const Reader& in, const Node& node, DemoteContext& out);
bool read_validator(const Reader& in, const Node& node, Validator& out);
void read_facts(const Reader& in, const Node& node, shell::FactDemand& out);

// `version: 1` of every file.
void check_version(const Reader& in, const Node* version);

inline constexpr std::array<std::string_view, 4> severity_names{"LOW", "MEDIUM", "HIGH", "CRITICAL"};
inline constexpr std::array<std::string_view, 4> direction_names{"prompt", "completion", "tool_call", "tool_result"};
inline constexpr std::array<std::string_view, local_list_count> local_list_names{
    "injection", "injection_regexes", "pii_requests", "pii_data_regexes", "secrets", "exfiltration"};

}  // namespace gw::guardrail::pack
