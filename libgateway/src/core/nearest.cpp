#include "core/nearest.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace gw {

// Damerau's distance in its restricted form: a letter more, less, other, or two swapped. Case does not count.
void Nearest::offer(std::string_view candidate) noexcept {
    constexpr std::size_t size_max = 48;
    if (word_.size() > size_max || candidate.size() > size_max) return;
    const std::size_t near = std::max<std::size_t>(1, std::min(word_.size(), candidate.size()) / 3);
    if (std::max(word_.size(), candidate.size()) - std::min(word_.size(), candidate.size()) > near) return;
    std::array<std::array<std::size_t, size_max + 1>, 3> rows{};  // row i lies at i % 3
    for (std::size_t j = 0; j <= candidate.size(); ++j) rows[0][j] = j;
    for (std::size_t i = 1; i <= word_.size(); ++i) {
        auto& row = rows[i % 3];
        const auto& above = rows[(i + 2) % 3];
        const auto& above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (std::size_t j = 1; j <= candidate.size(); ++j) {
            const char a = ascii_lower(word_[i - 1]);
            const char b = ascii_lower(candidate[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a == b ? 0 : 1)});
            if (i > 1 && j > 1 && a == ascii_lower(candidate[j - 2]) && ascii_lower(word_[i - 2]) == b) {
                row[j] = std::min(row[j], above_that[j - 2] + 1);
            }
        }
    }
    const std::size_t distance = rows[word_.size() % 3][candidate.size()];
    if (distance > near || distance >= distance_) return;
    distance_ = distance;
    best_ = candidate;
}

}  // namespace gw
