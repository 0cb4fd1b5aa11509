// A request-target, taken apart: which form it has, where path and query are, and the path's segments, decoded.
//
//     "http://h/a%2Fb/c?x" --> split_target() --> "/a%2Fb/c", "x"
//     "/a%2Fb/c" --> Path::parse() --> segments "a/b", "c"; rest(0) "a/b/c"
#pragma once

#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

namespace gw::route {

struct Target {
    bool asterisk = false;   // the whole server: OPTIONS * (RFC 9112 3.2.4)
    std::string_view path;   // begins with '/'
    std::string_view query;  // behind '?'
};

// Nothing when it is none of the forms that a server of resources gets: origin, absolute (http or https), asterisk.
[[nodiscard]] std::optional<Target> split_target(std::string_view method, std::string_view target) noexcept;

class Path {
public:
    explicit Path(std::pmr::memory_resource* memory) : text_(memory), ends_(memory) {}

    // Splits and decodes; false for what the header of route.h calls bad.
    [[nodiscard]] bool parse(std::string_view path);

    // "/" has one segment, "". Views are valid until the next parse().
    [[nodiscard]] std::size_t count() const noexcept { return ends_.size(); }
    [[nodiscard]] std::string_view segment(std::size_t index) const noexcept {
        const std::size_t begin = begin_of(index);
        return {text_.data() + begin, ends_[index] - begin};
    }
    // From a segment to the end, with '/' in between.
    [[nodiscard]] std::string_view rest(std::size_t index) const noexcept {
        const std::size_t begin = begin_of(index);
        return {text_.data() + begin, ends_.back() - begin};
    }

private:
    [[nodiscard]] std::size_t begin_of(std::size_t index) const noexcept {
        return index == 0 ? 0 : ends_[index - 1] + 1;
    }

    std::pmr::vector<char> text_;         // the segments, decoded, with '/' in between; longer than needed
    std::pmr::vector<std::size_t> ends_;  // where each segment ends in it
};

// True for a segment that another reader could take for "." or "..".
[[nodiscard]] bool is_dot_segment(std::string_view decoded) noexcept;

// True when there is a control character or a backslash.
[[nodiscard]] bool has_forbidden(std::string_view decoded) noexcept;

enum class Plus : bool { literal, space };

// Percent-decodes (RFC 3986 2.1) into `out`, which has room for `text.size()` bytes and may be where `text` lies. Gives
// the number of bytes written; nothing when an escape is broken.
[[nodiscard]] std::optional<std::size_t> percent_decode_into(std::string_view text, Plus plus, char* out) noexcept;

// How many bytes that would be.
[[nodiscard]] std::optional<std::size_t> percent_decoded_size(std::string_view text) noexcept;

// The first value of that name in a query string, not decoded yet; nothing when absent.
[[nodiscard]] std::optional<std::string_view> find_query_parameter(std::string_view query,
                                                                   std::string_view name) noexcept;

}  // namespace gw::route
