// Inspector: one text, in pieces, against a rule set; what may leave, and what was found.
//
//     piece --> Layers, RunDecoder --> hits --> validators, context, suppressions --> findings --> action
//                     |                                                                 |
//                     +--- what is still a partial match --- held ---- released, redacted or blocked ---> parts
//
//     Scanner scanner(rules, memory);                       // one per thread
//     Inspector inspector(scanner, options, memory);        // one per text
//     inspector.feed(piece); for (part : inspector.parts()) send(part.text);
//     inspector.finish();    for (part : inspector.parts()) send(part.text);
//
// Promises (mode action): of a rule that masks no byte of a match leaves; of the others no complete match of a rule
// that blocks. What is not part of a live partial match leaves in the same call. Nothing depends on the cuts.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guardrail/decoded_layer.h"
#include "guardrail/layers.h"
#include "guardrail/policy.h"
#include "guardrail/ruleset.h"

namespace gw::guardrail {

// What a thread keeps for all its inspectors of one rule set: the tables, made as texts need them.
class Scanner {
public:
    Scanner(std::shared_ptr<const Ruleset> rules, std::size_t cache_bytes_max, std::pmr::memory_resource* memory)
        : rules_(std::move(rules)), cache_bytes_max_(cache_bytes_max), memory_(memory) {}
    [[nodiscard]] const std::shared_ptr<const Ruleset>& rules() const noexcept { return rules_; }
    [[nodiscard]] Cache& cache(std::size_t section);
    [[nodiscard]] Cache::Statistics statistics() const noexcept;

private:
    std::shared_ptr<const Ruleset> rules_;
    std::size_t cache_bytes_max_;
    std::pmr::memory_resource* memory_;
    std::optional<Cache> caches_[Ruleset::section_count];
};

struct InspectorOptions {
    Policy policy;
    Direction direction = Direction::completion;
    std::string_view tool;        // tool calls and results: its name. Borrowed for the inspector's life
    std::string_view path, host;  // where the text belongs, for suppressions; likewise
    bool raw_only = false;        // no views: what is disguised is not seen
    std::size_t hold_bytes_max = 8192;
    AtLimit at_hold_limit = AtLimit::block;
    std::uint64_t hold_ms_max = 0;  // how long a tail may be held while nothing comes; 0: for ever
    AtLimit at_hold_time = AtLimit::release;
    std::size_t arguments_bytes_max = 1U << 20U;  // of a tool call, kept for the shell reader
    std::size_t findings_max = 256;               // kept; more are counted
};

struct Finding {
    explicit Finding(std::pmr::memory_resource* memory) : excerpt(memory) {}
    std::uint32_t rule = 0;  // in Ruleset::rules()
    Severity severity = Severity::low;
    Action action = Action::allow, raw_action = Action::allow;
    double confidence = 0;
    ViewKind view = ViewKind::raw;  // in which it was seen
    bool clipped = false;           // it began before `begin`
    bool redacted = false;
    bool lowered = false;              // the direction is why it does not block
    bool proven = false;               // by the shell reader
    bool seen_only = false;            // it may be longer: `end` is where it was first complete
    bool detection_only = false;       // the reader could not finish: no action follows
    std::uint64_t begin = 0, end = 0;  // in the original text
    std::uint64_t known = 0;           // how much of it that took
    std::pmr::string excerpt;          // masked: never the secret itself
};

class Inspector final : private HitSink {
public:
    Inspector(Scanner& scanner, const InspectorOptions& options, std::pmr::memory_resource* memory);

    // Takes the next piece, borrowed until the next call of feed(), finish() or the destructor.
    void feed(std::string_view piece);
    // The text ends here.
    void finish();
    // Time, for hold_ms_max; `now_ms` never goes back. What is due afterwards is in parts().
    void tick(std::uint64_t now_ms);
    [[nodiscard]] std::optional<std::uint64_t> deadline_ms() const noexcept;

    // What leaves after the last call, in order; valid until the next one.
    struct Part {
        std::string_view text;
        std::uint64_t begin = 0, end = 0;  // the original bytes that it stands for
        bool replacement = false;
    };
    [[nodiscard]] std::span<const Part> parts() const noexcept { return parts_; }

