#include <algorithm>
#include <string_view>

#include "guardrail/validator.h"
#include "guardrail/validator_number.h"

namespace gw::guardrail {

namespace {

using checks::is_alnum;

// Looks for the words in the text of one side of a match. What is outside the text does not touch its words: the match
// does not, nor what is beyond the distance. `room`: how many more bytes may follow, within the distance.
Nearby find_words(const std::pmr::vector<std::pmr::string>& words, std::string_view text, std::size_t room) {
    bool may_come = false;
    // A word may begin in the text, at its end, or later.
    const std::size_t begin_max = room > 0 ? text.size() + 1 : text.size();
    for (std::size_t begin = 0; begin <= begin_max; ++begin) {
        const bool known = begin > 0 && begin <= text.size();
        if (known && is_alnum(text[begin - 1])) continue;
        const std::string_view rest = text.substr(std::min(begin, text.size()));
        for (const std::string_view word : words) {
            if (word.empty()) continue;
            const std::size_t seen = std::min(rest.size(), word.size());
            if (!equals_ignoring_case(rest.substr(0, seen), word.substr(0, seen))) continue;
            if (rest.size() > word.size() ? !is_alnum(rest[word.size()]) : rest.size() == word.size() && room == 0) {
                return Nearby::yes;
            }
            may_come = may_come || (rest.size() <= word.size() && begin + word.size() <= text.size() + room);
        }
    }
    return may_come ? Nearby::undecided : Nearby::no;
}

}  // namespace

Nearby nearby(const ContextWords& context, std::string_view before, std::string_view after, bool after_complete) {
    const std::size_t within = context.within;
    if (context.where != ContextWords::Where::after) {
        before.remove_prefix(before.size() - std::min(before.size(), within));
        const Nearby found = find_words(context.words, before, 0);
        if (found == Nearby::yes || context.where == ContextWords::Where::before) return found;
    }
    after = after.substr(0, within);
    return find_words(context.words, after, after_complete ? 0 : within - after.size());
}

}  // namespace gw::guardrail
