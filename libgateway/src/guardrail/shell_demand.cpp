#include "guardrail/shell_demand.h"

#include "core/text.h"
#include "guardrail/shell_glob.h"

namespace gw::guardrail::shell {

namespace {

// Names of programs have no case, because in Windows and macOS they have none.
bool names_program(const Names& names, std::string_view program) {
    return std::any_of(names.begin(), names.end(), [&](const std::pmr::string& name) {
        if (matches_glob(name, program, true)) return true;
        return name.size() > 4 && equals_ignoring_case(std::string_view(name).substr(name.size() - 4), ".exe") &&
               matches_glob(std::string_view(name).substr(0, name.size() - 4), program, true);
    });
}

class Matcher {
public:
    Matcher(const Facts& facts, std::pmr::memory_resource* memory)
        : facts_(facts), memory_(memory), receiver_(memory), ready_(memory) {}

    std::optional<Fulfilment> first(const Alternative& alternative);

private:
    static constexpr std::uint32_t none = UINT32_MAX;

    [[nodiscard]] bool is_program(const Names& names, const Command& command) const;
    [[nodiscard]] bool is_option(std::string_view entry, std::string_view word) const;
    [[nodiscard]] bool has(const Names& choice, const Command& command) const;
    [[nodiscard]] bool has_subcommand(const Choices& choices, const Command& command) const;
    [[nodiscard]] bool touches(const Names& globs, const Command& command, Deed wanted) const;
    [[nodiscard]] bool contacts(const Alternative& alternative, const Command& command) const;
    [[nodiscard]] bool has_code(const Names& choice, const Command& command) const;
    [[nodiscard]] bool variable(const std::pmr::string& wanted, const Variable& variable, bool unset) const;
    [[nodiscard]] bool sets(const Names& names, const Command& command, bool unset) const;
    void find_receivers(const Alternative& alternative);
    [[nodiscard]] std::size_t place(std::uint32_t node) const noexcept {
        return (node & Flow::channel) != 0 ? facts_.commands.size() + (node & ~Flow::channel) : node;
    }

