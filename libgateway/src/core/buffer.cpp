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
    const std::size_t doubled = block_ == nullptr ? 0 : block_->capacity * 2;
    Block* bigger = pool_->get(std::max(used + size, doubled));
    if (used > 0) std::memcpy(bigger->bytes(), block_->bytes() + begin_, used);
    if (block_ != nullptr) BlockPool::put(block_);
    block_ = bigger;
    begin_ = 0;
    end_ = used;
}

}  // namespace gw
