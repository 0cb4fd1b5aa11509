#include "method/system_events.h"

#include <algorithm>
#include <chrono>

#include "core/text.h"
#include "method/gate.h"

namespace gw::method {

namespace {

// "2026-01-01 08:05:09 UTC".
void append_utc(std::pmr::string& out, std::uint64_t unix_ms) {
    using namespace std::chrono;
    const auto at = sys_seconds(seconds(static_cast<std::int64_t>(unix_ms / 1000)));
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    const auto digits = [&out](long long number, std::size_t width, char behind) {
        char text[20];
        const char* end = std::to_chars(text, text + sizeof text, number).ptr;
        const auto size = static_cast<std::size_t>(end - text);
        if (size < width) out.append(width - size, '0');
        out.append(text, size) += behind;
    };
    digits(static_cast<int>(date.year()), 4, '-');
    digits(static_cast<unsigned>(date.month()), 2, '-');
    digits(static_cast<unsigned>(date.day()), 2, ' ');
    digits(time.hours().count(), 2, ':');
    digits(time.minutes().count(), 2, ':');
    digits(time.seconds().count(), 2, ' ');
    out += "UTC";
}

}  // namespace

SystemEvents::SystemEvents(Gate& gate) : gate_(gate), queues_(gate.memory()) {}

const SystemEvents::Queue* SystemEvents::find(std::string_view session) const noexcept {
    const auto found = std::find_if(queues_.begin(), queues_.end(),
                                    [session](const Queue& queue) { return queue.session == session; });
    return found != queues_.end() ? &*found : nullptr;
}

std::size_t SystemEvents::count(std::string_view session) const noexcept {
    const Queue* queue = find(session);
    return queue != nullptr ? queue->entries.size() : 0;
}

bool SystemEvents::push(std::string_view session, std::string_view text) {
    text = trim(cut_utf8(text, text_bytes_max));
    if (text.empty() || session.empty()) return false;
    auto at = std::find_if(queues_.begin(), queues_.end(),
                           [session](const Queue& queue) { return queue.session == session; });
    if (at == queues_.end()) {
        if (queues_.size() >= sessions_max) queues_.pop_back();
        queues_.emplace_front(session, gate_.memory());
    } else {
        queues_.splice(queues_.begin(), queues_, at);
    }
    auto& entries = queues_.front().entries;
    if (!entries.empty() && entries.back().text == text) return false;
    if (entries.size() >= events_max) entries.erase(entries.begin());
    entries.emplace_back(text, gate_.unix_ms(), gate_.memory());
    return true;
}

void SystemEvents::push_and_wake(std::string_view session, std::string_view text, std::string_view reason) {
    push(session, text);
    wake(session, reason);
}

void SystemEvents::append_prompt(std::string_view session, std::pmr::string& out) const {
    const Queue* const queue = find(session);
    if (queue == nullptr) return;
    for (const Entry& entry : queue->entries) {
        out += "System: [";
        append_utc(out, entry.at_ms);
        (out += "] ") += entry.text;
        out += '\n';
    }
}

void SystemEvents::take_prompt(std::string_view session, std::pmr::string& out) {
    append_prompt(session, out);
    forget(session);
}

void SystemEvents::forget(std::string_view session) noexcept {
    queues_.remove_if([session](const Queue& queue) { return queue.session == session; });
}

}  // namespace gw::method
