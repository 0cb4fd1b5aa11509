// The calls in an answer: those of the client's tools are handed to it, those of the gateway's are made, one after the
// other, and the model is asked again with their results.
#include <algorithm>

#include "core/text.h"
#include "exchange/agent_run.h"
#include "exchange/gateway.h"

namespace gw::exchange {

using message::ConversationPart;

// A tool of the client wins over the gateway's of the same name.
bool AgentRun::is_own(std::string_view tool) const noexcept {
    const auto& tools = request_->conversation.tools;
    const auto last = tools.begin() + static_cast<std::ptrdiff_t>(client_tools_);
    const bool clients = std::any_of(tools.begin(), last, [&](const message::Tool& it) { return it.name == tool; });
    return !clients && request_->tools != nullptr;
}

// A tool that is the owner's alone is not there for others, whatever the model believes.
bool AgentRun::may_call(std::string_view tool) const noexcept {
    return request_->tools->has(tool) && (request_->is_owner || !request_->tools->owner_only(tool));
}

void AgentRun::offer_tools() {
    auto& tools = request_->conversation.tools;
    client_tools_ = tools.size();
    if (request_->tools == nullptr) return;
    std::pmr::vector<message::Tool> offered(gateway_.memory());
    request_->tools->describe(offered);
    for (const message::Tool& tool : offered) {
        if (is_own(tool.name) && may_call(tool.name)) tools.push_back(tool);
    }
}

void AgentRun::take_calls() {
    const bool clients =
        std::any_of(calls_.begin(), calls_.end(), [this](const auto& call) { return !is_own(call->tool); });
    if (clients) {
        // The client answers with a new request, which would have no place for results of ours.
        for (const auto& call : calls_) {
            if (is_own(call->tool)) continue;
            listener_.on_call({call->id, call->tool, call->arguments});
            if (ended_) return;
        }
        end(message::StopReason::tool_calls, false);
        return;
    }
    keep_answer();
    step_timer_.arm(gateway_.now());
}

// The answer becomes a turn of the conversation, and a turn for the results is begun behind it.
void AgentRun::keep_answer() {
    message::Conversation& conversation = request_->conversation;
    message::Turn turn{message::Role::assistant, 0, conversation.parts.size(), 0};
    const std::string_view said = text().substr(round_text_at_);
    if (!said.empty()) conversation.parts.emplace_back().text = conversation.keep(said);
    for (const auto& call : calls_) {
        ConversationPart& part = conversation.parts.emplace_back();
        part.kind = ConversationPart::Kind::call;
        part.call_id = conversation.keep(call->id);
        part.tool = conversation.keep(call->tool);
        json::Document document(gateway_.memory());
        const bool readable = document.parse(call->arguments) && document.root().is(json::Kind::object);
        part.arguments = readable ? conversation.keep(call->arguments) : std::string_view("{}");
    }
    turn.count = conversation.parts.size() - turn.first;
    conversation.turns.push_back(turn);
    conversation.turns.push_back({message::Role::tool, 0, conversation.parts.size(), 0});
    // Forced once is enough: with the result the model may answer.
    if (conversation.choice == message::ToolChoice::required || conversation.choice == message::ToolChoice::one)
        conversation.choice = message::ToolChoice::automatic;
}

void AgentRun::start_tool() {
    ToolCall& call = *calls_[call_at_];
    call.run_id = request_->run_id;
    call.agent_id = request_->agent_id;
    call.session_key = request_->session_key;
    listener_.on_tool_start({call.id, call.tool, call.arguments});
    if (ended_) return;
    tool_runs_ = true;
    if (may_call(call.tool)) {
        request_->tools->start(call);
    } else {
        on_tool_result(call, "There is no tool of this name.", true);
    }
}

void AgentRun::on_tool_progress(ToolCall& call, std::string_view text) {
    if (!ended_ && tool_runs_) listener_.on_tool_progress({call.id, call.tool, call.arguments}, text);
}

void AgentRun::on_tool_result(ToolCall& call, std::string_view text, bool is_error) {
    if (ended_ || !tool_runs_) return;
    tool_runs_ = false;
    message::Conversation& conversation = request_->conversation;
    std::string_view result = conversation.keep(cut_utf8(text, result_bytes_max));
    count(result.size());
    if (completion_ && !inspect_view(result, guardrail::Direction::tool_result, call.tool)) {
        block(false);
        return;
    }
    if (!heed(AnswerGate::Outcome::open)) return;
    ConversationPart& part = conversation.parts.emplace_back();
    part.kind = ConversationPart::Kind::result;
    part.call_id = conversation.keep(call.id);
    part.tool = conversation.keep(call.tool);
    part.inner_first = conversation.inner.size();
    part.inner_count = 1;
    part.is_error = is_error;
    conversation.inner.emplace_back().text = result;
    ++conversation.turns.back().count;
    ++call_at_;
    step_timer_.arm(gateway_.now());
    listener_.on_tool_result({call.id, call.tool, call.arguments}, result, is_error);
}

}  // namespace gw::exchange
