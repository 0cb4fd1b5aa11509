// Agents, their files, models and tools: agents.list, agents.files.*, agent.identity.get, models.*, tools.catalog,
// commands.list.
#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "method/agents.h"
#include "method/core.h"

namespace gw::method {

namespace {

// The files of a workspace that clients may read and write.
constexpr std::array<std::string_view, 8> file_names{"AGENTS.md", "SOUL.md",      "TOOLS.md",     "IDENTITY.md",
                                                     "USER.md",   "HEARTBEAT.md", "BOOTSTRAP.md", "MEMORY.md"};
constexpr std::size_t file_bytes_max = 1U << 20U;

void agents_list(Core& core, Call& call) { write_agents(call.result(), core.gate.config()); }

const config::Agent* agent_named(Core& core, Call& call) {
    const std::string_view id = call.text("agentId");
    const config::Agent* agent = core.find_agent(id);
    if (agent == nullptr) call.fail(rpc::code::invalid_request, {"unknown agent id \"", cut_utf8(id, 64), "\""});
    return agent;
}

std::pmr::string file_key(Core& core, const config::Agent& agent, std::string_view name) {
    std::pmr::string key = workspace_key(agent, core.gate.memory());
    (key += '/') += name;
    return key;
}

// False: the store failed; the call too then.
bool write_file(Core& core, Call& call, json::Writer& writer, const config::Agent& agent, std::string_view name,
                bool with_content) {
    const std::pmr::string key = file_key(core, agent, name);
    store::Listing listing(core.gate.memory());
    const auto listed = core.gate.store().list(key, listing);
    if (!listed) {
        call.fail(rpc::code::unavailable, {"cannot read ", name, ": ", listed.error().what});
        return false;
    }
    const bool missing = listing.empty() || listing.front().key != key;
    writer.begin_object().member("name", name).member("path", key).member("missing", missing);
    if (!missing) {
        writer.member("size", listing.front().size).member("updatedAtMs", listing.front().modified_ms);
        if (with_content) {
            Buffer content(core.gate.pool());
            if (const auto got = core.gate.store().get(key, content); !got) {
                call.fail(rpc::code::unavailable, {"cannot read ", name, ": ", got.error().what});
                return false;
            }
            const auto hash = crypto::hex(crypto::sha256(content.text()));
            writer.member("hash", std::string_view(hash.data(), hash.size())).member("content", content.text());
        }
    }
    writer.end_object();
    return true;
}

void files_list(Core& core, Call& call) {
    const config::Agent* agent = agent_named(core, call);
    if (agent == nullptr) return;
    json::Writer& writer = call.result();
    writer.begin_object().member("agentId", agent->id);
    writer.member("workspace", workspace_key(*agent, core.gate.memory())).key("files").begin_array();
    for (const std::string_view name : file_names) {
        if (!write_file(core, call, writer, *agent, name, false)) return;
    }
    writer.end_array().end_object();
}

// A name of the list above; nothing, and failed, for another.
std::optional<std::string_view> file_named(Call& call) {
    for (const std::string_view name : file_names) {
        if (name == call.text("name")) return name;
    }
    call.fail(rpc::code::invalid_request, {"unsupported file \"", cut_utf8(call.text("name"), 64), "\""});
    return std::nullopt;
}

void files_get(Core& core, Call& call) {
    const config::Agent* agent = agent_named(core, call);
    if (agent == nullptr) return;
    const auto name = file_named(call);
    if (!name) return;
    json::Writer& writer = call.result();
    writer.begin_object().member("agentId", agent->id);
    writer.member("workspace", workspace_key(*agent, core.gate.memory())).key("file");
    if (write_file(core, call, writer, *agent, *name, true)) writer.end_object();
}

void files_set(Core& core, Call& call) {
    const config::Agent* agent = agent_named(core, call);
    if (agent == nullptr) return;
    const auto name = file_named(call);
    if (!name) return;
    const std::string_view content = call.text("content");
    if (content.size() > file_bytes_max) return call.fail("content is longer than 1048576 bytes");
    if (const auto put = core.gate.store().put(file_key(core, *agent, *name), content); !put)
        return call.fail(rpc::code::unavailable, {"cannot write ", *name, ": ", put.error().what});
    json::Writer& writer = call.result();
    writer.begin_object().member("ok", true).member("agentId", agent->id);
    writer.member("workspace", workspace_key(*agent, core.gate.memory())).key("file");
    if (write_file(core, call, writer, *agent, *name, true)) writer.end_object();
}

void identity_get(Core& core, Call& call) {
    std::string_view id = call.text("agentId");
    std::optional<std::pmr::string> key;
    if (id.empty()) {
        key = core.sessions.canonical(call.text("sessionKey"));
        id = key ? core.agent_of(*key) : std::string_view(core.default_agent().id);
    }
    const config::Agent* agent = core.find_agent(id);
    if (agent == nullptr)
        return call.fail(rpc::code::invalid_request,
                         {"invalid agent.identity.get params: unknown agent id \"", cut_utf8(id, 64), "\""});
    const bool named = agent->name != agent->id;
    json::Writer& writer = call.result();
    writer.begin_object().member("agentId", agent->id);
    writer.member("name", named ? std::string_view(agent->name) : std::string_view("Assistant"));
    writer.member("nameSource", named ? "config" : "default");
    // A letter, an URL, or the path at which a file of the workspace is served.
    std::pmr::string avatar(named ? cut_utf8(agent->name, 4) : std::string_view("A"), core.gate.memory());
    if (const std::string_view own = agent->identity.avatar; !own.empty()) {
        avatar = own;
        if (!own.starts_with("data:") && !own.starts_with("http://") && !own.starts_with("https://"))
            ((avatar = core.gate.config().control_ui.base_path) += "/avatar/") += agent->id;
    }
    writer.member("avatar", avatar);
    if (!agent->identity.emoji.empty()) writer.member("emoji", agent->identity.emoji);
    writer.end_object();
}

void models_list(Core& core, Call& call) {
    json::Writer& writer = call.result();
    writer.begin_object().key("models");
    write_models(writer, core.gate.config());
    writer.end_object();
}

void models_auth_status(Core& core, Call& call) {
    json::Writer& writer = call.result();
    writer.begin_object().member("ts", core.gate.unix_ms()).key("providers").begin_array();
    for (const config::Provider& provider : core.gate.config().providers) {
        writer.begin_object().member("provider", provider.id).member("authProvider", provider.id);
        writer.member("displayName", provider.id).member("status", provider.api_key.empty() ? "missing" : "static");
        writer.key("profiles").begin_array().end_array();
        if (!provider.api_key.empty()) writer.key("apiKey").begin_object().member("source", "config").end_object();
        writer.end_object();
    }
    writer.end_array().key("providerCapabilities").begin_array().end_array().end_object();
}

void tools_catalog(Core& core, Call& call) {
    std::string_view id = call.text("agentId");
    if (id.empty()) id = core.default_agent().id;
    if (core.find_agent(id) == nullptr)
        return call.fail(rpc::code::invalid_request, {"unknown agent id \"", cut_utf8(id, 64), "\""});
    json::Writer& writer = call.result();
    writer.begin_object().member("agentId", id).key("profiles").begin_array();
    constexpr std::pair<std::string_view, std::string_view> profiles[] = {
        {"minimal", "Minimal"}, {"coding", "Coding"}, {"messaging", "Messaging"}, {"full", "Full"}};
    for (const auto& [profile, label] : profiles)
        writer.begin_object().member("id", profile).member("label", label).end_object();
    std::pmr::vector<CatalogTool> tools(core.gate.memory());
    core.gate.describe_tools(tools);
    writer.end_array().key("groups").begin_array();
    const auto write_group = [&](std::string_view id_of_group, std::string_view label, std::string_view source,
                                 bool of_host) {
        writer.begin_object().member("id", id_of_group).member("label", label).member("source", source);
        writer.key("tools").begin_array();
        for (const CatalogTool& tool : tools) {
            if (tool.is_hosts != of_host) continue;
            writer.begin_object().member("id", tool.name).member("label", tool.name);
            writer.member("description", tool.description).member("source", source);
            writer.key("defaultProfiles").begin_array().string("minimal").end_array().end_object();
        }
        writer.end_array().end_object();
    };
    write_group("gateway", "Gateway", "core", false);
    const bool has_host = std::any_of(tools.begin(), tools.end(), [](const CatalogTool& it) { return it.is_hosts; });
    if (has_host && call.flag("includePlugins", true)) write_group("host", "Host", "plugin", true);
    writer.end_array().end_object();
}

void commands_list(Core&, Call& call) {
    json::Writer& writer = call.result();
    writer.begin_object().key("commands");
    write_commands(writer);
    writer.end_object();
}

void chat_metadata(Core& core, Call& call) { write_chat_metadata(call.result(), core.gate.config()); }

}  // namespace

std::span<const Method> agent_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 10> rows{{
        {"agents.list", Scope::read, "", agents_list},
        {"agents.files.list", Scope::read, "agentId:s(1..)", files_list},
        {"agents.files.get", Scope::read, "agentId:s(1..) name:s(1..)", files_get},
        {"agents.files.set", Scope::admin, "agentId:s(1..) name:s(1..) content:s", files_set},
        {"agent.identity.get", Scope::read, "agentId?:s(1..) sessionKey?:s(..512)", identity_get},
        {"models.list", Scope::read,
         "agentId?:s(1..) sessionKey?:s(..512) includeProviderCapabilities?:b preparedOnly?:b refresh?:b includeDetails?:b "
         "view?:\"default\"|\"configured\"|\"provider-config\"|\"all\"",
         models_list},
        {"models.authStatus", Scope::read, "refresh?:b agentId?:s", models_auth_status},
        {"tools.catalog", Scope::read, "agentId?:s(1..) includePlugins?:b", tools_catalog},
        {"commands.list", Scope::read, "sessionKey?:s agentId?:s provider?:s scope?:s includeArgs?:b", commands_list},
        {"chat.metadata", Scope::read, "agentId?:s(1..) sessionKey?:s(1..512)", chat_metadata},
    }};
    return rows;
}

}  // namespace gw::method
