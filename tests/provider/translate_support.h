// Translation in tests: requests, answers and streams in, what the other side gets out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "provider/openai_support.h"
#include "provider/translate.h"
#include "provider/translator.h"

namespace gw::test::translation {

using openai::Event;
using openai::Events;
using provider::DialectName;

inline constexpr DialectName all[] = {DialectName::openai_chat, DialectName::openai_responses, DialectName::anthropic,
                                      DialectName::gemini};
inline constexpr message::AnswerIdentity identity{"none", "asked-model", 1787123103};

// The path that a client of a dialect posts to.
std::string_view path_of(DialectName dialect, bool stream = false);
const provider::Translator& translator_of(DialectName dialect);

// The provider's body; or, when there is none, "path: what".
std::string request(DialectName from, DialectName to, const std::string& body, bool stream = false);
// The client's answer; or "error: what".
std::string answer(DialectName from, DialectName to, const std::string& body);
// The client's stream, ended with the provider's.
Events stream(DialectName from, DialectName to, const Events& events, bool include_usage = true);

// What an answer says, whatever dialect it is in: "text: Hello", "call f call_1: {...}", "stop tool_calls",
// "usage 12 4 7".
std::string describe_answer(DialectName dialect, const std::string& body);
std::string describe_stream(DialectName dialect, const Events& events);

}  // namespace gw::test::translation
