// Dialects in tests: texts and steps as lines, streams as lists of events, and readers of streams that believe nothing,
// as an SDK's accumulator would.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "provider/dialect.h"
#include "support/test.h"

namespace gw::test::openai {

// A parsed text that owns its bytes.
class Json {
public:
    explicit Json(std::string text);
    [[nodiscard]] json::Value root() const { return document_->root(); }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] const std::string& text() const { return *text_; }

private:
    std::unique_ptr<std::string> text_;
    std::unique_ptr<json::Document> document_;
    bool good_ = false;
};

struct Event {
    std::string type;  // empty when the stream names none
    std::string data;
};
using Events = std::vector<Event>;

// "text user: words", "arguments assistant shell: {...}"; one line a passage.
std::string describe(const provider::Passages& passages);
// "open 0 arguments shell call_1", "delta 0 text: words", "stop 0 tool_calls"; one line a step.
std::string describe(const provider::Steps& steps);

std::string read_request(const provider::Dialect& dialect, const std::string& body,
                         provider::RequestFacts* facts = nullptr, std::string_view path = {});
std::string read_answer(const provider::Dialect& dialect, const std::string& body);
// All steps of a stream; "refused" for an event that is.
std::string read_stream(const provider::Dialect& dialect, const Events& events);

Events parse_sse(std::string_view text);
Events parse_lines(std::string_view text);
// The body with launder() and/or add_instruction() done, in this order: "l", "i", "li", "il".
std::string edited(const provider::Dialect& dialect, const std::string& body, std::string_view what);

// The events with an ending behind them, as the client sees them.
enum class End { block, failure };
Events ended(const provider::Dialect& dialect, const Events& sent, End end);

inline constexpr std::string_view notice_text = "[DefenseClaw] This was blocked.";
inline const provider::Notice notice{notice_text, "asked-model", 1787123103042};

// What is wrong with a whole stream; empty when nothing is.
std::string judge_chat(const Events& events);
std::string judge_responses(const Events& events);
std::string judge_ollama(const Events& events);

}  // namespace gw::test::openai
