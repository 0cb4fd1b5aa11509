// What the model of a session is told after something of that session was blocked: with its next requests, for a while.
#pragma once

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <string>
#include <string_view>

namespace gw::exchange {

class BlockNotices {
public:
    static constexpr std::size_t notices_max = 50;
    static constexpr std::uint64_t lifetime_ms = 120000;

    explicit BlockNotices(std::pmr::memory_resource* memory) : notices_(memory) {}

    // A session without a name gets none: its notice could reach somebody else.
    void add(std::string_view session, bool prompt, std::string_view reason, std::uint64_t now_ms);
    // The text for the next request of that session; empty when there is none.
    [[nodiscard]] std::pmr::string text_for(std::string_view session, std::uint64_t now_ms,
                                            std::pmr::memory_resource* memory);

private:
    struct Notice {
        Notice(std::string_view name, std::string_view words, std::uint64_t until, std::pmr::memory_resource* memory)
            : session(name, memory), text(words, memory), until_ms(until) {}
        std::pmr::string session, text;
        std::uint64_t until_ms;
    };
    std::pmr::deque<Notice> notices_;
};

}  // namespace gw::exchange
