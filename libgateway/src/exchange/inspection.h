// Inspection: all texts of one direction of an exchange, and the one verdict on them.
//
//     begin(direction, tool) ─► Inspector     one for every text: a choice, a call, a message
//     add(inspector)                          what it found counts from here on
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/owned.h"
#include "guardrail/inspector.h"
#include "json/json.h"

namespace gw::exchange {

// How texts are inspected, as far as it does not depend on the text.
struct InspectionPolicy {
    guardrail::Policy policy;
    std::size_t hold_bytes_max = 8192;
    std::uint64_t hold_ms_max = 0;
    guardrail::AtLimit at_hold_limit = guardrail::AtLimit::block;
    guardrail::AtLimit at_hold_time = guardrail::AtLimit::release;
};

class Inspection {
public:
    Inspection(guardrail::Scanner& scanner, const InspectionPolicy& policy, std::pmr::memory_resource* memory)
        : scanner_(scanner), policy_(policy), memory_(memory), seen_(memory), objection_(memory) {}

    // `tool` is borrowed for the inspector's life.
    [[nodiscard]] Owned<guardrail::Inspector> begin(guardrail::Direction direction, std::string_view tool);
    struct WholeText {
        bool blocked = false;
        bool changed = false;
        std::pmr::string text;  // that stands in its place when it was changed
    };
    [[nodiscard]] WholeText inspect_text(guardrail::Direction direction, std::string_view tool, std::string_view text);
    // A text that is there as a whole: a JSON string, or an object or array whose very bytes are the text.
    struct Whole {
        bool blocked = false;
        bool changed = false;
        std::pmr::string value;  // JSON that stands in its place when it was changed
    };
    [[nodiscard]] Whole inspect(guardrail::Direction direction, std::string_view tool, const json::Value& value,
                                BlockPool* pool);
    // Once for each inspector: when its text is over, or blocked.
    void add(const guardrail::Inspector& inspector);
    // It was stopped for a reason that is no rule: `why` is static text.
    void refuse(std::string_view why) noexcept;
    // Somebody who was asked about texts of this direction says no; `why` is copied, as far as it is text and not too
    // long.
    void object(std::string_view why, guardrail::Direction direction);
    // Something passed that could not be read.
    void skip() noexcept { ++skipped_; }

    struct Seen {
        std::uint32_t rule;
        guardrail::Severity severity;
        guardrail::Action action;
        guardrail::ViewKind view;
        guardrail::Direction direction;
        double confidence;
        std::pmr::string excerpt;  // masked: never the secret itself
    };
    [[nodiscard]] std::span<const Seen> seen() const noexcept { return seen_; }
    [[nodiscard]] std::uint64_t findings() const noexcept { return findings_; }
    [[nodiscard]] guardrail::Action action() const noexcept { return action_; }
    [[nodiscard]] guardrail::Action raw_action() const noexcept { return raw_action_; }
    [[nodiscard]] std::optional<guardrail::Severity> severity() const noexcept { return severity_; }
    [[nodiscard]] bool blocked() const noexcept { return action_ >= guardrail::Action::confirm; }
    [[nodiscard]] bool tool_blocked() const noexcept { return tool_blocked_; }
    [[nodiscard]] std::uint64_t texts() const noexcept { return texts_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::uint64_t redactions() const noexcept { return redactions_; }
    [[nodiscard]] std::uint64_t held_bytes_max() const noexcept { return held_bytes_max_; }
    [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }
    [[nodiscard]] const guardrail::Ruleset& rules() const noexcept { return *scanner_.rules(); }
    [[nodiscard]] const InspectionPolicy& policy() const noexcept { return policy_; }
    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return memory_; }

    // "matched: SEC-X:Title, ..." of the first five, or why else it was stopped; no text of the conversation.
    void write_reason(std::pmr::string& out) const;
    // What the client is told in place of a blocked answer: begins with provider::notice_prefix. `custom` is the
    // configured text, or empty.
    void write_notice(std::pmr::string& out, bool prompt, std::string_view custom) const;

private:
    guardrail::Scanner& scanner_;
    InspectionPolicy policy_;
    std::pmr::memory_resource* memory_;
    std::pmr::vector<Seen> seen_;  // bounded
    std::uint64_t findings_ = 0, texts_ = 0, bytes_ = 0, redactions_ = 0, held_bytes_max_ = 0, skipped_ = 0;
    std::optional<guardrail::Severity> severity_;
    guardrail::Action action_ = guardrail::Action::allow, raw_action_ = guardrail::Action::allow;
    std::string_view refused_;
    std::pmr::string objection_;  // empty: nobody has objected
    bool tool_blocked_ = false;
};

}  // namespace gw::exchange
