// Memory for what lives only while a text is read: freed pieces are used again for others of the same size class, and
// all of it goes back at the end. (libstdc++ 12's unsynchronized_pool_resource is not used because it does not survive
// an upstream that throws.)
#pragma once

#include <array>
#include <bit>
#include <memory_resource>

namespace gw::guardrail::shell {

class Scratch final : public std::pmr::memory_resource {
public:
    explicit Scratch(std::pmr::memory_resource* upstream) : arena_(upstream) {}

private:
    struct Free {
        Free* next;
    };
    static constexpr std::size_t smallest = 16;  // bytes, and the alignment of everything

    // Classes are powers of two.
    static std::size_t class_of(std::size_t bytes) noexcept {
        return static_cast<std::size_t>(std::bit_width((bytes < smallest ? smallest : bytes) - 1));
    }

    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        if (alignment > smallest) return arena_.allocate(bytes, alignment);
        const std::size_t index = class_of(bytes);
        if (Free* const piece = free_[index]) {
            free_[index] = piece->next;
            return piece;
        }
        return arena_.allocate(std::size_t{1} << index, smallest);
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
        if (alignment > smallest) return;
        const std::size_t index = class_of(bytes);
        free_[index] = new (memory) Free{free_[index]};
    }
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::pmr::monotonic_buffer_resource arena_;
    std::array<Free*, 65> free_{};
};

}  // namespace gw::guardrail::shell
