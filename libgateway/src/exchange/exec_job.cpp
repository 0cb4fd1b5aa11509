#include "exchange/exec_job.h"

#include <algorithm>
#include <new>

#include "content/untrusted.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

// A constant: what is to be run comes in arguments, which nobody reads a second time. Errors go where output goes.
constexpr std::string_view exec_script = "exec 2>&1; cd -- \"$1\" || exit 126; shift; exec \"$@\"";
constexpr std::string_view exec_directories[] = {"/usr/local/bin",  "/usr/bin",  "/bin",
                                                 "/usr/local/sbin", "/usr/sbin", "/sbin"};

}  // namespace

ExecJob::ExecJob(Gateway& gateway, ToolCall& call)
    : gateway_(gateway), call_(call), ask_(gateway, *this), directory_(gateway.memory()), question_(gateway.memory()) {}

ExecJob::~ExecJob() {
    // At the gateway's own end the question may be gone before the runs are.
    if (question_.empty() || gateway_.is_ending()) return;
    try {
        gateway_.hub().core().approval_gate.withdraw(question_);
    } catch (const std::bad_alloc&) {  // it expires, and on_decision is not called any more
    }
}

void ExecJob::start(const json::Value& arguments) {
    const auto text = arguments["command"].as_string();
    if (!text || text->size() > method::exec_command_bytes_max || text->find('\0') != std::string_view::npos)
        return finish({}, "`command` must be a text of at most 32768 bytes.", true);
    command_ = method::read_exec_command(*text, gateway_.memory());
    if (command_->words.empty()) return finish({}, "`command` names no program.", true);
    if (!take_directory(arguments)) return finish({}, "`cwd` must be a path.", true);
    SessionWords session;
    if (!read_session(session)) return;
    const config::ExecTool& settings = gateway_.config().exec;
    const std::int64_t most_ms = std::int64_t{settings.timeout_s} * 1000;
    timeout_ms_ = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(arguments["timeoutMs"].as_int().value_or(most_ms), 1, most_ms));
    if (!command_->is_shell) find_program();

    std::pmr::vector<std::string_view> argv(command_->words.begin(), command_->words.end(), gateway_.memory());
    method::ExecQuestion question;
    question.argv = argv;
    question.cwd = directory_;
    question.agent = call_.agent_id;
    question.session = call_.session_key;
    question.run_id = call_.run_id;
    question.tool_call_id = call_.id;
    question.is_shell = command_->is_shell;
    using method::ExecPolicy;
    question.bounds = ExecPolicy::stricter_of(
        {settings.security, settings.ask},
        ExecPolicy::read_bounds(session.security ? std::string_view(*session.security) : std::string_view{},
                                session.ask ? std::string_view(*session.ask) : std::string_view{}));
    const auto decided = gateway_.hub().core().approval_gate.ask(
        question, [](void* self, bool allowed) { static_cast<ExecJob*>(self)->on_decision(allowed); }, this, question_);
    if (!decided) return call_.progress("This waits for an approval.");
    question_.clear();
    *decided ? run() : finish({}, "This command is not allowed, and nobody could be asked who may allow it.", true);
}

bool ExecJob::read_session(SessionWords& out) {
    if (call_.session_key.empty()) return true;
    session::Sessions& sessions = gateway_.hub().core().sessions;
    const auto key = sessions.canonical(call_.session_key);
    const auto entry = key ? sessions.find(*key) : Result<const session::Entry*>(nullptr);
    if (!key || !entry) {
        finish({}, "What this session allows cannot be read: nothing runs.", true);
        return false;
    }
    if (*entry == nullptr) return true;
    const auto read = [&](std::string_view name) {
        auto text = (*entry)->text(name);
        // A value of another type, written by hand, allows nothing.
        if (!text && (*entry)->has(name) && (*entry)->raw(name) != "null") text.emplace("?", gateway_.memory());
        return text;
    };
    out.host = read("execHost");
    out.security = read("execSecurity");
    out.ask = read("execAsk");
    if (!out.host || *out.host == "gateway") return true;
    finish({}, "The programs of this session do not run on the gateway (execHost), and nowhere else from here.", true);
    return false;
}

