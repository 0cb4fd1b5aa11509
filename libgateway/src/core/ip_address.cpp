#include "core/ip_address.h"

#include <arpa/inet.h>

#include <cstring>

#include "core/text.h"

namespace gw {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_port(std::string_view text) noexcept {
    const auto port = parse_decimal(text);
    return port && *port <= 65535;
}

}  // namespace

bool IpAddress::is_v4() const noexcept {
    return std::memcmp(bytes.data(), mapped_prefix.data(), mapped_prefix.size()) == 0;
}

bool IpAddress::is_loopback() const noexcept {
    if (is_v4()) return bytes[12] == 127;
    constexpr std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return bytes == one;
}

bool IpAddress::is_private() const noexcept {
    if (is_v4()) {
        const unsigned a = bytes[12];
        const unsigned b = bytes[13];
        return a == 10 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) || (a == 169 && b == 254) ||
               (a == 100 && b >= 64 && b < 128);
    }
    return (bytes[0] & 0xFEU) == 0xFCU || (bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80U);
}

std::optional<IpAddress> read_ip(std::string_view text) noexcept {
    if (const std::size_t zone = text.find('%'); zone != std::string_view::npos) {
        if (text.find(':') == std::string_view::npos) return std::nullopt;
        text = text.substr(0, zone);
    }
    std::array<char, INET6_ADDRSTRLEN> copy{};
    if (text.empty() || text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
    std::memcpy(copy.data(), text.data(), text.size());
    IpAddress out;
    if (::inet_pton(AF_INET, copy.data(), out.bytes.data() + mapped_prefix.size()) == 1) {
        std::memcpy(out.bytes.data(), mapped_prefix.data(), mapped_prefix.size());
        return out;
    }
    if (::inet_pton(AF_INET6, copy.data(), out.bytes.data()) == 1) return out;
    return std::nullopt;
}

std::optional<IpAddress> read_ip_and_port(std::string_view text) noexcept {
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        const std::string_view rest = text.substr(close + 1);
        if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
        const std::string_view inside = text.substr(1, close - 1);
        return inside.find(':') == std::string_view::npos ? std::nullopt : read_ip(inside);
    }
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
        if (!is_port(text.substr(colon + 1))) return std::nullopt;
        text = text.substr(0, colon);
    }
    return read_ip(text);
}

IpText::IpText(const IpAddress& address) noexcept {
    const bool v4 = address.is_v4();
    const std::uint8_t* const from = address.bytes.data() + (v4 ? mapped_prefix.size() : 0);
    if (::inet_ntop(v4 ? AF_INET : AF_INET6, from, text_.data(), static_cast<socklen_t>(text_.size())) == nullptr)
        return;
    size_ = static_cast<std::uint8_t>(std::strlen(text_.data()));
}

bool IpBlock::contains(const IpAddress& other) const noexcept {
    const std::size_t whole = bits / 8U;
    if (std::memcmp(address.bytes.data(), other.bytes.data(), whole) != 0) return false;
    const unsigned left = bits % 8U;
    if (left == 0) return true;
    const unsigned mask = 0xFFU << (8U - left) & 0xFFU;
    return (address.bytes[whole] & mask) == (other.bytes[whole] & mask);
}

std::optional<IpBlock> read_ip_block(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const auto address = read_ip(text.substr(0, slash));
    if (!address || text.find('%') != std::string_view::npos) return std::nullopt;
    if (slash == std::string_view::npos) return IpBlock{*address, 128};
    const bool quad = text.substr(0, slash).find(':') == std::string_view::npos;
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > (quad ? 32U : 128U)) return std::nullopt;
    return IpBlock{*address, static_cast<std::uint8_t>(*bits + (quad ? 96U : 0U))};
}

}  // namespace gw
