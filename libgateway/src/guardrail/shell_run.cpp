// One command: what it is, what it names, what flows into it.
#include "core/text.h"
#include "guardrail/shell_scope.h"

namespace gw::guardrail::shell {

std::span<const Word> Reader::make_words(std::span<const Field> fields) {
    std::pmr::vector<Word> words(scratch_);
    words.reserve(fields.size());
    for (const Field& field : fields)
        words.push_back({field.text.bytes, field.bare, field.span, field.unresolved, field.glob});
    return keep(arena_, words);
}

void Reader::run(std::span<const Field> fields, Streams& streams, Draft& draft, std::uint32_t parent) {
    run(fields, make_words(fields), streams, draft, parent);
}

void Reader::run(std::span<const Field> fields, std::span<const Word> words, Streams& streams, Draft& draft,
                 std::uint32_t parent) {
    if (state_.stopped || fields.empty()) return;
    const DepthGuard guard(state_);
    const Word& first = words.front();
    std::string_view program = base_name(first.text);
    // c${nothing}url: what is not known is most likely nothing when other letters are left.
    if (first.unresolved && !base_name(first.bare).empty() && first.bare != "/") program = base_name(first.bare);
    // Programs are found without regard to case in Windows and macOS; the facts keep the spelling.
    std::pmr::string lower(program.substr(0, 64), scratch_);
    std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
    const Call call{fields, words, streams, draft, parent, keep(arena_, std::string_view(lower))};
    if (guard.too_deep()) {
        state_.incomplete = true;
        finish(add(call), draft);
        return emit_unknown(streams);
    }
    if (run_function(call) || run_builtin(call) || run_wrapper(call) || run_interpreter(call)) return;

    const std::uint32_t command = add(call);
    Command& added = facts_.commands[command];
    bool runs_code = false;
    std::optional<Text> code;
    if (first.text.find('/') != std::string_view::npos) {
        add_path(draft, Deed::execute, first.text, first);
        const auto found = files_.find(full_path(first.text));
        if (found != files_.end()) {  // ./x, and the text made x
            runs_code = true;
            flow(Flow::channel | found->second, command, Flow::Kind::file, true);
            code = text_of(found->second);
        }
    }
    if (!fields.front().channels.empty()) runs_code = true;  // $(curl h)
    if (runs_code) {
        added.stands_for = "sh";
        added.interpreter = true;
    }
    use(command, call);
    connect(command, call, false, 0);
    if (call.program == "find" || call.program == "fd" || call.program == "fdfind") run_found(call, command);
    if (code)
        run_code(*code, streams, command);
    else
        output(call);
}

std::uint32_t Reader::add(const Call& call) {
    if (facts_.commands.size() >= state_.limits.commands_max) state_.stop();
    Command command;
    command.parent = call.parent;
    command.span = call.draft.span;
    if (!call.words.empty()) {
        const Word& first = call.words.front();
        command.program_path = first.text;
        const bool bare = first.unresolved && !base_name(first.bare).empty() && first.bare != "/";
        command.program = base_name(bare ? first.bare : first.text);
        command.program_glob = first.glob;
        command.arguments = call.arguments();
    }
    facts_.commands.push_back(command);
    return static_cast<std::uint32_t>(facts_.commands.size() - 1);
}

void Reader::finish(std::uint32_t command, Draft& draft) {
    Command& target = facts_.commands[command];
    target.paths = keep(arena_, draft.paths);
    target.contacts = keep(arena_, draft.contacts);
    target.variables = keep(arena_, draft.variables);
    target.code = keep(arena_, draft.code);
}

// Paths and hosts in the arguments, and the flows through files.
void Reader::use(std::uint32_t command, const Call& call) {
    Uses uses(scratch_);
    find_uses(call.program, call.arguments(), arena_, uses);
    const std::size_t first_path = call.draft.paths.size();
    for (const PathUse& path : uses.paths) {
        const Field& field = call.fields[path.word + 1];
        if (field.process) continue;
        add_path(call.draft, path.deed, path.text, call.arguments()[path.word]);
    }
    for (ContactUse& contact : uses.contacts) {
        contact.contact.span = call.arguments()[contact.word].span;
        call.draft.contacts.push_back(contact.contact);
    }
    if (call.program == "apply_patch" || call.program == "applypatch" || call.program == "patch") patch(call);
    touch_files(command, call, first_path);
    finish(command, call.draft);
    for (const CodeUse& code : uses.code) {
        const Text& text = call.fields[code.word + 1].text;
        TextBuilder part(scratch_);
        part.append(text, code.offset, text.bytes.size());
        run_code(part.store(arena_), call.streams, command);
    }
}

// The files that a patch changes, when its text is known: an argument, or the input.
void Reader::patch(const Call& call) {
    std::optional<Text> text;
    if (call.program != "patch" && call.fields.size() > 1)
        text = call.fields[1].text;
    else
        text = text_of(call.streams.in());
    if (!text || !state_.afford(text->bytes.size())) return;
    std::pmr::vector<PatchUse> uses(scratch_);
    find_patched(text->bytes, uses);
    for (const PatchUse& use : uses) {
        const std::string_view path = text->bytes.substr(use.begin, use.end - use.begin);
        add_path(call.draft, use.deed, path, Word{path, path, text->source(use.begin, use.end)});
    }
}

// What was written into a file of the text comes out of it again.
void Reader::touch_files(std::uint32_t command, const Call& call, std::size_t first_path) {
    std::optional<Text> content;
    bool content_known = false;
    for (std::size_t i = first_path; i < call.draft.paths.size(); ++i) {
        const Path& path = call.draft.paths[i];
        const auto found = files_.find(path.full);
        if (path.deed == Deed::read && found != files_.end()) {
            flow(Flow::channel | found->second, command, Flow::Kind::file);
            content = text_of(found->second);
            content_known = content.has_value();
        } else if (path.deed == Deed::remove && found != files_.end() && call.program != "mv") {
            files_.erase(found);
        } else if (path.deed == Deed::write) {
            const std::uint32_t channel = make_channel();
            if (call.program == "tee") {
                content = text_of(call.streams.in());
                content_known = content.has_value();
            }
            const bool copies =
                call.program == "tee" || call.program == "cp" || call.program == "mv" || call.program == "install";
            if (copies && content_known && content)
                channels_[channel].text.append(*content);
            else
                channels_[channel].known = false;
            files_[path.full] = channel;
            flow(command, Flow::channel | channel, Flow::Kind::file);
        }
    }
}

// Edges from the input and from the arguments, and to the outputs. `code_field`: of `call.fields`, the one that is
// code.
void Reader::connect(std::uint32_t command, const Call& call, bool code_from_input, std::size_t code_field) {
    const Streams& streams = call.streams;
    if (streams.in() != none) {
        flow(Flow::channel | streams.in(), command, streams.file[0] ? Flow::Kind::file : Flow::Kind::pipe,
             code_from_input);
    }
    for (std::size_t i = 0; i < call.fields.size(); ++i) {
        for (const std::uint32_t channel : call.fields[i].channels) {
            flow(Flow::channel | channel, command, Flow::Kind::substitution, i == code_field);
        }
        if (call.fields[i].receiver != none)
            flow(command, Flow::channel | call.fields[i].receiver, Flow::Kind::substitution);
    }
    for (std::size_t fd = 1; fd < 3; ++fd) {
        if (streams.fd[fd] == none || (fd == 2 && streams.fd[1] == streams.fd[2])) continue;
        flow(command, Flow::channel | streams.fd[fd], streams.file[fd] ? Flow::Kind::file : Flow::Kind::pipe);
    }
}

void Reader::add_path(Draft& draft, Deed deed, std::string_view text, const Word& word) {
    draft.paths.push_back({text, full_path(text), deed, word.span, word.glob});
    // What is not known may be nothing: /etc/sha${x}dow.
    if (word.unresolved && text == word.text && word.bare != word.text && !word.bare.empty() && word.bare != "/") {
        draft.paths.push_back({word.bare, full_path(word.bare), deed, word.span, word.glob});
    }
}

// /dev/tcp/host/port, which bash makes a connection.
void Reader::add_contact_of_device(Draft& draft, std::string_view path, Span span) {
    if (!path.starts_with("/dev/tcp/") && !path.starts_with("/dev/udp/")) return;
    path.remove_prefix(9);
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash == 0) return;
    Contact contact =
        make_contact(path.substr(0, slash), slash < path.size() ? path.substr(slash + 1) : std::string_view{}, arena_);
    contact.span = span;
    draft.contacts.push_back(contact);
}

