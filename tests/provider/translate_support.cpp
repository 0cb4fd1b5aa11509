#include "provider/translate_support.h"

namespace gw::test::translation {

using message::AnswerPart;
using message::AnswerStep;

namespace {

std::pmr::memory_resource* memory() { return std::pmr::get_default_resource(); }

struct Description {
    std::string parts, open;
    std::string reason = "cut off";
    message::TokenUsage usage;

    void end_part() {
        if (!open.empty()) parts += open + "\n";
        open.clear();
    }
    [[nodiscard]] std::string text() {
        end_part();
        parts += "stop " + reason + "\n";
        if (usage.known) {
            parts += "usage " + std::to_string(usage.input) + " " + std::to_string(usage.cached_input) + " " +
                     std::to_string(usage.output) + "\n";
        }
        return parts;
    }
};

std::string opened(AnswerPart::Kind kind, std::string_view tool, std::string_view call_id) {
    if (kind == AnswerPart::Kind::text) return "text: ";
    if (kind == AnswerPart::Kind::refusal) return "refusal: ";
    return "call " + std::string(tool) + " " + std::string(call_id) + ": ";
}

std::string name_of(message::StopReason reason) {
    static const char* const names[] = {"stop", "length", "tool_calls", "content_filter"};
    return names[static_cast<std::size_t>(reason)];
}

}  // namespace

std::string_view path_of(DialectName dialect, bool stream) {
    switch (dialect) {
    case DialectName::openai_chat: return "/v1/chat/completions";
    case DialectName::openai_responses: return "/v1/responses";
    case DialectName::anthropic: return "/v1/messages";
    default: return stream ? "/v1beta/models/m:streamGenerateContent" : "/v1beta/models/m:generateContent";
    }
}

std::string request(DialectName from, DialectName to, const std::string& body, bool stream) {
    const openai::Json json(body);
    INFO(body);
    REQUIRE(json.good());
    PooledBuffer out;
    out.buffer.append("before");
    provider::TranslateProblem problem(memory());
    const auto done = provider::translate_request(from, to, path_of(from, stream), stream ? "alt=sse" : "", json.root(),
                                                  "provider-model", out.buffer, problem);
    if (!done) {
        CHECK(out.buffer.text() == "before");
        CHECK((problem.status == GW_ERR_DATA || problem.status == GW_ERR_UNSUPPORTED));
        return std::string(problem.path) + ": " + std::string(problem.what);
    }
    std::string text(out.buffer.text().substr(6));
    INFO(text);
    CHECK(openai::Json(text).good());
    return text;
}

std::string answer(DialectName from, DialectName to, const std::string& body) {
    const openai::Json json(body);
    INFO(body);
    REQUIRE(json.good());
    PooledBuffer out;
    const auto done = provider::translate_answer(from, to, json.root(), identity, memory(), out.buffer);
    if (!done) {
        CHECK(out.buffer.empty());
        return "error: " + std::string(done.error().what);
    }
    CHECK(openai::Json(std::string(out.buffer.text())).good());
    return std::string(out.buffer.text());
}

Events stream(DialectName from, DialectName to, const Events& events, bool include_usage) {
    PooledBuffer out;
    provider::StreamTranslator translator(from, to, {identity, include_usage, 1U << 16U}, memory());
    for (const Event& event : events) {
        const openai::Json json(event.data);
        if (json.good()) {
            translator.feed(event.type, json.root(), out.buffer);
        } else {
            translator.feed_sentinel(event.data, out.buffer);
        }
    }
    translator.finish(out.buffer);
    CHECK(translator.ended());
    const std::size_t size = out.buffer.size();
    translator.fail(out.buffer, "an ended stream is ended");
    CHECK(out.buffer.size() == size);
    return openai::parse_sse(out.buffer.text());
}

std::string describe_answer(DialectName dialect, const std::string& body) {
    const openai::Json json(body);
    message::Answer answer(memory());
    INFO(body);
    REQUIRE(json.good());
    const auto read = provider::translator_of(dialect)->read_answer(json.root(), answer);
    if (!read) return "error: " + std::string(read.error().what);
    Description out;
    for (const AnswerPart& part : answer.parts) {
        out.open = opened(part.kind, part.tool, part.call_id) + std::string(part.text);
        out.end_part();
    }
    out.reason = name_of(answer.reason);
    out.usage = answer.usage;
    return out.text();
}

std::string describe_stream(DialectName dialect, const Events& events) {
    const auto reader = provider::translator_of(dialect)->new_reader(memory());
    Description out;
    for (const Event& event : events) {
        const openai::Json json(event.data);
        if (!json.good()) continue;
        message::AnswerSteps steps;
        const auto read = reader->read(event.type, json.root(), steps);
        if (!read) return "error: " + std::string(read.error().what);
        for (const AnswerStep& step : steps) {
            using What = AnswerStep::What;
            if (step.what == What::open) out.open = opened(step.kind, step.tool, step.call_id);
            if (step.what == What::delta) out.open += step.text;
            if (step.what == What::close) out.end_part();
            if (step.what == What::stop) out.reason = name_of(step.reason);
            if (step.what == What::usage) out.usage = step.usage;
            if (step.what == What::error) return "error: " + std::string(step.text);
        }
    }
    return out.text();
}

}  // namespace gw::test::translation
