// ${name} and what may be asked of it.
#include "core/text.h"
#include "guardrail/shell_fields.h"

namespace gw::guardrail::shell {

namespace {

// A whole number, perhaps negative: the offsets of ${x:0:1}.
std::optional<std::ptrdiff_t> integer(std::string_view text) {
    text = trim(text);
    const bool negative = text.starts_with('-');
    const auto value = parse_decimal(negative ? text.substr(1) : text);
    if (!value || *value > INT32_MAX) return std::nullopt;
    return negative ? -static_cast<std::ptrdiff_t>(*value) : static_cast<std::ptrdiff_t>(*value);
}

}  // namespace

std::optional<Reader::Value> Reader::lookup(std::string_view name, std::string_view index) {
    const auto known = [&](std::string_view text) {
        const Text item{text, {}};
        return Value{keep(arena_, std::span<const Text>(&item, 1)), {}, true};
    };
    if (name == "@" || name == "*") {
        if (!positional_) return std::nullopt;
        return Value{*positional_, {}, true};
    }
    if (name == "0")
        return zero_.bytes.empty() ? std::nullopt
                                   : std::optional(Value{keep(arena_, std::span<const Text>(&zero_, 1)), {}, true});
    if (const auto number = parse_decimal(name)) {
        if (!positional_) return std::nullopt;
        if (*number > positional_->size()) return Value{};
        return Value{positional_->subspan(static_cast<std::size_t>(*number) - 1, 1), {}, true};
    }
    if (const auto found = variables_.find(name); found != variables_.end()) {
        if (!found->second) return std::nullopt;
        Value value = *found->second;
        if (value.items.size() > 1 && index != "@" && index != "*") {
            const auto number = index.empty() ? std::optional<std::uint64_t>(0) : parse_decimal(index);
            if (!number) return std::nullopt;
            value.items = *number < value.items.size() ? value.items.subspan(static_cast<std::size_t>(*number), 1)
                                                       : std::span<const Text>{};
        }
        return value;
    }
    if (name == "IFS") return known(" \t\n");
    if (name == "HOME") return known("~");
    if (name == "SHELL") return known("/bin/sh");
    if (name == "BASH") return known("/bin/bash");
    if (name == "PWD" && !directory_.empty()) return known(directory_);
    return std::nullopt;
}

// What ${x...} makes of the value of x; nothing when that cannot be said.
std::optional<Text> Reader::transform(const Parameter& parameter, std::string_view name, const Text& value) {
    using Operation = Parameter::Operation;
    const auto operand = parameter.operand == nullptr ? Field{} : expand_one(*parameter.operand);
    const std::string_view pattern = operand.text.bytes;
    const std::string_view bytes = value.bytes;
    if (operand.unresolved || !state_.afford(bytes.size())) return std::nullopt;
    TextBuilder out(scratch_);
    switch (parameter.operation) {
    case Operation::cut_front:
        if (operand.glob) return std::nullopt;
        out.append(value, bytes.starts_with(pattern) ? pattern.size() : 0, bytes.size());
        return out.store(arena_);
    case Operation::cut_back:
        if (operand.glob) return std::nullopt;
        out.append(value, 0, bytes.size() - (bytes.ends_with(pattern) ? pattern.size() : 0));
        return out.store(arena_);
    case Operation::replace:
    case Operation::replace_all: {
        if (operand.glob) return std::nullopt;
        const Field second = parameter.second == nullptr ? Field{} : expand_one(*parameter.second);
        std::size_t at = 0;
        while (!pattern.empty()) {
            const std::size_t found = bytes.find(pattern, at);
            if (found == std::string_view::npos || !state_.afford(second.text.bytes.size())) break;
            out.append(value, at, found);
            out.append(second.text);
            at = found + pattern.size();
            if (parameter.operation == Operation::replace) break;
        }
        out.append(value, at, bytes.size());
        return out.store(arena_);
    }
    case Operation::substring: {
        const std::size_t colon = pattern.find(':');
        const auto offset = integer(pattern.substr(0, colon).empty() ? "0" : pattern.substr(0, colon));
        const auto length = colon == std::string_view::npos ? std::optional<std::ptrdiff_t>(INT32_MAX)
                                                            : integer(pattern.substr(colon + 1));
        if (!offset || !length) return std::nullopt;
        if (name == "HOME" && *offset == 0 && *length == 1) {  // every home is an absolute path
            const Piece piece{0, value.source(), false};
            return Text{"/", keep(arena_, std::span<const Piece>(&piece, 1))};
        }
        const auto size = static_cast<std::ptrdiff_t>(bytes.size());
        const std::ptrdiff_t begin = std::clamp<std::ptrdiff_t>(*offset < 0 ? size + *offset : *offset, 0, size);
        const std::ptrdiff_t end = *length < 0 ? size + *length : begin + std::min(*length, size - begin);
        if (end > begin) out.append(value, static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
        return out.store(arena_);
    }
    case Operation::lower:
    case Operation::upper: {
        std::pmr::string changed(bytes, scratch_);
        std::transform(changed.begin(), changed.end(), changed.begin(), [&](char c) {
            if (parameter.operation == Operation::lower) return ascii_lower(c);
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        });
        return Text{keep(arena_, std::string_view(changed)), value.pieces};
    }
    default: return std::nullopt;
    }
}

void Reader::parameter(const Part& part, FieldBuilder& builder, bool alone) {
    using Operation = Parameter::Operation;
    static constexpr Parameter plain{};
    const Parameter& parameter = part.parameter == nullptr ? plain : *part.parameter;
    const std::string_view name = part.text;
    const auto unknown = [&] {
        std::pmr::string placeholder(scratch_);
        placeholder.push_back('$');
        placeholder.append(name.substr(0, 64));
        builder.hole(placeholder, part.span);
    };
    std::optional<Value> value = lookup(name, parameter.index);
    if (parameter.operation == Operation::indirect && value && value->items.size() == 1)
        value = lookup(value->items[0].bytes, {});
    const auto inline_operand = [&] {
        if (parameter.operand == nullptr) return;
        for (const Part& inner : parameter.operand->parts) append(inner, inner.text, builder, false);
    };
    switch (parameter.operation) {
    case Operation::value:
    case Operation::indirect:
    case Operation::demand: break;
    case Operation::fallback:
    case Operation::assign:
        if (value && !value->items.empty()) break;
        if (parameter.operation == Operation::assign && parameter.operand != nullptr)
            set(name, value_of(expand_one(*parameter.operand)));
        return inline_operand();
    case Operation::alternative:
        if (value && !value->items.empty())
            inline_operand();
        else if (part.quoted)
            builder.start();
        return;
    case Operation::length:
    case Operation::other: return unknown();
    default: {
        if (!value) {
            const bool first_letter = parameter.operation == Operation::substring && parameter.operand != nullptr &&
                                      (name == "PATH" || name == "PWD" || name == "OLDPWD");
            if (!first_letter || expand_one(*parameter.operand).text.bytes != "0:1") return unknown();
            return builder.literal("/", part.span, false);
        }
        if (!value->known || value->items.size() != 1) return unknown();
        const auto text = transform(parameter, name, value->items[0]);
        if (!text) return unknown();
        if (part.quoted) builder.start();
        builder.value(*text, part.quoted, true, part.span);
        builder.flows_from(value->channels);
        return;
    }
    }
    if (!value) {
        // On a command line $1 and $@ are nothing, and stand inside other words to hide these; alone, they are probably
        // the arguments of a script.
        const bool positional = !name.empty() && (is_digit(name[0]) || name == "@" || name == "*");
        if (positional && !alone) return;
        return unknown();
    }
    builder.flows_from(value->channels);
    if (part.quoted && name != "@" && parameter.index != "@") builder.start();
    for (std::size_t i = 0; i < value->items.size(); ++i) {
        if (i != 0 && (!part.quoted || name == "@" || parameter.index == "@"))
            builder.end();
        else if (i != 0)
            builder.literal(" ", part.span, false);
        Text item = value->items[i];
        const Piece piece{0, part.span, false};
        if (item.pieces.empty()) item.pieces = std::span<const Piece>(&piece, 1);
        builder.value(item, part.quoted, value->known, part.span);
        if (part.quoted) builder.start();
    }
}

}  // namespace gw::guardrail::shell
