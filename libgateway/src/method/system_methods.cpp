// Connection, health and presence: connect (refused here: it comes first or not at all), health, status,
// system-presence, system-event.
#include <array>

#include "method/core.h"
#include "method/release.h"

namespace gw::method {

namespace {

void connect_again(Core&, Call& call) { call.fail("connect is only valid as the first request"); }

void health(Core& core, Call& call) {
    if (call.flag("probe")) core.health.refresh();
    call.result().raw(core.health.payload());
}

void status(Core& core, Call& call) {
    json::Writer& writer = call.result();
    const config::Config& config = core.gate.config();
    writer.begin_object().member("runtimeVersion", release::version);
    writer.key("heartbeat")
        .begin_object()
        .member("defaultAgentId", core.default_agent().id)
        .key("agents")
        .begin_array();
    for (const config::Agent& agent : config.agents) {
        writer.begin_object().member("agentId", agent.id).member("enabled", false).member("every", "disabled");
        writer.key("everyMs").null().end_object();
    }
    writer.end_array().end_object();
    writer.key("channelSummary").begin_array().end_array().key("queuedSystemEvents").begin_array().end_array();
    core.write_session_status(writer, call.client);
    writer.end_object();
}

void system_presence(Core& core, Call& call) { core.presence.write(call.result()); }

void system_event(Core& core, Call& call) {
    const std::string_view text = call.text("text");
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return call.fail("text required");
    core.presence.report(call.params);
    call.result().begin_object().member("ok", true).end_object();
}

}  // namespace

std::span<const Method> system_methods() noexcept {
    using rpc::Role;
    using rpc::Scope;
    static constexpr std::array<Method, 5> rows{{
        {"connect", Scope::any, "*", connect_again, Role::any, false},
        {"health", Scope::any, "probe?:b", health, Role::any},
        {"status", Scope::read, "includeChannelSummary?:b *", status},
        {"system-presence", Scope::read, "", system_presence},
        {"system-event", Scope::admin,
         "text:s deviceId?:s instanceId?:s host?:s ip?:s mode?:s version?:s platform?:s deviceFamily?:s "
         "modelIdentifier?:s lastInputSeconds?:n reason?:s roles?:s[] scopes?:s[] tags?:s[] sessionKey?:s wake?:b",
         system_event},
    }};
    return rows;
}

}  // namespace gw::method
