// HostTools: tools that the host runs (gateway/tool.h).
//
//     start(call) ─► GW_EVENT_TOOL_CALL ─► gw_tool_progress() ..., gw_tool_result() ─► ToolCall::finish()
//                          the call is given up ─► GW_EVENT_TOOL_CANCEL
#pragma once

#include <list>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/id_table.h"
#include "exchange/event_source.h"
#include "exchange/tools.h"
#include "gateway/tool.h"

namespace gw::exchange {

// A call that the host is at; it is the call's job, and ends with it.
class HostToolJob final : public ToolJob, public EventSource {
public:
    HostToolJob(Gateway& gateway, ToolCall& call);
    ~HostToolJob() override;

    bool next_event(gw_event& event) noexcept override;
    // The host's calls. When memory runs out in one the call has ended.
    void progress(std::string_view text);
    void finish(std::string_view text, bool is_error);

private:
    void forget() noexcept;

    Gateway& gateway_;
    ToolCall& call_;
    Id id_ = 0;
    bool told_ = false;
};

class HostTools final : public ToolRunner, public EventSource {
public:
    static constexpr std::size_t tools_max = 256;
    static constexpr std::size_t text_bytes_max = 65536;  // of a description and a schema

    explicit HostTools(Gateway& gateway);

    [[nodiscard]] gw_status add(std::string_view name, std::string_view description, std::string_view schema,
                                bool owner_only);

    void describe(std::pmr::vector<message::Tool>& out) const override;
    [[nodiscard]] bool has(std::string_view tool) const noexcept override { return find(tool) != nullptr; }
    [[nodiscard]] bool owner_only(std::string_view tool) const noexcept override;
    void start(ToolCall& call) override;

    // Calls that the host is at; those that nobody wants any more are told with TOOL_CANCEL.
    IdTable<HostToolJob> jobs;
    bool next_event(gw_event& event) noexcept override;

private:
    struct Tool {
        explicit Tool(std::pmr::memory_resource* memory) : name(memory), description(memory), schema(memory) {}
        std::pmr::string name, description, schema;
        bool owner_only = false;
    };
    [[nodiscard]] const Tool* find(std::string_view name) const noexcept;

    Gateway& gateway_;
    std::pmr::list<Tool> tools_;  // their texts stay where they are
};

}  // namespace gw::exchange
