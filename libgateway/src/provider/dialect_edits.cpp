#include "provider/dialect_edits.h"

#include <algorithm>

#include "json/escape.h"
#include "provider/dialect_text.h"

namespace gw::provider {

using json::Kind;
using json::Value;

namespace dialect_edits {
namespace {

std::size_t end_of(const Value& value) noexcept { return value.offset() + value.raw().size(); }

// Behind every edit that begins before it or at the same place: what is put in goes in front of what is taken out.
Edit& add_edit(Edits& edits, std::size_t begin, std::size_t end) {
    const auto at = std::upper_bound(edits.begin(), edits.end(), begin,
                                     [](std::size_t wanted, const Edit& edit) { return wanted < edit.begin; });
    std::pmr::memory_resource* memory = edits.get_allocator().resource();
    return *edits.insert(at, Edit{begin, end, std::pmr::string(memory)});
}

}  // namespace
}  // namespace dialect_edits

void remove_elements(const Value& array, ElementTest unwanted, Edits& edits) {
    using namespace dialect_edits;
    if (!array.is(Kind::array)) return;
    Value kept_before;  // the last element that stays
    Value run_first;    // elements to go, not yet taken out
    Value run_last;
    for (Value element = array.first(); element.exists(); element = element.next()) {
        if (unwanted(element)) {
            if (!run_first.exists()) run_first = element;
            run_last = element;
            continue;
        }
        if (run_first.exists()) {
            // The first elements go with the comma behind them, others with the one in front.
            if (kept_before.exists()) {
                add_edit(edits, end_of(kept_before), end_of(run_last));
            } else {
                add_edit(edits, run_first.offset(), element.offset());
            }
            run_first = Value();
        }
        kept_before = element;
    }
    if (!run_first.exists()) return;
    if (kept_before.exists()) {
        add_edit(edits, end_of(kept_before), end_of(run_last));
        return;
    }
    // Nothing stays: what was put in front has no comma to end with.
    const std::size_t place = array.offset() + 1;
    Edit* last_put_in = nullptr;
    for (Edit& edit : edits) {
        if (edit.begin == place && edit.end == place) last_put_in = &edit;
    }
    if (last_put_in != nullptr && last_put_in->text.ends_with(',')) last_put_in->text.pop_back();
    add_edit(edits, run_first.offset(), end_of(run_last));
}

void insert_first_element(const Value& array, std::string_view element, Edits& edits) {
    using namespace dialect_edits;
    if (!array.is(Kind::array)) return;
    const std::size_t place = array.offset() + 1;
    const Value first = array.first();
    Value last = first;
    for (Value next = first; next.exists(); next = next.next()) last = next;
    bool something_follows = first.exists();
    for (const Edit& edit : edits) {
        if (first.exists() && edit.begin == first.offset() && edit.end == end_of(last)) something_follows = false;
    }
    for (const Edit& edit : edits) something_follows |= edit.begin == place && edit.end == place;
    std::pmr::string text(element, edits.get_allocator().resource());
    if (something_follows) text += ',';
    // In front of a removal that begins at the same byte.
    const auto at = std::lower_bound(edits.begin(), edits.end(), place,
                                     [](const Edit& edit, std::size_t wanted) { return edit.begin < wanted; });
    edits.insert(at, Edit{place, place, std::move(text)});
}

void prepend_to_member(const Value& object, std::string_view key, std::string_view text, Edits& edits) {
    using namespace dialect_edits;
    if (!object.is(Kind::object)) return;
    const Value member = object[key];
    if (member.exists() && !member.is(Kind::string) && !member.is(Kind::null)) return;
    if (member.is(Kind::string)) {
        const std::size_t inside = member.offset() + 1;
        Edit& edit = add_edit(edits, inside, inside);
        json::escape_to(edit.text, text);
        if (!string_or_empty(member).empty()) edit.text += "\\n\\n";
        return;
    }
    std::pmr::string said(edits.get_allocator().resource());
    json::escape_to(said, text);
    const std::size_t behind_brace = object.offset() + 1;
    const std::size_t begin = member.exists() ? member.offset() : behind_brace;
    const std::size_t end = member.exists() ? end_of(member) : behind_brace;
    std::pmr::string start(edits.get_allocator().resource());
    if (!member.exists()) {
        start += '"';
        json::escape_to(start, key);
        start += "\":";
    }
    start += '"';
    for (Edit& edit : edits) {
        if (edit.begin != begin || edit.end != end || !edit.text.starts_with(start)) continue;
        edit.text.insert(start.size(), said + "\\n\\n");  // it was added before: a second member would be a duplicate
        return;
    }
    Edit& edit = add_edit(edits, begin, end);
    edit.text = start + said + '"';
    if (!member.exists() && object.size() > 0) edit.text += ',';
}

void apply_edits(Buffer& out, std::string_view body, Edits& edits) {
    std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    std::size_t at = 0;
    for (const Edit& edit : edits) {
        if (edit.begin < at || edit.end > body.size()) continue;
        out.append(body.substr(at, edit.begin - at));
        out.append(std::string_view(edit.text));
        at = edit.end;
    }
    out.append(body.substr(at));
}

}  // namespace gw::provider
