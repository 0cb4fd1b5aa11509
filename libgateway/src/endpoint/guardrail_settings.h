// What of the guardrail may change while it runs, and the routes that show, change and apply it.
//
//     GET, PATCH /v1/guardrail/config     {"mode","scanner_mode","block_message","connector","hilt_enabled",
//                                          "hilt_min_severity"}
//     POST /v1/guardrail/evaluate         results of scanners ──> {"action","severity","reason","scanner_sources"}
//     GET /status                         health, identity, connectors
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "guardrail/policy.h"

namespace gw::endpoint {

enum class ScannerMode : std::uint8_t { local, remote, both };
[[nodiscard]] std::string_view name_of(ScannerMode mode) noexcept;

struct GuardrailSettings {
    explicit GuardrailSettings(std::pmr::memory_resource* memory) : block_message(memory), connector(memory) {}
    guardrail::Mode mode = guardrail::Mode::observe;
    ScannerMode scanner_mode = ScannerMode::both;
    std::pmr::string block_message;  // free text; "": the built-in sentence
    std::pmr::string connector;
    bool hilt_enabled = false;  // human approval
    guardrail::Severity hilt_min_severity = guardrail::Severity::high;
};

void write_guardrail_settings(Buffer& out, const GuardrailSettings& settings);

// Changes what the body names, all of it or nothing, and writes the settings or {"error"}; returns the status. A key
// that is unknown, or cannot be changed while running, is an error: ignoring it would look like success.
[[nodiscard]] int patch_guardrail_settings(Buffer& out, std::string_view body, GuardrailSettings& settings,
                                           std::pmr::memory_resource* memory);

// Combines the results that a caller has from its scanners; scans nothing. The worst of those that the scanner mode
// listens to decides.
[[nodiscard]] int evaluate(Buffer& out, std::string_view body, const guardrail::Policy& policy,
                           ScannerMode scanner_mode, std::pmr::memory_resource* memory);

struct StatusFacts {
    bool healthy = true;
    std::uint64_t uptime_ms = 0;
    std::string_view identity;        // of this gateway, not of a user
    std::string_view connector_mode;  // of the one that is active; "": none
    std::span<const std::string_view> connector_modes;
};
void write_status(Buffer& out, const StatusFacts& facts);

}  // namespace gw::endpoint
