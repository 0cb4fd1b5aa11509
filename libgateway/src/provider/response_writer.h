// ResponseWriter: an answer in the Responses dialect, as the events of a stream or as one object at its end. An item is
// a message with one part, or a call:
//
//     response.created, response.in_progress
//       response.output_item.added
//         response.content_part.added ─► response.output_text.delta ─► response.output_text.done ─► content_part.done
//         or response.function_call_arguments.delta ─► .done
//       response.output_item.done
//     response.completed, with all items once more
//
// A translated provider is written step by step (write()); the gateway's own agents say text() and call().
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "provider/translate_responses_items.h"
#include "provider/translator.h"

namespace gw::provider {

struct ResponseForm {
    bool stream = true;  // false: nothing is written before the end
    // Of the gateway's own endpoint, whose clients know OpenClaw's events, too: a message says in which phase it was
    // said, usage that nobody knows is zeros, a failure is response.failed, and [DONE] is the last line.
    bool own = false;
    const ResponseEcho* echo = nullptr;  // outlives the writer; null: as if nothing had been asked for
};

class ResponseWriter final : public AnswerWriter {
public:
    ResponseWriter(const AnswerWriterOptions& options, const ResponseForm& form, std::pmr::memory_resource* memory);

    [[nodiscard]] Result<void> write(const message::AnswerStep& step, Buffer& out) override;
    void finish(Buffer& out) override;
    void fail(Buffer& out, std::string_view message) override;

    void begin(Buffer& out) { begin({}, out); }
    void text(Buffer& out, std::string_view piece);
    void call(Buffer& out, std::string_view call_id, std::string_view tool, std::string_view arguments);
    void end(Buffer& out, message::StopReason reason, const message::TokenUsage& usage, std::uint64_t now_s);
    // Before anything was written, and without a stream: the whole of a failed response.
    void fail(Buffer& out, const ResponseProblem& problem);

    // The items that are complete, as JSON with commas between them.
    [[nodiscard]] std::string_view output() const noexcept { return output_; }

private:
    [[nodiscard]] std::size_t held() const noexcept { return text_.size() + output_.size(); }
    [[nodiscard]] message::AnswerPart part() const noexcept { return {kind_, text_, tool_, call_id_}; }
    [[nodiscard]] ResponseState state() const noexcept;
    void begin(std::string_view id, Buffer& out);
    void open(AnswerKind kind, std::string_view tool, std::string_view call_id, Buffer& out);
    void append(std::string_view text, Buffer& out);
    // `phase`: of a message of ours.
    void close(Buffer& out, std::string_view phase);
    void address(json::Writer& w) const;
    template <typename Fill>
    void send(std::string_view type, Buffer& out, Fill fill);

    AnswerWriterOptions options_;
    ResponseForm form_;
    std::pmr::memory_resource* memory_;
    std::pmr::string id_, item_id_, tool_, call_id_;
    std::pmr::string text_;    // of the item that is open
    std::pmr::string output_;  // the items that are done, as JSON
    std::uint64_t index_ = 0, sequence_ = 0;
    AnswerKind kind_ = AnswerKind::text;
    message::StopReason reason_ = message::StopReason::stop;
    message::TokenUsage usage_;
    std::uint64_t completed_s_ = 0;
    bool begun_ = false;
    bool open_ = false;
};

}  // namespace gw::provider
