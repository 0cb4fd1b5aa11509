#include "provider/dialect_bedrock.h"

#include <algorithm>

#include "provider/bedrock_blocks.h"
#include "provider/bedrock_stream.h"
#include "provider/body_edits.h"
#include "provider/dialect_anthropic.h"
#include "provider/dialect_edits.h"

namespace gw::provider {

using message::PartKind;
using message::Role;

namespace {

Role bedrock_role(const json::Value& turn) noexcept {
    const std::string_view role = turn["role"].as_string().value_or("");
    if (role == "assistant" || role == "CHATBOT") return Role::assistant;
    if (role == "system" || role == "developer" || role == "SYSTEM") return Role::system;
    return role == "tool" || role == "TOOL" ? Role::tool : Role::user;
}

bool is_anthropic_body(const json::Value& root) noexcept { return root["anthropic_version"].exists(); }

void read_turn(const json::Value& turn, BedrockBlocks& blocks) {
    if (!turn.is(json::Kind::object)) {
        blocks.read_content(turn, Role::user);
        return;
    }
    const Role role = bedrock_role(turn);
    for (json::Value member = turn.first(); member.exists(); member = member.next()) {
        if (member.key() == "content") {
            blocks.read_content(member, role);
        } else if (!is_opaque(member.key())) {
            // Other models' turns: {"message": ...}, {"tool_calls": ...}.
            Harvest{blocks.passages(), PartKind::text, role}.add_strings(member);
        }
    }
}

// Every member: what is not known by name may be any model's prompt.
void read_bedrock_body(const json::Value& root, BedrockBlocks& blocks) {
    static constexpr std::string_view wordless[] = {"guardrailConfig", "requestMetadata", "performanceConfig",
                                                    "inferenceConfig", "serviceTier",     "outputConfig"};
    Passages& passages = blocks.passages();
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key == "system") {
            blocks.read_content(member, Role::system);
        } else if (key == "messages" || key == "chat_history") {
            for (json::Value turn = member.first(); turn.exists(); turn = turn.next()) read_turn(turn, blocks);
        } else if (key == "toolConfig" || key == "tools") {
            Harvest{passages, PartKind::text, Role::system}.add_descriptions(member);
        } else if (key == "preamble") {
            Harvest{passages, PartKind::text, Role::system}.add_strings(member);
        } else if (std::find(std::begin(wordless), std::end(wordless), key) == std::end(wordless) && !is_opaque(key)) {
            Harvest{passages}.add_strings(member);
        }
    }
}

// The first text of an assistant's turn decides; a turn with a call stays, because the result behind it needs it.
bool is_bedrock_notice(const json::Value& turn) noexcept {
    if (turn["role"].as_string() != "assistant") return false;
    const json::Value content = turn["content"];
    if (!content.is(json::Kind::array)) return is_notice(content);
    bool begins = false;
    bool begun = false;
    for (json::Value block = content.first(); block.exists(); block = block.next()) {
        if (block["toolUse"].exists()) return false;
        if (block["text"].is(json::Kind::string) && !begun) {
            begun = true;
            begins = is_notice(block["text"]);
        }
    }
    return begins;
}

bool is_streaming(std::string_view action) noexcept {
    return action == "converse-stream" || action == "invoke-with-response-stream";
}
bool is_action(std::string_view action) noexcept {
    return is_streaming(action) || action == "converse" || action == "invoke";
}

class BedrockDialect final : public Dialect {
public:
    [[nodiscard]] DialectName name() const noexcept override { return DialectName::bedrock; }

    [[nodiscard]] bool read_request(std::string_view path, std::string_view, const json::Value& root,
                                    RequestFacts& facts, Passages& passages) const override {
        const std::string_view action = action_of(path, '/');
        if (!is_action(action) || !root.is(json::Kind::object)) return false;
        facts.model = model_in_path(path, "/model/", '/');
        facts.stream = is_streaming(action);
        facts.framing = Framing::aws_events;
        if (is_anthropic_body(root)) {
            read_anthropic_body(root, passages);
            return true;
        }
        const std::size_t from = passages.size();
        BedrockBlocks blocks(passages);
        read_bedrock_body(root, blocks);
        sort_by_place(passages, from);
        return true;
    }

