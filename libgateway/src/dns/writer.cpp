#include <cassert>

#include "dns/dns.h"

namespace gw::dns {

namespace {

constexpr std::size_t offset_max = 0x3FFF;  // that a pointer can say

std::size_t byte_at(std::string_view text, std::size_t at) noexcept { return static_cast<unsigned char>(text[at]); }

// Whether the name that was written at `at` is this one, letter by letter: names keep the case they were given.
bool stands_at(std::string_view message, std::size_t at, std::string_view name) noexcept {
    for (;;) {
        if (byte_at(message, at) >= 0xC0) {
            at = (byte_at(message, at) & 0x3FU) << 8U | byte_at(message, at + 1);
            continue;
        }
        const std::size_t size = byte_at(name, 0) + 1;
        if (message.substr(at, size) != name.substr(0, size)) return false;
        if (size == 1) return true;
        at += size;
        name.remove_prefix(size);
    }
}

}  // namespace

Writer::Writer(Buffer& out, const Head& head) : out_(out) {
    assert(out.empty());
    number(head.id);
    number(head.is_response ? 0x8400 : 0);
    for (int section = 0; section < 4; ++section) number(0);
}

void Writer::number(std::uint16_t value) {
    out_.append(static_cast<char>(value >> 8U));
    out_.append(static_cast<char>(value & 0xFFU));
}

void Writer::name(std::string_view name) {
    const std::size_t whole = label_count_;  // begin names that are complete
    for (; name.size() > 1; name.remove_prefix(byte_at(name, 0) + 1)) {
        for (std::size_t i = 0; i < whole; ++i) {
            if (stands_at(out_.text(), labels_[i], name))
                return number(static_cast<std::uint16_t>(0xC000U | labels_[i]));
        }
        if (label_count_ < labels_.size() && out_.size() <= offset_max)
            labels_[label_count_++] = static_cast<std::uint16_t>(out_.size());
        out_.append(name.substr(0, byte_at(name, 0) + 1));
    }
    out_.append('\0');
}

bool Writer::add(const Entry& entry, std::size_t bytes_max) {
    const std::size_t before = out_.size();
    name(entry.name);
    number(entry.type);
    number(static_cast<std::uint16_t>(entry.klass | (entry.flag ? 0x8000U : 0U)));
    if (entry.section != Section::question) {
        number(static_cast<std::uint16_t>(entry.ttl >> 16U));
        number(static_cast<std::uint16_t>(entry.ttl & 0xFFFFU));
        number(0);
        const std::size_t data = out_.size();
        entry.type == type::ptr ? name(entry.data) : out_.append(entry.data);
        const std::size_t size = out_.size() - data;
        out_.mutable_bytes()[data - 2] = static_cast<std::byte>(size >> 8U);
        out_.mutable_bytes()[data - 1] = static_cast<std::byte>(size & 0xFFU);
    }
    if (out_.size() > bytes_max) {
        out_.truncate(before);
        while (label_count_ > 0 && labels_[label_count_ - 1] >= before) --label_count_;
        return false;
    }
    const std::span<std::byte> count = out_.mutable_bytes().subspan(4 + 2 * static_cast<std::size_t>(entry.section), 2);
    if (count[1] == std::byte{0xFF}) count[0] = static_cast<std::byte>(std::to_integer<unsigned>(count[0]) + 1);
    count[1] = static_cast<std::byte>(std::to_integer<unsigned>(count[1]) + 1);
    return true;
}

}  // namespace gw::dns
