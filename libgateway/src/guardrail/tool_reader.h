// Reads one tool call: finds in its arguments what is a command, a file, a host, and tells the shell reader.
//
//     arguments -- Arguments --> containers, values -- by key and tool --> script(), command(), tool() of shell::Reader
//
// A text that is JSON again is read the same way. Containers are visited once, parents before children.
#pragma once

#include <optional>

#include "guardrail/shell_reader.h"
#include "guardrail/tool_call.h"
#include "guardrail/tool_names.h"

namespace gw::guardrail::tools {

using shell::Contact;
using shell::Deed;
using shell::Span;
using shell::Text;
using shell::Touch;
using Verb = Tool::Verb;
using Kind = Tool::Kind;

constexpr std::size_t path_bytes_max = 4096;

[[nodiscard]] bool is_blank(std::string_view text) noexcept;
[[nodiscard]] bool has_blank(std::string_view text) noexcept;
// JSON inside a string: {"name": "exec", "arguments": "{\"command\": ...}"}.
[[nodiscard]] bool may_be_json(std::string_view text) noexcept;
// Only more than a word is worth reading as a command when nothing but the tool's name says that it is one.
[[nodiscard]] bool looks_like_command(std::string_view text) noexcept;
[[nodiscard]] bool is_patch_text(std::string_view text) noexcept;

class CallReader {
public:
    CallReader(shell::Facts& facts, shell::ReadState& state, const ToolCallOptions& options, std::string_view name)
        : state_(state), options_(options), name_(name), reader_(facts, state) {}

    void read(const Text& text, const Tool& tool);

private:
    // What the values of a container mean; arrays have that of the object around them.
    struct Context {
        Tool tool;
        std::string_view language;    // of the code in it
        bool content = false;         // something to write stands beside the path
        bool commands = false;        // some key held a command
        bool beside_command = false;  // of an array: the object around it did
    };
    struct Deeds {
        explicit Deeds(std::pmr::memory_resource* memory) : paths(memory), contacts(memory) {}
        std::pmr::vector<Touch> paths;
        std::pmr::vector<Contact> contacts;
        Span span;
    };
    using All = const Arguments&;
    using Words = std::pmr::vector<Text>;

    // Gives false when the text is no JSON.
    bool arguments(const Text& text, const Tool& tool, unsigned level);
    void shell_text(const Text& text, const Text* input = nullptr);
    void array(All all, const Container& here, Context& context, unsigned level);
    void object(All all, const Container& here, Context& context, unsigned level);
    void surroundings(All all, const Container& here);
    void environment(All all, const Container& here);
    void commands(All all, const Container& here, Context& context, const Text* input);
    void process(Words& words, const Text* input);
    void code(All all, const Container& here, Context& context);
    void inner_json(All all, const Container& here, const Context& context, unsigned level);
    void files_and_hosts(All all, const Container& here, const Context& context);
    void path(const Value& value, const Text& text, const Context& context, Deeds& deeds);
    void patch(const Text& text, Deeds& deeds);
    void touch(Deeds& deeds, Deed deed, std::string_view path, Span span);
    bool contact(Deeds& deeds, const Text& text, shell::Bare bare);
    void anything(All all, const Container& here);
    void take_call_of(All all, const Container& here, Tool& tool);
    [[nodiscard]] std::string_view language(All all, const Container& here);
    [[nodiscard]] Words texts(All all, const Container& array);

    template <typename Use>
    void each(All all, const Container& here, Use use) {
        for (std::uint32_t i = here.first; i != Value::none && !state_.stopped; i = all.values[i].next)
            use(all.values[i]);
    }
    template <typename Use>
    void each_child(All all, const Container& here, Use use) {
        for (std::uint32_t i = here.first_child; i != Container::none && !state_.stopped; i = all.containers[i].next)
            use(all.containers[i]);
    }

    shell::ReadState& state_;
    const ToolCallOptions& options_;
    std::string_view name_;
    shell::Reader reader_;
    std::size_t shell_bytes_ = 0;
    bool ran_ = false;  // something of the call was a command
};

}  // namespace gw::guardrail::tools