    void read_answer(const json::Value& root, Passages& passages) const override {
        if (root["type"].as_string() == "message") {
            read_anthropic_answer(root, passages);
            return;
        }
        const std::size_t from = passages.size();
        BedrockBlocks blocks(passages);
        static constexpr std::string_view wordless[] = {"usage", "metrics", "performanceConfig"};
        for (json::Value member = root.first(); member.exists(); member = member.next()) {
            const json::Value message = member.key() == "output" ? member["message"] : json::Value();
            if (message.is(json::Kind::object)) {
                blocks.read_content(message["content"], Role::assistant);
            } else if (std::find(std::begin(wordless), std::end(wordless), member.key()) == std::end(wordless) &&
                       !is_opaque(member.key())) {
                Harvest{passages, PartKind::text, Role::assistant}.add_strings(member);
            }
        }
        sort_by_place(passages, from);
    }

    [[nodiscard]] Owned<StreamReader> new_reader(std::pmr::memory_resource* memory) const override {
        return make_owned<BedrockReader>(memory, memory);
    }
    [[nodiscard]] Owned<StreamEnding> new_ending(Framing, std::pmr::memory_resource* memory) const override {
        return make_owned<BedrockEnding>(memory, memory);
    }

    void write_blocked(Buffer& out, const Notice& notice, const RequestFacts& facts) const override {
        if (facts.stream) {
            BedrockEnding(std::pmr::null_memory_resource()).write_block(out, notice);
            return;
        }
        json::Writer w(out);
        w.begin_object().key("output").begin_object().key("message").begin_object().member("role", "assistant");
        w.key("content").begin_array().begin_object().member("text", notice.message).end_object().end_array();
        w.end_object().end_object().member("stopReason", "guardrail_intervened");
        w.key("usage").begin_object().member("inputTokens", 0).member("outputTokens", 1).member("totalTokens", 1);
        w.end_object().key("metrics").begin_object().member("latencyMs", 0).end_object();
        w.member("defenseclaw_blocked", true).member("defenseclaw_reason", notice.message);
        w.member("defenseclaw_model", notice.model).end_object();
    }
    [[nodiscard]] std::string_view blocked_content_type(const RequestFacts& facts) const noexcept override {
        return facts.stream ? "application/vnd.amazon.eventstream" : "application/json";
    }
    void write_error(Buffer& out, int, std::string_view message) const override {
        json::Writer(out).begin_object().member("message", message).end_object();
    }

    void launder(const json::Value& root, Edits& edits) const override {
        if (is_anthropic_body(root)) {
            launder_anthropic(root, edits);
        } else {
            remove_elements(root["messages"], is_bedrock_notice, edits);
        }
    }
    void add_instruction(std::string_view, const json::Value& root, std::string_view text,
                         Edits& edits) const override {
        if (!root["messages"].is(json::Kind::array)) return;
        if (is_anthropic_body(root)) {
            add_anthropic_system(root, text, edits);
            return;
        }
        std::pmr::memory_resource* memory = edits.get_allocator().resource();
        const std::pmr::string block = around_text(R"({"text":")", text, "\"}", memory);
        const json::Value system = root["system"];
        if (system.is(json::Kind::array)) {
            append_to_array(system, block, edits);
        } else if (system.is(json::Kind::string)) {
            append_to_string(system, text, edits);
        } else if (system.is(json::Kind::null)) {
            replace_value(system, std::pmr::string("[", memory) + block + "]", edits);
        } else if (!system.exists() && has_converse_turns(root)) {
            prepend_member(root, std::pmr::string("\"system\":[", memory) + block + "]", edits);
        }
    }

private:
    // Models whose turns are other than Converse's (content as a string, blocks with types) know no "system" beside
    // them, and some refuse what they do not know.
    static bool has_converse_turns(const json::Value& root) noexcept {
        const json::Value content = root["messages"].first()["content"];
        return content.is(json::Kind::array) && !content.first()["type"].exists();
    }
};

}  // namespace

const Dialect& bedrock_dialect() noexcept {
    static const BedrockDialect instance;
    return instance;
}

}  // namespace gw::provider
