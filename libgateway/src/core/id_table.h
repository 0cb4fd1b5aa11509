// Objects by id: a slot and a generation, so that an old id never finds a new object. The table also remembers which
// ids ended without the other side's doing, for as long as nobody has told it. Each has a pointer of the other side's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

namespace gw {

using Id = std::uint64_t;  // 0 is none

template <typename T>
class IdTable {
public:
    explicit IdTable(std::pmr::memory_resource* memory) : slots_(memory), cancelled_(memory) {}
    // Ids begin with this generation instead of the first: two tables with random ones do not know each other's ids.
    void begin_with(std::uint32_t generation) noexcept { first_generation_ = generation == 0 ? 1 : generation; }

    // Throws std::bad_alloc and then has changed nothing.
    [[nodiscard]] Id add(T& object) {
        // Every object may be cancelled before anybody asks: room for that is made here, where failing is allowed.
        cancelled_.reserve(cancelled_.size() + size_ + 1);
        if (free_ == 0) {
            slots_.emplace_back().generation = first_generation_;
            free_ = static_cast<std::uint32_t>(slots_.size());
        }
        const std::uint32_t index = free_ - 1;
        Slot& slot = slots_[index];
        free_ = slot.next_free;
        slot.object = &object;
        slot.user = nullptr;
        ++size_;
        return (static_cast<Id>(slot.generation) << 32U) | (index + 1);
    }

    [[nodiscard]] T* find(Id id) const noexcept {
        const std::uint32_t index = static_cast<std::uint32_t>(id) - 1;
        if (index >= slots_.size() || slots_[index].generation != id >> 32U) return nullptr;
        return slots_[index].object;
    }

    void remove(Id id) noexcept {
        if (find(id) == nullptr) return;
        const std::uint32_t index = static_cast<std::uint32_t>(id) - 1;
        Slot& slot = slots_[index];
        slot.object = nullptr;
        if (++slot.generation == 0) slot.generation = 1;
        slot.next_free = free_;
        free_ = index + 1;
        --size_;
    }

    // Removes it and keeps its id for next_cancelled().
    void cancel(Id id) noexcept {
        if (find(id) == nullptr) return;
        cancelled_.push_back({id, user(id)});
        remove(id);
    }
    struct Cancelled {
        Id id = 0;
        void* user = nullptr;
    };
    // One that was cancelled, each given once; id 0 when there is none.
    [[nodiscard]] Cancelled next_cancelled() noexcept {
        if (cancelled_.empty()) return {};
        const Cancelled out = cancelled_.back();
        cancelled_.pop_back();
        return out;
    }

    [[nodiscard]] void* user(Id id) const noexcept {
        return find(id) == nullptr ? nullptr : slots_[static_cast<std::uint32_t>(id) - 1].user;
    }
    // Also of an id that is still to be told as cancelled; false: the other side has heard of its end.
    bool set_user(Id id, void* user) noexcept {
        if (find(id) != nullptr) {
            slots_[static_cast<std::uint32_t>(id) - 1].user = user;
            return true;
        }
        const auto waits = std::ranges::find(cancelled_, id, &Cancelled::id);
        if (waits == cancelled_.end()) return false;
        waits->user = user;
        return true;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct Slot {
        T* object = nullptr;
        void* user = nullptr;
        std::uint32_t generation = 1;
        std::uint32_t next_free = 0;  // index + 1; 0: the last free one
    };
    std::pmr::vector<Slot> slots_;
    std::pmr::vector<Cancelled> cancelled_;
    std::uint32_t first_generation_ = 1;
    std::uint32_t free_ = 0;  // index + 1 of the first free slot
    std::size_t size_ = 0;
};

}  // namespace gw
