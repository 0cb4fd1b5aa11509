#include "tls/sessions.h"

#include <algorithm>

#include "crypto/compare.h"

namespace gw::tls {

Sessions::~Sessions() {
    for (Entry& entry : entries_) crypto::wipe(entry.bytes);
}

Sessions::Entries::iterator Sessions::position(std::string_view name) noexcept {
    return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name; });
}

void Sessions::drop(Entries::iterator entry) noexcept {
    crypto::wipe(entry->bytes);
    entries_.erase(entry);  // moves the later ones down; all of them use the same memory, so that nothing is allocated
}

std::optional<Sessions::Session> Sessions::find(std::string_view name) noexcept {
    const auto found = position(name);
    if (found == entries_.end()) return std::nullopt;
    std::rotate(found, found + 1, entries_.end());
    return Session{entries_.back().bytes, entries_.back().fingerprint};
}

void Sessions::keep(std::string_view name, const Session& session) {
    forget(name);
    if (session.bytes.size() > bytes_max) return;
    auto* memory = entries_.get_allocator().resource();
    entries_.reserve(entries_.size() + 1);  // first, so that nothing throws while an unwiped copy of the keys is about
    Entry entry{std::pmr::string(name, memory),
                std::pmr::vector<std::byte>(session.bytes.begin(), session.bytes.end(), memory), session.fingerprint};
    if (entries_.size() == count_max) drop(entries_.begin());
    entries_.push_back(std::move(entry));
}

void Sessions::forget(std::string_view name) noexcept {
    const auto found = position(name);
    if (found != entries_.end()) drop(found);
}

}  // namespace gw::tls
