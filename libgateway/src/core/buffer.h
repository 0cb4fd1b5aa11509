// Buffer: bytes that are written at the end and taken from the front. Every codec writes into one, and what the host
// takes with gw_conn_take_output() is one.
//
//     append(...), prepare()/commit()  ->  [ consumed | bytes | free ]  ->  view(), consume(n), take()
//
// An empty Buffer owns no memory, so that ten thousand idle connections cost nothing here.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "core/memory.h"

namespace gw {

class Buffer {
public:
    explicit Buffer(BlockPool* pool) noexcept : pool_(pool) {}
    ~Buffer() { clear(); }
    Buffer(Buffer&& other) noexcept
        : pool_(other.pool_),
          block_(std::exchange(other.block_, nullptr)),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        if (this != &other) {
            clear();
            pool_ = other.pool_;
            block_ = std::exchange(other.block_, nullptr);
            begin_ = std::exchange(other.begin_, 0);
            end_ = std::exchange(other.end_, 0);
        }
        return *this;
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] BlockPool* pool() const noexcept { return pool_; }

    // The bytes inside, valid until the next call that is not const.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return block_ == nullptr ? std::span<const std::byte>{} : std::span{block_->bytes() + begin_, size()};
    }
    [[nodiscard]] std::string_view text() const noexcept {
        return block_ == nullptr ? std::string_view{}
                                 : std::string_view{reinterpret_cast<const char*>(block_->bytes()) + begin_, size()};
    }
    // The same for writing in place (unmasking, decrypting, JSON padding).
    [[nodiscard]] std::span<std::byte> mutable_bytes() noexcept {
        return block_ == nullptr ? std::span<std::byte>{} : std::span{block_->bytes() + begin_, size()};
    }

    // Room for at least `size` more bytes; commit() says how many of them were written. Throws std::bad_alloc.
    [[nodiscard]] std::span<std::byte> prepare(std::size_t size) {
        if (block_ == nullptr || block_->capacity - end_ < size) grow(size);
        return {block_->bytes() + end_, block_->capacity - end_};
    }
    void commit(std::size_t size) noexcept { end_ += size; }
    // Room for `size` bytes in all and no more, for who knows how many there will be: growing doubles.
    void reserve(std::size_t size) {
        if (size > capacity()) move_to(size);
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return block_ == nullptr ? 0 : block_->capacity; }

    void append(std::string_view text) {
        if (text.empty()) return;
        std::memcpy(prepare(text.size()).data(), text.data(), text.size());
        commit(text.size());
    }
    void append(std::span<const std::byte> data) {
        append(std::string_view{reinterpret_cast<const char*>(data.data()), data.size()});
    }
    void append(char c) {
        prepare(1).front() = static_cast<std::byte>(c);
        commit(1);
    }

    // Drops bytes at the front; the memory goes back when nothing is left.
    void consume(std::size_t size) noexcept {
        begin_ += size;
        if (begin_ == end_) clear();
    }
    // Drops bytes at the end, down to `size`: undoes what was appended since size() was that.
    void truncate(std::size_t size) noexcept {
        end_ = begin_ + size;
        if (begin_ == end_) clear();
    }
    void clear() noexcept {
        if (block_ != nullptr) BlockPool::put(std::exchange(block_, nullptr));
        begin_ = end_ = 0;
    }

    // Hands the bytes over to the host, who gives them back with gw_buf_free(). An empty Buffer gives a zeroed gw_buf.
    [[nodiscard]] gw_buf take() noexcept {
        if (empty()) return {nullptr, 0, nullptr};
        gw_buf out{block_->bytes() + begin_, size(), block_};
        block_ = nullptr;
        begin_ = end_ = 0;
        return out;
    }

private:
    void grow(std::size_t size);
    void move_to(std::size_t room);

    BlockPool* pool_;
    Block* block_ = nullptr;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline std::string_view as_text(gw_str text) noexcept {
    return text.len == 0 ? std::string_view{} : std::string_view{text.data, text.len};
}
[[nodiscard]] inline gw_str as_str(std::string_view text) noexcept { return {text.data(), text.size()}; }

}  // namespace gw
