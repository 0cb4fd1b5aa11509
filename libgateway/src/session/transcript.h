// What was said: one file per conversation, one JSON object a line, only ever added to.
//
//     {"type":"session","version":3,"id":"<session id>","timestamp":…,"cwd":…}
//     {"type":"message","id":"5f11a126","parentId":null,…,"message":{"role":"user",…}}
//     {"type":"message","id":"2683f6ca","parentId":"5f11a126",…,"message":{"role":"assistant",…}}
//                                  ^                            <- the next line's parent: the newest entry
//
// Entries form a tree: going back and saying something else makes a branch. What counts is the path from the newest
// entry to its root, so a file is read backwards, and only as far as somebody asks. Lines that are torn, foreign or
// broken are passed over.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/result.h"
#include "crypto/random.h"
#include "json/json.h"
#include "store/store.h"

namespace gw::session {

// The key of a transcript in the store: "agents/<agent>/sessions/<name>".
[[nodiscard]] std::pmr::string transcript_log(std::string_view agent, std::string_view name,
                                              std::pmr::memory_resource* memory);

using EntryId = std::array<char, 8>;

// One line, as a reader meets it.
struct TranscriptEntry {
    std::string_view id;         // "" in files from before entries had ids
    std::string_view parent_id;  // "": a root
    std::uint64_t time_ms = 0;   // 0: the line does not say
    std::string_view type;       // "message", "compaction", ...
    std::string_view role;       // of a message
    json::Value object;          // the whole line; missing when it was too large to be parsed
    std::size_t size = 0;        // bytes of the line
    [[nodiscard]] json::Value message() const noexcept { return object["message"]; }
};

struct ReadLimits {
    std::size_t parse_bytes_max = 4U << 20U;  // a longer line is announced with its head only
    std::size_t all_bytes_max = 64U << 20U;   // of the file; older entries are not reached
};

enum class Visit : std::uint8_t { more, enough };
using EntryVisitor = std::function<Visit(const TranscriptEntry&)>;

class Transcripts {
public:
    Transcripts(store::Store& store, const crypto::Random& random, BlockPool* pool, std::pmr::memory_resource* memory);

    // Where something is appended: a log, and what its first line says when the log is new.
    struct Place {
        std::string_view log;
        std::string_view session_id;
        std::string_view cwd;  // the agent's workspace
    };

    // Adds an entry below the newest one, on the disk when it returns if it is durable; answers its id. `members` are
    // the entry's own, JSON without braces: "\"message\":{…}". They must be valid JSON.
    [[nodiscard]] Result<EntryId> append(const Place& place, std::string_view type, std::string_view members,
                                         std::uint64_t now_ms, store::Durability durability);
    // A message: what the user says and what ends a turn is durable, what comes in between need not be.
    [[nodiscard]] Result<EntryId> append_message(const Place& place, std::string_view message, std::uint64_t now_ms,
                                                 store::Durability durability = store::Durability::durable);

    // The path from the newest entry back to its root, newest first. Answers whether the root was reached: false when
    // the visitor had enough, or the limits ended it.
    [[nodiscard]] Result<bool> read_back(std::string_view log, const EntryVisitor& visit,
                                         const ReadLimits& limits = {});

    // All entries in the order of the file from `offset` on, branches included; answers the offset of what comes next.
    [[nodiscard]] Result<std::uint64_t> read(std::string_view log, std::uint64_t offset, const EntryVisitor& visit,
                                             const ReadLimits& limits = {});

    // Puts a transcript aside under "<log>.<reason>.<time>"; answers that key, nothing when there was no transcript.
    [[nodiscard]] Result<std::optional<std::pmr::string>> archive(std::string_view log, std::string_view reason,
                                                                  std::uint64_t now_ms);

    struct Compacted {
        bool compacted = false;     // false: there was no more than that
        std::size_t kept = 0;       // lines behind the header
        std::pmr::string archived;  // the key of the whole old file
    };
    // Keeps the header and the last `lines` lines. Nothing when there is no transcript.
    [[nodiscard]] Result<std::optional<Compacted>> compact(std::string_view log, std::size_t lines,
                                                           std::uint64_t now_ms);

    // Forgets what is known about a log that somebody else has changed.
    void forget(std::string_view log) noexcept;

private:
    // The newest entry of a log, kept so that appending need not read. Bounded; the one unused longest goes.
    struct Leaf {
        std::pmr::string log;
        std::pmr::string id;  // "": no entry yet
        std::uint64_t used = 0;
    };
    static constexpr std::size_t leaf_count_max = 256;
    static constexpr std::size_t id_bytes_max = 128;

    [[nodiscard]] Result<Leaf*> leaf_of(const Place& place, std::uint64_t now_ms);
    [[nodiscard]] Result<std::pmr::string> archive_key(std::string_view log, std::string_view reason,
                                                       std::uint64_t now_ms);

    store::Store& store_;
    crypto::Random random_;
    BlockPool* pool_;
    std::pmr::vector<Leaf> leaves_;
    std::uint64_t uses_ = 0;
};

}  // namespace gw::session
