// One gateway at a time for one configuration: a lock file, which goes with the process that holds it.
//
//     /tmp/openclaw-1000/gateway.<8 hex digits of the configuration's path>.lock
//         {"pid":4711,"createdAt":"2026-11-21T18:30:00.123Z","configPath":"/home/ann/.openclaw/openclaw.json"}
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "exchange/config_handle.h"
#include "store/directory_store.h"

namespace gw::exchange {

class InstanceLock {
public:
    // GW_OK; GW_ERR_STATE when another process has it, which is `owner` then (0: not known); GW_ERR_IO.
    [[nodiscard]] gw_status take(const ConfigHandle& handle, std::pmr::memory_resource* memory);
    [[nodiscard]] long owner() const noexcept { return owner_; }

    // The file for a configuration: in TMPDIR or /tmp, below a directory of this user alone.
    [[nodiscard]] static std::pmr::string path_for(const ConfigHandle& handle, std::pmr::memory_resource* memory);

private:
    store::File file_;
    long owner_ = 0;
};

}  // namespace gw::exchange
