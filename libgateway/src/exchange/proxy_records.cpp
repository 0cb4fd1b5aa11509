// What is written down of a request: where it went, what was found, how it ended. Never what was said.
#include "crypto/random.h"
#include "endpoint/egress.h"
#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"
#include "exchange/verdict_record.h"

namespace gw::exchange {

endpoint::Envelope ProxyRun::envelope(std::string_view direction) const {
    endpoint::Envelope out;
    out.unix_ms = gateway_.unix_ms();
    out.request_id = request_id_;
    out.session_id = session_;
    out.provider = judgement_.provider;
    out.model = model_;
    out.direction = direction;
    const http1::Headers& headers = head_->headers;
    out.policy_id = headers.get("x-defenseclaw-policy-id").value_or("");
    out.destination_app = headers.get("x-defenseclaw-destination-app").value_or("");
    out.agent_name = headers.get("x-agent-name").value_or("");
    if (out.session_id.empty()) out.session_id = headers.get("x-conversation-id").value_or("");
    if (peer_is_loopback_) {  // traceparent: version-trace-parent-flags (W3C Trace Context 3.2)
        const std::string_view trace = headers.get("traceparent").value_or("");
        if (trace.size() == 55 && trace[2] == '-' && trace[35] == '-') out.trace_id = trace.substr(3, 32);
    }
    return out;
}

void ProxyRun::write(const endpoint::Envelope& envelope, const endpoint::RecordPayload& payload) {
    write_record(gateway_, proxy_, envelope, payload);
}

void ProxyRun::record_egress() {
    const endpoint::EgressRecord record = endpoint::record_of(judgement_, path());
    endpoint::Envelope to = envelope({});
    to.severity = endpoint::severity_of(judgement_.branch, judgement_.decision);
    write(to, record);
    if (to.severity == endpoint::RecordSeverity::high)
        gateway_.log().warn({"guardrail: a request that looks like LLM traffic was stopped: ", judgement_.host});
}

void ProxyRun::record_verdict(const Inspection& inspection, bool prompt) {
    exchange::record_verdict(gateway_, proxy_, inspection, prompt, envelope({}), gateway_.now() - begun_at_);
}

void ProxyRun::record_prompt(std::string_view body) {
    if (const auto uuid = crypto::random_uuid(gateway_.random())) prompt_id_.assign(uuid->data(), uuid->size());
    endpoint::PromptRecord record;
    record.prompt_id = prompt_id_;
    record.role = "user";
    record.raw_request_body = body;
    record.source = "proxy";
    write(envelope("prompt"), record);
}

void ProxyRun::record_response() {
    recorded_ = true;
    endpoint::ResponseRecord record;
    record.response_id = request_id_;
    record.reply_to_prompt_id = prompt_id_;
    record.source = "proxy";
    const bool blocked = completion_->blocked();
    const std::string_view reasons[] = {blocked                                      ? "content_filter"
                                        : whole_ || (stream_ && stream_->complete()) ? "stop"
                                        : refused_                                   ? "error"
                                                                                     : "cancelled"};
    record.finish_reasons = reasons;
    write(envelope("completion"), record);
}

void ProxyRun::record_error(std::string_view message) {
    endpoint::ErrorRecord record;
    record.subsystem = "upstream";
    record.message = message;
    endpoint::Envelope to = envelope({});
    to.severity = endpoint::RecordSeverity::warn;
    write(to, record);
}

void ProxyRun::answer_egress(std::string_view body) {
    endpoint::EgressReport report(gateway_.memory());
    const endpoint::EgressAnswer answer =
        endpoint::read_egress(head_->headers.get("content-type"), body, report, gateway_.memory());
    if (answer.status != 204) {
        refuse_text(answer.status, answer.text);
        return;
    }
    endpoint::Envelope to = envelope({});
    to.severity = endpoint::severity_of(report.branch, report.decision);
    write(to, report.record());
    if (to.severity == endpoint::RecordSeverity::high)
        gateway_.log().warn({"guardrail: a client reports a blocked request to ", report.target_host});
    client_.answer(204, {}, {});
}

}  // namespace gw::exchange
