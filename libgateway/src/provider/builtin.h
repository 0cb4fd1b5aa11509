// The built-in agent: answers without any model, so that everything can be tried without a key. It repeats the question
// word by word and says what it is. Told "call echo {"text":"x"}" on a line of its own, it calls that tool and then
// says what it got.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "message/chat.h"

namespace gw::provider {

// The tool that a question tells it to call.
struct ToldCall {
    std::string_view tool, arguments;  // views of the question; a JSON object
};
// The last line that begins with "call ", when a name and an object, and nothing else, follow to the end of the
// question.
[[nodiscard]] std::optional<ToldCall> told_call(std::string_view question, std::pmr::memory_resource* memory);

class BuiltinAgent {
public:
    BuiltinAgent(std::string_view question, std::pmr::memory_resource* memory);
    // Says what a tool has said.
    [[nodiscard]] static BuiltinAgent of_result(std::string_view tool, std::string_view result,
                                                std::pmr::memory_resource* memory);

    // The next piece: one word with the space in front of it. Nothing at the end; valid as long as the agent.
    [[nodiscard]] std::optional<std::string_view> next();
    // Counts words: it has no tokens.
    [[nodiscard]] message::Usage usage() const noexcept;

private:
    explicit BuiltinAgent(std::pmr::string answer) : answer_(std::move(answer)) {}

    std::pmr::string answer_;
    std::size_t at_ = 0;
    std::uint64_t question_words_ = 0;
    std::uint64_t answer_words_ = 0;
};

}  // namespace gw::provider
