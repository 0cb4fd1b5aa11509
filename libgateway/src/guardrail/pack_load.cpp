// Which file is what, the limits of a pack, and what comes from the default pack.
#include <algorithm>

#include "core/nearest.h"
#include "guardrail/pack_reader.h"

namespace gw::guardrail::pack {

namespace {

enum class Part : std::uint8_t { none, rules, local_patterns, sensitive_tools, suppressions, judge, bundle };

constexpr std::array<std::string_view, 3> single_names{"local-patterns", "sensitive-tools", "suppressions"};

// "rules/a.yaml" -> "rules/a", and whether it was JSON; nothing for a file that is neither.
std::optional<bool> cut_extension(std::string_view& name) noexcept {
    for (const std::string_view extension : {".yaml", ".yml", ".json"}) {
        if (!name.ends_with(extension)) continue;
        name.remove_suffix(extension.size());
        return extension == ".json";
    }
    return std::nullopt;
}

// What a file is by its name without extension.
Part part_of(std::string_view stem) noexcept {
    constexpr std::array<Part, 3> singles{Part::local_patterns, Part::sensitive_tools, Part::suppressions};
    for (std::size_t i = 0; i < singles.size(); ++i) {
        if (stem == single_names[i]) return singles[i];
    }
    const std::size_t slash = stem.find('/');
    if (slash == std::string_view::npos || slash + 1 == stem.size()) return Part::none;
    if (stem.find('/', slash + 1) != std::string_view::npos) return Part::none;
    if (stem.substr(0, slash) == "rules") return Part::rules;
    return stem.substr(0, slash) == "judge" ? Part::judge : Part::none;
}

// What was read from one source: the given files, or the default pack.
struct Source {
    explicit Source(std::pmr::memory_resource* memory) : pack(memory), local_rules(memory), categories(memory) {}
    RulePack pack;
    std::pmr::vector<Rule> local_rules;
    std::pmr::vector<std::pmr::string> categories;  // of which there is a file, though it may have no rules
    std::array<std::uint8_t, 7> part_count{};       // files of each Part; 255 stands for more
    bool has_rule_suppressions = false;

    [[nodiscard]] bool has(Part part) const noexcept { return part_count[static_cast<std::size_t>(part)] > 0; }
};

class Loader {
public:
    Loader(const LoadOptions& options, Report& report, std::pmr::memory_resource* memory)
        : options_(options), report_(report), memory_(memory) {}

    void read_given(std::span<const PackFile> files, Source& out);
    void read_default(Source& out);

private:
    void read_file(const PackFile& file, Part part, bool json, Source& out);
    void read_bundle(const Tree& tree, Source& out, std::string_view prefix);
    void read_part(const Tree& tree, const Node& root, Part part, std::uint32_t file, Source& out);
    void unknown_name(Place place, std::string_view name, bool refused);

