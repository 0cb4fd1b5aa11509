// What a rule demands of the facts before it fires: the `facts:` of a rule pack (rules/default/FORMAT.md).
//
//     any:
//       - {program: [curl], has: ['-T|--upload-file']}              one command that does all of this,
//       - {pipe: {from: [curl], to: [sh, bash]}}                    or one that does all of that
//
// Every demand that is empty is met. A demand holds for one command, and so do all demands of one alternative.
#pragma once

#include <optional>

#include "guardrail/shell_facts.h"

namespace gw::guardrail::shell {

using Names = std::pmr::vector<std::pmr::string>;
using Choices = std::pmr::vector<Names>;  // every entry is needed; of the names of one entry, one is enough

struct Alternative {
    explicit Alternative(std::pmr::memory_resource* memory)
        : program(memory),
          has(memory),
          has_not(memory),
          subcommand(memory),
          pipe_from(memory),
          pipe_to(memory),
          reads_path(memory),
          writes_path(memory),
          executes_path(memory),
          contacts_host(memory),
          contacts_path(memory),
          code_has(memory),
          sets_variable(memory),
          unsets_variable(memory) {}

    Names program;       // globs over base names
    Choices has;         // options or globs over whole words
    Choices has_not;     // no argument may be one of them
    Choices subcommand;  // one entry is enough; its words occur in this order among the arguments that are no options
    Names pipe_from, pipe_to;  // globs over base names; both or none
    Names reads_path, writes_path, executes_path;
    Names contacts_host, contacts_path;
    Choices code_has;
    Names sets_variable, unsets_variable;  // NAME or NAME=glob
};

struct FactDemand {
    explicit FactDemand(std::pmr::memory_resource* memory) : any(memory) {}
    std::pmr::vector<Alternative> any;
};

// `a|b|c` of a rule -> its names; a back-slash before a bar keeps it.
[[nodiscard]] Names split_choice(std::string_view text, std::pmr::memory_resource* memory);
// `item get` of a rule -> its words.
[[nodiscard]] Names split_words(std::string_view text, std::pmr::memory_resource* memory);

struct Fulfilment {
    std::uint32_t alternative = 0;  // index in `any`
    std::uint32_t command = 0;      // index in Facts::commands
    Span span;                      // of that command
    Span deed;                      // of a pipe: from that command to the one that receives; else the same as `span`
};

// The first command that meets one of the alternatives. Linear in the facts. `memory` is for the time of the call.
[[nodiscard]] std::optional<Fulfilment> matches(const FactDemand& demand, const Facts& facts,
                                                std::pmr::memory_resource* memory);

}  // namespace gw::guardrail::shell
