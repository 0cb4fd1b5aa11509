#include "rpc/json_schema.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "rpc/schema.h"

namespace gw::rpc {

namespace {

constexpr unsigned depth_max = 16;
constexpr std::size_t texts_max = 256;   // of one enumeration

bool is_plain(std::string_view text, std::string_view marks) noexcept {
    return text.find_first_of(marks) == std::string_view::npos &&
           std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}
bool is_plain_name(std::string_view name) noexcept { return !name.empty() && is_plain(name, "?: {}<>\"*"); }
bool is_plain_text(std::string_view text) noexcept { return is_plain(text, "\"{}<>"); }

bool has_text(const json::Value& list, std::string_view text) noexcept {
    for (json::Value one = list.first(); one.exists(); one = one.next()) {
        if (one.as_string() == text) return true;
    }
    return false;
}

// Appends to a line. What makes a type tells whether it may be the element of a list: no alternatives, no list.
class Line {
public:
    explicit Line(std::pmr::string& out) noexcept : out_(out) {}

    void members(const json::Value& schema, unsigned depth) {
        const json::Value required = schema["required"];
        std::size_t count = 0;
        bool open = schema["additionalProperties"].as_bool() != false;
        for (json::Value one = schema["properties"].first(); one.exists(); one = one.next()) {
            if (count == members_max || !is_plain_name(one.key())) {
                open = true;
                continue;
            }
            if (count++ > 0) out_ += ' ';
            out_ += one.key();
            if (!has_text(required, one.key())) out_ += '?';
            out_ += ':';
            type(one, depth + 1);
        }
        for (json::Value one = required.first(); one.exists() && count < members_max; one = one.next()) {
            const std::string_view name = one.as_string().value_or(std::string_view{});
            if (!is_plain_name(name) || schema["properties"][name].exists()) continue;
            if (count++ > 0) out_ += ' ';
            (out_ += name) += ":any";
            open = true;
        }
        if (open) out_ += count > 0 ? " *" : "*";
    }

private:
    bool any() {
        out_ += "any";
        return true;
    }

    bool type(const json::Value& schema, unsigned depth) {
        if (depth > depth_max || !schema.is(json::Kind::object) || schema["$ref"].exists()) return any();
        if (const json::Value constant = schema["const"]; constant.exists()) {
            const auto text = constant.as_string();
            if (!text || !is_plain_text(*text)) return any();
            ((out_ += '"') += *text) += '"';
            return true;
        }
        if (const json::Value texts = schema["enum"]; texts.exists()) return enumeration(texts);
        for (const std::string_view choice : {"anyOf", "oneOf"}) {
            if (schema[choice].is(json::Kind::array))
                return alternatives(schema[choice], [&](const json::Value& one) { type(one, depth + 1); });
        }
        const json::Value name = schema["type"];
        if (name.is(json::Kind::array))
            return alternatives(name,
                                [&](const json::Value& one) { named(one.as_string().value_or(""), schema, depth); });
        return named(name.exists()                   ? name.as_string().value_or("")
                     : schema["properties"].exists() ? "object"
                                                     : "",
                     schema, depth);
    }

    bool enumeration(const json::Value& texts) {
        const bool is_plain_list = texts.is(json::Kind::array) && texts.size() > 0 && texts.size() <= texts_max;
        bool plain = is_plain_list;
        for (json::Value one = texts.first(); one.exists() && plain; one = one.next())
            plain = one.as_string() && is_plain_text(*one.as_string());
        if (!plain) return any();
        for (json::Value one = texts.first(); one.exists(); one = one.next()) {
            if (one.offset() != texts.first().offset()) out_ += '|';
            ((out_ += '"') += *one.as_string()) += '"';
        }
        return texts.size() == 1;
    }

    // One of them may be anything: then so is the whole.
    template <typename Write>
    bool alternatives(const json::Value& list, Write write) {
        const std::size_t begin = out_.size();
        for (json::Value one = list.first(); one.exists(); one = one.next()) {
            if (out_.size() > begin) out_ += '|';
            const std::size_t at = out_.size();
            write(one);
            if (std::string_view(out_).substr(at) != "any") continue;
            out_.resize(begin);
            return any();
        }
        return out_.size() == begin ? any() : false;
    }

    bool named(std::string_view name, const json::Value& schema, unsigned depth) {
        if (name == "string") {
            out_ += 's';
            range(schema["minLength"], schema["maxLength"]);
        } else if (name == "integer" || name == "number") {
            out_ += name.front();
            range(schema["minimum"], schema["maximum"]);
        } else if (name == "boolean") {
            out_ += 'b';
        } else if (name == "null") {
            out_ += "null";
        } else if (name == "array") {
            const std::size_t begin = out_.size();
            if (!type(schema["items"], depth + 1)) {
                out_.resize(begin);
                any();
            }
            out_ += "[]";
            range(schema["minItems"], schema["maxItems"]);
            return false;
        } else if (name == "object" && schema["properties"].size() + schema["required"].size() > 0) {
            out_ += '{';
            members(schema, depth);
            out_ += '}';
        } else if (name == "object") {
            out_ += "map<";
            schema["additionalProperties"].is(json::Kind::object) ? type(schema["additionalProperties"], depth + 1)
                                                                  : any();
            out_ += '>';
        } else {
            return any();
        }
        return true;
    }

    void range(const json::Value& low, const json::Value& high) {
        const auto from = low.as_double();
        const auto to = high.as_double();
        if (!from && !to) return;
        out_ += '(';
        if (from) number(*from);
        out_ += "..";
        if (to) number(*to);
        out_ += ')';
    }
    void number(double value) {
        char digits[32];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }

    std::pmr::string& out_;
};

}  // namespace

bool from_json_schema(const json::Value& schema, std::pmr::string& line) {
    line.clear();
    if (!schema.is(json::Kind::object)) return false;
    if (schema["type"].exists() && schema["type"].as_string() != "object") return false;
    Line(line).members(schema, 0);
    return true;
}

}  // namespace gw::rpc
