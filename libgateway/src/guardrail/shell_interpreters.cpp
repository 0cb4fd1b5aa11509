// Programs that run code: shells, PowerShell, and languages whose code is only looked at for what it names.
#include "core/text.h"
#include "guardrail/shell_scope.h"

namespace gw::guardrail::shell {

namespace {

constexpr std::size_t no_field = SIZE_MAX;

// How an interpreter was called. Numbers are indices of fields.
struct Invocation {
    std::size_t code = no_field;
    std::size_t code_offset = 0;
    std::size_t script = no_field;
    std::size_t positional = no_field;  // where $0 of inline code, or the arguments of a script, begin
    bool rest_is_code = false;          // cmd /c: all words from `code` on
    bool encoded = false;               // base64 of UTF-16
    bool from_input = false;
};

// sh -ec 'code' name arguments; bash -o pipefail script; sh -s
Invocation shell_invocation(std::span<const Word> words, const Interpreter& interpreter) {
    Invocation result;
    bool code = false;
    bool input = false;
    std::size_t i = 1;
    for (; i < words.size(); ++i) {
        const std::string_view text = words[i].text;
        if (text == "--") {
            ++i;
            break;
        }
        if (text.size() < 2 || (text[0] != '-' && text[0] != '+')) break;
        if (text[1] == '-') {
            if (text == "--command")
                code = true;
            else if (listed(interpreter.values, text))
                ++i;
            continue;
        }
        if (text[0] == '-' && text.find('c') != std::string_view::npos) code = true;
        if (text[0] == '-' && text.find('s') != std::string_view::npos) input = true;
        if (text.back() == 'o' || text.back() == 'O') ++i;
    }
    i = std::min(i, words.size());
    if (code) {
        if (i < words.size()) result.code = i;
        result.positional = i + 1;
    } else if (i < words.size() && !input && words[i].text != "-" && words[i].text != "/dev/stdin") {
        result.script = i;
        result.positional = i + 1;
    } else {
        result.from_input = true;
        result.positional = input ? i : i + 1;
    }
    return result;
}

// python -c code, perl -lane code, node script.js
Invocation script_invocation(std::span<const Word> words, const Interpreter& interpreter) {
    Invocation result;
    Options options(words.subspan(1), {interpreter.code, interpreter.values, interpreter.modules, {}, {}, {}}, true);
    bool module = false;
    while (const auto item = options.next()) {
        if (listed(interpreter.code, item->name) && !item->name.empty()) {
            if (!item->has_value) continue;
            result.code = item->word + 1;
            result.code_offset = item->offset;
            result.positional = item->word + 2;
            if (listed(interpreter.names, "python")) return result;  // what follows are the program's arguments
        } else if (!item->name.empty()) {
            if (!listed(interpreter.modules, item->name)) continue;
            module = true;
            result.positional = item->word + 2;
            break;
        } else {
            result.positional = item->word + 2;
            if (result.code != no_field) {
                result.positional = item->word + 1;
            } else if (interpreter.language == Language::awk) {
                result.code = item->word + 1;
            } else if (listed(interpreter.names, "deno") && (item->value == "eval" || item->value == "run")) {
                (item->value == "eval" ? result.code : result.script) =
                    item->word + 2 < words.size() ? item->word + 2 : no_field;
            } else if (item->value == "-" || item->value == "/dev/stdin") {
                result.from_input = true;
            } else {
                result.script = item->word + 1;
            }
            break;
        }
    }
    if (result.code == no_field && result.script == no_field && !module && interpreter.language != Language::awk)
        result.from_input = true;
    return result;
}

// powershell -NoProfile -enc base64; cmd /c code; iex code
Invocation windows_invocation(std::span<const Word> words, const Interpreter& interpreter) {
    Invocation result;
    std::size_t i = 1;
    for (; i < words.size(); ++i) {
        std::array<char, 24> lower{};
        const std::string_view text = words[i].text;
        const std::size_t size = std::min(text.size(), lower.size());
        std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), lower.begin(), ascii_lower);
        if (lower[0] == '/' && interpreter.language == Language::powershell) lower[0] = '-';
        const std::string_view option(lower.data(), size);
        if (interpreter.language == Language::batch) {
            if (option == "/c" || option == "/k" || option == "/r" || option == "//c") {
                ++i;
                break;
            }
            if (!option.starts_with('/')) break;
            continue;
        }
        if (!option.starts_with('-') || option.size() < 2) break;
        if (listed(interpreter.modules, option)) {
            result.script = i + 1 < words.size() ? i + 1 : no_field;
            result.positional = i + 2;
            return result;
        }
        if (listed(interpreter.code, option)) {
            result.encoded = option.starts_with("-e");
            ++i;
            break;
        }
        if (listed(interpreter.values, option)) ++i;
    }
    if (i < words.size() && words[i].text != "-") {
        result.code = i;
        result.rest_is_code = !result.encoded;
    } else {
        result.from_input = true;
    }
    return result;
}

