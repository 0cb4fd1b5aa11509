#include "method/findings.h"

#include <algorithm>

#include "core/buffer.h"
#include "core/text.h"
#include "method/gate.h"
#include "method/write.h"

namespace gw::method {

namespace {

constexpr std::size_t name_bytes_max = 256;  // of what comes from requests: models, sessions
constexpr std::size_t reason_bytes_max = 1024;

void write_name(json::Writer& writer, std::string_view key, std::string_view text) {
    write_if(writer, key, cut_utf8(text, name_bytes_max));
}

}  // namespace

Findings::Findings(Gate& gate) : gate_(gate), kept_(gate.memory()) {}

void Findings::tell(const Verdict& verdict) {
    if (verdict.action == "block" || verdict.action == "confirm") {
        ++counts_.blocked;
    } else if (verdict.redactions > 0) {
        ++counts_.redacted;
    } else {
        ++counts_.alerted;
    }
    Buffer out(gate_.pool());
    json::Writer writer(out);
    writer.begin_object().member("id", ++told_).member("ts", gate_.unix_ms()).member("mode", verdict.mode);
    writer.member("action", verdict.action).member("rawAction", verdict.raw_action);
    writer.member("severity", verdict.severity).member("direction", verdict.direction);
    writer.member("reason", cut_utf8(verdict.reason, reason_bytes_max));
    write_name(writer, "provider", verdict.provider);
    write_name(writer, "model", verdict.model);
    write_name(writer, "agentId", verdict.agent_id);
    write_name(writer, "sessionKey", verdict.session_key);
    write_name(writer, "runId", verdict.run_id);
    writer.key("findings").begin_array();
    for (const Verdict::Finding& one : verdict.findings.first(std::min(verdict.findings.size(), listed_max))) {
        writer.begin_object().member("rule", one.rule).member("title", cut_utf8(one.title, name_bytes_max));
        writer.member("severity", one.severity).member("action", one.action);
        write_name(writer, "excerpt", one.excerpt);
        writer.end_object();
    }
    writer.end_array().member("found", verdict.found).member("redactions", verdict.redactions).end_object();

    if (kept_.size() >= kept_max) kept_.pop_back();
    kept_.emplace_front(out.text());
    Event event;
    event.name = "guardrail";
    event.payload = out.text();
    event.scope = rpc::Scope::read;
    event.may_drop = true;
    gate_.broadcast(event);
}

void Findings::write(json::Writer& writer, std::size_t limit) const {
    writer.begin_object().key("findings").begin_array();
    for (const std::pmr::string& one : kept_) {
        if (limit-- == 0) break;
        writer.raw(one);
    }
    writer.end_array().end_object();
}

}  // namespace gw::method
