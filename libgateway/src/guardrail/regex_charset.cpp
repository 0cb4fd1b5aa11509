#include "guardrail/regex_charset.h"

#include <algorithm>

namespace gw::guardrail::regex {
namespace {

struct Script {
    std::string_view name;
    std::span<const Range> ranges;
};

struct FoldRun {
    char32_t low, high;
    std::int32_t delta;  // to the next code point that folds alike
    std::uint32_t stride;
};

#include "guardrail/regex_unicode_tables.inc"

// In the order of the numbers in category_runs.
constexpr std::array<std::string_view, 30> categories{"Cc", "Cf", "Cn", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu",
                                                      "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe", "Pf",
                                                      "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"};
constexpr std::uint32_t unassigned = 2;  // Cn, which no name reaches, as in RE2

void add_category(CharSet& set, std::string_view name) {
    for (std::size_t i = 0; i < std::size(category_runs); ++i) {
        const std::uint32_t category = category_runs[i] & 31U;
        if (category == unassigned || !categories[category].starts_with(name)) continue;
        const char32_t end = i + 1 < std::size(category_runs) ? category_runs[i + 1] >> 5U : code_point_max + 1;
        set.add(category_runs[i] >> 5U, end - 1);
    }
}

// The image of `range` under one step along the circles of folding.
void add_step(std::pmr::vector<Range>& out, Range range) {
    const auto shifted = [](char32_t c, std::int32_t delta) {
        return static_cast<char32_t>(static_cast<std::int32_t>(c) + delta);
    };
    for (const FoldRun& run : fold_runs) {
        if (run.low > range.high) break;
        char32_t low = std::max(run.low, range.low);
        const char32_t high = std::min(run.high, range.high);
        if (run.stride == 2 && (low - run.low) % 2 != 0) ++low;
        if (low > high) continue;
        if (run.stride == 1) {
            out.push_back({shifted(low, run.delta), shifted(high, run.delta)});
        } else {
            for (char32_t c = low; c <= high; c += 2) out.push_back({shifted(c, run.delta), shifted(c, run.delta)});
        }
    }
}

}  // namespace

void CharSet::normalise() {
    std::sort(ranges_.begin(), ranges_.end(),
              [](Range a, Range b) { return a.low != b.low ? a.low < b.low : a.high > b.high; });
    std::size_t kept = 0;
    for (const Range range : ranges_) {
        if (kept > 0 && range.low <= ranges_[kept - 1].high + 1) {
            ranges_[kept - 1].high = std::max(ranges_[kept - 1].high, range.high);
        } else {
            ranges_[kept++] = range;
        }
    }
    ranges_.resize(kept);
}

void CharSet::negate() {
    std::pmr::vector<Range> old(std::move(ranges_));
    ranges_ = std::pmr::vector<Range>(old.get_allocator());
    add_negated(old);
}

void CharSet::add_negated(std::span<const Range> sorted) {
    char32_t next = 0;
    for (const Range range : sorted) {
        if (range.low > next) add(next, range.low - 1);
        next = range.high + 1;
    }
    if (next <= code_point_max) add(next, code_point_max);
}

void CharSet::add_folded() {
    normalise();
    if (ranges_.size() == 1 && ranges_[0].low == ranges_[0].high && ranges_[0].low < 0x80) {
        // One ASCII character, the usual case, without a walk through the table.
        const char32_t c = ranges_[0].low;
        const char32_t lower = c | 0x20U;
        if (lower < 'a' || lower > 'z') return;
        ranges_ = {{lower - 0x20, lower - 0x20}, {lower, lower}};
        if (lower == 's') add(0x17F, 0x17F);
        if (lower == 'k') add(0x212A, 0x212A);
        return;
    }
    if (ranges_.size() == 1 && ranges_[0].low == 0 && ranges_[0].high == code_point_max) return;
    // The longest circle has four members, so three steps reach all of them.
    std::pmr::vector<Range> front(ranges_, ranges_.get_allocator());
    for (int step = 0; step < 3 && !front.empty(); ++step) {
        std::pmr::vector<Range> next(ranges_.get_allocator());
        for (const Range range : front) add_step(next, range);
        ranges_.insert(ranges_.end(), next.begin(), next.end());
        front = std::move(next);
    }
    normalise();
}

bool CharSet::contains(char32_t c) const noexcept {
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), c,
                                        [](char32_t value, Range range) { return value < range.low; });
    return after != ranges_.begin() && c <= std::prev(after)->high;
}

bool CharSet::contains_all(const CharSet& other) const noexcept {
    return std::all_of(other.ranges_.begin(), other.ranges_.end(), [this](Range wanted) {
        return std::any_of(ranges_.begin(), ranges_.end(),
                           [wanted](Range range) { return range.low <= wanted.low && wanted.high <= range.high; });
    });
}

std::uint32_t CharSet::count() const noexcept {
    std::uint32_t sum = 0;
    for (const Range range : ranges_) sum += range.high - range.low + 1;
    return sum;
}

bool add_unicode_class(CharSet& set, std::string_view name, bool negated) {
    CharSet own(set.memory());
    if (name == "Any") {
        own.add(0, code_point_max);
    } else if (const auto* script = std::find_if(std::begin(scripts), std::end(scripts),
                                                 [name](const Script& s) { return s.name == name; });
               script != std::end(scripts)) {
        own.add(script->ranges);
    } else {
        const bool group = name.size() == 1 && std::string_view("CLMNPSZ").find(name[0]) != std::string_view::npos;
        const bool category = name != "Cn" && std::find(categories.begin(), categories.end(), name) != categories.end();
        if (!group && !category) return false;
        add_category(own, name);
    }
    own.normalise();
    if (negated) {
        set.add_negated(own.ranges());
    } else {
        set.add(own.ranges());
    }
    return true;
}

}  // namespace gw::guardrail::regex
