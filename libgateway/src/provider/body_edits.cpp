#include "provider/body_edits.h"

#include "json/escape.h"

namespace gw::provider {

namespace {

void insert_json(std::size_t at, std::string_view before, std::string_view text, std::string_view after, Edits& edits) {
    std::pmr::string whole(before, edits.get_allocator().resource());
    whole.append(text);
    whole.append(after);
    edits.push_back({at, at, std::move(whole)});
}

}  // namespace

void append_to_string(const json::Value& string, std::string_view text, Edits& edits) {
    std::pmr::string escaped(edits.get_allocator().resource());
    if (!string.as_string().value_or("").empty()) escaped.append("\\n\\n");
    json::escape_to(escaped, text);
    const std::size_t at = string.offset() + string.raw().size() - 1;
    edits.push_back({at, at, std::move(escaped)});
}

void append_to_array(const json::Value& array, std::string_view element, Edits& edits) {
    insert_json(array.offset() + array.raw().size() - 1, array.size() == 0 ? "" : ",", element, "", edits);
}

void prepend_member(const json::Value& object, std::string_view member, Edits& edits) {
    insert_json(object.offset() + 1, "", member, object.size() == 0 ? "" : ",", edits);
}

void replace_value(const json::Value& value, std::string_view text, Edits& edits) {
    const std::size_t begin = value.offset();
    edits.push_back({begin, begin + value.raw().size(), std::pmr::string(text, edits.get_allocator().resource())});
}

std::pmr::string around_text(std::string_view before, std::string_view text, std::string_view after,
                             std::pmr::memory_resource* memory) {
    std::pmr::string out(before, memory);
    json::escape_to(out, text);
    out.append(after);
    return out;
}

}  // namespace gw::provider
