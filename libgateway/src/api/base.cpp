#include "gateway/base.h"

#include "core/memory.h"

extern "C" {

const char* gw_version(void) { return GW_VERSION; }

void gw_buf_free(gw_buf* buf) {
    if (buf == nullptr) return;
    if (buf->owner != nullptr) gw::BlockPool::put(static_cast<gw::Block*>(buf->owner));
    *buf = {nullptr, 0, nullptr};
}

gw_status_kind_t gw_status_kind(gw_status status) {
    if (status >= 0) return GW_KIND_OK;
    const int hundred = -static_cast<int>(status) / 100;
    return hundred >= GW_KIND_CALLER && hundred <= GW_KIND_RESOURCE ? static_cast<gw_status_kind_t>(hundred)
                                                                    : GW_KIND_INTERNAL;
}

const char* gw_strerror(gw_status status) {
    switch (status) {
    case GW_OK: return "success";
    case GW_DONE: return "nothing more for now";
    case GW_ERR_ARGUMENT: return "an argument is not valid";
    case GW_ERR_STATE: return "the call is not allowed in this state";
    case GW_ERR_UNSUPPORTED: return "this version of the library does not support that";
    case GW_ERR_GONE: return "the id names something that has ended";
    case GW_ERR_CONFIG: return "the configuration is not valid";
    case GW_ERR_PROTOCOL: return "the peer broke the protocol";
    case GW_ERR_TLS: return "TLS failed";
    case GW_ERR_TRUNCATED: return "the stream ended too early";
    case GW_ERR_DATA: return "the content is not valid";
    case GW_ERR_LIMIT: return "a limit was reached";
    case GW_ERR_TIMEOUT: return "a time limit was reached";
    case GW_ERR_DENIED: return "not allowed";
    case GW_ERR_BLOCKED: return "blocked by a guardrail";
    case GW_ERR_UPSTREAM: return "the upstream failed";
    case GW_ERR_RESOLVE: return "the name has no usable address";
    case GW_ERR_CONNECT: return "the upstream cannot be reached";
    case GW_ERR_CANCELLED: return "the other side left";
    case GW_ERR_NO_MEMORY: return "out of memory";
    case GW_ERR_IO: return "input or output failed";
    case GW_ERR_RANDOM: return "the random source failed";
    case GW_ERR_INTERNAL: return "internal error";
    }
    return "unknown status";
}

}  // extern "C"
