// The simple dialect of a gateway socket: flat messages with a type, for a page of a few lines.
//
//     {"type":"auth","token":"…"}                                  ► {"type":"auth_ok","user":"admin"}
//     {"type":"message","content":"Hello","sessionId":"s1"}        ► {"type":"chunk",…}, {"type":"done","usage":{…}}
//     {"type":"subscribe","events":["message","status"]}           ► {"type":"message",…} of all sessions, status
//     {"type":"ping"}                                              ► {"type":"pong"}
//
// Behind it are the same sessions and runs as behind the other dialects.
#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/hub.h"
#include "exchange/rpc_socket.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

using rpc::Scope;

constexpr rpc::Scopes everything{Scope::admin, Scope::read, Scope::write, Scope::approvals, Scope::pairing};

}  // namespace

void RpcSocket::say(std::string_view text) {
    if (!closing_) codec_.send_text(conn_.sink(), text);
}

void RpcSocket::say_error(std::string_view code, std::string_view message) {
    Buffer out(hub_.pool());
    json::Writer(out)
        .begin_object()
        .member("type", "error")
        .member("code", code)
        .member("message", message)
        .end_object();
    say(out.text());
}

// `Authorization: Bearer` or ?token= of the upgrade.
bool RpcSocket::admit_by_upgrade() {
    if (!vouch({})) return false;
    admit_without_connect();
    return true;
}

void RpcSocket::admit_without_connect() {
    client_.client_id = client_.dialect == rpc::Dialect::simple ? "simple" : "seed";
    client_.mode = "ui";
    client_.scopes = everything;
    if (hub_.gateway().host_auth()) take_host_words();
    enter();
    hub_.core().on_joined(client_);
}

void RpcSocket::say_auth_ok() {
    Buffer out(hub_.pool());
    const std::string_view user = client_.user.empty() ? std::string_view("admin") : std::string_view(client_.user);
    json::Writer(out).begin_object().member("type", "auth_ok").member("user", user).end_object();
    say(out.text());
}

void RpcSocket::on_simple_auth(const json::Value& root) {
    const std::string_view type = root["type"].as_string().value_or(std::string_view{});
    const std::string_view token = root["token"].as_string().value_or(std::string_view{});
    if (type == "ping") return say(R"({"type":"pong"})");
    if (hub_.gateway().host_auth()) {
        if (type != "auth" || token.empty()) return ask_host(root, {});
        Buffer credentials(hub_.pool());
        json::Writer(credentials).begin_object().member("token", token).end_object();
        return ask_host(root, credentials.text());
    }
    if (type == "auth") {
        if (!vouch(token)) {
            say_error("UNAUTHORIZED", "The token is not right.");
            return close(1008, "unauthorized");
        }
        admit_without_connect();
        return say_auth_ok();
    }
    if (admit_by_upgrade()) return hub_.run_simple(*this, root);
    say_error("UNAUTHORIZED", "Send {\"type\":\"auth\",\"token\":\"...\"} first.");
    close(1008, "unauthorized");
}

void RpcSocket::ask_host(const json::Value& first, std::string_view credentials) {
    upgrade_->first = first.raw();
    asking_ = conn_.ask_host_auth(credentials);
    if (!asking_) on_first_decided(HostAuth::Outcome::unavailable);
}

void RpcSocket::on_first_decided(HostAuth::Outcome outcome) {
    using Outcome = HostAuth::Outcome;
    const std::pmr::string first = std::move(upgrade_->first);
    json::Document document(hub_.memory());
    json::Limits limits;
    limits.bytes_max = first.size();
    if (!document.parse(first, limits)) return close(1008, "invalid request frame");
    const json::Value root = document.root();
    const bool is_simple = client_.dialect == rpc::Dialect::simple;
    std::string_view id;
    std::pmr::string error(hub_.memory());
    const auto request = rpc::read_request(client_.dialect, root, id, error);
    if (outcome != Outcome::allowed) {
        const bool denied = outcome == Outcome::denied;
        if (denied) ++hub_.gateway().stats().refused_total;
        const std::string_view why = denied ? "unauthorized" : "authentication is not available";
        if (!is_simple)
            return refuse(id, {denied ? rpc::code::invalid_request : rpc::code::unavailable, why, {}, !denied, {}, {}});
        say_error(denied ? "UNAUTHORIZED" : "UNAVAILABLE", why);
        return close(1008, why);
    }
    admit_without_connect();
    if (!is_simple) return request ? on_request(*request) : close(1008, "invalid request frame");
    if (root["type"].as_string() == "auth") return say_auth_ok();
    hub_.run_simple(*this, root);
}

