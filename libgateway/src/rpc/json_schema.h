// The schema of a method as others write it, JSON Schema, made into one line of ours (rpc/schema.h).
//
//     {"type":"object","required":["on"],"properties":{"on":{"type":"boolean"}}}   ->   "on:b *"
//
// What a line cannot say is left out: it then refuses less than the original, never more.
#pragma once

#include <string>

#include "json/json.h"

namespace gw::rpc {

// Types, properties, required, additionalProperties, items, lengths, ranges, enum and const of texts, anyOf and oneOf.
// False: `schema` is not one of an object.
[[nodiscard]] bool from_json_schema(const json::Value& schema, std::pmr::string& line);

}  // namespace gw::rpc