    const Facts& facts_;
    std::pmr::memory_resource* memory_;
    std::pmr::vector<std::uint32_t> receiver_;  // for every place, a command of pipe_to that its data reaches
    std::pmr::vector<std::uint32_t> ready_;
};

bool Matcher::is_program(const Names& names, const Command& command) const {
    if (command.program.empty()) return false;
    if (names_program(names, command.program)) return true;
    if (!command.program_glob) return false;
    return std::any_of(names.begin(), names.end(),
                       [&](const std::pmr::string& name) { return globs_meet(name, command.program, memory_); });
}

bool Matcher::is_option(std::string_view entry, std::string_view word) const {
    if (matches_glob(entry, word)) return true;
    if (entry.size() == 2 && entry[0] == '-' && is_alpha(entry[1])) {  // -x, in -rfx, with a value in -x1
        if (word.size() < 3 || word[0] != '-' || word[1] == '-') return false;
        for (std::size_t i = 1; i < word.size() && is_alpha(word[i]); ++i) {
            if (word[i] == entry[1]) return true;
        }
        return false;
    }
    if (entry.starts_with("--") && word.size() > entry.size())
        return word[entry.size()] == '=' && word.starts_with(entry);
    // A path may be written with more slashes than it needs.
    if ((entry.starts_with('/') || entry.starts_with('~')) && (word.starts_with('/') || word.starts_with('~')) &&
        word.size() < 512) {
        std::pmr::string reduced(memory_);
        for (std::size_t i = 0; i < word.size(); ++i) {
            if (word[i] == '/' && (reduced.ends_with('/') || (i + 1 == word.size() && i != 0))) continue;
            if (word[i] == '.' && reduced.ends_with('/') && (i + 1 == word.size() || word[i + 1] == '/')) continue;
            reduced.push_back(word[i]);
        }
        if (reduced.size() > 1 && reduced.ends_with('/')) reduced.pop_back();
        return std::string_view(reduced) != word && matches_glob(entry, reduced);
    }
    return false;
}

bool Matcher::has(const Names& choice, const Command& command) const {
    return std::any_of(command.arguments.begin(), command.arguments.end(), [&](const Word& word) {
        return std::any_of(choice.begin(), choice.end(), [&](const std::pmr::string& entry) {
            return is_option(entry, word.text) || (word.unresolved && is_option(entry, word.bare));
        });
    });
}

bool Matcher::has_subcommand(const Choices& choices, const Command& command) const {
    return std::any_of(choices.begin(), choices.end(), [&](const Names& words) {
        std::size_t found = 0;
        for (const Word& word : command.arguments) {
            if (found < words.size() && !word.text.starts_with('-') && word.text == words[found]) ++found;
        }
        return found == words.size();
    });
}

bool Matcher::touches(const Names& globs, const Command& command, Deed wanted) const {
    return std::any_of(command.paths.begin(), command.paths.end(), [&](const Path& path) {
        const bool writes = path.deed == Deed::write || path.deed == Deed::metadata || path.deed == Deed::remove;
        if (wanted == Deed::write ? !writes : path.deed != wanted) return false;
        return std::any_of(globs.begin(), globs.end(), [&](const std::pmr::string& glob) {
            return matches_path(glob, path.full) || (path.full != path.text && matches_path(glob, path.text)) ||
                   (path.glob && globs_meet(glob, path.full, memory_));
        });
    });
}

bool Matcher::contacts(const Alternative& alternative, const Command& command) const {
    const auto any = [](const Names& globs, std::string_view text, bool ignore_case) {
        return std::any_of(globs.begin(), globs.end(),
                           [&](const std::pmr::string& glob) { return matches_glob(glob, text, ignore_case); });
    };
    return std::any_of(command.contacts.begin(), command.contacts.end(), [&](const Contact& contact) {
        const bool host = alternative.contacts_host.empty() || any(alternative.contacts_host, contact.host, true) ||
                          (!contact.address.empty() && any(alternative.contacts_host, contact.address, true));
        return host && (alternative.contacts_path.empty() || any(alternative.contacts_path, contact.path, false));
    });
}

bool Matcher::has_code(const Names& choice, const Command& command) const {
    return std::any_of(command.code.begin(), command.code.end(), [&](const Code& code) {
        return std::any_of(choice.begin(), choice.end(), [&](const std::pmr::string& text) {
            return code.text.find(text) != std::string_view::npos;
        });
    });
}

bool Matcher::variable(const std::pmr::string& wanted, const Variable& variable, bool unset) const {
    if (variable.unset != unset) return false;
    const std::string_view text = wanted;
    const std::size_t equals = text.find('=');
    if (text.substr(0, equals) != variable.name) return false;
    return equals == std::string_view::npos || matches_glob(text.substr(equals + 1), variable.value);
}

bool Matcher::sets(const Names& names, const Command& command, bool unset) const {
    return std::any_of(command.variables.begin(), command.variables.end(), [&](const Variable& set) {
        return std::any_of(names.begin(), names.end(),
                           [&](const std::pmr::string& name) { return variable(name, set, unset); });
    });
}

// Backwards from the programs that may receive. An interpreter receives only what it runs: `curl h | python3 -c code`
// has its code already, and reads data.
void Matcher::find_receivers(const Alternative& alternative) {
    const std::size_t places = facts_.commands.size() + facts_.channels;
    receiver_.assign(places, none);
    ready_.clear();
    // The flows into every place, as lists: first_[p], then next_[flow].
    std::pmr::vector<std::uint32_t> head(places, none, memory_);
    std::pmr::vector<std::uint32_t> next(facts_.flows.size(), none, memory_);
    for (std::uint32_t i = 0; i < facts_.flows.size(); ++i) {
        const std::size_t to = place(facts_.flows[i].to);
        next[i] = head[to];
        head[to] = i;
    }
    const auto mark = [&](std::uint32_t flow, std::uint32_t command) {
        const std::size_t from = place(facts_.flows[flow].from);
        if (receiver_[from] != none) return;
        receiver_[from] = command;
        ready_.push_back(static_cast<std::uint32_t>(from));
    };
    for (std::uint32_t i = 0; i < facts_.commands.size(); ++i) {
        const Command& command = facts_.commands[i];
        if (head[i] == none) continue;
        const bool named = is_program(alternative.pipe_to, command);
        const bool stands = !command.stands_for.empty() && names_program(alternative.pipe_to, command.stands_for);
        if (!named && !stands) continue;
        for (std::uint32_t flow = head[i]; flow != none; flow = next[flow]) {
            if (!command.interpreter || facts_.flows[flow].code) mark(flow, i);
        }
    }
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        for (std::uint32_t flow = head[ready_[i]]; flow != none; flow = next[flow]) mark(flow, receiver_[ready_[i]]);
    }
}

std::optional<Fulfilment> Matcher::first(const Alternative& alternative) {
    const bool piped = !alternative.pipe_from.empty() && !alternative.pipe_to.empty();
    if (piped) find_receivers(alternative);
    bool exported = false;  // a variable that is set for all commands from there on
    for (std::uint32_t i = 0; i < facts_.commands.size(); ++i) {
        const Command& command = facts_.commands[i];
        if (!alternative.sets_variable.empty() && !alternative.program.empty()) {
            for (const Variable& set : command.variables) {
                if (!set.exported || command.program.empty()) continue;
                const bool kept =
                    command.program == "export" || command.program == "declare" || command.program == "typeset";
                exported =
                    exported ||
                    (kept && std::any_of(alternative.sets_variable.begin(), alternative.sets_variable.end(),
                                         [&](const std::pmr::string& name) { return variable(name, set, false); }));
            }
        }
        if (!alternative.program.empty() && !is_program(alternative.program, command)) continue;
        if (piped && (receiver_[i] == none || command.program.empty() || !is_program(alternative.pipe_from, command)))
            continue;
        if (!alternative.reads_path.empty() && !touches(alternative.reads_path, command, Deed::read)) continue;
        if (!alternative.writes_path.empty() && !touches(alternative.writes_path, command, Deed::write)) continue;
        if (!alternative.executes_path.empty() && !touches(alternative.executes_path, command, Deed::execute)) continue;
        if ((!alternative.contacts_host.empty() || !alternative.contacts_path.empty()) &&
            !contacts(alternative, command))
            continue;
        if (!alternative.sets_variable.empty() && !exported && !sets(alternative.sets_variable, command, false))
            continue;
        if (!alternative.unsets_variable.empty() && !sets(alternative.unsets_variable, command, true)) continue;
        if (!alternative.subcommand.empty() && !has_subcommand(alternative.subcommand, command)) continue;
        const auto met = [&](const Names& choice) { return has(choice, command); };
        if (!std::all_of(alternative.has.begin(), alternative.has.end(), met)) continue;
        if (std::any_of(alternative.has_not.begin(), alternative.has_not.end(), met)) continue;
        if (!std::all_of(alternative.code_has.begin(), alternative.code_has.end(),
                         [&](const Names& choice) { return has_code(choice, command); }))
            continue;
        const Span deed = piped ? hull(command.span, facts_.commands[receiver_[i]].span) : command.span;
        return Fulfilment{0, i, command.span, deed};
    }
    return std::nullopt;
}

}  // namespace

Names split_choice(std::string_view text, std::pmr::memory_resource* memory) {
    Names names(memory);
    names.emplace_back();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '|') {
            names.emplace_back();
        } else if (text[i] == '\\' && i + 1 < text.size()) {
            if (text[i + 1] != '|') names.back().push_back('\\');
            names.back().push_back(text[++i]);
        } else {
            names.back().push_back(text[i]);
        }
    }
    return names;
}

Names split_words(std::string_view text, std::pmr::memory_resource* memory) {
    Names words(memory);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end != 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::optional<Fulfilment> matches(const FactDemand& demand, const Facts& facts, std::pmr::memory_resource* memory) {
    Matcher matcher(facts, memory);
    std::optional<Fulfilment> best;
    for (std::uint32_t i = 0; i < demand.any.size(); ++i) {
        auto found = matcher.first(demand.any[i]);
        if (!found || (best && best->command <= found->command)) continue;
        found->alternative = i;
        best = found;
    }
    return best;
}

}  // namespace gw::guardrail::shell
