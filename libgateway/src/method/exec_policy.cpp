#include "method/exec_policy.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <span>

#include "core/text.h"
#include "crypto/compare.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "method/gate.h"
#include "method/write.h"

namespace gw::method {

namespace {

constexpr std::string_view policy_key = "exec-approvals.json";
constexpr std::size_t pattern_bytes_max = 256;
constexpr std::size_t used_command_bytes_max = 512;

// Programs whose arguments are programs: to allow one of them is to allow all.
constexpr std::array<std::string_view, 33> runners{
    "sh",   "bash",   "dash", "zsh",   "ksh",    "fish",   "csh",  "tcsh",    "busybox", "env",    "sudo",
    "doas", "su",     "nice", "nohup", "setsid", "stdbuf", "time", "timeout", "xargs",   "find",   "watch",
    "ssh",  "python", "perl", "ruby",  "node",   "php",    "lua",  "awk",     "gdb",     "strace", "parallel"};

// The strictest first.
constexpr std::array<std::string_view, 3> security_words{"deny", "allowlist", "full"};
constexpr std::array<std::string_view, 3> ask_words{"always", "on-miss", "off"};

// Of two words the stricter one; one that is not known counts as it is written in the file.
std::string_view stricter(std::span<const std::string_view> words, std::string_view file, std::string_view bound) {
    if (std::find(words.begin(), words.end(), file) == words.end()) return file;
    return *std::find_if(words.begin(), words.end(), [&](auto word) { return word == file || word == bound; });
}

std::string_view base_name(std::string_view path) noexcept {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The rules of one agent: its own, then those of every agent, then the defaults.
struct AgentRules {
    json::Value own, any, defaults;
    [[nodiscard]] std::string_view text(std::string_view name, std::string_view otherwise) const noexcept {
        for (const json::Value& from : {own, any, defaults}) {
            if (const auto found = from[name].as_string(); found && !found->empty()) return *found;
        }
        return otherwise;
    }
    [[nodiscard]] std::string_view security() const noexcept { return text("security", "allowlist"); }
    [[nodiscard]] std::string_view ask() const noexcept { return text("ask", "on-miss"); }
    [[nodiscard]] std::string_view fallback() const noexcept { return text("askFallback", "deny"); }
};

bool has_dot_segment(std::string_view path) noexcept {
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        if (segment == "." || segment == "..") return true;
        path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    }
    return false;
}

AgentRules rules_of(const json::Value& root, std::string_view agent) noexcept {
    return {root["agents"][agent], root["agents"]["*"], root["defaults"]};
}

bool is_fitting(const json::Value& rules, std::string_view path) noexcept {
    std::size_t count = 0;
    for (json::Value one = rules["allowlist"].first(); one.exists() && count < ExecPolicy::allowlist_max;
         one = one.next(), ++count) {
        if (fits_exec_pattern(trim(one["pattern"].as_string().value_or("")), path)) return true;
    }
    return false;
}

}  // namespace

// Which places of the pattern could the path have reached? One pass over the path, whatever the pattern.
bool fits_exec_pattern(std::string_view pattern, std::string_view path) noexcept {
    if (pattern == "*") return true;
    if (pattern.size() > pattern_bytes_max || path.size() > 4096) return false;
    if (pattern.find('/') == std::string_view::npos || path.find('/') == std::string_view::npos) return false;
    if (has_dot_segment(path)) return false;  // it may lead anywhere
    using Places = std::bitset<pattern_bytes_max + 1>;
    const auto is_double = [&](std::size_t i) { return pattern.substr(i, 2) == "**"; };
    const auto close = [&](Places& places) {  // stars may stand for nothing
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            if (!places[i] || pattern[i] != '*') continue;
            if (!is_double(i)) {
                places.set(i + 1);
                continue;
            }
            places.set(i + 2);
            if (pattern.substr(i + 2, 1) == "/") places.set(i + 3);  // "a/**/b" is also "a/b"
        }
    };
    Places now;
    now.set(0);
    close(now);
    for (const char c : path) {
        Places next;
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            if (!now[i]) continue;
            if (pattern[i] == '*') {
                if (is_double(i) || c != '/') next.set(i);
            } else if (pattern[i] == '?' ? c != '/' : pattern[i] == c) {
                next.set(i + 1);
            }
        }
        if (next.none()) return false;
        now = next;
        close(now);
    }
    return now[pattern.size()];
}

bool ExecPolicy::may_allow_always(std::string_view path) noexcept {
    if (!path.starts_with('/') || has_dot_segment(path) || path.size() > pattern_bytes_max) return false;
    if (path.find_first_of("*?") != std::string_view::npos) return false;
    std::string_view name = base_name(path);
    while (!name.empty() && (is_digit(name.back()) || name.back() == '.')) name.remove_suffix(1);  // python3.11
    return !name.empty() && std::find(runners.begin(), runners.end(), name) == runners.end();
}

