// Opinion: what the host says of something that the rules let pass, and that waits meanwhile: a prompt, an answer, the
// calls of an answer.
//
//     ask(subject, body) ─► GW_EVENT_OPINION ─► gw_ask_answer() ─► on_opinion(fine, or why not)
//
// Where nobody can say (the host failed, or was too slow, or has too many questions), the word of the rules stands.
#pragma once

#include <string_view>

#include "core/buffer.h"
#include "exchange/asks.h"
#include "message/conversation.h"

namespace gw::exchange {

class Inspection;

class Opinion final : private AskOwner {
public:
    struct Subject {
        std::string_view direction;  // "prompt", "completion", "tool_call"
        std::string_view provider, model, session;
        std::string_view agent;  // of a run; else empty
    };
    class Owner {
    public:
        // `reason` is the host's, for this call, and not to be trusted.
        virtual void on_opinion(bool objects, std::string_view reason) = 0;
        virtual void on_no_memory() noexcept = 0;

    protected:
        ~Owner() = default;
    };

    Opinion(Gateway& gateway, Owner& owner) : gateway_(gateway), owner_(owner), ask_(gateway, *this) {}

    // Whether anybody is to be asked about what this inspection, which is the owner's, has let pass.
    [[nodiscard]] static bool is_wanted(const Gateway& gateway, const Inspection& inspection) noexcept;
    // False: nobody is asked. `body` is JSON.
    [[nodiscard]] bool ask(const Subject& subject, std::string_view body);
    [[nodiscard]] bool open() const noexcept { return ask_.open(); }
    void take_back() noexcept { ask_.take_back(); }

private:
    void on_answer(Ask& ask, const gw_answer& answer) override;

    Gateway& gateway_;
    Owner& owner_;
    Ask ask_;
};

// The calls of an answer, as JSON that is asked about: {"calls":[{"name":"exec","arguments":"{...}"}]}
class AskedCalls {
public:
    explicit AskedCalls(BlockPool* pool) noexcept : json_(pool) {}
    // `arguments` are what is to leave, whatever they are.
    void add(std::string_view tool, std::string_view arguments);
    [[nodiscard]] bool empty() const noexcept { return json_.empty(); }
    // Those that were added since the last time; empty when there are none.
    [[nodiscard]] Buffer take();

private:
    Buffer json_;
};

}  // namespace gw::exchange
