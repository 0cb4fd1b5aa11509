// A message that goes to many: written once, counted by those who still have to send it.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/buffer.h"
#include "rpc/frame.h"

namespace gw::exchange {

struct SharedFrame {
    SharedFrame(BlockPool* pool, std::pmr::memory_resource* resource) : memory(resource), text(pool), merge(resource) {}

    std::pmr::memory_resource* memory;
    std::uint32_t references = 0;
    Buffer text;  // up to what differs from one receiver to the next
    std::optional<rpc::StateVersion> version;
    std::pmr::string merge;  // replaces an older one with the same text here; empty: none
    bool may_drop = false;
    bool numbered = false;  // has a seq
    bool whole = false;     // nothing comes behind the text
};

// One receiver's share in it.
class FrameReference {
public:
    explicit FrameReference(SharedFrame& frame) noexcept : frame_(&frame) { ++frame.references; }
    FrameReference(FrameReference&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    FrameReference& operator=(FrameReference&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    FrameReference(const FrameReference&) = delete;
    FrameReference& operator=(const FrameReference&) = delete;
    ~FrameReference() {
        if (frame_ == nullptr || --frame_->references > 0) return;
        std::pmr::polymorphic_allocator<>(frame_->memory).delete_object(frame_);
    }
    [[nodiscard]] SharedFrame& operator*() const noexcept { return *frame_; }
    [[nodiscard]] SharedFrame* operator->() const noexcept { return frame_; }

private:
    SharedFrame* frame_;
};

[[nodiscard]] inline FrameReference make_frame(BlockPool* pool, std::pmr::memory_resource* memory) {
    return FrameReference(*std::pmr::polymorphic_allocator<>(memory).new_object<SharedFrame>(pool, memory));
}

}  // namespace gw::exchange
