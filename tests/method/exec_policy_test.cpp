// The file that decides without asking, the runs that ask, and questions.
#include "crypto/sha256.h"
#include "support/fake_gate.h"

namespace gw::test {

namespace {

constexpr std::string_view policy_file = "exec-approvals.json";

std::string stored(FakeGate& gate) {
    Buffer out(gate.pool());
    REQUIRE(*gate.store().get(policy_file, out));
    return std::string(out.text());
}

std::string hash_of(std::string_view text) {
    const auto digits = crypto::hex(crypto::sha256(text));
    return {digits.data(), digits.size()};
}

}  // namespace

TEST_CASE("exec policy: patterns") {
    struct Case {
        std::string_view pattern, path;
        bool fits;
    };
    const Case cases[] = {
        {"/usr/bin/ls", "/usr/bin/ls", true},
        {"/usr/bin/ls", "/usr/bin/lsof", false},
        {"/usr/bin/*", "/usr/bin/ls", true},
        {"/usr/bin/*", "/usr/bin/x/ls", false},
        {"/usr/**", "/usr/bin/x/ls", true},
        {"/usr/**/ls", "/usr/ls", true},
        {"/usr/**/ls", "/usr/a/b/ls", true},
        {"/usr/b?n/ls", "/usr/bin/ls", true},
        {"/usr/b?n/ls", "/usr/b/n/ls", false},
        {"ls", "/usr/bin/ls", false},
        {"*", "ls", true},
        {"*", "/usr/bin/ls", true},
        {"/usr/bin/ls", "ls", false},
        {"/**", "/anything/at/all", true},
        {"/usr/*/*/c", "/usr/a/b/c", true},
        {"/usr/*/*/c", "/usr/a/c", false},
        {"~/bin/x", "/home/a/bin/x", false},
        {"", "/x", false},
        {"/usr/**", "/usr/../tmp/x", false},
        {"/usr/**", "/usr/./x", false},
        {"/usr/**", "/usr/..x", true},
        {"*", "/usr/../tmp/x", true},
        {"*", "", true},
        {"/**", "", false},
    };
    for (const Case& one : cases) {
        INFO(one.pattern << " " << one.path);
        CHECK(method::fits_exec_pattern(one.pattern, one.path) == one.fits);
    }
    const std::string stars(255, '*');
    CHECK_FALSE(method::fits_exec_pattern("/" + stars + "x", std::string(4000, '/')));
}

TEST_CASE("exec policy: what may be allowed for good") {
    for (const std::string_view path :
         {"/bin/sh", "/usr/bin/env", "/usr/bin/python3.11", "ls", "/usr/bin/*", "/bin/", "/usr/../bin/git"})
        CHECK_FALSE(method::ExecPolicy::may_allow_always(path));
    CHECK(method::ExecPolicy::may_allow_always("/usr/bin/git"));
}

TEST_CASE("exec policy: read and written with a base hash") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    auto& later = gate.oper("A4", 4);
    CHECK(gate.call(oper, "exec.approvals.get").at({"payload"}) ==
          R"({"path":"exec-approvals.json","exists":false,"hash":")" + hash_of("") +
              R"(","file":{"version":1,"defaults":{},"agents":{}}})");
    CHECK(gate.call(later, "exec.approvals.get").at({"payload", "resolvedDefaults"}) ==
          R"({"security":"allowlist","ask":"on-miss","askFallback":"deny","autoAllowSkills":false})");
    gate.call(oper, "exec.approvals.set", R"({"file":{"version":1,"socket":{"path":"/s","token":"secret"}}})");
    const Reply first = gate.call(oper, "exec.approvals.get");
    CHECK(first.text().find("secret") == std::string::npos);
    CHECK(first.at({"payload", "hash"}) == hash_of(stored(gate)));
    const std::string file =
        R"("file":{"version":1,"defaults":{"security":"allowlist"},"agents":{"main":{"allowlist":[{"pattern":"/usr/bin/ls"},{"pattern":" "}]}}})";
    CHECK(gate.call(oper, "exec.approvals.set", "{" + file + "}").at({"error", "message"}) ==
          "exec approvals base hash required; re-run exec.approvals.get and retry");
    CHECK(gate.call(oper, "exec.approvals.set", R"({"baseHash":"00",)" + file + "}").at({"error", "message"}) ==
          "exec approvals changed since last load; re-run exec.approvals.get and retry");
    const Reply done =
        gate.call(oper, "exec.approvals.set", R"({"baseHash":")" + first.at({"payload", "hash"}) + "\"," + file + "}");
    const json::Value list = done["payload"]["file"]["agents"]["main"]["allowlist"];
    CHECK(list.size() == 1);
    CHECK(text_at(list[0], "id").size() == 36);
    CHECK(Reply(stored(gate)).at({"socket", "token"}) == "secret");  // what nobody was shown nobody has to repeat
    CHECK(gate.call(oper, "exec.approvals.set", R"({"file":{"version":2}})").at({"error", "code"}) ==
          "INVALID_REQUEST");
    CHECK(gate.call(gate.oper("C", 3, {rpc::Scope::approvals}), "exec.approvals.get").at({"error", "message"}) ==
          "missing scope: operator.admin");
}

