#include "provider/dialect_channels.h"

#include "provider/dialect_text.h"

namespace gw::provider {

Channels::Part* Channels::find(const Place& place) {
    const auto found = parts_.find(place);
    return found == parts_.end() ? nullptr : &found->second;
}

Channels::Part* Channels::open(const Place& place, std::uint32_t choice, message::PartKind kind, Steps& steps,
                               std::string_view tool, std::string_view call_id) {
    if (count_ == StreamReader::channels_max || tool.size() > name_bytes_max || call_id.size() > name_bytes_max)
        return nullptr;
    std::pmr::memory_resource* memory = parts_.get_allocator().resource();
    Part part{count_, choice, kind, std::pmr::string(tool, memory), std::pmr::string(call_id, memory)};
    const auto placed = parts_.emplace(place, std::move(part)).first;
    ++count_;
    Step step;
    step.what = Step::What::open;
    step.kind = kind;
    step.channel = placed->second.channel;
    step.choice = choice;
    step.tool = tool;
    step.call_id = call_id;
    steps.push_back(step);
    return &placed->second;
}

bool Channels::delta(const Place& place, std::uint32_t choice, message::PartKind kind, json::Value text, Steps& steps) {
    if (string_or_empty(text).empty()) return true;
    Part* part = find(place);
    if (part == nullptr) part = open(place, choice, kind, steps);
    if (part == nullptr) return false;
    delta(*part, text, steps);
    return true;
}

void Channels::delta(const Part& part, json::Value text, Steps& steps) {
    if (string_or_empty(text).empty()) return;
    Step step;
    step.what = Step::What::delta;
    step.kind = part.kind;
    step.channel = part.channel;
    step.choice = part.choice;
    step.value = text;
    steps.push_back(step);
}

void Channels::close(const Place& place, Steps& steps) {
    const auto found = parts_.find(place);
    if (found != parts_.end()) close(found, std::next(found), steps);
}

void Channels::close_all(std::uint32_t owner, Steps& steps) {
    close(parts_.lower_bound({owner, 0}), parts_.upper_bound({owner, UINT64_MAX}), steps);
}

void Channels::close_all(Steps& steps) { close(parts_.begin(), parts_.end(), steps); }

void Channels::close(Parts::iterator first, Parts::iterator last, Steps& steps) {
    for (auto at = first; at != last; ++at) {
        Step step;
        step.what = Step::What::close;
        step.kind = at->second.kind;
        step.channel = at->second.channel;
        step.choice = at->second.choice;
        steps.push_back(step);
    }
    parts_.erase(first, last);
}

}  // namespace gw::provider
