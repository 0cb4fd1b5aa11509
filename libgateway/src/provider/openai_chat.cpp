#include "provider/openai_chat.h"

namespace gw::provider {

void split_openai_request(std::string_view body, const json::Value& root, Buffer& before, Buffer& after) {
    const json::Value old = root["model"];
    if (old.exists()) {
        before.append(body.substr(0, old.offset()));
        after.append(body.substr(old.offset() + old.raw().size()));
        return;
    }
    const std::size_t brace = root.offset() + 1;
    before.append(body.substr(0, brace));
    before.append("\"model\":");
    if (root.size() > 0) after.append(',');
    after.append(body.substr(brace));
}

UpstreamError map_openai_error(int status, const json::Value& root) noexcept {
    const json::Value error = root["error"].is(json::Kind::object) ? root["error"] : root;
    UpstreamError out;
    out.message = error["message"].as_string().value_or(root["error"].as_string().value_or(""));
    out.type = error["type"].as_string().value_or("");
    out.code = error["code"].as_string().value_or("");
    switch (status) {
    case 400:
    case 404:
    case 409:
    case 413:
    case 415:
    case 422:
        out.status = status;
        if (out.type.empty()) out.type = "invalid_request_error";
        break;
    case 429:
        out.status = 429;
        if (out.type.empty()) out.type = "rate_limit_error";
        break;
    case 401:
    case 403:
        // The upstream's own words may quote a part of the key.
        out = {502, "upstream_error",
               "The provider refused the credentials of the gateway. Check apiKey of this provider.", "provider_auth"};
        break;
    case 503:
    case 529:
        out.status = 503;
        out.type = "upstream_error";
        break;
    case 504:
        out.status = 504;
        out.type = "upstream_error";
        break;
    default: out.status = 502; out.type = "upstream_error";
    }
    if (out.message.empty()) out.message = "The provider answered with an error.";
    return out;
}

bool is_worth_another(int status) noexcept { return status == 401 || status == 403 || status == 429 || status >= 500; }

}  // namespace gw::provider
