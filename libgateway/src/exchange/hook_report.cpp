#include "exchange/hook_report.h"

#include "core/text.h"
#include "exchange/gateway.h"

namespace gw::exchange {

std::pmr::string as_one_line(std::string_view text, std::pmr::memory_resource* memory) {
    std::pmr::string out(text, memory);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    return out;
}

HookReport::HookReport(Gateway& gateway, std::string_view name, std::string_view session, bool wakes)
    : gateway_(gateway),
      name_(name, gateway.memory()),
      session_(session, gateway.memory()),
      text_(gateway.memory()),
      wakes_(wakes) {}

void HookReport::on_text(std::string_view text) {
    if (text_.size() < summary_bytes_max) text_ += cut_utf8(text, summary_bytes_max - text_.size());
}

void HookReport::on_end(message::StopReason /*reason*/, const message::TokenUsage& /*usage*/, bool /*blocked*/) {
    tell(": ", text_.empty() ? std::string_view("it is done.") : std::string_view(text_));
}

void HookReport::on_failed(const method::TurnFailure& failure) { tell(" (error): ", failure.message); }

void HookReport::tell(std::string_view what, std::string_view text) {
    ended_ = true;
    std::pmr::string line("Hook ", gateway_.memory());
    ((line += name_) += what) += text;
    method::SystemEvents& events = gateway_.hub().core().system_events;
    events.push(session_, as_one_line(line, gateway_.memory()));
    if (wakes_) events.wake(session_, "hook");
}

}  // namespace gw::exchange
