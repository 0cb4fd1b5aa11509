#include "guardrail/inspector.h"

#include <algorithm>
#include <cassert>

#include "core/text.h"
#include "crypto/sha256.h"
#include "guardrail/excerpt.h"
#include "guardrail/shell_glob.h"
#include "guardrail/tool_call.h"

namespace gw::guardrail {

Cache& Scanner::cache(std::size_t section) {
    if (!caches_[section]) caches_[section].emplace(rules_->section(section).set, cache_bytes_max_, memory_);
    return *caches_[section];
}

Cache::Statistics Scanner::statistics() const noexcept {
    Cache::Statistics all;
    for (const std::optional<Cache>& cache : caches_) {
        if (!cache) continue;
        const Cache::Statistics one = cache->statistics();
        all.bytes += one.bytes;
        all.states += one.states;
        all.misses += one.misses;
        all.flushes += one.flushes;
        all.slow_bytes += one.slow_bytes;
        all.tracked_bytes += one.tracked_bytes;
        all.candidates += one.candidates;
    }
    return all;
}

namespace {

unsigned views_of(const InspectorOptions& options, const Ruleset::Section& section) noexcept {
    if (options.raw_only) return 0;
    unsigned views = 1U << static_cast<unsigned>(ViewKind::plain);
    if (options.direction == Direction::tool_call) views |= 1U << static_cast<unsigned>(ViewKind::shell);
    if (section.has_leet) views |= 1U << static_cast<unsigned>(ViewKind::leet);
    return views;
}

}  // namespace

Inspector::Inspector(Scanner& scanner, const InspectorOptions& options, std::pmr::memory_resource* memory)
    : scanner_(&scanner),
      rules_(scanner.rules()),
      section_(&rules_->section(Ruleset::section_of(options.direction))),
      options_(options),
      layers_(section_->set, views_of(options, *section_), memory),
      decoded_(section_->set, memory),
      drafts_(memory),
      places_(memory),
      waiting_(memory),
      findings_(memory),
      parts_(memory),
      skipped_(memory),
      arguments_(memory),
      before_(memory),
      changes_(memory) {}

namespace {

constexpr std::uint64_t lead_in = 32;  // bytes in front of a place from which a scan knows what is alive there

constexpr bool is_quote(char c) noexcept { return c == '"' || c == '\'' || c == '`'; }

// A pattern that looks for where a clause may begin has the mark in the match; then a word must follow at once, as
// behind a mark that closes a quotation none does.
bool opens_quotation(std::string_view before, std::string_view text) noexcept {
    if (!before.empty() && is_quote(before.back())) return true;
    return text.size() > 1 && is_quote(text[0]) && text[1] != ' ' && text[1] != '\t';
}

}  // namespace

// --- hits --------------------------------------------------------------------------------------------------------

void Inspector::on_hit(const Hit& hit) {
    const std::uint32_t index = section_->rules[hit.pattern];
    const Rule& rule = rules_->rule(index);
    if (!rule.directions.contains(options_.direction)) return;
    if (hit.view == ViewKind::leet && !rule.leet) return;
    if (hit.phase == Match::Phase::seen && rules_->rules()[index].masks) return;  // its bytes are held: time enough
    const std::string_view before = hit.view == ViewKind::decoded ? hit.before : as_read(hit.before);
    for (const Validator& validator : rule.validators) {
        if (!accepts(validator, hit.text, before)) return;
    }
    if (rule.facts && options_.direction == Direction::tool_call) {
        // The pattern says where, the shell reader whether: at the end.
        if (hit.phase == Match::Phase::decided &&
            std::none_of(places_.begin(), places_.end(), [&](const Place& place) { return place.rule == index; })) {
            places_.push_back({index, hit.begin, hit.end});
        }
        return;
    }
    if (suppressed(rule, hit.text)) return;
    Draft draft(drafts_.get_allocator().resource());
    draft.rule = index;
    draft.begin = hit.begin;
    draft.end = hit.end;
    draft.known = hit.known;
    draft.view = hit.view;
    draft.clipped = hit.clipped;
    draft.seen_only = hit.phase == Match::Phase::seen;
    draft.quoted = opens_quotation(hit.before, hit.text);
    draft.severity = rules_->rules()[index].severity;
    if (rule.demote_unless && !accepts(rule.demote_unless->validator, hit.text, before))
        draft.severity = std::min(draft.severity, rule.demote_unless->to);
    if (draft.seen_only && decide(options_.policy, draft.severity, options_.direction).action < Action::confirm)
        return;  // it is let through: the whole match will tell
    write_excerpt(draft.excerpt, hit.text, rule.kind == Kind::mask);
    const Verdict verdict = judge_context(rule, draft, before, {}, false);
    if (verdict == Verdict::no) return;
    if (verdict == Verdict::yes) {
        accept(draft);
        return;
    }
    draft.before.assign(before);
    drafts_.push_back(std::move(draft));
}

// The text in front of a match without its disguise: `\nPIN ` is a line that begins with PIN.
std::string_view Inspector::as_read(std::string_view raw) {
    PlainView view;
    before_.clear();
    changes_.clear();
    view.feed(raw, before_, changes_);
    view.finish(before_, changes_);
    return before_;
}

// What the words around say: whether it is a finding, and how bad.
Inspector::Verdict Inspector::judge_context(const Rule& rule, Draft& draft, std::string_view before,
                                            std::string_view after, bool complete) const {
    bool open = false;
    if (rule.require_context) {
        switch (nearby(*rule.require_context, before, after, complete)) {
        case Nearby::no: return Verdict::no;
        case Nearby::yes: break;
        case Nearby::undecided: open = true; break;
        }
    }
    if (rule.forbid_context) {
        switch (nearby(*rule.forbid_context, before, after, complete)) {
        case Nearby::yes: return Verdict::no;
        case Nearby::no: break;
        case Nearby::undecided: open = true; break;
        }
    }
    if (rule.demote_context) {
        if (!rule.demote_context->quoted || draft.quoted) {
            switch (nearby(rule.demote_context->context, before, after, complete)) {
            case Nearby::yes: draft.severity = std::min(draft.severity, rule.demote_context->to); break;
            case Nearby::no: break;
            case Nearby::undecided: open = true; break;
            }
        }
    }
    return open ? Verdict::undecided : Verdict::yes;
}

void Inspector::settle_drafts(bool complete) {
    for (std::size_t i = 0; i < drafts_.size();) {
        Draft& draft = drafts_[i];
        const Rule& rule = rules_->rule(draft.rule);
        const std::uint64_t to = std::min(at_, draft.end + context_bytes + 64);
        const std::string_view after = layers_.history().slice({}, draft.end, to, layers_.scratch());
        // Byte by byte, so that it is known at the same place however the text was cut.
        Verdict verdict = Verdict::undecided;
        const Severity severity = draft.severity;
        for (std::size_t size = draft.after_seen; size <= after.size() && verdict == Verdict::undecided; ++size) {
            draft.severity = severity;
            verdict = judge_context(rule, draft, draft.before, after.substr(0, size), false);
            draft.known = std::max(draft.known, draft.end + size);
        }
        if (verdict == Verdict::undecided && complete) {
            draft.severity = severity;
            verdict = judge_context(rule, draft, draft.before, after, true);
        }
        if (verdict == Verdict::undecided) {
            draft.severity = severity;
            draft.after_seen = after.size();
            ++i;
            continue;
        }
        Draft done(std::move(draft));
        drafts_.erase(drafts_.begin() + static_cast<std::ptrdiff_t>(i));
        if (verdict == Verdict::yes) accept(done);
    }
}

bool Inspector::suppressed(const Rule& rule, std::string_view match) const {
    for (const RuleSuppression& one : rules_->pack().rule_suppressions) {
        if (one.rule != rule.id) continue;
        if (one.direction && *one.direction != options_.direction) continue;
        if (!one.path.empty() && !shell::matches_glob(one.path, options_.path)) continue;
        if (!one.host.empty() && !shell::matches_glob(one.host, options_.host)) continue;
        if (!one.value.empty() && one.value != match) continue;
        if (one.value_sha256) {
            const crypto::Digest digest = crypto::sha256(match);
            if (!std::equal(digest.begin(), digest.end(), one.value_sha256->begin(),
                            [](std::byte a, std::uint8_t b) { return std::to_integer<std::uint8_t>(a) == b; })) {
                continue;
            }
        }
        return true;
    }
    return false;
}

void Inspector::accept(const Draft& draft) {
    const Ruleset::CompiledRule& compiled = rules_->rules()[draft.rule];
    const Rule& rule = rules_->rule(draft.rule);
    Decided decided = decide(options_.policy, draft.severity, options_.direction);
    if (draft.detection_only) decided.action = std::min(decided.action, Action::alert);
    if (draft.seen_only && decided.action < Action::confirm) return;  // demoted meanwhile
    const bool redacts = options_.policy.mode != Mode::observe && compiled.masks && decided.action >= Action::alert;
    if (redacts) redact(draft);
    if (decided.action >= Action::confirm) {
        blocked_ = true;
        block_known_ = std::min(block_known_, draft.known);
    }
    // The same deed may be seen in several views, and first in part.
    constexpr std::size_t look_back = 32;
    const std::size_t from = findings_.size() > look_back ? findings_.size() - look_back : 0;
    for (std::size_t i = findings_.size(); i-- > from;) {
        Finding& earlier = findings_[i];
        if (earlier.rule != draft.rule || earlier.begin >= draft.end || draft.begin >= earlier.end) continue;
        if (earlier.seen_only && !draft.seen_only && earlier.view == draft.view) {
            earlier.end = std::max(earlier.end, draft.end);
            earlier.seen_only = false;
        }
        return;
    }
    ++findings_total_;
    if (findings_.size() >= options_.findings_max) return;
    Finding& finding = findings_.emplace_back(findings_.get_allocator().resource());
    finding.rule = draft.rule;
    finding.severity = draft.severity;
    finding.action = decided.action;
    finding.raw_action = decided.raw;
    finding.lowered = decided.lowered && decided.raw == Action::block;
    finding.confidence = rule.confidence * (draft.view == ViewKind::raw ? 1.0 : 0.9);
    finding.known = draft.known;
    finding.view = draft.view;
    finding.clipped = draft.clipped;
    finding.redacted = redacts && decided.action < Action::confirm;
    finding.proven = draft.proven;
    finding.detection_only = draft.detection_only;
    finding.seen_only = draft.seen_only;
    finding.begin = draft.begin;
    finding.end = draft.end;
    finding.excerpt.assign(draft.excerpt);
    count(finding);
}

void Inspector::count(const Finding& finding) noexcept {
    action_ = std::max(action_, finding.action);
    raw_action_ = std::max(raw_action_, finding.raw_action);
    lowered_ = lowered_ || finding.lowered;
    severity_ = std::max(severity_.value_or(Severity::low), finding.severity);
    confidence_ = std::max(confidence_, finding.confidence);
}

// --- tool calls --------------------------------------------------------------------------------------------------

void Inspector::judge_tool_call() {
    if (options_.direction != Direction::tool_call || !section_->has_facts) return;
    std::pmr::memory_resource* memory = findings_.get_allocator().resource();
    shell::Facts facts(memory);
    read_tool_call(options_.tool, arguments_, {}, facts);
    if (arguments_.size() < at_) {
        facts.incomplete = true;
        skipped_.push_back({Skip::arguments_limit, arguments_.size(), at_});
    }
    for (std::size_t pattern = 0; pattern < section_->rules.size(); ++pattern) {
        const std::uint32_t index = section_->rules[pattern];
        const Rule& rule = rules_->rule(index);
        if (!rule.facts) continue;
        const auto place =
            std::find_if(places_.begin(), places_.end(), [&](const Place& one) { return one.rule == index; });
        const auto fulfilled = shell::matches(*rule.facts, facts, memory);
        const bool has_place = place != places_.end();
        if (!fulfilled && !(facts.incomplete && has_place)) continue;
        Draft draft(memory);
        draft.rule = index;
        draft.severity = rules_->rules()[index].severity;
        draft.begin = has_place ? place->begin : fulfilled->deed.begin;
        draft.end = has_place ? place->end : fulfilled->deed.end;
        draft.known = at_;
        draft.proven = fulfilled.has_value();
        draft.detection_only = !fulfilled;
        const std::string_view text(arguments_);
        const std::size_t begin = std::min<std::size_t>(draft.begin, text.size());
        const std::string_view deed = text.substr(begin, static_cast<std::size_t>(draft.end - draft.begin));
        if (suppressed(rule, deed)) continue;
        write_excerpt(draft.excerpt, deed, rule.kind == Kind::mask);
        accept(draft);
    }
}

// --- what leaves -------------------------------------------------------------------------------------------------

void Inspector::redact(const Draft& draft) {
    const std::uint64_t begin = draft.begin, end = draft.end;
    if (std::max(begin, released_) >= end) return;  // what left before is gone
    Redaction merged{begin, end, draft.rule, draft.severity, draft.clipped || draft.view == ViewKind::decoded};
    auto first = std::find_if(waiting_.begin(), waiting_.end(), [&](const Redaction& r) { return r.end > begin; });
    auto last = first;
    for (; last != waiting_.end() && last->begin < end; ++last) {
        merged.begin = std::min(merged.begin, last->begin);
        merged.end = std::max(merged.end, last->end);
        merged.whole = merged.whole || last->whole;
        if (last->severity >= merged.severity) {
            merged.severity = last->severity;
            merged.rule = last->rule;
        }
    }
    if (first == last) {
        waiting_.insert(first, merged);
    } else {
        *first = merged;
        waiting_.erase(first + 1, last);
    }
}

std::uint64_t Inspector::hold_from() const noexcept {
    std::uint64_t hold = std::min(layers_.hold_from(), decoded_.hold_from(at_));
    for (const Draft& draft : drafts_)
        hold = std::min(hold, rules_->rules()[draft.rule].masks ? draft.begin : draft.end - 1);
    // A call that is not whole does nothing: as long as its last byte is here, nothing is done.
    if (section_->has_facts && options_.direction == Direction::tool_call && at_ > 0) hold = std::min(hold, at_ - 1);
    return hold;
}

std::string_view Inspector::text(std::string_view piece, std::uint64_t from, std::uint64_t to) const noexcept {
    const History& history = layers_.history();
    if (from >= history.begin()) return history.text().substr(from - history.begin(), to - from);
    const std::uint64_t piece_begin = at_ - piece.size();
    assert(from >= piece_begin);
    return piece.substr(from - piece_begin, to - from);
}

// How much of the text up to `to` is free when it comes byte by byte, as a scan from `from` on finds; what it finds on
// the way goes to `sink`.
std::uint64_t Inspector::free_until(std::string_view piece, std::uint64_t from, std::uint64_t to, HitSink* sink) const {
    struct Deaf final : HitSink {
        void on_hit(const Hit&) override {}
    } deaf;
    std::pmr::memory_resource* memory = findings_.get_allocator().resource();
    Layers again(section_->set, views_of(options_, *section_), memory);
    Cache& cache = scanner_->cache(Ruleset::section_of(options_.direction));
    const std::pmr::string copy(text(piece, from, sink == nullptr ? to : to + 1), memory);
    HitSink& hears = sink == nullptr ? deaf : *sink;
    // Really byte by byte: what was free once is free, also when something older is found to be alive later.
    std::size_t i = 0;
    for (; i < to - from; ++i) again.feed(cache, std::string_view(copy).substr(i, 1), hears);
    const std::uint64_t free = from + again.hold_from();
    if (sink != nullptr) {
        again.feed(cache, std::string_view(copy).substr(i), hears);
        again.finish(cache, hears);
    }
    again.detach();
    return free;
}

// Where what the rule spells out ends, at the beginning of a match: it leaves when the text comes byte by byte, and so
// it leaves always. When a second look does not find the match, it has no opening.
std::uint64_t Inspector::opening_end(std::string_view piece, const Redaction& redaction) const {
    const std::uint64_t first = std::min(layers_.history().begin(), at_ - piece.size());
    if (first > redaction.begin) return redaction.begin;
    struct Finds final : HitSink {
        void on_hit(const Hit& hit) override {
            found = found || (hit.phase == Match::Phase::decided && hit.begin == begin &&
                              inspector->rules_->rules()[inspector->section_->rules[hit.pattern]].masks);
        }
        const Inspector* inspector;
        std::uint64_t begin;
        bool found = false;
    } finds;
    const std::uint64_t from = std::max(first, redaction.begin - std::min(redaction.begin, lead_in));
    finds.inspector = this;
    finds.begin = redaction.begin - from;
    const std::uint64_t free = free_until(piece, from, redaction.end - 1, &finds);
    return finds.found ? std::clamp(free, redaction.begin, redaction.end) : redaction.begin;
}

void Inspector::leave_openings(std::string_view piece) {
    for (Redaction& one : waiting_) {
        if (!one.opened && !one.whole && section_->has_openings) one.begin = opening_end(piece, one);
        one.begin = std::max(one.begin, released_);
        one.opened = true;
    }
}

// Lets go of everything before `to`, with its replacements.
void Inspector::emit(std::string_view piece, std::uint64_t to) {
    std::size_t done = 0;
    while (released_ < to) {
        const Redaction* next = done < waiting_.size() ? &waiting_[done] : nullptr;
        const std::uint64_t stop = next == nullptr ? to : std::clamp(next->begin, released_, to);
        if (stop > released_) parts_.push_back({text(piece, released_, stop), released_, stop, false});
        released_ = stop;
        if (next == nullptr || next->begin >= to) break;
        if (next->end > to) break;  // its end may still grow together with another
        parts_.push_back({rules_->label(next->rule), next->begin, next->end, true});
        ++redactions_;
        released_ = std::max(released_, next->end);
        ++done;
    }
    if (done > 0) waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
}

void Inspector::release(std::string_view piece) {
    if (options_.policy.mode == Mode::observe) {
        emit(piece, at_);
        return;
    }
    emit(piece, whole_characters(piece, hold_from()));
    if (at_ - released_ > options_.hold_bytes_max) {
        if (options_.at_hold_limit == AtLimit::block) {
            refuse(Skip::hold_limit);
        } else {
            const std::uint64_t to = at_ - options_.hold_bytes_max;
            skipped_.push_back({Skip::hold_limit, released_, to});
            emit(piece, to);
        }
    }
    held_max_ = std::max(held_max_, at_ - released_);
}

// Back to the beginning of a character.
std::uint64_t Inspector::whole_characters(std::string_view piece, std::uint64_t to) const noexcept {
    while (to > released_ && to < at_ && (static_cast<unsigned char>(text(piece, to, to + 1)[0]) & 0xC0U) == 0x80U)
        --to;
    return to;
}

// A rule blocks. What leaves is what would have left had the text come byte by byte: all that was free right before the
// byte that told. What lives there began behind what was held when the piece came, so a scan from there finds it.
void Inspector::stop(std::string_view piece) {
    std::erase_if(findings_, [this](const Finding& finding) { return finding.known > block_known_; });
    action_ = raw_action_ = Action::allow;
    lowered_ = false;
    severity_.reset();
    confidence_ = 0;
    for (const Finding& finding : findings_) count(finding);
    findings_total_ = findings_.size();
    const std::uint64_t piece_begin = at_ - piece.size();
    const std::uint64_t to = block_known_ - std::min<std::uint64_t>(block_known_, 1);
    if (to <= piece_begin || to <= released_) return;
    const std::uint64_t from = std::max(layers_.history().begin(), held_before_ - std::min(held_before_, lead_in));
    const std::uint64_t begin = layers_.history().begin() <= from ? from : piece_begin;
    std::uint64_t hold = free_until(piece, begin, to, nullptr);
    for (const Draft& draft : drafts_) hold = std::min(hold, draft.begin);
    if (section_->has_facts && options_.direction == Direction::tool_call) hold = std::min(hold, to - 1);
    emit(piece, whole_characters(piece, std::max(hold, released_)));
}

// Not because of a rule: what is held can neither be kept nor let go.
void Inspector::refuse(Skip why) {
    skipped_.push_back({why, released_, at_});
    blocked_ = true;
    action_ = raw_action_ = Action::block;
}

// --- the calls ---------------------------------------------------------------------------------------------------

void Inspector::feed(std::string_view piece) {
    assert(!ended_);
    parts_.clear();
    if (blocked_ || piece.empty()) return;
    if (section_->has_facts && options_.direction == Direction::tool_call)
        arguments_.append(
            piece.substr(0, options_.arguments_bytes_max - std::min(options_.arguments_bytes_max, arguments_.size())));
    std::uint64_t needed = released_ < at_ ? released_ : UINT64_MAX;
    for (const Draft& draft : drafts_) needed = std::min(needed, draft.end);
    layers_.retain(needed);
    held_before_ = std::min(hold_from(), at_);
    at_ += piece.size();
    Cache& cache = scanner_->cache(Ruleset::section_of(options_.direction));
    layers_.feed(cache, piece, *this);
    if (!options_.raw_only) decoded_.feed(cache, piece, *this);
    if (!drafts_.empty()) settle_drafts(false);
    leave_openings(piece);
    blocked_ ? stop(piece) : release(piece);
    held_since_ms_ = now_ms_;
}

void Inspector::finish() {
    if (ended_) return;
    ended_ = true;
    parts_.clear();
    if (blocked_) return;
    layers_.retain(released_);
    Cache& cache = scanner_->cache(Ruleset::section_of(options_.direction));
    layers_.finish(cache, *this);
    if (!options_.raw_only) decoded_.finish(cache, *this);
    settle_drafts(true);
    judge_tool_call();
    leave_openings({});
    blocked_ ? stop({}) : emit({}, at_);
}

void Inspector::tick(std::uint64_t now_ms) {
    now_ms_ = std::max(now_ms_, now_ms);
    const auto due = deadline_ms();
    parts_.clear();
    if (!due || now_ms_ < *due) return;
    if (options_.at_hold_time == AtLimit::block) {
        refuse(Skip::hold_time);
    } else {
        skipped_.push_back({Skip::hold_time, released_, at_});
        emit({}, at_);
    }
}

std::optional<std::uint64_t> Inspector::deadline_ms() const noexcept {
    if (options_.hold_ms_max == 0 || blocked_ || ended_ || released_ == at_) return std::nullopt;
    return held_since_ms_ + options_.hold_ms_max;
}

void Inspector::attach(Scanner& scanner) noexcept {
    detach();
    scanner_ = &scanner;
}

std::size_t Inspector::size() const noexcept {
    std::size_t bytes = sizeof *this + layers_.size() - sizeof layers_ + decoded_.size() - sizeof decoded_;
    bytes += drafts_.capacity() * sizeof(Draft) + waiting_.capacity() * sizeof(Redaction) +
             findings_.capacity() * sizeof(Finding) + parts_.capacity() * sizeof(Part) +
             places_.capacity() * sizeof(Place) + arguments_.capacity();
    return bytes;
}

}  // namespace gw::guardrail
