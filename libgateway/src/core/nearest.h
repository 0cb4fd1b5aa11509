// The word that a person may have meant: the nearest one, when it is near.
//
//     Nearest nearest("autth");
//     for (...) nearest.offer(name);
//     nearest.best()                     "auth"
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gw {

class Nearest {
public:
    explicit Nearest(std::string_view word) noexcept : word_(word) {}
    void offer(std::string_view candidate) noexcept;
    [[nodiscard]] std::string_view best() const noexcept { return best_; }  // empty: nothing is near

private:
    std::string_view word_, best_;
    std::size_t distance_ = SIZE_MAX;
};

}  // namespace gw
