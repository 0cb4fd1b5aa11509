#include "provider/dialect_gemini.h"

#include "provider/body_edits.h"
#include "provider/dialect_edits.h"
#include "provider/gemini_parts.h"
#include "provider/gemini_stream.h"

namespace gw::provider {

using message::PartKind;
using message::Role;

namespace {

// Bodies inside bodies, {"generateContentRequest":{...}}, nest no deeper than the document.
bool read_gemini_body(const json::Value& root, Passages& passages) {
    bool found = false;
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        const bool content = key == "contents" || key == "content";
        if (content) {
            read_gemini_content(member, Role::user, passages);
        } else if (is_gemini_key(key, "systemInstruction")) {
            // Whatever role it names.
            const std::size_t from = passages.size();
            read_gemini_content(member, Role::system, passages);
            for (std::size_t i = from; i < passages.size(); ++i) passages[i].role = Role::system;
        } else if (key == "tools" || is_gemini_key(key, "generationConfig")) {
            Harvest{passages, PartKind::text, Role::system}.add_descriptions(member);
        } else if (is_gemini_key(key, "toolConfig")) {
            Harvest{passages, PartKind::text, Role::system}.add_strings(member);
        } else if (is_gemini_key(key, "generateContentRequest")) {
            found = read_gemini_body(member, passages) || found;
        } else if (key == "requests" || key == "instances") {
            Harvest{passages}.add_strings(member);
            found = true;
        }
        found = found || content;
    }
    return found;
}

bool is_gemini_notice(const json::Value& turn) noexcept {
    if (turn["role"].as_string() != "model") return false;
    const json::Value parts = turn["parts"];
    bool begins = false;
    bool begun = false;
    for (json::Value part = parts.first(); part.exists(); part = part.next()) {
        if (gemini_member(part, "functionCall").exists()) return false;  // its response, in the next turn, needs it
        const bool thought = part["thought"].as_bool() == true;
        if (part["text"].is(json::Kind::string) && !thought && !begun) {
            begun = true;
            begins = is_notice(part["text"]);
        }
    }
    return begins;
}

void read_gemini_frame(const json::Value& frame, Passages& passages) {
    const json::Value candidates = frame["candidates"];
    for (json::Value it = candidates.first(); it.exists(); it = it.next()) {
        read_gemini_content(it["content"], Role::assistant, passages);
        read_gemini_candidate_extras(it, passages);
    }
    read_gemini_frame_extras(frame, passages);
}

class GeminiDialect final : public Dialect {
public:
    [[nodiscard]] DialectName name() const noexcept override { return DialectName::gemini; }

    [[nodiscard]] bool read_request(std::string_view path, std::string_view query, const json::Value& root,
                                    RequestFacts& facts, Passages& passages) const override {
        const std::size_t from = passages.size();
        if (!read_gemini_body(root, passages)) {
            passages.resize(from);
            return false;
        }
        sort_by_place(passages, from);
        facts.model = model_in_path(path, "/models/", ':');
        if (facts.model.empty()) facts.model = model_in_path(path, "Models/", ':');
        if (facts.model.empty()) facts.model = root["model"].as_string().value_or("");
        const bool streams = action_of(path, ':') == "streamGenerateContent";
        facts.stream = streams || root["stream"].as_bool().value_or(false);
        facts.framing = streams && !gemini_asks_for_sse(query) ? Framing::json_array : Framing::sse;
        return true;
    }

    void read_answer(const json::Value& root, Passages& passages) const override {
        const std::size_t from = passages.size();
        if (root.is(json::Kind::array)) {
            for (json::Value frame = root.first(); frame.exists(); frame = frame.next()) {
                read_gemini_frame(frame, passages);
            }
        } else {
            read_gemini_frame(root, passages);
        }
        sort_by_place(passages, from);
    }

    [[nodiscard]] Owned<StreamReader> new_reader(std::pmr::memory_resource* memory) const override {
        return make_owned<GeminiReader>(memory, memory);
    }
    [[nodiscard]] Owned<StreamEnding> new_ending(Framing framing, std::pmr::memory_resource* memory) const override {
        return make_owned<GeminiEnding>(memory, framing, memory);
    }

    void write_blocked(Buffer& out, const Notice& notice, const RequestFacts& facts) const override {
        if (facts.stream) {
            GeminiEnding(facts.framing, std::pmr::null_memory_resource()).write_block(out, notice);
        } else {
            write_gemini_blocked(out, notice.message);
        }
    }
    [[nodiscard]] std::string_view blocked_content_type(const RequestFacts& facts) const noexcept override {
        return facts.stream && facts.framing == Framing::sse ? "text/event-stream" : "application/json";
    }
    void write_error(Buffer& out, int status, std::string_view message) const override {
        write_gemini_error(out, status, message);
    }

    void launder(const json::Value& root, Edits& edits) const override {
        remove_elements(root["contents"], is_gemini_notice, edits);
    }
    void add_instruction(std::string_view, const json::Value& root, std::string_view text,
                         Edits& edits) const override {
        if (!root["contents"].exists()) return;
        std::pmr::memory_resource* memory = edits.get_allocator().resource();
        const std::pmr::string part = around_text(R"({"text":")", text, "\"}", memory);
        const std::pmr::string content = around_text(R"({"parts":[{"text":")", text, "\"}]}", memory);
        const json::Value system = gemini_member(root, "systemInstruction");
        if (!system.exists()) {
            prepend_member(root, std::pmr::string("\"systemInstruction\":", memory) + content, edits);
        } else if (system.is(json::Kind::null)) {
            replace_value(system, content, edits);
        } else if (system.is(json::Kind::string)) {
            append_to_string(system, text, edits);
        } else if (system["parts"].is(json::Kind::array)) {
            append_to_array(system["parts"], part, edits);
        } else if (system["parts"]["text"].is(json::Kind::string)) {
            append_to_string(system["parts"]["text"], text, edits);
        } else if (system.is(json::Kind::object) && !system["parts"].exists()) {
            prepend_member(system, std::pmr::string("\"parts\":[", memory) + part + "]", edits);
        }
    }
};

}  // namespace

// `alt=sse`, which Google's servers also take as `$alt=sse`.
bool gemini_asks_for_sse(std::string_view query) noexcept {
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        if (pair.starts_with('$')) pair.remove_prefix(1);
        if (pair.starts_with("%24")) pair.remove_prefix(3);
        if (pair == "alt=sse") return true;
    }
    return false;
}

const Dialect& gemini_dialect() noexcept {
    static const GeminiDialect instance;
    return instance;
}

}  // namespace gw::provider
