#include "config/report.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "json/json5.h"

namespace gw::config {

std::uint32_t Report::add_file(std::string_view name, std::pmr::string&& text) {
    File& file = files_.emplace_back(std::pmr::string(name, memory_), std::move(text), std::string_view{});
    file.view = file.kept;
    return static_cast<std::uint32_t>(files_.size() - 1);
}

void Report::add(bool error, std::string_view path, std::optional<Place> place, Pieces message) {
    failed_ = failed_ || error;
    if (count_ > problem_count_max) return;
    std::pmr::memory_resource* const memory = problems_.get_allocator().resource();
    Problem problem(memory);
    problem.error = error;
    if (count_ == problem_count_max) {
        problem.message = "there are more problems than are listed here";
    } else {
        problem.path = path;
        for (const std::string_view piece : message) problem.message += piece;
        if (place) {
            const File& file = files_[place->file];
            const json::Position position = json::position_of(file.view, place->offset);
            problem.file = file.name;
            problem.line = position.line;
            problem.column = position.column;
        }
    }
    problems_.push_back(std::move(problem));
    ++count_;
}

void append_line(std::pmr::string& out, const Problem& problem, std::string_view file) {
    out += problem.file.empty() ? file : std::string_view(problem.file);
    if (problem.line > 0) {
        out += ':';
        out += Digits(static_cast<std::int64_t>(problem.line));
        out += ':';
        out += Digits(static_cast<std::int64_t>(problem.column));
    }
    if (!out.empty() && out.back() != '\n') out += ": ";
    out += problem.error ? "error: " : "warning: ";
    out += problem.path;
    if (!problem.path.empty()) out += ' ';
    out += problem.message;
    out += '\n';
}

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

}  // namespace gw::config