// The text of -EncodedCommand: base64 of UTF-16LE. What is not ASCII does not matter to a shell.
void decode_utf16(std::string_view text, std::pmr::string& out) {
    std::uint32_t bits = 0;
    unsigned count = 0;
    std::size_t index = 0;
    for (const char c : text) {
        static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const std::size_t value = digits.find(c);
        if (value == std::string_view::npos) continue;
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        const char byte = static_cast<char>((bits >> count) & 0xFFU);
        if (index++ % 2 == 0) out.push_back(byte);
    }
}

}  // namespace

bool Reader::run_interpreter(const Call& call) {
    const Interpreter* interpreter = find_interpreter(call.program);
    if (interpreter == nullptr) return false;
    const Language language = interpreter->language;
    const bool windows = language == Language::powershell || language == Language::batch;
    const Invocation how = language == Language::shell ? shell_invocation(call.words, *interpreter)
                           : windows                   ? windows_invocation(call.words, *interpreter)
                                                       : script_invocation(call.words, *interpreter);
    const bool runs_shell_code = language == Language::shell || windows;
    const std::uint32_t command = add(call);
    facts_.commands[command].interpreter = true;

    std::optional<Text> code;
    bool known = true;
    if (how.code != no_field) {
        const Field& field = call.fields[how.code];
        if (how.rest_is_code) {
            code = joined(call.fields.subspan(how.code));
        } else {
            TextBuilder part(scratch_);
            part.append(field.text, how.code_offset, field.text.bytes.size());
            code = part.store(arena_);
        }
        if (how.encoded && state_.afford(code->bytes.size())) {
            std::pmr::string decoded(scratch_);
            decode_utf16(code->bytes, decoded);
            TextBuilder part(scratch_);
            part.append(decoded, code->source(), false);
            code = part.store(arena_);
        }
        known = code->bytes != "$()";
        call.draft.code.push_back({code->bytes, code->bytes.empty() ? field.span : code->source()});
    }
    std::optional<Text> later;  // code from a file or from the input
    if (how.script != no_field) {
        const Field& field = call.fields[how.script];
        if (field.process) {
            if (!field.channels.empty()) later = text_of(field.channels.front());
        } else {
            const Word& word = call.words[how.script];
            add_path(call.draft, Deed::read, word.text, word);
            add_path(call.draft, Deed::execute, word.text, word);
            const auto found = files_.find(full_path(word.text));
            if (found != files_.end()) {
                flow(Flow::channel | found->second, command, Flow::Kind::file, true);
                later = text_of(found->second);
            }
        }
    }
    if (how.from_input) later = text_of(call.streams.in());
    if (later && !runs_shell_code)
        call.draft.code.push_back({later->bytes, later->bytes.empty() ? call.draft.span : later->source()});

    // The arguments of a script are read by it as those of any unknown program; awk's are files.
    if (language == Language::awk) {
        use(command, call);
    } else if (!runs_shell_code || how.script != no_field) {
        for (std::size_t i = how.positional; i < call.words.size(); ++i) {
            if (call.fields[i].process) continue;
            if (looks_like_path(call.words[i].text))
                add_path(call.draft, Deed::read, call.words[i].text, call.words[i]);
            if (auto contact = is_url(call.words[i].text) ? read_address(call.words[i].text, Bare::refuse, arena_)
                                                          : std::nullopt) {
                contact->span = call.words[i].span;
                call.draft.contacts.push_back(*contact);
            }
        }
    }
    finish(command, call.draft);
    connect(command, call, how.from_input, how.code != no_field ? how.code : how.script);

    if (!runs_shell_code) {
        if (code && known) foreign_code(*code, call.program, call, command);
        if (later) foreign_code(*later, call.program, call, command);
        emit_unknown(call.streams);
        return true;
    }
    const Scope scope(*this);
    if (how.positional != no_field) {
        std::pmr::vector<Text> arguments(scratch_);
        for (std::size_t i = how.positional; i < call.fields.size(); ++i) arguments.push_back(call.fields[i].text);
        const bool named = how.code != no_field && !arguments.empty();  // the first one is $0
        zero_ = named ? arguments.front() : Text{};
        if (!arguments.empty()) positional_ = keep(arena_, arguments).subspan(named ? 1 : 0);
    }
    if (code && known) run_code(*code, call.streams, command);
    if (later) run_code(*later, call.streams, command);
    if (!(code && known) && !later) emit_unknown(call.streams);
    return true;
}

