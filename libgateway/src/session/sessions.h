// Every conversation of every agent: what is remembered of it, and where its messages are.
//
//     agents/main/sessions/sessions.json    {"agent:main:main":{…},…}     one table an agent, read when first asked for
//     agents/main/sessions/<id>.jsonl       transcripts (transcript.h)
//
// Making, changing, resetting and deleting a conversation is on the disk when the call returns; when that fails nothing
// has changed. What every turn changes (times, token counts) is written together, once a second, by flush(): a crash
// loses at most the last second of it, and the next start reads it from the transcripts again.
//
// A file that cannot be understood is put aside under "sessions.json.bad.<nn>" and never written over; an entry that
// cannot be understood stays in the file as it is.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/result.h"
#include "crypto/random.h"
#include "session/entry.h"
#include "session/key.h"
#include "session/patch.h"
#include "session/transcript.h"
#include "store/store.h"

namespace gw::session {

// When old conversations go: at the next one that is made.
struct Maintenance {
    enum class Mode : std::uint8_t { warn, enforce };
    Mode mode = Mode::warn;  // warn: nothing goes, due() tells
    std::uint64_t prune_after_ms = 30ULL * 86400000;
    std::size_t entry_count_max = 500;  // of one agent
};

struct AgentSetting {
    std::string_view id;
    std::string_view workspace;  // where its files are, as a transcript's header says it
};

struct Settings {
    KeyRules keys;
    std::span<const AgentSetting> agents;  // those that the configuration names
    Maintenance maintenance;
    std::string_view root;  // how people call the store's directory, for `path`; "": not known
};

// What sessions.list asks for.
struct ListQuery {
    std::string_view agent, label, spawned_by, search;
    std::uint64_t active_minutes = 0;  // 0: any
    bool include_global = false;
    bool include_unknown = false;
    bool by_last_interaction = false;  // sorted by it, instead of by the last change
    bool require_last_interaction = false;
    enum class Archived : std::uint8_t { no, only, all } archived = Archived::no;
    std::size_t offset = 0;
    std::size_t limit = 0;  // 0: as many as there may be, `list_count_max`
};
inline constexpr std::size_t list_count_max = 1000;

// One conversation. Valid until it is removed, or its agent's table changes.
struct Listed {
    std::string_view key;
    const Entry* entry = nullptr;
};
struct ListPage {
    explicit ListPage(std::pmr::memory_resource* memory) : rows(memory) {}
    std::pmr::vector<Listed> rows;
    std::size_t total = 0;  // without offset and limit
    std::size_t offset = 0;
    std::size_t limit = 0;  // that was applied
    [[nodiscard]] bool has_more() const noexcept { return offset + rows.size() < total; }
};

// What sessions.resolve asks for: exactly one of the first three.
struct ResolveQuery {
    std::string_view key, session_id, label;
    std::string_view agent, spawned_by;
    bool include_global = false;
    bool include_unknown = false;
};

// Figures of a finished turn.
struct TurnFigures {
    std::uint64_t input = 0, output = 0, cache_read = 0, cache_write = 0;  // tokens
    std::uint64_t context = 0;                                             // tokens of the last prompt; 0: not known
    std::uint64_t context_max = 0;
    std::string_view provider, model;
};
void set_figures(Changes& out, const TurnFigures& figures);

class Sessions {
public:
    Sessions(store::Store& store, const crypto::Random& random, BlockPool* pool, std::pmr::memory_resource* memory);
    ~Sessions();
    Sessions(const Sessions&) = delete;
    Sessions& operator=(const Sessions&) = delete;

    // May be called again when the configuration changes. The texts are copied.
    void configure(const Settings& settings);
    [[nodiscard]] KeyRules rules() const noexcept { return {default_agent_, main_key_, global_scope_}; }
    [[nodiscard]] std::optional<std::pmr::string> canonical(std::string_view requested) const {
        return canonical_key(requested, rules(), memory_);
    }
    [[nodiscard]] Transcripts& transcripts() noexcept { return transcripts_; }
    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return memory_; }
    [[nodiscard]] BlockPool* pool() const noexcept { return pool_; }

    // All keys below are canonical; others are GW_ERR_ARGUMENT.

    // The conversation, nullptr when there is none.
    [[nodiscard]] Result<const Entry*> find(std::string_view key);
    // The conversation, made when there is none, with `first` in it then.
    [[nodiscard]] Result<const Entry*> open(std::string_view key, std::uint64_t now_ms, const Changes* first = nullptr);
    // Remembers what a turn has changed; on the disk after the next flush(). False: there is no such conversation.
    [[nodiscard]] Result<bool> touch(std::string_view key, const Changes& changes, std::uint64_t now_ms);
    // Writes what is older than a second, or everything. What could not be written is tried again.
    enum class Flush : std::uint8_t { due, all };
    [[nodiscard]] Result<void> flush(std::uint64_t now_ms, Flush which = Flush::due);
    // When flush() has something to do; nothing: never.
    [[nodiscard]] std::optional<std::uint64_t> next_flush_ms() const noexcept;

    // Changes fields as a client asks, making the conversation if need be. nullptr and why.
    [[nodiscard]] const Entry* patch(std::string_view key, const json::Value& request, const PatchRules& rules,
                                     std::uint64_t now_ms, Refusal& refusal);

