#include "provider/openai_support.h"

#include "provider/dialect_edits.h"
#include "sse/sse.h"

namespace gw::test::openai {

namespace {

using provider::Step;

const char* const kinds[] = {"text", "reasoning", "refusal", "arguments", "result", "document", "transcript"};
const char* const roles[] = {"system", "user", "assistant", "tool"};
const char* const reasons[] = {"stop", "length", "tool_calls", "content_filter"};

std::string text_of(json::Value value) {
    return std::string(value.is(json::Kind::string) ? *value.as_string() : value.raw());
}

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

std::string with_space(std::string_view text) { return text.empty() ? std::string() : " " + std::string(text); }

}  // namespace

Json::Json(std::string text)
    : text_(std::make_unique<std::string>(std::move(text))),
      document_(std::make_unique<json::Document>(std::pmr::get_default_resource())) {
    good_ = static_cast<bool>(document_->parse(*text_));
}

std::string describe(const provider::Passages& passages) {
    std::string out;
    std::size_t place = 0;
    for (const provider::Passage& passage : passages) {
        if (passage.value.offset() < place) out += "(out of order) ";
        place = passage.value.offset();
        out += form_of(passage) + kinds[static_cast<int>(passage.kind)] + " " + roles[static_cast<int>(passage.role)] +
               with_space(passage.tool) + ": " + text_of(passage.value) + "\n";
    }
    return out;
}

std::string describe(const provider::Steps& steps) {
    std::string out;
    for (const Step& step : steps) {
        const std::string channel = std::to_string(step.channel);
        const std::string choice = step.choice == 0 ? "" : " choice " + std::to_string(step.choice);
        const std::string kind = kinds[static_cast<int>(step.kind)];
        switch (step.what) {
        case Step::What::begin: out += "begin" + with_space(step.id) + with_space(step.model); break;
        case Step::What::open:
            out += "open " + channel + " " + kind + with_space(step.tool) + with_space(step.call_id) + choice;
            break;
        case Step::What::delta: out += "delta " + channel + ": " + text_of(step.value); break;
        case Step::What::close: out += "close " + channel; break;
        case Step::What::whole:
            out += "whole " + form_of(step) + kind + with_space(step.tool) + ": " + text_of(step.value);
            break;
        case Step::What::stop: out += std::string("stop ") + reasons[static_cast<int>(step.reason)] + choice; break;
        case Step::What::usage:
            out += "usage " + std::to_string(step.usage.input_tokens) + "/" + std::to_string(step.usage.output_tokens);
            break;
        case Step::What::done: out += "done"; break;
        case Step::What::error: out += "error: " + text_of(step.value); break;
        }
        out += "\n";
    }
    return out;
}

std::string read_request(const provider::Dialect& dialect, const std::string& body, provider::RequestFacts* facts,
                         std::string_view path) {
    static thread_local std::vector<Json> kept;  // facts are views
    kept.emplace_back(body);
    REQUIRE(kept.back().good());
    provider::Passages passages;
    provider::RequestFacts mine;
    if (!dialect.read_request(path, {}, kept.back().root(), facts != nullptr ? *facts : mine, passages))
        return "no request";
    return describe(passages);
}

std::string read_answer(const provider::Dialect& dialect, const std::string& body) {
    const Json json(body);
    REQUIRE(json.good());
    provider::Passages passages;
    dialect.read_answer(json.root(), passages);
    return describe(passages);
}

std::string read_stream(const provider::Dialect& dialect, const Events& events) {
    const auto reader = dialect.new_reader(std::pmr::get_default_resource());
    std::string out;
    for (const Event& event : events) {
        const Json json(event.data);
        provider::Steps steps;
        if (!json.good()) {
            reader->read_sentinel(event.data, steps);
        } else if (!reader->read(event.type, json.root(), steps)) {
            out += "refused\n";
            continue;
        }
        out += describe(steps);
    }
    return out;
}

Events parse_sse(std::string_view text) {
    PooledBuffer pool;
    sse::Decoder decoder(std::size_t{1} << 24U, pool.buffer.pool(), std::pmr::get_default_resource());
    REQUIRE(decoder.feed(as_bytes(text)));
    Events events;
    while (const auto event = decoder.next())
        events.push_back({event->type == "message" ? "" : std::string(event->type), std::string(event->data)});
    CHECK(decoder.rest().empty());
    return events;
}

Events parse_lines(std::string_view text) {
    Events events;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        REQUIRE(end != std::string_view::npos);
        events.push_back({{}, std::string(text.substr(0, end))});
        text.remove_prefix(end + 1);
    }
    return events;
}

std::string edited(const provider::Dialect& dialect, const std::string& body, std::string_view what) {
    const Json json(body);
    REQUIRE(json.good());
    provider::Edits edits;
    for (const char step : what) {
        if (step == 'l') dialect.launder(json.root(), edits);
        if (step == 'i') dialect.add_instruction(body, json.root(), "Say \"so\".", edits);
    }
    std::size_t at = 0;
    for (const provider::Edit& edit : edits) {
        CHECK(edit.begin >= at);
        CHECK(edit.end >= edit.begin);
        CHECK(edit.end <= body.size());
        at = edit.end;
    }
    PooledBuffer out;
    provider::apply_edits(out.buffer, body, edits);
    return std::string(out.buffer.text());
}

Events ended(const provider::Dialect& dialect, const Events& sent, End end) {
    const auto ending = dialect.new_ending(provider::Framing::sse, std::pmr::get_default_resource());
    for (const Event& event : sent) {
        const Json json(event.data);
        if (json.good()) {
            ending->note(event.type, json.root());
        } else {
            ending->note_sentinel(event.data);
        }
    }
    PooledBuffer out;
    if (end == End::block) {
        ending->write_block(out.buffer, notice);
    } else {
        ending->write_failure(out.buffer, "The upstream closed the stream.");
    }
    Events all = sent;
    const bool lines = dialect.name() == provider::DialectName::ollama;
    for (const Event& event : lines ? parse_lines(out.buffer.text()) : parse_sse(out.buffer.text()))
        all.push_back(event);
    return all;
}

}  // namespace gw::test::openai
