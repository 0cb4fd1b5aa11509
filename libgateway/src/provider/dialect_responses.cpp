#include "provider/dialect_responses.h"

#include "provider/dialect_edits.h"
#include "provider/dialect_openai_chat.h"
#include "provider/dialect_openai_message.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;
using message::Role;

namespace responses {
namespace {

void read_items(const Value& items, Role role, CallNames& names, Passages& passages) {
    if (!items.is(Kind::array)) {
        add_content(passages, {PartKind::text, role, {}}, items);
        return;
    }
    for (Value item = items.first(); item.exists(); item = item.next()) read_response_item(item, role, names, passages);
}

bool is_notice_item(const Value& item) {
    if (string_or_empty(item["id"]).starts_with("msg_blocked")) return true;
    return string_or_empty(item["role"]) == "assistant" && begins_with_notice(item["content"]);
}

class Responses final : public Dialect {
public:
    [[nodiscard]] DialectName name() const noexcept override { return DialectName::openai_responses; }

    [[nodiscard]] bool read_request(std::string_view /*path*/, std::string_view /*query*/, const Value& root,
                                    RequestFacts& facts, Passages& passages) const override {
        const Value input = root["input"];
        const bool asks = input.is(Kind::string) || input.is(Kind::array);
        if (input.exists() && !asks) return false;
        if (!asks && !root["prompt"].is(Kind::object) && !root["instructions"].exists()) return false;
        facts.model = string_or_empty(root["model"]);
        facts.stream = root["stream"].as_bool().value_or(false);
        facts.framing = Framing::sse;
        CallNames names(passages.get_allocator().resource());
        for (Value member = root.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            if (key == "input") {
                read_items(member, Role::user, names, passages);
            } else if (key == "instructions") {
                read_items(member, Role::system, names, passages);
            } else if (key == "prompt") {
                // A stored prompt's variables are the user's words, whatever they are called.
                const Value variables = member["variables"];
                for (Value variable = variables.first(); variable.exists(); variable = variable.next())
                    add_content(passages, {PartKind::text, Role::user, {}}, variable);
            } else if (key == "tools" || key == "text") {
                add_descriptions(passages, member);
            } else {
                add_content(passages, {PartKind::text, Role::user, {}}, member, is_text_key(key));
            }
        }
        return true;
    }

    void read_answer(const Value& root, Passages& passages) const override {
        CallNames names(passages.get_allocator().resource());
        if (!root.is(Kind::object)) read_items(root, Role::assistant, names, passages);
        for (Value member = root.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            if (key == "output") {
                read_items(member, Role::assistant, names, passages);
            } else if (key == "output_text" || key == "error") {
                add_content(passages, {PartKind::text, Role::assistant, {}}, member);
            }
            // The rest repeats the request: instructions, tools, metadata.
        }
    }

    [[nodiscard]] Owned<StreamReader> new_reader(std::pmr::memory_resource* memory) const override {
        return new_responses_reader(memory);
    }
    [[nodiscard]] Owned<StreamEnding> new_ending(Framing /*framing*/,
                                                 std::pmr::memory_resource* memory) const override {
        return new_responses_ending(memory);
    }

    void write_blocked(Buffer& out, const Notice& notice, const RequestFacts& facts) const override {
        write_blocked_responses(out, notice, facts.stream);
    }
    [[nodiscard]] std::string_view blocked_content_type(const RequestFacts& facts) const noexcept override {
        return facts.stream ? "text/event-stream" : "application/json";
    }
    void write_error(Buffer& out, int status, std::string_view message) const override {
        write_openai_error(out, status, message);
    }

    void launder(const Value& root, Edits& edits) const override {
        remove_elements(root["input"], is_notice_item, edits);
    }
    void add_instruction(std::string_view /*body*/, const Value& root, std::string_view text,
                         Edits& edits) const override {
        prepend_to_member(root, "instructions", text, edits);
    }
};

}  // namespace
}  // namespace responses

const Dialect& responses_dialect() noexcept {
    static const responses::Responses dialect;
    return dialect;
}

}  // namespace gw::provider
