#include "exchange/file_watch.h"

#include <algorithm>

#include "core/buffer.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

// "." where the path says none.
std::string_view directory_of(std::string_view path) noexcept {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

}  // namespace

FileWatch::FileWatch(Gateway& gateway, FileWatchOwner& owner, std::string_view file)
    : gateway_(gateway),
      owner_(owner),
      file_(file, gateway.memory()),
      stamp_(store::read_file_stamp(file_.c_str())),
      look_timer_(
          gateway.timers(), [](void* self) { static_cast<FileWatch*>(self)->look(); }, this),
      ask_(gateway, *this) {
    Question question;
    question.type = GW_EVENT_WATCH;
    question.host = file_;
    question.data = directory_of(file_);
    if (ask_.put(question) != GW_OK) look_timer_.arm(gateway.now() + look_ms);
}

void FileWatch::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    const bool is_lent = gateway_.host().read_file != nullptr;
    if (answer.status != GW_OK) {
        if (is_lent)
            gateway_.log().warn({"changes of ", file_, " are not seen: ", as_text(answer.reason)});
        else
            look_timer_.arm(gateway_.now() + look_ms);
    } else if (is_lent) {
        owner_.on_file_changed(*this);
    } else {
        look();
    }
}

void FileWatch::look() {
    if (!ask_.open()) look_timer_.arm(gateway_.now() + look_ms);
    const store::FileStamp before = std::exchange(stamp_, store::read_file_stamp(file_.c_str()));
    if (stamp_.may_differ(before)) owner_.on_file_changed(*this);
}

}  // namespace gw::exchange
