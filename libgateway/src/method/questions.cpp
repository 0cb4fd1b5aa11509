#include "method/questions.h"

#include <algorithm>
#include <array>
#include <vector>

#include "method/core.h"
#include "method/write.h"

namespace gw::method {

std::string_view status_name(Question::Status status) noexcept {
    constexpr std::array<std::string_view, 4> names{"pending", "answered", "cancelled", "expired"};
    return names[static_cast<std::size_t>(status)];
}

Question::Question(Questions& owner, std::pmr::memory_resource* memory)
    : questions(owner),
      id(memory),
      agent_id(memory),
      session_key(memory),
      run_id(memory),
      resolved_by(memory),
      asked(memory),
      answers(memory),
      waiters(memory),
      timer(
          owner.core_.gate.timers(),
          [](void* self) {
              auto* question = static_cast<Question*>(self);
              question->questions.on_time(*question);
          },
          this) {}

Question::Waiter::Waiter(Question& of, Ticket whom)
    : question(of),
      ticket(whom),
      timer(
          of.questions.core_.gate.timers(),
          [](void* self) {
              auto* waiter = static_cast<Waiter*>(self);
              waiter->question.questions.on_wait_over(*waiter);
          },
          this) {}

Questions::Questions(Core& core) : core_(core), questions_(core.gate.memory()) {}

Owned<Question> Questions::make() { return make_owned<Question>(core_.gate.memory(), *this, core_.gate.memory()); }

Question* Questions::open(Owned<Question> made, std::uint64_t timeout_ms) {
    if (questions_.find(made->id) != questions_.end()) return nullptr;
    const auto of_client = std::count_if(questions_.begin(), questions_.end(), [&](const auto& entry) {
        const Question& one = *entry.second;
        return one.status == Question::Status::pending && one.requester == made->requester;
    });
    if (questions_.size() >= questions_max || static_cast<std::size_t>(of_client) >= pending_of_client_max)
        return nullptr;
    Gate& gate = core_.gate;
    made->created_ms = gate.unix_ms();
    made->expires_ms = made->created_ms + timeout_ms;
    made->order = next_order_++;
    made->timer.arm(gate.now() + timeout_ms);
    std::pmr::string id(made->id, gate.memory());
    Question& question = *questions_.emplace(std::move(id), std::move(made)).first->second;
    Buffer out(gate.pool());
    json::Writer writer(out);
    write(writer, question);
    Event event;
    event.name = "question.requested";
    event.payload = out.text();
    event.scope = rpc::Scope::questions;
    gate.broadcast(event);
    return &question;
}

Question* Questions::find(std::string_view id) {
    const auto found = questions_.find(id);
    return found != questions_.end() ? found->second.get() : nullptr;
}

void Questions::resolve(Question& question, Question::Status status, std::string_view answers, std::string_view by) {
    question.answers = answers;
    question.resolved_by = by;
    finish(question, status);
}

void Questions::finish(Question& question, Question::Status status) {
    Gate& gate = core_.gate;
    question.status = status;
    question.timer.arm(gate.now() + kept_ms);
    Buffer outcome(gate.pool());
    json::Writer outcome_writer(outcome);
    write_outcome(outcome_writer, question);
    while (!question.waiters.empty()) {
        const Ticket ticket = question.waiters.front().ticket;
        question.waiters.pop_front();
        gate.answer(ticket, outcome.text());
    }
    Buffer out(gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("id", question.id).member("status", status_name(status));
    write_if(writer, "sessionKey", question.session_key);
    if (!question.is_secret) write_raw_if(writer, "answers", question.answers);
    write_if(writer, "resolvedBy", question.resolved_by);
    writer.member("ts", gate.unix_ms()).end_object();
    Event event;
    event.name = "question.resolved";
    event.payload = out.text();
    event.scope = rpc::Scope::questions;
    gate.broadcast(event);
}

void Questions::on_time(Question& question) {
    if (question.status != Question::Status::pending) {
        questions_.erase(questions_.find(question.id));
        return;
    }
    try {
        finish(question, Question::Status::expired);
    } catch (const std::bad_alloc&) {  // it is expired; who waits has a time-out of his own
    }
}

void Questions::wait(Question& question, Ticket ticket, std::uint64_t timeout_ms) {
    question.waiters.emplace_back(question, ticket).timer.arm(core_.gate.now() + timeout_ms);
}

void Questions::on_wait_over(Question::Waiter& waiter) {
    Question& question = waiter.question;
    const Ticket ticket = waiter.ticket;
    question.waiters.remove_if([&](const Question::Waiter& one) { return &one == &waiter; });
    try {
        core_.gate.answer(ticket, R"({"status":"pending"})");
    } catch (const std::bad_alloc&) {  // its client has a time-out of its own
    }
}

void Questions::write(json::Writer& writer, const Question& question) const {
    writer.begin_object().member("id", question.id).key("questions").raw(question.asked);
    write_if(writer, "agentId", question.agent_id);
    write_if(writer, "sessionKey", question.session_key);
    write_if(writer, "runId", question.run_id);
    writer.member("createdAtMs", question.created_ms).member("expiresAtMs", question.expires_ms);
    writer.member("status", status_name(question.status));
    if (!question.is_secret) write_raw_if(writer, "answers", question.answers);
    write_if(writer, "resolvedBy", question.resolved_by);
    writer.end_object();
}

void Questions::write_outcome(json::Writer& writer, const Question& question) const {
    writer.begin_object().member("status", status_name(question.status));
    write_raw_if(writer, "answers", question.answers);
    writer.end_object();
}

void Questions::write_pending(json::Writer& writer) {
    std::pmr::vector<const Question*> all(core_.gate.memory());
    for (const auto& [id, one] : questions_) {
        if (one->status == Question::Status::pending) all.push_back(one.get());
    }
    std::sort(all.begin(), all.end(), [](const Question* a, const Question* b) { return a->order < b->order; });
    writer.begin_object().key("questions").begin_array();
    for (const Question* one : all) write(writer, *one);
    writer.end_array().end_object();
}

}  // namespace gw::method
