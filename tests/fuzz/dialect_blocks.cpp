// Any JSON may come as a request, an answer or an event: nothing crashes, what is found lies inside the document, edits
// leave JSON, and what is written to end a stream is whole events of JSON.
//
// The first byte picks the dialect and what is done; what follows is JSON, or, for streams, one event a line: a name, a
// space, JSON.
#include <algorithm>

#include "provider/aws_events.h"
#include "provider/dialect_anthropic.h"
#include "provider/dialect_bedrock.h"
#include "provider/dialect_gemini.h"
#include "sse/sse.h"
#include "support/fuzz.h"

namespace {

using gw::fuzz::check;
using gw::provider::Dialect;

std::pmr::memory_resource* memory() { return std::pmr::get_default_resource(); }

bool parses(std::string_view text) {
    gw::json::Document document(memory());
    return static_cast<bool>(document.parse(text));
}

void inside(const gw::json::Value& value, std::string_view text) {
    if (!value.exists()) return;
    check(value.offset() + value.raw().size() <= text.size(), "a value lies inside the document");
    check(text.substr(value.offset(), value.raw().size()) == value.raw(), "and is where it says");
}

void passages(const gw::provider::Passages& found, std::string_view text) {
    std::size_t end = 0;
    for (const gw::provider::Passage& passage : found) {
        inside(passage.value, text);
        check(passage.value.offset() >= end, "passages are in order and apart");
        end = passage.value.offset() + passage.value.raw().size();
    }
}

void edits(const gw::provider::Edits& made, std::string_view text) {
    std::string out;
    std::size_t at = 0;
    for (const gw::provider::Edit& edit : made) {
        check(edit.begin >= at && edit.end >= edit.begin && edit.end <= text.size(), "edits are in order and apart");
        out += text.substr(at, edit.begin - at);
        out += edit.text;
        at = edit.end;
    }
    out += text.substr(at);
    check(parses(out), "edits leave JSON");
}

// `text` with one of its values replaced by another kind of value: which one, and what by, is `turn`'s to say. Bytes
// that are flipped seldom leave JSON; this always does.
std::string with_other_value(std::string_view text, std::size_t turn) {
    static constexpr std::string_view others[] = {"null",
                                                  "true",
                                                  "-1",
                                                  "99999999999",
                                                  "1.5",
                                                  "\"x\"",
                                                  "[]",
                                                  "[\"x\"]",
                                                  "[[{}]]",
                                                  R"({"text":"x"})",
                                                  R"([{"type":"text","text":"[DefenseClaw] x"}])",
                                                  "{}",
                                                  "\"\"",
                                                  "0"};
    gw::json::Document document(memory());
    if (!document.parse(text)) return std::string(text);
    std::vector<gw::json::Value> values;
    const auto collect = [&](const auto& self, const gw::json::Value& value) -> void {
        values.push_back(value);
        for (gw::json::Value child = value.first(); child.exists(); child = child.next()) self(self, child);
    };
    collect(collect, document.root());
    const gw::json::Value& value = values[turn % values.size()];
    std::string out(text.substr(0, value.offset()));
    out += others[(turn / values.size() + turn) % std::size(others)];
    out += text.substr(value.offset() + value.raw().size());
    return out;
}

void documents(const Dialect& dialect, std::string_view text, unsigned what) {
    gw::json::Document document(memory());
    if (!document.parse(text)) return;
    const gw::json::Value root = document.root();
    gw::provider::Passages found;
    gw::provider::Edits made;
    gw::provider::RequestFacts facts;
    switch (what) {
    case 0:
        if (dialect.read_request("/model/m/invoke", "alt=sse", root, facts, found)) passages(found, text);
        break;
    case 1:
        dialect.read_answer(root, found);
        passages(found, text);
        break;
    case 2:
        dialect.launder(root, made);
        edits(made, text);
        break;
    default: dialect.add_instruction(text, root, "an \"instruction\"\n", made); edits(made, text);
    }
}

void ending_is_whole(std::string_view wire, gw::provider::Framing framing) {
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    if (framing == gw::provider::Framing::sse) {
        gw::sse::Decoder decoder(1U << 24U, pool.get(), memory());
        check(static_cast<bool>(decoder.feed(gw::as_bytes(wire))), "events of bounded size");
        while (const auto event = decoder.next()) check(parses(event->data), "an event of ours is JSON");
        check(decoder.rest().empty(), "events are whole");
        return;
    }
    gw::provider::AwsEventReader reader(1U << 24U, pool.get());
    reader.feed(gw::as_bytes(wire));
    for (;;) {
        const auto event = reader.next();
        check(static_cast<bool>(event), "events of ours are well-formed");
        if (!*event) break;
        check(parses((*event)->payload), "and JSON");
    }
    check(reader.rest().empty(), "events are whole");
}

// `turn` 0: the events as they are; else each has another value in it.
void stream(const Dialect& dialect, std::string_view lines, gw::provider::Framing framing, std::size_t turn) {
    const auto reader = dialect.new_reader(memory());
    const auto ending = dialect.new_ending(framing, memory());
    std::vector<bool> open;  // by channel
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos) continue;
        const std::string_view type = line.substr(0, space);
        const std::string other = turn == 0 ? std::string() : with_other_value(line.substr(space + 1), turn++);
        const std::string_view text = turn == 0 ? line.substr(space + 1) : std::string_view(other);
        gw::json::Document document(memory());
        if (!document.parse(text)) {
            gw::provider::Steps none;
            reader->read_sentinel(text, none);
            ending->note_sentinel(text);
            continue;
        }
        ending->note(type, document.root());
        gw::provider::Steps steps;
        if (!reader->read(type, document.root(), steps)) break;
        for (const gw::provider::Step& step : steps) {
            using What = gw::provider::Step::What;
            inside(step.value, text);
            if (step.what == What::open) {
                check(step.channel == open.size(), "channels are numbered as they appear");
                check(open.size() < gw::provider::StreamReader::channels_max, "and not too many");
                open.push_back(true);
            } else if (step.what == What::delta || step.what == What::close) {
                check(step.channel < open.size() && open[step.channel], "only open channels go on");
                if (step.what == What::close) open[step.channel] = false;
            }
            check(step.what != What::delta || step.value.is(gw::json::Kind::string), "a delta is a string");
        }
    }
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer out(pool.get());
    ending->write_block(out, {"[DefenseClaw] \"no\"", "m\n", 0});
    ending_is_whole(out.text(), framing);
    const std::size_t size = out.size();
    ending->write_failure(out, "twice");
    check(out.size() == size, "an ended stream is ended");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Dialect* const dialects[] = {&gw::provider::anthropic_dialect(), &gw::provider::gemini_dialect(),
                                       &gw::provider::bedrock_dialect()};
    const Dialect& dialect = *dialects[data[0] % 3];
    const unsigned what = data[0] / 3 % 6;
    if (what < 4) {
        documents(dialect, text, what);
        for (std::size_t turn = 0; turn < 8; ++turn) documents(dialect, with_other_value(text, size + turn), what);
    } else {
        const bool aws = dialect.name() == gw::provider::DialectName::bedrock;
        const auto framing = aws ? gw::provider::Framing::aws_events : gw::provider::Framing::sse;
        stream(dialect, text, framing, 0);
        for (std::size_t turn = 1; turn < 4; ++turn) stream(dialect, text, framing, size + 31 * turn);
    }
    return 0;
}
