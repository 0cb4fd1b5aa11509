#include "method/waker.h"

#include <algorithm>
#include <new>

#include "method/core.h"

namespace gw::method {

Waker::Waker(Core& core)
    : core_(core),
      sessions_(core.gate.memory()),
      timer_(
          core.gate.timers(), [](void* self) { static_cast<Waker*>(self)->on_time(); }, this) {
    core.system_events.set_wake([](void* self, std::string_view session,
                                   std::string_view /*reason*/) { static_cast<Waker*>(self)->wake(session); },
                                this);
}

void Waker::wake(std::string_view session) {
    if (sessions_.size() >= sessions_max) return;
    if (std::find(sessions_.begin(), sessions_.end(), session) != sessions_.end()) return;
    sessions_.emplace_back(session);
    if (!timer_.armed()) timer_.arm(core_.gate.now() + soon_ms);
}

void Waker::on_time() noexcept {
    try {
        // A run that ends at once may wake the next one.
        std::pmr::vector<std::pmr::string> due(core_.gate.memory());
        due.swap(sessions_);
        for (const std::pmr::string& session : due) {
            if (core_.system_events.count(session) == 0) continue;
            core_.chats.is_active(session) ? wake(session) : start(session);
        }
        if (!sessions_.empty()) timer_.arm(core_.gate.now() + again_ms);
    } catch (const std::bad_alloc&) {  // they are told with the next prompt
    }
}

void Waker::start(std::string_view session) {
    if (core_.find_agent(core_.agent_of(session)) == nullptr) return;
    const auto id = crypto::random_uuid(core_.gate.random());
    if (!id) return;
    std::pmr::string text(core_.gate.memory());
    core_.system_events.append_prompt(session, text);
    while (text.ends_with('\n')) text.pop_back();
    RunSpec spec;
    spec.family = "wake";
    spec.run_id = {id->data(), id->size()};
    spec.session_key = session;
    spec.text = text;
    std::pmr::string why(core_.gate.memory());
    if (core_.chats.start(spec, why) == Chats::Started::refused) {
        core_.gate.log().warn({"nobody was woken in ", session, ": ", why});
        return;
    }
    core_.system_events.forget(session);
    core_.chats.proceed(spec.run_id);
}

}  // namespace gw::method
