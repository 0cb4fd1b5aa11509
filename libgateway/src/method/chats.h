// Chats: the runs of all sessions. A session has one run at a time, the others wait in line; a run belongs to nobody's
// connection and goes on when its client has left.
//
//     start() ─► [ line of the session ] ─► Turn ─► text ─► events "agent" and "chat", at a pace ─► transcript
//                                            │
//                                            └─ abort, time-out, failure
//
// What the user said is in the transcript, on the disk, before start() returns; what the agent said is there before its
// final event goes out.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/owned.h"
#include "core/timers.h"
#include "method/client.h"
#include "method/gate.h"
#include "method/turn.h"
#include "session/transcript.h"

namespace gw::method {

class Core;
class Run;

// What a run begins with. Views, copied.
struct RunSpec {
    std::string_view family = "chat";  // of the idempotency key: "chat", "agent", "send"
    std::string_view run_id;           // the idempotency key
    std::string_view session_key;      // canonical
    std::string_view text;
    std::string_view system;
    std::string_view model;
    std::string_view channel;  // where it came from; empty: the session notes nothing of it
    std::span<const TurnImage> images;
    std::uint32_t timeout_ms = 0;
    const Client* client = nullptr;  // whose run it is; null: the gateway's own
    // Results of tools of the client's, which the session's last answer called; `text` may be empty then.
    std::span<const TurnMessage> results;
    // Hears everything at once, while others are told at a pace; until the end, or Run::forget_observer().
    TurnListener* observer = nullptr;
    // Taken. With it, `text` and `images` are only for the transcript.
    Owned<TurnExtras>* extras = nullptr;
    bool brings_past = false;  // the extras hold what was said before: the session's own past is not added
    bool continues = false;    // it goes on from an answer that was given in the session, however old that is
};

// How a finished run ended, kept for five minutes.
struct RunRecord {
    explicit RunRecord(std::pmr::memory_resource* memory)
        : key(memory),
          run_id(memory),
          error(memory),
          text(memory),
          session_id(memory),
          provider(memory),
          model(memory) {}
    std::pmr::string key;  // family and id
    std::pmr::string run_id;
    bool ok = true;
    std::pmr::string error;
    std::pmr::string text;  // the answer, as far as `agent` repeats it
    std::pmr::string session_id, provider, model;
    message::TokenUsage usage;
    std::uint64_t started_ms = 0, ended_ms = 0;
    Milliseconds kept_until = 0;
};

// One picture of a message, as bytes.
inline constexpr std::size_t attachment_bytes_max = 5000000;

class Chats {
public:
    static constexpr Milliseconds record_ms = 300000;
    static constexpr std::size_t records_max = 1000;
    static constexpr std::size_t runs_max = 4096;  // of the gateway
    static constexpr std::size_t line_max = 64;    // of one session
    static constexpr Milliseconds pace_ms = 75;    // between two deltas of a run, for protocol 4
    static constexpr std::size_t text_bytes_max = 4U << 20U;

    explicit Chats(Core& core);
    ~Chats();

    enum class Started : std::uint8_t { started, in_flight, done, refused };
    // Takes a run on, what the user says being stored; it goes on with proceed(), so that its first event comes behind
    // the answer to whoever asked. refused: `why` says it. `record` is set for done.
    Started start(const RunSpec& spec, std::pmr::string& why, const RunRecord** record = nullptr);
    void proceed(std::string_view run_id);

    // The run with that id, active or in line; nullptr when there is none.
    [[nodiscard]] Run* find(std::string_view run_id) noexcept;
    [[nodiscard]] const RunRecord* find_record(std::string_view run_id) noexcept;
    // Ends one run, or all of a session (`run` null), and lists their ids. False: the client owns none of them.
    bool abort(std::string_view session_key, Run* run, std::string_view reason, const Client* by,
               std::pmr::vector<std::pmr::string>& ids);
    // Ends all runs of an agent.
    void abort_agent(std::string_view agent, std::string_view reason);
    // Appends the ids of those that run or wait in a session; good until one of them ends.
    void list_runs(std::string_view session_key, std::pmr::vector<std::string_view>& ids) const;
    [[nodiscard]] bool is_active(std::string_view session_key) const noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return runs_.size(); }

    // A message that nobody asked for: put into the transcript and told as a final event. Its id, or nothing when the
    // transcript could not be written.
    std::optional<std::pmr::string> inject(std::string_view session_key, std::string_view text, std::string_view label);
    // Something about a session changed: those who subscribed to sessions hear of it.
    void tell_session(std::string_view session_key, std::string_view reason);
    // The same for a message of a session, for those who subscribed to it.
    void tell_message(std::string_view session_key, std::string_view message, std::string_view id);

    // Answers `ticket` when the run has ended, with the second answer of `agent`.
    void answer_at_end(Run& run, Ticket ticket);
    // ... with that of `agent.wait`, at the latest in `timeout_ms`; the run may be unknown.
    void wait(std::string_view run_id, Ticket ticket, Milliseconds timeout_ms);

private:
    friend class Run;
    struct Waiter {
        Waiter(Chats& chats, std::string_view run, Ticket of);
        Chats& chats;
        std::pmr::string run_id;
        Ticket ticket;
        Timer timer;
    };

    [[nodiscard]] bool say(const RunSpec& spec, Run& run, std::pmr::string& why);
    void collect_history(Run& run, const std::pmr::list<Run*>& line);
    void collect(const session::TranscriptEntry& entry, Run& run);
    void pair_calls(Run& run);
    void begin_next(std::string_view session_key);
    void finish(Run& run, bool ok, std::string_view error);
    void keep(RunRecord record);
    void prune();
    void reap() noexcept;
    void write_wait(json::Writer& writer, const RunRecord& record);
    void write_row(json::Writer& writer, std::string_view session_key);

    Core& core_;
    std::pmr::map<std::pmr::string, Owned<Run>, std::less<>> runs_;             // by id
    std::pmr::map<std::pmr::string, std::pmr::list<Run*>, std::less<>> lines_;  // by session, first runs
    std::pmr::list<RunRecord> records_;                                         // oldest first
    std::pmr::list<Owned<Run>> finished_;
    std::pmr::list<Waiter> waiters_;
    Timer reap_timer_;
};

}  // namespace gw::method
