#include "guardrail/pack_reader.h"

#include <charconv>

#include "core/nearest.h"
#include "core/text.h"

namespace gw::guardrail::pack {

void Report::add(bool refused, Place place, Pieces what) {
    failed_ = failed_ || refused;
    // Warnings are one a rule at most, and every rule should be named.
    const std::size_t count_max = refused ? PackLimits::problems : PackLimits::rules;
    std::size_t& count = refused ? error_count_ : warning_count_;
    if (count > count_max) return;
    PackProblem problem(problems_.get_allocator().resource());
    problem.refused = refused;
    if (count == count_max) {
        problem.what = "there are more problems than are listed here";
    } else {
        problem.file = file_;
        problem.rule = rule_;
        if (has_places_) {
            problem.line = place.line;
            problem.column = place.column;
        }
        for (const std::string_view piece : what) problem.what += piece;
    }
    problems_.push_back(std::move(problem));
    ++count;
}

Shown::Shown(std::string_view text) noexcept {
    const std::string_view shown = cut_utf8(text, bytes_max);
    for (const char c : shown) text_[size_++] = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    if (shown.size() == text.size()) return;
    for (int i = 0; i < 3; ++i) text_[size_++] = '.';
}

void Reader::refuse(const Node& node, Report::Pieces must) const {
    std::pmr::string what(memory_);
    for (const std::string_view piece : must) what += piece;
    if (node.key.empty()) {
        report_.error(node.place, {"this must be ", what});
    } else {
        report_.error(node.place, {"`", Shown(node.key), "` must be ", what});
    }
}

bool Reader::fields(const Node& map, std::initializer_list<Field> known) const {
    if (map.kind != Node::Kind::map) {
        refuse(map, {"a mapping"});
        return false;
    }
    for (const Node* member = tree_.first(map); member != nullptr; member = tree_.next(*member)) {
        bool found = false;
        for (const Field& field : known) {
            if (field.name != member->key) continue;
            *field.slot = member;
            found = true;
            break;
        }
        if (found) continue;
        Nearest nearest(member->key);
        for (const Field& field : known) nearest.offer(field.name);
        if (nearest.best().empty()) {
            report_.error(member->key_place, {"unknown key `", Shown(member->key), "`"});
        } else {
            report_.error(member->key_place,
                          {"unknown key `", Shown(member->key), "`; did you mean `", nearest.best(), "`?"});
        }
    }
    bool complete = true;
    for (const Field& field : known) {
        if (field.need == Need::optional || *field.slot != nullptr) continue;
        report_.error(map.place, {"`", field.name, "` is missing"});
        complete = false;
    }
    return complete;
}

bool Reader::text(const Node* node, std::pmr::string& out) const {
    if (node == nullptr) return false;
    if (node->kind != Node::Kind::text) {
        refuse(*node,
               {node->kind == Node::Kind::list || node->kind == Node::Kind::map ? "a text"
                                                                                : "a text: put it between quotes"});
        return false;
    }
    if (node->text.empty()) {
        refuse(*node, {"a text that is not empty"});
        return false;
    }
    out = node->text;
    return true;
}

bool Reader::boolean(const Node* node, bool& out) const {
    if (node == nullptr) return false;
    if (node->kind != Node::Kind::boolean) {
        refuse(*node, {"true or false"});
        return false;
    }
    out = ascii_lower(node->text.front()) == 't';
    return true;
}

bool Reader::number(const Node* node, double low, double high, double& out) const {
    if (node == nullptr) return false;
    if (node->kind == Node::Kind::number) {
        const char* from = node->text.data();
        const char* const end = from + node->text.size();
        if (*from == '+') ++from;  // YAML has it, from_chars does not
        double value = 0;
        const std::from_chars_result read = std::from_chars(from, end, value);
        if (read.ec == std::errc{} && read.ptr == end && value >= low && value <= high) {
            out = value;
            return true;
        }
    }
    std::array<char, 64> text{};
    char* at = std::to_chars(text.data(), text.data() + 24, low).ptr;
    const std::string_view low_text(text.data(), static_cast<std::size_t>(at - text.data()));
    char* const high_end = std::to_chars(at, at + 24, high).ptr;
    refuse(*node, {"a number from ", low_text, " to ", std::string_view(at, static_cast<std::size_t>(high_end - at))});
    return false;
}

bool Reader::integer(const Node* node, std::uint32_t low, std::uint32_t high, std::uint32_t& out) const {
    double value = 0;
    if (!number(node, low, high, value)) return false;
    const auto whole = static_cast<std::uint32_t>(value);
    if (static_cast<double>(whole) < value) {
        refuse(*node, {"a whole number"});
        return false;
    }
    out = whole;
    return true;
}

bool Reader::is_list(const Node* node) const {
    if (node == nullptr) return false;
    if (node->kind == Node::Kind::list) return true;
    refuse(*node, {"a list"});
    return false;
}

bool Reader::texts(const Node* node, std::pmr::vector<std::pmr::string>& out) const {
    if (!is_list(node)) return false;
    bool good = true;
    out.reserve(out.size() + node->count);
    for (const Node* entry = tree_.first(*node); entry != nullptr; entry = tree_.next(*entry)) {
        if (!text(entry, out.emplace_back())) {
            out.pop_back();
            good = false;
        }
    }
    return good;
}

std::optional<std::size_t> Reader::choice(const Node* node, std::span<const std::string_view> words) const {
    if (node == nullptr) return std::nullopt;
    if (node->kind == Node::Kind::text) {
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (words[i] == node->text) return i;
        }
    }
    std::pmr::string all(memory_);
    for (const std::string_view word : words) {
        if (!all.empty()) all += word == words.back() ? " or " : ", ";
        all += word;
    }
    refuse(*node, {all});
    return std::nullopt;
}

bool Reader::severity(const Node* node, Severity& out) const {
    const std::optional<std::size_t> index = choice(node, severity_names);
    if (!index) return false;
    out = static_cast<Severity>(*index);
    return true;
}

bool Reader::directions(const Node* node, Directions& out) const {
    if (!is_list(node)) return false;
    Directions found;
    bool good = true;
    for (const Node* entry = tree_.first(*node); entry != nullptr; entry = tree_.next(*entry)) {
        const std::optional<std::size_t> index = choice(entry, direction_names);
        good = good && index.has_value();
        if (index) found.add(static_cast<Direction>(*index));
    }
    if (good && found.empty()) {
        refuse(*node, {"a list that is not empty"});
        return false;
    }
    if (good) out = found;
    return good;
}

void check_version(const Reader& in, const Node* version) {
    if (version != nullptr && (version->kind != Node::Kind::number || version->text != "1")) in.refuse(*version, {"1"});
}

}  // namespace gw::guardrail::pack
