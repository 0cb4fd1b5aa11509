// The words that every dialect has for the same thing: why an answer ended, and what it used.
#pragma once

#include <string_view>

#include "json/json.h"
#include "message/conversation.h"
#include "provider/dialect.h"

namespace gw::provider {

// A reason that the table does not have is `stop`.
[[nodiscard]] message::StopReason reason_of_word(DialectName dialect, std::string_view word) noexcept;
[[nodiscard]] std::string_view word_of_reason(DialectName dialect, message::StopReason reason) noexcept;

// `usage` is the dialect's object; not known when it is none.
[[nodiscard]] message::TokenUsage read_token_usage(DialectName dialect, const json::Value& usage) noexcept;
// The value of the dialect's member, an object.
void write_token_usage(json::Writer& w, DialectName dialect, const message::TokenUsage& usage);

}  // namespace gw::provider
