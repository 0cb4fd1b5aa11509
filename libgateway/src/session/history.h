// The newest messages of a conversation as clients get them, cleaned: chat.history, sessions.get, sessions.preview.
//
//     transcript, newest first  ->  cut, strip, leave out  ->  [oldest, …, newest]
//
// Bounded whatever is in the file: texts, messages and all of it together have a size that they do not exceed.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"
#include "json/json.h"
#include "session/entry.h"
#include "session/transcript.h"

namespace gw::session {

struct HistoryLimits {
    static constexpr std::size_t count_default = 200, count_max = 1000;
    std::size_t count = count_default;
    std::size_t offset = 0;  // so many of the newest are left out
    std::size_t text_characters_max = 12000;
    std::size_t message_bytes_max = 128U << 10U;
    std::size_t all_bytes_max = 6U << 20U;
    bool clean = true;  // false: messages as they are stored, but for what is too large
};

struct HistoryPage {
    std::size_t count = 0;
    bool has_more = false;  // older ones exist
};

// Writes a JSON array of messages. A conversation without transcript has none.
[[nodiscard]] Result<HistoryPage> write_messages(Transcripts& transcripts, std::string_view log,
                                                 const HistoryLimits& limits, BlockPool* pool,
                                                 std::pmr::memory_resource* memory, Buffer& out);

// The last few things that were said, short: [{"role","text"}].
struct PreviewLimits {
    static constexpr std::size_t key_count_max = 64;
    std::size_t count = 12;  // at most 50
    std::size_t characters_max = 240;
};
[[nodiscard]] Result<std::size_t> write_preview_items(Transcripts& transcripts, std::string_view log,
                                                      const PreviewLimits& limits, std::pmr::memory_resource* memory,
                                                      json::Writer& out);

// What a list calls a conversation: the name that somebody gave it, else how it began. "" when nothing is known.
[[nodiscard]] std::pmr::string derived_title(Transcripts& transcripts, std::string_view log, const Entry& entry,
                                             std::pmr::memory_resource* memory);
// What was said last, in one line.
[[nodiscard]] std::pmr::string last_message_preview(Transcripts& transcripts, std::string_view log,
                                                    std::pmr::memory_resource* memory);

}  // namespace gw::session
