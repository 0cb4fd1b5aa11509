// InspectedStream: the events of an upstream's answer on their way to a client, under inspection.
//
//     bytes ─► frames ─► steps ─► one Inspector per text ─► what may leave
//                │                                            │
//                └──────────── held, in order ◄───────────────┴──► the very bytes, or the same with a text replaced,
//                                                                  or the end of a blocked stream
//
// A frame leaves when every byte of its texts may leave, and every frame before it has left: as it came, unless a rule
// replaced something inside. The arguments of a tool call leave when the call is whole and nothing is against it, nor
// somebody who is asked about it. Log probabilities leave with the text that they are of, and never without it or
// beside another.
#pragma once

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/owned.h"
#include "crypto/sha256.h"
#include "endpoint/exposition.h"
#include "exchange/inspection.h"
#include "exchange/opinion.h"
#include "json/json.h"
#include "provider/dialect.h"
#include "provider/framing.h"

namespace gw::exchange {

class InspectedStream {
public:
    struct Options {
        std::size_t frame_bytes_max = 10U << 20U;
        std::size_t held_bytes_max = 10U << 20U;        // of frames, tool calls above all
        std::string_view model;                         // as the client named it; borrowed
        std::string_view notice;                        // guardrail.block_message; borrowed
        const provider::RequestFacts* facts = nullptr;  // what was asked for, in this dialect; borrowed, may be null
        endpoint::Histogram<12>* latency = nullptr;     // gets the time that each frame waited; may be null
        bool asks_about_calls = false;                  // calls wait until settle()
    };

    InspectedStream(Inspection& inspection, const provider::Dialect& dialect, provider::Framing framing,
                    const Options& options, json::Document& scratch, BlockPool* pool,
                    std::pmr::memory_resource* memory);

    // Takes the next bytes of the upstream and appends to `out` what leaves.
    void feed(std::span<const std::byte> piece, Buffer& out);
    // The upstream's stream is over.
    void finish(Buffer& out);
    // The upstream failed in the middle: what is held and clean leaves, then an error in the client's dialect.
    void fail(std::string_view message, Buffer& out);
    // Time, for tails that are held while nothing comes.
    void tick(std::uint64_t now_ms, Buffer& out);
    [[nodiscard]] std::optional<std::uint64_t> deadline_ms() const noexcept;

    // Calls that wait, whole. Whoever takes them says what becomes of them: everything that was taken may leave, or
    // the stream ends here, because somebody objects.
    [[nodiscard]] Buffer take_calls();
    void settle(Buffer& out);
    void stop(Buffer& out);