bool ExecJob::take_directory(const json::Value& arguments) {
    const json::Value given = arguments["cwd"];
    const std::string_view wanted = given.as_string().value_or(std::string_view{});
    if (given.exists() && (!given.as_string() || wanted.size() > 4096 || wanted.find('\0') != std::string_view::npos))
        return false;
    const config::Agent* const agent = gateway_.hub().core().find_agent(call_.agent_id);
    if (!wanted.starts_with('/') && agent != nullptr && agent->workspace.starts_with('/'))
        directory_ = agent->workspace;
    if (wanted.empty()) return true;
    if (!directory_.empty() && !directory_.ends_with('/')) directory_ += '/';
    directory_ += wanted;
    return true;
}

// A bare name becomes the path of what runs: so a pattern can fit it, and it is that program and no other.
void ExecJob::find_program() {
    std::pmr::string& name = command_->words.front();
    if (name.find('/') != std::pmr::string::npos || gateway_.host().read_file != nullptr) return;
    const auto is_in = [&](std::string_view directory) {
        const auto opened = gateway_.files().open(directory, name, gateway_.memory());
        // A link is there, too, and a program that may be run but not read.
        return opened || opened.error().status == GW_ERR_STATE || opened.error().status == GW_ERR_IO;
    };
    const auto take = [&](std::string_view directory) {
        std::pmr::string path(directory, gateway_.memory());
        if (!path.ends_with('/')) path += '/';
        name = path += name;
    };
    for (const std::pmr::string& directory : gateway_.config().exec.path_prepend) {
        if (is_in(directory)) return take(directory);
    }
    for (const std::string_view directory : exec_directories) {
        if (is_in(directory)) return take(directory);
    }
}

void ExecJob::on_decision(bool allowed) noexcept {
    question_.clear();
    try {
        allowed ? run() : finish({}, "This command was not approved.", true);
    } catch (const std::bad_alloc&) {
        call_.fail_no_memory();
    }
}

void ExecJob::run() {
    const std::string_view directory = directory_.empty() ? std::string_view(".") : std::string_view(directory_);
    std::pmr::vector<std::string_view> argv({"/bin/sh", "-c", exec_script, "sh", directory}, gateway_.memory());
    argv.insert(argv.end(), command_->words.begin(), command_->words.end());
    Question question;
    question.type = GW_EVENT_SPAWN;
    question.argv = argv;
    question.timeout_ms = timeout_ms_;
    question.output_bytes_max = output_bytes_max;
    if (ask_.put(question) != GW_OK) finish({}, "Too many programs run already.", true);
}

void ExecJob::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    const std::string_view output = as_text(answer.data);
    try {
        switch (answer.status) {
        case GW_OK: {
            if (answer.exit_code == 0) return finish(output, output.empty() ? "(no output)" : "", false);
            const config::Digits code(answer.exit_code);
            std::pmr::string note("(exit code ", gateway_.memory());
            (note += code) += ')';
            return finish(output, note, true);
        }
        case GW_ERR_LIMIT: return finish(output, "(stopped: it wrote more than 200 KiB)", true);
        case GW_ERR_TIMEOUT: return finish(output, "(stopped: it took too long)", true);
        case GW_ERR_NO_MEMORY: return call_.fail_no_memory();
        case GW_ERR_UNSUPPORTED: return finish({}, "The gateway's host runs no programs.", true);
        default: return finish({}, "The program could not be started.", true);
        }
    } catch (const std::bad_alloc&) {
        call_.fail_no_memory();
    }
}

// Last: the call may be gone behind it.
void ExecJob::finish(std::string_view output, std::string_view note, bool is_error) {
    std::pmr::string text(gateway_.memory());
    content::append_valid(output, text);
    if (!text.empty() && !note.empty() && !text.ends_with('\n')) text += '\n';
    call_.finish(text += note, is_error);
}

}  // namespace gw::exchange
