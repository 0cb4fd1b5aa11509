#include "provider/dialect_openai_chat.h"

#include "provider/dialect_edits.h"
#include "provider/dialect_openai_message.h"
#include "provider/dialect_text.h"
#include "provider/token_echo.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;
using message::Role;

namespace dialect_chat {
namespace {

// The deployment of ".../openai/deployments/<name>/chat/completions": Azure's word for the model.
std::string_view deployment_of(std::string_view path) noexcept {
    constexpr std::string_view before = "/openai/deployments/";
    const std::size_t at = path.find(before);
    if (at == std::string_view::npos) return {};
    path.remove_prefix(at + before.size());
    return path.substr(0, path.find('/'));
}

void read_member(const Value& member, CallNames& names, Passages& passages) {
    const std::string_view key = member.key();
    if (key == "messages") {
        for (Value message = member.first(); message.exists(); message = message.next())
            read_message(message, Role::user, names, passages);
    } else if (key == "tools" || key == "functions" || key == "response_format") {
        add_descriptions(passages, member);
    } else if (key == "system" || key == "instructions") {
        add_content(passages, {PartKind::text, Role::system, {}}, member);
    } else if (key == "prediction") {
        add_content(passages, {PartKind::text, Role::assistant, {}}, member);
    } else if (key == "prompt" || key == "suffix" || key == "input" || key == "inputs" || key == "contents") {
        add_content(passages, {PartKind::text, Role::user, {}}, member);
    } else {
        add_content(passages, {PartKind::text, Role::user, {}}, member, is_text_key(key));
    }
}

// A prompt, or an input of embeddings, may be numbers of tokens: [1,2,3] or [[1,2],[3]].
bool has_token_numbers(const Value& prompt) noexcept {
    for (Value child = prompt.first(); child.exists(); child = child.next()) {
        if (child.is(Kind::number) || (child.is(Kind::array) && child.first().is(Kind::number))) return true;
    }
    return false;
}

class Chat final : public Dialect {
public:
    [[nodiscard]] DialectName name() const noexcept override { return DialectName::openai_chat; }

    [[nodiscard]] bool read_request(std::string_view path, std::string_view /*query*/, const Value& root,
                                    RequestFacts& facts, Passages& passages) const override {
        if (!root.is(Kind::object)) return false;
        const bool asks = root["messages"].is(Kind::array) || root["prompt"].exists() || root["input"].exists() ||
                          root["inputs"].exists() || root["contents"].exists();
        if (!asks) return false;
        facts.model = string_or_empty(root["model"]);
        if (facts.model.empty()) facts.model = deployment_of(path);
        facts.stream = root["stream"].as_bool().value_or(false);
        facts.framing = Framing::sse;
        facts.completion = !root["messages"].is(Kind::array) && root["prompt"].exists();
        facts.token_numbers = has_token_numbers(root["prompt"]) || has_token_numbers(root["input"]);
        CallNames names(passages.get_allocator().resource());
        for (Value member = root.first(); member.exists(); member = member.next()) read_member(member, names, passages);
        return true;
    }

    void read_answer(const Value& root, Passages& passages) const override {
        CallNames names(passages.get_allocator().resource());
        const TextPlace place{PartKind::text, Role::assistant, {}};
        if (!root.is(Kind::object)) add_content(passages, place, root);
        for (Value member = root.first(); member.exists(); member = member.next()) {
            if (member.key() != "choices" || !member.is(Kind::array)) {
                add_content(passages, place, member, is_text_key(member.key()));
                continue;
            }
            for (Value choice = member.first(); choice.exists(); choice = choice.next())
                read_choice(choice, names, passages);
        }
    }

    [[nodiscard]] Owned<StreamReader> new_reader(std::pmr::memory_resource* memory) const override {
        return new_chat_reader(memory);
    }
    [[nodiscard]] Owned<StreamEnding> new_ending(Framing /*framing*/,
                                                 std::pmr::memory_resource* memory) const override {
        return new_chat_ending(memory);
    }

    void write_blocked(Buffer& out, const Notice& notice, const RequestFacts& facts) const override {
        write_blocked_chat(out, notice, facts);
    }
    [[nodiscard]] std::string_view blocked_content_type(const RequestFacts& facts) const noexcept override {
        return facts.stream ? "text/event-stream" : "application/json";
    }
    void write_error(Buffer& out, int status, std::string_view message) const override {
        write_openai_error(out, status, message);
    }

    void launder(const Value& root, Edits& edits) const override {
        remove_elements(root["messages"], is_notice_message, edits);
    }
    void add_instruction(std::string_view /*body*/, const Value& root, std::string_view text,
                         Edits& edits) const override {
        insert_system_message(root["messages"], text, edits);
    }

private:
    static void read_choice(const Value& choice, CallNames& names, Passages& passages) {
        if (!choice.is(Kind::object)) {
            read_message(choice, Role::assistant, names, passages);
            return;
        }
        for (Value member = choice.first(); member.exists(); member = member.next()) {
            if (!may_hold_text(member)) continue;
            if (member.key() == "message" || member.key() == "delta") {
                read_message(member, Role::assistant, names, passages);
            } else if (is_token_key(member.key())) {
                add_choice_tokens(passages, choice, member);
            } else {
                add_content(passages, {PartKind::text, Role::assistant, {}}, member, is_text_key(member.key()));
            }
        }
    }
};

}  // namespace
}  // namespace dialect_chat

// The tokens of a choice spell its text, wherever that stands: a message, a delta, the text of a completion.
void add_choice_tokens(Passages& passages, const Value& choice, const Value& tokens) {
    const Value said = choice[choice["delta"].is(Kind::object) ? "delta" : "message"];
    const Value texts[] = {said["content"], choice["text"]};
    add_tokens(passages, tokens, texts, said["refusal"]);
}

const Dialect& openai_chat_dialect() noexcept {
    static const dialect_chat::Chat chat;
    return chat;
}

}  // namespace gw::provider