    [[nodiscard]] std::span<const Finding> findings() const noexcept { return findings_; }
    [[nodiscard]] std::uint64_t findings_total() const noexcept { return findings_total_; }
    [[nodiscard]] Action action() const noexcept { return action_; }  // of all so far
    [[nodiscard]] Action raw_action() const noexcept { return raw_action_; }
    [[nodiscard]] bool lowered() const noexcept { return lowered_; }
    [[nodiscard]] bool blocked() const noexcept { return blocked_; }
    [[nodiscard]] std::optional<Severity> severity() const noexcept { return severity_; }
    [[nodiscard]] double confidence() const noexcept { return confidence_; }
    [[nodiscard]] std::uint64_t redactions() const noexcept { return redactions_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    // Evidence: what was looked at, and what was not.
    [[nodiscard]] std::uint64_t bytes_inspected() const noexcept { return at_; }
    [[nodiscard]] std::uint64_t bytes_held() const noexcept { return at_ - released_; }
    [[nodiscard]] std::uint64_t held_bytes_max() const noexcept { return held_max_; }
    enum class Skip : std::uint8_t { hold_limit, hold_time, run_limit, arguments_limit };
    struct Skipped {
        Skip why;
        std::uint64_t begin, end;
    };
    [[nodiscard]] std::span<const Skipped> skipped() const noexcept { return skipped_; }

    [[nodiscard]] const Ruleset& rules() const noexcept { return *rules_; }
    [[nodiscard]] const InspectorOptions& options() const noexcept { return options_; }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes of memory, the object included
    void detach() noexcept {
        layers_.detach();
        decoded_.detach();
    }
    void attach(Scanner& scanner) noexcept;

private:
    // A match on its way to a finding; it waits here when its context is not known yet.
    struct Draft {
        explicit Draft(std::pmr::memory_resource* memory) : before(memory), excerpt(memory) {}
        std::uint32_t rule = 0;
        std::uint64_t begin = 0, end = 0, known = 0;
        ViewKind view = ViewKind::raw;
        bool clipped = false, seen_only = false, proven = false, detection_only = false, quoted = false;
        Severity severity = Severity::low;
        std::size_t after_seen = 0;  // bytes behind it that did not decide
        std::pmr::string before, excerpt;
    };
    struct Redaction {
        std::uint64_t begin, end;
        std::uint32_t rule;
        Severity severity;
        bool whole;           // nothing of it is a public opening
        bool opened = false;  // `begin` is behind that opening
    };
    // Where the pattern of a rule with facts matched.
    struct Place {
        std::uint32_t rule;
        std::uint64_t begin, end;
    };
    enum class Verdict : std::uint8_t { yes, no, undecided };

    void on_hit(const Hit& hit) override;
    [[nodiscard]] Verdict judge_context(const Rule& rule, Draft& draft, std::string_view before, std::string_view after,
                                        bool complete) const;
    [[nodiscard]] std::string_view as_read(std::string_view raw);
    void settle_drafts(bool complete);
    [[nodiscard]] bool suppressed(const Rule& rule, std::string_view match) const;
    void accept(const Draft& draft);
    void count(const Finding& finding) noexcept;
    void judge_tool_call();
    [[nodiscard]] std::uint64_t whole_characters(std::string_view piece, std::uint64_t to) const noexcept;
    void redact(const Draft& draft);
    void leave_openings(std::string_view piece);
    [[nodiscard]] std::uint64_t free_until(std::string_view piece, std::uint64_t from, std::uint64_t to,
                                           HitSink* sink) const;
    [[nodiscard]] std::uint64_t opening_end(std::string_view piece, const Redaction& redaction) const;
    [[nodiscard]] std::uint64_t hold_from() const noexcept;
    [[nodiscard]] std::string_view text(std::string_view piece, std::uint64_t from, std::uint64_t to) const noexcept;
    void emit(std::string_view piece, std::uint64_t to);
    void release(std::string_view piece);
    void stop(std::string_view piece);
    void refuse(Skip why);

    Scanner* scanner_;
    std::shared_ptr<const Ruleset> rules_;
    const Ruleset::Section* section_;
    InspectorOptions options_;
    Layers layers_;
    DecodedLayer decoded_;
    std::pmr::vector<Draft> drafts_;
    std::pmr::vector<Place> places_;
    std::pmr::vector<Redaction> waiting_;  // decided, not yet sent; in order, apart from each other
    std::pmr::vector<Finding> findings_;
    std::pmr::vector<Part> parts_;
    std::pmr::vector<Skipped> skipped_;
    std::pmr::string arguments_;
    std::pmr::string before_;  // as_read()
    std::pmr::vector<Change> changes_;
    std::uint64_t at_ = 0, released_ = 0, held_max_ = 0;
    std::uint64_t findings_total_ = 0, redactions_ = 0;
    std::uint64_t held_before_ = 0;           // what was held when the piece came began here
    std::uint64_t block_known_ = UINT64_MAX;  // how much text it took to know that it is blocked
    std::uint64_t now_ms_ = 0, held_since_ms_ = 0;
    std::optional<Severity> severity_;
    Action action_ = Action::allow, raw_action_ = Action::allow;
    double confidence_ = 0;
    bool lowered_ = false, blocked_ = false, ended_ = false;
};

}  // namespace gw::guardrail
