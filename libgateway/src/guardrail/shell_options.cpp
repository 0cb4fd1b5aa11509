// The arguments of a command as options and operands.
#include "core/text.h"
#include "guardrail/shell_programs.h"

namespace gw::guardrail::shell {

bool Options::takes_value(std::string_view name) const noexcept {
    return std::any_of(lists_.begin(), lists_.end(), [&](std::string_view list) { return listed(list, name); });
}

std::optional<Options::Item> Options::next() {
    if (index_ >= words_.size()) return std::nullopt;
    const std::string_view word = words_[index_].text;
    Item item;
    item.word = index_;
    const auto take_next = [&] {
        item.has_value = index_ + 1 < words_.size();
        if (item.has_value) {
            item.word = ++index_;
            item.value = words_[index_].text;
        }
    };
    if (letter_ == 0) {
        if (operands_only_ || word.size() < 2 || word[0] != '-') {
            operands_only_ = operands_only_ || operands_end_options_;
            item.value = word;
            item.has_value = true;
            ++index_;
            return item;
        }
        if (word == "--") {
            operands_only_ = true;
            ++index_;
            return next();
        }
        const bool whole = takes_value(word);
        if (word[1] == '-' || whole) {  // --long, --long=value, -long
            const std::size_t equals = word[1] == '-' ? word.find('=') : std::string_view::npos;
            item.name = word.substr(0, equals);
            if (equals != std::string_view::npos) {
                item.offset = equals + 1;
                item.value = word.substr(equals + 1);
                item.has_value = true;
            } else if (whole) {
                take_next();
            }
            ++index_;
            return item;
        }
        letter_ = 1;
    }
    // A letter of a cluster. The name must be a view, so it is looked up in a list or taken from the word's beginning.
    static constexpr std::string_view letters =
        "-a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v-w-x-y-z-A-B-C-D-E-F-G-H-I-J-K-L-M-N-O-P-Q-R-S-T-U-V-W-X-Y-Z-0-1-"
        "2-3-4-5-6-7-8-9";
    const char letter = word[letter_];
    const std::size_t at = letter == '-' ? std::string_view::npos : letters.find(letter);
    item.name = at == std::string_view::npos ? std::string_view("-?") : letters.substr(at - 1, 2);
    ++letter_;
    if (takes_value(item.name)) {
        if (letter_ < word.size()) {
            item.offset = letter_;
            item.value = word.substr(letter_);
            item.has_value = true;
        } else {
            take_next();
        }
        letter_ = word.size();
    }
    if (letter_ >= words_[item.word].text.size() || item.has_value) {
        letter_ = 0;
        ++index_;
    }
    return item;
}

}  // namespace gw::guardrail::shell
