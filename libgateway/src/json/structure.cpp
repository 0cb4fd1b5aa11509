#include "json/structure.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <new>

namespace gw::json {

struct Structure::Simdjson {
    simdjson::dom::parser parser;
};

namespace {

// Small texts grow in doublings, so that a stream of them settles at once; large ones get little more than they need.
std::size_t room_for(std::size_t size) {
    constexpr std::size_t large = 1U << 20U;
    constexpr std::size_t step = 1U << 16U;
    return size <= large ? std::bit_ceil(std::max<std::size_t>(size, 1024)) : (size + step - 1) / step * step;
}

}  // namespace

bool Structure::index(const char* text, std::size_t size) {
    offsets_ = {};
    if (size == 0) return false;
    if (simdjson_ == nullptr) simdjson_ = std::pmr::polymorphic_allocator<>(memory_).new_object<Simdjson>();
    simdjson::dom::parser& parser = simdjson_->parser;
    if (size > capacity_) {
        capacity_ = 0;
        const std::size_t wanted = room_for(size);
        // Nesting is the second stage's business, which we do not run: depth 1 keeps its arrays small.
        if (parser.allocate(wanted, 1) != simdjson::SUCCESS) throw std::bad_alloc();
        capacity_ = wanted;
    }
    auto& first_stage = *parser.implementation;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
    switch (first_stage.stage1(bytes, size, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: break;
    case simdjson::MEMALLOC: throw std::bad_alloc();
    default: return false;
    }
    offsets_ = {first_stage.structural_indexes.get(), first_stage.n_structural_indexes};
    return !offsets_.empty();
}

void Structure::release() noexcept {
    if (simdjson_ != nullptr) std::pmr::polymorphic_allocator<>(memory_).delete_object(simdjson_);
    simdjson_ = nullptr;
    capacity_ = 0;
    offsets_ = {};
}

}  // namespace gw::json
