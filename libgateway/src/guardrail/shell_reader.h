// Walks the tree of a shell text as a shell would, but runs nothing: it follows variables, directories, file
// descriptors and what is known of the output of commands, and notes what each command does.
//
//     Text -- Parser --> Node -- walk() --> fields of words -- run() --> Command, Flow, ...
//                          ^                                      |
//                          +---- code in arguments, pipes, files -+
//
// What a command writes goes into a channel: a pipe, a substitution, a file. A channel remembers its text as long as
// that is known, so `echo Y3VybA== | base64 -d` is as good as `curl`.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "guardrail/shell_parser.h"
#include "guardrail/shell_programs.h"

namespace gw::guardrail::shell {

// One word after expansion.
struct Field {
    Text text;
    std::string_view bare;  // without what is not known
    Span span;
    std::span<const std::uint32_t> channels;  // substitutions and variables that flow into it
    bool unresolved = false;
    bool glob = false;
    bool process = false;                 // <(...) or >(...)
    std::uint32_t receiver = UINT32_MAX;  // the channel behind >(...)
};

// A file that a tool reads or changes.
struct Touch {
    Deed deed = Deed::read;
    std::string_view path;
    Span span;
};

class Reader {
public:
    Reader(Facts& facts, ReadState& state);

    // Reads `text` as code and walks it. `input`: what it finds on its standard input.
    void script(const Text& text, const Text* input = nullptr);
    // One command whose words need no reading: the argv of a process.
    void command(std::span<const Text> words, const Text* input = nullptr);
    // What follows happens in this directory.
    void enter(std::string_view directory);
    // What a tool does that is no program: a command without a name, so that no rule about programs means it.
    void tool(std::string_view name, Span span, std::span<const Touch> paths, std::span<const Contact> contacts);
    // Functions that nobody called: what they would do counts too.
    void uncalled_functions();

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    using Fields = std::pmr::vector<Field>;

    struct Channel {
        explicit Channel(std::pmr::memory_resource* memory) : text(memory) {}
        TextBuilder text;
        bool known = true;
    };
    // Where the file descriptors lead; `none` is the terminal or something else that we do not follow.
    struct Streams {
        std::array<std::uint32_t, 10> fd;
        std::array<bool, 10> file{};  // a file, not a pipe
        [[nodiscard]] std::uint32_t in() const noexcept { return fd[0]; }
        [[nodiscard]] std::uint32_t out() const noexcept { return fd[1]; }
        Streams() noexcept { fd.fill(none); }
    };
    struct Value {
        std::span<const Text> items;              // one, but for arrays
        std::span<const std::uint32_t> channels;  // where it came from
        bool known = true;
    };
    struct Function {
        const Node* node = nullptr;
        bool called = false;
        bool running = false;
    };
    // A command that is being put together.
    struct Draft {
        explicit Draft(std::pmr::memory_resource* memory)
            : paths(memory), contacts(memory), variables(memory), code(memory) {}
        std::pmr::vector<Path> paths;
        std::pmr::vector<Contact> contacts;
        std::pmr::vector<Variable> variables;
        std::pmr::vector<Code> code;
        Span span;
    };
    class Scope;
    class FieldBuilder;
    struct Atom;

    [[nodiscard]] Streams streams_with(const Text* input);

    // The tree: shell_reader.cpp
    void walk(const Node& node, Streams& streams);
    void walk_children(const Node& node, Streams& streams);
    void pipeline(const Node& node, const Streams& streams);
    void each(const Node& node, Streams& streams);
    void simple(const Node& node, Streams& streams);
    void redirect(std::span<const Redirect> redirects, Streams& streams, Draft& draft);
    void redirect_file(const Redirect& redirect, const Field& target, Streams& streams, Draft& draft);
    void assign(const Assignment& assignment, bool exported, Draft& draft);
    void set(std::string_view name, std::optional<Value> value);
    [[nodiscard]] Value value_of(const Field& field);
    void run_code(const Text& text, const Streams& streams, std::uint32_t parent);

