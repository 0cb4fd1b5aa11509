// A gateway whose host has a second opinion, and what is asked of it.
#pragma once

#include "core/buffer.h"
#include "support/world.h"

namespace gw::test::opinion {

inline constexpr std::string_view rules = R"({
  gateway: { auth: { mode: "token", token: "t" } },
  guardrail: { enabled: true, mode: "MODE", rate_limit: { requests_per_second: 0 },
               test_upstreams: [{ address: "127.0.0.1:9", provider: "openai" }, { address: "127.0.0.1:10", provider: "gemini" }] },
})";
inline constexpr std::string_view asks =
    R"({"model":"m","messages":[{"role":"user","content":"My CUIL is 20-92471509-0."}]})";
inline constexpr std::string_view goes_on =
    R"({"model":"m","messages":[{"role":"user","content":"My CUIL is [REDACTED:PII-AR-CUIT]."}]})";

inline std::string config_of(std::string_view mode) {
    std::string text(rules);
    return text.replace(text.find("MODE"), 4, mode);
}

inline World made(std::string_view mode = "action", const gw_limits* limits = nullptr) {
    return World(config_of(mode), nullptr, limits, nullptr, (GW_SERVICE_ALL & ~GW_SERVICE_LISTEN) | GW_SERVICE_OPINION);
}

// One for many conversations: compiling the rules is what takes time. Nothing is left of the one before.
inline World& shared_world() {
    static World world = made();
    for (const auto& upstream : world.upstreams) {
        if (upstream->conn != nullptr) world.drop(*upstream);
    }
    world.pump();
    world.opinion_questions.clear();
    world.cancelled_asks.clear();
    world.records.clear();
    return world;
}

inline std::string request(std::string_view body = asks) {
    return post("/v1/chat/completions", body,
                "X-DC-Auth: Bearer t\r\nX-DC-Target-URL: http://127.0.0.1:9\r\nX-Conversation-Id: c1\r\n");
}

inline gw_status answer(World& world, gw_ask_id ask, gw_status status, std::string_view reason = {}) {
    gw_answer given{};
    given.size = sizeof given;
    given.status = status;
    given.reason = as_str(reason);
    const gw_status done = gw_ask_answer(world.gateway(), ask, &given);
    world.pump();
    return done;
}

}  // namespace gw::test::opinion
