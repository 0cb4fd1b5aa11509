// The built-in agent: answers without any model, so that everything can be tried without a key. It repeats the question
// word by word and says what it is.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "message/chat.h"

namespace gw::provider {

class BuiltinAgent {
public:
    BuiltinAgent(std::string_view question, std::pmr::memory_resource* memory);

    // The next piece: one word with the space in front of it. Nothing at the end; valid as long as the agent.
    [[nodiscard]] std::optional<std::string_view> next();
    // Counts words: it has no tokens.
    [[nodiscard]] message::Usage usage() const noexcept;

private:
    std::pmr::string answer_;
    std::size_t at_ = 0;
    std::uint64_t question_words_ = 0;
    std::uint64_t answer_words_ = 0;
};

}  // namespace gw::provider