// --- the file ------------------------------------------------------------------------------------------------------

// What is added to the file while it is written anew.
struct ExecPolicy::Edit {
    std::string_view agent;      // of whom
    std::string_view add;        // a pattern; empty: none
    std::string_view used_path;  // by what the fitting patterns were used; empty: they were not
    std::string_view used_command;
};

void ExecPolicy::read(File& file) {
    const auto got = gate_.store().get(policy_key, file.text);
    file.exists = got && *got;
    if (!got) gate_.log().error({policy_key, " cannot be read: ", got.error().what});
    if (!file.exists) return;
    if (!file.document.parse(file.text.text()) || !file.document.root().is(json::Kind::object))
        gate_.log().error({policy_key, " is no JSON object: nothing runs without asking"});
}

void ExecPolicy::write(const json::Value& root, const json::Value& socket, const Edit& edit) {
    Buffer out(gate_.pool());
    json::Writer writer(out);
    const auto new_id = [&] {
        if (const auto id = crypto::random_uuid(gate_.random()))
            writer.member("id", std::string_view(id->data(), id->size()));
    };
    const auto used = [&] {
        writer.member("lastUsedAt", gate_.unix_ms());
        writer.member("lastUsedCommand", cut_utf8(edit.used_command, used_command_bytes_max));
        writer.member("lastResolvedPath", edit.used_path);
    };
    const auto allowlist = [&](const json::Value& list, bool counts) {
        writer.begin_array();
        for (json::Value one = list.first(); one.exists(); one = one.next()) {
            const std::string_view pattern = trim(one["pattern"].as_string().value_or(""));
            if (pattern.empty()) continue;
            const bool is_used = counts && !edit.used_path.empty() && fits_exec_pattern(pattern, edit.used_path);
            writer.begin_object();
            if (!one["id"].exists()) new_id();
            for (json::Value member = one.first(); member.exists(); member = member.next()) {
                const std::string_view name = member.key();
                if (is_used && (name == "lastUsedAt" || name == "lastUsedCommand" || name == "lastResolvedPath"))
                    continue;
                writer.key(name).value(member);
            }
            if (is_used) used();
            writer.end_object();
        }
        if (counts && !edit.add.empty() && edit.used_path.empty()) {
            writer.begin_object();
            new_id();
            writer.member("pattern", edit.add).member("lastUsedAt", gate_.unix_ms());
            writer.member("lastUsedCommand", cut_utf8(edit.used_command, used_command_bytes_max));
            writer.member("lastResolvedPath", edit.add).end_object();
        }
        writer.end_array();
    };
    const auto agent = [&](std::string_view name, const json::Value& rules) {
        const bool counts = name == edit.agent || (name == "*" && edit.add.empty());
        writer.key(name).begin_object();
        for (json::Value member = rules.first(); member.exists(); member = member.next()) {
            writer.key(member.key());
            member.key() == "allowlist" ? allowlist(member, counts) : void(writer.value(member));
        }
        if (counts && !edit.add.empty() && !rules["allowlist"].exists()) {
            writer.key("allowlist");
            allowlist({}, counts);
        }
        writer.end_object();
    };
    writer.begin_object().member("version", 1);
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        if (member.key() == "version" || member.key() == "agents" || member.key() == "socket") continue;
        writer.key(member.key()).value(member);
    }
    if (!root["defaults"].exists()) writer.key("defaults").begin_object().end_object();
    const json::Value given = root["socket"];
    if (given.exists() || socket.exists()) {
        writer.key("socket").begin_object();
        for (const std::string_view name : {"path", "token"}) {
            const json::Value& from = given[name].exists() ? given[name] : socket[name];
            if (from.exists()) writer.key(name).value(from);
        }
        writer.end_object();
    }
    writer.key("agents").begin_object();
    const json::Value agents = root["agents"];
    for (json::Value one = agents.first(); one.exists(); one = one.next()) agent(one.key(), one);
    if (!edit.add.empty() && !agents[edit.agent].exists()) agent(edit.agent, {});
    writer.end_object().end_object();
    out.append('\n');
    if (const auto put = gate_.store().put(policy_key, out.text()); !put)
        gate_.log().error({policy_key, " cannot be written: ", put.error().what});
}

// --- judging -------------------------------------------------------------------------------------------------------

ExecPolicy::Bounds ExecPolicy::stricter_of(const Bounds& one, const Bounds& other) noexcept {
    const auto pick = [](std::span<const std::string_view> words, std::string_view a, std::string_view b) {
        return a.empty() ? b : stricter(words, a, b);
    };
    return {pick(security_words, one.security, other.security), pick(ask_words, one.ask, other.ask)};
}

