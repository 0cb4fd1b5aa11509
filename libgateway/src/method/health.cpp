#include "method/health.h"

#include "json/json.h"
#include "method/core.h"

namespace gw::method {

Health::Health(Core& core)
    : core_(core),
      timer_(
          core.gate.timers(),
          [](void* self) {
              auto* health = static_cast<Health*>(self);
              health->arm();
              try {
                  health->refresh();
              } catch (const std::bad_alloc&) {  // the next one, in five seconds
              }
          },
          this),
      payload_(core.gate.pool()) {}

void Health::arm() { timer_.arm(core_.gate.now() + interval_ms); }

std::string_view Health::payload() {
    if (payload_.empty()) make();
    return payload_.text();
}

void Health::touch() { payload_.clear(); }

void Health::refresh() {
    make();
    Event event;
    event.name = "health";
    event.payload = payload_.text();
    event.to_nodes = true;
    event.may_drop = true;
    event.state_version = true;
    core_.gate.broadcast(event);
}

void Health::make() {
    ++version_;
    payload_.clear();
    const config::Config& config = core_.gate.config();
    json::Writer writer(payload_);
    writer.begin_object().member("ok", true).member("ts", core_.gate.unix_ms()).member("durationMs", 0);
    writer.key("channels").begin_object().end_object();
    writer.key("channelOrder").begin_array().end_array();
    writer.key("channelLabels").begin_object().end_object();
    writer.member("heartbeatSeconds", 0).member("defaultAgentId", core_.default_agent().id);
    writer.key("agents").begin_array();
    for (const config::Agent& agent : config.agents) {
        writer.begin_object().member("agentId", agent.id);
        if (!agent.name.empty()) writer.member("name", agent.name);
        writer.member("isDefault", agent.is_default);
        core_.write_heartbeat(writer);
        writer.key("sessions");
        core_.write_recent_sessions(writer, agent.id);
        writer.end_object();
    }
    writer.end_array().key("sessions");
    core_.write_recent_sessions(writer, core_.default_agent().id);
    writer.end_object();
}

}  // namespace gw::method
