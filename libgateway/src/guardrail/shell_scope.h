// What a subshell sets is forgotten when it ends.
#pragma once

#include "guardrail/shell_reader.h"

namespace gw::guardrail::shell {

class Reader::Scope {
public:
    explicit Scope(Reader& reader) noexcept
        : reader_(reader),
          mark_(reader.undo_.size()),
          directory_(reader.directory_),
          positional_(reader.positional_),
          zero_(reader.zero_) {
        ++reader_.scopes_;
    }
    ~Scope() {
        for (; reader_.undo_.size() > mark_; reader_.undo_.pop_back()) {
            const auto found = reader_.variables_.find(reader_.undo_.back().name);
            if (found == reader_.variables_.end()) continue;
            if (reader_.undo_.back().existed)
                found->second = reader_.undo_.back().value;
            else
                reader_.variables_.erase(found);
        }
        reader_.directory_ = directory_;
        reader_.positional_ = positional_;
        reader_.zero_ = zero_;
        --reader_.scopes_;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

private:
    Reader& reader_;
    std::size_t mark_;
    std::string_view directory_;
    std::optional<std::span<const Text>> positional_;
    Text zero_;
};

}  // namespace gw::guardrail::shell
