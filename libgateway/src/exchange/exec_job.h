// ExecJob: one call of the tool `exec`: a program on the gateway's machine, when it may.
//
//     command ─► words (method/exec_command.h) ─► ApprovalGate: the file, or a person
//                                                     │ allowed
//                                                     └─► GW_EVENT_SPAWN ─► output ─► ToolCall::finish()
//
// Destroying it withdraws the question and stops the program.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/asks.h"
#include "exchange/tools.h"
#include "json/json.h"
#include "method/exec_command.h"

namespace gw::exchange {

class Gateway;

class ExecJob final : public ToolJob, private AskOwner {
public:
    static constexpr std::size_t output_bytes_max = std::size_t{200} << 10U;

    ExecJob(Gateway& gateway, ToolCall& call);
    ~ExecJob() override;
    // Once, when the call has it. `arguments` is an object.
    void start(const json::Value& arguments);

private:
    void on_answer(Ask& ask, const gw_answer& answer) override;
    void on_decision(bool allowed) noexcept;
    void find_program();
    // What the session of the call says of programs that it runs. False: it runs none here, and the call was told why.
    struct SessionWords {
        std::optional<std::pmr::string> host, security, ask;
    };
    [[nodiscard]] bool read_session(SessionWords& out);
    [[nodiscard]] bool take_directory(const json::Value& arguments);
    void run();
    void finish(std::string_view output, std::string_view note, bool is_error);

    Gateway& gateway_;
    ToolCall& call_;
    Ask ask_;
    std::optional<method::ExecCommand> command_;
    std::pmr::string directory_;  // absolute; empty: that of the host
    std::pmr::string question_;   // the id of an approval that is waited for
    std::uint32_t timeout_ms_ = 0;
};

}  // namespace gw::exchange
