// Any JSON may come as a request, an answer or a frame: what is translated is JSON of bounded size, what is not is an
// error with a place, and a client's stream always ends, with frames that are whole.
//
// The first byte picks the dialect and what is done; what follows is JSON, or, for streams, one event a line: a name, a
// space, JSON.
#include <memory_resource>

#include "provider/translate.h"
#include "sse/sse.h"
#include "support/fuzz.h"

namespace {

using gw::fuzz::check;
using gw::provider::DialectName;

constexpr DialectName dialects[] = {DialectName::openai_chat, DialectName::openai_responses, DialectName::anthropic,
                                    DialectName::gemini};
constexpr gw::message::AnswerIdentity identity{"none", "asked \"model\"", 1};

std::pmr::memory_resource* memory() { return std::pmr::get_default_resource(); }

gw::BlockPool* pool() {
    static gw::BlockPoolOwner owner(gw::Allocator::from(nullptr));
    return owner.get();
}

void check_json(std::string_view text, const char* what) {
    gw::json::Document document(memory());
    // What lay at the limit of depth may lie a little deeper now.
    check(static_cast<bool>(document.parse(text, {std::size_t{64} << 20U, 160})), what);
}

void request(DialectName from, DialectName to, std::string_view text, const gw::json::Value& root, bool stream) {
    gw::Buffer out(pool());
    gw::provider::TranslateProblem problem(memory());
    const auto done = gw::provider::translate_request(
        from, to, stream ? "/models/m:streamGenerateContent" : "/models/m:generateContent", "alt=sse", root, "m\n", out,
        problem);
    check(done.has_value() == (problem.status == GW_OK), "a problem when it failed");
    if (!done) {
        check(out.empty() && !problem.what.empty(), "a reason, and nothing else");
        return;
    }
    check_json(out.text(), "a request of ours is JSON");
    // Escapes grow by six, names and brackets by a constant for every value.
    check(out.size() < 4096 + 64 * text.size(), "a request of bounded size");
}

void answer(DialectName from, DialectName to, const gw::json::Value& root) {
    gw::Buffer out(pool());
    if (gw::provider::translate_answer(from, to, root, identity, memory(), out)) {
        check_json(out.text(), "an answer of ours is JSON");
    } else {
        check(out.empty(), "nothing of an answer that failed");
    }
    out.clear();
    const int status = gw::provider::translate_error(from, to, 400, root, out);
    check(status >= 400 && status < 600, "an error's status");
    check_json(out.text(), "an error of ours is JSON");
}

void stream(DialectName from, DialectName to, std::string_view lines) {
    gw::Buffer out(pool());
    gw::provider::StreamTranslator translator(from, to, {identity, true, 4096}, memory());
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos) continue;
        gw::json::Document document(memory());
        const std::size_t size = out.size();
        const bool ended = translator.ended();
        if (document.parse(line.substr(space + 1))) {
            check(translator.feed(line.substr(0, space), document.root(), out) == !translator.ended(), "told the end");
        } else {
            translator.feed_sentinel(line.substr(space + 1), out);
        }
        check(!ended || out.size() == size, "nothing behind the end");
    }
    translator.finish(out);
    check(translator.ended(), "a stream ends");
    gw::sse::Decoder decoder(std::size_t{64} << 20U, pool(), memory());
    check(static_cast<bool>(decoder.feed(gw::as_bytes(out.text()))), "events of bounded size");
    std::size_t count = 0;
    while (const auto event = decoder.next()) {
        ++count;
        if (event->data != "[DONE]") check_json(event->data, "an event of ours is JSON");
    }
    check(decoder.rest().empty() && count > 0, "events are whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const DialectName from = dialects[data[0] % 4];
    const unsigned what = data[0] / 4 % 3;
    gw::json::Document document(memory());
    if (what != 2 && !document.parse(text)) return 0;
    for (const DialectName to : dialects) {
        if (to == from) continue;
        if (what == 0) request(from, to, text, document.root(), size % 2 == 0);
        if (what == 1) answer(from, to, document.root());
        if (what == 2) stream(from, to, text);
    }
    return 0;
}
