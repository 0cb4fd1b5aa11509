#include "gateway/agent.h"

#include "api/guard.h"
#include "api/handles.h"
#include "api/sized.h"
#include "exchange/host_model.h"

namespace {

using gw::api::unwrap;

// Runs the host's word on an answer that is open.
template <typename Say>
gw_status say(gw_gateway* gateway, gw_run_id run, Say&& words) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    gw::exchange::HostModel* const model = unwrap(gateway)->runs().hosted.find(run);
    if (model == nullptr) return GW_ERR_GONE;
    const gw_status status = gw::api::guard([&] { return words(*model); });
    if (status == GW_ERR_NO_MEMORY) model->fail_no_memory();
    unwrap(gateway)->settle();
    return status;
}

}  // namespace

extern "C" {

gw_status gw_gateway_agent(gw_gateway* gateway, gw_str agent) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] { return unwrap(gateway)->runs().add_host_agent(gw::as_text(agent)); });
}

gw_status gw_run_request(gw_gateway* gateway, gw_run_id run, gw_str* out) {
    if (gateway == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    const gw::exchange::HostModel* const model = unwrap(gateway)->runs().hosted.find(run);
    if (model == nullptr) return GW_ERR_GONE;
    *out = gw::as_str(model->request());
    return GW_OK;
}

gw_status gw_run_delta(gw_gateway* gateway, gw_run_id run, gw_run_text kind, gw_str text) {
    if (kind != GW_RUN_TEXT && kind != GW_RUN_REASONING) return GW_ERR_ARGUMENT;
    return say(gateway, run, [&](auto& model) { return model.delta(kind, gw::as_text(text)); });
}

gw_status gw_run_tool_call(gw_gateway* gateway, gw_run_id run, gw_str id, gw_str tool, gw_str arguments) {
    return say(gateway, run, [&](auto& model) {
        return model.tool_call(gw::as_text(id), gw::as_text(tool), gw::as_text(arguments));
    });
}

gw_status gw_run_end(gw_gateway* gateway, gw_run_id run, gw_run_stop stop, const gw_run_usage* usage) {
    using gw::message::StopReason;
    gw_run_usage used{};
    if (const gw_status status = gw::api::copy_sized(usage, used); status != GW_OK) return status;
    StopReason reason = StopReason::stop;
    switch (stop) {
    case GW_RUN_STOP: break;
    case GW_RUN_LENGTH: reason = StopReason::length; break;
    case GW_RUN_TOOL_CALLS: reason = StopReason::tool_calls; break;
    case GW_RUN_CONTENT_FILTER: reason = StopReason::content_filter; break;
    default: return GW_ERR_ARGUMENT;
    }
    const gw::message::TokenUsage tokens{used.input_tokens, used.cached_tokens, used.output_tokens, usage != nullptr};
    return say(gateway, run, [&](auto& model) { return model.end(reason, tokens); });
}

gw_status gw_run_fail(gw_gateway* gateway, gw_run_id run, gw_str message) {
    return say(gateway, run, [&](auto& model) { return model.fail(gw::as_text(message)); });
}

}  // extern "C"
