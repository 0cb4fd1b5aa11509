// The messages of a gateway socket, in the three dialects that clients speak:
//
//     typed    {"type":"req","id":"1","method":"health","params":{}}      closed objects, no meta
//     seed     {"id":"1","method":"health","params":{},"meta":{}}         {"id","ok","payload","error","meta"}
//     simple   {"type":"auth"|"message"|"ping"|"subscribe", ...}          {"type":"chunk"|"done"|"error", ...}
//
// The first message of a connection decides. Nothing here knows methods; a request is read, an answer and an event are
// written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "json/json.h"

namespace gw::rpc {

enum class Dialect : std::uint8_t { unknown, typed, seed, simple };

// The dialect of a first message.
[[nodiscard]] Dialect dialect_of(const json::Value& root) noexcept;

// A request of the typed or the seed dialect. Views into the document.
struct Request {
    std::string_view id;  // of a seed request also a number, as it was written
    std::string_view method;
    json::Value params, meta;
};

// Reads a request. Nothing when it is none: `error` says why ("must have required property 'id'"), and `id` is what an
// answer can name it by ("invalid" when it has none).
[[nodiscard]] std::optional<Request> read_request(Dialect dialect, const json::Value& root, std::string_view& id,
                                                  std::pmr::string& error);

// The codes of error answers.
namespace code {
inline constexpr std::string_view invalid_request = "INVALID_REQUEST";
inline constexpr std::string_view unavailable = "UNAVAILABLE";
inline constexpr std::string_view not_paired = "NOT_PAIRED";
inline constexpr std::string_view forbidden = "FORBIDDEN";
inline constexpr std::string_view not_found = "NOT_FOUND";
}  // namespace code

// Why a call failed. Views, used during a call only.
struct Failure {
    std::string_view code = code::invalid_request;
    std::string_view message;
    std::string_view details;  // JSON; empty: none
    bool retryable = false;
    std::optional<std::uint64_t> retry_after_ms;
    std::string_view payload;  // JSON beside the error, which a few methods send; empty: none
};

// Each appends one message. `id`, `meta` (JSON or empty) are those of the request.
void write_answer(Buffer& out, Dialect dialect, std::string_view id, std::string_view payload, std::string_view meta);
void write_failure(Buffer& out, Dialect dialect, std::string_view id, const Failure& failure, std::string_view meta);

// Of an event everything is the same for all receivers but the number behind it: head, then event_tail().
//     {"type":"event","event":"tick","payload":{...}   ,"seq":7,"stateVersion":{"presence":1,"health":2}}
void write_event_head(Buffer& out, std::string_view name, std::string_view payload);
struct StateVersion {
    std::uint64_t presence = 0, health = 0;
};
void write_event_tail(Buffer& out, std::optional<std::uint64_t> seq, const std::optional<StateVersion>& version);

}  // namespace gw::rpc