    LoadOptions options_;
    Report& report_;
    std::pmr::memory_resource* memory_;
    std::size_t file_count_ = 0;
};

void Loader::unknown_name(Place place, std::string_view name, bool refused) {
    std::string_view stem = name;
    cut_extension(stem);
    Nearest nearest(stem);
    for (const std::string_view single : single_names) nearest.offer(single);
    std::pmr::string what("no file of a pack has this name", memory_);
    if (!nearest.best().empty()) ((what += "; did you mean `") += nearest.best()) += ".yaml`?";
    if (refused) {
        report_.error(place, {what});
    } else {
        report_.warn(place, {what});
    }
}

void Loader::read_part(const Tree& tree, const Node& root, Part part, std::uint32_t file, Source& out) {
    const Reader in(tree, report_, memory_);
    std::uint8_t& count = out.part_count[static_cast<std::size_t>(part)];
    if (count < 255) ++count;
    const bool is_single = part == Part::local_patterns || part == Part::sensitive_tools || part == Part::suppressions;
    if (is_single && count > 1) {
        report_.error({}, {"the pack has this file twice"});
        return;
    }
    switch (part) {
    case Part::rules: read_rules(in, root, file, options_, out.categories.emplace_back(), out.pack.rules); break;
    case Part::local_patterns: read_local_patterns(in, root, file, out.pack.local_lists, out.local_rules); break;
    case Part::sensitive_tools: read_sensitive_tools(in, root, out.pack); break;
    case Part::suppressions: read_suppressions(in, root, file, out.pack, out.has_rule_suppressions); break;
    case Part::judge: read_judge(in, root, file, out.pack); break;
    case Part::none:
    case Part::bundle: break;
    }
}

// {"files": {name: content, ...}}. With a prefix every content is a file of its own; else places are in the bundle.
void Loader::read_bundle(const Tree& tree, Source& out, std::string_view prefix) {
    const Reader in(tree, report_, memory_);
    const Node* files = nullptr;
    if (!in.fields(tree.root(), {{"files", &files, Need::required}})) return;
    if (files->kind != Node::Kind::map) {
        in.refuse(*files, {"a mapping"});
        return;
    }
    file_count_ += files->count;
    if (file_count_ > PackLimits::files) {
        report_.error(files->place, {"a pack has at most 64 files"});
        return;
    }
    for (const Node* file = tree.first(*files); file != nullptr; file = tree.next(*file)) {
        std::string_view stem = file->key;
        const Part part = cut_extension(stem) ? part_of(stem) : Part::none;
        if (part == Part::none) {
            unknown_name(file->key_place, file->key, true);
            continue;
        }
        std::pmr::vector<std::pmr::string>& names = out.pack.files;
        if (!prefix.empty()) {
            (names.emplace_back(prefix)) += file->key;
            report_.enter_file(names.back(), false);
        }
        read_part(tree, *file, part, static_cast<std::uint32_t>(names.size() - 1), out);
    }
}

void Loader::read_file(const PackFile& file, Part part, bool json, Source& out) {
    Tree tree(memory_);
    const bool read = json ? tree.read_json(file.bytes) : tree.read_yaml(file.bytes);
    for (const TreeProblem& problem : tree.problems()) report_.error(problem.place, {problem.what});
    if (!read) return;
    out.pack.files.emplace_back(file.name);
    if (part == Part::bundle) {
        out.part_count[static_cast<std::size_t>(Part::bundle)] = 1;
        read_bundle(tree, out, {});
    } else {
        read_part(tree, tree.root(), part, static_cast<std::uint32_t>(out.pack.files.size() - 1), out);
    }
}

void Loader::read_given(std::span<const PackFile> files, Source& out) {
    std::pmr::vector<const PackFile*> sorted(memory_);
    sorted.reserve(files.size());
    std::size_t bytes = 0;
    for (const PackFile& file : files) {
        std::string_view stem = file.name;
        if (!cut_extension(stem)) continue;
        sorted.push_back(&file);
        bytes += file.bytes.size();
    }
    std::sort(sorted.begin(), sorted.end(), [](const PackFile* a, const PackFile* b) { return a->name < b->name; });
    report_.enter_file({}, false);
    file_count_ = sorted.size();
    if (file_count_ > PackLimits::files) report_.error({}, {"a pack has at most 64 files"});
    if (bytes > PackLimits::bytes) report_.error({}, {"a pack has at most 4 MiB"});
    if (report_.failed()) return;

    bool recognised = false;
    for (const PackFile* const file : sorted) {
        std::string_view stem = file->name;
        const bool json = *cut_extension(stem);
        Part part = part_of(stem);
        // A bundle stands at the top.
        if (part == Part::none && json && stem.find('/') == std::string_view::npos) part = Part::bundle;
        report_.enter_file(file->name, true);
        if (part == Part::none) {
            unknown_name({}, file->name, false);
            continue;
        }
        recognised = true;
        if (part != Part::bundle && file->bytes.size() > PackLimits::file_bytes) {
            report_.error({}, {"a file has at most 1 MiB"});
            continue;
        }
        read_file(*file, part, json, out);
    }
    report_.enter_file({}, false);
    if (!recognised) report_.error({}, {"no file of a rule pack was given"});
}

void Loader::read_default(Source& out) {
    const std::pmr::string text = default_pack_json().unpack(memory_);
    Tree tree(memory_);
    file_count_ = 0;
    report_.enter_file("default", true);
    const bool read = tree.read_json(text);
    for (const TreeProblem& problem : tree.problems()) report_.error(problem.place, {problem.what});
    if (read) read_bundle(tree, out, "default/");
    report_.enter_file({}, false);
}

template <typename T>
void append(std::pmr::vector<T>& to, std::pmr::vector<T>&& from) {
    to.reserve(to.size() + from.size());
    for (T& one : from) to.push_back(std::move(one));
}

// The given pack over the default one: a category, a kind of judge or another file replaces its counterpart.
void lay_over(Source& given, Source& base) {
    const auto file_base = static_cast<std::uint32_t>(base.pack.files.size());
    RulePack& over = given.pack;
    RulePack& under = base.pack;
    const auto shift = [file_base](auto& list) {
        for (auto& one : list) one.place.file += file_base;
    };
    for (auto* const rules : {&over.rules, &given.local_rules}) {
        shift(*rules);
        for (Rule& rule : *rules) rule.pattern_place.file += file_base;
    }
    shift(over.pre_judge_strips);
    shift(over.finding_suppressions);
    shift(over.tool_suppressions);
    shift(over.rule_suppressions);
    shift(over.judges);

    append(under.files, std::move(over.files));
    std::erase_if(under.rules, [&](const Rule& rule) {
        return std::find(given.categories.begin(), given.categories.end(), rule.category) != given.categories.end();
    });
    append(under.rules, std::move(over.rules));
    std::erase_if(under.judges, [&](const JudgeFile& judge) {
        return std::any_of(over.judges.begin(), over.judges.end(),
                           [&](const JudgeFile& other) { return other.kind == judge.kind; });
    });
    append(under.judges, std::move(over.judges));
    if (given.has(Part::sensitive_tools)) under.sensitive_tools = std::move(over.sensitive_tools);
    if (given.has(Part::suppressions)) {
        under.pre_judge_strips = std::move(over.pre_judge_strips);
        under.finding_suppressions = std::move(over.finding_suppressions);
        under.tool_suppressions = std::move(over.tool_suppressions);
    }
    // Packs written elsewhere have the file, but not this list.
    if (given.has_rule_suppressions) under.rule_suppressions = std::move(over.rule_suppressions);
    under.local_lists = over.local_lists;
    over = std::move(under);
}

// Local lists take the place of the rules that name them.
void add_local_rules(Source& source) {
    RulePack& pack = source.pack;
    std::erase_if(pack.rules, [&](const Rule& rule) {
        return rule.local_list && pack.local_lists[static_cast<std::size_t>(*rule.local_list)];
    });
    append(pack.rules, std::move(source.local_rules));
}

class Checks {
public:
    Checks(RulePack& pack, Report& report, std::pmr::memory_resource* memory)
        : pack_(pack), report_(report), by_id_(memory) {}

