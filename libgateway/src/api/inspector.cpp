#include "gateway/inspector.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "api/guard.h"
#include "api/sized.h"
#include "core/buffer.h"
#include "core/memory.h"
#include "guardrail/inspector.h"
#include "guardrail/verdict.h"

using gw::as_str;
using gw::as_text;
namespace guardrail = gw::guardrail;

// Each handle owns the memory that its parts live in. The rule set's memory must outlive every scanner: it is shared.
namespace {

template <typename T, typename... Arguments>
T* make(gw::Allocator allocator, Arguments&&... arguments) {
    void* place = allocator.allocate(sizeof(T));
    try {
        return new (place) T(allocator, std::forward<Arguments>(arguments)...);
    } catch (...) {
        allocator.deallocate(place, sizeof(T));
        throw;
    }
}

template <typename T>
void destroy(T* object) noexcept {
    if (object == nullptr) return;
    const gw::Allocator allocator = object->memory.allocator();
    object->~T();
    allocator.deallocate(object, sizeof(T));
}

}  // namespace

struct gw_ruleset {
    explicit gw_ruleset(gw::Allocator allocator) : memory(allocator) {}
    gw::HostMemory memory;
    std::shared_ptr<const guardrail::Ruleset> rules;
    std::atomic<std::uint32_t> references{1};

    static void release(gw_ruleset* rules) noexcept {
        if (rules != nullptr && rules->references.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(rules);
    }
};

struct gw_scanner {
    gw_scanner(gw::Allocator allocator, gw_ruleset* from, std::size_t bytes)
        : memory(allocator), pool(allocator), rules(from), scanner(from->rules, bytes, &memory) {
        from->references.fetch_add(1, std::memory_order_relaxed);
    }
    ~gw_scanner() = default;

    gw::HostMemory memory;
    gw::BlockPoolOwner pool;
    gw_ruleset* rules;
    guardrail::Scanner scanner;
};

struct gw_inspector {
    gw_inspector(gw::Allocator allocator, gw_scanner* from, const gw_inspector_options& given,
                 guardrail::InspectorOptions options)
        : memory(allocator), scanner(from), strings(&memory) {
        strings.reserve(given.tool.len + given.path.len + given.host.len);
        const auto keep = [this](gw_str text) {
            const std::size_t at = strings.size();
            strings.append(as_text(text));
            return std::string_view(strings).substr(at);
        };
        options.tool = keep(given.tool);
        options.path = keep(given.path);
        options.host = keep(given.host);
        inspector.emplace(from->scanner, options, &memory);
    }

    gw::HostMemory memory;
    gw_scanner* scanner;
    std::pmr::string strings;
    std::optional<guardrail::Inspector> inspector;
    std::size_t next_part = 0;
    bool failed = false;  // an allocation was refused in the middle of it
};

namespace {

bool is_text(gw_str text) noexcept { return text.data != nullptr || text.len == 0; }

// What a caller in C may have put into an enum; nothing when it is out of range.
template <typename To, typename From>
std::optional<To> enum_of(const From& from, int last) noexcept {
    int value = 0;
    static_assert(sizeof value == sizeof from);
    std::memcpy(&value, &from, sizeof value);
    if (value < 0 || value > last) return std::nullopt;
    return static_cast<To>(value);
}

gw_severity severity_of(std::optional<guardrail::Severity> severity) noexcept {
    return severity ? static_cast<gw_severity>(static_cast<int>(*severity) + 1) : GW_SEVERITY_NONE;
}

// GW_SEVERITY_NONE: nothing. False for a number that is none.
bool read_severity(const gw_severity& from, std::optional<guardrail::Severity>& out) noexcept {
    const auto value = enum_of<int>(from, GW_SEVERITY_CRITICAL);
    if (value && *value > 0) out = static_cast<guardrail::Severity>(*value - 1);
    return value.has_value();
}

gw_status state_of(const gw_inspector& inspector) noexcept {
    return inspector.inspector->blocked() ? GW_ERR_BLOCKED : GW_OK;
}

template <typename Call>
gw_status run(gw_inspector* inspector, const Call& call) {
    if (inspector->failed) return GW_ERR_NO_MEMORY;
    inspector->next_part = 0;
    const gw_status status = gw::api::guard([&] {
        call(*inspector->inspector);
        return GW_OK;
    });
    if (status == GW_OK) return state_of(*inspector);
    inspector->failed = true;
    return status;
}

}  // namespace

extern "C" {

gw_status gw_ruleset_compile(const gw_ruleset_options* options, const gw_host* host, gw_ruleset** out,
                             gw_buf* problems) {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    if (problems != nullptr) *problems = {nullptr, 0, nullptr};
    gw_ruleset_options given;
    if (const gw_status status = gw::api::copy_sized(options, given); status != GW_OK) return status;
    gw_host lent;
    if (const gw_status status = gw::api::copy_sized(host, lent); status != GW_OK) return status;
    if ((lent.alloc == nullptr) != (lent.free == nullptr)) return GW_ERR_ARGUMENT;
    if (given.files == nullptr && given.file_count > 0) return GW_ERR_ARGUMENT;
    const auto profile = enum_of<guardrail::Profile>(given.profile, GW_PROFILE_PERMISSIVE);
    guardrail::RulesetOptions how;
    if (!profile || !read_severity(given.block_from, how.block_from)) return GW_ERR_ARGUMENT;
    how.profile = *profile;
    how.mask_all = given.mask_all;
    how.public_openings = given.public_openings != 0;
    for (std::size_t i = 0; i < given.file_count; ++i) {
        if (!is_text(given.files[i].name) || !is_text(given.files[i].bytes)) return GW_ERR_ARGUMENT;
    }
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(&lent);
        struct Release {
            void operator()(gw_ruleset* rules) const noexcept { gw_ruleset::release(rules); }
        };
        const std::unique_ptr<gw_ruleset, Release> made(make<gw_ruleset>(allocator));
        std::pmr::vector<guardrail::PackProblem> found(&made->memory);
        std::pmr::vector<guardrail::PackFile> files(&made->memory);
        for (std::size_t i = 0; i < given.file_count; ++i)
            files.push_back({as_text(given.files[i].name), as_text(given.files[i].bytes)});
        guardrail::LoadOptions load;
        load.overlay = !given.no_default_pack;
        auto pack = guardrail::load_pack(files, load, found, &made->memory);
        if (pack) made->rules = guardrail::Ruleset::compile(std::move(*pack), how, &made->memory, found);
        if (problems != nullptr && !found.empty()) {
            std::pmr::string report(&made->memory);
            for (const guardrail::PackProblem& problem : found) {
                guardrail::append_line(report, problem);
                report += '\n';
            }
            const gw::BlockPoolOwner pool(allocator);
            gw::Buffer text(pool.get());
            text.append(report);
            *problems = text.take();
        }
        if (!made->rules) return GW_ERR_CONFIG;
        made->references.fetch_add(1, std::memory_order_relaxed);
        *out = made.get();
        return GW_OK;
    });
}

