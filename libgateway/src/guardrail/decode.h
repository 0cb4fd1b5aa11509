// The second layer: base64, base64url and hexadecimal runs inside a text, opened as they come.
//
//     echo aW1wb3J0IG9zO29zLnN5c3RlbSgn... | base64 -d
//          \____________ run ____________/
//          begin     data "import os;os.system('..." ...     end          RunDecoder::feed() -> out, events
//
// A run is opened when 24 characters of base64 or 32 of hexadecimal are there and what they say looks like text: ASCII,
// UTF-8, or UTF-16LE as PowerShell's -EncodedCommand has it, which is given as ASCII. Where letters before the run hide
// where it begins, every alignment is tried, again for each next window of a long run, so that a run is found behind a
// path or behind bytes that are no text. All else is passed over: identifiers, hashes, pictures.
//
// Within an open run line ends are skipped, as MIME wraps it (RFC 2045 6.8). The text may be cut anywhere: the events
// are the same when neighbouring data is joined. What is kept of a run that is not open yet is in the object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gw::guardrail {

enum class RunKind : std::uint8_t { base64, hex };

struct RunEvent {
    enum class Type : std::uint8_t { begin, data, end };
    Type type = Type::begin;
    RunKind kind = RunKind::base64;
    bool utf16 = false;
    // begin: the first byte of the run; end: just behind its last. data: where its characters begin, `index` of them
    // were before in this run, and the first of those that belong to the first byte of data may be before, at `first`.
    std::uint64_t original = 0;
    std::uint64_t index = 0;
    std::uint64_t first = 0;
    // data: [out_begin, out_end) of `out`.
    std::size_t out_begin = 0;
    std::size_t out_end = 0;
};

// The original bytes [first, second) that byte `i` of a data event was made of.
[[nodiscard]] std::pair<std::uint64_t, std::uint64_t> origin_of(const RunEvent& data, std::size_t i) noexcept;

struct RunOptions {
    std::uint64_t run_bytes_max = 64 * 1024;  // of one run, decoded; what is behind them is passed over and counted
};

class RunDecoder {
public:
    RunDecoder() = default;
    explicit RunDecoder(const RunOptions& options) noexcept : options_(options) {}

    // Takes the next piece; appends decoded bytes to `out`, and what they are to `events`. When an allocation fails,
    // the decoder is only good for being destroyed.
    void feed(std::string_view piece, std::pmr::string& out, std::pmr::vector<RunEvent>& events);

    // The text ends here, and with it an open run. Nothing may follow.
    void finish(std::pmr::string& out, std::pmr::vector<RunEvent>& events);

    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
    [[nodiscard]] bool open() const noexcept { return state_ != State::looking; }
    // Characters of opened runs that were not decoded, because of the limit.
    [[nodiscard]] std::uint64_t passed_over() const noexcept { return passed_over_; }

private:
    enum class State : std::uint8_t { looking, open, gap };
    struct Output;

    std::size_t look(std::string_view piece, Output& output);
    std::size_t decode(std::string_view piece, Output& output);
    std::size_t skip_gap(std::string_view piece, Output& output);
    bool try_window(Output& output);
    void open_run(RunKind kind, bool utf16, std::size_t begin, Output& output);
    void end_run(std::uint64_t at, Output& output);

    static constexpr std::size_t window_max = 32;

    RunOptions options_;
    std::uint64_t offset_ = 0;
    std::uint64_t passed_over_ = 0;
    // looking: characters of a run, all of them, or those that come after windows that were no text.
    char window_[window_max] = {};
    std::uint8_t window_size_ = 0;
    // open: bits that are no whole byte (or UTF-16 unit) yet, and where the first of them was.
    State state_ = State::looking;
    RunKind kind_ = RunKind::base64;
    bool utf16_ = false;
    std::uint8_t bit_count_ = 0;
    std::uint32_t bits_ = 0;
    std::uint64_t unit_begin_ = 0;
    std::uint64_t index_ = 0;      // characters of this run
    std::uint64_t run_bytes_ = 0;  // decoded
    std::uint64_t gap_begin_ = 0;
};

}  // namespace gw::guardrail
