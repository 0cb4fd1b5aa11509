#include "core/memory.h"

#include <cassert>
#include <cstdint>
#include <cstdlib>

namespace gw {

namespace {

void* default_alloc(void* /*user*/, std::size_t size) { return std::malloc(size); }
void default_free(void* /*user*/, void* memory, std::size_t /*size*/) { std::free(memory); }

}  // namespace

Allocator Allocator::from(const gw_host* host) noexcept {
    if (host != nullptr && host->alloc != nullptr) return {host->user, host->alloc, host->free};
    return {nullptr, default_alloc, default_free};
}

void* Allocator::allocate(std::size_t size) const {
    void* memory = alloc(user, size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void* HostMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
    if (alignment <= 16) {
        void* memory = allocator_.allocate(bytes);
        bytes_out_ += bytes;
        return memory;
    }
    // The original pointer is kept right before the aligned bytes.
    void* raw = allocator_.allocate(bytes + alignment + sizeof(void*));
    bytes_out_ += bytes;
    auto address = reinterpret_cast<std::uintptr_t>(raw) + sizeof(void*);
    address = (address + alignment - 1) / alignment * alignment;
    reinterpret_cast<void**>(address)[-1] = raw;
    return reinterpret_cast<void*>(address);
}

void HostMemory::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) {
    bytes_out_ -= bytes;
    if (alignment <= 16) {
        allocator_.deallocate(memory, bytes == 0 ? 1 : bytes);
        return;
    }
    allocator_.deallocate(static_cast<void**>(memory)[-1], bytes + alignment + sizeof(void*));
}

bool HostMemory::do_is_equal(const std::pmr::memory_resource& other) const noexcept { return this == &other; }

BlockPool* BlockPool::make(Allocator allocator) {
    return new (allocator.allocate(sizeof(BlockPool))) BlockPool(allocator);
}

void BlockPool::release() noexcept {
    trim();
    unref();
}

void BlockPool::unref() noexcept {
    assert(references_ > 0);
    if (--references_ > 0) return;
    trim();
    const Allocator allocator = allocator_;
    this->~BlockPool();
    allocator.deallocate(this, sizeof(BlockPool));
}

Block* BlockPool::get(std::size_t size) {
    std::size_t capacity = size;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (size > sizes[i]) continue;
        capacity = sizes[i];
        if (Block* block = kept_[i]; block != nullptr) {
            kept_[i] = reinterpret_cast<Free*>(block->bytes())->next;
            bytes_kept_ -= capacity;
            bytes_out_ += capacity;
            ++references_;
            return block;
        }
        break;
    }
    if (capacity > SIZE_MAX - sizeof(Block)) throw std::bad_alloc();
    auto* block = new (allocator_.allocate(sizeof(Block) + capacity)) Block{this, capacity};
    bytes_out_ += capacity;
    ++references_;
    return block;
}

void BlockPool::put(Block* block) noexcept {
    BlockPool* pool = block->pool;
    pool->bytes_out_ -= block->capacity;
    bool kept = false;
    if (pool->references_ > 1 && pool->bytes_kept_ + block->capacity <= bytes_kept_max) {
        for (std::size_t i = 0; i < sizes.size() && !kept; ++i) {
            if (block->capacity != sizes[i]) continue;
            new (block->bytes()) Free{pool->kept_[i]};
            pool->kept_[i] = block;
            pool->bytes_kept_ += block->capacity;
            kept = true;
        }
    }
    if (!kept) pool->allocator_.deallocate(block, sizeof(Block) + block->capacity);
    pool->unref();
}

void BlockPool::trim() noexcept {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        while (kept_[i] != nullptr) {
            Block* block = kept_[i];
            kept_[i] = reinterpret_cast<Free*>(block->bytes())->next;
            bytes_kept_ -= block->capacity;
            allocator_.deallocate(block, sizeof(Block) + block->capacity);
        }
    }
}

}  // namespace gw
