#include "exchange/response_store.h"

#include <algorithm>

namespace gw::exchange {

namespace {

std::size_t bytes_of(const StoredResponse& response) noexcept {
    return response.id.size() + response.scope.size() + response.items.size();
}

// The object at the front of JSON.
std::string_view front_object(std::string_view json) noexcept {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted && c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            ++depth;
        } else if (!quoted && (c == '}' || c == ']') && --depth == 0) {
            return json.substr(0, i + 1);
        }
    }
    return {};
}

}  // namespace

ResponseStore::ResponseStore(Timers& timers, std::pmr::memory_resource* memory)
    : entries_(memory),
      timer_(
          timers, [](void* self) { static_cast<ResponseStore*>(self)->on_timer(); }, this) {}

void ResponseStore::put(StoredResponse&& response, Milliseconds now) {
    const std::size_t size = bytes_of(response);
    if (response.items.size() > item_bytes_max) return;
    while (!entries_.empty() && (entries_.size() >= count_max || bytes_ + size > bytes_max)) drop_oldest();
    entries_.push_back({std::move(response), now + keep_ms});
    bytes_ += size;
    timer_.arm(entries_.front().until);
}

void ResponseStore::drop_oldest() noexcept {
    bytes_ -= bytes_of(entries_.front().response);
    entries_.pop_front();
}

// Every entry is kept for the same time: the first one in the list is the first one to go.
void ResponseStore::on_timer() noexcept {
    const Milliseconds due = entries_.empty() ? never : entries_.front().until;
    while (!entries_.empty() && entries_.front().until <= due) drop_oldest();
    if (!entries_.empty()) timer_.arm(entries_.front().until);
}

const StoredResponse* ResponseStore::find(std::string_view id, std::string_view scope) const noexcept {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& it) {
        return std::string_view(it.response.id) == id && std::string_view(it.response.scope) == scope;
    });
    return found == entries_.end() ? nullptr : &found->response;
}

std::string_view ResponseStore::find_item(std::string_view item_id, std::string_view scope) const noexcept {
    // "msg_<response>_<index>" of "resp_<response>"
    const std::size_t begin = item_id.find('_');
    const std::size_t end = item_id.rfind('_');
    if (begin == std::string_view::npos || begin >= end) return {};
    const std::string_view name = item_id.substr(begin + 1, end - begin - 1);
    constexpr std::string_view prefix = "resp_";
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& it) {
        const std::string_view id = it.response.id;
        return id.starts_with(prefix) && id.substr(prefix.size()) == name &&
               std::string_view(it.response.scope) == scope;
    });
    if (found == entries_.end()) return {};
    // Inside of a string its quotes would be escaped.
    constexpr std::string_view opening = R"({"id":")";
    const std::string_view output = std::string_view(found->response.items).substr(found->response.output_at);
    for (std::size_t at = output.find(item_id); at != std::string_view::npos; at = output.find(item_id, at + 1)) {
        if (at < opening.size() || output.substr(at - opening.size(), opening.size()) != opening) continue;
        if (output.substr(at + item_id.size()).starts_with('"'))
            return front_object(output.substr(at - opening.size()));
    }
    return {};
}

}  // namespace gw::exchange
