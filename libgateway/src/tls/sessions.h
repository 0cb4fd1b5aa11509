// What a client remembers to shorten its next handshake with the same server: one session per server name, the most
// recently used first, the oldest dropped when there are too many. Sessions hold keys, so they are wiped.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gw::tls {

using Fingerprint = std::array<std::byte, 32>;

class Sessions {
public:
    static constexpr std::size_t count_max = 64;
    static constexpr std::size_t bytes_max = 16384;  // of one session, which includes the server's certificate

    struct Session {
        std::span<const std::byte> bytes;  // as mbedTLS saved it, valid until the next call that is not const
        // The certificate that was checked when the session began; a resumed handshake shows none.
        std::optional<Fingerprint> fingerprint;
    };

    explicit Sessions(std::pmr::memory_resource* memory) : entries_(memory) {}
    ~Sessions();
    Sessions(const Sessions&) = delete;
    Sessions& operator=(const Sessions&) = delete;

    [[nodiscard]] std::optional<Session> find(std::string_view name) noexcept;
    // Replaces the one of that name. One that is too large is not kept. Throws std::bad_alloc.
    void keep(std::string_view name, const Session& session);
    void forget(std::string_view name) noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return entries_.size(); }

private:
    struct Entry {
        std::pmr::string name;
        std::pmr::vector<std::byte> bytes;
        std::optional<Fingerprint> fingerprint;
    };
    using Entries = std::pmr::vector<Entry>;
    [[nodiscard]] Entries::iterator position(std::string_view name) noexcept;
    void drop(Entries::iterator entry) noexcept;

    Entries entries_;  // the most recently used last
};

}  // namespace gw::tls