TEST_CASE("exec policy: a node's file is asked of the node") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    CHECK(gate.call(oper, "exec.approvals.node.get", R"({"nodeId":"n1"})").at({"error", "details", "code"}) ==
          "NOT_CONNECTED");
    auto& node = gate.node("n1");
    const int call =
        gate.send_call(oper, "exec.approvals.node.set", R"({"nodeId":"n1","file":{"version":1},"baseHash":"h"})");
    const Reply request = FakeGate::take_event(node, "node.invoke.request");
    CHECK(request.at({"payload", "command"}) == "system.execApprovals.set");
    CHECK(request.at({"payload", "paramsJSON"}) == R"({"file":{"version":1},"baseHash":"h"})");
    gate.call(
        node, "node.invoke.result",
        R"({"nodeId":"n1","ok":true,"payloadJSON":"{\"path\":\"p\"}","id":")" + request.at({"payload", "id"}) + "\"}");
    CHECK(gate.answer_of(call).at({"payload"}) == R"({"path":"p"})");
}

namespace {

struct Asked {
    FakeGate& gate;
    std::optional<bool> outcome;
    std::pmr::string id;
    bool ask(std::string_view program) {
        outcome.reset();
        const std::string_view argv[] = {program, "it's"};
        method::ExecQuestion question;
        question.argv = argv;
        question.agent = "main";
        const auto now = gate.core().approval_gate.ask(
            question, [](void* user, bool allowed) { static_cast<Asked*>(user)->outcome = allowed; }, this, id);
        if (now) outcome = now;
        return now.has_value();
    }
};

}  // namespace

TEST_CASE("exec policy: runs of agents ask as the file says") {
    struct Case {
        std::string_view rules;
        bool known_at_once, unknown_at_once, known, unknown;
    };
    const Case cases[] = {
        {R"({"security":"deny"})", true, true, false, false},
        {R"({"security":"full"})", true, true, true, true},
        {R"({"security":"full","ask":"always"})", false, false, false, false},
        {R"({"security":"allowlist","ask":"on-miss"})", true, false, true, false},
        {R"({"security":"allowlist","ask":"off"})", true, true, true, false},
        {R"({"security":"nonsense"})", true, true, false, false},
        {R"({})", true, false, true, false},
    };
    for (const Case& one : cases) {
        INFO(one.rules);
        FakeGate gate;
        gate.oper("A");
        std::string text(one.rules);
        text.pop_back();
        text += text.size() > 1 ? "," : "";
        REQUIRE(gate.store().put(policy_file, R"({"version":1,"agents":{"main":)" + text +
                                                  R"("allowlist":[{"id":"i","pattern":"/usr/bin/ls","note":1}]}}})"));
        Asked asked{gate, {}, {}};
        CHECK(asked.ask("/usr/bin/ls") == one.known_at_once);
        if (one.known_at_once) CHECK(asked.outcome == one.known);
        CHECK(asked.ask("/usr/bin/rm") == one.unknown_at_once);
        if (one.unknown_at_once) CHECK(asked.outcome == one.unknown);
    }
}

