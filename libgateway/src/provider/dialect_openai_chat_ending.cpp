// Ending a stream of chat completion chunks, and answers that are blocked from the start.
#include <algorithm>
#include <map>

#include "provider/dialect_openai_chat.h"
#include "provider/dialect_text.h"
#include "sse/sse.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;

namespace dialect_chat {
namespace {

constexpr std::string_view blocked_id = "chatcmpl-blocked";

// What a chunk says of the answer it belongs to.
struct Head {
    std::string_view id;
    std::string_view model;
    std::uint64_t created_s = 0;
    bool legacy = false;  // completions: a choice has `text` instead of a delta
};

void begin_chunk(Writer& w, const Head& head) {
    w.begin_object().member("id", head.id);
    w.member("object", head.legacy ? "text_completion" : "chat.completion.chunk");
    w.member("created", head.created_s).member("model", head.model);
    w.key("choices").begin_array();
}

void send(Buffer& out, const Buffer& chunk) { sse::encode_data(out, chunk.text()); }

void send_role(Buffer& out, const Head& head, std::uint32_t choice) {
    Buffer chunk(out.pool());
    Writer w(chunk);
    begin_chunk(w, head);
    w.begin_object().member("index", std::uint64_t{choice});
    w.key("delta").begin_object().member("role", "assistant").end_object().key("finish_reason").null().end_object();
    w.end_array().end_object();
    send(out, chunk);
}

void send_text(Buffer& out, const Head& head, std::uint32_t choice, std::string_view gap, std::string_view text) {
    Buffer said(out.pool());
    said.append(gap);
    said.append(text);
    Buffer chunk(out.pool());
    Writer w(chunk);
    begin_chunk(w, head);
    w.begin_object().member("index", std::uint64_t{choice});
    if (head.legacy) {
        w.member("text", said.text());
    } else {
        w.key("delta").begin_object().member("content", said.text()).end_object();
    }
    w.key("finish_reason").null().end_object().end_array().end_object();
    send(out, chunk);
}

void send_end(Buffer& out, const Head& head, std::uint32_t choice, std::string_view message) {
    Buffer chunk(out.pool());
    Writer w(chunk);
    begin_chunk(w, head);
    w.begin_object().member("index", std::uint64_t{choice});
    if (head.legacy) {
        w.member("text", "");
    } else {
        w.key("delta").begin_object().end_object();
    }
    w.member("finish_reason", "content_filter").end_object().end_array();
    w.member("defenseclaw_blocked", true).member("defenseclaw_reason", message).end_object();
    send(out, chunk);
}

class ChatEnding final : public StreamEnding {
public:
    explicit ChatEnding(std::pmr::memory_resource* memory) : choices_(memory), id_(memory), model_(memory) {}

    void note(std::string_view /*type*/, const Value& root) override {
        if (!root.is(Kind::object)) return;
        noted_ = true;
        keep(id_, root["id"]);
        keep(model_, root["model"]);
        if (const auto created = root["created"].as_int(); created && *created > 0)
            created_s_ = static_cast<std::uint64_t>(*created);
        if (string_or_empty(root["object"]) == "text_completion") legacy_ = true;
        const Value choices = root["choices"];
        if (!choices.is(Kind::array)) return;
        for (Value choice = choices.first(); choice.exists(); choice = choice.next()) note_choice(choice);
    }
    void note_sentinel(std::string_view data) override { done_ |= data == "[DONE]"; }

    void write_block(Buffer& out, const Notice& notice) override {
        if (done_) return;
        done_ = true;
        if (!noted_) {
            RequestFacts facts;
            facts.stream = true;
            write_blocked_chat(out, notice, facts);
            return;
        }
        const Head head = head_of(notice);
        // SDKs keep choices in an array: one below the highest that had not begun yet begins now.
        const std::uint32_t last = choices_.empty() ? 0 : choices_.rbegin()->first;
        for (std::uint32_t index = 0; index <= last; ++index) {
            if (choices_.try_emplace(index).second && !legacy_) send_role(out, head, index);
        }
        const bool all_finished =
            std::all_of(choices_.begin(), choices_.end(), [](const auto& entry) { return entry.second.finished; });
        for (const auto& [index, choice] : choices_) {
            if (choice.finished && !all_finished) continue;
            send_text(out, head, index, choice.has_text ? "\n\n" : "", notice.message);
        }
        for (const auto& [index, choice] : choices_) {
            if (!choice.finished || all_finished) send_end(out, head, index, notice.message);
        }
        sse::encode_data(out, "[DONE]");
    }

