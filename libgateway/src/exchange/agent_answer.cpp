#include "exchange/agent_answer.h"

#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

void AgentAnswer::begin_turn(Owned<AgentRequest> request) {
    AgentRun::Listener& listener = *this;
    turn_.emplace(gateway_, listener);
    turn_->start(std::move(request));
}

void AgentAnswer::on_drained() {
    if (turn_) turn_->resume();
}

void AgentAnswer::on_no_memory() noexcept { client_.break_off(); }

void AgentAnswer::on_start(std::string_view provider, std::string_view model) {
    if (stream_) client_.begin_stream(200, event_stream_type, event_stream_fields);
    Buffer out(gateway_.pool());
    write_begin(out, provider, model);
    send(out);
}

void AgentAnswer::send(const Buffer& out) {
    if (out.empty()) return;
    client_.write(out.bytes());
    if (client_.is_full()) turn_->pause();
}

void AgentAnswer::on_text(std::string_view text) {
    Buffer out(gateway_.pool());
    write_text(out, text);
    send(out);
}

void AgentAnswer::on_call(const AgentRun::Call& call) {
    Buffer out(gateway_.pool());
    write_call(out, call);
    send(out);
}

void AgentAnswer::on_end(const AgentRun::End& end) {
    Buffer out(gateway_.pool());
    write_end(out, end);
    if (stream_) {
        client_.write(out.bytes());
        client_.end();  // ends this run
        return;
    }
    constexpr http1::Header blocked_field{"X-DefenseClaw-Blocked", "true"};
    client_.answer(200, json_type, out.text(), {&blocked_field, end.blocked ? 1U : 0U});
}

void AgentAnswer::on_failed(const AgentFailure& failure) {
    if (!client_.stream_begun()) return answer_failed(failure);
    gateway_.log().warn({"a stream broke off: ", failure.message, " (", client_.request_id(), ")"});
    Buffer out(gateway_.pool());
    write_failure(out, failure);
    client_.write(out.bytes());
    client_.end();
}

void AgentAnswer::answer_failed(const AgentFailure& failure) {
    answer_failure(client_, {failure.http_status, failure.type, failure.message, failure.code, {}},
                   failure.retry_after);
}

}  // namespace gw::exchange
