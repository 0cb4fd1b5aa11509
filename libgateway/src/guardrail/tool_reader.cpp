#include "guardrail/tool_reader.h"

#include "core/text.h"

namespace gw::guardrail::tools {

namespace {

constexpr unsigned json_in_json_max = 4;

}  // namespace

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }
bool has_blank(std::string_view text) noexcept { return text.find_first_of(" \t\r\n") != std::string_view::npos; }

bool looks_like_command(std::string_view text) noexcept {
    return text.find_first_of(" \t\n;|&$`<>(") != std::string_view::npos;
}

bool is_patch_text(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return false;
    text.remove_prefix(begin);
    return text.starts_with("*** Begin Patch") || text.starts_with("diff --git ") || text.starts_with("--- ");
}

bool may_be_json(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || (text[begin] != '{' && text[begin] != '[')) return false;
    const std::size_t next = text.find_first_not_of(" \t\r\n", begin + 1);
    return next != std::string_view::npos && (text[next] == '"' || text[next] == '{' || text[next] == '[');
}

void CallReader::read(const Text& text, const Tool& tool) {
    const char first = text.bytes[text.bytes.find_first_not_of(" \t\r\n")];
    const bool may_be = first == '{' || first == '[' || first == '"';
    if (arguments(text, tool, 0)) {
        reader_.uncalled_functions();
        return;
    }
    state_.incomplete = true;
    const bool may_run = tool.kind == Kind::shell || tool.kind == Kind::unknown;
    if (is_patch_text(text.bytes)) {
        Deeds deeds(state_.scratch);
        patch(text, deeds);
        if (!deeds.paths.empty()) reader_.tool(name_, deeds.span, deeds.paths, deeds.contacts);
    } else if (!may_be || may_run) {
        shell_text(text);
    }
    reader_.uncalled_functions();
}

bool CallReader::arguments(const Text& text, const Tool& tool, unsigned level) {
    const Arguments all(text, options_.arguments, state_.arena, state_.scratch);
    if (!all.whole) state_.incomplete = true;
    std::pmr::vector<Context> contexts(all.containers.size(), Context{}, state_.scratch);
    for (std::size_t i = 0; i < all.containers.size() && !state_.stopped; ++i) {
        const Container& here = all.containers[i];
        Context& context = contexts[i];
        if (i == 0) {
            context.tool = tool;
        } else {
            context = contexts[here.parent];
            context.beside_command = here.array && context.commands;
            context.commands = false;
            if (!here.array) context.content = false;
        }
        if (here.array)
            array(all, here, context, level);
        else
            object(all, here, context, level);
    }
    if (tool.kind == Kind::shell && !ran_ && level == 0) {
        for (const Container& here : all.containers) anything(all, here);
    }
    return !all.broken;
}

// Arrays under a key were read with their object, but for the arrays in them.
void CallReader::array(All all, const Container& here, Context& context, unsigned level) {
    const bool is_shell = context.tool.kind == Kind::shell;
    const Container* const around = here.parent == Container::none ? nullptr : &all.containers[here.parent];
    if (around == nullptr) {
        each(all, here, [&](const Value& value) {
            if (!value.string || !is_shell || may_be_json(all.decode(value).bytes)) return;
            context.commands = true;
            shell_text(all.decode(value));
        });
        inner_json(all, here, context, level);
    } else if (here.first != Value::none && around->array &&
               (key::is_command(here.key) || (here.key.empty() && is_shell))) {
        Words words = texts(all, here);
        context.commands = true;
        if (has_blank(words.front().bytes)) {
            for (const Text& line : words) shell_text(line);
        } else {
            process(words, nullptr);
        }
    }
    if (!context.beside_command || !key::is_arguments(here.key)) files_and_hosts(all, here, context);
}

// A shell under a key that we do not know.
void CallReader::anything(All all, const Container& here) {
    each(all, here, [&](const Value& value) {
        if (!value.string || key::is_prose(value.key) || key::is_directory(value.key) ||
            !looks_like_command(all.raw(value)))
            return;
        shell_text(all.decode(value));
    });
}

