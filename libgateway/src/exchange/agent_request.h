// AgentRequest: what an agent is asked, with everything that it needs to outlive whoever asked.
//
//     auto request = make_owned<AgentRequest>(memory, memory, pool);
//     request->agent_id = "main";
//     request->add_text(message::Role::user, "Hello");
//     AgentRun run(gateway, std::move(request), listener);
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "json/json.h"
#include "message/conversation.h"
#include "method/turn.h"

namespace gw::exchange {

class ToolRunner;

struct AgentRequest final : method::TurnExtras {
    AgentRequest(std::pmr::memory_resource* memory, BlockPool* pool)
        : run_id(memory),
          trace(memory),
          agent_id(memory),
          model(memory),
          session_key(memory),
          channel(memory),
          source(pool),
          document(memory),
          conversation(memory) {}

    std::pmr::string run_id;       // as clients and records name the run; may be empty
    std::pmr::string trace;        // how log lines name it; empty: by its run
    std::pmr::string agent_id;     // of an agent that is configured
    std::pmr::string model;        // "provider/model" in place of the agent's own; empty: its own
    std::pmr::string session_key;  // may be empty
    std::pmr::string channel;      // where the message came from, as its session notes it; may be empty
    std::uint32_t timeout_ms = 0;  // for the whole run; 0: agents.defaults.timeoutSeconds
    ToolRunner* tools = nullptr;   // tools that the gateway runs itself, beside those of the client; outlives the run
    bool inspect = true;           // false: texts that the gateway has made itself
    bool continues = false;        // it goes on from an earlier answer of its session
    bool is_owner = true;          // whoever asks may do everything: tools that are the owner's alone are offered

    // The conversation may have views of `document`, which may be the parsed `source`.
    Buffer source;
    json::Document document;
    message::Conversation conversation;

    // A turn with one text, which is copied; Role::system: an instruction in front of all turns.
    void add_text(message::Role role, std::string_view text) {
        message::ConversationPart part;
        part.text = conversation.keep(text);
        if (role == message::Role::system) {
            conversation.system.push_back(part);
            return;
        }
        conversation.parts.push_back(part);
        conversation.turns.push_back({role, 0, conversation.parts.size() - 1, 1});
    }
    // A call of a tool in an earlier answer; its arguments are a JSON object.
    void add_call(std::string_view id, std::string_view tool, std::string_view arguments) {
        message::ConversationPart part;
        part.kind = message::ConversationPart::Kind::call;
        part.call_id = conversation.keep(id);
        part.tool = conversation.keep(tool);
        part.arguments = conversation.keep(arguments);
        add_to_turn(message::Role::assistant, part);
    }
    void add_result(std::string_view id, std::string_view tool, std::string_view text, bool is_error) {
        message::ConversationPart part;
        part.kind = message::ConversationPart::Kind::result;
        part.call_id = conversation.keep(id);
        part.tool = conversation.keep(tool);
        part.inner_first = conversation.inner.size();
        part.inner_count = 1;
        part.is_error = is_error;
        conversation.inner.emplace_back().text = conversation.keep(text);
        add_to_turn(message::Role::tool, part);
    }
    // One more image, in base64, of the turn that was added last.
    void add_image(std::string_view media_type, std::string_view base64) {
        message::ConversationPart part;
        part.kind = message::ConversationPart::Kind::image;
        part.media = conversation.keep(media_type);
        part.data = conversation.keep(base64);
        conversation.parts.push_back(part);
        ++conversation.turns.back().count;
    }

private:
    // Goes on with the last turn when that is the same speaker's.
    void add_to_turn(message::Role role, const message::ConversationPart& part) {
        auto& turns = conversation.turns;
        const bool goes_on = !turns.empty() && turns.back().role == role &&
                             turns.back().first + turns.back().count == conversation.parts.size();
        if (!goes_on) turns.push_back({role, 0, conversation.parts.size(), 0});
        conversation.parts.push_back(part);
        ++turns.back().count;
    }
};

}  // namespace gw::exchange
