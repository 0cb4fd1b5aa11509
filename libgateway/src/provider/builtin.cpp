#include "provider/builtin.h"

#include "core/text.h"
#include "gateway/base.h"
#include "json/json.h"

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

std::optional<ToldCall> told_call(std::string_view question, std::pmr::memory_resource* memory) {
    constexpr std::string_view word = "call ";
    std::size_t at = question.rfind("\ncall ");
    at = at == std::string_view::npos ? 0 : at + 1;
    std::string_view rest = question.substr(at);
    if (!rest.starts_with(word)) return std::nullopt;
    rest = trim(rest.substr(word.size()));
    const std::size_t end = rest.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    const ToldCall out{rest.substr(0, end), trim(rest.substr(end))};
    json::Document document(memory);
    if (!document.parse(out.arguments) || !document.root().is(json::Kind::object)) return std::nullopt;
    return out;
}

BuiltinAgent BuiltinAgent::of_result(std::string_view tool, std::string_view result,
                                     std::pmr::memory_resource* memory) {
    std::pmr::string answer(tool, memory);
    (answer += " says: ") += result;
    return BuiltinAgent(std::move(answer));
}

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
