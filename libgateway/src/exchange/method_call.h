// MethodCall: one method of the gateway protocol, called for the sender of an HTTP request. REST answers from the same
// handlers as the sockets, which check scope and parameters in the same words.
//
//     MethodCall call(gateway, client);
//     call.params().member("limit", 10);
//     if (call.run("sessions.list")) client.answer(200, json_type, call.result());
#pragma once

#include <string_view>

#include "core/buffer.h"
#include "json/json.h"
#include "method/client.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

class MethodCall {
public:
    MethodCall(Gateway& gateway, ServerConn& client);

    // The members of the parameters; before run().
    [[nodiscard]] json::Writer& params() noexcept { return writer_; }
    // Once; of a method that answers at once. False: it failed, and the request was answered with the reason.
    [[nodiscard]] bool run(std::string_view method);
    [[nodiscard]] std::string_view result() const noexcept { return payload_.text(); }  // JSON

private:
    Gateway& gateway_;
    ServerConn& client_;
    method::Client caller_;
    Buffer params_, payload_;
    json::Writer writer_;
};

}  // namespace gw::exchange
