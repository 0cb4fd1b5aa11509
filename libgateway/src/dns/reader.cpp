#include <cstring>

#include "dns/dns.h"

namespace gw::dns {

namespace {

constexpr std::size_t head_bytes = 12;
constexpr std::uint16_t highest_bit = 0x8000;
constexpr unsigned pointer = 0xC0;

}  // namespace

std::uint16_t Reader::number(std::size_t at) const noexcept {
    return static_cast<std::uint16_t>((static_cast<unsigned char>(message_[at]) << 8U) |
                                      static_cast<unsigned char>(message_[at + 1]));
}

Reader::Reader(std::string_view message) noexcept : message_(message) {
    if (message.size() > message_bytes_max) {
        error_ = {GW_ERR_LIMIT, 0, "a DNS message is too long"};
    } else if (message.size() < head_bytes) {
        error_ = {GW_ERR_PROTOCOL, 0, "a DNS message has no head"};
    } else {
        const std::uint16_t flags = number(2);
        head_.id = number(0);
        head_.is_response = (flags & highest_bit) != 0;
        head_.opcode = static_cast<std::uint8_t>((flags >> 11U) & 15U);
        head_.code = static_cast<std::uint8_t>(flags & 15U);
        for (std::size_t i = 0; i < left_.size(); ++i) left_[i] = number(4 + 2 * i);
        at_ = head_bytes;
    }
}

Result<std::optional<Entry>> Reader::next() noexcept {
    if (error_.status != GW_OK) return error_;
    Entry out;
    std::size_t section = 0;
    while (section < left_.size() && left_[section] == 0) ++section;
    if (section == left_.size()) return std::optional<Entry>();
    --left_[section];
    out.section = static_cast<Section>(section);
    if (++count_ > entry_count_max) {
        error_ = {GW_ERR_LIMIT, at_, "a DNS message has too many records"};
    } else if (!read_entry(out)) {
        error_ = {GW_ERR_PROTOCOL, at_, "a DNS message is cut, or a name in it is none"};
    }
    if (error_.status != GW_OK) return error_;
    return std::optional(out);
}

bool Reader::read_entry(Entry& out) noexcept {
    std::size_t size = 0;
    if (!read_name(at_, name_, size)) return false;
    out.name = {name_.data(), size};
    const bool is_record = out.section != Section::question;
    if (message_.size() - at_ < (is_record ? 10U : 4U)) return false;
    const std::uint16_t klass = number(at_ + 2);
    out.type = number(at_);
    out.klass = klass & static_cast<std::uint16_t>(~highest_bit);
    out.flag = (klass & highest_bit) != 0;
    at_ += 4;
    if (!is_record) return true;
    out.ttl = static_cast<std::uint32_t>(number(at_)) << 16U | number(at_ + 2);
    const std::size_t data_size = number(at_ + 4);
    at_ += 6;
    if (message_.size() - at_ < data_size) return false;
    return read_data(out, at_ + data_size);
}

bool Reader::read_data(Entry& out, std::size_t end) noexcept {
    const std::size_t before = out.type == type::srv ? 6 : 0;
    if (out.type == type::srv || out.type == type::ptr) {
        std::size_t size = 0;
        if (end - at_ < before) return false;
        std::memcpy(data_.data(), message_.data() + at_, before);
        at_ += before;
        if (!read_name(at_, data_name_, size) || at_ != end) return false;
        std::memcpy(data_.data() + before, data_name_.data(), size);
        out.data = {data_.data(), before + size};
    } else {
        out.data = message_.substr(at_, end - at_);
        at_ = end;
    }
    return true;
}

bool Reader::read_name(std::size_t& at, std::array<char, name_bytes_max>& out, std::size_t& size) const noexcept {
    std::size_t behind = 0;  // the name where it stands
    std::size_t before = at;
    for (std::size_t from = at;;) {
        if (from >= message_.size()) return false;
        const auto length = static_cast<unsigned char>(message_[from]);
        if ((length & pointer) == pointer) {
            if (message_.size() - from < 2) return false;
            const std::size_t to = number(from) & 0x3FFFU;
            if (behind == 0) behind = from + 2;
            if (to >= before || to < head_bytes) return false;
            from = before = to;
            continue;
        }
        if ((length & pointer) != 0 || message_.size() - from <= length || out.size() - size <= length) return false;
        std::memcpy(out.data() + size, message_.data() + from, length + 1U);
        size += length + 1U;
        from += length + 1U;
        if (length > 0) continue;
        at = behind == 0 ? from : behind;
        return true;
    }
}

}  // namespace gw::dns
