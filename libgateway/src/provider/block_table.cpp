#include "provider/block_table.h"

#include <algorithm>

namespace gw::provider {

std::optional<std::uint32_t> block_index(const json::Value& value) noexcept {
    const auto index = value.as_int();
    if (!index || *index < 0 || *index > 0xFFFF) return std::nullopt;
    return static_cast<std::uint32_t>(*index);
}

std::optional<std::uint32_t> BlockTable::new_channel() noexcept {
    if (channels_ == StreamReader::channels_max) return std::nullopt;
    return channels_++;
}

bool BlockTable::decide(Block& block, message::PartKind kind, std::string_view tool, std::string_view call_id,
                        Steps& steps) {
    const auto channel = new_channel();
    if (!channel) return false;
    block = {State::open, kind, *channel};
    Step step;
    step.what = Step::What::open;
    step.kind = kind;
    step.channel = *channel;
    step.tool = tool;
    step.call_id = call_id;
    steps.push_back(step);
    return true;
}

bool BlockTable::open(std::uint32_t index, const Opening& opening, Steps& steps) {
    if (blocks_.size() >= StreamReader::channels_max) return false;
    const auto [at, fresh] = blocks_.try_emplace(index);
    if (!fresh) return false;
    return !opening.kind || decide(at->second, *opening.kind, opening.tool, opening.call_id, steps);
}

bool BlockTable::append(std::uint32_t index, message::PartKind kind, const json::Value& value, Steps& steps) {
    if (value.is(json::Kind::null)) return true;
    if (!value.is(json::Kind::string)) return false;  // "" + ["text"] is "text" in some languages
    auto at = blocks_.find(index);
    if (at == blocks_.end()) {
        if (!open(index, {}, steps)) return false;
        at = blocks_.find(index);
    }
    Block& block = at->second;
    if (block.state == State::closed) return value.as_string()->empty();
    if (block.state == State::undecided && !decide(block, kind, {}, {}, steps)) return false;
    if (block.kind != kind) return false;
    if (value.as_string()->empty()) return true;
    Step step;
    step.what = Step::What::delta;
    step.kind = kind;
    step.channel = block.channel;
    step.value = value;
    steps.push_back(step);
    return true;
}

bool BlockTable::close(std::uint32_t index, Steps& steps) {
    const auto at = blocks_.find(index);
    if (at == blocks_.end()) return true;
    if (at->second.state == State::open) {
        Step step;
        step.what = Step::What::close;
        step.kind = at->second.kind;
        step.channel = at->second.channel;
        steps.push_back(step);
    }
    at->second.state = State::closed;
    return true;
}

void OpenBlocks::open(std::uint32_t index, bool text) {
    if (text_.size() < StreamReader::channels_max) text_.insert_or_assign(index, text);
    next_ = std::max(next_, index + 1);
}

void OpenBlocks::append(std::uint32_t index, bool text) {
    if (text_.find(index) == text_.end()) open(index, text);
}

void OpenBlocks::close(std::uint32_t index) {
    text_.erase(index);
    next_ = std::max(next_, index + 1);
}

}  // namespace gw::provider
