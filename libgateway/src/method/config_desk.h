// ConfigDesk: what the methods config.* and logs.tail ask of the engine, which has the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/snapshot.h"

namespace gw::method {

struct ConfigChange {
    config::EditRequest edit;
    std::string_view session_key, note;  // go into the restart sentinel; may be empty
    std::uint32_t restart_delay_ms = 2000;
};

// Code INVALID_REQUEST, or UNAVAILABLE when it is not the caller's fault. With issues, details are write_issues().
struct ConfigRefusal {
    explicit ConfigRefusal(std::pmr::memory_resource* memory) : message(memory), issues(memory) {}
    bool unavailable = false;
    std::pmr::string message;
    std::pmr::vector<config::Problem> issues;
};

// Each writes the payload of its method; false: nothing was written, the refusal says why.
class ConfigDesk {
public:
    virtual void get(json::Writer& out) = 0;
    // Changes the file. What can be applied is applied a moment later; a patch that needs a restart, and every
    // config.apply, leaves a sentinel and restarts after the delay. EditKind::change is in force when this returns, and
    // writes nothing.
    [[nodiscard]] virtual bool change(const ConfigChange& change, json::Writer& out, ConfigRefusal& refusal) = 0;
    [[nodiscard]] virtual bool reload(json::Writer& out, ConfigRefusal& refusal) = 0;
    virtual void schema(json::Writer& out) = 0;
    virtual void tail(std::optional<std::uint64_t> cursor, std::size_t line_count_max, std::size_t bytes_max,
                      json::Writer& out) = 0;

protected:
    ~ConfigDesk() = default;
};

}  // namespace gw::method