// After `cd`, and without `//`, `/./`, `./` in front, `name/..` and a slash at the end. Back-slashes are slashes.
std::string_view Reader::full_path(std::string_view path) {
    const bool absolute = path.starts_with('/') || path.starts_with('~') || path.starts_with('$') ||
                          path.starts_with('%') || (path.size() > 1 && path[1] == ':');
    if (path.size() > 4096 || !state_.afford(path.size() + directory_.size())) return path;
    std::pmr::string out(scratch_);
    if (!absolute && !directory_.empty()) {
        out.append(directory_);
        out.push_back('/');
    }
    out.append(path);
    std::replace(out.begin(), out.end(), '\\', '/');
    std::size_t size = 0;
    std::size_t at = 0;
    while (at < out.size()) {
        const std::size_t end = std::min(out.find('/', at), out.size());
        const std::string_view name = std::string_view(out).substr(at, end - at);
        if (name == "..") {
            // What stands before is dropped, unless it is the root, another `..` or nothing.
            const std::string_view before = std::string_view(out).substr(0, size);
            const std::size_t last = before.size() < 2 ? std::string_view::npos : before.rfind('/', before.size() - 2);
            const std::string_view dropped = before.substr(last == std::string_view::npos ? 0 : last + 1);
            if (before == "/") {
                at = end + 1;
                continue;
            }
            if (!before.empty() && dropped != "../" && dropped != "~/" && !dropped.starts_with('$')) {
                size = last == std::string_view::npos ? 0 : last + 1;
                at = end + 1;
                continue;
            }
        }
        if ((name.empty() && at != 0) || name == ".") {
            at = end + 1;
            continue;
        }
        const std::size_t take = std::min(end + 1, out.size()) - at;
        std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(at), take,
                    out.begin() + static_cast<std::ptrdiff_t>(size));
        size += take;
        at = end + 1;
    }
    out.resize(size);
    if (out.size() > 1 && out.back() == '/' && !path.ends_with('/')) out.pop_back();
    if (out.empty()) return path.starts_with('/') ? "/" : path.empty() ? path : std::string_view(".");
    return std::string_view(out) == path ? path : keep(arena_, std::string_view(out));
}

