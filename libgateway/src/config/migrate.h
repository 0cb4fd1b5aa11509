// Old layouts of the configuration: keys that moved are moved, and each move is told.
//
//     { agent: { model: "a/b" }, telegram: {...} }  -- migrate() -->  { agents: { defaults: { model: { primary: "a/b"
//     }}},
//                                                                       channels: { telegram: {...} } }
//
// Works on the text as it was written: ${NAME} and $include stay what they are. A new key that is there already is
// never overwritten; the old one is dropped then.
#pragma once

#include "config/tree.h"

namespace gw::config {

struct Migration {
    explicit Migration(std::pmr::memory_resource* memory) : path(memory), message(memory) {}
    std::pmr::string path;     // the old key: "agent.model"
    std::pmr::string message;  // "is now agents.defaults.model"
};

// Brings `root` up to date; what was done is appended to `done`. Nothing appended: nothing was changed.
void migrate(Node& root, std::pmr::vector<Migration>& done);

}  // namespace gw::config
