// Any arguments: the reader gives facts whose places lie inside them; and a text means the same as the command of a
// shell tool, in JSON, as it does alone.
#include "guardrail/tool_call.h"

#include <array>

#include "core/text.h"
#include "json/escape.h"
#include "shell/shell_support.h"
#include "support/fuzz.h"

namespace {

using namespace gw;
using namespace gw::guardrail;

constexpr std::array<std::string_view, 8> tool_names{"Bash",   "shell",       "write_file", "fetch",
                                                     "python", "apply_patch", "process",    "x"};

void check_places(const shell::Facts& facts, std::size_t size) {
    const auto inside = [&](shell::Span span) {
        fuzz::check(span.begin <= span.end && span.end <= size, "a fact lies inside the arguments");
    };
    for (const shell::Command& command : facts.commands) {
        inside(command.span);
        for (const auto& word : command.arguments) inside(word.span);
        for (const auto& path : command.paths) inside(path.span);
        for (const auto& contact : command.contacts) inside(contact.span);
        for (const auto& variable : command.variables) inside(variable.span);
        for (const auto& code : command.code) inside(code.span);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 4096) return 0;
    auto* memory = std::pmr::get_default_resource();
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    shell::Facts facts(memory);
    read_tool_call(tool_names[data[0] % tool_names.size()], text, {}, facts);
    check_places(facts, text.size());

    if (!is_utf8(text) || text.find_first_not_of(" \t\r\n") == std::string::npos) return 0;
    std::string call = "{\"command\":\"";
    json::escape_to(call, text);
    call += "\"}";
    shell::Facts in_json(memory);
    read_tool_call("Bash", call, {}, in_json);
    check_places(in_json, call.size());
    shell::Facts alone(memory);
    shell::read(text, {}, alone);
    if (alone.incomplete || in_json.incomplete) return 0;  // the limits are not met at the same place
    fuzz::check(test::describe(in_json) == test::describe(alone), "a command means the same in JSON as alone");
    return 0;
}
