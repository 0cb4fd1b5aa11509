// DNS messages, both sides: RFC 1035 4, as multicast DNS (RFC 6762) and service discovery (RFC 6763) use them.
//
//     datagram -- Reader --> head(), next(): Entry, Entry, ... (questions, then records)
//     Head, Entry, Entry, ... -- Writer --> datagram
//
// A datagram is a whole message, or none: one that is cut anywhere is refused. Names are handed over as they are on the
// wire without compression, each label behind its length and an empty one at the end ("\3box\5local\0"), so that they
// need no escapes; the names in the data of PTR and SRV records likewise.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"
#include "core/text.h"

namespace gw::dns {

inline constexpr std::size_t message_bytes_max = 9000;  // RFC 6762 17
inline constexpr std::size_t name_bytes_max = 255;      // RFC 1035 2.3.4, as are those of labels
inline constexpr std::size_t label_bytes_max = 63;
inline constexpr std::size_t entry_count_max = 400;  // of one message; a question takes five bytes

namespace type {
inline constexpr std::uint16_t a = 1, ptr = 12, txt = 16, aaaa = 28, srv = 33, nsec = 47, any = 255;
}  // namespace type
inline constexpr std::uint16_t class_internet = 1, class_any = 255;

struct Head {
    std::uint16_t id = 0;
    bool is_response = false;  // then written as from the authority
    std::uint8_t opcode = 0;   // of what is read; 0: a usual query or its answer
    std::uint8_t code = 0;     // likewise; 0: no error
};

enum class Section : std::uint8_t { question, answer, authority, additional };

// A question, or a record.
struct Entry {
    Section section = Section::question;
    std::string_view name{};
    std::uint16_t type = type::any;
    std::uint16_t klass = class_internet;  // without its highest bit,
    bool flag = false;                     // which is: answer me alone (RFC 6762 5.4), or forget what you knew (10.2)
    std::uint32_t ttl = 0;                 // seconds
    std::string_view data{};               // of a record
};

// Equal but for the case of ASCII letters. Lengths of labels are no letters.
[[nodiscard]] constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    return equals_ignoring_case(a, b);
}

// Reads one message without memory of its own.
class Reader {
public:
    explicit Reader(std::string_view message) noexcept;

    [[nodiscard]] const Head& head() const noexcept { return head_; }
    // The next entry, valid until the next call; nothing behind the last. GW_ERR_PROTOCOL: the message is cut, or a
    // name in it is none (RFC 1035 4.1.4: a pointer leads back, so that names end); GW_ERR_LIMIT: it has too many
    // entries, or too many bytes. An error stays.
    [[nodiscard]] Result<std::optional<Entry>> next() noexcept;

private:
    [[nodiscard]] bool read_entry(Entry& out) noexcept;
    // The name at `at`, behind which `at` is then, appended to `out`.
    [[nodiscard]] bool read_name(std::size_t& at, std::array<char, name_bytes_max>& out,
                                 std::size_t& size) const noexcept;
    [[nodiscard]] bool read_data(Entry& out, std::size_t end) noexcept;
    [[nodiscard]] std::uint16_t number(std::size_t at) const noexcept;

    std::string_view message_;
    Head head_;
    std::array<std::uint16_t, 4> left_{};  // entries of each section
    std::size_t at_ = 0, count_ = 0;
    Error error_{GW_OK, 0, {}};
    std::array<char, name_bytes_max> name_{};
    std::array<char, name_bytes_max> data_name_{};
    std::array<char, 6 + name_bytes_max> data_{};  // priority, weight and port of an SRV record, and a name
};

// Writes one message into `out`, which is empty at first. Names are compressed where that is allowed to everybody: not
// in SRV records (RFC 2782).
class Writer {
public:
    Writer(Buffer& out, const Head& head);

    // Sections come in their order. False: the message would have more than `bytes_max` bytes, and stays as it was.
    bool add(const Entry& entry, std::size_t bytes_max = message_bytes_max);

private:
    void number(std::uint16_t value);
    void name(std::string_view name);

    Buffer& out_;
    std::array<std::uint16_t, 48> labels_{};  // where names begin that may be pointed at
    std::size_t label_count_ = 0;
};

}  // namespace gw::dns
