// Owned<T>: a unique_ptr whose object lives in a memory resource. An Owned<Derived> becomes an Owned<Base> by moving, as
// with unique_ptr; the memory goes back in the size in which it came.
#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <type_traits>
#include <utility>

namespace gw {

template <typename T>
struct PmrDelete {
    PmrDelete(std::pmr::memory_resource* resource = nullptr) noexcept  // NOLINT(google-explicit-constructor)
        : memory(resource) {}
    template <typename Derived, typename = std::enable_if_t<std::is_convertible_v<Derived*, T*>>>
    PmrDelete(const PmrDelete<Derived>& other) noexcept  // NOLINT(google-explicit-constructor)
        : memory(other.memory), size(other.size), alignment(other.alignment) {
        static_assert(std::has_virtual_destructor_v<T>);
    }

    void operator()(T* object) const noexcept {
        void* whole = object;
        if constexpr (std::is_polymorphic_v<T>) whole = dynamic_cast<void*>(object);
        object->~T();
        memory->deallocate(whole, size, alignment);
    }

    std::pmr::memory_resource* memory = nullptr;
    std::size_t size = sizeof(T);
    std::size_t alignment = alignof(T);
};

template <typename T>
using Owned = std::unique_ptr<T, PmrDelete<T>>;

template <typename T, typename... Arguments>
[[nodiscard]] Owned<T> make_owned(std::pmr::memory_resource* memory, Arguments&&... arguments) {
    return Owned<T>(std::pmr::polymorphic_allocator<>(memory).new_object<T>(std::forward<Arguments>(arguments)...),
                    PmrDelete<T>(memory));
}

}  // namespace gw