    void write_failure(Buffer& out, std::string_view message) override {
        if (done_) return;
        done_ = true;
        Buffer error(out.pool());
        write_openai_error(error, 502, message);
        send(out, error);
        sse::encode_data(out, "[DONE]");
    }

private:
    struct Choice {
        bool has_text = false;
        bool finished = false;
    };
    static constexpr std::size_t name_bytes_max = 1024;

    // The first that is said; longer ones are nobody's.
    static void keep(std::pmr::string& mine, const Value& said) {
        const std::string_view text = string_or_empty(said);
        if (mine.empty() && text.size() <= name_bytes_max) mine = text;
    }

    void note_choice(const Value& choice) {
        const auto index = wire_index(choice["index"]);
        if (!index || !choice.is(Kind::object)) return;
        Choice& mine = choices_[*index];
        const Value content = choice["delta"]["content"];
        mine.has_text |= !string_or_empty(content).empty() || content.size() > 0;
        const Value text = choice["text"];
        mine.has_text |= !string_or_empty(text).empty();
        mine.finished |= !string_or_empty(choice["finish_reason"]).empty();
    }

    [[nodiscard]] Head head_of(const Notice& notice) const {
        Head head;
        head.id = id_.empty() ? blocked_id : std::string_view(id_);
        head.model = model_.empty() ? notice.model : std::string_view(model_);
        head.created_s = created_s_ != 0 ? created_s_ : notice.unix_ms / 1000;
        head.legacy = legacy_;
        return head;
    }

    std::pmr::map<std::uint32_t, Choice> choices_;  // those begun
    std::pmr::string id_, model_;
    std::uint64_t created_s_ = 0;
    bool noted_ = false;
    bool legacy_ = false;
    bool done_ = false;
};

// The error object of a status of ours.
struct ErrorName {
    std::string_view type, code;
};
ErrorName error_name(int status) noexcept {
    switch (status) {
    case 401: return {"authentication_error", "invalid_api_key"};
    case 429: return {"rate_limit_error", "rate_limit_exceeded"};
    default: break;
    }
    if (status >= 500) return {"upstream_error", "upstream_error"};
    return {"invalid_request_error", "invalid_request"};
}

}  // namespace
}  // namespace dialect_chat

Owned<StreamEnding> new_chat_ending(std::pmr::memory_resource* memory) {
    return make_owned<dialect_chat::ChatEnding>(memory, memory);
}

void write_blocked_chat(Buffer& out, const Notice& notice, const RequestFacts& facts) {
    using namespace dialect_chat;
    const std::uint64_t created_s = notice.unix_ms / 1000;
    if (facts.stream) {
        const Head head{blocked_id, notice.model, created_s, facts.completion};
        if (!head.legacy) send_role(out, head, 0);
        send_text(out, head, 0, "", notice.message);
        send_end(out, head, 0, notice.message);
        sse::encode_data(out, "[DONE]");
        return;
    }
    Writer w(out);
    w.begin_object().member("id", blocked_id);
    w.member("object", facts.completion ? "text_completion" : "chat.completion").member("created", created_s);
    w.member("model", notice.model).key("choices").begin_array().begin_object().member("index", 0);
    if (facts.completion) {
        w.member("text", notice.message);
    } else {
        w.key("message").begin_object().member("role", "assistant").member("content", notice.message).end_object();
    }
    w.member("finish_reason", "content_filter").end_object().end_array();
    w.key("usage").begin_object().member("prompt_tokens", 0).member("completion_tokens", 0);
    w.member("total_tokens", 0).end_object();
    w.member("defenseclaw_blocked", true).member("defenseclaw_reason", notice.message).end_object();
}

void write_openai_error(Buffer& out, int status, std::string_view message) {
    const dialect_chat::ErrorName name = dialect_chat::error_name(status);
    Writer w(out);
    w.begin_object().key("error").begin_object().member("message", message).member("type", name.type);
    w.key("param").null().member("code", name.code).end_object().end_object();
}

}  // namespace gw::provider
