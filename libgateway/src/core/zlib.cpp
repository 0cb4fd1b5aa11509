#include "core/zlib.h"

#include <zlib.h>

#include <cassert>
#include <new>

namespace gw {

namespace {

// zlib frees without saying how much: the size stands in front.
constexpr std::size_t front = alignof(std::max_align_t);

void* take(void* memory, unsigned items, unsigned size) noexcept {
    const std::size_t all = front + std::size_t{items} * size;
    try {
        void* const block = static_cast<std::pmr::memory_resource*>(memory)->allocate(all);
        *static_cast<std::size_t*>(block) = all;
        return static_cast<std::byte*>(block) + front;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void give_back(void* memory, void* at) noexcept {
    void* const block = static_cast<std::byte*>(at) - front;
    static_cast<std::pmr::memory_resource*>(memory)->deallocate(block, *static_cast<std::size_t*>(block));
}

}  // namespace

std::pmr::string PackedText::unpack(std::pmr::memory_resource* memory) const {
    std::pmr::string text(size, '\0', memory);
    z_stream stream{};
    stream.zalloc = take;
    stream.zfree = give_back;
    stream.opaque = memory;
    if (::inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write there
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(size);
    const int done = ::inflate(&stream, Z_FINISH);
    ::inflateEnd(&stream);
    if (done == Z_MEM_ERROR) throw std::bad_alloc();
    assert(done == Z_STREAM_END && stream.avail_out == 0);  // the build has packed it
    return text;
}

std::uint32_t crc32(std::span<const std::byte> bytes) noexcept {
    return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace gw
