#include "config/report.h"

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

}  // namespace gw::config
