// What a configuration was made from, for those who compare, show and change it.
#pragma once

#include "config/config.h"
#include "config/migrate.h"

namespace gw::config {

struct LoadDetails {
    explicit LoadDetails(std::pmr::memory_resource* memory) : resolved(memory), migrations(memory) {}
    Node resolved;                           // with includes and variables; after an error as far as it got
    std::pmr::vector<Migration> migrations;  // old keys that were read as new ones
};

}  // namespace gw::config
