// The host's opinion of a request that the rules let pass: asked before the provider is, while the request waits.
#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"
#include "provider/dialect_edits.h"

namespace gw::exchange {

// False: nobody is asked. The edits are kept until the answer comes.
bool ProxyRun::ask_opinion(std::string_view body, provider::Edits& edits) {
    if (!gateway_.host_opinion() || !proxy_.enforces()) return false;
    Buffer goes_on(gateway_.pool()), data(gateway_.pool());
    provider::apply_edits(goes_on, body, edits);
    json::Writer w(data);
    w.begin_object().member("direction", "prompt").member("provider", judgement_.provider).member("model", model_);
    w.member("session", session_).key("body").raw(goes_on.text()).end_object();
    Question question;
    question.type = GW_EVENT_OPINION;
    question.data = data.text();
    opinion_.emplace(gateway_, static_cast<AskOwner&>(*this));
    if (opinion_->put(question) != GW_OK) {
        gateway_.log().warn({"guardrail: too many questions are open, a request goes without a second opinion"});
        return false;
    }
    asked_body_ = body;
    asked_edits_.emplace(std::move(edits));
    return true;
}

void ProxyRun::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    try {
        if (answer.status == GW_ERR_BLOCKED) {
            prompt_->object(as_text(answer.reason));
            refuse_prompt();
            return;
        }
        if (answer.status != GW_OK) gateway_.log().warn({"guardrail: there is no second opinion on a request"});
        json::Document document(gateway_.memory());
        json::Limits limits;
        limits.bytes_max = asked_body_.size();
        const json::Value root = document.parse(asked_body_, limits) ? document.root() : json::Value{};
        forward(asked_body_, root, *asked_edits_);
    } catch (const std::bad_alloc&) {  // a question that ran out of time is answered by a tick, which has no other end
        client_.fail_no_memory();
    }
}

}  // namespace gw::exchange
