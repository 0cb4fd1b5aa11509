// What the tests of the dialects share: JSON read once, and what a dialect found in it written as lines.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "provider/dialect.h"
#include "support/test.h"

namespace gw::test {

using Lines = std::vector<std::string>;

// A JSON text with its document; lives as long as the values.
struct Json {
    explicit Json(std::string json) : text(std::move(json)), document(std::pmr::get_default_resource()) {
        const auto parsed = document.parse(text);
        INFO(text);
        REQUIRE(parsed);
    }
    [[nodiscard]] json::Value root() const { return document.root(); }
    std::string text;
    json::Document document;
};

inline std::string name_of_kind(message::PartKind kind) {
    static const char* const names[] = {"text",        "reasoning", "refusal",   "arguments",
                                        "tool result", "document",  "transcript"};
    return names[static_cast<std::size_t>(kind)];
}
inline std::string name_of_role(message::Role role) {
    static const char* const names[] = {"system", "user", "assistant", "tool"};
    return names[static_cast<std::size_t>(role)];
}
// A string as it is meant, anything else as it is written.
inline std::string said(const json::Value& value) { return std::string(value.as_string().value_or(value.raw())); }

// How a text is written, when it is not just there. Tokens that are not those of the text beside them are "other".
template <class Text>
std::string form_of(const Text& text) {
    switch (text.form) {
    case provider::TextForm::plain: return {};
    case provider::TextForm::file: return "file of ";
    case provider::TextForm::tokens: return text.exact ? "tokens of " : "other tokens of ";
    }
    return {};
}

// "user text: hello", "assistant arguments(shell): {...}"
inline Lines lines_of(const provider::Passages& passages) {
    Lines out;
    for (const provider::Passage& it : passages) {
        const std::string tool = it.tool.empty() ? "" : "(" + std::string(it.tool) + ")";
        out.push_back(name_of_role(it.role) + " " + form_of(it) + name_of_kind(it.kind) + tool + ": " + said(it.value));
    }
    return out;
}

// "open 0 text", "delta 0: hello", "whole arguments(shell): {...}", "stop tool_calls"
inline Lines lines_of(const provider::Steps& steps) {
    using What = provider::Step::What;
    static const char* const reasons[] = {"stop", "length", "tool_calls", "content_filter"};
    Lines out;
    for (const provider::Step& it : steps) {
        std::ostringstream line;
        const std::string tool = it.tool.empty() ? "" : "(" + std::string(it.tool) + ")";
        switch (it.what) {
        case What::begin: line << "begin " << it.id << ' ' << it.model; break;
        case What::open:
            line << "open " << it.channel << ' ' << name_of_kind(it.kind) << tool;
            if (!it.call_id.empty()) line << ' ' << it.call_id;
            break;
        case What::delta: line << "delta " << it.channel << ": " << said(it.value); break;
        case What::close: line << "close " << it.channel; break;
        case What::whole:
            line << "whole " << form_of(it) << name_of_kind(it.kind) << tool << ": " << said(it.value);
            break;
        case What::stop: line << "stop " << reasons[static_cast<std::size_t>(it.reason)]; break;
        case What::usage: line << "usage " << it.usage.input_tokens << ' ' << it.usage.output_tokens; break;
        case What::done: line << "done"; break;
        case What::error: line << "error " << said(it.value); break;
        }
        if (it.choice != 0) line << " of " << it.choice;
        out.push_back(line.str());
    }
    return out;
}

struct Request {
    bool good = false;
    Lines passages;
    std::string model;
    bool stream = false;
    provider::Framing framing = provider::Framing::sse;
};
inline Request read_request(const provider::Dialect& dialect, std::string_view target, const std::string& body) {
    const Json json(body);
    const std::size_t mark = target.find('?');
    provider::RequestFacts facts;
    provider::Passages passages;
    Request out;
    out.good = dialect.read_request(target.substr(0, mark),
                                    mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1),
                                    json.root(), facts, passages);
    out.passages = lines_of(passages);
    out.model = facts.model;
    out.stream = facts.stream;
    out.framing = facts.framing;
    CHECK(std::is_sorted(passages.begin(), passages.end(),
                         [](const auto& a, const auto& b) { return a.value.offset() < b.value.offset(); }));
    return out;
}

inline Lines read_answer(const provider::Dialect& dialect, const std::string& body) {
    const Json json(body);
    provider::Passages passages;
    dialect.read_answer(json.root(), passages);
    return lines_of(passages);
}

// An event of a stream: its name and its JSON.
struct Sent {
    std::string type, json;
    bool operator==(const Sent&) const = default;
};

// The steps of a stream's events; "refused" where one is.
inline Lines read_stream(const provider::Dialect& dialect, const std::vector<Sent>& events) {
    const auto reader = dialect.new_reader(std::pmr::get_default_resource());
    Lines out;
    for (const Sent& event : events) {
        const Json json(event.json);
        provider::Steps steps;
        if (!reader->read(event.type, json.root(), steps)) {
            out.emplace_back("refused");
            return out;
        }
        for (std::string& line : lines_of(steps)) out.push_back(std::move(line));
    }
    return out;
}

// The body with the edits made.
inline std::string edited(const std::string& body, const provider::Edits& edits) {
    std::string out;
    std::size_t at = 0;
    for (const provider::Edit& edit : edits) {
        REQUIRE(edit.begin >= at);
        REQUIRE(edit.end >= edit.begin);
        REQUIRE(edit.end <= body.size());
        out.append(body, at, edit.begin - at);
        out.append(edit.text);
        at = edit.end;
    }
    out.append(body, at);
    (void)Json(out);  // still JSON
    return out;
}
inline std::string laundered(const provider::Dialect& dialect, const std::string& body) {
    const Json json(body);
    provider::Edits edits;
    dialect.launder(json.root(), edits);
    return edited(body, edits);
}
inline std::string instructed(const provider::Dialect& dialect, const std::string& body, std::string_view text) {
    const Json json(body);
    provider::Edits edits;
    dialect.add_instruction(body, json.root(), text, edits);
    return edited(body, edits);
}

inline std::string error_of(const provider::Dialect& dialect, int status, std::string_view message) {
    PooledBuffer out;
    dialect.write_error(out.buffer, status, message);
    return std::string(out.buffer.text());
}
inline std::string blocked(const provider::Dialect& dialect, bool stream,
                           provider::Framing framing = provider::Framing::sse) {
    PooledBuffer out;
    provider::RequestFacts facts;
    facts.stream = stream;
    facts.framing = framing;
    dialect.write_blocked(out.buffer, {"[DefenseClaw] \"no\"", "m1", 0}, facts);
    return std::string(out.buffer.text());
}

}  // namespace gw::test
