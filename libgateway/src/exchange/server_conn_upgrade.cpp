// The request that asks for a WebSocket, and the answer that makes the connection one.
#include "auth/origin.h"
#include "endpoint/control_pages.h"
#include "exchange/gateway.h"
#include "exchange/hub.h"
#include "exchange/server_conn.h"
#include "exchange/static_run.h"

namespace gw::exchange {

bool ServerConn::begin_upgrade(const http1::RequestHead& head) {
    if (!head.headers.has_token("upgrade", "websocket"))
        return false;  // h2c and others: RFC 9110 7.8 lets us ignore it
    ws::UpgradeRequest request;
    request.method = head.method;
    request.minor = head.minor;
    request.host = head.headers.get_single("host");
    request.upgrade = head.headers.get("upgrade");
    request.connection = head.headers.get("connection");
    request.key = head.headers.get_single("sec-websocket-key");
    request.version = head.headers.get_single("sec-websocket-version");
    request.protocols = head.headers.get("sec-websocket-protocol");
    const ws::UpgradeAnswer answer = ws::answer_upgrade(request, {});
    if (answer.status != 101) {
        const http1::Header fields[] = {{"Sec-WebSocket-Version", "13"}, {"Allow", "GET"}};
        const std::span<const http1::Header> all(fields);
        refuse({answer.status, "invalid_request_error", answer.what, "bad_upgrade", {}},
               answer.status == 426   ? all.first(1)
               : answer.status == 405 ? all.last(1)
                                      : all.first(0));
    } else if (path_ == endpoint::live_socket_path && gateway().config().canvas_host.enabled) {
        if (!may_wait_for_reload()) return true;
        accept_ = answer.accept;
        upgrading_ = true;
        allow_body(head, 0);
    } else if (!gateway().hub().may_open(peer_)) {
        refuse({503, "unavailable", "Too many unauthenticated sockets", "too_many_sockets", {}});
    } else {
        accept_ = answer.accept;
        upgrading_ = true;
        allow_body(head, 0);
    }
    return true;
}

bool ServerConn::may_wait_for_reload() {
    const http1::Headers& headers = head_->headers;
    const auto origin = headers.get("origin");
    // "null" is a page in a sandbox, as we serve them.
    const bool is_ours =
        !origin || *origin == "null" ||
        auth::check_origin(origin, headers.get_single("host").value_or(std::string_view{}), peer_is_loopback_,
                           gateway().policy().origins()) == auth::OriginVerdict::allowed;
    if (!is_ours) {
        refuse({403, "forbidden", "This page may not listen here.", "origin_not_allowed", {}});
    } else if (!StaticRun::may_see_canvas(*this)) {
        refuse({401, "unauthorized", "Credentials are missing or not right.", {}, {}});
    } else if (!gateway().canvas_reload().may_open()) {
        refuse({503, "unavailable", "Too many pages wait for changes", "too_many_sockets", {}});
    } else {
        return true;
    }
    return false;
}

void ServerConn::finish_upgrade() {
    if (!http_->may_upgrade()) {  // bytes came where the first frame belongs, in a body
        return answer_error({400, "invalid_request_error", "An upgrade request has no body.", "bad_upgrade", {}});
    }
    if (path_ == endpoint::live_socket_path && gateway().config().canvas_host.enabled) {
        reload_ = make_owned<ReloadSocket>(gateway().memory(), gateway().canvas_reload(), *this);
    } else {
        rpc_ = make_owned<RpcSocket>(gateway().memory(), gateway().hub(), *this, *head_, peer_);
    }
    const http1::Header fields[] = {{"Upgrade", "websocket"},
                                    {"Connection", "Upgrade"},
                                    {"Sec-WebSocket-Accept", {accept_.data(), accept_.size()}},
                                    {"X-Request-Id", request_id()}};
    http_->accept_upgrade(sink(), fields, gateway().unix_ms());
    end_request();
    head_ = nullptr;
    reload_ ? reload_->start() : rpc_->start();
}

}  // namespace gw::exchange
