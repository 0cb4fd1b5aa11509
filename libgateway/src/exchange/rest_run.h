// The routes of the REST API that answer at once; POST /api/chat is rest_chat.h.
//
//     GET  /health/detailed                          POST /api/sessions/:id   {"action":"reset"|"delete"|"compact"|
//     GET  /api/status  /api/models  /api/channels                             "abort"|"patch"|"send"|"history", ...}
//     GET  /api/sessions   /api/sessions/:id
#pragma once

#include <string_view>

#include "exchange/http_run.h"
#include "json/json.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

void answer_health_details(Gateway& gateway, ServerConn& client);
void answer_rest_status(Gateway& gateway, ServerConn& client);
void answer_rest_models(Gateway& gateway, ServerConn& client);
void answer_rest_channels(Gateway& gateway, ServerConn& client);
void answer_rest_sessions(Gateway& gateway, ServerConn& client);
void answer_rest_session(Gateway& gateway, ServerConn& client);

class RestSessionRun final : public HttpRun {
public:
    RestSessionRun(Gateway& gateway, ServerConn& client) noexcept : gateway_(gateway), client_(client) {}
    void start(std::string_view body) override;

private:
    void send(const json::Value& root, std::string_view key);

    Gateway& gateway_;
    ServerConn& client_;
};

}  // namespace gw::exchange