// Words with one blank between them: what eval and ssh make of their arguments.
Text Reader::joined(std::span<const Field> fields) {
    if (fields.size() == 1) return fields[0].text;
    TextBuilder all(scratch_);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!state_.afford(fields[i].text.bytes.size())) break;
        if (i != 0)
            all.append(" ", {fields[i - 1].span.end, std::max(fields[i - 1].span.end, fields[i].span.begin)}, false);
        all.append(fields[i].text);
    }
    return all.store(arena_);
}

bool Reader::run_function(const Call& call) {
    const auto found = functions_.find(call.words.front().text);
    if (found == functions_.end() || found->second.running) return false;
    const Function function = found->second;
    const std::string_view name = found->first;
    const std::uint32_t command = add(call);
    facts_.commands[command].wrapper = true;
    finish(command, call.draft);
    for (const Field& field : call.fields) {
        for (const std::uint32_t channel : field.channels)
            flow(Flow::channel | channel, command, Flow::Kind::substitution);
    }
    if (function.node->children.empty()) return true;
    functions_[name] = {function.node, true, true};
    {
        const Scope scope(*this);
        std::pmr::vector<Text> arguments(scratch_);
        for (const Field& field : call.fields.subspan(1)) arguments.push_back(field.text);
        positional_ = keep(arena_, arguments);
        const std::uint32_t outer = parent_;
        parent_ = command;
        walk_children(*function.node, call.streams);
        parent_ = outer;
    }
    // The body may have defined it anew.
    if (const auto after = functions_.find(name); after != functions_.end() && after->second.node == function.node)
        after->second.running = false;
    return true;
}

}  // namespace gw::guardrail::shell
