// HookReport: waits for the end of a run that a hook began, and tells the main session of its agent what came of it.
//
//     Run ─► on_text ... on_end | on_failed ─► "Hook <name>: <the beginning of the answer>" ─► SystemEvents ─► (wake)
//
// It belongs to the HookDesk, because nobody else waits for such a run.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "method/turn.h"

namespace gw::exchange {

class Gateway;

class HookReport final : public method::TurnListener {
public:
    static constexpr std::size_t summary_bytes_max = 1000;

    // `session`: whom it tells; canonical.
    HookReport(Gateway& gateway, std::string_view name, std::string_view session, bool wakes);

    [[nodiscard]] bool ended() const noexcept { return ended_; }

private:
    void on_start(std::string_view /*provider*/, std::string_view /*model*/) override {}
    void on_text(std::string_view text) override;
    void on_call(std::string_view /*id*/, std::string_view /*tool*/, std::string_view /*arguments*/) override {}
    void on_tool_start(std::string_view /*id*/, std::string_view /*tool*/, std::string_view /*arguments*/) override {}
    void on_tool_progress(std::string_view /*id*/, std::string_view /*tool*/, std::string_view /*text*/) override {}
    void on_tool_result(std::string_view /*id*/, std::string_view /*tool*/, std::string_view /*text*/,
                        bool /*is_error*/) override {}
    void on_end(message::StopReason reason, const message::TokenUsage& usage, bool blocked) override;
    void on_failed(const method::TurnFailure& failure) override;
    void on_no_memory() noexcept override { ended_ = true; }

    void tell(std::string_view what, std::string_view text);

    Gateway& gateway_;
    std::pmr::string name_, session_, text_;
    bool wakes_;
    bool ended_ = false;
};

// One line of it: a second one would look like a notice of the gateway's own.
[[nodiscard]] std::pmr::string as_one_line(std::string_view text, std::pmr::memory_resource* memory);

}  // namespace gw::exchange
