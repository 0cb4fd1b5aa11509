// What is behind gw_config: a checked configuration that gateways on several threads may share.
#pragma once

#include <atomic>
#include <cassert>
#include <memory_resource>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/memory.h"

namespace gw::exchange {

struct ConfigHandle {
    explicit ConfigHandle(Allocator allocator)
        : memory(allocator), config(&memory), state_dir(&memory), path(&memory) {}

    HostMemory memory;
    config::Config config;
    std::pmr::string state_dir;
    std::pmr::string path;
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
    ConfigReference(const ConfigReference& other) noexcept : handle_(other.handle_) {
        handle_->references.fetch_add(1);
    }
    ~ConfigReference() { ConfigHandle::release(handle_); }
    ConfigReference& operator=(const ConfigReference&) = delete;
    [[nodiscard]] const config::Config& operator*() const noexcept { return handle_->config; }
    [[nodiscard]] const ConfigHandle& handle() const noexcept { return *handle_; }

private:
    ConfigHandle* handle_;
};

}  // namespace gw::exchange
