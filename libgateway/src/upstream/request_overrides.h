// A provider's request_overrides: members that go into each request body for it, whatever the client wrote there.
#pragma once

#include "core/buffer.h"
#include "json/json.h"

namespace gw::upstream {

// Writes `body` with `overrides` merged in: objects member by member, everything else replaced; values that are not
// overridden keep their bytes. Both are objects.
void write_overridden(Buffer& out, const json::Value& body, const json::Value& overrides);

}  // namespace gw::upstream
