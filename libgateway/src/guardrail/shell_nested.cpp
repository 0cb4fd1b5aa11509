// Commands that run other commands: wrappers (sudo, env, xargs, ssh, docker exec) and find -exec.
#include "core/text.h"
#include "guardrail/shell_scope.h"

namespace gw::guardrail::shell {

namespace {

bool is_assignment(std::string_view text) noexcept {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0 || is_digit(text[0])) return false;
    return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals),
                       [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

bool is_xargs(std::string_view program) noexcept { return program == "xargs" || program == "gxargs"; }

}  // namespace

// The index in call.fields of the program that runs inside, or how many there are when none does. `code` is set when
// the inside is shell text instead; `replaced` is what xargs puts the words of its input in place of.
std::size_t Reader::wrapped(const Wrapper& wrapper, const Call& call, Field& code, std::string_view& replaced) {
    const auto arguments = call.arguments();
    const bool takes_assignments = call.program == "env" || call.program == "sudo" || call.program == "doas";
    bool before = wrapper.before.empty();
    std::size_t skipped = 0;
    // Where operands come before the program, its options may stand between them.
    Options options(arguments, {wrapper.values, wrapper.code, {}, {}, {}, {}},
                    wrapper.skip == 0 && before && wrapper.kind != Wrapper::Kind::option);
    while (const auto item = options.next()) {
        if (!item->name.empty()) {
            if ((call.program == "command") && (item->name == "-v" || item->name == "-V")) return call.fields.size();
            if (item->name == "-I" || item->name == "-J" || item->name == "--replace")
                replaced = item->has_value ? item->value : "{}";
            if (!item->has_value || !listed(wrapper.code, item->name)) continue;
            code = call.fields[item->word + 1];
            TextBuilder part(scratch_);
            part.append(code.text, item->offset, code.text.bytes.size());
            code.text = part.store(arena_);
            return call.fields.size();
        }
        std::size_t inner = item->word + 1;
        if (!before) {
            before = listed(wrapper.before, item->value);
            if (!before && !listed("container compose tool image", item->value)) return call.fields.size();
            if (before && wrapper.skip == 0)
                ++inner;
            else
                continue;
            if (wrapper.kind == Wrapper::Kind::operand)
                return inner < call.fields.size() && call.words[inner].text == "--" ? inner + 1 : inner;
        } else if (takes_assignments && is_assignment(item->value)) {
            const std::size_t equals = item->value.find('=');
            call.draft.variables.push_back({item->value.substr(0, equals), item->value.substr(equals + 1),
                                            arguments[item->word].span, true, false});
            TextBuilder value(scratch_);
            value.append(call.fields[inner].text, equals + 1, item->value.size());
            const Text text = value.store(arena_);
            set(item->value.substr(0, equals), Value{keep(arena_, std::span<const Text>(&text, 1)),
                                                     call.fields[inner].channels, !call.fields[inner].unresolved});
            // env reads options and assignments until the program; the walk goes on behind this one.
            std::size_t next = inner + 1;
            while (next < call.fields.size() && is_assignment(call.words[next].text)) {
                const std::string_view more = call.words[next].text;
                const std::size_t at = more.find('=');
                call.draft.variables.push_back(
                    {more.substr(0, at), more.substr(at + 1), call.words[next].span, true, false});
                ++next;
            }
            return next;
        } else if (skipped < wrapper.skip) {
            if (++skipped < wrapper.skip) continue;
            ++inner;
            while (inner < call.fields.size() && (call.program == "kubectl" || call.program == "oc") &&
                   call.words[inner].text.starts_with('-') && call.words[inner].text != "--") {
                ++inner;
            }
        }
        if (inner < call.fields.size() && call.words[inner].text == "--") ++inner;
        if (wrapper.kind == Wrapper::Kind::option) continue;
        if (wrapper.kind == Wrapper::Kind::code && inner < call.fields.size()) {
            code.text = joined(call.fields.subspan(inner));
            return call.fields.size();
        }
        return inner;
    }
    return call.fields.size();
}

bool Reader::run_wrapper(const Call& call) {
    const Wrapper* wrapper = find_wrapper(call.program);
    if (wrapper == nullptr) return false;
    const Scope scope(*this);
    Field code;
    std::string_view replaced;
    const std::size_t inner = wrapped(*wrapper, call, code, replaced);
    const bool remote_shell = listed("ssh autossh slogin", call.program);
    if (inner >= call.fields.size() && code.text.bytes.empty() && !remote_shell) return false;

    // Redirections and variables belong to what runs inside; hosts and mounted directories to the wrapper.
    Draft own(scratch_);
    own.span = call.draft.span;
    const Call outer{call.fields, call.words, call.streams, own, call.parent, call.program};
    const std::uint32_t command = add(outer);
    facts_.commands[command].wrapper = true;
    if (wrapper->kind != Wrapper::Kind::operand || !wrapper->before.empty())
        use(command, outer);
    else
        finish(command, own);

    if (inner < call.fields.size()) {
        if (is_xargs(call.program)) {
            run_with_input_words(call, inner, replaced, command);
            return true;
        }
        call.draft.span = hull(call.words[inner].span, call.words.back().span);
        run(call.fields.subspan(inner), call.words.subspan(inner), call.streams, call.draft, command);
        return true;
    }
    // What stands in the redirections of `ssh h cmd > file` is the wrapper's own.
    own.paths.insert(own.paths.end(), call.draft.paths.begin(), call.draft.paths.end());
    own.contacts.insert(own.contacts.end(), call.draft.contacts.begin(), call.draft.contacts.end());
    own.variables.insert(own.variables.end(), call.draft.variables.begin(), call.draft.variables.end());
    finish(command, own);
    const bool no_code = code.text.bytes.empty();
    connect(command, outer, no_code, SIZE_MAX);
    if (no_code) {
        if (const auto text = text_of(call.streams.in()))
            run_code(*text, call.streams, command);
        else
            emit_unknown(call.streams);
        return true;
    }
    run_code(code.text, call.streams, command);
    return true;
}

// xargs: the words of the input are arguments of the program inside.
void Reader::run_with_input_words(const Call& call, std::size_t inner, std::string_view replaced,
                                  std::uint32_t command) {
    static constexpr std::size_t words_max = 256;
    const std::uint32_t input = call.streams.in();
    const std::span<const std::uint32_t> from =
        input == none ? std::span<const std::uint32_t>{} : keep(arena_, std::span<const std::uint32_t>(&input, 1));
    Fields fields(scratch_);
    fields.assign(call.fields.begin() + static_cast<std::ptrdiff_t>(inner), call.fields.end());
    Fields added(scratch_);
    if (const auto text = text_of(input)) {
        for (std::size_t at = text->bytes.find_first_not_of(" \t\n");
             at != std::string_view::npos && added.size() < words_max;) {
            const std::size_t end = std::min(text->bytes.find_first_of(" \t\n", at), text->bytes.size());
            TextBuilder word(scratch_);
            word.append(*text, at, end);
            Field field;
            field.text = word.store(arena_);
            field.bare = field.text.bytes;
            field.span = field.text.source();
            added.push_back(field);
            at = text->bytes.find_first_not_of(" \t\n", end);
        }
    } else if (input != none) {
        const Piece piece{0, call.words.front().span, false};
        Field field;
        field.text = {"$()", keep(arena_, std::span<const Piece>(&piece, 1))};
        field.span = call.words.front().span;
        field.unresolved = true;
        added.push_back(field);
    }
    for (Field& field : added) field.channels = from;
    if (replaced.empty()) {
        fields.insert(fields.end(), added.begin(), added.end());
    } else {
        for (Field& field : fields) {
            const std::size_t at = field.text.bytes.find(replaced);
            if (at == std::string_view::npos) continue;
            field.channels = from;
            if (added.empty() || !state_.afford(field.text.bytes.size() + added[0].text.bytes.size())) continue;
            TextBuilder text(scratch_);
            text.append(field.text, 0, at);
            text.append(added[0].text);
            text.append(field.text, at + replaced.size(), field.text.bytes.size());
            field.text = text.store(arena_);
            field.unresolved = field.unresolved || added[0].unresolved;
            field.bare = field.text.bytes;
        }
    }
    Streams streams = call.streams;
    streams.fd[0] = none;
    call.draft.span = hull(call.words[inner].span, call.words.back().span);
    run(fields, streams, call.draft, command);
}

// find path -name n -exec program {} \; -- the name is what {} will be, under the path.
void Reader::run_found(const Call& call, std::uint32_t command) {
    std::string_view root;
    const Field* name = nullptr;
    for (std::size_t i = 1; i < call.fields.size(); ++i) {
        const std::string_view text = call.words[i].text;
        if (i == 1 && !text.starts_with('-')) root = text;
        if ((text == "-name" || text == "-iname" || text == "-path" || text == "-wholename") &&
            i + 1 < call.fields.size())
            name = &call.fields[i + 1];
        const bool executes =
            text == "-exec" || text == "-execdir" || text == "-ok" || text == "-okdir" || text == "-x" || text == "-X";
        if (!executes) continue;
        std::size_t end = i + 1;
        while (end < call.fields.size() && call.words[end].text != ";" &&
               (call.words[end].text != "+" || call.words[end - 1].text != "{}"))
            ++end;
        if (end == i + 1) continue;
        Fields fields(scratch_);
        for (const Field& original : call.fields.subspan(i + 1, end - i - 1)) {
            Field field = original;
            const std::size_t at = field.text.bytes.find("{}");
            if (at != std::string_view::npos) {
                TextBuilder found(scratch_);
                const Span source = field.span;
                found.append(field.text, 0, at);
                if (!root.empty() && state_.afford(root.size())) {
                    found.append(root, source, false);
                    if (!root.ends_with('/')) found.append("/", source, false);
                }
                if (name != nullptr && state_.afford(name->text.bytes.size()))
                    found.append(name->text);
                else
                    found.append("{}", source, false);
                found.append(field.text, at + 2, field.text.bytes.size());
                field.text = found.store(arena_);
                field.bare = field.text.bytes;
                field.unresolved = field.unresolved || name == nullptr;
                field.glob = name != nullptr && name->text.bytes.find_first_of("*?[") != std::string_view::npos;
            }
            fields.push_back(field);
        }
        Draft draft(scratch_);
        draft.span = hull(call.words[i + 1].span, call.words[end - 1].span);
        Streams streams = call.streams;
        streams.fd[0] = none;
        run(fields, streams, draft, command);
        i = end;
    }
}

}  // namespace gw::guardrail::shell
