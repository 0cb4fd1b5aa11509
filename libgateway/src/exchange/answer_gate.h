// AnswerGate: the steps of an answer on their way to whoever reads it, under inspection where there is one.
//
//     steps ─► text, reasoning ─► an Inspector each ─► what may leave, at once
//           └► a call ─► collected ─► inspected as a whole ─► the call, or nothing of it
//
// The order stays: what is held of a text leaves, or is replaced, before anything behind it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/owned.h"
#include "exchange/inspection.h"
#include "message/conversation.h"

namespace gw::exchange {

class AnswerGate {
public:
    class Sink {
    public:
        virtual void on_text(std::string_view text) = 0;
        virtual void on_reasoning(std::string_view text) = 0;
        // Complete; arguments are "{}" where the model gave none.
        virtual void on_call(std::string_view id, std::string_view tool, std::string_view arguments) = 0;

    protected:
        ~Sink() = default;
    };
    enum class Outcome : std::uint8_t { open, blocked, too_large };

    // `inspection` may be null: then nothing is inspected. Both outlive the gate.
    AnswerGate(Sink& sink, Inspection* inspection, std::size_t arguments_bytes_max, std::pmr::memory_resource* memory);

    // After anything but `open` nothing more is to be given to it.
    [[nodiscard]] Outcome take(const message::AnswerStep& step);
    // The answer is over, or its model has failed: what is held leaves. A call that is not complete does not.
    [[nodiscard]] Outcome finish();
    // Time, for tails that are held while nothing comes.
    [[nodiscard]] Outcome tick(std::uint64_t now_ms);
    [[nodiscard]] std::optional<std::uint64_t> deadline_ms() const noexcept;
    // Whether a part of a text waits for what comes behind it.
    [[nodiscard]] bool holds() const noexcept {
        return (text_ && text_->bytes_held() > 0) || (reasoning_ && reasoning_->bytes_held() > 0);
    }

private:
    enum class Stream : std::uint8_t { text, reasoning };
    [[nodiscard]] Owned<guardrail::Inspector>& inspector(Stream stream) noexcept {
        return stream == Stream::text ? text_ : reasoning_;
    }
    [[nodiscard]] Outcome pass(Stream stream, std::string_view piece);
    [[nodiscard]] Outcome end(Stream stream);
    [[nodiscard]] Outcome take_parts(Stream stream);
    [[nodiscard]] Outcome end_call();

    Sink& sink_;
    Inspection* inspection_;
    std::size_t arguments_bytes_max_;
    std::pmr::memory_resource* memory_;
    Owned<guardrail::Inspector> text_, reasoning_;
    bool in_call_ = false;
    std::pmr::string call_id_, tool_, arguments_;
};

}  // namespace gw::exchange
