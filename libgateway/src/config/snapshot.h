// What config.get shows, and what config.set, config.patch and config.apply make of it.
//
//     text of the file -- take_snapshot() --> Snapshot: as written, resolved, with defaults; is it valid; its hash
//     Snapshot, raw, baseHash -- edit() --> the next text, or one sentence that says why not
//
// Nothing here touches a file. A Snapshot holds secrets; write() shows it without them.
#pragma once

#include "config/hash.h"
#include "config/migrate.h"
#include "config/report.h"

namespace gw::config {

struct Snapshot {
    explicit Snapshot(std::pmr::memory_resource* memory)
        : path(memory), text(memory), parsed(memory), resolved(memory), problems(memory), legacy(memory) {}

    std::pmr::string path;
    std::pmr::string text;
    bool exists = false;    // there is a file
    bool readable = false;  // it is JSON5, an object
    bool valid = false;
    Hash hash{};
    Node parsed;    // as it was written, old keys where they were
    Node resolved;  // with its includes and variables
    std::pmr::vector<Problem> problems;
    std::pmr::vector<Migration> legacy;
};

// `text` of the file `path`, or what there is when there is no file.
[[nodiscard]] Snapshot take_snapshot(std::string_view path, std::optional<std::string_view> text,
                                     const Environment& environment, std::pmr::memory_resource* memory);

// The payload of config.get.
void write_snapshot(json::Writer& out, const Snapshot& snapshot, BlockPool* pool);
// Only the configuration with its defaults, without secrets, as the other methods answer it.
void write_config(json::Writer& out, const Snapshot& snapshot);

enum class EditKind : std::uint8_t { set, patch, apply, change };

struct EditRequest {
    EditKind kind = EditKind::set;
    std::string_view raw;                       // JSON5: the whole file, or the patch
    std::optional<std::string_view> base_hash;  // of the file that the caller has seen
    // `change`: in the place of a text, what is to become of the file as it is; `resolved` has its includes, too.
    void (*change)(void* context, Node& tree, const Node& resolved) = nullptr;
    void* context = nullptr;
};

struct Edited {
    explicit Edited(std::pmr::memory_resource* memory) : message(memory), issues(memory), changed(memory) {}
    std::pmr::string message;                    // why not; empty: it went well. Code INVALID_REQUEST
    std::pmr::vector<Problem> issues;            // what details.issues lists
    bool noop = false;                           // nothing changes
    std::pmr::vector<std::pmr::string> changed;  // paths
};

// On success `next` holds the text to write (nothing with `noop`).
[[nodiscard]] Edited edit(const Snapshot& now, const EditRequest& request, const Environment& environment, Buffer& next,
                          std::pmr::memory_resource* memory);

// "details":{"issues":[{"path","message"}]}
void write_issues(json::Writer& out, std::span<const Problem> issues);

}  // namespace gw::config
