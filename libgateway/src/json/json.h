// JSON, reading (on simdjson) and writing.
//
//     text -- parse() --> Document -- root() --> Value: kind, members, elements, text, number, and where it lay
//     Writer --> text in a Buffer
//
// Reading is strict RFC 8259: valid UTF-8, no duplicate keys in one object (two readers of one text must not see two
// things: GW_ERR_DATA), depth and size limits, nothing after the value. Every Value knows its place in the source, so
// that a caller can forward or replace the very bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"

namespace gw::json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

struct Limits {
    std::size_t bytes_max = 64U << 20U;  // at most 256 MiB, whatever is asked for
    std::size_t depth_max = 128;         // objects and arrays inside one another; a value alone has depth 0
    std::size_t nodes_max = SIZE_MAX;    // values and keys
};

class Document;
struct DocumentState;

// A light view of one value of a Document; valid as long as the Document and its text. A default Value is "missing":
// exists() is false, and every question answers nothing, so that paths chain: root["a"]["b"].as_string().
class Value {
public:
    Value() noexcept = default;
    [[nodiscard]] bool exists() const noexcept { return document_ != nullptr; }
    [[nodiscard]] Kind kind() const noexcept;  // null for a missing value
    [[nodiscard]] bool is(Kind wanted) const noexcept { return exists() && kind() == wanted; }

    [[nodiscard]] std::optional<bool> as_bool() const noexcept;
    [[nodiscard]] std::optional<std::string_view> as_string() const noexcept;  // escapes resolved
    [[nodiscard]] std::optional<double> as_double() const noexcept;            // any number
    // A whole number in range. 3.0 and 3e0 are 3 (JSON does not tell them apart) as long as a double is exact, 2^53.
    [[nodiscard]] std::optional<std::int64_t> as_int() const noexcept;

    [[nodiscard]] Value operator[](std::string_view key) const noexcept;  // object member; missing if there is none
    [[nodiscard]] Value operator[](std::size_t index) const noexcept;     // array element
    [[nodiscard]] std::size_t size() const noexcept;                      // members or elements

    // Iteration in source order: for (Value v = object.first(); v.exists(); v = v.next()) use(v.key(), v);
    [[nodiscard]] Value first() const noexcept;
    [[nodiscard]] Value next() const noexcept;
    [[nodiscard]] std::string_view key() const noexcept;  // of an object member, escapes resolved; else ""

    // The bytes of this value in the source text (a string with its quotes), and where they begin.
    [[nodiscard]] std::string_view raw() const noexcept;
    [[nodiscard]] std::size_t offset() const noexcept;

private:
    friend class Document;
    Value(const Document* document, std::uint32_t node) noexcept : document_(document), node_(node) {}
    const Document* document_ = nullptr;
    std::uint32_t node_ = 0;
};

// A parsed text. Keeps its memory for the next parse(): in steady state parsing allocates nothing. That memory is 16
// bytes per value and per key, a copy of each string that has escapes, and simdjson's 4 bytes per byte of text from
// operator new, of which it touches 4 per token: of one long string next to nothing, of [1,1,1,...] twelve times the
// text.
class Document {
public:
    explicit Document(std::pmr::memory_resource* memory);
    ~Document();
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    // Parses `text`, which must stay alive and unchanged as long as Values are used. Errors: GW_ERR_DATA (with the
    // offset and what was wrong), GW_ERR_LIMIT. A number beyond the range of double is GW_ERR_DATA, as is half of a
    // surrogate pair. After a failure root() is missing.
    [[nodiscard]] Result<void> parse(std::string_view text, const Limits& limits = {});
    [[nodiscard]] Value root() const noexcept;
    // Ends the parsed text (root() is missing then), and gives the memory back when it is more than `bytes_kept`: after
    // an unusually large text.
    void shrink(std::size_t bytes_kept) noexcept;

private:
    friend class Value;
    DocumentState* state_;
};

// Writes one JSON text, compact. Commas and colons are set by the Writer; nesting is checked by assertions only.
//
//     Writer w(out);
//     w.begin_object().key("ok").boolean(true).key("n").number(std::int64_t{3}).end_object();
class Writer {
public:
    explicit Writer(Buffer& out) noexcept : out_(out) {}
    Writer& begin_object();
    Writer& end_object();
    Writer& begin_array();
    Writer& end_array();
    Writer& key(std::string_view key);
    Writer& string(std::string_view text);  // escaped; invalid UTF-8 becomes U+FFFD
    Writer& number(std::int64_t value);
    Writer& number(std::uint64_t value);
    Writer& number(double value);  // shortest form that reads back the same (3.0: 3); NaN and infinities: null
    Writer& boolean(bool value);
    Writer& null();
    Writer& raw(std::string_view json);  // a value that is JSON already
    Writer& value(const Value& value) { return raw(value.raw()); }
    // Shorthands for members; one call each, for there are a thousand of them.
    Writer& member(std::string_view k, std::string_view text);
    Writer& member(std::string_view k, const char* text);
    Writer& member(std::string_view k, std::int64_t n);
    Writer& member(std::string_view k, std::uint64_t n);
    Writer& member(std::string_view k, int n) { return member(k, static_cast<std::int64_t>(n)); }
    Writer& member(std::string_view k, bool b);

private:
    void separate();
    void quote(std::string_view text, bool comma, bool colon);
    Writer& open(char bracket);
    Writer& close(char bracket);

    Buffer& out_;
    bool first_ = true;  // no comma before the next value; one flag is enough, for behind a closing bracket it is false
    bool after_key_ = false;
    // For the assertions: how many containers are open, and one bit for each, the innermost lowest, 1 for an object.
    bool bits_lost_ = false;
    std::uint32_t depth_ = 0;
    std::uint64_t objects_ = 0;
};

// Appends the text with JSON escapes, without quotes (for streaming a long string in pieces that are whole characters).
void append_escaped(Buffer& out, std::string_view text);

}  // namespace gw::json
