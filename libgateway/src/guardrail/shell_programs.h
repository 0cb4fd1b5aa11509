// What the arguments of well-known programs mean: which are files that are read or written, which are hosts, which are
// options with a value, which are another command.
//
//     curl -o out -H 'A: b' https://h/x      curl: operands are URLs; -o names a file that is written; -H has a value
//     sudo -u joe rm -rf x                   sudo: -u has a value; the first operand is a program
//
// Programs that are not known read the arguments that look like paths. Those that only say something (echo), or are
// about names and not files (man, kill, apt), touch nothing.
#pragma once

#include <array>
#include <optional>

#include "guardrail/shell_facts.h"

namespace gw::guardrail::shell {

// True when `name` is one of the words of `list`, which are separated by spaces.
[[nodiscard]] bool listed(std::string_view list, std::string_view name) noexcept;

// The last component of a path, of either kind of slash; without ".exe".
[[nodiscard]] std::string_view base_name(std::string_view path) noexcept;

enum class Operands : std::uint8_t {
    words,     // no files
    packages,  // names; URLs among them are fetched
    reads,
    first_read,  // only the first: sqlite3 file 'select ...'
    writes,
    edits,  // read and written
    removes,
    metadata,
    copies,     // the last one is written, the others are read
    moves,      // the same, and the others are gone
    archive,    // the first one is written, the others are read: zip
    urls,       // also without a scheme
    some_urls,  // those that look like one
    host_port,  // host, then port
    hosts,
    first_host,     // then a command or nothing
    remote_copies,  // like copies, and host:path is elsewhere
    unknown,        // those that look like paths are read, those that are URLs are contacted
};

// One row about some programs. Lists are words separated by spaces; options are `-o` or `--output`.
struct Program {
    std::string_view names = {};
    Operands operands = Operands::unknown;
    std::uint8_t skip = 0;          // operands that come first and are no files: the pattern of grep
    std::string_view no_skip = {};  // options that stand for those: grep -e
    std::string_view values = {};   // options whose value is no file
    std::string_view reads = {};    // options whose value is a file that is read
    std::string_view writes = {};   // ... that is written
    std::string_view at = {};       // options whose value may name a file after @ or <
    std::string_view urls = {};     // options whose value is a URL or a host
};
[[nodiscard]] const Program& find_program(std::string_view name) noexcept;

// A program that runs another one, given in its arguments.
struct Wrapper {
    enum class Kind : std::uint8_t {
        operand,  // the first operand, after `skip` others, is the program
        code,     // the operands after `skip` are one shell text: watch, ssh
        option,   // the value of an option in `code` is shell text: su -c
    };
    std::string_view names = {};
    Kind kind = Kind::operand;
    std::uint8_t skip = 0;
    std::string_view values = {};  // options with a value
    std::string_view code = {};    // options whose value is shell text
    std::string_view before = {};  // words of which one must stand before the program: docker exec
};
[[nodiscard]] const Wrapper* find_wrapper(std::string_view name) noexcept;

enum class Language : std::uint8_t { none, shell, powershell, batch, script, awk };

struct Interpreter {
    std::string_view names = {};
    Language language = Language::none;
    std::string_view code = {};     // options whose value is code
    std::string_view values = {};   // options with another value
    std::string_view modules = {};  // options that name what to run, so that the input is no code: python -m
};
[[nodiscard]] const Interpreter* find_interpreter(std::string_view name) noexcept;

// The arguments of a command, one by one: `-abo value` is -a, -b, -o with a value.
class Options {
public:
    struct Item {
        std::string_view name;   // `-o`, `--output`; empty for an operand
        std::string_view value;  // of the option; the operand
        std::size_t word = 0;    // index of the word that holds the value, or the option
        std::size_t offset = 0;  // where the value begins in that word
        bool has_value = false;
    };
    // `lists`: the options that take a value.
    Options(std::span<const Word> words, std::array<std::string_view, 6> lists, bool operands_end_options)
        : words_(words), lists_(lists), operands_end_options_(operands_end_options) {}

    [[nodiscard]] std::optional<Item> next();

private:
    [[nodiscard]] bool takes_value(std::string_view name) const noexcept;

    std::span<const Word> words_;
    std::array<std::string_view, 6> lists_;
    std::size_t index_ = 0;
    std::size_t letter_ = 0;  // inside a cluster
    bool operands_only_ = false;
    bool operands_end_options_;  // `sudo -u joe ls -l`: -l is not sudo's
};

// What the arguments name.
struct PathUse {
    Deed deed = Deed::read;
    std::size_t word = 0;
    std::string_view text;
};
struct ContactUse {
    std::size_t word = 0;
    Contact contact;
};
struct CodeUse {
    std::size_t word = 0;
    std::size_t offset = 0;  // of the code in the word
};
struct Uses {
    explicit Uses(std::pmr::memory_resource* memory) : paths(memory), contacts(memory), code(memory) {}
    std::pmr::vector<PathUse> paths;
    std::pmr::vector<ContactUse> contacts;
    std::pmr::vector<CodeUse> code;  // shell text inside a word: socat EXEC:...
};
// Finds them in `words`, the arguments without the program. New strings lie in `arena`.
void find_uses(std::string_view program, std::span<const Word> words, std::pmr::memory_resource* arena, Uses& uses);

// The files that a patch changes, as offsets in its text: unified diffs, and the `*** Update File: name` form that
// agents write.
struct PatchUse {
    Deed deed = Deed::write;
    std::size_t begin = 0;
    std::size_t end = 0;
};
void find_patched(std::string_view patch, std::pmr::vector<PatchUse>& uses);

// A URL, `host`, `host:port`, `user@host:path`: shell_address.cpp. Nothing when it has no host.
enum class Bare : std::uint8_t { refuse, take };  // host without a scheme
[[nodiscard]] std::optional<Contact> read_address(std::string_view text, Bare bare, std::pmr::memory_resource* arena);
// The path of a file: URL, percent-decoded.
[[nodiscard]] std::optional<std::string_view> read_file_url(std::string_view text, std::pmr::memory_resource* arena);
[[nodiscard]] Contact make_contact(std::string_view host, std::string_view port, std::pmr::memory_resource* arena);
// True for text with a scheme: https://h, git+ssh://h.
[[nodiscard]] bool is_url(std::string_view text) noexcept;
// True for what is meant as a path: it has a directory, or is a hidden file.
[[nodiscard]] bool looks_like_path(std::string_view text) noexcept;

}  // namespace gw::guardrail::shell
