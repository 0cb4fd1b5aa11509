#include "endpoint/openai_error.h"

#include "json/json.h"

namespace gw::endpoint {

void write_error(Buffer& out, const ApiError& error) {
    json::Writer w(out);
    const auto optional = [&w](std::string_view key, std::string_view text) {
        w.key(key);
        if (text.empty()) {
            w.null();
        } else {
            w.string(text);
        }
    };
    w.begin_object().key("error").begin_object().member("message", error.message).member("type", error.type);
    optional("param", error.param);
    optional("code", error.code);
    w.end_object().end_object();
}

}  // namespace gw::endpoint
