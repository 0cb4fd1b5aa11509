#include "upstream/request_overrides.h"

namespace gw::upstream {

namespace {

// As deep as the overrides are, which json::Limits bounds.
void merge(json::Writer& to, const json::Value& body, const json::Value& overrides) {
    to.begin_object();
    for (json::Value v = body.first(); v.exists(); v = v.next()) {
        const json::Value other = overrides[v.key()];
        to.key(v.key());
        if (!other.exists()) {
            to.value(v);
        } else if (v.is(json::Kind::object) && other.is(json::Kind::object)) {
            merge(to, v, other);
        } else {
            to.value(other);
        }
    }
    for (json::Value v = overrides.first(); v.exists(); v = v.next()) {
        if (!body[v.key()].exists()) to.key(v.key()).value(v);
    }
    to.end_object();
}

}  // namespace

void write_overridden(Buffer& out, const json::Value& body, const json::Value& overrides) {
    json::Writer to(out);
    merge(to, body, overrides);
}

}  // namespace gw::upstream
