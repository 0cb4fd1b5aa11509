#include "tls/address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace gw::tls {

std::optional<Address> Address::parse(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
    std::copy(text.begin(), text.end(), terminated.begin());
    Address address;
    address.size_ = 4;
    if (inet_pton(AF_INET, terminated.data(), address.bytes_.data()) == 1) return address;
    address.size_ = 16;
    if (inet_pton(AF_INET6, terminated.data(), address.bytes_.data()) == 1) return address;
    return std::nullopt;
}

}  // namespace gw::tls