    // Nothing more leaves: it was blocked, or could not be inspected, or its end has passed.
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] bool blocked() const noexcept { return blocked_; }
    // The dialect's terminal event has left.
    [[nodiscard]] bool complete() const noexcept { return complete_; }
    void set_time(std::uint64_t now_ms, std::uint64_t unix_ms) noexcept {
        now_ms_ = now_ms;
        unix_ms_ = unix_ms;
    }

private:
    // What has become of a text: it has left up to `free_to`, but for what was replaced.
    struct Replacement {
        std::uint64_t begin, end;
        std::string_view label;  // the rule set's
    };
    struct Channel {
        explicit Channel(std::pmr::memory_resource* memory) : tool(memory), arguments(memory), replaced(memory) {}
        std::pmr::string tool;  // borrowed by the inspector
        Owned<guardrail::Inspector> text;
        std::uint64_t base = 0;  // where the text of `text` begins: a channel that was closed may go on
        std::uint64_t fed = 0, free_to = 0;
        bool open = false;                       // begun, and not closed
        bool waits = false;                      // nothing of it leaves before it is closed
        std::pmr::string arguments;              // of a call that is asked about: what leaves of them
        std::uint64_t question = 0;              // nothing of it leaves before this one is settled
        std::pmr::vector<Replacement> replaced;  // in order; those that frames still need
    };
    // A text inside a frame: [begin, end) of its channel, at this place of the frame's payload.
    struct Span {
        static constexpr std::uint32_t no_channel = UINT32_MAX;  // complete in itself
        std::uint32_t channel = no_channel;
        std::uint64_t begin = 0, end = 0;
        std::size_t offset = 0, size = 0;  // of the JSON value in the payload; size 0: no text, it only waits
        bool changed = false;              // complete in itself, and changed: `value` stands there now
        bool tokens = false;               // changed as soon as anything else in the frame is
        std::uint64_t question = 0;        // of a call that is complete in itself
        std::pmr::string value;
    };
    using Spans = std::pmr::vector<Span>;
    struct Held {
        Held(BlockPool* pool, std::pmr::memory_resource* memory)
            : raw(pool), type(memory), own(memory), spans(memory) {}
        Buffer raw;
        std::pmr::string type;
        std::size_t payload_offset = 0, payload_size = 0;  // in raw
        std::pmr::string own;                              // the payload where it does not lie in raw
        bool wrapped = false;
        bool done = false;
        std::uint64_t since_ms = 0;
        Spans spans;
    };
    void take_frames(Buffer& out);
    void on_frame(const provider::Frame& frame, Buffer& out);
    [[nodiscard]] bool read_frame(const provider::Frame& frame, json::Value& root);
    void take_step(const provider::Step& step);
    void take_whole(const provider::Step& step);
    [[nodiscard]] std::uint64_t ask(std::string_view tool, std::string_view arguments);
    [[nodiscard]] std::uint64_t ask_about_whole(const provider::Step& step, const Inspection::Whole& whole);
    void take_tokens(const provider::Step& step);
    void take_parts(Channel& channel);
    void begin(Channel& channel, const provider::Step& step);
    void close(Channel& channel);
    void close_all();
    [[nodiscard]] Channel& channel_of(const provider::Step& step);
    [[nodiscard]] bool is_free(const Spans& spans) const noexcept;
    [[nodiscard]] bool waits(const Channel& channel) const noexcept {
        return channel.waits || channel.question > settled_;
    }
    [[nodiscard]] bool is_changed(const Span& span) const noexcept;
    void hold(const provider::Frame& frame);
    void release_held(Buffer& out);
    void send(const provider::Frame& frame, const json::Value& root, Spans& spans, bool done, Buffer& out);
    void send_changed(const provider::Frame& frame, Spans& spans, Buffer& out);
    void write_value(const Span& span, std::string_view value, Buffer& out) const;
    void block(Buffer& out);
    void refuse(std::string_view message, Buffer& out);
    [[nodiscard]] static provider::Frame view(const Held& held) noexcept;
    [[nodiscard]] bool enforces() const noexcept;

    Inspection& inspection_;
    const provider::Dialect& dialect_;
    provider::Framing framing_;
    Options options_;
    json::Document& scratch_;
    BlockPool* pool_;
    std::pmr::memory_resource* memory_;
    provider::FrameReader frames_;
    Owned<provider::StreamReader> reader_;
    Owned<provider::StreamEnding> ending_;
    provider::Steps steps_;
    std::pmr::deque<Channel> channels_;
    std::pmr::deque<Held> held_;
    Spans spans_;  // of the frame that is being read
    std::size_t held_bytes_ = 0;
    // A question has a number; up to `taken_` they were asked, up to `settled_` they are answered.
    struct AskedCall {
        crypto::Digest digest;
        std::uint64_t question;
    };
    AskedCalls calls_;                         // that wait for their question
    std::pmr::vector<AskedCall> asked_calls_;  // one that is repeated is not asked about again
    std::uint64_t asked_ = 0, taken_ = 0, settled_ = 0;
    bool finishes_ = false;  // the upstream's stream is over, but for the answer to a question
    std::uint64_t now_ms_ = 0, unix_ms_ = 0;
    bool frame_done_ = false;   // the frame that is being read is the terminal one
    bool begun_ = false;        // something has left
    bool block_waits_ = false;  // an inspector blocks
    bool ended_ = false, blocked_ = false, complete_ = false;
};

}  // namespace gw::exchange
