#include "gateway/tool.h"

#include "api/guard.h"
#include "api/handles.h"
#include "core/text.h"
#include "exchange/host_tools.h"

namespace {

using gw::api::unwrap;

// Runs the host's word on a call that is open.
template <typename Say>
gw_status with_tool_call(gw_gateway* gateway, gw_tool_call_id call, gw_str text, Say&& words) {
    if (gateway == nullptr || (text.data == nullptr && text.len > 0)) return GW_ERR_ARGUMENT;
    auto& jobs = unwrap(gateway)->runs().tools().host.jobs;
    gw::exchange::HostToolJob* const job = jobs.find(call);
    if (job == nullptr) return GW_ERR_GONE;
    if (!gw::is_utf8(gw::as_text(text))) return GW_ERR_DATA;
    const gw_status status = gw::api::guard([&] {
        words(*job, gw::as_text(text));
        return GW_OK;
    });
    unwrap(gateway)->settle();
    return status;
}

}  // namespace

extern "C" {

gw_status gw_gateway_add_tool(gw_gateway* gateway, gw_str name, gw_str description, gw_str schema, uint32_t flags) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    if ((flags & ~static_cast<std::uint32_t>(GW_TOOL_OWNER_ONLY)) != 0) return GW_ERR_UNSUPPORTED;
    return gw::api::guard([&] {
        return unwrap(gateway)->runs().tools().host.add(gw::as_text(name), gw::as_text(description),
                                                        gw::as_text(schema), (flags & GW_TOOL_OWNER_ONLY) != 0);
    });
}

gw_status gw_tool_progress(gw_gateway* gateway, gw_tool_call_id call, gw_str text) {
    return with_tool_call(gateway, call, text, [](auto& job, std::string_view said) { job.progress(said); });
}

gw_status gw_tool_result(gw_gateway* gateway, gw_tool_call_id call, gw_str text, bool is_error) {
    return with_tool_call(gateway, call, text,
                          [is_error](auto& job, std::string_view said) { job.finish(said, is_error); });
}

}  // extern "C"
