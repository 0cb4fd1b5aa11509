// Writing messages: a head in one go, then the content in the framing that the head announced. Shared by both roles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "http1/http1.h"

namespace gw::http1 {

// Which of the caller's fields a head takes over.
enum class FieldRules : std::uint8_t {
    message,  // all but those that the codec writes itself: framing, Connection, Date, Trailer
    upgrade,  // a 101, where Connection is the caller's
    trailer,  // only what may come in a trailer
};

// True for a field that would go out: its name is a token, its value has no control character, the rules allow it. What
// is not is dropped, so that a line end in a value never becomes a second field or a second response.
[[nodiscard]] bool may_send(const Header& field, FieldRules rules) noexcept;

// The codec's own fields, which a caller of send_head() must not pass.
[[nodiscard]] bool written_by_codec(std::string_view name) noexcept;

// A head being written into a Buffer. The room is made at once: a refused allocation leaves nothing half written.
class HeadWriter {
public:
    // `room` for everything but the fields. Throws std::bad_alloc.
    HeadWriter(Buffer& out, std::span<const Header> fields, std::size_t room);
    ~HeadWriter() { out_.commit(size_); }
    HeadWriter(const HeadWriter&) = delete;
    HeadWriter& operator=(const HeadWriter&) = delete;

    void text(std::string_view text) noexcept;
    void number(std::uint64_t value) noexcept;
    void field(std::string_view name, std::string_view value) noexcept;
    void content_length(std::uint64_t length) noexcept;
    void fields(std::span<const Header> fields, FieldRules rules) noexcept;

private:
    Buffer& out_;
    char* at_;
    std::size_t size_ = 0;
};

// The content of one message on its way out.
class ContentWriter {
public:
    // How the content goes out; `until_close` has no framing, `none` drops what the caller sends (answers to HEAD).
    enum class Mode : std::uint8_t { none, length, chunked, until_close };

    void begin(Mode mode, std::uint64_t length) noexcept {
        mode_ = mode;
        left_ = mode == Mode::length ? length : 0;
        open_ = true;
    }
    [[nodiscard]] bool open() const noexcept { return open_; }
    // How many bytes body() may still take.
    [[nodiscard]] std::uint64_t room() const noexcept;
    void body(Buffer& out, std::span<const std::byte> data);
    // Ends the content. False when fewer bytes came than were announced: the message is broken.
    [[nodiscard]] bool end(Buffer& out, std::span<const Header> trailers);
    void abort() noexcept { open_ = false; }

private:
    Mode mode_ = Mode::none;
    bool open_ = false;
    std::uint64_t left_ = 0;
};

}  // namespace gw::http1
