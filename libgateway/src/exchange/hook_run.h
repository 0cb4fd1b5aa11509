// HookRun: one message to a hook.
//
//     head ─► token in the address? ─► POST? ─► token, or signed? ─► path ─► body ─► signature ─► JSON ─► deed
//              400                      405      401, 429             404     413     401, 409     400
//
// A deed is a notice for the main session, or a turn of an agent in a session of its own, which goes on when the sender
// has left. Its text is put to the agent as the words of a stranger.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/config.h"
#include "endpoint/hooks.h"
#include "exchange/http_run.h"
#include "http1/http1.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

class HookRun final : public HttpRun {
public:
    // Whether a path is a hook's: hooks are enabled, and it lies at or below hooks.path.
    [[nodiscard]] static bool owns(const config::Config& config, std::string_view path) noexcept;

    HookRun(Gateway& gateway, ServerConn& client);

    // What the head alone decides. False: the request was answered.
    [[nodiscard]] bool admit(const http1::RequestHead& head);
    void start(std::string_view body) override;

private:
    // The message, once it is JSON. False: it was answered.
    [[nodiscard]] bool is_signed_well(std::string_view body);
    [[nodiscard]] bool read_deed(const json::Value& body, endpoint::HookDeed& deed);
    void refuse(int status, std::string_view text);  // as text
    void fail(std::string_view error);               // as JSON, 400
    void refuse_guess();
    void wake(const endpoint::HookDeed& deed);
    void run_agent(const json::Value& body, const endpoint::HookDeed& deed);
    [[nodiscard]] std::string_view idempotency_key(const json::Value& body) const noexcept;

    Gateway& gateway_;
    ServerConn& client_;
    std::pmr::string path_;  // below hooks.path
    bool early_ = true;      // the body was not read yet
};

}  // namespace gw::exchange
