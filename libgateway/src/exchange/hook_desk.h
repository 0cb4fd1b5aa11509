// HookDesk: what hooks remember: who guessed at the token, which messages came already, and which runs they began.
//
//     20 failures of one address in 60 s ─► locked, for 60 s
//     an idempotency key                 ─► the run that it began, for 5 minutes
//     a signed message                   ─► that it was here, for 5 minutes
#pragma once

#include <cstdint>
#include <list>
#include <memory_resource>
#include <optional>
#include <string_view>

#include "auth/failure_limiter.h"
#include "core/timers.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "exchange/hook_report.h"

namespace gw::exchange {

class HookDesk {
public:
    static constexpr std::uint32_t failures_max = 20;
    static constexpr Milliseconds failure_window_ms = 60000;
    static constexpr Milliseconds kept_ms = 300000;
    static constexpr std::size_t kept_max = 4096;

    explicit HookDesk(std::pmr::memory_resource* memory);

    // Its own, which exempts nobody: a hook's token is shown by programs, also by those of this machine.
    [[nodiscard]] auth::FailureLimiter& failures() noexcept { return failures_; }

    // The run that a key began; null: none, or too long ago.
    [[nodiscard]] const crypto::Uuid* find_run(const crypto::Digest& key, Milliseconds now);
    void keep_run(const crypto::Digest& key, const crypto::Uuid& run, Milliseconds now);
    // Whether a signed message is new; it is not, from then on.
    [[nodiscard]] bool take_message(const crypto::Digest& message, Milliseconds now);
    // Who waits for the end of a run; null: too many are waited for.
    [[nodiscard]] HookReport* add_report(Gateway& gateway, std::string_view name, std::string_view session, bool wakes);
    void drop_last_report() noexcept {
        if (!reports_.empty()) reports_.pop_back();
    }

private:
    struct Kept {
        crypto::Digest key;
        crypto::Uuid run;
        Milliseconds until = 0;
    };
    using List = std::pmr::list<Kept>;  // oldest first
    static const Kept* find(List& list, const crypto::Digest& key, Milliseconds now) noexcept;
    static void keep(List& list, const Kept& kept);

    auth::FailureLimiter failures_;
    List runs_, messages_;
    std::pmr::list<HookReport> reports_;
};

}  // namespace gw::exchange
