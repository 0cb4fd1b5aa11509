#include "guardrail/shell_reader.h"

#include "core/text.h"
#include "guardrail/shell_scope.h"
#include "guardrail/shell_scratch.h"

namespace gw::guardrail::shell {

Reader::Reader(Facts& facts, ReadState& state)
    : facts_(facts),
      state_(state),
      arena_(state.arena),
      scratch_(state.scratch),
      channels_(scratch_),
      variables_(scratch_),
      undo_(scratch_),
      functions_(scratch_),
      files_(scratch_) {}

Reader::Streams Reader::streams_with(const Text* input) {
    Streams streams;
    if (input == nullptr) return streams;
    streams.fd[0] = make_channel();
    if (state_.afford(input->bytes.size()))
        channels_[streams.in()].text.append(*input);
    else
        channels_[streams.in()].known = false;
    return streams;
}

void Reader::script(const Text& text, const Text* input) {
    Parser parser(text, state_);
    const Node* root = parser.script();
    Streams streams = streams_with(input);
    walk(*root, streams);
}

void Reader::command(std::span<const Text> words, const Text* input) {
    Fields fields(scratch_);
    for (const Text& word : words) {
        if (++state_.words > state_.limits.words_max) state_.stop();
        Field field;
        field.text = word;
        field.bare = word.bytes;
        field.span = word.source();
        fields.push_back(field);
    }
    if (fields.empty()) return;
    Streams streams = streams_with(input);
    Draft draft(scratch_);
    draft.span = hull(fields.front().span, fields.back().span);
    run(fields, streams, draft, none);
}

void Reader::enter(std::string_view directory) { directory_ = full_path(directory); }

void Reader::tool(std::string_view name, Span span, std::span<const Touch> paths, std::span<const Contact> contacts) {
    if (state_.stopped) return;
    Draft draft(scratch_);
    draft.span = span;
    for (const Touch& touch : paths) add_path(draft, touch.deed, touch.path, Word{touch.path, touch.path, touch.span});
    draft.contacts.assign(contacts.begin(), contacts.end());
    Streams streams;
    const std::uint32_t index = add({{}, {}, streams, draft, none, {}});
    facts_.commands[index].program_path = name;
    finish(index, draft);
}

void Reader::uncalled_functions() {
    for (auto& [name, function] : functions_) {
        if (function.called || function.node->children.empty()) continue;
        function.called = true;
        Streams streams;
        const Scope scope(*this);
        walk_children(*function.node, streams);
    }
}

// Code inside the text: its own tree, in a scope of its own.
void Reader::run_code(const Text& text, const Streams& streams, std::uint32_t parent) {
    const DepthGuard guard(state_);
    if (text.bytes.empty()) return;
    if (guard.too_deep() || !state_.afford(text.bytes.size())) {
        state_.incomplete = true;
        return emit_unknown(streams);
    }
    Parser parser(text, state_);
    const Node* root = parser.script();
    const std::uint32_t outer = parent_;
    parent_ = parent;
    Streams inner = streams;
    walk(*root, inner);
    parent_ = outer;
}

void Reader::walk(const Node& node, Streams& streams) {
    if (state_.stopped) return;
    if (++visits_ > 4 * state_.limits.words_max) return state_.stop();
    const DepthGuard guard(state_);
    if (guard.too_deep()) {
        state_.incomplete = true;
        return emit_unknown(streams);
    }
    if (node.kind == Node::Kind::simple) return simple(node, streams);

    Streams inner = streams;
    if (!node.redirects.empty()) {
        // A command without a name holds what the redirections of a group do.
        Draft draft(scratch_);
        draft.span = hull(node.redirects.front().span, node.redirects.back().span);
        redirect(node.redirects, inner, draft);
        if (!draft.paths.empty() || !draft.contacts.empty()) {
            const Call call{{}, {}, inner, draft, parent_, {}};
            finish(add(call), draft);
        }
    }
    Streams& used = node.redirects.empty() ? streams : inner;
    switch (node.kind) {
    case Node::Kind::simple: break;
    case Node::Kind::pipeline: pipeline(node, used); break;
    case Node::Kind::sequence:
        for (const SyntaxWord& word : node.words) static_cast<void>(expand_one(word));
        walk_children(node, used);
        break;
    case Node::Kind::subshell: {
        const Scope scope(*this);
        Streams own = used;
        walk_children(node, own);
        break;
    }
    case Node::Kind::each: each(node, used); break;
    case Node::Kind::function:
        if (!node.name.empty())
            functions_[node.name] = Function{&node, false, false};
        else
            walk_children(node, used);
        break;
    }
}

void Reader::walk_children(const Node& node, Streams& streams) {
    for (const Node* child : node.children) walk(*child, streams);
}

void Reader::pipeline(const Node& node, const Streams& streams) {
    std::uint32_t previous = none;
    for (std::size_t i = 0; i < node.children.size() && !state_.stopped; ++i) {
        Streams own = streams;
        if (i != 0) own.fd[0] = previous, own.file[0] = false;
        if (i + 1 != node.children.size()) {
            previous = make_channel();
            own.fd[1] = previous;
            own.file[1] = false;
            if (node.children[i]->pipes_errors) own.fd[2] = previous, own.file[2] = false;
        }
        const Scope scope(*this);
        walk(*node.children[i], own);
    }
}

// The body once for each of the first values, as long as that stays cheap, and once for all others.
void Reader::each(const Node& node, Streams& streams) {
    static constexpr std::size_t values_max = 8;
    Fields fields(scratch_);
    for (const SyntaxWord& word : node.words) expand(word, fields);
    std::size_t done = 0;
    for (; done < fields.size() && done < values_max && (done == 0 || repeats_left_ > 0); ++done) {
        if (done != 0) --repeats_left_;
        set(node.name, value_of(fields[done]));
        walk_children(node, streams);
    }
    if (done != 0 && done == fields.size()) return;
    set(node.name, std::nullopt);
    walk_children(node, streams);
}

void Reader::simple(const Node& node, Streams& streams) {
    Streams own = streams;
    Draft draft(scratch_);
    draft.span = node.span;
    Fields fields(scratch_);
    for (const SyntaxWord& word : node.words) expand(word, fields);
    redirect(node.redirects, own, draft);
    if (state_.stopped) return;
    if (fields.empty()) {
        for (const Assignment& assignment : node.assignments) assign(assignment, false, draft);
        if (node.assignments.empty() && node.redirects.empty()) return;
        const Call call{{}, {}, own, draft, parent_, {}};
        finish(add(call), draft);
        // `$(< file)` is `$(cat file)`.
        if (!node.redirects.empty() && own.in() != none) {
            if (const auto text = text_of(own.in()))
                emit(own, *text);
            else
                emit_unknown(own);
        }
        return;
    }
    if (fields.size() == 1 && fields[0].text.bytes == "exec") streams = own;  // its redirections stay
    if (node.assignments.empty()) return run(fields, own, draft, parent_);
    const Scope scope(*this);
    for (const Assignment& assignment : node.assignments) assign(assignment, true, draft);
    run(fields, own, draft, parent_);
}

Reader::Value Reader::value_of(const Field& field) {
    return {keep(arena_, std::span<const Text>(&field.text, 1)), field.channels, !field.unresolved};
}

void Reader::set(std::string_view name, std::optional<Value> value) {
    if (name.empty()) return;
    const auto found = variables_.find(name);
    if (scopes_ != 0)
        undo_.push_back({name, found == variables_.end() ? std::nullopt : found->second, found != variables_.end()});
    if (found == variables_.end())
        variables_.emplace(name, value);
    else
        found->second = value;
}

void Reader::assign(const Assignment& assignment, bool exported, Draft& draft) {
    Value value;
    if (assignment.array) {
        Fields elements(scratch_);
        for (const SyntaxWord& word : assignment.elements) expand(word, elements);
        std::pmr::vector<Text> items(scratch_);
        for (const Field& field : elements) {
            items.push_back(field.text);
            value.known = value.known && !field.unresolved;
        }
        value.items = keep(arena_, items);
    } else {
        value = value_of(expand_one(assignment.value));
    }
    if (assignment.append) {
        const auto before = lookup(assignment.name, "@");
        if (!before) {
            value.known = false;
        } else if (assignment.array) {
            std::pmr::vector<Text> items(before->items.begin(), before->items.end(), scratch_);
            items.insert(items.end(), value.items.begin(), value.items.end());
            if (state_.afford(items.size() * sizeof(Text))) value.items = keep(arena_, items);
        } else if (before->items.size() == 1 && state_.afford(before->items[0].bytes.size())) {
            TextBuilder whole(scratch_);
            whole.append(before->items[0]);
            whole.append(value.items[0]);
            const Text text = whole.store(arena_);
            value.items = keep(arena_, std::span<const Text>(&text, 1));
            value.known = value.known && before->known;
        }
        if (before && !before->channels.empty() && value.channels.empty()) value.channels = before->channels;
    }
    set(assignment.name, value);
    draft.variables.push_back({assignment.name, value.items.empty() ? std::string_view{} : value.items[0].bytes,
                               assignment.span, exported, false});
}

void Reader::redirect(std::span<const Redirect> redirects, Streams& streams, Draft& draft) {
    using Kind = Redirect::Kind;
    for (const Redirect& redirect : redirects) {
        const std::size_t fd = redirect.fd < streams.fd.size() ? redirect.fd : streams.fd.size() - 1;
        if (redirect.kind == Kind::here_document || redirect.kind == Kind::here_string) {
            const bool document = redirect.kind == Kind::here_document;
            const Field field = expand_one(document ? *redirect.document : redirect.target);
            const std::uint32_t channel = make_channel();
            if (!field.unresolved && state_.afford(field.text.bytes.size())) {
                channels_[channel].text.append(field.text);
                if (!document) channels_[channel].text.append("\n", redirect.span, false);
            } else {
                channels_[channel].known = false;
            }
            for (const std::uint32_t from : field.channels)
                flow(Flow::channel | from, Flow::channel | channel, Flow::Kind::substitution);
            streams.fd[fd] = channel;
            streams.file[fd] = false;
            continue;
        }
        const Field target = expand_one(redirect.target);
        const std::string_view text = target.text.bytes;
        if (redirect.kind == Kind::duplicate) {
            const auto number =
                parse_decimal(text.ends_with('-') && text.size() > 1 ? text.substr(0, text.size() - 1) : text);
            if (number || text == "-") {
                const std::size_t from =
                    number && *number < streams.fd.size() ? static_cast<std::size_t>(*number) : streams.fd.size() - 1;
                streams.fd[fd] = number ? streams.fd[from] : none;
                streams.file[fd] = number && streams.file[from];
                continue;
            }
        }
        redirect_file(redirect, target, streams, draft);
    }
}

void Reader::redirect_file(const Redirect& redirect, const Field& target, Streams& streams, Draft& draft) {
    using Kind = Redirect::Kind;
    const std::string_view text = target.text.bytes;
    const std::size_t fd = redirect.fd < streams.fd.size() ? redirect.fd : streams.fd.size() - 1;
    const bool reads = redirect.kind == Kind::in || redirect.kind == Kind::in_out ||
                       (redirect.kind == Kind::duplicate && redirect.fd == 0);
    const bool writes = !reads || redirect.kind == Kind::in_out;
    if (target.process) {
        const std::uint32_t channel = target.receiver != none   ? target.receiver
                                      : target.channels.empty() ? none
                                                                : target.channels.front();
        streams.fd[fd] = channel;
        streams.file[fd] = false;
        return;
    }
    if (text.empty()) return;
    const Word word{text, target.bare, redirect.span, target.unresolved, target.glob};
    if (reads) add_path(draft, Deed::read, text, word);
    if (writes) add_path(draft, Deed::write, text, word);
    add_contact_of_device(draft, text, redirect.span);
    const std::string_view full = full_path(text);
    std::uint32_t channel = none;
    if (reads) {
        const auto found = files_.find(full);
        if (found != files_.end()) channel = found->second;
    } else if (!full.starts_with("/dev/")) {
        const auto found = files_.find(full);
        const bool append = redirect.kind == Kind::append || redirect.kind == Kind::both_append;
        if (append && found != files_.end()) {
            channel = found->second;
        } else {
            channel = make_channel();
            if (append) channels_[channel].known = false;  // the file may have had more before
            files_[full] = channel;
        }
    } else if (full == "/dev/stdout" || full == "/dev/stderr") {
        return;
    }
    streams.fd[fd] = channel;
    streams.file[fd] = channel != none;
    if (redirect.kind == Kind::both || redirect.kind == Kind::both_append ||
        (redirect.kind == Kind::duplicate && fd == 1)) {
        streams.fd[2] = channel;
        streams.file[2] = channel != none;
    }
}

void read(std::string_view text, const Limits& limits, Facts& facts) {
    Scratch scratch(facts.commands.get_allocator().resource());
    const std::string_view taken = text.substr(0, limits.text_bytes_max);
    ReadState state{&facts.arena, &scratch, limits, taken.size() * 8 + 65536};
    state.incomplete = taken.size() < text.size();
    const Piece whole{0, {0, static_cast<std::uint32_t>(taken.size())}, true};
    Reader reader(facts, state);
    reader.script({taken, keep(&facts.arena, std::span<const Piece>(&whole, 1))});
    reader.uncalled_functions();
    facts.incomplete = state.incomplete;
}

}  // namespace gw::guardrail::shell
