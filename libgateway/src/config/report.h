// Collects problems: finds line and column, and stops counting where nobody reads on.
#pragma once

#include <deque>
#include <initializer_list>

#include "config/config.h"
#include "config/tree.h"
#include "core/nearest.h"

namespace gw::config {

class Report {
public:
    static constexpr std::size_t problem_count_max = 100;
    using Pieces = std::initializer_list<std::string_view>;

    Report(std::pmr::vector<Problem>& problems, std::pmr::memory_resource* memory)
        : problems_(problems), memory_(memory), files_(memory) {}

    // Makes a file known; its number goes into Place::file. The main text is borrowed, a file's is kept.
    void add_main(std::string_view text) {
        files_.emplace_back(std::pmr::string(memory_), std::pmr::string(memory_), text);
    }
    std::uint32_t add_file(std::string_view name, std::pmr::string&& text);
    [[nodiscard]] std::string_view text(std::uint32_t file) const noexcept { return files_[file].view; }

    void error(std::string_view path, std::optional<Place> place, Pieces message) { add(true, path, place, message); }
    void warn(std::string_view path, std::optional<Place> place, Pieces message) { add(false, path, place, message); }

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] bool full() const noexcept { return count_ > problem_count_max; }
    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return memory_; }

private:
    struct File {
        File(std::pmr::string&& name_, std::pmr::string&& kept_, std::string_view view_)
            : name(std::move(name_)), kept(std::move(kept_)), view(view_) {}
        std::pmr::string name, kept;
        std::string_view view;
    };
    void add(bool error, std::string_view path, std::optional<Place> place, Pieces message);

    std::pmr::vector<Problem>& problems_;
    std::pmr::memory_resource* memory_;
    std::pmr::deque<File> files_;  // addresses stay, and so do views
    std::size_t count_ = 0;
    bool failed_ = false;
};

}  // namespace gw::config
