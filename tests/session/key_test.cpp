#include "session/key.h"

#include <algorithm>

#include "support/test.h"

namespace gw::session {

namespace {

std::pmr::memory_resource* memory() { return std::pmr::new_delete_resource(); }

}  // namespace

TEST_CASE("session keys: whatever is asked for has one canonical form") {
    const KeyRules plain;
    const KeyRules renamed{"ops", "Desk", false};
    const KeyRules global{"main", "main", true};
    struct Case {
        std::string_view name, requested;
        const KeyRules& rules;
        std::string_view want;  // "": refused
    };
    const std::string longest(key_bytes_max, 'a');
    const std::string too_long(key_bytes_max + 1, 'a');
    const std::string long_key = "agent:main:" + longest;
    const Case cases[] = {
        {"the main conversation", "main", plain, "agent:main:main"},
        {"no name is the main one", "", plain, "agent:main:main"},
        {"spaces are no name", "  ", plain, "agent:main:main"},
        {"case does not matter", "MAIN", plain, "agent:main:main"},
        {"a name below the default agent", "Plan-B", plain, "agent:main:plan-b"},
        {"already canonical", "agent:main:main", plain, "agent:main:main"},
        {"another agent", "Agent:Ops:Cron:1", plain, "agent:ops:cron:1"},
        {"a configured main key", "main", renamed, "agent:ops:desk"},
        {"its own name", "desk", renamed, "agent:ops:desk"},
        {"main of another agent follows the configuration", "agent:x:main", renamed, "agent:x:desk"},
        {"everything is one conversation", "whatever", global, "global"},
        {"also with an agent", "agent:ops:x", global, "global"},
        {"global by name", "Global", plain, "global"},
        {"unknown by name", "unknown", plain, "unknown"},
        {"colons are allowed", "whatsapp:group:123", plain, "agent:main:whatsapp:group:123"},
        {"other scripts are text", "caf\xC3\xA9", plain, "agent:main:caf\xC3\xA9"},
        {"no agent id", "agent::x", plain, ""},
        {"no rest", "agent:main:", plain, ""},
        {"nothing behind agent", "agent:main", plain, ""},
        {"an agent id with a dot", "agent:a.b:x", plain, ""},
        {"path characters in an agent id", "agent:../x:y", plain, ""},
        {"a control character", "a\nb", plain, ""},
        {"a NUL", std::string_view("a\0b", 3), plain, ""},
        {"broken UTF-8", "a\xFF", plain, ""},
        {"the longest name", longest, plain, long_key},
        {"longer than that", too_long, plain, ""},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto key = canonical_key(c.requested, c.rules, memory());
        CHECK(std::string(key ? std::string_view(*key) : std::string_view()) == c.want);
        if (!key || key->size() > key_bytes_max) continue;
        const auto again = canonical_key(*key, c.rules, memory());
        REQUIRE(again);
        CHECK(*again == *key);
    }
}

TEST_CASE("session keys: kind and family") {
    const KeyRules rules;
    struct Case {
        std::string_view key, chat_type, kind, family;
    };
    const Case cases[] = {
        {"agent:main:main", "", "direct", "main"},
        {"agent:main:demo", "direct", "direct", "custom"},
        {"agent:main:whatsapp:group:1", "", "group", "channel"},
        {"agent:main:discord:channel:1:thread:2", "", "group", "channel"},
        {"agent:main:telegram:direct:7", "", "direct", "channel"},
        {"agent:main:x", "group", "group", "custom"},
        {"agent:main:cron:4f:run:9", "", "direct", "cron"},
        {"agent:main:hook:9", "", "direct", "hook"},
        {"agent:main:subagent:9", "", "direct", "subagent"},
        {"agent:main:openai-user:bob", "", "direct", "http"},
        {"agent:main:openresponses:9", "", "direct", "http"},
        {"agent:main:dashboard:9", "", "direct", "dashboard"},
        {"agent:main:node-abc", "", "direct", "node"},
        {"agent:main:cron", "", "direct", "custom"},
        {"global", "", "global", "global"},
        {"unknown", "", "unknown", "unknown"},
        {"no key", "", "direct", "unknown"},
    };
    for (const Case& c : cases) {
        INFO(c.key);
        CHECK(name_of(kind_of(c.key, c.chat_type)) == c.kind);
        CHECK(name_of(family_of(c.key, rules)) == c.family);
    }
    CHECK(is_background(family_of("agent:main:cron:1", rules)));
    CHECK_FALSE(is_background(family_of("agent:main:main", rules)));
    CHECK(is_main_key("agent:other:main", rules));
    CHECK_FALSE(is_main_key("global", rules));
}

TEST_CASE("session keys: agent ids and made keys") {
    struct Case {
        std::string_view name, id;
    };
    const Case cases[] = {{"Ops Team", "ops-team"}, {"", "main"},         {"--x", "x"},    {"a.b/c", "a-b-c"},
                          {"MAIN", "main"},         {"\xC3\xA9", "main"}, {"a_b-", "a_b"}, {"  z ", "z"}};
    for (const Case& c : cases) {
        CHECK(agent_id_from(c.name, memory()) == c.id);
        CHECK(is_agent_id(agent_id_from(c.name, memory())));
    }
    CHECK(is_agent_id(std::string(64, 'a')));
    CHECK_FALSE(is_agent_id(std::string(65, 'a')));
    CHECK(make_key("main", "openai-user", "Alice B", memory()) == "agent:main:openai-user:alice b");
    CHECK(make_key("main", "openai-user", "a\r\nb\xFF", memory()) == "agent:main:openai-user:a--b-");
    CHECK(make_key("main", "openai-user", "", memory()) == "agent:main:openai-user:-");
    CHECK(make_key("main", "openai-user", std::string(4000, 'x'), memory()).size() == key_bytes_max);
}

TEST_CASE("session keys: any bytes are a canonical key or refused") {
    test::Random random(7);
    const KeyRules rules;
    constexpr std::string_view letters = "agent:mainX-_ ./\\\x01\xC3\xA9\xFF\"";
    for (int i = 0; i < 20000; ++i) {
        std::string text = random.below(2) == 0 ? "agent:" : "";
        for (std::size_t n = random.below(14); n > 0; --n) text += letters[random.below(letters.size())];
        const auto key = canonical_key(text, rules, memory());
        if (!key) continue;
        const auto parts = parse_key(*key);
        REQUIRE(parts);
        CHECK((parts->agent.empty() || is_agent_id(parts->agent)));
        CHECK(std::none_of(key->begin(), key->end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
        const auto again = canonical_key(*key, rules, memory());
        REQUIRE(again);
        CHECK(*again == *key);
    }
}

}  // namespace gw::session
