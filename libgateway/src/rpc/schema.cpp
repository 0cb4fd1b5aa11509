#include "rpc/schema.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstdint>
#include <optional>

#include "core/text.h"

namespace gw::rpc {

namespace {

constexpr unsigned errors_max = 8;

struct Range {
    std::optional<double> low, high;
};

std::size_t characters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U ? 1 : 0;
    return count;
}

// Reads a schema from the front.
class Cursor {
public:
    explicit Cursor(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] bool done() const noexcept { return text_.empty(); }
    [[nodiscard]] char peek() const noexcept { return text_.empty() ? '\0' : text_.front(); }
    bool eat(std::string_view word) noexcept {
        if (!text_.starts_with(word)) return false;
        text_.remove_prefix(word.size());
        return true;
    }
    void spaces() noexcept {
        while (peek() == ' ') text_.remove_prefix(1);
    }
    std::string_view until(std::string_view ends) noexcept {
        const std::size_t size = std::min(text_.find_first_of(ends), text_.size());
        const std::string_view out = text_.substr(0, size);
        text_.remove_prefix(size);
        return out;
    }
    Range range() noexcept {
        Range out;
        if (!eat("(")) return out;
        const auto number = [](std::string_view digits) -> std::optional<double> {
            if (digits.empty()) return std::nullopt;
            double value = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
            return value;
        };
        const std::string_view both = until(")");
        eat(")");
        const std::size_t dots = both.find("..");
        out.low = number(both.substr(0, dots));
        if (dots != std::string_view::npos) out.high = number(both.substr(dots + 2));
        return out;
    }
    // What a base type is made of, without suffixes.
    std::string_view base() noexcept {
        const std::string_view before = text_;
        if (peek() == '{' || text_.starts_with("map<")) {
            const char open = peek() == '{' ? '{' : '<';
            const char close = open == '{' ? '}' : '>';
            std::size_t depth = 0, at = 0;
            do {
                depth += text_[at] == open ? 1 : 0;
                depth -= text_[at] == close ? 1 : 0;
            } while (text_[at++] != close || depth > 0);
            text_.remove_prefix(at);
        } else if (peek() == '"') {
            text_.remove_prefix(1);
            until("\"");
            eat("\"");
        } else {
            until("([|} ?>");
            if (peek() == '(') range();
        }
        return before.substr(0, before.size() - text_.size());
    }
    [[nodiscard]] std::string_view rest() const noexcept { return text_; }

private:
    std::string_view text_;
};

class Checker {
public:
    Checker(std::pmr::string& errors, std::pmr::memory_resource* memory) : errors_(errors), path_(memory) {}

    bool members(Cursor schema, const json::Value& value) {
        if (value.exists() && !value.is(json::Kind::object)) return fail("must be object");
        struct Member {
            std::string_view name, type;
            bool optional;
        };
        std::array<Member, members_max> known;
        std::size_t count = 0;
        bool open = false;
        for (schema.spaces(); !schema.done(); schema.spaces()) {
            if (schema.eat("*")) {
                open = true;
                continue;
            }
            assert(count < members_max);
            Member& member = known[count++];
            member.name = schema.until("?:");
            member.optional = schema.eat("?");
            schema.eat(":");
            const std::string_view before = schema.rest();
            skip_type(schema);
            member.type = before.substr(0, before.size() - schema.rest().size());
        }
        bool good = true;
        for (std::size_t i = 0; i < count; ++i) {
            if (!known[i].optional && !value[known[i].name].exists()) {
                good = fail("must have required property '", known[i].name, "'");
            }
        }
        for (json::Value one = value.first(); one.exists(); one = one.next()) {
            const auto* const member = std::find_if(known.begin(), known.begin() + count,
                                                    [&](const Member& m) { return m.name == one.key(); });
            if (member == known.begin() + count) {
                if (!open) good = fail("unexpected property '", cut_utf8(one.key(), 64), "'", true);
            } else {
                const std::size_t size = push(member->name);
                good = type(Cursor(member->type), one) && good;
                path_.resize(size);
            }
            if (full()) return false;
        }
        return good;
    }

private:
    [[nodiscard]] bool full() const noexcept { return count_ >= errors_max; }

    bool fail(std::string_view a, std::string_view b = {}, std::string_view c = {}, bool names_root = false) {
        if (quiet_ > 0 || full()) return false;
        if (count_++ > 0) errors_ += "; ";
        if (!path_.empty()) {
            ((errors_ += "at ") += path_) += ": ";
        } else if (names_root) {
            errors_ += "at root: ";
        }
        ((errors_ += a) += b) += c;
        return false;
    }

