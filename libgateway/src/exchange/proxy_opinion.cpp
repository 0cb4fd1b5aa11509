// The host's opinion of what the rules let pass: of a prompt before its provider is dialled, of an answer that came as
// a whole before its client gets it, of a streamed answer's calls while their frames wait.
#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"
#include "provider/dialect_edits.h"

namespace gw::exchange {

// False: nobody is asked.
bool ProxyRun::ask_opinion(Asked what, std::string_view body) {
    Opinion::Subject subject;
    subject.direction = what == Asked::prompt   ? std::string_view("prompt")
                        : what == Asked::answer ? std::string_view("completion")
                                                : std::string_view("tool_call");
    subject.provider = judgement_.provider;
    subject.model = model_;
    subject.session = session_;
    if (!opinion_) opinion_.emplace(gateway_, static_cast<Opinion::Owner&>(*this));
    if (!opinion_->ask(subject, body)) return false;
    asked_about_ = what;
    return true;
}

// The edits are kept until the answer comes.
bool ProxyRun::ask_about_prompt(std::string_view body, provider::Edits& edits) {
    if (!Opinion::is_wanted(gateway_, *prompt_)) return false;
    Buffer goes_on(gateway_.pool());
    provider::apply_edits(goes_on, body, edits);
    if (!ask_opinion(Asked::prompt, goes_on.text())) return false;
    asked_body_ = body;
    asked_edits_.emplace(std::move(edits));
    return true;
}

void ProxyRun::on_opinion(bool objects, std::string_view reason) {
    if (objects) {
        (asked_about_ == Asked::prompt ? *prompt_ : *completion_)
            .object(reason,
                    asked_about_ == Asked::calls ? guardrail::Direction::tool_call : guardrail::Direction::completion);
    }
    switch (std::exchange(asked_about_, Asked::nothing)) {
    case Asked::nothing: return;
    case Asked::prompt: {
        if (objects) {
            refuse_prompt();
            return;
        }
        json::Document document(gateway_.memory());
        json::Limits limits;
        limits.bytes_max = asked_body_.size();
        const json::Value root = document.parse(asked_body_, limits) ? document.root() : json::Value{};
        forward(asked_body_, root, *asked_edits_);
        return;
    }
    case Asked::answer: pass_collected(); return;
    case Asked::calls:
        stream_->set_time(gateway_.now(), gateway_.unix_ms());
        if (objects) {
            stream_->stop(out_);
        } else {
            stream_->settle(out_);
        }
        send(out_);
        return;
    }
}

// One question at a time; it is about every call that has become complete meanwhile.
void ProxyRun::ask_about_calls() {
    while (!opinion_ || !opinion_->open()) {
        if (stream_->ended()) return;
        const Buffer calls = stream_->take_calls();
        if (calls.empty() || ask_opinion(Asked::calls, calls.text())) return;
        stream_->settle(out_);
    }
}

}  // namespace gw::exchange
