// What many results have: members that are there only when there is something to say, and lists of texts.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace gw::method {

using Texts = std::pmr::vector<std::pmr::string>;

inline void write_if(json::Writer& writer, std::string_view name, std::string_view text) {
    if (!text.empty()) writer.member(name, text);
}
// Text, or null when there is none.
inline void write_or_null(json::Writer& writer, std::string_view name, std::string_view text) {
    writer.key(name);
    text.empty() ? writer.null() : writer.string(text);
}
inline void write_raw_if(json::Writer& writer, std::string_view name, std::string_view json) {
    if (!json.empty()) writer.key(name).raw(json);
}
inline void write_texts(json::Writer& writer, std::string_view name, const Texts& texts) {
    writer.key(name).begin_array();
    for (const std::pmr::string& text : texts) writer.string(text);
    writer.end_array();
}
// Copies the texts of an array; others in it are skipped, and what is beyond `count_max`.
inline void read_texts(const json::Value& array, Texts& out, std::size_t count_max) {
    for (json::Value one = array.first(); one.exists() && out.size() < count_max; one = one.next()) {
        if (const auto text = one.as_string()) out.emplace_back(*text);
    }
}

}  // namespace gw::method
