// llhttp behind a narrow door: text of one message in, what llhttp saw out. The only user of llhttp.h is scanner.cpp.
//
//     begin() -- scan(head) -- scan(content or chunk line) ... -- scan(trailer)
//
// The reader hands over whole lines and never more than one message, and compares: llhttp must see the same sizes and
// the same end as the reader computed. Two parsers that have to agree are harder to smuggle past than one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http1/fields.h"

namespace gw::http1 {

enum class Role : std::uint8_t { request, response };

class Scanner {
public:
    enum class Fault : std::uint8_t { none, method, version, other };

    // What one scan() came across.
    struct Seen {
        Fault fault = Fault::none;
        bool headers_complete = false;
        bool message_complete = false;
        bool chunk = false;            // a chunk size line ...
        std::uint64_t chunk_size = 0;  // ... and its size
        std::string_view body;         // a view into the scanned text
    };

    explicit Scanner(Role role) noexcept;
    ~Scanner() = default;  // llhttp owns nothing
    Scanner(const Scanner&) = delete;
    Scanner& operator=(const Scanner&) = delete;

    // Forgets the message before. `without_content`: this response has none whatever its fields say.
    void begin(bool without_content) noexcept;

    // Scans more of the message. Fields in it are added to `fields`, which has room for as many as there are lines.
    [[nodiscard]] Seen scan(std::string_view text, Fields* fields) noexcept;

private:
    struct Callbacks;

    alignas(8) std::byte storage_[160];  // llhttp_t, whose size differs between versions
    Fields* fields_ = nullptr;
    Seen seen_;
    bool without_content_ = false;
};

}  // namespace gw::http1
