#include "exchange/config_desk.h"

#include <unistd.h>

#include <algorithm>

#include "config/reload_plan.h"
#include "config/schema_json.h"
#include "core/buffer.h"
#include "core/calendar.h"
#include "exchange/config_file.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr std::string_view sentinel_key = "restart-sentinel.json";
constexpr std::uint32_t restart_delay_ms_max = 60000;
constexpr std::size_t tail_line_count_max = 5000, tail_bytes_max = 1000000;

std::string_view name_of_kind(config::EditKind kind) noexcept {
    switch (kind) {
    case config::EditKind::set: return "config.set";
    case config::EditKind::patch: return "config.patch";
    case config::EditKind::change: return "a method";
    case config::EditKind::apply: break;
    }
    return "config.apply";
}

}  // namespace

// The file as it is now, which may be newer than what is in force.
config::Snapshot ConfigDesk::snapshot(const config::Environment& environment) const {
    Gateway& gateway = gateway_;
    const ConfigHandle& handle = gateway.config_handle();
    std::pmr::string text(gateway.memory());
    const bool exists = !handle.file.empty() && read_file(gateway.host(), handle.file, config_bytes_max, text) == GW_OK;
    if (!exists) text.clear();
    return config::take_snapshot(handle.file, exists ? std::optional<std::string_view>(text) : std::nullopt,
                                 environment, gateway.memory());
}

void ConfigDesk::write_sentinel(json::Writer& out, const method::ConfigChange& change) const {
    Gateway& gateway = gateway_;
    const bool patch = change.edit.kind == config::EditKind::patch;
    out.begin_object().member("kind", patch ? "config-patch" : "config-apply").member("status", "ok");
    out.member("ts", gateway.unix_ms());
    if (!change.session_key.empty()) out.member("sessionKey", change.session_key);
    out.key("message");
    change.note.empty() ? out.null() : out.string(change.note);
    out.member("doctorHint", "Run: gatewayd doctor").key("stats").begin_object();
    out.member("mode", name_of_kind(change.edit.kind)).member("root", gateway.config_handle().file);
    out.end_object().end_object();
}

void ConfigDesk::leave_sentinel(const method::ConfigChange& change) {
    Gateway& gateway = gateway_;
    if (gateway.store() == nullptr) return;
    Buffer text(gateway.pool());
    json::Writer writer(text);
    writer.begin_object().member("version", 1).key("payload");
    write_sentinel(writer, change);
    writer.end_object();
    if (const gw_status status = gw_store_put(gateway.store(), as_str(sentinel_key), as_str(text.text()));
        status != GW_OK) {
        gateway.log().warn({"cannot leave a note for the next start: ", gw_strerror(status)});
    }
}

void ConfigDesk::write_restart(json::Writer& out, const method::ConfigChange& change) {
    leave_sentinel(change);
    const std::string_view reason = name_of_kind(change.edit.kind);
    const Reloader::Restart restart =
        gateway_.reloader().schedule_restart(std::min(change.restart_delay_ms, restart_delay_ms_max), reason);
    out.key("restart").begin_object().member("ok", true).member("pid", static_cast<std::int64_t>(::getpid()));
    out.member("signal", "SIGUSR1").member("delayMs", static_cast<std::uint64_t>(restart.delay_ms));
    out.member("reason", reason).member("mode", "emit").member("coalesced", restart.coalesced);
    out.member("cooldownMsApplied", static_cast<std::uint64_t>(restart.cooldown_ms)).end_object();
    std::pmr::string path(gateway_.config_handle().state_dir, gateway_.memory());
    path += '/';
    path += sentinel_key;
    out.key("sentinel").begin_object().member("path", path).key("payload");
    write_sentinel(out, change);
    out.end_object();
}

void ConfigDesk::get(json::Writer& out) {
    Gateway& gateway = gateway_;
    const ConfigEnvironment environment(gateway.host(), gateway.config_handle());
    write_snapshot(out, snapshot(environment.get()), gateway.pool());
}

