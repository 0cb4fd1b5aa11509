// Words -> fields: braces, substitutions, splitting.
#include "core/text.h"
#include "guardrail/shell_fields.h"
#include "guardrail/shell_scope.h"

namespace gw::guardrail::shell {

namespace {

constexpr std::size_t brace_bytes_max = 4096;
constexpr std::size_t brace_words_max = 32;

}  // namespace

Field Reader::expand_one(const SyntaxWord& word) {
    Fields fields(scratch_);
    expand(word, fields, false);
    if (!fields.empty()) return fields.front();
    Field empty;
    empty.span = word.span;
    return empty;
}

void Reader::expand(const SyntaxWord& word, Fields& out, bool split) {
    if (word.parts.empty()) return;
    const Part& first = word.parts.front();
    bool braces = false;
    for (const Part& part : word.parts)
        braces = braces ||
                 (!part.quoted && part.kind == Part::Kind::literal && part.text.find('{') != std::string_view::npos);
    // Nearly every word is one piece of plain text.
    if (word.parts.size() == 1 && first.kind == Part::Kind::literal && !braces) {
        if (++visits_ > 4 * state_.limits.words_max) state_.stop();
        const Piece piece{0, first.span, first.exact};
        Field field;
        field.text = {first.text, keep(arena_, std::span<const Piece>(&piece, 1))};
        field.bare = first.text;
        field.span = word.span;
        field.glob = !first.quoted && has_glob(first.text);
        out.push_back(field);
        return;
    }
    std::pmr::vector<Atom> atoms(scratch_);
    for (const Part& part : word.parts)
        atoms.push_back({&part, part.kind == Part::Kind::literal ? part.text : std::string_view{}});
    std::pmr::vector<std::pmr::vector<Atom>> all(scratch_);
    if (!braces || !split || !expand_braces(atoms, all)) {
        expand_atoms(atoms, word.span, out, split);
        return;
    }
    for (const auto& one : all) expand_atoms(one, word.span, out, split);
}

// a{b,c}d -> abd acd, nested and repeated. False when there is nothing to expand.
bool Reader::expand_braces(std::span<const Atom> atoms, std::pmr::vector<std::pmr::vector<Atom>>& out) {
    using Atoms = std::pmr::vector<Atom>;
    std::pmr::vector<Atoms> todo(scratch_);
    todo.emplace_back(atoms.begin(), atoms.end());
    bool expanded = false;
    while (!todo.empty()) {
        const Atoms current(std::move(todo.back()), scratch_);
        todo.pop_back();
        // The word as one string, in which everything but unquoted literals is one byte that means nothing.
        std::pmr::string flat(scratch_);
        for (const Atom& atom : current) {
            const bool plain = atom.part->kind == Part::Kind::literal && !atom.part->quoted;
            if (plain)
                flat.append(atom.literal);
            else
                flat.push_back('\0');
        }
        std::size_t open = std::string_view::npos;
        std::size_t close = 0;
        struct Brace {
            std::size_t at;
            bool comma;
        };
        std::pmr::vector<Brace> stack(scratch_);
        const bool too_large =
            flat.size() > brace_bytes_max || out.size() + todo.size() > brace_words_max || !state_.afford(flat.size());
        if (too_large) state_.incomplete = true;
        for (std::size_t i = 0; i < flat.size() && !too_large; ++i) {
            if (flat[i] == '{') {
                stack.push_back({i, false});
            } else if (flat[i] == ',' && !stack.empty()) {
                stack.back().comma = true;
            } else if (flat[i] == '}' && !stack.empty()) {
                if (stack.back().comma && stack.back().at < open) {
                    open = stack.back().at;
                    close = i;
                }
                stack.pop_back();
            }
        }
        if (open == std::string_view::npos) {
            out.push_back(current);
            continue;
        }
        expanded = true;
        const auto slice = [&](std::size_t begin, std::size_t end, Atoms& to) {
            std::size_t at = 0;
            for (const Atom& atom : current) {
                const bool plain = atom.part->kind == Part::Kind::literal && !atom.part->quoted;
                const std::size_t size = plain ? atom.literal.size() : 1;
                const std::size_t from = std::max(begin, at);
                const std::size_t until = std::min(end, at + size);
                if (from < until)
                    to.push_back(plain ? Atom{atom.part, atom.literal.substr(from - at, until - from)} : atom);
                at += size;
            }
        };
        std::pmr::vector<Atoms> alternatives(scratch_);
        std::size_t depth = 0;
        std::size_t begin = open + 1;
        for (std::size_t i = open + 1; i <= close; ++i) {
            if (flat[i] == '{') ++depth;
            if ((flat[i] == ',' && depth == 0) || i == close) {
                Atoms& one = alternatives.emplace_back();
                slice(0, open, one);
                slice(begin, i, one);
                slice(close + 1, flat.size(), one);
                begin = i + 1;
            } else if (flat[i] == '}') {
                --depth;
            }
        }
        for (std::size_t i = alternatives.size(); i-- > 0;) todo.push_back(std::move(alternatives[i]));
    }
    return expanded;
}

void Reader::expand_atoms(std::span<const Atom> atoms, Span span, Fields& out, bool split) {
    FieldBuilder builder(*this, span, out, split);
    for (const Atom& atom : atoms) append(*atom.part, atom.literal, builder, atoms.size() == 1);
    builder.end();
}

void Reader::append(const Part& part, std::string_view literal, FieldBuilder& builder, bool alone) {
    switch (part.kind) {
    case Part::Kind::literal: {
        const auto offset = static_cast<std::uint32_t>(literal.data() - part.text.data());
        Span source = part.span;
        if (part.exact && !literal.empty()) {
            source.begin += offset;
            source.end = source.begin + static_cast<std::uint32_t>(literal.size());
        }
        builder.literal(literal, source, part.exact);
        if (!part.quoted && has_glob(literal)) builder.glob();
        break;
    }
    case Part::Kind::parameter: parameter(part, builder, alone); break;
    case Part::Kind::arithmetic:
        if (part.operand != nullptr) static_cast<void>(expand_one(*part.operand));
        builder.hole("$(())", part.span);
        break;
    default: substitute(part, builder);
    }
}

// $(...), `...`, <(...) and >(...)
void Reader::substitute(const Part& part, FieldBuilder& builder) {
    if (part.body == nullptr) return builder.hole("$()", part.span);
    const std::uint32_t channel = make_channel();
    Streams streams;
    streams.fd[part.kind == Part::Kind::process_out ? 0 : 1] = channel;
    if (part.kind == Part::Kind::process_out) channels_[channel].known = false;
    {
        const Scope scope(*this);
        walk(*part.body, streams);
    }
    if (part.kind == Part::Kind::command) {
        builder.flows_from(channel);
        const auto text = text_of(channel);
        if (!text) return builder.hole("$()", part.span);
        const std::size_t end = text->bytes.find_last_not_of('\n') + 1;
        TextBuilder trimmed(scratch_);
        trimmed.append(*text, 0, end);
        if (part.quoted) builder.start();
        builder.value(trimmed.view(), part.quoted, true, part.span);
        return;
    }
    if (part.kind == Part::Kind::process_in) {
        builder.flows_from(channel);
        builder.process(none);
    } else {
        builder.process(channel);
    }
    builder.literal("/dev/fd/63", part.span, false);
}

}  // namespace gw::guardrail::shell
