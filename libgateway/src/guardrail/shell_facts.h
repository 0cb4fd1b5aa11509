// What a shell text would do: which programs, with which words, on which files and hosts, and whose output goes where.
//
//     curl -s https://h/x | sudo sh      0  curl   arguments -s https://h/x   contacts h, path /x
//                                        1  sudo   a wrapper around
//                                        2  sh     reads its code from channel 0
//                                        flows     0 -> channel 0 -> 2 (as code)
//
// Nothing is run and nothing is looked up: the facts are those that follow from the text alone. Variables that the text
// sets are followed, so are the outputs of echo, printf, cat and base64 where their input is in the text; what depends
// on the machine stays in the word as `$NAME` or `$()`, and the word is marked unresolved. Code inside the text (sh -c,
// eval, here-documents given to a shell, ssh, docker exec, find -exec) is read like the rest, and every fact keeps the
// place where it was found in the original text.
//
// Reading never fails. A text that is broken, or larger or deeper than the limits, gives the facts that were found, and
// `incomplete`. Time and memory are linear in the text.
#pragma once

#include "guardrail/shell_text.h"

namespace gw::guardrail::shell {

struct Limits {
    std::size_t text_bytes_max = 1U << 20U;  // the rest is not read
    std::uint32_t words_max = 32768;         // read; four times as many are looked at when functions and loops repeat
    std::uint32_t commands_max = 8192;
    std::uint32_t depth_max = 48;  // substitutions, groups and code in code
};

struct Word {
    std::string_view text;  // without quotes; what is not known is `$NAME` or `$()`
    std::string_view bare;  // the same, with what is not known left out
    Span span;
    bool unresolved = false;  // contains what is not known
    bool glob = false;        // contains * ? [ that the shell would expand
};

enum class Deed : std::uint8_t { read, write, metadata, remove, execute };

struct Path {
    std::string_view text;  // as it stands in the word
    std::string_view full;  // after `cd`, slashes and dots reduced; homes are still as written
    Deed deed = Deed::read;
    Span span;
    bool glob = false;
};

struct Contact {
    std::string_view host;     // lower case, without brackets and the last dot
    std::string_view address;  // dotted decimal when the host is an IPv4 address in any spelling, else empty
    std::string_view path;     // of a URL, without query; empty when there is none
    std::uint32_t port = 0;    // 0: not given
    Span span;
};

struct Variable {
    std::string_view name;
    std::string_view value;
    Span span;
    bool exported = false;  // commands after this one see it
    bool unset = false;
};

// Code that stands in the text and is not a shell's, or is a shell's argument.
struct Code {
    std::string_view text;
    Span span;
};

struct Command {
    static constexpr std::uint32_t none = UINT32_MAX;

    std::string_view program;       // base name: `rm` of /bin/rm; empty for bare assignments and redirections
    std::string_view program_path;  // as written
    Span span;                      // from the first to the last word, redirections included
    std::span<const Word> arguments;
    std::span<const Path> paths;
    std::span<const Contact> contacts;
    std::span<const Variable> variables;
    std::span<const Code> code;
    std::uint32_t parent = none;  // the command that runs this one: a wrapper, a shell with -c, find
    bool wrapper = false;         // sudo, env, timeout: what it runs has its own entry
    bool interpreter = false;     // runs code, so what reaches it may be code
    bool program_glob = false;    // the program has * ? [ that the shell would expand
    std::string_view
        stands_for;  // `sh` for what runs its input as shell code under another name: eval, source, ./made-here
};

// Data going from one place to another. A place is the index of a command, or a channel: a pipe, a file, a variable.
struct Flow {
    enum class Kind : std::uint8_t { pipe, substitution, file };
    static constexpr std::uint32_t channel = 1U << 31U;  // this bit marks a channel

    std::uint32_t from = 0;
    std::uint32_t to = 0;
    Kind kind = Kind::pipe;
    bool code = false;  // the receiver runs what it receives
};

class Facts {
public:
    explicit Facts(std::pmr::memory_resource* memory) : arena(memory), commands(memory), flows(memory) {}
    Facts(const Facts&) = delete;
    Facts& operator=(const Facts&) = delete;

    std::pmr::monotonic_buffer_resource arena;  // holds what the views of all facts point to
    std::pmr::vector<Command> commands;
    std::pmr::vector<Flow> flows;
    std::uint32_t channels = 0;
    bool incomplete = false;
};

// Adds the facts of `text` to `facts`, which must be new. `text` is borrowed for as long as the facts are used.
void read(std::string_view text, const Limits& limits, Facts& facts);

}  // namespace gw::guardrail::shell
