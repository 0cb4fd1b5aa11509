// What is remembered of one conversation besides its messages: a JSON object, as it lies in sessions.json.
//
//     {"sessionId":"4f1c…","updatedAt":1795170118657,"label":"Demo","skillsSnapshot":{…}}
//
// We share the file with other programs, so an Entry is the object itself and not a struct of the fields that we know:
// what we do not know stays as it was written, whatever it is. The few fields that every listing needs are kept ready.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "json/json.h"

namespace gw::session {

class Changes;

class Entry {
public:
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit Entry(allocator_type allocator = {})
        : json_(allocator), fields_(allocator), session_id_(allocator), label_(allocator) {}
    Entry(const Entry& other, allocator_type allocator)
        : json_(other.json_, allocator),
          fields_(other.fields_, allocator),
          session_id_(other.session_id_, allocator),
          label_(other.label_, allocator),
          updated_at_ms_(other.updated_at_ms_) {}
    Entry(Entry&& other, allocator_type allocator)
        : json_(std::move(other.json_), allocator),
          fields_(std::move(other.fields_), allocator),
          session_id_(std::move(other.session_id_), allocator),
          label_(std::move(other.label_), allocator),
          updated_at_ms_(other.updated_at_ms_) {}
    Entry(const Entry&) = delete;
    Entry(Entry&&) noexcept = default;
    Entry& operator=(const Entry&) = delete;
    Entry& operator=(Entry&&) = default;
    ~Entry() = default;

    // Takes an object over, as it stands in a file.
    void read(const json::Value& object);

    // Sets and removes fields; when memory runs out, none of them.
    void apply(const Changes& changes);

    [[nodiscard]] std::string_view session_id() const noexcept { return session_id_; }  // "" when there is none
    [[nodiscard]] std::string_view label() const noexcept { return label_; }
    [[nodiscard]] std::uint64_t updated_at_ms() const noexcept { return updated_at_ms_; }

    // A field as JSON text; "" when there is none.
    [[nodiscard]] std::string_view raw(std::string_view name) const noexcept;
    [[nodiscard]] bool has(std::string_view name) const noexcept { return !raw(name).empty(); }
    // A field's value, when it is of that type.
    [[nodiscard]] std::optional<std::pmr::string> text(std::string_view name) const;
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name) const noexcept;
    [[nodiscard]] std::optional<bool> boolean(std::string_view name) const noexcept;

    // The whole object.
    [[nodiscard]] std::string_view json() const noexcept { return json_.empty() ? std::string_view("{}") : json_; }

    // The name of the transcript's file: what `sessionFile` ends in, for conversations that have one apart (topics of a
    // forum), else "<sessionId>.jsonl". "" when that is no name that a store could have.
    [[nodiscard]] std::pmr::string transcript_name() const;

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return json_.get_allocator().resource(); }

private:
    friend class Changes;
    struct Field {
        std::uint32_t name, name_size;    // in json_, without quotes
        std::uint32_t value, value_size;  // in json_
    };
    [[nodiscard]] std::string_view name_of(const Field& field) const noexcept {
        return std::string_view(json_).substr(field.name, field.name_size);
    }
    [[nodiscard]] std::string_view value_of(const Field& field) const noexcept {
        return std::string_view(json_).substr(field.value, field.value_size);
    }
    void add(std::string_view name, std::string_view value);  // `name` with its escapes
    void refresh();

    std::pmr::string json_;  // "" for {}
    std::pmr::vector<Field> fields_;
    std::pmr::string session_id_;
    std::pmr::string label_;
    std::uint64_t updated_at_ms_ = 0;
};

// What shall become of some fields of an Entry. The last word about a field counts.
class Changes {
public:
    explicit Changes(std::pmr::memory_resource* memory) : list_(memory) {}

    Changes& set(std::string_view name, std::string_view text);  // a string
    Changes& set(std::string_view name, const char* text) { return set(name, std::string_view(text)); }
    Changes& set(std::string_view name, std::uint64_t number);
    Changes& set(std::string_view name, bool value);
    Changes& set_json(std::string_view name, std::string_view json);  // a valid value
    Changes& remove(std::string_view name);
    Changes& remove(std::initializer_list<std::string_view> names);

    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return list_.get_allocator().resource(); }

private:
    friend class Entry;
    struct Change {
        std::string_view name;  // static text
        std::pmr::string json;  // "": the field goes
    };
    Change& change(std::string_view name);
    std::pmr::vector<Change> list_;
};

}  // namespace gw::session