ExecPolicy::Bounds ExecPolicy::read_bounds(std::string_view security, std::string_view ask) noexcept {
    const auto read = [](std::span<const std::string_view> words, std::string_view word) {
        const bool known = word.empty() || std::find(words.begin(), words.end(), word) != words.end();
        return known ? word : words.front();
    };
    return {read(security_words, security), read(ask_words, ask)};
}

ExecPolicy::Judgement ExecPolicy::judge(std::string_view agent, std::string_view path, std::string_view command,
                                        const Bounds& bounds) {
    File file(gate_);
    read(file);
    const json::Value root = file.document.root();
    const AgentRules rules = rules_of(root, agent);
    const bool listed = is_fitting(rules.own, path) || is_fitting(rules.any, path);
    Judgement out;
    const std::string_view ask = stricter(ask_words, rules.ask(), bounds.ask);
    out.asks_always = ask == "always";
    const std::string_view security = stricter(security_words, rules.security(), bounds.security);
    const std::string_view fallback = rules.fallback();
    if (file.exists && !root.exists()) {
        out.verdict = Verdict::ask;  // a file that nobody can read allows nothing
        return out;
    }
    if (security != "allowlist" && security != "full") return out;
    out.allows_unanswered = fallback == "full" || (fallback == "allowlist" && listed);
    const bool runs = security == "full" || listed;
    if (out.asks_always) {
        out.verdict = Verdict::ask;
    } else if (runs) {
        out.verdict = Verdict::allow;
    } else {
        out.verdict = ask == "off" ? Verdict::deny : Verdict::ask;
    }
    if (listed && out.verdict == Verdict::allow) write(root, {}, {agent, {}, path, command});
    return out;
}

bool ExecPolicy::allow(std::string_view agent, std::string_view path, std::string_view command) {
    if (!may_allow_always(path)) return false;
    File file(gate_);
    read(file);
    const json::Value root = file.document.root();
    if (file.exists && !root.exists()) return false;
    if (is_fitting(root["agents"][agent], path)) return true;
    if (root["agents"][agent]["allowlist"].size() >= allowlist_max) return false;
    write(root, {}, {agent, path, {}, command});
    return true;
}

// --- people and clients --------------------------------------------------------------------------------------------

namespace {

std::array<char, 64> policy_hash(std::string_view text) noexcept { return crypto::hex(crypto::sha256(text)); }

}  // namespace

void ExecPolicy::write_snapshot(json::Writer& writer, const Client& reader) {
    File file(gate_);
    read(file);
    const json::Value root = file.document.root();
    const auto hash = policy_hash(file.text.text());
    writer.begin_object().member("path", policy_key).member("exists", file.exists);
    writer.member("hash", std::string_view(hash.data(), hash.size()));
    writer.key("file").begin_object().member("version", 1);
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        const std::string_view name = member.key();
        if (name == "version" || name == "defaults" || name == "agents") continue;
        if (name == "socket") {  // its token is a secret
            writer.key(name).begin_object();
            write_if(writer, "path", member["path"].as_string().value_or(""));
            writer.end_object();
        } else {
            writer.key(name).value(member);
        }
    }
    for (const std::string_view name : {"defaults", "agents"}) {
        writer.key(name);
        root[name].is(json::Kind::object) ? writer.value(root[name]) : writer.begin_object().end_object();
    }
    writer.end_object();
    if (reader.protocol >= 4) {
        const AgentRules rules{{}, {}, root["defaults"]};
        writer.key("resolvedDefaults").begin_object().member("security", rules.security()).member("ask", rules.ask());
        writer.member("askFallback", rules.fallback());
        writer.member("autoAllowSkills", rules.defaults["autoAllowSkills"].as_bool().value_or(false)).end_object();
    }
    writer.end_object();
}

void ExecPolicy::replace(Call& call) {
    const json::Value wanted = call.params["file"];
    if (wanted.raw().size() > file_bytes_max) return call.fail("exec approvals file too large");
    File file(gate_);
    read(file);
    if (file.exists) {
        const std::string_view base = trim(call.text("baseHash"));
        if (base.empty()) return call.fail("exec approvals base hash required; re-run exec.approvals.get and retry");
        const auto hash = policy_hash(file.text.text());
        if (!equals_ignoring_case(base, {hash.data(), hash.size()}))
            return call.fail("exec approvals changed since last load; re-run exec.approvals.get and retry");
    }
    write(wanted, file.document.root()["socket"], {});
    write_snapshot(call.result(), call.client);
}

}  // namespace gw::method
