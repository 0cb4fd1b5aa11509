#include "core/buffer.h"

#include <algorithm>

namespace gw {

void Buffer::grow(std::size_t size) {
    const std::size_t used = this->size();
    if (block_ != nullptr && block_->capacity - used >= size && begin_ >= used) {
        // Enough room once the consumed front is reused; moving costs no more than what was consumed before.
        std::memcpy(block_->bytes(), block_->bytes() + begin_, used);
        begin_ = 0;
        end_ = used;
        return;
    }
    if (size > SIZE_MAX / 2 - used) throw std::bad_alloc();
    move_to(std::max(used + size, capacity() * 2));
}

void Buffer::move_to(std::size_t room) {
    const std::size_t used = size();
    Block* bigger = pool_->get(std::max(used, room));
    if (used > 0) std::memcpy(bigger->bytes(), block_->bytes() + begin_, used);
    if (block_ != nullptr) BlockPool::put(block_);
    block_ = bigger;
    begin_ = 0;
    end_ = used;
}

}  // namespace gw
