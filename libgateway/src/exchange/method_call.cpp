#include "exchange/method_call.h"

#include "exchange/gateway.h"
#include "exchange/server_conn.h"
#include "method/call.h"

namespace gw::exchange {

MethodCall::MethodCall(Gateway& gateway, ServerConn& client)
    : gateway_(gateway),
      client_(client),
      caller_(gateway.memory()),
      params_(gateway.pool()),
      payload_(gateway.pool()),
      writer_(params_) {
    caller_.client_id = "http";
    caller_.mode = "backend";
    caller_.protocol = 4;
    caller_.scopes = client.caller().scopes;
    caller_.is_local = client.is_local();
    caller_.address = client.peer();
    caller_.user = client.caller().user;
    writer_.begin_object();
}

bool MethodCall::run(std::string_view method) {
    writer_.end_object();
    json::Document document(gateway_.memory());
    json::Limits limits;
    limits.bytes_max = params_.size();
    if (const auto parsed = document.parse(params_.text(), limits); !parsed) {
        client_.answer_error({400, "invalid_request_error", parsed.error().what, "invalid_request", {}});
        return false;
    }
    method::Call call(gateway_.hub(), caller_, method, document.root(), payload_);
    gateway_.hub().core().dispatch(call);
    if (!call.failed()) {
        if (payload_.empty()) payload_.append("{}");
        return true;
    }
    const rpc::Failure& failure = *call.failed();
    if (failure.code == rpc::code::forbidden) {
        client_.answer_error({403, "forbidden", failure.message, "missing_scope", {}});
    } else if (failure.code == rpc::code::not_found) {
        client_.answer_error({404, "not_found", failure.message, "not_found", {}});
    } else if (failure.code == rpc::code::unavailable) {
        client_.answer_error({503, "unavailable", failure.message, "unavailable", {}});
    } else {
        client_.answer_error({400, "invalid_request_error", failure.message, "invalid_request", {}});
    }
    return false;
}

}  // namespace gw::exchange
