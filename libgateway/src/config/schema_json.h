// The table of keys as a JSON schema, for pages that draw a form of it.
//
//     keys() -- write_schema() -->        {"schema": {...}, "uiHints": {"gateway.port": {...}}, "version",
//     "generatedAt"} keys() -- write_schema_lookup() --> {"path", "schema", "hint", "hintPath", "children": [...]}
#pragma once

#include <string_view>

#include "json/json.h"

namespace gw::config {

// The payload of config.schema. `generated_at`: "2026-11-20T10:01:41.503Z".
void write_schema(json::Writer& out, std::string_view version, std::string_view generated_at);

// The payload of config.schema.lookup, for a path such as "gateway.auth" or "agents.list.*.id" (elements also as "[]").
// False, and nothing written, when there is no such path.
[[nodiscard]] bool write_schema_lookup(json::Writer& out, std::string_view path);

}  // namespace gw::config
