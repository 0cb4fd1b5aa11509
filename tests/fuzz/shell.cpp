// Any text: the reader gives facts whose places lie inside it, and a space at the end changes nothing.
#include "guardrail/shell_demand.h"
#include "shell/shell_support.h"
#include "support/fuzz.h"

namespace {

using namespace gw;
using namespace gw::guardrail::shell;

void check_places(const Facts& facts, std::size_t size) {
    const auto inside = [&](Span span) {
        fuzz::check(span.begin <= span.end && span.end <= size, "a fact lies inside the text");
    };
    for (const Command& command : facts.commands) {
        inside(command.span);
        for (const auto& word : command.arguments) inside(word.span);
        for (const auto& path : command.paths) inside(path.span);
        for (const auto& contact : command.contacts) inside(contact.span);
        for (const auto& variable : command.variables) inside(variable.span);
        for (const auto& code : command.code) inside(code.span);
    }
    for (const Flow& flow : facts.flows) {
        for (const std::uint32_t node : {flow.from, flow.to}) {
            const std::size_t count = (node & Flow::channel) != 0 ? facts.channels : facts.commands.size();
            fuzz::check((node & ~Flow::channel) < count, "a flow leads somewhere");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 4096) return 0;
    auto* memory = std::pmr::get_default_resource();
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    Facts facts(memory);
    read(text, {}, facts);
    check_places(facts, text.size());

    FactDemand demand(memory);
    Alternative piped(memory);
    piped.pipe_from.emplace_back("*");
    piped.pipe_to.emplace_back("*sh");
    demand.any.push_back(std::move(piped));
    Alternative reading(memory);
    reading.reads_path.emplace_back("~/*[a-f]?");
    demand.any.push_back(std::move(reading));
    const auto found = matches(demand, facts, memory);
    if (found)
        fuzz::check(found->command < facts.commands.size() && found->deed.end <= text.size(),
                    "what fulfils a demand is a command");

    if (facts.incomplete) return 0;
    const std::string longer = text + " ";
    Facts again(memory);
    read(longer, {}, again);
    fuzz::check(test::describe(again) == test::describe(facts), "a space at the end changes nothing");
    return 0;
}