    void unique() {
        if (pack_.rules.size() > PackLimits::rules) {
            report_.enter_file({}, false);
            report_.error({}, {"a pack has at most 4096 rules"});
        }
        for (const Rule& rule : pack_.rules) {
            const bool made = rule.local_list && pack_.local_lists[static_cast<std::size_t>(*rule.local_list)];
            if (!rule.id.empty() && !made) by_id_.push_back(&rule);
        }
        // In the order of the files among equals: the later one is the mistake.
        std::sort(by_id_.begin(), by_id_.end(),
                  [](const Rule* a, const Rule* b) { return a->id != b->id ? a->id < b->id : a < b; });
        for (std::size_t i = 1; i < by_id_.size(); ++i) {
            if (by_id_[i]->id != by_id_[i - 1]->id) continue;
            at(by_id_[i]->place);
            report_.enter_rule(by_id_[i]->id);
            report_.error({by_id_[i]->place.line, by_id_[i]->place.column},
                          {"this id is also in ", pack_.files[by_id_[i - 1]->place.file]});
        }
        for (std::size_t i = 0; i < pack_.judges.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (pack_.judges[i].kind != pack_.judges[j].kind) continue;
                at(pack_.judges[i].place);
                report_.error({pack_.judges[i].place.line, pack_.judges[i].place.column},
                              {"a judge of this kind is also in ", pack_.files[pack_.judges[j].place.file]});
                break;
            }
        }
    }

    // A given pack that names a rule which is not there has a mistake; the default pack's own lists may name rules that
    // a given pack has replaced.
    void suppressions(bool given) {
        if (!given) {
            std::erase_if(pack_.rule_suppressions, [&](const RuleSuppression& one) { return !has(one.rule); });
            return;
        }
        for (const RuleSuppression& one : pack_.rule_suppressions) {
            if (has(one.rule)) continue;
            Nearest nearest(one.rule);
            for (const Rule& rule : pack_.rules) nearest.offer(rule.id);
            at(one.place);
            const std::string_view best = nearest.best();
            report_.error({one.place.line, one.place.column},
                          {"there is no rule `", Shown(one.rule), best.empty() ? "`" : "`; did you mean `", best,
                           best.empty() ? "" : "`?"});
        }
    }

private:
    [[nodiscard]] bool has(std::string_view id) const {
        const auto found = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                            [](const Rule* rule, std::string_view to) { return rule->id < to; });
        if (found != by_id_.end() && (*found)->id == id) return true;
        // Rules of local lists stand behind the others.
        for (auto rule = pack_.rules.rbegin(); rule != pack_.rules.rend() && rule->local_list; ++rule) {
            if (rule->id == id) return true;
        }
        return false;
    }
    void at(const PackPlace& place) {
        const std::string_view name = pack_.files[place.file];
        report_.enter_file(name, !name.starts_with("default/"));
    }

    RulePack& pack_;
    Report& report_;
    std::pmr::vector<const Rule*> by_id_;
};

}  // namespace

}  // namespace gw::guardrail::pack

namespace gw::guardrail {

std::optional<RulePack> load_pack(std::span<const PackFile> files, const LoadOptions& options,
                                  std::pmr::vector<PackProblem>& problems, std::pmr::memory_resource* memory) {
    problems.clear();
    pack::Report report(problems);
    pack::Loader loader(options, report, memory);
    pack::Source source(memory);
    bool given_suppressions = false;
    if (files.empty()) {
        loader.read_default(source);
    } else {
        loader.read_given(files, source);
        given_suppressions = source.has_rule_suppressions;
        if (options.overlay) {
            pack::Source base(memory);
            loader.read_default(base);
            pack::lay_over(source, base);
        }
    }
    pack::add_local_rules(source);
    pack::Checks checks(source.pack, report, memory);
    checks.unique();
    if (!report.failed()) checks.suppressions(given_suppressions);
    if (report.failed()) return std::nullopt;
    return std::move(source.pack);
}

}  // namespace gw::guardrail
