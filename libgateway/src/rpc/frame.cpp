#include "rpc/frame.h"

#include "rpc/schema.h"

namespace gw::rpc {

Dialect dialect_of(const json::Value& root) noexcept {
    const auto type = root["type"].as_string();
    if (!type) return root["method"].as_string() ? Dialect::seed : Dialect::unknown;
    if (*type == "req") return Dialect::typed;
    if (*type == "auth" || *type == "message" || *type == "ping" || *type == "subscribe") return Dialect::simple;
    return Dialect::unknown;
}

std::optional<Request> read_request(Dialect dialect, const json::Value& root, std::string_view& id,
                                    std::pmr::string& error) {
    id = "invalid";
    if (const auto text = root["id"].as_string()) id = *text;
    if (!root.is(json::Kind::object)) {
        error = "must be object";
        return std::nullopt;
    }
    const bool typed = dialect == Dialect::typed;
    constexpr std::string_view typed_members =
        "type:\"req\" id:s(1..) method:s(1..) params?:any traceparent?:s(..128) expectedProfileId?:s";
    constexpr std::string_view seed_members = "id:s(1..)|n method:s(1..) params?:any meta?:any *";
    if (!check_members(typed ? typed_members : seed_members, root, error)) return std::nullopt;
    Request out;
    out.id = root["id"].as_string().value_or(root["id"].raw());
    out.method = *root["method"].as_string();
    out.params = root["params"];
    if (!typed) out.meta = root["meta"];
    id = out.id;
    return out;
}

namespace {

void begin_answer(json::Writer& writer, std::string_view id, bool ok) {
    writer.begin_object().member("type", "res").member("id", id).member("ok", ok);
}

void end_answer(json::Writer& writer, Dialect dialect, std::string_view meta) {
    if (dialect == Dialect::seed && !meta.empty()) writer.key("meta").raw(meta);
    writer.end_object();
}

}  // namespace

void write_answer(Buffer& out, Dialect dialect, std::string_view id, std::string_view payload, std::string_view meta) {
    json::Writer writer(out);
    begin_answer(writer, id, true);
    writer.key("payload").raw(payload.empty() ? "{}" : payload);
    if (dialect == Dialect::seed) writer.key("error").null();
    end_answer(writer, dialect, meta);
}

void write_failure(Buffer& out, Dialect dialect, std::string_view id, const Failure& failure, std::string_view meta) {
    json::Writer writer(out);
    begin_answer(writer, id, false);
    if (!failure.payload.empty()) {
        writer.key("payload").raw(failure.payload);
    } else if (dialect == Dialect::seed) {
        writer.key("payload").null();
    }
    writer.key("error").begin_object().member("code", failure.code).member("message", failure.message);
    if (!failure.details.empty()) writer.key("details").raw(failure.details);
    if (failure.retryable) writer.member("retryable", true);
    if (failure.retry_after_ms) writer.member("retryAfterMs", *failure.retry_after_ms);
    writer.end_object();
    end_answer(writer, dialect, meta);
}

void write_event_head(Buffer& out, std::string_view name, std::string_view payload) {
    out.append(R"({"type":"event","event":")");
    out.append(name);
    out.append(R"(","payload":)");
    out.append(payload);
}

void write_event_tail(Buffer& out, std::optional<std::uint64_t> seq, const std::optional<StateVersion>& version) {
    json::Writer writer(out);
    if (seq) {
        out.append(R"(,"seq":)");
        writer.number(*seq);
    }
    if (version) {
        out.append(R"(,"stateVersion":)");
        json::Writer(out)
            .begin_object()
            .member("presence", version->presence)
            .member("health", version->health)
            .end_object();
    }
    out.append('}');
}

}  // namespace gw::rpc