bool ConfigDesk::change(const method::ConfigChange& change, json::Writer& out, method::ConfigRefusal& refusal) {
    Gateway& gateway = gateway_;
    const ConfigHandle& handle = gateway.config_handle();
    const ConfigEnvironment environment(gateway.host(), handle);
    if (handle.file.empty()) {
        refusal.unavailable = true;
        refusal.message = "this gateway has no configuration file";
        return false;
    }
    const config::Snapshot before = snapshot(environment.get());
    Buffer next(gateway.pool());
    config::Edited edited = config::edit(before, change.edit, environment.get(), next, gateway.memory());
    if (!edited.message.empty()) {
        refusal.message = std::move(edited.message);
        refusal.issues = std::move(edited.issues);
        return false;
    }
    const bool apply = change.edit.kind == config::EditKind::apply;
    if (!edited.noop) {
        const gw_status status = write_config_file(gateway.host(), handle.file, next.text(), gateway.memory());
        if (status != GW_OK) {
            refusal.unavailable = true;
            refusal.message = "the configuration file cannot be written: ";
            refusal.message += gw_strerror(status);
            return false;
        }
        gateway.log().info({name_of_kind(change.edit.kind), " wrote ", handle.file});
    }
    if (change.edit.kind == config::EditKind::change) {
        // In force at once: the caller's next call finds what this one has made. What cannot be is told in the log.
        if (!edited.noop && gateway.config().reload_mode != config::ReloadMode::off) [[maybe_unused]]
            const gw_status status = gateway.reloader().reload();
        return true;
    }
    std::optional<config::Snapshot> written;
    if (!edited.noop)
        written.emplace(config::take_snapshot(handle.file, next.text(), environment.get(), gateway.memory()));
    const config::Snapshot& after = written ? *written : before;
    out.begin_object().member("ok", true);
    if (edited.noop && change.edit.kind == config::EditKind::patch) out.member("noop", true);
    out.member("path", handle.file).key("config");
    config::write_config(out, after);
    out.member("hash", config::as_text(after.hash));
    if (change.edit.kind != config::EditKind::set) {
        out.key("changedPaths").begin_array();
        for (const std::pmr::string& path : edited.changed) out.string(path);
        out.end_array();
        const auto plan = config::plan_reload(handle.details.resolved, after.resolved, gateway.config().reload_mode,
                                              gateway.memory());
        if (apply || (plan.restart && !edited.noop)) write_restart(out, change);
    }
    out.end_object();
    if (!edited.noop && gateway.config().reload_mode != config::ReloadMode::off) gateway.reloader().file_written();
    return true;
}

void ConfigDesk::schema(json::Writer& out) {
    config::write_schema(out, gw_version(), format_timestamp(gateway_.unix_ms()).view());
}

bool ConfigDesk::reload(json::Writer& out, method::ConfigRefusal& refusal) {
    config::ReloadPlan plan(gateway_.memory());
    const gw_status status = gateway_.reloader().reload(&plan);
    if (status == GW_OK) {
        out.begin_object().member("ok", true).key("reloaded").begin_array();
        for (const std::pmr::string& path : plan.changed) out.string(path);
        out.end_array().member("restartRequired", !plan.waiting.empty()).end_object();
        return true;
    }
    refusal.unavailable = status == GW_ERR_STATE;
    refusal.message = status == GW_ERR_STATE ? "this gateway has no configuration file"
                                             : "invalid config; the configuration stays as it was";
    const ConfigEnvironment environment(gateway_.host(), gateway_.config_handle());
    for (config::Problem& problem : snapshot(environment.get()).problems) {
        if (problem.error) refusal.issues.push_back(std::move(problem));
    }
    return false;
}

void ConfigDesk::tail(std::optional<std::uint64_t> cursor, std::size_t line_count_max, std::size_t bytes_max,
                      json::Writer& out) {
    const DayLog::Tail tail = gateway_.day_log().tail(cursor, std::min(line_count_max, tail_line_count_max),
                                                      std::min(bytes_max, tail_bytes_max));
    out.begin_object()
        .member("file", tail.file.empty() ? std::string_view("(none)") : std::string_view(tail.file))
        .member("cursor", tail.cursor)
        .member("size", tail.size);
    out.key("lines").begin_array();
    for (const std::pmr::string& line : tail.lines) out.string(line);
    out.end_array().member("truncated", tail.truncated).member("reset", tail.reset).end_object();
}

void ConfigDesk::on_config_changed(const config::ReloadPlan& /*plan*/, std::string_view path, std::string_view hash) {
    Buffer payload(gateway_.pool());
    json::Writer writer(payload);
    writer.begin_object().member("path", path).member("hash", hash).member("ts", gateway_.unix_ms()).end_object();
    method::Event event;
    event.name = "config.changed";
    event.payload = payload.text();
    event.scope = rpc::Scope::read;
    event.protocol_min = 4;
    gateway_.hub().broadcast(event);
}

// The hub says farewell when the gateway ends, for a restart as for good.
void ConfigDesk::on_restart(std::uint32_t /*expected_ms*/) {}

std::size_t ConfigDesk::runs_active() const noexcept { return gateway_.runs().open_count(); }

std::optional<std::pmr::string> take_restart_sentinel(Gateway& gateway) {
    gw_buf kept{};
    if (gateway.store() == nullptr || gw_store_get(gateway.store(), as_str(sentinel_key), &kept) != GW_OK)
        return std::nullopt;
    std::optional<std::pmr::string> out;
    try {
        const std::pmr::string text(static_cast<const char*>(kept.data), kept.len, gateway.memory());
        gw_buf_free(&kept);
        json::Document document(gateway.memory());
        if (document.parse(text) && document.root()["payload"].is(json::Kind::object))
            out.emplace(document.root()["payload"].raw(), gateway.memory());
    } catch (...) {
        gw_buf_free(&kept);
        throw;
    }
    if (gw_store_remove(gateway.store(), as_str(sentinel_key)) == GW_OK) gateway.reloader().came_back();
    return out;
}

}  // namespace gw::exchange
