// Dialects are told anything: every text that is found lies in the document, edits leave valid JSON, and a stream that
// is ended anywhere has an ending that is JSON.
//
// The first byte picks the dialect and what is done with the lines of JSON behind it.
#include <memory_resource>

#include "provider/dialect.h"
#include "provider/dialect_edits.h"
#include "provider/dialect_ollama.h"
#include "provider/dialect_openai_chat.h"
#include "provider/dialect_responses.h"
#include "support/fuzz.h"

namespace {

using gw::fuzz::check;
using namespace gw::provider;

gw::BlockPool* pool() {
    static gw::BlockPoolOwner owner(gw::Allocator::from(nullptr));
    return owner.get();
}

void check_place(const gw::json::Value& value, std::string_view text, bool string_only) {
    using gw::json::Kind;
    check(value.exists(), "a text without a value");
    check(value.is(Kind::string) || (!string_only && (value.is(Kind::object) || value.is(Kind::array))),
          "a text is a string, or JSON");
    const std::string_view raw = value.raw();
    check(raw.data() == text.data() + value.offset() && value.offset() + raw.size() <= text.size(), "outside the text");
}

void check_passages(const Passages& passages, std::string_view text) {
    for (const Passage& passage : passages) check_place(passage.value, text, false);
}

void check_json(std::string_view text, const char* what) {
    gw::json::Document document(std::pmr::get_default_resource());
    check(static_cast<bool>(document.parse(text)), what);
}

void read_request(const Dialect& dialect, std::string_view text, const gw::json::Value& root) {
    Passages passages;
    RequestFacts facts;
    if (dialect.read_request("/v1/x", {}, root, facts, passages)) check_passages(passages, text);
    for (const std::string_view order : {"li", "il", "iil"}) {
        Edits edits;
        for (const char step : order) {
            if (step == 'l') dialect.launder(root, edits);
            if (step == 'i') dialect.add_instruction(text, root, "\"\n", edits);
        }
        std::size_t at = 0;
        for (const Edit& edit : edits) {
            check(edit.begin >= at && edit.end >= edit.begin && edit.end <= text.size(), "edits in order");
            at = edit.end;
        }
        gw::Buffer out(pool());
        apply_edits(out, text, edits);
        check_json(out.text(), "what is edited is JSON");
    }
}

void check_steps(const Steps& steps, std::string_view text, std::vector<int>& channels) {
    for (const Step& step : steps) {
        switch (step.what) {
        case Step::What::open:
            check(step.channel == channels.size() && channels.size() < StreamReader::channels_max,
                  "channels are dense");
            channels.push_back(1);
            break;
        case Step::What::delta:
            check(step.channel < channels.size() && channels[step.channel] == 1, "text of a part that is open");
            check_place(step.value, text, true);
            break;
        case Step::What::close:
            check(step.channel < channels.size() && channels[step.channel]-- == 1, "a part closes once");
            break;
        case Step::What::whole: check_place(step.value, text, false); break;
        default: break;
        }
    }
}

// The framing taken off: every event of what an ending wrote is JSON.
void check_framed(std::string_view text, bool lines) {
    std::string data;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        check(end != std::string_view::npos, "a line that does not end");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (lines) {
            check_json(line, "a line is JSON");
        } else if (line.starts_with("data: ")) {
            data += line.substr(6);
            data += '\n';
        } else if (line.empty()) {
            if (data != "[DONE]\n") check_json(data, "an event is JSON");
            data.clear();
        } else {
            check(line.starts_with("event: "), "a line of another kind");
        }
    }
    check(data.empty(), "an event that does not end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Dialect* const dialects[] = {&openai_chat_dialect(), &responses_dialect(), &ollama_dialect()};
    const Dialect& dialect = *dialects[data[0] % 3];
    const bool fails = data[0] % 2 == 0;
    std::string_view lines(reinterpret_cast<const char*>(data) + 1, size - 1);

    std::pmr::memory_resource* memory = std::pmr::get_default_resource();
    const auto reader = dialect.new_reader(memory);
    const auto ending = dialect.new_ending(Framing::sse, memory);
    std::vector<int> channels;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::vector<char> exact(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(end));
        const std::string_view text =
            exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
        lines.remove_prefix(std::min(end + 1, lines.size()));
        gw::json::Document document(memory);
        Steps steps;
        if (!document.parse(text)) {
            reader->read_sentinel(text, steps);
            check_steps(steps, text, channels);
            ending->note_sentinel(text);
            continue;
        }
        read_request(dialect, text, document.root());
        Passages passages;
        dialect.read_answer(document.root(), passages);
        check_passages(passages, text);
        if (!reader->read({}, document.root(), steps)) break;
        check_steps(steps, text, channels);
        ending->note({}, document.root());
    }
    gw::Buffer out(pool());
    if (fails) {
        ending->write_failure(out, "failed");
    } else {
        ending->write_block(out, {"[DefenseClaw] no", "m", 1});
    }
    check_framed(out.text(), dialect.name() == DialectName::ollama);
    return 0;
}
