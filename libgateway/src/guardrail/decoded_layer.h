// The second layer of a text: what its base64 and hexadecimal runs say when they are opened, one stream for each run.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guardrail/decode.h"
#include "guardrail/layers.h"

namespace gw::guardrail {

class DecodedLayer {
public:
    DecodedLayer(const std::shared_ptr<const PatternSet>& set, std::pmr::memory_resource* memory);

    // Takes the next piece of the raw text; hits are in its offsets and cover whole encoded units.
    void feed(Cache& cache, std::string_view piece, HitSink& sink);
    void finish(Cache& cache, HitSink& sink);
    // The first raw byte of a live partial match inside the open run; `at`, the end of the text, when there is none.
    [[nodiscard]] std::uint64_t hold_from(std::uint64_t at) const noexcept;
    [[nodiscard]] std::uint64_t decoded_bytes() const noexcept { return decoded_bytes_; }
    [[nodiscard]] std::uint64_t passed_over() const noexcept { return runs_.passed_over(); }
    void detach() noexcept {
        if (stream_) stream_->detach();
    }
    [[nodiscard]] std::size_t size() const noexcept;

private:
    void handle(Cache& cache, const RunEvent& event, HitSink& sink);
    void end_run(Cache& cache, HitSink& sink);
    void report(std::string_view piece, HitSink& sink);
    // Where a byte of the run's decoded text came from.
    [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> origin(std::uint64_t offset) const noexcept;

    // Decoded bytes of one event, and where in the run's decoded text they begin.
    struct Segment {
        RunEvent event;
        std::uint64_t begin = 0;
    };

    RunDecoder runs_;
    std::shared_ptr<const PatternSet> set_;
    // Made at the first run.
    std::optional<Stream> fresh_;   // never used: what a new run begins with
    std::optional<Stream> stream_;  // of the open run
    History history_;
    std::pmr::vector<Segment> segments_;  // of the open run, as far back as somebody may look
    std::pmr::vector<RunEvent> events_;
    std::pmr::string out_, scratch_, scratch_before_;
    Matches matches_;
    std::uint64_t decoded_bytes_ = 0;
    bool open_ = false;
};

}  // namespace gw::guardrail