    std::size_t push(std::string_view name) {
        const std::size_t size = path_.size();
        (path_ += '/') += cut_utf8(name, 64);
        return size;
    }
    std::size_t push(std::size_t index) {
        std::array<char, 20> digits{};
        const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), index).ptr;
        return push(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    }

    static void skip_type(Cursor& schema) {
        do {
            schema.base();
            while (schema.eat("[]")) schema.range();
        } while (schema.eat("|"));
    }

    bool type(Cursor schema, const json::Value& value) {
        Cursor probe = schema;
        probe.base();
        while (probe.eat("[]")) probe.range();
        if (probe.done()) return alternative(schema, value);  // only one
        ++quiet_;
        bool good = false;
        bool only_texts = true;
        Cursor at = schema;
        do {
            only_texts = only_texts && at.peek() == '"';
            Cursor whole = at;
            at.base();
            while (at.eat("[]")) at.range();
            good = good || alternative(whole, value);
        } while (at.eat("|"));
        --quiet_;
        if (good) return true;
        return fail(only_texts ? "must be equal to one of the allowed values" : "must match a schema in anyOf");
    }

    // One alternative at the front of `schema`; what comes behind it is not looked at.
    bool alternative(Cursor schema, const json::Value& value) {
        const std::string_view base = schema.base();
        if (!schema.eat("[]")) return one(base, value);
        const Range length = schema.range();
        if (!value.is(json::Kind::array)) return fail("must be array");
        const auto size = static_cast<double>(value.size());
        if (length.low && size < *length.low) return bound("must NOT have fewer than ", *length.low, " items");
        if (length.high && size > *length.high) return bound("must NOT have more than ", *length.high, " items");
        bool good = true;
        std::size_t index = 0;
        for (json::Value item = value.first(); item.exists(); item = item.next(), ++index) {
            const std::size_t at = push(index);
            good = one(base, item) && good;
            path_.resize(at);
            if (!good && (full() || quiet_ > 0)) return false;
        }
        return good;
    }

    bool one(std::string_view base, const json::Value& value) {
        Cursor schema(base);
        switch (schema.peek()) {
        case '"': return value.as_string() == base.substr(1, base.size() - 2) || fail("must be equal to constant");
        case '{':
            if (!value.is(json::Kind::object)) return fail("must be object");
            return members(Cursor(base.substr(1, base.size() - 2)), value);
        case 's': {
            schema.eat("s");
            const Range range = schema.range();
            const auto text = value.as_string();
            if (!text) return fail("must be string");
            if (!range.low && !range.high) return true;
            const auto size = static_cast<double>(characters(*text));
            if (range.low && size < *range.low) return bound("must NOT have fewer than ", *range.low, " characters");
            if (range.high && size > *range.high) return bound("must NOT have more than ", *range.high, " characters");
            return true;
        }
        case 'i':
        case 'n': {
            if (base == "null") return value.is(json::Kind::null) || fail("must be null");
            const bool whole = schema.eat("i");
            schema.eat("n");
            const Range range = schema.range();
            const auto number = value.as_double();
            if (whole && !value.as_int()) return fail("must be integer");
            if (!number) return fail("must be number");
            if (range.low && *number < *range.low) return bound("must be >= ", *range.low, "");
            if (range.high && *number > *range.high) return bound("must be <= ", *range.high, "");
            return true;
        }
        case 'b': return value.is(json::Kind::boolean) || fail("must be boolean");
        case 'a': return true;
        case 'm': {
            if (!value.is(json::Kind::object)) return fail("must be object");
            bool good = true;
            for (json::Value member = value.first(); member.exists(); member = member.next()) {
                const std::size_t at = push(member.key());
                good = type(Cursor(base.substr(4, base.size() - 5)), member) && good;
                path_.resize(at);
                if (!good && (full() || quiet_ > 0)) return false;
            }
            return good;
        }
        default: break;
        }
        assert(false);
        return false;
    }

    bool bound(std::string_view before, double number, std::string_view behind) {
        std::array<char, 32> digits{};
        const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return fail(before, {digits.data(), static_cast<std::size_t>(end - digits.data())}, behind);
    }

    std::pmr::string& errors_;
    std::pmr::string path_;
    unsigned count_ = 0;
    unsigned quiet_ = 0;
};

}  // namespace

bool check_members(std::string_view schema, const json::Value& value, std::pmr::string& errors) {
    errors.clear();
    return Checker(errors, errors.get_allocator().resource()).members(Cursor(schema), value);
}

}  // namespace gw::rpc