    // Begins anew under the same key: a new id, the transcript put aside as ".reset.<time>".
    struct Reset {
        const Entry* entry = nullptr;
        std::pmr::string archived;  // "": there was no transcript
    };
    [[nodiscard]] Result<Reset> reset(std::string_view key, std::uint64_t now_ms);

    // Removes a conversation; its transcript goes to ".deleted.<time>" or stays. False and why for the main one.
    enum class Transcript : std::uint8_t { archive, keep };
    struct Removed {
        bool deleted = false;
        std::pmr::string archived;
    };
    [[nodiscard]] bool remove(std::string_view key, Transcript transcript, std::uint64_t now_ms, Removed& out,
                              Refusal& refusal);

    // Shortens a transcript to its last `lines` lines; the whole is kept as ".bak.<time>".
    struct Compacted {
        bool compacted = false;
        std::string_view reason;  // why not
        std::size_t kept = 0;
        std::pmr::string archived;
    };
    static constexpr std::size_t compact_lines_default = 400;
    [[nodiscard]] Result<Compacted> compact(std::string_view key, std::size_t lines, std::uint64_t now_ms);

    [[nodiscard]] Result<void> list(const ListQuery& query, std::uint64_t now_ms, ListPage& out);
    [[nodiscard]] Result<std::optional<std::pmr::string>> resolve(const ResolveQuery& query);

    // Adds a message or another entry to the transcript of a conversation that exists (GW_ERR_STATE).
    [[nodiscard]] Result<EntryId> append_message(std::string_view key, std::string_view message, std::uint64_t now_ms,
                                                 store::Durability durability = store::Durability::durable);
    [[nodiscard]] Result<EntryId> append(std::string_view key, std::string_view type, std::string_view members,
                                         std::uint64_t now_ms, store::Durability durability);

    // The store's key of a conversation's transcript; "" when it has no id.
    [[nodiscard]] std::pmr::string log_of(std::string_view key, const Entry& entry) const;
    // How people call a key of the store, and the table that a conversation is in.
    [[nodiscard]] std::pmr::string path_of(std::string_view store_key) const;
    [[nodiscard]] std::pmr::string table_path(std::string_view key) const;

    // Which agents there are: configured, or with a table on the disk. Sorted.
    [[nodiscard]] Result<std::pmr::vector<std::pmr::string>> agents();

    // An agent is no more: what is known of its conversations is dropped, and what was not written yet.
    void forget(std::string_view agent) noexcept;

    // The transcripts of an agent, those that were put aside by a reset or a deletion included; and how large one is.
    [[nodiscard]] Result<std::pmr::vector<std::pmr::string>> logs(std::string_view agent) const;
    [[nodiscard]] Result<std::optional<std::uint64_t>> size_of(std::string_view log) const { return store_.size(log); }

    // How many conversations maintenance would remove now.
    [[nodiscard]] Result<std::size_t> due(std::string_view agent, std::uint64_t now_ms);

private:
    using Entries = std::pmr::map<std::pmr::string, Entry, std::less<>>;
    struct Table {
        using allocator_type = std::pmr::polymorphic_allocator<>;
        explicit Table(allocator_type allocator) : entries(allocator), foreign(allocator) {}
        Entries entries;
        std::pmr::string foreign;  // members that are no entries of ours, as they stood: "\"x\":1,\n\"y\":2"
        bool dirty = false;
        std::uint64_t dirty_since_ms = 0;
    };
    using Tables = std::pmr::map<std::pmr::string, Table, std::less<>>;

    static constexpr std::size_t table_count_max = 256;
    static constexpr std::size_t entry_count_max = 20000;  // of one agent, whatever maintenance says
    static constexpr std::uint64_t flush_after_ms = 1000;

    // sessions_file.cpp
    [[nodiscard]] Result<Table*> table(std::string_view agent);
    [[nodiscard]] Result<void> load(std::string_view agent, Table& table);
    [[nodiscard]] Result<void> save(std::string_view agent, Table& table);
    void catch_up(std::string_view agent, Table& table);
    [[nodiscard]] std::pmr::string table_key(std::string_view agent) const;

    [[nodiscard]] std::string_view agent_of(std::string_view key) const noexcept;
    [[nodiscard]] Result<Table*> table_of(std::string_view key);
    [[nodiscard]] Result<void> begin_entry(Changes& out, std::uint64_t now_ms);
    // Puts `changed` in the place of what is there and saves; when that fails everything is as before.
    [[nodiscard]] Result<void> replace(std::string_view agent, Table& table, Entry& place, Entry changed);
    void collect_due(const Table& table, std::uint64_t now_ms, std::pmr::vector<std::string_view>& out) const;
    void prune(std::string_view agent, Table& table, std::string_view keep, std::uint64_t now_ms);
    [[nodiscard]] Result<Transcripts::Place> place_of(std::string_view key, std::pmr::string& log,
                                                      std::pmr::string& session_id);

    store::Store& store_;
    crypto::Random random_;
    BlockPool* pool_;
    std::pmr::memory_resource* memory_;
    Transcripts transcripts_;
    Tables tables_;
    bool discovered_ = false;

    std::pmr::string default_agent_, main_key_, root_;
    bool global_scope_ = false;
    Maintenance maintenance_;
    struct Agent {
        std::pmr::string id, workspace;
    };
    std::pmr::vector<Agent> agents_;
};

}  // namespace gw::session
