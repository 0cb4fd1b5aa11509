// A JSON text is accepted exactly when simdjson's own parser accepts it, with the same values; what is accepted is
// written and read back the same; and every place that is reported lies in the text.
#include <simdjson.h>

#include "json/tree.h"
#include "support/fuzz.h"

namespace {

using gw::fuzz::check;
using gw::json::Kind;

void compare(gw::json::Value ours, simdjson::dom::element theirs) {
    switch (ours.kind()) {
    case Kind::null: check(theirs.is_null(), "null"); return;
    case Kind::boolean: check(theirs.get_bool().value() == *ours.as_bool(), "boolean"); return;
    case Kind::number:
        check(theirs.get_double().value() == *ours.as_double(), "number");
        if (theirs.is_int64()) check(ours.as_int() == theirs.get_int64().value(), "integer");
        return;
    case Kind::string: check(theirs.get_string().value() == *ours.as_string(), "string"); return;
    case Kind::array: {
        gw::json::Value value = ours.first();
        const simdjson::dom::array elements = theirs.get_array().value();
        for (const simdjson::dom::element element : elements) {
            check(value.exists(), "fewer elements");
            compare(value, element);
            value = value.next();
        }
        check(!value.exists(), "more elements");
        return;
    }
    case Kind::object: {
        gw::json::Value value = ours.first();
        const simdjson::dom::object members = theirs.get_object().value();
        for (const auto field : members) {
            check(value.exists() && value.key() == field.key, "another key");
            compare(value, field.value);
            value = value.next();
        }
        check(!value.exists(), "more members");
        return;
    }
    }
}

// Every value's raw() lies where offset() says, inside its parent's.
void check_places(gw::json::Value value, std::string_view text, std::string_view parent) {
    const std::string_view raw = value.raw();
    check(!raw.empty() && raw.data() == text.data() + value.offset(), "raw() is where offset() says");
    check(raw.data() >= parent.data() && raw.data() + raw.size() <= parent.data() + parent.size(), "inside the parent");
    std::size_t count = 0;
    for (gw::json::Value child = value.first(); child.exists(); child = child.next(), ++count)
        check_places(child, text, raw);
    check(count == value.size(), "size() counts what next() walks");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static simdjson::dom::parser reference;
    static gw::json::Document document(std::pmr::get_default_resource());
    static gw::json::Document again(std::pmr::get_default_resource());
    static gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    if (size == 0) return 0;
    // Memory of exactly this size: one byte read too much is an error.
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view text = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());

    const auto result = document.parse(text);
    simdjson::dom::element theirs;
    const simdjson::error_code refused = reference.parse(text.data(), text.size()).get(theirs);
    if (!result) {
        const gw::Error& error = result.error();
        check(!document.root().exists(), "no value after a failure");
        check(error.where <= text.size() && !error.what.empty(), "an error has a place and a reason");
        // We refuse on purpose what they allow: duplicates, a byte order mark (newer versions), deep nesting.
        const bool on_purpose =
            error.what == "duplicate key" || error.status == GW_ERR_LIMIT || text.starts_with("\xEF\xBB\xBF");
        check(on_purpose || refused != simdjson::SUCCESS, "simdjson accepts what we refuse");
        return 0;
    }
    // They refuse, with this error, integers of more than 64 bits.
    const bool big_integer =
        refused == simdjson::NUMBER_ERROR || std::string_view(simdjson::error_message(refused)).find("BIGINT") == 0;
    check(refused == simdjson::SUCCESS || big_integer, "we accept what simdjson refuses");
    if (refused == simdjson::SUCCESS) compare(document.root(), theirs);
    check_places(document.root(), text, text);

    gw::Buffer out(pool.get());
    gw::json::Writer writer(out);
    gw::test::rewrite(writer, document.root());
    check(static_cast<bool>(again.parse(out.text())), "what we write is JSON");
    check(gw::test::same(document.root(), again.root()), "and reads back the same");
    return 0;
}