// Python, Perl and the like are not understood; but texts in quotes that are paths, URLs or arguments of system() say
// enough about what the code does.
void Reader::foreign_code(const Text& code, std::string_view program, const Call& call, std::uint32_t command) {
    static constexpr std::string_view runs =
        "system popen exec execute execSync execFileSync execl execlp execv execvp spawn spawnSync shell_exec passthru "
        "proc_open check_output check_call run "
        "call Popen getoutput getstatusoutput qx";
    static constexpr std::string_view writes =
        "writeFile writeFileSync appendFile appendFileSync file_put_contents write_text write_bytes";
    static constexpr std::string_view removes = "unlink unlinkSync rmSync rmtree remove rmdir rm_rf rm";
    if (!state_.afford(code.bytes.size())) return;
    const bool backticks_run = program == "perl" || program == "ruby" || program == "php";
    const std::string_view bytes = code.bytes;
    bool open_backtick = false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char quote = bytes[i];
        if (quote != '"' && quote != '\'' && (quote != '`' || open_backtick)) continue;
        const std::size_t begin = i + 1;
        std::size_t end = begin;
        while (end < bytes.size() && bytes[end] != quote && (bytes[end] != '\n' || quote == '`'))
            end += bytes[end] == '\\' ? 2 : 1;
        if (end >= bytes.size() || bytes[end] != quote) {  // not a text after all: an apostrophe in a comment
            if (quote == '`')
                open_backtick = true;
            else
                i = end;
            continue;
        }
        i = end;
        const std::string_view text = bytes.substr(begin, end - begin);
        if (text.empty()) continue;
        // The name in front, behind an opening parenthesis or a blank: system("..."), exec "..."
        std::size_t name_end = begin - 1;
        while (name_end > 0 && begin - name_end < 16 &&
               (bytes[name_end - 1] == ' ' || bytes[name_end - 1] == '(' || bytes[name_end - 1] == '['))
            --name_end;
        std::size_t name_begin = name_end;
        while (name_begin > 0 && name_end - name_begin < 32 &&
               (is_alpha(bytes[name_begin - 1]) || bytes[name_begin - 1] == '_'))
            --name_begin;
        const std::string_view name = bytes.substr(name_begin, name_end - name_begin);
        const Span source = code.source(begin, end);
        if (listed(runs, name) || (quote == '`' && backticks_run)) {
            TextBuilder part(scratch_);
            part.append(code, begin, end);
            Streams none_followed;
            run_code(part.store(arena_), none_followed, command);
            continue;
        }
        if (is_url(text)) {
            if (auto contact = read_address(text, Bare::refuse, arena_)) {
                contact->span = source;
                call.draft.contacts.push_back(*contact);
            }
            continue;
        }
        if (!looks_like_path(text) || text.size() < 3 || text.find('\n') != std::string_view::npos) continue;
        std::size_t after = end + 1;
        while (after < bytes.size() && (bytes[after] == ' ' || bytes[after] == ',')) ++after;
        const bool mode = after + 1 < bytes.size() && (bytes[after] == '"' || bytes[after] == '\'') &&
                          std::string_view("wax").find(bytes[after + 1]) != std::string_view::npos;
        const Word word{text, text, source, false, false};
        const Deed deed = listed(removes, name)          ? Deed::remove
                          : mode || listed(writes, name) ? Deed::write
                                                         : Deed::read;
        add_path(call.draft, deed, text, word);
    }
    finish(command, call.draft);
}

}  // namespace gw::guardrail::shell
