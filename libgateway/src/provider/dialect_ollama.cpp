#include "provider/dialect_ollama.h"

#include "provider/dialect_edits.h"
#include "provider/dialect_openai_message.h"
#include "provider/dialect_text.h"
#include "provider/token_echo.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;
using message::Role;

namespace ollama {
namespace {

class Ollama final : public Dialect {
public:
    [[nodiscard]] DialectName name() const noexcept override { return DialectName::ollama; }

    [[nodiscard]] bool read_request(std::string_view /*path*/, std::string_view /*query*/, const Value& root,
                                    RequestFacts& facts, Passages& passages) const override {
        if (!root["messages"].is(Kind::array) && !root["prompt"].is(Kind::string) && !root["system"].is(Kind::string))
            return false;
        facts.model = string_or_empty(root["model"]);
        facts.stream = root["stream"].as_bool().value_or(true);  // unlike everybody else
        facts.framing = Framing::ndjson;
        CallNames names(passages.get_allocator().resource());
        for (Value member = root.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            if (key == "messages") {
                for (Value message = member.first(); message.exists(); message = message.next())
                    read_message(message, Role::user, names, passages);
            } else if (key == "prompt" || key == "suffix") {
                add_content(passages, {PartKind::text, Role::user, {}}, member);
            } else if (key == "system" || key == "template") {
                add_content(passages, {PartKind::text, Role::system, {}}, member);
            } else if (key == "tools" || key == "format") {
                add_descriptions(passages, member);
            } else {
                add_content(passages, {PartKind::text, Role::user, {}}, member, is_text_key(key));
            }
        }
        return true;
    }

    void read_answer(const Value& root, Passages& passages) const override {
        CallNames names(passages.get_allocator().resource());
        if (!root.is(Kind::object)) read_message(root, Role::assistant, names, passages);
        for (Value member = root.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            if (key == "message") {
                read_message(member, Role::assistant, names, passages);
            } else if (key == "thinking") {
                add_content(passages, {PartKind::reasoning, Role::assistant, {}}, member);
            } else if (is_token_key(key)) {
                add_line_tokens(passages, root, member);
            } else {
                add_content(passages, {PartKind::text, Role::assistant, {}}, member, is_text_key(key));
            }
        }
    }

    [[nodiscard]] Owned<StreamReader> new_reader(std::pmr::memory_resource* memory) const override {
        return new_ollama_reader(memory);
    }
    [[nodiscard]] Owned<StreamEnding> new_ending(Framing /*framing*/,
                                                 std::pmr::memory_resource* memory) const override {
        return new_ollama_ending(memory);
    }

    void write_blocked(Buffer& out, const Notice& notice, const RequestFacts& /*facts*/) const override {
        write_blocked_ollama(out, notice);
    }
    [[nodiscard]] std::string_view blocked_content_type(const RequestFacts& /*facts*/) const noexcept override {
        return "application/x-ndjson";
    }
    void write_error(Buffer& out, int /*status*/, std::string_view message) const override {
        json::Writer(out).begin_object().member("error", message).end_object();
    }

    void launder(const Value& root, Edits& edits) const override {
        remove_elements(root["messages"], is_notice_message, edits);
    }
    void add_instruction(std::string_view /*body*/, const Value& root, std::string_view text,
                         Edits& edits) const override {
        if (root["messages"].is(Kind::array)) {
            insert_system_message(root["messages"], text, edits);
        } else if (root["prompt"].is(Kind::string)) {
            prepend_to_member(root, "system", text, edits);
        }
    }
};

}  // namespace
}  // namespace ollama

void add_line_tokens(Passages& passages, const Value& line, const Value& tokens) {
    const Value texts[] = {line["message"]["content"], line["response"]};
    add_tokens(passages, tokens, texts);
}

const Dialect& ollama_dialect() noexcept {
    static const ollama::Ollama dialect;
    return dialect;
}

}  // namespace gw::provider
