// What is behind gw_config: a checked configuration that gateways on several threads may share, and where it came from,
// so that it can be read again.
#pragma once

#include <atomic>
#include <cassert>
#include <memory_resource>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/hash.h"
#include "config/load.h"
#include "core/memory.h"

namespace gw::exchange {

struct ConfigHandle {
    explicit ConfigHandle(Allocator allocator)
        : memory(allocator),
          config(&memory),
          details(&memory),
          state_dir(&memory),
          path(&memory),
          file(&memory),
          address(&memory),
          variables(&memory) {}

    HostMemory memory;
    config::Config config;
    config::LoadDetails details;
    config::Hash hash{};  // of the text
    std::pmr::string state_dir;
    std::pmr::string path;  // that was read; empty: none was
    std::pmr::string file;  // that was read or, when there is none, would be; empty: the configuration is a text
    std::pmr::string address;
    std::optional<std::uint16_t> port;
    std::pmr::vector<std::pmr::string> variables;  // "NAME=value"
    std::atomic<unsigned> references{1};

    static ConfigHandle* make(Allocator allocator) {
        void* place = allocator.allocate(sizeof(ConfigHandle));
        try {
            return new (place) ConfigHandle(allocator);
        } catch (...) {
            allocator.deallocate(place, sizeof(ConfigHandle));
            throw;
        }
    }
    static void release(ConfigHandle* handle) noexcept {
        if (handle == nullptr || handle->references.fetch_sub(1) != 1) return;
        const Allocator allocator = handle->memory.allocator();
        handle->~ConfigHandle();
        allocator.deallocate(handle, sizeof(ConfigHandle));
    }
};

// A share of a ConfigHandle; an empty configuration of its own when there is none.
class ConfigReference {
public:
    ConfigReference(ConfigHandle* handle, Allocator allocator) : handle_(handle) {
        if (handle != nullptr) {
            handle->references.fetch_add(1);
            return;
        }
        handle_ = ConfigHandle::make(allocator);
        try {
            std::pmr::vector<config::Problem> problems(&handle_->memory);
            [[maybe_unused]] const bool good = config::load("{}", {}, handle_->config, problems, &handle_->memory);
            assert(good);
        } catch (...) {
            ConfigHandle::release(handle_);
            throw;
        }
    }
    ~ConfigReference() { ConfigHandle::release(handle_); }
    ConfigReference(const ConfigReference&) = delete;
    ConfigReference& operator=(const ConfigReference&) = delete;
    // One more share, for who keeps pointers into it while the gateway may take over another one.
    [[nodiscard]] ConfigReference share() const { return ConfigReference(handle_, handle_->memory.allocator()); }
    void swap(ConfigReference& other) noexcept { std::swap(handle_, other.handle_); }
    [[nodiscard]] const config::Config& operator*() const noexcept { return handle_->config; }
    [[nodiscard]] const ConfigHandle& handle() const noexcept { return *handle_; }

private:
    ConfigHandle* handle_;
};

}  // namespace gw::exchange
