#include <algorithm>
#include <cstring>

#include "sse/sse.h"

namespace gw::sse {

const char* LineEnds::find(const char* at, const char* end) noexcept {
    if (at == end || *at == '\n' || *at == '\r') return at;
    if (line_feed_ == nullptr || line_feed_ < at) {
        const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
        line_feed_ = found == nullptr ? end : static_cast<const char*>(found);
    }
    // Never past the LF, so every byte is searched once for either.
    const void* found = std::memchr(at, '\r', static_cast<std::size_t>(line_feed_ - at));
    return found == nullptr ? line_feed_ : static_cast<const char*>(found);
}

bool EventEnd::line_is_data() const noexcept {
    return start_size_ >= 4 && std::memcmp(start_.data(), "data", 4) == 0 && (start_size_ == 4 || start_[4] == ':');
}

std::size_t EventEnd::find(std::string_view piece, LineEnds& lines) noexcept {
    const char* at = piece.data();
    const char* const end = at + piece.size();
    while (at != end) {
        if (after_cr_) {
            after_cr_ = false;
            if (*at == '\n') {
                ++at;
                continue;
            }
        }
        const char* const line_end = lines.find(at, end);
        const std::size_t take = std::min(start_.size() - start_size_, static_cast<std::size_t>(line_end - at));
        std::copy_n(at, take, start_.data() + start_size_);
        start_size_ = static_cast<std::uint8_t>(start_size_ + take);
        if (line_end == end) break;

        const bool blank = start_size_ == 0;
        has_data_ = has_data_ || line_is_data();
        start_size_ = 0;
        at = line_end + 1;
        if (*line_end == '\r') {
            after_cr_ = at == end;
            if (!after_cr_ && *at == '\n') ++at;
        }
        if (blank && has_data_) return static_cast<std::size_t>(at - piece.data());
    }
    return std::string_view::npos;
}

}  // namespace gw::sse
