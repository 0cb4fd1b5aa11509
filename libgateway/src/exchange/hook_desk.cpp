#include "exchange/hook_desk.h"

#include <algorithm>

namespace gw::exchange {

HookDesk::HookDesk(std::pmr::memory_resource* memory)
    : failures_({.attempts_max = failures_max,
                 .window_ms = failure_window_ms,
                 .lockout_ms = failure_window_ms,
                 .exempt_loopback = false,
                 .entries_max = 1024},
                memory),
      runs_(memory),
      messages_(memory),
      reports_(memory) {}

HookReport* HookDesk::add_report(Gateway& gateway, std::string_view name, std::string_view session, bool wakes) {
    reports_.remove_if([](const HookReport& report) { return report.ended(); });
    if (reports_.size() >= kept_max) return nullptr;
    return &reports_.emplace_back(gateway, name, session, wakes);
}

const HookDesk::Kept* HookDesk::find(List& list, const crypto::Digest& key, Milliseconds now) noexcept {
    while (!list.empty() && list.front().until <= now) list.pop_front();
    const auto found = std::find_if(list.begin(), list.end(), [&](const Kept& it) { return it.key == key; });
    return found == list.end() ? nullptr : &*found;
}

void HookDesk::keep(List& list, const Kept& kept) {
    list.push_back(kept);
    if (list.size() > kept_max) list.pop_front();
}

const crypto::Uuid* HookDesk::find_run(const crypto::Digest& key, Milliseconds now) {
    const Kept* const found = find(runs_, key, now);
    return found == nullptr ? nullptr : &found->run;
}

void HookDesk::keep_run(const crypto::Digest& key, const crypto::Uuid& run, Milliseconds now) {
    keep(runs_, {key, run, now + kept_ms});
}

bool HookDesk::take_message(const crypto::Digest& message, Milliseconds now) {
    if (find(messages_, message, now) != nullptr) return false;
    keep(messages_, {message, {}, now + kept_ms});
    return true;
}

}  // namespace gw::exchange