CallReader::Words CallReader::texts(All all, const Container& array) {
    Words words(state_.scratch);
    each(all, array, [&](const Value& value) { words.push_back(all.decode(value)); });
    return words;
}

// {"tool": "Bash", "arguments": {...}}: a call inside the call.
void CallReader::take_call_of(All all, const Container& here, Tool& tool) {
    bool input = false;
    each_child(all, here, [&](const Container& child) { input = input || key::is_tool_input(child.key); });
    std::string_view name;
    each(all, here, [&](const Value& value) {
        if (key::is_tool_name(value.key) && value.string && name.empty()) name = all.decode(value).bytes;
        input = input || (key::is_tool_input(value.key) && may_be_json(all.decode(value).bytes));
    });
    if (!input || name.empty()) return;
    const Tool inner = find_tool(name);
    if (inner.kind != Kind::unknown) tool = inner;
}

void CallReader::object(All all, const Container& here, Context& context, unsigned level) {
    take_call_of(all, here, context.tool);
    context.language = language(all, here);
    surroundings(all, here);
    std::optional<Text> input;
    each(all, here, [&](const Value& value) {
        if (key::is_content(value.key) || key::is_patch(value.key)) context.content = true;
        if (key::is_standard_input(value.key) && value.string) input = all.decode(value);
        if (!key::is_verb(value.key) || context.tool.kind == Kind::shell || context.tool.kind == Kind::code) return;
        const Verb verb = find_verb(all.decode(value).bytes);
        if (verb != Verb::none && (context.tool.kind == Kind::file || value.key != "command")) context.tool.verb = verb;
    });
    each_child(all, here, [&](const Container& child) {
        if (key::is_content(child.key)) context.content = true;
    });
    commands(all, here, context, input ? &*input : nullptr);
    code(all, here, context);
    inner_json(all, here, context, level);
    files_and_hosts(all, here, context);
}

// The directory and the variables.
void CallReader::surroundings(All all, const Container& here) {
    each(all, here, [&](const Value& value) {
        if (!key::is_directory(value.key) || !value.string) return;
        const std::string_view directory = all.decode(value).bytes;
        if (!directory.empty() && directory.size() <= path_bytes_max) reader_.enter(directory);
    });
    each_child(all, here, [&](const Container& child) {
        if (key::is_environment(child.key)) environment(all, child);
    });
}

// As if `export NAME=value ...` stood in front.
void CallReader::environment(All all, const Container& here) {
    Words words(state_.scratch);
    each(all, here, [&](const Value& value) {
        const Text text = all.decode(value);
        if (here.array) {
            if (text.bytes.find('=') != std::string_view::npos) words.push_back(text);
            return;
        }
        const Span place = all.place(value);
        shell::TextBuilder whole(state_.scratch);
        whole.append(value.name, place, false);
        whole.append("=", place, false);
        whole.append(text);
        words.push_back(whole.store(state_.arena));
    });
    if (words.empty()) return;
    const Span place = words.front().source();
    shell::TextBuilder program(state_.scratch);
    program.append("export", {place.begin, place.begin}, false);
    words.insert(words.begin(), program.store(state_.arena));
    process(words, nullptr);
}

void CallReader::inner_json(All all, const Container& here, const Context& context, unsigned level) {
    each(all, here, [&](const Value& value) {
        const bool whole_argument = here.parent == Container::none;
        if (!value.string || (!whole_argument && !key::is_tool_input(value.key))) return;
        const Text text = all.decode(value);
        if (!may_be_json(text.bytes)) return;
        if (level + 1 >= json_in_json_max || !state_.afford(text.bytes.size())) {
            state_.incomplete = true;
            return;
        }
        arguments(text, context.tool, level + 1);
    });
}

}  // namespace gw::guardrail::tools
