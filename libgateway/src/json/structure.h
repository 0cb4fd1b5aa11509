// Where the tokens of a JSON text begin: simdjson's first stage, which also checks the UTF-8, that strings are closed,
// and that no control character stands in one. The only place that knows simdjson.
//
//     {"a": [true]}  --  index()  -->  0 1 4 6 7 11 12        (brackets, ':' and ',', opening quotes, first letters)
//
// What lies between the tokens is white space or the rest of a string or word; nothing else is skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>

namespace gw::json {

class Structure {
public:
    explicit Structure(std::pmr::memory_resource* memory) noexcept : memory_(memory) {}
    ~Structure() { release(); }
    Structure(const Structure&) = delete;
    Structure& operator=(const Structure&) = delete;

    // False when the text fails one of the checks above or has no token. Reads nothing behind the text: the first stage
    // copies what is left of it behind the last whole block. Throws std::bad_alloc.
    [[nodiscard]] bool index(const char* text, std::size_t size);
    // The offsets of the last index() that was true, ascending.
    [[nodiscard]] std::span<const std::uint32_t> offsets() const noexcept { return offsets_; }

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return capacity_ * sizeof(std::uint32_t); }
    void release() noexcept;

private:
    struct Simdjson;
    std::pmr::memory_resource* memory_;
    Simdjson* simdjson_ = nullptr;
    std::size_t capacity_ = 0;  // the longest text there is room for
    std::span<const std::uint32_t> offsets_;
};

}  // namespace gw::json
