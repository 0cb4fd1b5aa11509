// A command as a model writes it, as words: "git commit -m 'a b'" is a program and three arguments, and needs no shell.
//
//     command ─► words ─► argv
//        └─ asks for what only a shell can do ─► /bin/sh -c command
//
// So what a person or a pattern allows is what runs, and nothing in an argument is read a second time.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace gw::method {

inline constexpr std::size_t exec_command_bytes_max = 32768;

struct ExecCommand {
    explicit ExecCommand(std::pmr::memory_resource* memory) : words(memory) {}
    std::pmr::vector<std::pmr::string> words;  // the program first
    bool is_shell = false;                     // they are "/bin/sh", "-c" and the command
};

// Nothing to run: no words. Linear.
[[nodiscard]] ExecCommand read_exec_command(std::string_view command, std::pmr::memory_resource* memory);

}  // namespace gw::method
