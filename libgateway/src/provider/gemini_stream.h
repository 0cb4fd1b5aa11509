// Gemini as a stream: every event is a frame, a whole answer in small, and a client puts the frames together.
//
//     {"candidates":[{"index":0,"content":{"parts":[{"text":"Glo"}]}}]}      ─► open channel 0, delta "Glo"
//     {"candidates":[{"index":0,"content":{"parts":[{"text":"mma"}]},
//                     "finishReason":"STOP"}]}                               ─► delta "mma", close, stop
//
// The texts of one candidate are one text for a client, whatever parts stand between them; so are its thoughts.
#pragma once

#include <map>
#include <memory_resource>
#include <string>

#include "provider/harvest.h"

namespace gw::provider {

class GeminiReader final : public StreamReader {
public:
    explicit GeminiReader(std::pmr::memory_resource* memory) : candidates_(memory), found_(memory) {}
    [[nodiscard]] bool read(std::string_view type, const json::Value& root, Steps& steps) override;
    void read_sentinel(std::string_view, Steps&) override {}  // this dialect has none

private:
    enum class Lane : std::uint8_t { text, reasoning, arguments };
    static constexpr std::size_t lane_count = 3;
    struct Candidate {
        std::uint32_t channels[lane_count] = {};
        bool open[lane_count] = {};
        bool finished = false;
        bool called = false;
    };
    [[nodiscard]] bool read_frame(const json::Value& frame, Steps& steps);
    [[nodiscard]] bool read_candidate(const json::Value& value, std::uint32_t index, Steps& steps);
    [[nodiscard]] bool read_part(const json::Value& part, Candidate& candidate, std::uint32_t index, Steps& steps);
    [[nodiscard]] bool read_call(const json::Value& call, Candidate& candidate, std::uint32_t index, Steps& steps);
    [[nodiscard]] bool append(Candidate& candidate, std::uint32_t index, Lane lane, const json::Value& text,
                              std::string_view tool, Steps& steps);
    void finish(Candidate& candidate, std::uint32_t index, message::StopReason reason, Steps& steps);
    void give_found(Steps& steps);

    std::pmr::map<std::uint32_t, Candidate> candidates_;  // at most channels_max
    Passages found_;                                      // in the frame that is read
    std::uint32_t channels_ = 0;
    bool begun_ = false;
};

class GeminiEnding final : public StreamEnding {
public:
    GeminiEnding(Framing framing, std::pmr::memory_resource* memory)
        : framing_(framing), response_id_(memory), model_(memory), open_(memory) {}
    void note(std::string_view type, const json::Value& root) override;
    void note_sentinel(std::string_view) override {}
    void write_block(Buffer& out, const Notice& notice) override;
    void write_failure(Buffer& out, std::string_view message) override;

private:
    void send(Buffer& out, std::string_view frame) const;

    Framing framing_;
    std::pmr::string response_id_, model_;
    std::pmr::map<std::uint32_t, bool> open_;  // candidates, true until they have finished; at most channels_max
    bool sent_ = false;
    bool ended_ = false;
};

// {"candidates":[...SAFETY...]}, as a whole answer and as a frame.
void write_gemini_blocked(Buffer& out, std::string_view message);
void write_gemini_error(Buffer& out, int status, std::string_view message);

}  // namespace gw::provider
