// Addresses as the wire and the configuration write them: one value for every spelling of one place.
//
//     "10.0.0.7", "::ffff:10.0.0.7", "[fe80::1%eth0]:443" ── read ──> IpAddress ── is_loopback, IpBlock::contains, text
//
// Sixteen bytes in network order, IPv4 as mapped into IPv6 (RFC 4291 2.5.5.2), so that the two spellings of an IPv4
// address are equal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gw {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] bool is_v4() const noexcept;
    [[nodiscard]] bool is_loopback() const noexcept;  // 127.0.0.0/8, ::1
    // What no router of the Internet carries: RFC 1918, RFC 4193, shared 100.64.0.0/10 (RFC 6598), link-local.
    [[nodiscard]] bool is_private() const noexcept;

    friend bool operator==(const IpAddress&, const IpAddress&) noexcept = default;
};

// Dotted quad or RFC 4291 text, nothing around it but an optional zone ("%eth0"), which is dropped.
[[nodiscard]] std::optional<IpAddress> read_ip(std::string_view text) noexcept;

// The same with what proxies put around it: "10.0.0.7:4711", "[::1]", "[::1]:4711".
[[nodiscard]] std::optional<IpAddress> read_ip_and_port(std::string_view text) noexcept;

// An address in its canonical text (RFC 5952; IPv4 as a dotted quad), without memory of its own.
class IpText {
public:
    IpText() noexcept = default;
    explicit IpText(const IpAddress& address) noexcept;
    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    std::array<char, 46> text_{};
    std::uint8_t size_ = 0;
};

// "10.0.0.0/8", "fd00::/8", or one address. Bits behind the prefix do not count.
struct IpBlock {
    IpAddress address;
    std::uint8_t bits = 128;  // of the sixteen bytes

    [[nodiscard]] bool contains(const IpAddress& other) const noexcept;
};
[[nodiscard]] std::optional<IpBlock> read_ip_block(std::string_view text) noexcept;

}  // namespace gw
