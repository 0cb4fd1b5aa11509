// The configuration and the log: config.get, config.set, config.patch, config.apply, config.reload, config.schema,
// config.schema.lookup, logs.tail. The engine does the work (config_desk.h).
#include <algorithm>
#include <array>

#include "config/schema_json.h"
#include "method/config_desk.h"
#include "method/core.h"

namespace gw::method {

namespace {

ConfigDesk* desk_of(Core& core, Call& call) {
    ConfigDesk* const desk = core.gate.config_desk();
    if (desk == nullptr) call.fail(rpc::code::unavailable, {"there is no configuration here"});
    return desk;
}

void refuse(Core& core, Call& call, const ConfigRefusal& refusal) {
    Buffer details(core.gate.pool());
    if (!refusal.issues.empty()) {
        json::Writer writer(details);
        config::write_issues(writer, refusal.issues);
    }
    call.fail(refusal.unavailable ? rpc::code::unavailable : rpc::code::invalid_request, {refusal.message},
              details.text());
}

void get_config(Core& core, Call& call) {
    if (ConfigDesk* const desk = desk_of(core, call)) desk->get(call.result());
}

void change_config(Core& core, Call& call) {
    ConfigDesk* const desk = desk_of(core, call);
    if (desk == nullptr) return;
    ConfigChange change;
    change.edit.kind = call.method == "config.set"     ? config::EditKind::set
                       : call.method == "config.patch" ? config::EditKind::patch
                                                       : config::EditKind::apply;
    change.edit.raw = call.text("raw");
    change.edit.base_hash = call.params["baseHash"].as_string();
    change.session_key = call.text("sessionKey");
    change.note = call.text("note");
    change.restart_delay_ms = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(call.number("restartDelayMs", change.restart_delay_ms), 0, 60000));
    ConfigRefusal refusal(core.gate.memory());
    if (!desk->change(change, call.result(), refusal)) refuse(core, call, refusal);
}

void reload_config(Core& core, Call& call) {
    ConfigDesk* const desk = desk_of(core, call);
    ConfigRefusal refusal(core.gate.memory());
    if (desk != nullptr && !desk->reload(call.result(), refusal)) refuse(core, call, refusal);
}

void get_schema(Core& core, Call& call) {
    if (ConfigDesk* const desk = desk_of(core, call)) desk->schema(call.result());
}

void look_up_schema(Core&, Call& call) {
    if (!config::write_schema_lookup(call.result(), call.text("path"))) call.fail("config schema path not found");
}

void tail_log(Core& core, Call& call) {
    ConfigDesk* const desk = desk_of(core, call);
    if (desk == nullptr) return;
    std::optional<std::uint64_t> cursor;
    if (const auto given = call.params["cursor"].as_int()) cursor = static_cast<std::uint64_t>(*given);
    desk->tail(cursor, static_cast<std::size_t>(call.number("limit", 500)),
               static_cast<std::size_t>(call.number("maxBytes", 250000)), call.result());
}

}  // namespace

std::span<const Method> config_methods() noexcept {
    using rpc::Role;
    using rpc::Scope;
    static constexpr std::array<Method, 8> rows{{
        {"config.get", Scope::read, "", get_config},
        {"config.set", Scope::admin, "raw:s(1..) baseHash?:s(1..)", change_config},
        {"config.patch", Scope::admin,
         "raw:s(1..) baseHash?:s(1..) sessionKey?:s deliveryContext?:any note?:s restartDelayMs?:i(0..)", change_config,
         Role::oper, true, true},
        {"config.apply", Scope::admin,
         "raw:s(1..) baseHash?:s(1..) sessionKey?:s deliveryContext?:any note?:s restartDelayMs?:i(0..)", change_config,
         Role::oper, true, true},
        {"config.reload", Scope::admin, "", reload_config},
        {"config.schema", Scope::read, "", get_schema},
        {"config.schema.lookup", Scope::read, "path:s(1..1024)", look_up_schema},
        {"logs.tail", Scope::read, "cursor?:i(0..) limit?:i(1..5000) maxBytes?:i(1..1000000)", tail_log},
    }};
    return rows;
}

}  // namespace gw::method