    // Words: shell_expand.cpp and shell_parameters.cpp
    void expand(const SyntaxWord& word, Fields& out, bool split = true);
    void expand_atoms(std::span<const Atom> atoms, Span span, Fields& out, bool split);
    [[nodiscard]] bool expand_braces(std::span<const Atom> atoms, std::pmr::vector<std::pmr::vector<Atom>>& out);
    [[nodiscard]] Field expand_one(const SyntaxWord& word);
    void append(const Part& part, std::string_view literal, FieldBuilder& builder, bool alone);
    void parameter(const Part& part, FieldBuilder& builder, bool alone);
    [[nodiscard]] std::optional<Value> lookup(std::string_view name, std::string_view index);
    [[nodiscard]] std::optional<Text> transform(const Parameter& parameter, std::string_view name, const Text& value);
    void substitute(const Part& part, FieldBuilder& builder);

    // Commands: shell_run.cpp
    struct Call {  // a command with its words
        std::span<const Field> fields;
        std::span<const Word> words;
        Streams& streams;
        Draft& draft;
        std::uint32_t parent;
        std::string_view program;
        [[nodiscard]] std::span<const Word> arguments() const noexcept { return words.subspan(1); }
    };
    void run(std::span<const Field> fields, Streams& streams, Draft& draft, std::uint32_t parent);
    void run(std::span<const Field> fields, std::span<const Word> words, Streams& streams, Draft& draft,
             std::uint32_t parent);
    [[nodiscard]] std::span<const Word> make_words(std::span<const Field> fields);
    [[nodiscard]] std::uint32_t add(const Call& call);
    void finish(std::uint32_t command, Draft& draft);
    void connect(std::uint32_t command, const Call& call, bool code_from_input, std::size_t code_field);
    void use(std::uint32_t command, const Call& call);
    void touch_files(std::uint32_t command, const Call& call, std::size_t first_path);
    void patch(const Call& call);
    void add_path(Draft& draft, Deed deed, std::string_view text, const Word& word);
    void add_contact_of_device(Draft& draft, std::string_view path, Span span);
    [[nodiscard]] std::string_view full_path(std::string_view path);
    [[nodiscard]] Text joined(std::span<const Field> fields);

    [[nodiscard]] bool run_function(const Call& call);
    [[nodiscard]] bool run_builtin(const Call& call);  // shell_builtins.cpp
    void declare(const Call& call, bool exported);

    // Programs that run others: shell_nested.cpp
    [[nodiscard]] bool run_wrapper(const Call& call);
    [[nodiscard]] std::size_t wrapped(const Wrapper& wrapper, const Call& call, Field& code,
                                      std::string_view& replaced);
    void run_with_input_words(const Call& call, std::size_t inner, std::string_view replaced, std::uint32_t command);
    [[nodiscard]] bool run_interpreter(const Call& call);
    void run_found(const Call& call, std::uint32_t command);
    void foreign_code(const Text& code, std::string_view program, const Call& call, std::uint32_t command);

    // What is known of outputs: shell_output.cpp
    [[nodiscard]] std::uint32_t make_channel();
    [[nodiscard]] std::optional<Text> text_of(std::uint32_t channel);
    void output(const Call& call);
    [[nodiscard]] bool write_known(const Call& call, TextBuilder& out);
    void emit(const Streams& streams, const Text& text);
    void emit_unknown(const Streams& streams);
    void flow(std::uint32_t from, std::uint32_t to, Flow::Kind kind, bool code = false);

    Facts& facts_;
    ReadState& state_;
    std::pmr::memory_resource* arena_;
    std::pmr::memory_resource* scratch_;
    std::pmr::vector<Channel> channels_;
    std::pmr::map<std::string_view, std::optional<Value>> variables_;
    struct Undo {
        std::string_view name;
        std::optional<Value> value;
        bool existed;
    };
    std::pmr::vector<Undo> undo_;  // what to restore when a subshell ends
    std::pmr::map<std::string_view, Function> functions_;
    std::pmr::map<std::string_view, std::uint32_t> files_;  // what the text wrote, by full path
    std::optional<std::span<const Text>> positional_;       // $1 and so on, where they are known
    Text zero_;                                             // $0
    std::string_view directory_;                            // after `cd`; empty: unknown
    std::uint32_t scopes_ = 0;
    std::uint32_t visits_ = 0;
    std::uint32_t repeats_left_ = 64;  // of loop bodies
    std::uint32_t parent_ = none;      // the command whose code is being walked
};

}  // namespace gw::guardrail::shell