void Hub::run_simple(RpcSocket& socket, const json::Value& root) {
    method::Client& client = socket.client();
    const std::string_view type = root["type"].as_string().value_or(std::string_view{});
    if (type == "ping") return socket.say(R"({"type":"pong"})");
    if (type == "auth") return socket.say_auth_ok();
    const Scope needed = type == "message" ? Scope::write : type == "subscribe" ? Scope::read : Scope::any;
    if (!client.scopes.allows(needed))
        return socket.say_error(
            "FORBIDDEN", needed == Scope::write ? "missing scope: operator.write" : "missing scope: operator.read");
    if (type == "subscribe") {
        client.wants_messages = client.wants_status = false;
        for (json::Value event = root["events"].first(); event.exists(); event = event.next()) {
            const auto name = event.as_string();
            if (name == "message") {
                client.wants_messages = true;
            } else if (name == "status") {
                client.wants_status = true;
            } else {
                return socket.say_error("UNKNOWN_EVENT", "Events are \"message\" and \"status\".");
            }
        }
        return socket.say(client.wants_messages ? client.wants_status
                                                      ? R"({"type":"subscribed","events":["message","status"]})"
                                                      : R"({"type":"subscribed","events":["message"]})"
                          : client.wants_status ? R"({"type":"subscribed","events":["status"]})"
                                                : R"({"type":"subscribed","events":[]})");
    }
    if (type != "message") return socket.say_error("UNKNOWN_TYPE", "Types are auth, message, ping and subscribe.");
    const auto content = root["content"].as_string();
    if (!content || content->find_first_not_of(" \t\r\n") == std::string_view::npos)
        return socket.say_error("INVALID_MESSAGE", "A message needs a content, a text that is not empty.");
    if (content->size() > method::Chats::text_bytes_max)
        return socket.say_error("INVALID_MESSAGE", "The content is longer than 4194304 bytes.");
    const auto key = core_.sessions.canonical(root["sessionId"].as_string().value_or("main"));
    if (!key || core_.find_agent(core_.agent_of(*key)) == nullptr)
        return socket.say_error("INVALID_SESSION", "The sessionId is no name of a session.");
    if (core_.is_closed(*key)) return socket.say_error("FORBIDDEN", "send blocked by session policy");
    const auto id = crypto::random_uuid(random());
    if (!id) return socket.say_error("UNAVAILABLE", "There are no random numbers.");
    method::RunSpec spec;
    spec.run_id = {id->data(), id->size()};
    spec.session_key = *key;
    spec.text = *content;
    spec.client = &client;
    std::pmr::string why(memory());
    if (core_.chats.start(spec, why) == method::Chats::Started::refused) return socket.say_error("UNAVAILABLE", why);
    core_.chats.proceed(spec.run_id);
}

void Hub::tell_simple(const method::SimpleNews& news) {
    using Kind = method::SimpleNews::Kind;
    for (RpcSocket* socket = all_.front(); socket != nullptr; socket = all_.after(socket->in_hub)) {
        const method::Client& client = socket->client();
        if (!socket->is_admitted() || client.dialect != rpc::Dialect::simple) continue;
        const bool own = client.conn() == news.conn;
        if (!own && !(client.wants_messages && news.kind == Kind::done)) continue;
        // The name that the client gave the session: the last part of its key.
        const std::size_t colon = news.session.rfind(':');
        const std::string_view session = news.session.substr(colon == std::string_view::npos ? 0 : colon + 1);
        const FrameReference frame = make_frame(pool(), memory());
        json::Writer writer(frame->text);
        writer.begin_object();
        if (news.kind == Kind::chunk) {
            writer.member("type", "chunk").member("content", news.text);
        } else if (news.kind == Kind::error) {
            writer.member("type", "error").member("code", "AGENT_ERROR").member("message", news.text);
        } else if (!own || client.wants_messages) {
            writer.member("type", "message").member("content", news.text);
        } else {
            writer.member("type", "done");
        }
        writer.member("sessionId", session);
        if (news.kind == Kind::done && own && !client.wants_messages) write_usage(writer, news);
        writer.end_object();
        socket->push_whole(*frame);
        if (news.kind == Kind::done && own && client.wants_messages) {
            const FrameReference done = make_frame(pool(), memory());
            json::Writer end(done->text);
            end.begin_object().member("type", "done").member("sessionId", session);
            write_usage(end, news);
            end.end_object();
            socket->push_whole(*done);
        }
    }
}

// How the gateway is, for those who subscribed to status.
void Hub::tell_status(std::string_view health) {
    std::optional<FrameReference> frame;
    for (RpcSocket* socket = all_.front(); socket != nullptr; socket = all_.after(socket->in_hub)) {
        if (!socket->is_admitted() || socket->client().dialect != rpc::Dialect::simple ||
            !socket->client().wants_status)
            continue;
        if (!frame) {
            frame.emplace(make_frame(pool(), memory()));
            json::Writer((*frame)->text).begin_object().member("type", "status").key("status").raw(health).end_object();
            (*frame)->may_drop = true;
        }
        socket->push_whole(**frame);
    }
}

void Hub::write_usage(json::Writer& writer, const method::SimpleNews& news) {
    writer.key("usage").begin_object().member("promptTokens", news.input_tokens);
    writer.member("completionTokens", news.output_tokens);
    writer.member("totalTokens", news.input_tokens + news.output_tokens).end_object();
}

}  // namespace gw::exchange
