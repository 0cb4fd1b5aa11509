// question.request, question.waitAnswer, question.resolve, question.get, question.list.
#include <algorithm>
#include <array>

#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

constexpr std::int64_t question_ms = 1800000;
constexpr std::int64_t question_ms_max = 86400000;

void question_request(Core& core, Call& call) {
    const json::Value asked = call.params["questions"];
    if (asked.raw().size() > Questions::bytes_max) return call.fail("questions too large");
    auto made = core.questions.make();
    if (const std::string_view id = trim(call.text("id")); !id.empty()) {
        made->id = id;
    } else if (const auto uuid = crypto::random_uuid(core.gate.random())) {
        made->id.assign(uuid->data(), uuid->size());
    } else {
        return call.fail(rpc::code::unavailable, {"no random numbers"});
    }
    if (core.questions.find(made->id) != nullptr) return call.fail("question id already exists");
    made->asked = asked.raw();
    made->agent_id = call.text("agentId");
    made->session_key = call.text("sessionKey");
    made->run_id = call.text("runId");
    made->requester = call.client.id;
    for (json::Value one = asked.first(); one.exists(); one = one.next())
        made->is_secret = made->is_secret || one["isSecret"].as_bool().value_or(false);
    const std::int64_t timeout = std::min(call.number("timeoutMs", question_ms), question_ms_max);
    const Question* question = core.questions.open(std::move(made), static_cast<std::uint64_t>(timeout));
    if (question == nullptr) return call.fail(rpc::code::unavailable, {"too many questions are waiting"});
    call.result().begin_object().member("id", question->id).member("expiresAtMs", question->expires_ms).end_object();
}

Question* find_question(Core& core, Call& call) {
    Question* question = core.questions.find(trim(call.text("id")));
    if (question == nullptr) call.fail("unknown or expired question id");
    return question;
}

void question_wait(Core& core, Call& call) {
    Question* question = find_question(core, call);
    if (question == nullptr) return;
    if (question->status != Question::Status::pending) return core.questions.write_outcome(call.result(), *question);
    if (question->waiters.size() >= Questions::waiters_max)
        return call.fail(rpc::code::unavailable, {"too many wait for this question"});
    const std::int64_t timeout = std::min(call.number("timeoutMs", question_ms_max), question_ms_max);
    core.questions.wait(*question, call.defer(), static_cast<std::uint64_t>(timeout));
}

void question_resolve(Core& core, Call& call) {
    Question* question = find_question(core, call);
    if (question == nullptr) return;
    if (question->status != Question::Status::pending) return call.fail("unknown or expired question id");
    const json::Value answers = call.params["answers"];
    const bool cancels = call.flag("cancel");
    if (cancels == answers.exists()) return call.fail("either answers or cancel is required");
    if (answers.raw().size() > Questions::bytes_max) return call.fail("answers too large");
    json::Document document(core.gate.memory());
    if (!document.parse(question->asked)) return call.fail("unknown or expired question id");
    const json::Value given = answers["answers"];
    for (json::Value one = given.first(); one.exists(); one = one.next()) {
        bool is_known = false;
        for (json::Value of = document.root().first(); of.exists(); of = of.next())
            is_known = is_known || of["questionId"].as_string() == one.key();
        if (!is_known) return call.fail(rpc::code::invalid_request, {"unknown questionId: ", cut_utf8(one.key(), 64)});
    }
    const std::string_view by = call.text("resolvedBy").empty() ? call.client.name() : call.text("resolvedBy");
    const auto status = cancels ? Question::Status::cancelled : Question::Status::answered;
    core.questions.resolve(*question, status, answers.raw(), cut_utf8(by, 256));
    core.questions.write_outcome(call.result(), *question);
}

void question_get(Core& core, Call& call) {
    const Question* question = find_question(core, call);
    if (question == nullptr) return;
    json::Writer& writer = call.result();
    writer.begin_object().key("question");
    core.questions.write(writer, *question);
    writer.end_object();
}

void question_list(Core& core, Call& call) { core.questions.write_pending(call.result()); }

}  // namespace

std::span<const Method> question_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 5> rows{{
        {"question.request", Scope::questions,
         "id?:s(1..256) questions:{questionId:s(1..128) header:s(..12) question:s(1..) options:any[](..4) "
         "multiSelect?:b isOther?:b isSecret?:b secretStore?:any}[](1..3) agentId?:s(1..128) sessionKey?:s(1..512) "
         "runId?:s(1..128) timeoutMs?:i(1..)",
         question_request},
        {"question.waitAnswer", Scope::questions, "id:s(1..) timeoutMs?:i(1..)", question_wait},
        {"question.resolve", Scope::questions,
         "id:s(1..) answers?:{answers:map<s[]>} cancel?:b secretStoreAllowedHosts?:s(1..253)[](..128) "
         "resolvedBy?:s(1..)",
         question_resolve},
        {"question.get", Scope::questions, "id:s(1..)", question_get},
        {"question.list", Scope::questions, "", question_list},
    }};
    return rows;
}

}  // namespace gw::method
