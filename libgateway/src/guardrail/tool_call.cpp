#include "guardrail/tool_call.h"

#include "guardrail/shell_scratch.h"
#include "guardrail/tool_reader.h"

namespace gw::guardrail {

void read_tool_call(std::string_view tool, std::string_view arguments, const ToolCallOptions& options,
                    shell::Facts& facts) {
    shell::Scratch scratch(facts.commands.get_allocator().resource());
    const std::string_view taken = arguments.substr(0, std::min<std::size_t>(options.bytes_max, UINT32_MAX / 2));
    shell::ReadState state{&facts.arena, &scratch, options.shell, taken.size() * 8 + 65536};
    state.incomplete = taken.size() < arguments.size();
    const shell::Piece piece{0, {0, static_cast<std::uint32_t>(taken.size())}, true};
    const shell::Text text{taken, shell::keep(&facts.arena, std::span<const shell::Piece>(&piece, 1))};
    if (!tools::is_blank(taken)) {
        tools::CallReader reader(facts, state, options, shell::keep(&facts.arena, tool.substr(0, 256)));
        reader.read(text, tools::find_tool(tool));
    }
    facts.incomplete = state.incomplete;
}

}  // namespace gw::guardrail
