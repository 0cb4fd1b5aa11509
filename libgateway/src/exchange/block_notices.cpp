#include "exchange/block_notices.h"

namespace gw::exchange {

void BlockNotices::add(std::string_view session, bool prompt, std::string_view reason, std::uint64_t now_ms) {
    if (session.empty()) return;
    std::pmr::memory_resource* memory = notices_.get_allocator().resource();
    std::pmr::string text("[DEFENSECLAW SECURITY ENFORCEMENT] ", memory);
    text += prompt ? "A request of this conversation was blocked by the guardrail ("
                   : "Your last response in this conversation was blocked by the guardrail (";
    text += reason;
    text += "). Tell the user that it was blocked and why. Do not try to reach the same result in another way.";
    if (notices_.size() >= notices_max) notices_.pop_front();
    notices_.emplace_back(session, text, now_ms + lifetime_ms, memory);
}

std::pmr::string BlockNotices::text_for(std::string_view session, std::uint64_t now_ms,
                                        std::pmr::memory_resource* memory) {
    std::erase_if(notices_, [now_ms](const Notice& notice) { return notice.until_ms <= now_ms; });
    std::pmr::string text(memory);
    if (session.empty()) return text;
    for (auto notice = notices_.begin(); notice != notices_.end();) {
        if (std::string_view(notice->session) != session) {
            ++notice;
            continue;
        }
        if (!text.empty()) text += '\n';
        text += notice->text;
        notice = notices_.erase(notice);  // told once
    }
    return text;
}

}  // namespace gw::exchange
