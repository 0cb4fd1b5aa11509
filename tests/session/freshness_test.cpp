// When a conversation is stale.
#include "session/freshness.h"

#include "core/calendar.h"
#include "json/json.h"
#include "support/test.h"

namespace gw::session {

namespace {

Entry entry_of(std::string_view text) {
    json::Document document(std::pmr::get_default_resource());
    REQUIRE(document.parse(text));
    Entry entry;
    entry.read(document.root());
    return entry;
}
std::uint64_t at(std::string_view text) { return *parse_timestamp(text); }
std::string started(std::string_view time, std::string_view more = {}) {
    return R"({"sessionId":"s","updatedAt":1,"sessionStartedAt":)" + std::to_string(at(time)) + std::string(more) + "}";
}
std::string said(std::string_view time, std::string_view field = "lastInteractionAt") {
    return started("2026-03-01T00:00:00Z", R"(,")" + std::string(field) + "\":" + std::to_string(at(time)));
}

constexpr ResetPolicy daily{};
constexpr ResetPolicy at_midnight{true, 0, 0};
constexpr ResetPolicy late{true, 23, 0};
constexpr ResetPolicy idle{false, 4, 3600000};
constexpr ResetPolicy both{true, 4, 3600000};
constexpr ResetPolicy never{false, 4, 0};

}  // namespace

TEST_CASE("freshness: by the hour of the day and by silence") {
    struct Case {
        std::string_view name;
        std::string entry;
        ResetPolicy policy;
        std::string_view now;
        int offset_minutes;
        bool stale;
    };
    const Case cases[] = {
        {"the same night", started("2026-03-01T22:00:00Z"), daily, "2026-03-02T03:59:59Z", 0, false},
        {"four o'clock", started("2026-03-01T22:00:00Z"), daily, "2026-03-02T04:00:00Z", 0, true},
        {"begun at four", started("2026-03-02T04:00:00Z"), daily, "2026-03-03T03:59:59Z", 0, false},
        {"begun right before", started("2026-03-02T03:59:59.999Z"), daily, "2026-03-02T04:00:00Z", 0, true},
        {"weeks later", started("2026-03-01T22:00:00Z"), daily, "2026-04-01T00:00:00Z", 0, true},
        {"clocks two hours ahead", started("2026-03-01T22:00:00Z"), daily, "2026-03-02T02:00:00Z", 120, true},
        {"not yet, there", started("2026-03-01T22:00:00Z"), daily, "2026-03-02T01:59:59Z", 120, false},
        {"clocks behind", started("2026-03-01T22:00:00Z"), daily, "2026-03-02T11:59:59Z", -480, false},
        {"clocks behind, four there", started("2026-03-01T22:00:00Z"), daily, "2026-03-02T12:00:00Z", -480, true},
        {"half an hour zones", started("2026-03-01T20:00:00Z"), daily, "2026-03-01T22:30:00Z", 330, true},
        {"midnight", started("2026-03-01T23:59:59Z"), at_midnight, "2026-03-02T00:00:00Z", 0, true},
        {"eleven at night", started("2026-03-01T23:30:00Z"), late, "2026-03-02T22:59:59Z", 0, false},
        {"eleven at night, passed", started("2026-03-01T23:30:00Z"), late, "2026-03-02T23:00:00Z", 0, true},
        {"an hour of silence", said("2026-03-01T10:00:00Z"), idle, "2026-03-01T11:00:00Z", 0, false},
        {"more", said("2026-03-01T10:00:00Z"), idle, "2026-03-01T11:00:00.001Z", 0, true},
        {"the answer came later", said("2026-03-01T10:00:00Z", "endedAt"), idle, "2026-03-01T10:59:00Z", 0, false},
        {"silence by day", said("2026-03-01T10:00:00Z"), both, "2026-03-01T11:30:00Z", 0, true},
        {"talk over four", said("2026-03-02T03:59:00Z"), both, "2026-03-02T04:01:00Z", 0, true},
        {"never", said("2026-03-01T10:00:00Z"), never, "2027-03-01T10:00:00Z", 0, false},
        {"a clock that was set back", started("2026-03-05T10:00:00Z"), daily, "2026-03-02T10:00:00Z", 0, false},
        {"of another program", R"({"sessionId":"s","updatedAt":1})", daily, "2026-03-02T04:00:00Z", 0, true},
        {"nothing was begun", R"({"updatedAt":1,"label":"x"})", both, "2026-03-02T04:00:00Z", 0, false},
        {"times that are none", R"({"sessionId":"s","updatedAt":1,"sessionStartedAt":"x","lastInteractionAt":-5})",
         both, "2026-03-02T04:00:00Z", 0, true},
        {"talk in the future", said("2026-03-05T10:00:00Z"), idle, "2026-03-02T10:00:00Z", 0, false},
        {"soon after 1970", R"({"sessionId":"s","updatedAt":0})", daily, "1970-01-01T00:00:01Z", -600, false},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        CHECK(is_stale(entry_of(one.entry), one.policy, at(one.now), one.offset_minutes) == one.stale);
    }
}

TEST_CASE("freshness: what kind a conversation is") {
    struct Case {
        std::string_view key, entry;
        ResetType want;
    };
    const Case cases[] = {
        {"agent:main:main", "{}", ResetType::direct},
        {"agent:main:telegram:group:42", "{}", ResetType::group},
        {"agent:main:discord:channel:42", "{}", ResetType::group},
        {"agent:main:discord:channel:42:thread:7", "{}", ResetType::thread},
        {"agent:main:telegram:group:42:topic:7", "{}", ResetType::thread},
        {"agent:main:x", R"({"chatType":"group"})", ResetType::group},
        {"agent:main:x", R"({"chatType":7})", ResetType::direct},
        {"global", "{}", ResetType::direct},
    };
    for (const Case& one : cases) {
        INFO(one.key);
        CHECK(reset_type_of(one.key, entry_of(one.entry)) == one.want);
    }
}

}  // namespace gw::session
