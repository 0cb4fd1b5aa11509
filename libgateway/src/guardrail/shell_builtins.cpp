// Commands that change the shell itself: variables, directory, arguments, code to run here.
#include "core/text.h"
#include "guardrail/shell_scope.h"

namespace gw::guardrail::shell {

// export A=1 B, unset C, readonly D=2
void Reader::declare(const Call& call, bool exported) {
    const bool unset = call.program == "unset";
    for (std::size_t i = 1; i < call.fields.size(); ++i) {
        const Text& text = call.fields[i].text;
        if (text.bytes.starts_with('-') || text.bytes.starts_with('+')) continue;
        const std::size_t equals = text.bytes.find('=');
        std::string_view name = text.bytes.substr(0, equals);
        if (name.ends_with('+')) name.remove_suffix(1);
        if (name.empty()) continue;
        Variable variable{name, {}, call.fields[i].span, exported, unset};
        if (unset) {
            set(name, Value{});
        } else if (equals != std::string_view::npos) {
            TextBuilder value(scratch_);
            value.append(text, equals + 1, text.bytes.size());
            const Text stored = value.store(arena_);
            variable.value = stored.bytes;
            set(name, Value{keep(arena_, std::span<const Text>(&stored, 1)), call.fields[i].channels,
                            !call.fields[i].unresolved});
        } else if (const auto known = lookup(name, {}); known && known->items.size() == 1) {
            variable.value = known->items[0].bytes;
        }
        call.draft.variables.push_back(variable);
    }
}

bool Reader::run_builtin(const Call& call) {
    const std::string_view program = call.program;
    const auto arguments = call.arguments();
    const auto plain = [&] {  // it is a command like others, too
        const std::uint32_t command = add(call);
        finish(command, call.draft);
        connect(command, call, false, SIZE_MAX);
        output(call);
        return true;
    };
    if (program == "export" || program == "declare" || program == "typeset" || program == "local" ||
        program == "readonly" || program == "unset") {
        const bool exported = program == "export" || ((program == "declare" || program == "typeset") &&
                                                      !arguments.empty() && arguments[0].text.find('x') == 1);
        const bool prints = std::all_of(arguments.begin(), arguments.end(),
                                        [](const Word& word) { return word.text.starts_with('-'); });
        declare(call, exported);
        if (!prints) return plain();
        const std::uint32_t command = add(call);  // export -p
        finish(command, call.draft);
        connect(command, call, false, SIZE_MAX);
        emit_unknown(call.streams);
        return true;
    }
    if (program == "cd" || program == "pushd") {
        std::size_t i = 0;
        while (i < arguments.size() && arguments[i].text.starts_with('-') && arguments[i].text.size() > 1) ++i;
        const std::string_view target = i < arguments.size() ? arguments[i].text : std::string_view("~");
        const bool known = target != "-" && (i >= arguments.size() || !arguments[i].unresolved) && target.size() < 1024;
        const bool absolute = target.starts_with('/') || target.starts_with('~');
        const std::string_view full = full_path(target);
        directory_ = known && (absolute || !directory_.empty()) && full.size() < 1024 ? full : std::string_view{};
        return plain();
    }
    if (program == "set") {
        std::size_t i = 1;
        bool values = false;
        for (; i < call.fields.size(); ++i) {
            const std::string_view text = call.words[i].text;
            if (text == "--") {
                values = true;
                ++i;
                break;
            }
            if (!text.starts_with('-') && !text.starts_with('+')) break;
            if (text.ends_with('o')) ++i;
        }
        if (values || i < call.fields.size()) {
            std::pmr::vector<Text> items(scratch_);
            for (; i < call.fields.size(); ++i) items.push_back(call.fields[i].text);
            positional_ = keep(arena_, items);
        }
        const bool prints = arguments.empty();
        const std::uint32_t command = add(call);
        finish(command, call.draft);
        connect(command, call, false, SIZE_MAX);
        if (prints) emit_unknown(call.streams);
        return true;
    }
    if (program == "shift") {
        if (positional_ && !positional_->empty()) positional_ = positional_->subspan(1);
        return plain();
    }
    if (program == "read" || program == "mapfile" || program == "readarray") {
        const std::uint32_t command = add(call);
        finish(command, call.draft);
        connect(command, call, false, SIZE_MAX);
        Value value;
        const std::uint32_t input = call.streams.in();
        if (input != none) value.channels = keep(arena_, std::span<const std::uint32_t>(&input, 1));
        Options options(arguments, {"-d -n -N -p -t -u -i -a", {}, {}, {}, {}, {}}, false);
        const auto text = text_of(input);
        const std::size_t lines =
            text ? static_cast<std::size_t>(std::count(text->bytes.begin(), text->bytes.end(), '\n')) : 0;
        while (const auto item = options.next()) {
            if (!item->name.empty()) continue;
            Text line{"$()", {}};
            value.known = text && lines <= 1;
            if (value.known) {
                TextBuilder first(scratch_);
                first.append(*text, 0, std::min(text->bytes.find('\n'), text->bytes.size()));
                line = first.store(arena_);
            }
            value.items = keep(arena_, std::span<const Text>(&line, 1));
            set(item->value, value);
        }
        return true;
    }
    if (program == "alias") {  // taken as a function: alias x='curl h'; x
        for (std::size_t i = 1; i < call.fields.size(); ++i) {
            const Text& text = call.fields[i].text;
            const std::size_t equals = text.bytes.find('=');
            if (equals == std::string_view::npos || !state_.afford(text.bytes.size())) continue;
            TextBuilder body(scratch_);
            body.append(text, equals + 1, text.bytes.size());
            Parser parser(body.store(arena_), state_);
            const Node* root = parser.script();
            Node* node = new (arena_->allocate(sizeof(Node), alignof(Node))) Node;
            node->kind = Node::Kind::function;
            node->children = keep(arena_, std::span<const Node* const>(&root, 1));
            functions_[text.bytes.substr(0, equals)] = {node, false, false};
        }
        return plain();
    }
    if (program == "trap") {
        plain();
        if (call.fields.size() > 2)
            run_code(call.fields[1].text, call.streams, static_cast<std::uint32_t>(facts_.commands.size() - 1));
        return true;
    }
    if (program == "eval") {
        const std::uint32_t command = add(call);
        facts_.commands[command].interpreter = true;
        facts_.commands[command].stands_for = "sh";
        const Text code = call.fields.size() > 1 ? joined(call.fields.subspan(1)) : Text{};
        call.draft.code.push_back({code.bytes, code.bytes.empty() ? call.draft.span : code.source()});
        finish(command, call.draft);
        connect(command, {{}, {}, call.streams, call.draft, call.parent, call.program}, false, SIZE_MAX);
        for (const Field& field : call.fields) {
            for (const std::uint32_t channel : field.channels)
                flow(Flow::channel | channel, command, Flow::Kind::substitution, true);
        }
        const bool known =
            std::none_of(arguments.begin(), arguments.end(), [](const Word& word) { return word.text == "$()"; });
        if (known)
            run_code(code, call.streams, command);
        else
            emit_unknown(call.streams);
        return true;
    }
    if (program == "source" || program == ".") {
        const std::uint32_t command = add(call);
        facts_.commands[command].interpreter = true;
        facts_.commands[command].stands_for = "sh";
        std::optional<Text> code;
        if (!arguments.empty()) {
            const Field& file = call.fields[1];
            if (file.process) {
                if (!file.channels.empty()) code = text_of(file.channels.front());
            } else {
                add_path(call.draft, Deed::read, arguments[0].text, arguments[0]);
                add_path(call.draft, Deed::execute, arguments[0].text, arguments[0]);
                const auto found = files_.find(full_path(arguments[0].text));
                if (found != files_.end()) {
                    flow(Flow::channel | found->second, command, Flow::Kind::file, true);
                    code = text_of(found->second);
                }
            }
        }
        finish(command, call.draft);
        const bool input = !arguments.empty() && (arguments[0].text == "/dev/stdin" || arguments[0].text == "-");
        connect(command, call, input, 1);
        if (input) code = text_of(call.streams.in());
        if (code)
            run_code(*code, call.streams, command);
        else
            emit_unknown(call.streams);
        return true;
    }
    return false;
}

}  // namespace gw::guardrail::shell
