// The verdict on a text as JSON, for an answer or a log.
#pragma once

#include "core/buffer.h"
#include "guardrail/inspector.h"

namespace gw::guardrail {

// {"action", "raw_action"?, "severity", "confidence", "reason", "findings": ["RULE-ID:Title"], "detailed_findings":
// [{"rule_id",
//  "title", "severity", "confidence", "category", "evidence", "tags", "begin", "end", "action", "view"?, "redacted"?,
//  ...}], "mode", "would_block"?, "inspected": {"bytes", "rules", "held_bytes_max", "skipped": [...]}}
void write_verdict(Buffer& out, const Inspector& inspector);

[[nodiscard]] std::string_view name_of(Mode mode) noexcept;
[[nodiscard]] std::string_view name_of(ViewKind view) noexcept;
[[nodiscard]] std::string_view name_of(Inspector::Skip skip) noexcept;

}  // namespace gw::guardrail