void gw_ruleset_free(gw_ruleset* rules) { gw_ruleset::release(rules); }

size_t gw_ruleset_count(const gw_ruleset* rules) { return rules == nullptr ? 0 : rules->rules->rules().size(); }

gw_str gw_ruleset_fingerprint(const gw_ruleset* rules) {
    return rules == nullptr ? gw_str{nullptr, 0} : as_str(rules->rules->fingerprint());
}

gw_status gw_scanner_new(gw_ruleset* rules, const gw_host* host, size_t table_bytes_max, gw_scanner** out) {
    if (rules == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    gw_host lent;
    if (const gw_status status = gw::api::copy_sized(host, lent); status != GW_OK) return status;
    if ((lent.alloc == nullptr) != (lent.free == nullptr)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        *out = make<gw_scanner>(gw::Allocator::from(&lent), rules,
                                table_bytes_max == 0 ? guardrail::Cache::bytes_default : table_bytes_max);
        return GW_OK;
    });
}

void gw_scanner_free(gw_scanner* scanner) {
    if (scanner == nullptr) return;
    gw_ruleset* rules = scanner->rules;
    destroy(scanner);
    gw_ruleset::release(rules);
}

gw_status gw_inspector_new(gw_scanner* scanner, const gw_inspector_options* options, gw_inspector** out) {
    if (scanner == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    gw_inspector_options given;
    if (const gw_status status = gw::api::copy_sized(options, given); status != GW_OK) return status;
    if (!is_text(given.tool) || !is_text(given.path) || !is_text(given.host)) return GW_ERR_ARGUMENT;
    guardrail::InspectorOptions how;
    if (options == nullptr) given.direction = GW_DIRECTION_COMPLETION;
    const auto direction = enum_of<guardrail::Direction>(given.direction, GW_DIRECTION_TOOL_RESULT);
    const auto mode = enum_of<guardrail::Mode>(given.mode, GW_INSPECT_REDACT);
    std::optional<guardrail::Severity> confirm;
    if (!direction || !mode || !read_severity(given.confirm_from, confirm)) return GW_ERR_ARGUMENT;
    how.direction = *direction;
    how.policy.profile = scanner->rules->rules->options().profile;
    how.policy.block_from = scanner->rules->rules->options().block_from;
    how.policy.mode = *mode;
    if (confirm) {
        how.policy.confirm = guardrail::Confirm::ask;
        how.policy.confirm_from = *confirm;
    }
    if (given.hold_bytes_max != 0) how.hold_bytes_max = given.hold_bytes_max;
    how.hold_ms_max = given.hold_ms_max;
    how.at_hold_limit = how.at_hold_time =
        given.release_at_limit ? guardrail::AtLimit::release : guardrail::AtLimit::block;
    how.raw_only = given.raw_only;
    return gw::api::guard([&] {
        *out = make<gw_inspector>(scanner->memory.allocator(), scanner, given, how);
        return GW_OK;
    });
}

void gw_inspector_free(gw_inspector* inspector) { destroy(inspector); }

void gw_inspector_detach(gw_inspector* inspector) {
    if (inspector != nullptr && !inspector->failed) {
        static_cast<void>(run(inspector, [](guardrail::Inspector& self) { self.detach(); }));
    }
}

gw_status gw_inspector_attach(gw_inspector* inspector, gw_scanner* scanner) {
    if (inspector == nullptr || scanner == nullptr || scanner->rules != inspector->scanner->rules)
        return GW_ERR_ARGUMENT;
    inspector->scanner = scanner;
    inspector->inspector->attach(scanner->scanner);
    return GW_OK;
}

gw_status gw_inspector_feed(gw_inspector* inspector, const void* data, size_t len) {
    if (inspector == nullptr || (data == nullptr && len > 0)) return GW_ERR_ARGUMENT;
    if (inspector->inspector->ended()) return GW_ERR_STATE;
    return run(inspector, [&](guardrail::Inspector& self) { self.feed({static_cast<const char*>(data), len}); });
}

gw_status gw_inspector_finish(gw_inspector* inspector) {
    if (inspector == nullptr) return GW_ERR_ARGUMENT;
    if (inspector->inspector->ended()) return GW_ERR_STATE;
    return run(inspector, [](guardrail::Inspector& self) { self.finish(); });
}

gw_status gw_inspector_tick(gw_inspector* inspector, uint64_t monotonic_ms) {
    if (inspector == nullptr) return GW_ERR_ARGUMENT;
    return run(inspector, [&](guardrail::Inspector& self) { self.tick(monotonic_ms); });
}

uint64_t gw_inspector_deadline(const gw_inspector* inspector) {
    return inspector == nullptr ? UINT64_MAX : inspector->inspector->deadline_ms().value_or(UINT64_MAX);
}

gw_status gw_inspector_next(gw_inspector* inspector, gw_inspected* part) {
    if (inspector == nullptr || part == nullptr || part->size < sizeof part->size) return GW_ERR_ARGUMENT;
    const auto parts = inspector->inspector->parts();
    if (inspector->failed || inspector->next_part >= parts.size()) return GW_DONE;
    const guardrail::Inspector::Part& next = parts[inspector->next_part++];
    gw_inspected out{};
    out.data = as_str(next.text);
    out.begin = next.begin;
    out.end = next.end;
    out.replacement = next.replacement;
    return gw::api::fill_sized(out, part);
}

gw_status gw_inspector_status(const gw_inspector* inspector, gw_inspector_state* state) {
    if (inspector == nullptr || state == nullptr) return GW_ERR_ARGUMENT;
    const guardrail::Inspector& self = *inspector->inspector;
    gw_inspector_state out{};
    out.action = static_cast<gw_action>(self.action());
    out.severity = severity_of(self.severity());
    out.blocked = self.blocked();
    out.findings = self.findings_total();
    out.redactions = self.redactions();
    out.bytes_inspected = self.bytes_inspected();
    out.bytes_held = self.bytes_held();
    out.bytes_held_max = self.held_bytes_max();
    out.memory = self.size() + sizeof *inspector - sizeof self;
    return gw::api::fill_sized(out, state);
}

gw_status gw_inspector_finding(const gw_inspector* inspector, size_t index, gw_finding* finding) {
    if (inspector == nullptr || finding == nullptr) return GW_ERR_ARGUMENT;
    const guardrail::Inspector& self = *inspector->inspector;
    if (index >= self.findings().size()) return GW_DONE;
    const guardrail::Finding& from = self.findings()[index];
    const guardrail::Rule& rule = self.rules().rule(from.rule);
    gw_finding out{};
    out.rule = as_str(rule.id);
    out.title = as_str(rule.title);
    out.category = as_str(rule.category);
    out.severity = severity_of(from.severity);
    out.action = static_cast<gw_action>(from.action);
    out.confidence = from.confidence;
    out.begin = from.begin;
    out.end = from.end;
    out.evidence = as_str(from.excerpt);
    out.view = as_str(guardrail::name_of(from.view));
    out.redacted = from.redacted;
    out.proven = from.proven;
    return gw::api::fill_sized(out, finding);
}

gw_status gw_inspector_verdict(const gw_inspector* inspector, gw_buf* out) {
    if (inspector == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        gw::Buffer text(inspector->scanner->pool.get());
        guardrail::write_verdict(text, *inspector->inspector);
        *out = text.take();
        return GW_OK;
    });
}

}  // extern "C"
