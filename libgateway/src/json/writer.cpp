#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>

#include "json/escape.h"
#include "json/json.h"

namespace gw::json {

// Before every value: the comma, unless a key or an opening bracket stands in front of it.
void Writer::separate() {
    assert(depth_ > 0 || first_);  // one text has one value
    assert(depth_ == 0 || bits_lost_ || (objects_ & 1U) == 0 || after_key_);
    if (after_key_) {
        after_key_ = false;
    } else if (!first_) {
        out_.append(',');
    }
    first_ = false;
}

Writer& Writer::open(char bracket) {
    separate();
    out_.append(bracket);
    first_ = true;
    objects_ = objects_ << 1U | (bracket == '{' ? 1U : 0U);
    if (++depth_ > 64) bits_lost_ = true;
    return *this;
}

Writer& Writer::close(char bracket) {
    assert(depth_ > 0);
    assert(!after_key_);
    assert(bits_lost_ || (objects_ & 1U) == (bracket == '}' ? 1U : 0U));
    out_.append(bracket);
    first_ = false;
    objects_ >>= 1U;
    --depth_;
    return *this;
}

Writer& Writer::begin_object() { return open('{'); }
Writer& Writer::end_object() { return close('}'); }
Writer& Writer::begin_array() { return open('['); }
Writer& Writer::end_array() { return close(']'); }

Writer& Writer::key(std::string_view key) {
    assert(depth_ > 0 && (bits_lost_ || (objects_ & 1U) == 1));
    assert(!after_key_);
    quote(key, !first_, true);
    first_ = false;
    after_key_ = true;
    return *this;
}

Writer& Writer::string(std::string_view text) {
    separate();
    quote(text, false, false);
    return *this;
}

// `text` between quotes, with what stands around it. Nearly every text needs no escape: that goes out in one piece.
void Writer::quote(std::string_view text, bool comma, bool colon) {
    if (is_plain(text)) {
        char* const begin = reinterpret_cast<char*>(out_.prepare(text.size() + 4).data());
        char* at = begin;
        if (comma) *at++ = ',';
        *at++ = '"';
        if (!text.empty()) std::memcpy(at, text.data(), text.size());
        at += text.size();
        *at++ = '"';
        if (colon) *at++ = ':';
        out_.commit(static_cast<std::size_t>(at - begin));
        return;
    }
    if (comma) out_.append(',');
    out_.append('"');
    escape_to(out_, text);
    out_.append(colon ? std::string_view("\":") : std::string_view("\""));
}

namespace {

template <typename Number>
void append_number(Buffer& out, Number value) {
    std::array<char, 32> text{};  // the longest double has 24 characters
    const auto [end, failure] = std::to_chars(text.data(), text.data() + text.size(), value);
    assert(failure == std::errc{});
    out.append(std::string_view{text.data(), static_cast<std::size_t>(end - text.data())});
}

}  // namespace

Writer& Writer::number(std::int64_t value) {
    separate();
    append_number(out_, value);
    return *this;
}

Writer& Writer::number(std::uint64_t value) {
    separate();
    append_number(out_, value);
    return *this;
}

Writer& Writer::number(double value) {
    if (!std::isfinite(value)) return null();
    separate();
    append_number(out_, value);
    return *this;
}

Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }

Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
    assert(!json.empty());
    separate();
    out_.append(json);
    return *this;
}

Writer& Writer::member(std::string_view k, std::string_view text) { return key(k).string(text); }
Writer& Writer::member(std::string_view k, const char* text) { return key(k).string(text); }
Writer& Writer::member(std::string_view k, std::int64_t n) { return key(k).number(n); }
Writer& Writer::member(std::string_view k, std::uint64_t n) { return key(k).number(n); }
Writer& Writer::member(std::string_view k, bool b) { return key(k).boolean(b); }

void append_escaped(Buffer& out, std::string_view text) { escape_to(out, text); }

}  // namespace gw::json
