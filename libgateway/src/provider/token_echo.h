// Log probabilities: an answer once more, token by token, each beside how likely it was. They say what the answer says,
// so whoever inspects the one has inspected the other, as long as they are the same:
//
//     {"content":[{"token":"Hel","bytes":[72,101,108],"top_logprobs":[...]}],"refusal":null}   OpenAI chat
//     {"tokens":["Hel","lo"],"token_logprobs":[...],"top_logprobs":[{...}]}                    OpenAI, completions
//     [{"token":"Hel","logprob":-0.1}]                                                         Responses, Ollama
//     {"chosenCandidates":[{"token":"Hel"}],"topCandidates":[...]}                             Gemini
#pragma once

#include <span>
#include <string_view>

#include "provider/dialect.h"

namespace gw::provider {

// Whether a member of this name holds tokens: "logprobs", "logprobsResult", "token_likelihoods".
[[nodiscard]] bool is_token_key(std::string_view key) noexcept;

// Appends them as a passage, when there are any; exact when they spell `texts`, one behind the other, but for white
// space at the ends. Tokens of a refusal spell `refusal`. Alternatives to a token do not count.
void add_tokens(Passages& passages, const json::Value& tokens, std::span<const json::Value> texts,
                const json::Value& refusal = {});

}  // namespace gw::provider
