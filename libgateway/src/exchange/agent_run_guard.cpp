// What the guardrail has to do with a run: the conversation is inspected before a model sees any of it, and what was
// found is written down. The answer's texts pass through the AnswerGate.
#include <algorithm>

#include "exchange/agent_run.h"
#include "exchange/gateway.h"
#include "exchange/verdict_record.h"
#include "provider/dialect.h"
#include "provider/translator.h"

namespace gw::exchange {

using guardrail::Direction;
using message::ConversationPart;
using message::Role;

// Null when nothing is to be inspected.
Proxy* AgentRun::inspector() const noexcept {
    Proxy* const proxy = gateway_.proxy();
    return proxy != nullptr && !proxy->disabled() && request_->inspect ? proxy : nullptr;
}

// A turn that a notice of ours has answered was never seen by a model, or its answer was withheld: neither goes along,
// or a session would be blocked for ever by what was blocked in it once.
void AgentRun::forget_refused_turns() {
    message::Conversation& conversation = request_->conversation;
    auto& turns = conversation.turns;
    const auto is_notice = [&](const message::Turn& turn) {
        return turn.role == Role::assistant && turn.count > 0 &&
               conversation.parts[turn.first].text.starts_with(provider::notice_prefix);
    };
    std::size_t kept = 0;
    for (std::size_t i = 0; i < turns.size(); ++i) {
        if (is_notice(turns[i])) continue;
        if (turns[i].role == Role::user && i + 1 < turns.size() && is_notice(turns[i + 1])) continue;
        turns[kept++] = turns[i];
    }
    turns.resize(kept);
}

bool AgentRun::inspect_prompt() {
    message::Conversation& conversation = request_->conversation;
    prompt_.emplace(inspector()->scanner(), inspector()->policy(), gateway_.memory());
    for (ConversationPart& part : conversation.system) {
        if (!inspect_part(part, Role::system)) return false;
    }
    for (const message::Turn& turn : conversation.turns) {
        for (std::size_t i = turn.first; i < turn.first + turn.count; ++i) {
            if (!inspect_part(conversation.parts[i], turn.role)) return false;
        }
    }
    for (message::Tool& tool : conversation.tools) {
        if (!inspect_view(tool.description, Direction::prompt, {}) || !inspect_json(tool.schema, Direction::prompt, {}))
            return false;
    }
    for (std::string_view& sequence : conversation.stop) {
        if (!inspect_view(sequence, Direction::prompt, {})) return false;
    }
    return inspect_json(conversation.shape_schema, Direction::prompt, {}) &&
           inspect_view(conversation.user, Direction::prompt, {});
}

bool AgentRun::inspect_part(ConversationPart& part, Role /*role*/) {
    switch (part.kind) {
    case ConversationPart::Kind::text:
    case ConversationPart::Kind::refusal: return inspect_view(part.text, Direction::prompt, {});
    case ConversationPart::Kind::image: return inspect_view(part.url, Direction::prompt, {});
    // Calls that were made earlier are history, not deeds.
    case ConversationPart::Kind::call: return inspect_json(part.arguments, Direction::prompt, part.tool);
    case ConversationPart::Kind::result: break;
    }
    auto& inner = request_->conversation.inner;
    for (std::size_t i = part.inner_first; i < part.inner_first + part.inner_count; ++i) {
        if (!inspect_view(inner[i].text, Direction::tool_result, part.tool)) return false;
    }
    return true;
}

// False: it blocks. What a rule masks is replaced.
bool AgentRun::inspect_view(std::string_view& text, Direction direction, std::string_view tool) {
    Inspection& inspection = completion_ ? *completion_ : *prompt_;
    const Inspection::WholeText left = inspection.inspect_text(direction, tool, text);
    if (left.blocked) return false;
    if (left.changed) text = request_->conversation.keep(left.text);
    return true;
}

// A text that has to stay JSON.
bool AgentRun::inspect_json(std::string_view& text, Direction direction, std::string_view tool) {
    std::string_view left = text;
    if (!inspect_view(left, direction, tool)) return false;
    if (left.data() != text.data()) {
        if (json::Document check(gateway_.memory()); !check.parse(left)) {
            prompt_->refuse("a replacement would break the JSON around it");
            return false;
        }
        text = left;
    }
    return true;
}

// What was blocked in this session is told to its model, for a while.
void AgentRun::tell_model() {
    const std::pmr::string notice =
        gateway_.proxy()->notices().text_for(request_->session_key, gateway_.now(), gateway_.memory());
    if (!notice.empty()) request_->add_text(Role::system, notice);
}

// False: nobody is asked. With a prompt the run stands still before its first model, with calls before the first of
// them is made.
bool AgentRun::ask_opinion(std::string_view direction, std::string_view body) {
    Opinion::Subject subject;
    subject.direction = direction;
    subject.provider = provider_;
    subject.model = direction == "prompt" ? std::string_view(request_->model) : std::string_view(model_name_);
    subject.session = request_->session_key;
    subject.agent = request_->agent_id;
    if (!opinion_) opinion_.emplace(gateway_, static_cast<Opinion::Owner&>(*this));
    return opinion_->ask(subject, body);
}

bool AgentRun::ask_about_prompt() {
    if (!Opinion::is_wanted(gateway_, *prompt_)) return false;
    Buffer body(gateway_.pool());
    if (const auto written = provider::chat_translator().write_request(body, request_->conversation, request_->model);
        !written) {
        gateway_.log().warn({"guardrail: nobody can be asked about a prompt: ", written.error().what});
        return false;
    }
    return ask_opinion("prompt", body.text());
}

bool AgentRun::ask_about_calls() {
    if (!completion_ || !Opinion::is_wanted(gateway_, *completion_)) return false;
    AskedCalls asked(gateway_.pool());
    for (const Owned<ToolCall>& call : calls_) asked.add(call->tool, call->arguments);
    const Buffer body = asked.take();
    return ask_opinion("tool_call", body.text());
}

void AgentRun::on_opinion(bool objects, std::string_view reason) {
    if (ended_) return;
    const bool prompt = !completion_;
    if (objects) {
        (prompt ? *prompt_ : *completion_).object(reason, prompt ? Direction::prompt : Direction::tool_call);
        block(prompt);
    } else if (prompt) {
        go_on();
    } else {
        take_calls();
    }
}

void AgentRun::block(bool prompt) {
    Inspection& inspection = prompt ? *prompt_ : *completion_;
    Proxy& proxy = *gateway_.proxy();
    if (prompt) record(inspection, true);
    std::pmr::string words(gateway_.memory());
    inspection.write_reason(words);
    proxy.notices().add(request_->session_key, prompt, words, gateway_.now());
    words.assign(text_.size() > round_text_at_ ? "\n\n" : "");
    inspection.write_notice(words, prompt, proxy.block_message());
    if (provider_.empty()) provider_ = "gateway";
    tell_start();
    if (ended_) return;
    text_.append(words);
    listener_.on_text(words);
    if (!ended_) end(message::StopReason::content_filter, true);
}

void AgentRun::record(const Inspection& inspection, bool prompt) {
    Proxy* const proxy = gateway_.proxy();
    if (proxy == nullptr) return;
    endpoint::Envelope envelope;
    envelope.unix_ms = gateway_.unix_ms();
    envelope.run_id = request_->run_id;
    envelope.request_id = request_->run_id;
    envelope.session_id = request_->session_key;
    envelope.agent_id = request_->agent_id;
    envelope.provider = provider_;
    envelope.model = model_name_;
    record_verdict(gateway_, *proxy, inspection, prompt, envelope, gateway_.now() - begun_at_);
}

}  // namespace gw::exchange
