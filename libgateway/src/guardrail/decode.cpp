#include "guardrail/decode.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace gw::guardrail {

namespace {

constexpr std::size_t base64_window = 24;
constexpr std::size_t hex_window = 32;
constexpr std::uint64_t line_gap_max = 16;  // white space between two lines of a run

constexpr std::uint8_t no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> base64_digits() noexcept {
    std::array<std::uint8_t, 256> digits{};
    for (std::uint8_t& digit : digits) digit = no_digit;
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    digits['-'] = 62;  // RFC 4648 5
    digits['_'] = 63;
    return digits;
}

constexpr std::array<std::uint8_t, 256> hex_digits() noexcept {
    std::array<std::uint8_t, 256> digits{};
    for (std::size_t c = 0; c < digits.size(); ++c) {
        const std::size_t lower = c | 0x20U;
        digits[c] = c >= '0' && c <= '9'           ? static_cast<std::uint8_t>(c - '0')
                    : lower >= 'a' && lower <= 'f' ? static_cast<std::uint8_t>(lower - 'a' + 10)
                                                   : no_digit;
    }
    return digits;
}

constexpr std::array<std::uint8_t, 256> digits_of[] = {base64_digits(), hex_digits()};

constexpr std::uint8_t digit(RunKind kind, char c) noexcept {
    return digits_of[kind == RunKind::hex ? 1 : 0][static_cast<unsigned char>(c)];
}
constexpr bool is_base64(char c) noexcept { return digit(RunKind::base64, c) != no_digit; }
constexpr bool is_hex(char c) noexcept { return digit(RunKind::hex, c) != no_digit; }
constexpr unsigned digit_bits(RunKind kind) noexcept { return kind == RunKind::hex ? 4 : 6; }
constexpr unsigned unit_bits(bool utf16) noexcept { return utf16 ? 16 : 8; }

constexpr bool is_text(unsigned char c) noexcept {
    return (c >= 0x20 && c < 0x7F) || c == '\t' || c == '\n' || c == '\r';
}

enum class Looks : std::uint8_t { unlike_text, text, utf16 };

// What a window says, which is at least 15 bytes; a character may be cut off at its end. Most that are no text are
// known by their first bytes.
Looks looks(RunKind kind, std::string_view window) noexcept {
    std::size_t size = 0;
    unsigned bits = 0;
    unsigned bit_count = 0;
    unsigned continuation = 0;  // bytes of a UTF-8 sequence that are still to come
    bool utf16 = true;
    bool text = true;
    for (const char c : window) {
        bits = bits << digit_bits(kind) | digit(kind, c);
        bit_count += digit_bits(kind);
        if (bit_count < 8) continue;
        bit_count -= 8;
        const auto byte = static_cast<unsigned char>(bits >> bit_count & 0xFFU);
        utf16 = utf16 && (size++ % 2 == 0 ? is_text(byte) : byte == 0);
        if (continuation > 0) {
            text = text && (byte & 0xC0U) == 0x80;
            --continuation;
        } else if (byte >= 0x80) {
            text = text && byte >= 0xC2 && byte <= 0xF4;
            continuation = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        } else {
            text = text && is_text(byte);
        }
        if (!utf16 && !text) return Looks::unlike_text;
    }
    return utf16 ? Looks::utf16 : Looks::text;
}

// Where the next run may begin in a window that was no text: behind its last character that joins words of paths and
// options, or behind "0x".
std::size_t behind_separator(std::string_view window) noexcept {
    for (std::size_t i = window.size(); i-- > 0;) {
        const char c = window[i];
        const bool prefix = (c == 'x' || c == 'X') && i > 0 && window[i - 1] == '0';
        if (c == '/' || c == '-' || c == '_' || c == '+' || prefix) return i + 1;
    }
    return window.size();
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> origin_of(const RunEvent& data, std::size_t i) noexcept {
    const std::uint64_t per_digit = digit_bits(data.kind);
    const std::uint64_t per_unit = unit_bits(data.utf16);
    const std::uint64_t bit = (data.index * per_digit / per_unit + i) * per_unit;
    const std::uint64_t begin = bit / per_digit;
    const std::uint64_t last = (bit + per_unit - 1) / per_digit;
    return {begin < data.index ? data.first : data.original + (begin - data.index),
            data.original + (last - data.index) + 1};
}

struct RunDecoder::Output {
    std::pmr::string& out;
    std::pmr::vector<RunEvent>& events;
    std::uint64_t at;  // of the next byte of the piece
};

void RunDecoder::open_run(RunKind kind, bool utf16, std::size_t begin, Output& output) {
    char digits[window_max];
    const std::size_t size = window_size_ - begin;
    std::copy_n(window_ + begin, size, digits);
    window_size_ = 0;
    state_ = State::open;
    kind_ = kind;
    utf16_ = utf16;
    bit_count_ = 0;
    bits_ = 0;
    index_ = 0;
    run_bytes_ = 0;
    const std::uint64_t at = output.at;
    output.at -= size;
    RunEvent event;
    event.kind = kind;
    event.utf16 = utf16;
    event.original = output.at;
    output.events.push_back(event);
    decode({digits, size}, output);
    assert(output.at == at && state_ == State::open);
    (void)at;
}

void RunDecoder::end_run(std::uint64_t at, Output& output) {
    RunEvent event;
    event.type = RunEvent::Type::end;
    event.kind = kind_;
    event.utf16 = utf16_;
    event.original = at;
    output.events.push_back(event);
    state_ = State::looking;
}

// True when the window opened a run. Otherwise what cannot belong to one has left it.
bool RunDecoder::try_window(Output& output) {
    const std::string_view window(window_, window_size_);
    const auto attempt = [&](RunKind kind, std::size_t begin) {
        const Looks like = looks(kind, window.substr(begin));
        if (like == Looks::unlike_text) return false;
        open_run(kind, like == Looks::utf16, begin, output);
        return true;
    };
    if (window.size() == hex_window) {  // only hexadecimal digits get so far
        for (std::size_t begin = 0; begin < 2; ++begin) {
            if (attempt(RunKind::hex, begin)) return true;
        }
    }
    for (std::size_t begin = 0; begin < 4; ++begin) {
        if (attempt(RunKind::base64, begin)) return true;
    }
    const std::size_t gone = behind_separator(window);
    std::copy(window_ + gone, window_ + window_size_, window_);
    window_size_ = static_cast<std::uint8_t>(window_size_ - gone);
    return false;
}

// Takes bytes until a run is open; how many. Words are passed over from behind: of 24 bytes, the last one that is no
// digit of base64 says where the next run can begin.
std::size_t RunDecoder::look(std::string_view piece, Output& output) {
    std::size_t at = 0;
    while (at < piece.size()) {
        if (window_size_ < base64_window) {
            const std::size_t size = std::min(base64_window - window_size_, piece.size() - at);
            std::size_t begin = at + size;
            while (begin > at && is_base64(piece[begin - 1])) --begin;
            if (begin > at) window_size_ = 0;
            std::copy(piece.begin() + static_cast<std::ptrdiff_t>(begin),
                      piece.begin() + static_cast<std::ptrdiff_t>(at + size), window_ + window_size_);
            window_size_ = static_cast<std::uint8_t>(window_size_ + at + size - begin);
            output.at += size;
            at += size;
            if (window_size_ < base64_window) continue;
            if (std::all_of(window_, window_ + window_size_, is_hex)) continue;
        } else if (is_hex(piece[at])) {
            window_[window_size_++] = piece[at++];
            ++output.at;
            if (window_size_ < hex_window) continue;
        }
        if (try_window(output)) break;
    }
    return at;
}

// Takes the digits at the beginning of `piece`; how many. Anything else ends the run or begins a gap in it.
std::size_t RunDecoder::decode(std::string_view piece, Output& output) {
    RunEvent event;
    event.type = RunEvent::Type::data;
    event.kind = kind_;
    event.utf16 = utf16_;
    event.original = output.at;
    event.index = index_;
    event.first = bit_count_ > 0 ? unit_begin_ : output.at;
    event.out_begin = output.out.size();
    const unsigned per_digit = digit_bits(kind_);
    const unsigned per_unit = unit_bits(utf16_);
    std::size_t at = 0;
    for (; at < piece.size(); ++at) {
        const std::uint8_t value = digit(kind_, piece[at]);
        if (value == no_digit) break;
        ++index_;
        if (run_bytes_ == options_.run_bytes_max) {
            ++passed_over_;
            continue;
        }
        if (bit_count_ == 0) unit_begin_ = output.at + at;
        bits_ = bits_ << per_digit | value;
        bit_count_ = static_cast<std::uint8_t>(bit_count_ + per_digit);
        if (bit_count_ < per_unit) continue;
        bit_count_ = static_cast<std::uint8_t>(bit_count_ - per_unit);
        if (bit_count_ > 0) unit_begin_ = output.at + at;
        const std::uint32_t unit = bits_ >> bit_count_ & ((1U << per_unit) - 1);
        // UTF-16LE: the low byte comes first.
        const bool beyond_ascii = utf16_ && (unit & 0x80FFU) != 0;
        output.out.push_back(!utf16_ ? static_cast<char>(unit) : beyond_ascii ? '?' : static_cast<char>(unit >> 8U));
        ++run_bytes_;
    }
    output.at += at;
    event.out_end = output.out.size();
    if (event.out_end > event.out_begin) output.events.push_back(event);
    if (at == piece.size()) return at;
    const char next = piece[at];
    if (next == ' ' || next == '\t' || next == '\r' || next == '\n') {
        state_ = State::gap;
        gap_begin_ = output.at;
    } else {
        end_run(output.at, output);
    }
    return at;
}

// White space after a digit: a run goes on behind it if it was the end of a line.
std::size_t RunDecoder::skip_gap(std::string_view piece, Output& output) {
    std::size_t at = 0;
    for (; at < piece.size(); ++at) {
        const char c = piece[at];
        const std::uint64_t size = output.at + at - gap_begin_;
        const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        // Of blanks alone no line is made: the first byte of a gap is the end of the line.
        const bool ends_line = size > 0 || c == '\r' || c == '\n';
        if (space && ends_line && size < line_gap_max) continue;
        output.at += at;
        if (!space && digit(kind_, c) != no_digit) {
            state_ = State::open;
        } else {
            end_run(gap_begin_, output);
        }
        return at;
    }
    output.at += at;
    return at;
}

void RunDecoder::feed(std::string_view piece, std::pmr::string& out, std::pmr::vector<RunEvent>& events) {
    Output output{out, events, offset_};
    while (!piece.empty()) {
        std::size_t taken = 0;
        switch (state_) {
        case State::looking: taken = look(piece, output); break;
        case State::open: taken = decode(piece, output); break;
        case State::gap: taken = skip_gap(piece, output); break;
        }
        piece.remove_prefix(taken);
    }
    offset_ = output.at;
}

void RunDecoder::finish(std::pmr::string& out, std::pmr::vector<RunEvent>& events) {
    Output output{out, events, offset_};
    if (state_ == State::looking && window_size_ >= base64_window) (void)try_window(output);
    if (state_ != State::looking) end_run(state_ == State::gap ? gap_begin_ : output.at, output);
    window_size_ = 0;
}

}  // namespace gw::guardrail
