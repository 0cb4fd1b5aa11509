// Agents that come and go while the gateway runs: agents.create, agents.update, agents.delete. Each is an edit of the
// configuration file, in force before the answer.
#include <array>
#include <charconv>
#include <optional>

#include "config/agent_edit.h"
#include "core/text.h"
#include "method/agents.h"
#include "method/config_desk.h"
#include "method/core.h"
#include "session/key.h"

namespace gw::method {

namespace {

constexpr std::size_t text_bytes_max = 1024;  // of a name, a path, an avatar's URL
constexpr std::size_t avatar_bytes_max = 1U << 20U;

// The edit, run by the desk on the file as it is then.
struct AgentEdit {
    enum class Kind : std::uint8_t { add, change, remove } kind = Kind::add;
    config::AgentFields fields;
    bool found = true;
    std::size_t bindings = 0;

    void run(config::Node& tree, const config::Node& resolved) {
        switch (kind) {
        case Kind::add: config::add_agent(tree, resolved, fields); break;
        case Kind::change: found = config::change_agent(tree, fields); break;
        case Kind::remove:
            const auto removed = config::remove_agent(tree, fields.id);
            found = removed.has_value();
            bindings = removed.value_or(0);
            break;
        }
    }
};

// False, and failed: nothing was written.
bool carry_out(Core& core, Call& call, AgentEdit& edit) {
    ConfigDesk* const desk = core.gate.config_desk();
    if (desk == nullptr) {
        call.fail(rpc::code::unavailable, {"there is no configuration here"});
        return false;
    }
    ConfigChange change;
    change.edit.kind = config::EditKind::change;
    change.edit.change = [](void* context, config::Node& tree, const config::Node& resolved) {
        static_cast<AgentEdit*>(context)->run(tree, resolved);
    };
    change.edit.context = &edit;
    ConfigRefusal refusal(core.gate.memory());
    Buffer nothing(core.gate.pool());
    json::Writer unused(nothing);
    if (!desk->change(change, unused, refusal)) {
        call.fail(refusal.unavailable ? rpc::code::unavailable : rpc::code::invalid_request, {refusal.message});
        return false;
    }
    if (edit.found) return true;
    call.fail(rpc::code::invalid_request,
              {"agent \"", cut_utf8(edit.fields.id, 64), "\" does not stand in the main configuration file"});
    return false;
}

// Those of the fields that were given; false, and failed, when one of them is too long.
bool read_fields(Call& call, config::AgentFields& fields) {
    const auto take = [&](std::string_view name, std::optional<std::string_view>& to) {
        if (const auto text = call.params[name].as_string()) to = trim(*text);
    };
    take("name", fields.name);
    take("workspace", fields.workspace);
    take("emoji", fields.emoji);
    take("avatar", fields.avatar);
    take("model", fields.model);
    if (call.params["model"].is(json::Kind::null)) fields.model = std::string_view{};
    for (const auto* one : {&fields.name, &fields.workspace, &fields.emoji, &fields.model}) {
        if (*one && (*one)->size() > text_bytes_max) {
            call.fail("a value is longer than 1024 bytes");
            return false;
        }
    }
    if (!fields.avatar || fields.avatar->size() <= avatar_bytes_max) return true;
    call.fail("avatar is longer than 1048576 bytes");
    return false;
}

void agents_create(Core& core, Call& call) {
    AgentEdit edit;
    if (!read_fields(call, edit.fields)) return;
    if (edit.fields.name->empty()) return call.fail("name required");
    const std::pmr::string id = session::agent_id_from(*edit.fields.name, core.gate.memory());
    if (id == "main" || id == "default") return call.fail(rpc::code::invalid_request, {"\"", id, "\" is reserved"});
    if (core.find_agent(id) != nullptr)
        return call.fail(rpc::code::invalid_request, {"agent \"", id, "\" already exists"});
    edit.fields.id = id;
    if (edit.fields.workspace && edit.fields.workspace->empty()) edit.fields.workspace.reset();
    if (!carry_out(core, call, edit)) return;
    json::Writer& writer = call.result();
    writer.begin_object().member("ok", true).member("agentId", id).member("name", *edit.fields.name);
    if (edit.fields.workspace) {
        writer.member("workspace", *edit.fields.workspace);
    } else {
        std::pmr::string own("workspace-", core.gate.memory());
        writer.member("workspace", own += id);
    }
    if (edit.fields.model && !edit.fields.model->empty()) writer.member("model", *edit.fields.model);
    writer.end_object();
}

// The id of an agent that there is; empty, and failed, when there is none.
std::pmr::string known_agent(Core& core, Call& call) {
    std::pmr::string id = session::agent_id_from(call.text("agentId"), core.gate.memory());
    if (core.find_agent(id) != nullptr) return id;
    call.fail(rpc::code::invalid_request, {"agent \"", id, "\" not found"});
    id.clear();
    return id;
}

void agents_update(Core& core, Call& call) {
    const std::pmr::string id = known_agent(core, call);
    if (id.empty()) return;
    AgentEdit edit;
    edit.kind = AgentEdit::Kind::change;
    if (!read_fields(call, edit.fields)) return;
    edit.fields.id = id;
    if (carry_out(core, call, edit)) call.result().begin_object().member("ok", true).member("agentId", id).end_object();
}

// Moves everything below `prefix` to `trash`; false: some of it is still there.
bool move_away(Core& core, std::string_view prefix, std::string_view trash, bool& any) {
    store::Listing listing(core.gate.memory());
    any = false;
    if (!core.gate.store().list(prefix, listing)) return false;
    any = !listing.empty();
    bool done = true;
    Buffer scratch(core.gate.pool());
    std::pmr::string to(core.gate.memory());
    for (const store::Entry& one : listing) {
        ((to.assign(trash)) += '/') += one.key;
        done = static_cast<bool>(core.gate.store().move(one.key, to, scratch)) && done;
    }
    return done;
}

void agents_delete(Core& core, Call& call) {
    const std::pmr::string id = known_agent(core, call);
    if (id.empty()) return;
    if (id == "main") return call.fail("\"main\" cannot be deleted");
    AgentEdit edit;
    edit.kind = AgentEdit::Kind::remove;
    edit.fields.id = id;
    if (!carry_out(core, call, edit)) return;
    core.chats.abort_agent(id, "rpc");
    core.sessions.forget(id);

    json::Writer& writer = call.result();
    writer.begin_object().member("ok", true).member("agentId", id);
    writer.member("removedBindings", static_cast<std::uint64_t>(edit.bindings));
    if (call.flag("deleteFiles", true)) {
        // Nothing is lost: a person finds it in the state directory.
        std::pmr::string trash("trash/", core.gate.memory());
        char stamp[24];
        const char* end = std::to_chars(stamp, stamp + sizeof stamp, core.gate.unix_ms()).ptr;
        ((trash += id) += '-').append(stamp, static_cast<std::size_t>(end - stamp));
        std::pmr::string sessions("agents/", core.gate.memory()), workspace("workspace-", core.gate.memory());
        (sessions += id) += '/';
        (workspace += id) += '/';
        struct Moved {
            std::string_view path;
            bool any = false, done = false;
        };
        std::array<Moved, 2> moved{{{sessions}, {workspace}}};
        writer.key("removed").begin_array();
        for (Moved& one : moved) {
            one.done = move_away(core, one.path, trash, one.any);
            one.path.remove_suffix(1);
            if (!one.done) continue;
            writer.begin_object().member("path", one.path).member("method", one.any ? "trash" : "missing").end_object();
        }
        writer.end_array().key("failed").begin_array();
        for (const Moved& one : moved) {
            if (one.done) continue;
            writer.begin_object().member("path", one.path).member("reason", "the store refused").end_object();
        }
        writer.end_array();
    }
    writer.end_object();
}

}  // namespace

std::span<const Method> agent_edit_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 3> rows{{
        {"agents.create", Scope::admin, "name:s(1..) workspace?:s(1..) model?:s(1..) emoji?:s avatar?:s",
         agents_create},
        {"agents.update", Scope::admin,
         "agentId:s(1..) name?:s(1..) workspace?:s(1..) model?:s(1..)|null emoji?:s avatar?:s", agents_update},
        {"agents.delete", Scope::admin, "agentId:s(1..) deleteFiles?:b", agents_delete},
    }};
    return rows;
}

}  // namespace gw::method
