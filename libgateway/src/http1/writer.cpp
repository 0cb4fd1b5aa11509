#include "http1/writer.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>

#include "core/text.h"
#include "http1/facts.h"
#include "http1/syntax.h"

namespace gw::http1 {

bool written_by_codec(std::string_view name) noexcept {
    switch (name.size()) {
    case 4: return equals_ignoring_case(name, "date");
    case 7: return equals_ignoring_case(name, "trailer");
    case 10: return equals_ignoring_case(name, "connection");
    case 14: return equals_ignoring_case(name, "content-length");
    case 17: return equals_ignoring_case(name, "transfer-encoding");
    default: return false;
    }
}

bool may_send(const Header& field, FieldRules rules) noexcept {
    if (!is_token(field.name) || !is_field_value(field.value)) return false;
    switch (rules) {
    case FieldRules::message: return !written_by_codec(field.name);
    case FieldRules::upgrade: return !written_by_codec(field.name) || equals_ignoring_case(field.name, "connection");
    case FieldRules::trailer: return !forbidden_in_trailer(field.name);
    }
    return false;
}

HeadWriter::HeadWriter(Buffer& out, std::span<const Header> fields, std::size_t room) : out_(out) {
    for (const Header& field : fields) room += field.name.size() + field.value.size() + 4;
    at_ = reinterpret_cast<char*>(out.prepare(room).data());
}

void HeadWriter::text(std::string_view text) noexcept {
    if (text.empty()) return;
    std::memcpy(at_ + size_, text.data(), text.size());
    size_ += text.size();
}

void HeadWriter::number(std::uint64_t value) noexcept {
    size_ = static_cast<std::size_t>(std::to_chars(at_ + size_, at_ + size_ + 20, value).ptr - at_);
}

void HeadWriter::field(std::string_view name, std::string_view value) noexcept {
    text(name);
    text(": ");
    text(value);
    text("\r\n");
}

void HeadWriter::content_length(std::uint64_t length) noexcept {
    text("Content-Length: ");
    number(length);
    text("\r\n");
}

void HeadWriter::fields(std::span<const Header> fields, FieldRules rules) noexcept {
    for (const Header& header : fields) {
        if (may_send(header, rules)) field(header.name, header.value);
    }
}

std::uint64_t ContentWriter::room() const noexcept {
    if (!open_) return 0;
    return mode_ == Mode::length ? left_ : UINT64_MAX;
}

void ContentWriter::body(Buffer& out, std::span<const std::byte> data) {
    if (!open_ || data.empty()) return;
    switch (mode_) {
    case Mode::none: return;
    case Mode::until_close: out.append(data); return;
    case Mode::length:
        assert(data.size() <= left_ && "more content than was announced");
        data = data.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size())));
        out.append(data);
        left_ -= data.size();
        return;
    case Mode::chunked: {
        char* const begin = reinterpret_cast<char*>(out.prepare(16 + 2 + data.size() + 2).data());
        char* at = std::to_chars(begin, begin + 16, data.size(), 16).ptr;
        *at++ = '\r';
        *at++ = '\n';
        std::memcpy(at, data.data(), data.size());
        at += data.size();
        *at++ = '\r';
        *at++ = '\n';
        out.commit(static_cast<std::size_t>(at - begin));
        return;
    }
    }
}

bool ContentWriter::end(Buffer& out, std::span<const Header> trailers) {
    if (mode_ == Mode::chunked) {
        HeadWriter writer(out, trailers, 5);
        writer.text("0\r\n");
        writer.fields(trailers, FieldRules::trailer);
        writer.text("\r\n");
    }
    open_ = false;
    return left_ == 0;
}

}  // namespace gw::http1
