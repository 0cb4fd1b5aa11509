// The answers of the sessions.* and chat.history methods as JSON, so that a handler reads its parameters, asks Sessions
// and calls one function here.
//
//     Entry + what is known of its runs + the agent's model  ->  SessionRow
//
// Both releases of the protocol get the union of their fields: clients pass over what they do not know.
#pragma once

#include <cstdint>
#include <functional>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"
#include "json/json.h"
#include "session/history.h"
#include "session/sessions.h"

namespace gw::session {

// What holds for a conversation that says nothing else.
struct ModelDefaults {
    std::string_view provider, model;
    std::uint64_t context_tokens = 0;
    std::span<const std::string_view> thinking_levels;  // none: "off"
    std::string_view thinking_level = "off";
};

// Runs of a conversation, which Sessions knows nothing about.
struct RunFacts {
    std::span<const std::string_view> run_ids;  // going on now
};

struct RowContext {
    std::uint64_t now_ms = 0;
    std::function<ModelDefaults(std::string_view agent)> defaults;
    std::function<RunFacts(std::string_view key)> runs;  // may be empty: none
    bool derived_titles = false;
    bool last_messages = false;
    std::string_view sharing_role = "admin";  // what the asking client may do
};
// Titles and previews of so many rows are read from transcripts; the rest goes without.
inline constexpr std::size_t row_reads_max = 200;

// What people call a conversation; "" when nobody has said.
[[nodiscard]] std::pmr::string display_name(const Entry& entry);

void write_session_row(json::Writer& w, Sessions& sessions, const Listed& row, const RowContext& context);
// The same as `status` shows it: how old it is, and how full.
void write_status_row(json::Writer& w, const Sessions& sessions, const Listed& row, const RowContext& context);
// The same for a conversation that nobody has begun: chat.history has one to show all the same.
void write_missing_row(json::Writer& w, const Sessions& sessions, std::string_view key, const RowContext& context);

// sessions.list. `path` of one agent is its table's, of several "(multiple)".
[[nodiscard]] Result<void> write_list_result(json::Writer& w, Sessions& sessions, const ListPage& page,
                                             std::string_view agent, const RowContext& context);
// sessions.describe: {"session":row}, or null.
void write_describe_result(json::Writer& w, Sessions& sessions, const Listed& row, const RowContext& context);
// sessions.preview. Keys are as requested; more than 64 are not looked at.
void write_preview_result(json::Writer& w, Sessions& sessions, std::span<const std::string_view> keys,
                          const PreviewLimits& limits, std::uint64_t now_ms);
// sessions.resolve
void write_resolve_result(json::Writer& w, std::string_view key);
// sessions.patch
void write_patch_result(json::Writer& w, const Sessions& sessions, const Listed& row, const RowContext& context);
// sessions.create, before a run is started: the object stays open for more members, and the caller ends it.
void begin_create_result(json::Writer& w, const Listed& row, const ModelDefaults& defaults);
// sessions.reset
void write_reset_result(json::Writer& w, const Listed& row, const RowContext& context);
// sessions.delete
void write_delete_result(json::Writer& w, const Sessions& sessions, std::string_view key,
                         const Sessions::Removed& removed);
// sessions.compact
void write_compact_result(json::Writer& w, const Sessions& sessions, std::string_view key,
                          const Sessions::Compacted& compacted);
// sessions.get: {"messages":[…]}, as stored.
[[nodiscard]] Result<void> write_get_result(json::Writer& w, Sessions& sessions, std::string_view key,
                                            std::size_t limit, BlockPool* pool);
// chat.history. `requested` is the key as the client said it, `key` its canonical form. The object is ended.
[[nodiscard]] Result<void> write_history_result(json::Writer& w, Sessions& sessions, std::string_view requested,
                                                std::string_view key, const HistoryLimits& limits,
                                                const RowContext& context, BlockPool* pool);

}  // namespace gw::session
