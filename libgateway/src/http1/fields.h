// The text of one head or trailer and the list of its fields, in two blocks of the pool that go back together.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/buffer.h"
#include "http1/http1.h"

namespace gw::http1 {

class Fields {
public:
    explicit Fields(BlockPool* pool) noexcept : text_(pool), list_(pool) {}

    [[nodiscard]] Buffer& text() noexcept { return text_; }

    // Makes room for that many fields in all, so that add() need not allocate. Throws std::bad_alloc.
    void reserve(std::size_t count) {
        static_cast<void>(list_.prepare(count * sizeof(Header)));
        capacity_ = count;
    }
    // False when the room is used up.
    [[nodiscard]] bool add(std::string_view name) noexcept {
        if (count() == capacity_) return false;
        std::construct_at(reinterpret_cast<Header*>(list_.prepare(sizeof(Header)).data()), Header{name, {}});
        list_.commit(sizeof(Header));
        return true;
    }
    [[nodiscard]] std::size_t count() const noexcept { return list_.size() / sizeof(Header); }
    [[nodiscard]] std::span<Header> list() noexcept {
        // The blocks of a pool are aligned to 16 bytes, and nothing is ever consumed from the front.
        return {reinterpret_cast<Header*>(list_.mutable_bytes().data()), count()};
    }
    [[nodiscard]] Headers view() noexcept { return Headers(list()); }

    void clear() noexcept {
        text_.clear();
        list_.clear();
        capacity_ = 0;
    }

private:
    Buffer text_;
    Buffer list_;
    std::size_t capacity_ = 0;
};

}  // namespace gw::http1
