// What a tool is for, by its name, and what an argument means, by its key.
//
//     mcp__filesystem__write_file   files, writes          command, cmd, script      shell text
//     functions.exec, Bash          shell                  path, file_path, target   a file
//     execute_python                code, python3          url, host, endpoint       somebody to contact
//
// Names are a hint, for nobody registers them: a key that says what it holds is believed whatever the tool's name is.
#pragma once

#include <cstdint>
#include <string_view>

namespace gw::guardrail::tools {

struct Tool {
    enum class Kind : std::uint8_t { unknown, shell, code, file, fetch };
    enum class Verb : std::uint8_t { none, read, write, edit, remove, move, copy, create };
    Kind kind = Kind::unknown;
    Verb verb = Verb::none;
    std::string_view interpreter;  // of code: what would run it
};

[[nodiscard]] Tool find_tool(std::string_view name) noexcept;

// "create", "str_replace", "delete": what an editor is told to do. None for anything else.
[[nodiscard]] Tool::Verb find_verb(std::string_view word) noexcept;

// "python", "js": the program that runs such code, "sh" for a shell's; empty when the language is not known.
[[nodiscard]] std::string_view find_language(std::string_view name) noexcept;

// What the value of a key is. Keys are lower case, letters and digits only. One key may be several things, `target` a
// file or a host: the value decides.
namespace key {
[[nodiscard]] bool is_command(std::string_view key) noexcept;           // shell text, or an argv
[[nodiscard]] bool is_list_of_commands(std::string_view key) noexcept;  // of which each element is one text
[[nodiscard]] bool is_shell_input(std::string_view key) noexcept;       // the same in a tool that is a shell
[[nodiscard]] bool is_program(std::string_view key) noexcept;           // what `args` belong to
[[nodiscard]] bool is_arguments(std::string_view key) noexcept;
[[nodiscard]] bool is_code(std::string_view key) noexcept;
[[nodiscard]] bool may_be_code(std::string_view key) noexcept;     // in a tool that runs code
[[nodiscard]] bool is_page_script(std::string_view key) noexcept;  // in a browser
[[nodiscard]] bool is_language(std::string_view key) noexcept;
[[nodiscard]] bool is_directory(std::string_view key) noexcept;  // where it happens
[[nodiscard]] bool is_environment(std::string_view key) noexcept;
[[nodiscard]] bool is_standard_input(std::string_view key) noexcept;
[[nodiscard]] bool is_path(std::string_view key) noexcept;
[[nodiscard]] bool may_be_path(std::string_view key) noexcept;  // when it looks like one
[[nodiscard]] bool is_written(std::string_view key) noexcept;   // of two paths, the one that is written
[[nodiscard]] bool is_source(std::string_view key) noexcept;    // of two paths, the one that is read
[[nodiscard]] bool is_content(std::string_view key) noexcept;   // of a file: the path beside it is written
[[nodiscard]] bool is_patch(std::string_view key) noexcept;
[[nodiscard]] bool is_verb(std::string_view key) noexcept;       // says what to do
[[nodiscard]] bool is_address(std::string_view key) noexcept;    // a host, also without a scheme
[[nodiscard]] bool is_prose(std::string_view key) noexcept;      // for people: does nothing, whatever it says
[[nodiscard]] bool is_tool_name(std::string_view key) noexcept;  // of a call inside the call
[[nodiscard]] bool is_tool_input(std::string_view key) noexcept;
}  // namespace key

}  // namespace gw::guardrail::tools
