// What a rule demands beside its pattern: words nearby, and facts of the shell reader.
#include "guardrail/pack_reader.h"

namespace gw::guardrail::pack {

namespace {

constexpr std::uint32_t within_max = 128;

bool read_words(const Reader& in, const Node* words, const Node* within, const Node* where, ContextWords& out) {
    bool good = in.texts(words, out.words);
    if (good && out.words.empty()) {
        in.refuse(*words, {"a list that is not empty"});
        good = false;
    }
    good = in.integer(within, 1, within_max, out.within) && good;
    constexpr std::array<std::string_view, 3> places{"before", "after", "around"};
    const std::optional<std::size_t> index = in.choice(where, places);
    if (index) out.where = static_cast<ContextWords::Where>(*index);
    return good && (where == nullptr || index.has_value());
}

void read_globs(const Reader& in, const Node* node, shell::Names& out) {
    if (in.texts(node, out) && out.empty()) in.refuse(*node, {"a list that is not empty"});
}

template <typename Split>
void read_choices(const Reader& in, const Node* node, Split&& split, shell::Choices& out) {
    shell::Names texts(in.memory());
    read_globs(in, node, texts);
    for (const std::pmr::string& text : texts) out.push_back(split(text, in.memory()));
}

void read_alternative(const Reader& in, const Node& node, shell::Alternative& out) {
    const Node *program = nullptr, *has = nullptr, *has_not = nullptr, *subcommand = nullptr, *pipe = nullptr,
               *reads_path = nullptr, *writes_path = nullptr, *executes_path = nullptr, *contacts_host = nullptr,
               *contacts_path = nullptr, *code_has = nullptr, *sets_variable = nullptr, *unsets_variable = nullptr;
    in.fields(node, {{"program", &program},
                     {"has", &has},
                     {"has_not", &has_not},
                     {"subcommand", &subcommand},
                     {"pipe", &pipe},
                     {"reads_path", &reads_path},
                     {"writes_path", &writes_path},
                     {"executes_path", &executes_path},
                     {"contacts_host", &contacts_host},
                     {"contacts_path", &contacts_path},
                     {"code_has", &code_has},
                     {"sets_variable", &sets_variable},
                     {"unsets_variable", &unsets_variable}});
    if (node.kind == Node::Kind::map && node.count == 0) {
        in.report().error(node.place, {"an alternative without demands would always hold"});
    }
    read_globs(in, program, out.program);
    read_choices(in, has, shell::split_choice, out.has);
    read_choices(in, has_not, shell::split_choice, out.has_not);
    read_choices(in, subcommand, shell::split_words, out.subcommand);
    if (pipe != nullptr) {
        const Node *from = nullptr, *to = nullptr;
        in.fields(*pipe, {{"from", &from, Need::required}, {"to", &to, Need::required}});
        read_globs(in, from, out.pipe_from);
        read_globs(in, to, out.pipe_to);
    }
    read_globs(in, reads_path, out.reads_path);
    read_globs(in, writes_path, out.writes_path);
    read_globs(in, executes_path, out.executes_path);
    read_globs(in, contacts_host, out.contacts_host);
    read_globs(in, contacts_path, out.contacts_path);
    read_choices(in, code_has, shell::split_choice, out.code_has);
    read_globs(in, sets_variable, out.sets_variable);
    read_globs(in, unsets_variable, out.unsets_variable);
}

}  // namespace

bool read_context(const Reader& in, const Node& node, ContextWords& out) {
    const Node *words = nullptr, *within = nullptr, *where = nullptr;
    const bool complete =
        in.fields(node, {{"words", &words, Need::required}, {"within", &within, Need::required}, {"where", &where}});
    return read_words(in, words, within, where, out) && complete;
}

bool read_demotion(const Reader& in, const Node& node, DemoteContext& out) {
    const Node *words = nullptr, *within = nullptr, *where = nullptr, *to = nullptr, *quoted = nullptr;
    bool good = in.fields(node, {{"words", &words, Need::required},
                                 {"within", &within, Need::required},
                                 {"where", &where},
                                 {"to", &to, Need::required},
                                 {"quoted", &quoted}});
    good = read_words(in, words, within, where, out.context) && good;
    good = in.severity(to, out.to) && good;
    return (quoted == nullptr || in.boolean(quoted, out.quoted)) && good;
}

void read_facts(const Reader& in, const Node& node, shell::FactDemand& out) {
    const Node* any = nullptr;
    in.fields(node, {{"any", &any, Need::required}});
    const bool is_list = in.entries(
        any, [&](const Node& alternative) { read_alternative(in, alternative, out.any.emplace_back(in.memory())); });
    if (is_list && out.any.empty()) in.refuse(*any, {"a list that is not empty"});
}

}  // namespace gw::guardrail::pack
