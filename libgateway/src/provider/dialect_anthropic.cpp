#include "provider/dialect_anthropic.h"

#include "provider/anthropic_blocks.h"
#include "provider/anthropic_stream.h"
#include "provider/body_edits.h"
#include "provider/dialect_edits.h"

namespace gw::provider {

using message::PartKind;
using message::Role;

namespace {

Role anthropic_role(const json::Value& turn) noexcept {
    const std::string_view role = turn["role"].as_string().value_or("");
    return role == "assistant" ? Role::assistant : role == "system" ? Role::system : Role::user;
}

void read_body(const json::Value& root, AnthropicBlocks& blocks) {
    Passages& passages = blocks.passages();
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key == "system") {
            blocks.read_content(member, Role::system);
        } else if (key == "messages") {
            for (json::Value turn = member.first(); turn.exists(); turn = turn.next()) {
                blocks.read_content(turn["content"], anthropic_role(turn));
            }
        } else if (key == "tools") {
            Harvest{passages, PartKind::text, Role::system}.add_descriptions(member);
        } else if (key == "prompt") {
            Harvest{passages}.add_string(member);
        }
    }
}

bool is_notice_turn(const json::Value& turn) noexcept {
    if (turn["role"].as_string() != "assistant") return false;
    const json::Value content = turn["content"];
    if (!content.is(json::Kind::array)) return is_notice(content);
    // Thinking may stand in front of the notice. A call may not: its result, in the next turn, needs it.
    bool begins = false;
    bool begun = false;
    for (json::Value block = content.first(); block.exists(); block = block.next()) {
        const std::string_view type = block["type"].as_string().value_or("");
        if (type.ends_with("tool_use")) return false;
        if (type == "text" && !begun) {
            begun = true;
            begins = is_notice(block["text"]);
        }
    }
    return begins;
}

std::string_view anthropic_error_type(int status) noexcept {
    switch (status) {
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503:
    case 529: return "overloaded_error";
    case 504: return "timeout_error";
    default: return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

class AnthropicDialect final : public Dialect {
public:
    [[nodiscard]] DialectName name() const noexcept override { return DialectName::anthropic; }

    [[nodiscard]] bool read_request(std::string_view path, std::string_view, const json::Value& root,
                                    RequestFacts& facts, Passages& passages) const override {
        const json::Value batch = root["requests"];
        if (!root["messages"].is(json::Kind::array) && !root["prompt"].is(json::Kind::string) &&
            !batch.is(json::Kind::array)) {
            return false;
        }
        facts.model = root["model"].as_string().value_or(model_in_path(path, "/models/", ':'));
        facts.stream = root["stream"].as_bool().value_or(false);
        facts.framing = Framing::sse;
        read_anthropic_body(root, passages);
        for (json::Value request = batch.first(); request.exists(); request = request.next()) {
            read_anthropic_body(request["params"], passages);
        }
        return true;
    }

    void read_answer(const json::Value& root, Passages& passages) const override {
        read_anthropic_answer(root, passages);
    }

    [[nodiscard]] Owned<StreamReader> new_reader(std::pmr::memory_resource* memory) const override {
        return make_owned<AnthropicReader>(memory, memory);
    }
    [[nodiscard]] Owned<StreamEnding> new_ending(Framing framing, std::pmr::memory_resource* memory) const override {
        return make_owned<AnthropicEnding>(memory, framing, memory);
    }

    void write_blocked(Buffer& out, const Notice& notice, const RequestFacts& facts) const override {
        if (facts.stream) {
            AnthropicEnding(facts.framing, std::pmr::null_memory_resource()).write_block(out, notice);
            return;
        }
        json::Writer w(out);
        w.begin_object().member("id", "msg_blocked").member("type", "message").member("role", "assistant");
        w.member("model", notice.model).key("content").begin_array().begin_object();
        w.member("type", "text").member("text", notice.message).end_object().end_array();
        w.member("stop_reason", "end_turn");
        w.key("usage").begin_object().member("input_tokens", 0).member("output_tokens", 1).end_object();
        w.member("defenseclaw_blocked", true).member("defenseclaw_reason", notice.message).end_object();
    }
    [[nodiscard]] std::string_view blocked_content_type(const RequestFacts& facts) const noexcept override {
        return facts.stream ? "text/event-stream" : "application/json";
    }
    void write_error(Buffer& out, int status, std::string_view message) const override {
        json::Writer w(out);
        w.begin_object().member("type", "error").key("error").begin_object();
        w.member("type", anthropic_error_type(status)).member("message", message).end_object().end_object();
    }

    void launder(const json::Value& root, Edits& edits) const override { launder_anthropic(root, edits); }
    void add_instruction(std::string_view, const json::Value& root, std::string_view text,
                         Edits& edits) const override {
        if (root["messages"].is(json::Kind::array)) add_anthropic_system(root, text, edits);
    }
};

}  // namespace

void read_anthropic_body(const json::Value& root, Passages& passages) {
    const std::size_t from = passages.size();
    AnthropicBlocks blocks(passages);
    read_body(root, blocks);
    sort_by_place(passages, from);
}

void read_anthropic_answer(const json::Value& root, Passages& passages) {
    const std::size_t from = passages.size();
    AnthropicBlocks blocks(passages);
    const Harvest text{passages, PartKind::text, Role::assistant};
    blocks.read_content(root["content"], Role::assistant);
    add_rest(root, from, text);
    sort_by_place(passages, from);
}

void launder_anthropic(const json::Value& root, Edits& edits) {
    remove_elements(root["messages"], is_notice_turn, edits);
}

void add_anthropic_system(const json::Value& root, std::string_view text, Edits& edits) {
    std::pmr::memory_resource* memory = edits.get_allocator().resource();
    const json::Value system = root["system"];
    if (system.is(json::Kind::string)) {
        append_to_string(system, text, edits);
    } else if (system.is(json::Kind::array)) {
        append_to_array(system, around_text(R"({"type":"text","text":")", text, "\"}", memory), edits);
    } else if (system.is(json::Kind::null)) {
        replace_value(system, around_text("\"", text, "\"", memory), edits);
    } else if (!system.exists() && root.is(json::Kind::object)) {
        prepend_member(root, around_text(R"("system":")", text, "\"", memory), edits);
    }
}

const Dialect& anthropic_dialect() noexcept {
    static const AnthropicDialect instance;
    return instance;
}

}  // namespace gw::provider
