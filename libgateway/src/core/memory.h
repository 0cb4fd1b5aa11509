// Where our memory comes from: the host's allocator behind std::pmr, and a pool of blocks that buffers are made of.
//
//     gw_host.alloc  ->  HostMemory (std::pmr)  ->  containers
//                    ->  BlockPool              ->  Buffer  ->  gw_buf (owned by the host until gw_buf_free)
//
// A refusing allocator is std::bad_alloc inside and GW_ERR_NO_MEMORY outside (api/guard.h).
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <new>

#include "gateway/base.h"

namespace gw {

// The allocator pair of a gw_host, with the defaults filled in. Copied freely; it has no state of its own.
struct Allocator {
    void* user = nullptr;
    void* (*alloc)(void*, std::size_t) = nullptr;
    void (*free)(void*, void*, std::size_t) = nullptr;

    static Allocator from(const gw_host* host) noexcept;

    [[nodiscard]] void* allocate(std::size_t size) const;  // throws std::bad_alloc
    void deallocate(void* memory, std::size_t size) const noexcept { free(user, memory, size); }
};

// std::pmr over the host's allocator. Alignment above 16 bytes is served by over-allocating.
class HostMemory final : public std::pmr::memory_resource {
public:
    explicit HostMemory(Allocator allocator) noexcept : allocator_(allocator) {}
    [[nodiscard]] const Allocator& allocator() const noexcept { return allocator_; }
    [[nodiscard]] std::size_t bytes_out() const noexcept { return bytes_out_; }  // in use now

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override;
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;

    Allocator allocator_;
    std::size_t bytes_out_ = 0;
};

class BlockPool;

// The header in front of a block's bytes. 16-byte aligned, so that the bytes are too.
struct alignas(16) Block {
    BlockPool* pool;
    std::size_t capacity;  // bytes behind the header

    [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

// Recycles blocks of a few sizes, so that a stream in steady state allocates nothing. Reference counted: blocks may
// outlive the object that made the pool. Not thread-safe, as nothing of one gateway is.
class BlockPool {
public:
    // The pool frees itself when release() was called and the last block is back.
    static BlockPool* make(Allocator allocator);  // throws std::bad_alloc
    void release() noexcept;

    // A block of at least `size` bytes. Throws std::bad_alloc.
    [[nodiscard]] Block* get(std::size_t size);
    static void put(Block* block) noexcept;  // back to its pool

    // Frees the blocks that are kept for reuse.
    void trim() noexcept;

    [[nodiscard]] std::size_t bytes_out() const noexcept { return bytes_out_; }    // in use, capacity
    [[nodiscard]] std::size_t bytes_kept() const noexcept { return bytes_kept_; }  // waiting for reuse

    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;

private:
    explicit BlockPool(Allocator allocator) noexcept : allocator_(allocator) {}
    ~BlockPool() = default;
    void unref() noexcept;

    struct Free {  // lies in the unused bytes of a kept block
        Block* next;
    };
    static constexpr std::array<std::size_t, 4> sizes{1024 - sizeof(Block), 4096 - sizeof(Block), 16384 - sizeof(Block),
                                                      65536 - sizeof(Block)};
    static constexpr std::size_t bytes_kept_max = 1U << 20U;

    Allocator allocator_;
    std::array<Block*, sizes.size()> kept_{};
    std::size_t bytes_kept_ = 0;
    std::size_t bytes_out_ = 0;
    std::size_t references_ = 1;
};

// Owns a BlockPool reference for as long as it lives.
class BlockPoolOwner {
public:
    explicit BlockPoolOwner(Allocator allocator) : pool_(BlockPool::make(allocator)) {}
    ~BlockPoolOwner() { pool_->release(); }
    BlockPoolOwner(const BlockPoolOwner&) = delete;
    BlockPoolOwner& operator=(const BlockPoolOwner&) = delete;
    [[nodiscard]] BlockPool* get() const noexcept { return pool_; }

private:
    BlockPool* pool_;
};

}  // namespace gw
