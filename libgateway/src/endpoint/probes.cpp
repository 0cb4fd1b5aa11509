#include "endpoint/probes.h"

#include "gateway/base.h"
#include "json/json.h"

namespace gw::endpoint {

int write_probe(Buffer& out, Probe probe, bool draining, bool details, std::uint64_t uptime_ms) {
    json::Writer w(out);
    w.begin_object();
    switch (probe) {
    case Probe::health: w.member("ok", true).member("status", "ok"); break;
    case Probe::live: w.member("ok", true).member("status", "live"); break;
    case Probe::ready:
        w.member("ready", !draining);
        if (details) {
            w.key("failing").begin_array();
            if (draining) w.string("draining");
            w.end_array().member("uptimeMs", uptime_ms);
        }
        break;
    case Probe::started:
        w.member("ok", true).member("status", "started");
        if (details) w.member("version", GW_VERSION).member("uptimeMs", uptime_ms);
        break;
    }
    w.end_object();
    return probe == Probe::ready && draining ? 503 : 200;
}

}  // namespace gw::endpoint
