// Comparing and writing JSON trees, for the tests and the fuzz targets.
#pragma once

#include <bit>
#include <cmath>

#include "json/json.h"

namespace gw::test {

// Equal in kind, order, keys and values; numbers as doubles, bit by bit, and as integers where both are (1e18 is not,
// and is written with all its digits).
inline bool same(json::Value a, json::Value b) {
    if (a.exists() != b.exists() || a.kind() != b.kind() || a.size() != b.size()) return false;
    switch (a.kind()) {
    case json::Kind::null: return true;
    case json::Kind::boolean: return a.as_bool() == b.as_bool();
    case json::Kind::number:
        return std::bit_cast<std::uint64_t>(*a.as_double()) == std::bit_cast<std::uint64_t>(*b.as_double()) &&
               (!a.as_int() || !b.as_int() || *a.as_int() == *b.as_int());
    case json::Kind::string: return a.as_string() == b.as_string();
    case json::Kind::array:
    case json::Kind::object: break;
    }
    json::Value x = a.first();
    json::Value y = b.first();
    while (x.exists() && y.exists()) {
        if (x.key() != y.key() || !same(x, y)) return false;
        x = x.next();
        y = y.next();
    }
    return !x.exists() && !y.exists();
}

// Writes the value anew, piece by piece.
inline void rewrite(json::Writer& out, json::Value value) {
    switch (value.kind()) {
    case json::Kind::null: out.null(); break;
    case json::Kind::boolean: out.boolean(*value.as_bool()); break;
    case json::Kind::number:
        // A whole number may have more digits than a double; -0 is a double alone.
        if (const auto whole = value.as_int(); whole && (*whole != 0 || !std::signbit(*value.as_double()))) {
            out.number(*whole);
        } else {
            out.number(*value.as_double());
        }
        break;
    case json::Kind::string: out.string(*value.as_string()); break;
    case json::Kind::array:
        out.begin_array();
        for (json::Value v = value.first(); v.exists(); v = v.next()) rewrite(out, v);
        out.end_array();
        break;
    case json::Kind::object:
        out.begin_object();
        for (json::Value v = value.first(); v.exists(); v = v.next()) {
            out.key(v.key());
            rewrite(out, v);
        }
        out.end_object();
        break;
    }
}

}  // namespace gw::test
