#include "exchange/opinion.h"

#include <new>

#include "exchange/gateway.h"
#include "exchange/inspection.h"

namespace gw::exchange {

bool Opinion::is_wanted(const Gateway& gateway, const Inspection& inspection) noexcept {
    return gateway.host_opinion() && inspection.policy().policy.mode == guardrail::Mode::action;
}

bool Opinion::ask(const Subject& subject, std::string_view body) {
    Buffer data(gateway_.pool());
    json::Writer w(data);
    w.begin_object().member("direction", subject.direction).member("provider", subject.provider);
    w.member("model", subject.model).member("session", subject.session);
    if (!subject.agent.empty()) w.member("agent", subject.agent);
    w.key("body").raw(body).end_object();
    Question question;
    question.type = GW_EVENT_OPINION;
    question.data = data.text();
    if (ask_.put(question) == GW_OK) return true;
    gateway_.log().warn({"guardrail: too many questions are open, a ", subject.direction, " has no second opinion"});
    return false;
}

void Opinion::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    const bool objects = answer.status == GW_ERR_BLOCKED;
    if (!objects && answer.status != GW_OK) gateway_.log().warn({"guardrail: there is no second opinion on a message"});
    try {
        owner_.on_opinion(objects, as_text(answer.reason));
    } catch (const std::bad_alloc&) {  // a question that ran out of time is answered by a tick, which has no other end
        owner_.on_no_memory();
    }
}

void AskedCalls::add(std::string_view tool, std::string_view arguments) {
    const std::size_t before = json_.size();
    try {
        json_.append(before == 0 ? std::string_view(R"({"calls":[)") : std::string_view(","));
        json::Writer w(json_);
        w.begin_object().member("name", tool).member("arguments", arguments).end_object();
    } catch (const std::bad_alloc&) {
        json_.truncate(before);
        throw;
    }
}

Buffer AskedCalls::take() {
    if (!json_.empty()) json_.append("]}");
    return std::move(json_);
}

}  // namespace gw::exchange