TEST_CASE("exec policy: the configuration counts where it is stricter, and a line for a shell fits no path") {
    struct Case {
        std::string_view file, security, ask;
        bool at_once, allowed;
        bool is_shell = false;
    };
    const Case cases[] = {
        {R"("security":"full")", "", "", true, true},
        {R"("security":"full")", "allowlist", "", false, false},
        {R"("security":"full")", "deny", "", true, false},
        {R"("security":"full")", "full", "always", false, false},
        {R"("security":"full","ask":"always")", "full", "off", false, false},
        {R"("security":"deny")", "full", "off", true, false},
        {R"("security":"nonsense")", "full", "off", true, false},
        {R"("ask":"off")", "full", "on-miss", false, false},
        {R"("allowlist":[{"pattern":"/**"}])", "", "", true, true},
        {R"("allowlist":[{"pattern":"/**"}])", "", "", false, false, true},
        {R"("allowlist":[{"pattern":"*"}])", "", "", true, true, true},
        {R"("security":"full")", "", "", true, true, true},
    };
    for (const Case& one : cases) {
        INFO(one.file << " " << one.security << " " << one.ask);
        FakeGate gate;
        gate.oper("A");
        REQUIRE(gate.store().put(policy_file, R"({"version":1,"agents":{"main":{)" + std::string(one.file) + "}}}"));
        const std::string_view argv[] = {"/bin/rm", "x"};
        method::ExecQuestion question;
        question.argv = argv;
        question.agent = "main";
        question.bounds = {one.security, one.ask};
        question.is_shell = one.is_shell;
        std::pmr::string id;
        const auto now = gate.core().approval_gate.ask(
            question, [](void*, bool) {}, nullptr, id);
        CHECK(now.has_value() == one.at_once);
        if (now) CHECK(*now == one.allowed);
    }
}

TEST_CASE("exec policy: a run waits for its approval") {
    FakeGate gate;
    Asked asked{gate, {}, {}};
    CHECK(asked.ask("/usr/bin/git"));  // nobody is there who could answer
    CHECK(asked.outcome == false);
    auto& oper = gate.oper("A");
    REQUIRE_FALSE(asked.ask("/usr/bin/git"));
    CHECK_FALSE(asked.outcome);
    const Reply told = FakeGate::take_event(oper, "exec.approval.requested");
    CHECK(told.at({"payload", "request", "command"}) == R"(/usr/bin/git 'it'\''s')");
    const std::string id = told.at({"payload", "id"});
    gate.call(oper, "exec.approval.resolve", R"({"id":")" + id + R"(","decision":"allow-always"})");
    CHECK(asked.outcome == true);
    CHECK(asked.ask("/usr/bin/git"));  // from now on nobody is asked
    CHECK(asked.outcome == true);
    CHECK(stored(gate).find(R"("pattern":"/usr/bin/git")") != std::string::npos);
    CHECK(stored(gate).find(R"("lastResolvedPath":"/usr/bin/git")") != std::string::npos);

    REQUIRE_FALSE(asked.ask("/bin/sh"));  // allowed this time; the next time it is asked again
    const Reply shell = FakeGate::take_event(oper, "exec.approval.requested");
    CHECK(shell.at({"payload", "request", "allowedDecisions"}) == R"(["allow-once","deny"])");
    gate.call(oper, "exec.approval.resolve",
              R"({"id":")" + shell.at({"payload", "id"}) + R"(","decision":"allow-always"})");
    CHECK(asked.outcome == true);
    REQUIRE_FALSE(asked.ask("/bin/sh"));
    gate.advance(120000);
    CHECK(asked.outcome == false);
    REQUIRE_FALSE(asked.ask("/bin/sh"));
    gate.core().approval_gate.withdraw(asked.id);
    gate.advance(1000000);
    CHECK_FALSE(asked.outcome);
    CHECK(gate.core().approvals.count() == 0);
    REQUIRE(gate.store().put(policy_file, "no json"));
    CHECK_FALSE(asked.ask("/usr/bin/git"));
}

// --- questions -----------------------------------------------------------------------------------------------------

TEST_CASE("questions: asked, answered, cancelled, expired") {
    FakeGate gate;
    auto& oper = gate.oper("A", 4);
    auto& other = gate.oper("B", 4, {rpc::Scope::questions});
    auto& reader = gate.oper("C", 4, {rpc::Scope::read});
    const auto ask = [&](std::string_view id, std::string_view more = "") {
        return gate.call(
            oper, "question.request",
            R"({"id":")" + std::string(id) +
                R"(","questions":[{"questionId":"color","header":"Color","question":"Which?","options":[{"label":"red"}])" +
                std::string(more) + R"(}],"timeoutMs":60000})");
    };
    CHECK(gate.call(oper, "question.list").at({"payload"}) == R"({"questions":[]})");
    CHECK(ask("q1").at({"payload"}) == R"({"id":"q1","expiresAtMs":1767225660000})");
    CHECK(FakeGate::take_event(other, "question.requested").at({"payload", "status"}) == "pending");
    CHECK(FakeGate::count_events(reader, "question.requested") == 0);
    CHECK(gate.call(oper, "question.list")["payload"]["questions"].size() == 1);
    CHECK(ask("q1").at({"error", "message"}) == "question id already exists");
    const int wait = gate.send_call(oper, "question.waitAnswer", R"({"id":"q1"})");
    const int brief = gate.send_call(oper, "question.waitAnswer", R"({"id":"q1","timeoutMs":100})");
    gate.advance(100);
    CHECK(gate.answer_of(brief).at({"payload"}) == R"({"status":"pending"})");
    CHECK(gate.call(other, "question.resolve", R"({"id":"q1","answers":{"answers":{"size":["x"]}}})")
              .at({"error", "message"}) == "unknown questionId: size");
    CHECK(gate.call(other, "question.resolve", R"({"id":"q1"})").at({"error", "message"}) ==
          "either answers or cancel is required");
    const std::string outcome = R"({"status":"answered","answers":{"answers":{"color":["red"]}}})";
    CHECK(gate.call(other, "question.resolve", R"({"id":"q1","answers":{"answers":{"color":["red"]}}})")
              .at({"payload"}) == outcome);
    CHECK(gate.answer_of(wait).at({"payload"}) == outcome);
    CHECK(FakeGate::take_event(oper, "question.resolved").at({"payload", "resolvedBy"}) == "B");
    CHECK(gate.call(other, "question.resolve", R"({"id":"q1","cancel":true})").at({"error", "message"}) ==
          "unknown or expired question id");
    ask("q2", R"(,"isSecret":true)");
    gate.call(other, "question.resolve", R"({"id":"q2","answers":{"answers":{"color":["hush"]}}})");
    CHECK(FakeGate::take_event(oper, "question.resolved").text().find("hush") == std::string::npos);
    CHECK(gate.call(other, "question.get", R"({"id":"q2"})").text().find("hush") == std::string::npos);
    CHECK(gate.call(oper, "question.waitAnswer", R"({"id":"q2"})").text().find("hush") != std::string::npos);
    ask("q3");
    CHECK(gate.call(other, "question.resolve", R"({"id":"q3","cancel":true})").at({"payload"}) ==
          R"({"status":"cancelled"})");
    ask("q4");
    const int late = gate.send_call(oper, "question.waitAnswer", R"({"id":"q4"})");
    gate.advance(60000);
    CHECK(gate.answer_of(late).at({"payload"}) == R"({"status":"expired"})");
    gate.advance(15000);
    CHECK(gate.call(oper, "question.get", R"({"id":"q4"})").at({"error", "message"}) ==
          "unknown or expired question id");
    for (int i = 0; i < 100; ++i) ask("f" + std::to_string(i));
    CHECK(gate.call(oper, "question.list")["payload"]["questions"].size() == method::Questions::pending_of_client_max);
}

}  // namespace gw::test
