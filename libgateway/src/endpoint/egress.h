// POST /v1/events/egress: a client tells where it sent a request that did not come through the proxy.
//
//     content type, body ── read_egress() ──> 204 and an EgressReport | 400, 415 and a text
//
// What a client says is a report, not a fact: its source is always "ts", an address that it claims is dropped, and what
// looks like a credential is not stored.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "endpoint/records.h"
#include "upstream/target.h"

namespace gw::endpoint {

// Of a body only so much is read: what comes behind it may be white space.
inline constexpr std::size_t egress_bytes_max = 8192;

struct EgressReport {
    explicit EgressReport(std::pmr::memory_resource* memory)
        : target_host(memory), target_path(memory), reason(memory) {}
    upstream::Branch branch = upstream::Branch::passthrough;
    upstream::Decision decision = upstream::Decision::block;
    std::pmr::string target_host, target_path, reason;
    std::string_view body_shape;  // static
    bool looks_like_llm = false;
    bool credential_removed = false;  // a field held what looks like one

    // Views into this.
    [[nodiscard]] EgressRecord record() const noexcept;
};

struct EgressAnswer {
    int status = 204;
    std::string_view text;  // text/plain; "" with 204
};
// Fills `out` when the answer is 204. The caller has checked the method and the credential.
[[nodiscard]] EgressAnswer read_egress(std::optional<std::string_view> content_type, std::string_view body,
                                       EgressReport& out, std::pmr::memory_resource* memory);

// The record of what the proxy itself let through or refused; views into the judgement and `path`.
[[nodiscard]] EgressRecord record_of(const upstream::Judgement& judgement, std::string_view path) noexcept;

// HIGH: LLM traffic to a host that nobody knows was stopped. It deserves a line of its own in the log.
[[nodiscard]] RecordSeverity severity_of(upstream::Branch branch, upstream::Decision decision) noexcept;

// Whether a media type is JSON: application/json or +json, parameters aside.
[[nodiscard]] bool is_json_type(std::string_view content_type) noexcept;

}  // namespace gw::endpoint
