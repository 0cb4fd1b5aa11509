// The description of the HTTP API: docs/openapi.yaml as JSON, built into the library.
#pragma once

#include "core/zlib.h"

namespace gw::endpoint {

[[nodiscard]] PackedText openapi_json() noexcept;

}  // namespace gw::endpoint
