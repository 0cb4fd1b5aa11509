// The description of the HTTP API: docs/openapi.yaml as JSON, built into the library.
#pragma once

#include <string_view>

namespace gw::endpoint {

[[nodiscard]] std::string_view openapi_json() noexcept;

}  // namespace gw::endpoint
