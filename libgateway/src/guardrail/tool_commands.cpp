// Commands and code in the arguments of a tool.
#include <array>

#include "core/text.h"
#include "guardrail/tool_reader.h"

namespace gw::guardrail::tools {

// Shell text, as long as there is room for it.
void CallReader::shell_text(const Text& text, const Text* input) {
    const std::size_t room = options_.shell.text_bytes_max - std::min(shell_bytes_, options_.shell.text_bytes_max);
    Text taken = text;
    if (taken.bytes.size() > room) {
        taken.bytes = taken.bytes.substr(0, room);
        while (!taken.pieces.empty() && taken.pieces.back().at >= room)
            taken.pieces = taken.pieces.first(taken.pieces.size() - 1);
        state_.incomplete = true;
    }
    shell_bytes_ += taken.bytes.size();
    ran_ = true;
    if (!is_blank(taken.bytes)) reader_.script(taken, input);
}

void CallReader::process(Words& words, const Text* input) {
    std::size_t bytes = 0;
    for (const Text& word : words) bytes += word.bytes.size();
    if (shell_bytes_ + bytes > options_.shell.text_bytes_max) {
        state_.incomplete = true;
        return;
    }
    shell_bytes_ += bytes;
    ran_ = true;
    if (!words.empty() && !words.front().bytes.empty()) reader_.command(words, input);
}

// Commands by their keys: a text, an argv, a list of texts, a program with its arguments beside it.
void CallReader::commands(All all, const Container& here, Context& context, const Text* input) {
    const bool is_shell = context.tool.kind == Kind::shell;
    const bool other_language = context.tool.kind == Kind::code || context.tool.kind == Kind::fetch ||
                                (!context.language.empty() && context.language != "sh");
    const auto is_command = [&](std::string_view key) {
        return key::is_command(key) && !(other_language && key::may_be_code(key));
    };
    const Container* argument_array = nullptr;
    const Value* argument_text = nullptr;
    const Value* program = nullptr;
    each_child(all, here, [&](const Container& child) {
        if (child.array && key::is_arguments(child.key) && child.first != Value::none) argument_array = &child;
    });
    each(all, here, [&](const Value& value) {
        if (key::is_arguments(value.key) && value.string) argument_text = &value;
        if (program == nullptr && key::is_program(value.key) && value.string) program = &value;
    });

    bool program_used = false;
    const auto with_arguments = [&](const Text& first) {
        program_used = context.commands = true;
        if (argument_array != nullptr && !has_blank(first.bytes)) {
            Words words = texts(all, *argument_array);
            words.insert(words.begin(), first);
            return process(words, input);
        }
        shell::TextBuilder line(state_.scratch);  // one text: "git" and "status -s"
        line.append(first);
        const auto more = [&](const Text& text) {
            const std::uint32_t end = first.source().end;
            line.append(" ", {end, end}, false);
            line.append(text);
        };
        if (argument_array != nullptr) {
            for (const Text& text : texts(all, *argument_array)) more(text);
        } else if (argument_text != nullptr) {
            more(all.decode(*argument_text));
        }
        shell_text(line.store(state_.arena), input);
    };
    const bool has_arguments = argument_array != nullptr || argument_text != nullptr;
    if (program != nullptr && has_arguments) with_arguments(all.decode(*program));

    each(all, here, [&](const Value& value) {
        if (!value.string || !is_command(value.key) || (program_used && &value == program)) return;
        if (context.tool.kind == Kind::file && !looks_like_command(all.raw(value))) return;  // {"command": "create"}
        context.commands = true;
        shell_text(all.decode(value), input);
    });
    each_child(all, here, [&](const Container& child) {
        if (!child.array || child.first == Value::none) return;
        const bool lone_arguments = &child == argument_array && !program_used && is_shell;
        if (!is_command(child.key) && !lone_arguments) return;
        context.commands = true;
        Words words = texts(all, child);
        const bool lines = key::is_list_of_commands(child.key) || has_blank(words.front().bytes);
        if (!lines) return process(words, input);
        for (const Text& line : words) shell_text(line, input);
    });
    if (!is_shell || context.commands) return;
    each(all, here, [&](const Value& value) {
        if (!value.string || !key::is_shell_input(value.key)) return;
        const Text text = all.decode(value);
        if (may_be_json(text.bytes)) return;
        context.commands = true;
        shell_text(text, nullptr);
    });
    each_child(all, here, [&](const Container& child) {
        if (!child.array || !key::is_shell_input(child.key)) return;
        context.commands = true;
        for (const Text& line : texts(all, child)) shell_text(line);
    });
}

std::string_view CallReader::language(All all, const Container& here) {
    std::string_view program;
    each(all, here, [&](const Value& value) {
        if (!key::is_language(value.key) || !program.empty()) return;
        std::array<char, 16> lower{};
        const std::string_view name = all.raw(value).substr(0, lower.size());
        std::transform(name.begin(), name.end(), lower.begin(), ascii_lower);
        program = find_language({lower.data(), name.size()});
    });
    return program;
}

// Code of another language, as if an interpreter had it as an argument.
void CallReader::code(All all, const Container& here, Context& context) {
    if (context.tool.kind == Kind::shell || context.tool.kind == Kind::file) return;
    std::string_view interpreter = context.language.empty() ? context.tool.interpreter : context.language;
    if (interpreter.empty()) interpreter = context.tool.kind == Kind::fetch ? "node" : "python3";
    const bool runs_code = context.tool.kind == Kind::code || !context.language.empty();
    each(all, here, [&](const Value& value) {
        const bool is_code = key::is_code(value.key) || (runs_code && key::may_be_code(value.key)) ||
                             (context.tool.kind == Kind::fetch && key::is_page_script(value.key));
        if (!value.string || !is_code) return;
        const Text text = all.decode(value);
        if (may_be_json(text.bytes)) return;
        context.commands = true;
        if (interpreter == "sh") return shell_text(text);
        Words words(state_.scratch);
        const std::uint32_t begin = text.source().begin;
        const shell::Piece piece{0, {begin, begin}, false};
        const auto pieces = shell::keep(state_.arena, std::span<const shell::Piece>(&piece, 1));
        const bool dash_c = interpreter == "python3" || interpreter == "powershell";
        words.push_back({interpreter, pieces});
        words.push_back({interpreter == "cmd" ? "/c" : interpreter == "php" ? "-r" : dash_c ? "-c" : "-e", pieces});
        words.push_back(text);
        process(words, nullptr);
    });
}

}  // namespace gw::guardrail::tools
