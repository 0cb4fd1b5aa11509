#include "provider/token_echo.h"

#include <algorithm>
#include <memory_resource>
#include <string>

#include "core/text.h"

namespace gw::provider {

namespace token_echo {
namespace {

using json::Kind;
using json::Value;

// The letters of the tokens of one list.
class Spelling {
public:
    explicit Spelling(std::pmr::memory_resource* memory) : text_(memory), bytes_(memory) {}

    // False: there is something beside the letters of tokens.
    [[nodiscard]] bool add(const Value& tokens) {
        if (!tokens.exists() || tokens.is(Kind::null)) return true;
        if (!tokens.is(Kind::array)) return false;
        for (Value token = tokens.first(); token.exists(); token = token.next()) {
            if (token.is(Kind::string)) {
                text_ += *token.as_string();
            } else if (!add_token(token)) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] std::string_view text() const noexcept { return trim(text_); }

private:
    [[nodiscard]] bool add_token(const Value& token) {
        for (Value member = token.first(); member.exists(); member = member.next()) {
            if (member.is(Kind::string) && member.key() != "token") return false;
        }
        const std::string_view letters = token["token"].as_string().value_or("");
        const Value bytes = token["bytes"];
        if (!bytes.is(Kind::array)) {
            text_ += letters;
            return token.is(Kind::object);
        }
        bytes_.clear();
        for (Value byte = bytes.first(); byte.exists(); byte = byte.next()) {
            const auto value = byte.as_int();
            if (!value || *value < 0 || *value > 255) return false;
            bytes_ += static_cast<char>(*value);
        }
        text_ += bytes_;
        // A part of a character is no text: it is written with escapes.
        const bool part =
            std::any_of(bytes_.begin(), bytes_.end(), [](char c) { return static_cast<signed char>(c) < 0; });
        return letters == bytes_ || part;
    }

    std::pmr::string text_, bytes_;
};

// The lists of tokens that `tokens` is or has; false when it has a member of which nothing is known.
struct Lists {
    Value said, refused;
    [[nodiscard]] bool find(const Value& tokens) {
        if (tokens.is(Kind::array)) {
            said = tokens;
            return true;
        }
        static constexpr std::string_view others[] = {"token_logprobs",     "top_logprobs",   "text_offset",
                                                      "topCandidates",      "top_candidates", "logProbabilitySum",
                                                      "log_probability_sum"};
        for (Value member = tokens.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            if (key == "content" || key == "tokens" || key == "chosenCandidates" || key == "chosen_candidates") {
                if (said.exists()) return false;
                said = member;
            } else if (key == "refusal") {
                refused = member;
            } else if (std::find(std::begin(others), std::end(others), key) == std::end(others)) {
                return false;
            }
        }
        return tokens.is(Kind::object);
    }
};

bool spell(const Value& echo, std::span<const Value> texts, const Value& refusal, std::pmr::memory_resource* memory) {
    Lists lists;
    Spelling said(memory), refused(memory);
    if (!lists.find(echo) || !said.add(lists.said) || !refused.add(lists.refused)) return false;
    std::pmr::string text(memory);
    for (const Value& piece : texts) text += piece.as_string().value_or("");
    const auto repeats = [](const Spelling& spelling, std::string_view beside) {
        return spelling.text().empty() || spelling.text() == trim(beside);
    };
    return repeats(said, text) && repeats(refused, refusal.as_string().value_or(""));
}

}  // namespace
}  // namespace token_echo

bool is_token_key(std::string_view key) noexcept {
    return key == "logprobs" || key == "logprobsResult" || key == "logprobs_result" || key == "token_likelihoods";
}

void add_tokens(Passages& passages, const json::Value& tokens, std::span<const json::Value> texts,
                const json::Value& refusal) {
    const bool container = tokens.is(json::Kind::array) || tokens.is(json::Kind::object);
    if (container ? tokens.size() == 0 : !tokens.is(json::Kind::string)) return;
    Passage passage;
    passage.role = message::Role::assistant;
    passage.value = tokens;
    passage.form = TextForm::tokens;
    passage.exact = token_echo::spell(tokens, texts, refusal, passages.get_allocator().resource());
    passages.push_back(passage);
}

}  // namespace gw::provider
