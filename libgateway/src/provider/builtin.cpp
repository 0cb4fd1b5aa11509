#include "provider/builtin.h"

#include "gateway/base.h"

namespace gw::provider {

namespace {

std::uint64_t count_words(std::string_view text) {
    std::uint64_t words = 0;
    bool inside = false;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!space && !inside) ++words;
        inside = !space;
    }
    return words;
}

}  // namespace

BuiltinAgent::BuiltinAgent(std::string_view question, std::pmr::memory_resource* memory)
    : answer_(memory), question_words_(count_words(question)) {
    answer_ = "You said: ";
    answer_ += question;
    answer_ += "\n\n(This is the built-in agent of libgateway " GW_VERSION
               ". It repeats what you say, so that you can try the gateway without a key. Configure models.providers "
               "to talk to a model.)";
}

std::optional<std::string_view> BuiltinAgent::next() {
    if (at_ == answer_.size()) return std::nullopt;
    std::size_t end = at_;
    while (end < answer_.size() && (answer_[end] == ' ' || answer_[end] == '\n')) ++end;
    while (end < answer_.size() && answer_[end] != ' ' && answer_[end] != '\n') ++end;
    const std::string_view piece = std::string_view(answer_).substr(at_, end - at_);
    at_ = end;
    ++answer_words_;
    return piece;
}

message::Usage BuiltinAgent::usage() const noexcept { return {question_words_, answer_words_, true}; }

}  // namespace gw::provider
