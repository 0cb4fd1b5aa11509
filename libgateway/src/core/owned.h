// Owned<T>: a unique_ptr whose object lives in a memory resource.
#pragma once

#include <memory>
#include <memory_resource>
#include <utility>

namespace gw {

template <typename T>
struct PmrDelete {
    std::pmr::memory_resource* memory = nullptr;
    void operator()(T* object) const noexcept { std::pmr::polymorphic_allocator<>(memory).delete_object(object); }
};

template <typename T>
using Owned = std::unique_ptr<T, PmrDelete<T>>;

template <typename T, typename... Arguments>
[[nodiscard]] Owned<T> make_owned(std::pmr::memory_resource* memory, Arguments&&... arguments) {
    return Owned<T>(std::pmr::polymorphic_allocator<>(memory).new_object<T>(std::forward<Arguments>(arguments)...),
                    {memory});
}

}  // namespace gw
