// Toolbox: all tools that the gateway can run, its own and those of the host, as one set.
#pragma once

#include "exchange/host_tools.h"
#include "exchange/tools.h"

namespace gw::exchange {

class Toolbox final : public ToolRunner {
public:
    explicit Toolbox(Gateway& gateway) : builtin(gateway), host(gateway) {}

    void describe(std::pmr::vector<message::Tool>& out) const override {
        builtin.describe(out);
        host.describe(out);
    }
    [[nodiscard]] bool has(std::string_view tool) const noexcept override {
        return builtin.has(tool) || host.has(tool);
    }
    [[nodiscard]] bool owner_only(std::string_view tool) const noexcept override {
        return builtin.has(tool) ? builtin.owner_only(tool) : host.owner_only(tool);
    }
    void start(ToolCall& call) override { builtin.has(call.tool) ? builtin.start(call) : host.start(call); }

    BuiltinTools builtin;
    HostTools host;
};

}  // namespace gw::exchange
