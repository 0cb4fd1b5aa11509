#include "session/entry.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "json/escape.h"
#include "json/scalar.h"
#include "store/key.h"

namespace gw::session {

namespace {

void append_quoted(std::pmr::string& out, std::string_view text) {
    out += '"';
    json::escape_to(out, text);
    out += '"';
}

// Numbers in these files are counts and times; some writers leave a fraction.
std::optional<std::uint64_t> whole(std::string_view number) noexcept {
    if (number.empty() || !is_digit(number.front())) return std::nullopt;
    const auto value = json::to_double(number);
    if (!value || *value >= 9007199254740992.0) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

// The last segment of a path as any system writes it.
std::string_view file_name(std::string_view path) noexcept {
    const std::size_t slash = path.find_last_of("/\\");
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

void Entry::read(const json::Value& object) {
    json_.clear();
    fields_.clear();
    std::pmr::string name(memory());
    for (json::Value v = object.first(); v.exists(); v = v.next()) {
        name.clear();
        json::escape_to(name, v.key());
        add(name, v.raw());
    }
    refresh();
}

void Entry::add(std::string_view name, std::string_view value) {
    if (json_.empty()) {
        json_ += '{';
    } else {
        json_.back() = ',';
    }
    json_ += '"';
    Field field{};
    field.name = static_cast<std::uint32_t>(json_.size());
    field.name_size = static_cast<std::uint32_t>(name.size());
    json_.append(name).append("\":");
    field.value = static_cast<std::uint32_t>(json_.size());
    field.value_size = static_cast<std::uint32_t>(value.size());
    json_.append(value) += '}';
    fields_.push_back(field);
}

void Entry::apply(const Changes& changes) {
    Entry made{allocator_type(memory())};
    made.json_.reserve(json_.size() + 64);
    made.fields_.reserve(fields_.size() + changes.list_.size());
    const auto changed = [&](std::string_view name) {
        return std::find_if(changes.list_.begin(), changes.list_.end(),
                            [&](const Changes::Change& c) { return c.name == name; });
    };
    for (const Field& field : fields_) {
        const auto change = changed(name_of(field));
        if (change == changes.list_.end()) {
            made.add(name_of(field), value_of(field));
        } else if (!change->json.empty()) {
            made.add(name_of(field), change->json);
        }
    }
    for (const Changes::Change& change : changes.list_) {
        if (!change.json.empty() && !has(change.name)) made.add(change.name, change.json);
    }
    made.refresh();
    *this = std::move(made);
}

std::string_view Entry::raw(std::string_view name) const noexcept {
    for (const Field& field : fields_) {
        if (name_of(field) == name) return value_of(field);
    }
    return {};
}

std::optional<std::pmr::string> Entry::text(std::string_view name) const {
    const std::string_view value = raw(name);
    if (value.size() < 2 || value.front() != '"') return std::nullopt;
    std::pmr::string text(value.substr(1, value.size() - 2), memory());
    if (text.find('\\') != std::string::npos) {
        const json::Unescaped done = json::unescape(text.data(), text.size());
        if (!done.valid) return std::nullopt;
        text.resize(done.size);
    }
    return text;
}

std::optional<std::uint64_t> Entry::number(std::string_view name) const noexcept { return whole(raw(name)); }

std::optional<bool> Entry::boolean(std::string_view name) const noexcept {
    const std::string_view value = raw(name);
    if (value == "true") return true;
    if (value == "false") return false;
    return std::nullopt;
}

std::pmr::string Entry::transcript_name() const {
    std::pmr::string name(memory());
    if (const auto file = text("sessionFile")) {
        const std::string_view last = file_name(*file);
        // The file may have been named before a reset gave the conversation a new id.
        if (last.ends_with(".jsonl") && last.starts_with(session_id_)) name = last;
    }
    if (name.empty() && !session_id_.empty()) name.append(session_id_).append(".jsonl");
    if (name.find('/') != std::string::npos || !store::is_valid_key(name)) name.clear();
    return name;
}

void Entry::refresh() {
    session_id_ = text("sessionId").value_or(std::pmr::string(memory()));
    label_ = text("label").value_or(std::pmr::string(memory()));
    updated_at_ms_ = number("updatedAt").value_or(0);
}

Changes::Change& Changes::change(std::string_view name) {
    for (Change& change : list_) {
        if (change.name == name) return change;
    }
    return list_.emplace_back(Change{name, std::pmr::string(memory())});
}

Changes& Changes::set(std::string_view name, std::string_view text) {
    std::pmr::string json(memory());
    append_quoted(json, text);
    change(name).json = std::move(json);
    return *this;
}

Changes& Changes::set(std::string_view name, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return set_json(name, {digits, static_cast<std::size_t>(end - digits)});
}

Changes& Changes::set(std::string_view name, bool value) { return set_json(name, value ? "true" : "false"); }

Changes& Changes::set_json(std::string_view name, std::string_view json) {
    std::pmr::string copy(json, memory());
    change(name).json = std::move(copy);
    return *this;
}

Changes& Changes::remove(std::string_view name) {
    change(name).json.clear();
    return *this;
}

Changes& Changes::remove(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) remove(name);
    return *this;
}

}  // namespace gw::session
