#include "config/schema.h"

namespace gw::config {

namespace {

using json::Kind;

class Checker {
public:
    Checker(const Variables& variables, Report& report)
        : variables_(variables), report_(report), path_(report.memory()) {}

    void visit(Node& node, std::size_t row);

private:
    [[nodiscard]] static std::string_view below(std::size_t row) noexcept { return keys()[row].path(); }
    // The row of the key `name` below a row; the row itself when there is none.
    [[nodiscard]] static std::size_t find(std::size_t row, std::string_view separator, std::string_view name) noexcept;

    void object(Node& node, std::size_t row);
    void unknown(const Node& child, std::size_t row);
    void each(Node& node, std::size_t row);
    void integer(const Node& node, const Key& key);
    void choice(const Node& node, const Key& key);
    void texts(const Node& node);
    void secret(Node& node);
    void expect(const Node& node, Kind kind, std::string_view what) {
        if (!node.is(kind)) mismatch(node, what);
    }
    void mismatch(const Node& node, std::string_view what) {
        report_.error(path_, node.place, {"must be ", what, ", found ", describe(node, report_.memory())});
    }

    const Variables& variables_;
    Report& report_;
    std::pmr::string path_;
};

// Whether `path` is `parent`, `separator` and `name`, one behind the other.
bool is_child(std::string_view path, std::string_view parent, std::string_view separator,
              std::string_view name) noexcept {
    return path.size() == parent.size() + separator.size() + name.size() && path.ends_with(name) &&
           path.starts_with(parent) && path.substr(parent.size(), separator.size()) == separator;
}

std::size_t Checker::find(std::size_t row, std::string_view separator, std::string_view name) noexcept {
    const std::string_view parent = below(row);
    for (std::size_t i = row + 1; i < row_after(row); i = row_after(i)) {
        if (is_child(keys()[i].path(), parent, parent.empty() ? std::string_view{} : separator, name)) return i;
    }
    return row;
}

void Checker::visit(Node& node, std::size_t row) {
    if (report_.full()) return;
    const Key& key = keys()[row];
    if (key.use == Use::not_heeded) report_.warn(path_, node.key_place, {"is known but not used by this gateway"});
    switch (key.type) {
    case Type::boolean: return expect(node, Kind::boolean, "true or false");
    case Type::integer: return integer(node, key);
    case Type::text: return expect(node, Kind::string, "a text");
    case Type::secret: return secret(node);
    case Type::choice: return choice(node, key);
    case Type::texts: return texts(node);
    case Type::text_or_false:
        if (!node.is(Kind::string) && !(node.is(Kind::boolean) && !node.boolean)) mismatch(node, "a text or false");
        return;
    case Type::model:
        if (node.is(Kind::object)) return object(node, row);
        return expect(node, Kind::string, "\"provider/model\" or { primary, fallbacks }");
    case Type::object: return node.is(Kind::object) ? object(node, row) : mismatch(node, "an object");
    case Type::map: return node.is(Kind::object) ? each(node, find(row, ".", "*")) : mismatch(node, "an object");
    case Type::list: return node.is(Kind::array) ? each(node, find(row, "[]", "")) : mismatch(node, "a list");
    case Type::any: return;
    }
}

void Checker::object(Node& node, std::size_t row) {
    for (Node& child : node.children) {
        // "auth.mode" in quotes is one odd key, not the way to another.
        const bool plain = child.key.find_first_of(".[*") == std::string::npos;
        std::size_t found = plain ? find(row, ".", child.key) : row;
        if (found == row) found = find(row, ".", "*");
        const std::size_t size = path_.size();
        append_key(path_, child.key);
        if (found == row) {
            unknown(child, row);
        } else {
            visit(child, found);
        }
        path_.resize(size);
        if (report_.full()) return;
    }
}

void Checker::unknown(const Node& child, std::size_t row) {
    const std::string_view parent = below(row);
    Nearest nearest(child.key);
    for (std::size_t i = row + 1; i < row_after(row); i = row_after(i)) {
        nearest.offer(keys()[i].path().substr(parent.empty() ? 0 : parent.size() + 1));
    }
    if (nearest.best().empty()) {
        report_.error(path_, child.key_place, {"is not a key of the configuration"});
    } else {
        report_.error(path_, child.key_place,
                      {"is not a key of the configuration; did you mean \"", nearest.best(), "\"?"});
    }
}

void Checker::each(Node& node, std::size_t row) {
    for (std::size_t i = 0; i < node.children.size() && !report_.full(); ++i) {
        const std::size_t size = path_.size();
        if (node.is(Kind::object)) {
            append_key(path_, node.children[i].key);
        } else {
            append_index(path_, i);
        }
        visit(node.children[i], row);
        path_.resize(size);
    }
}

void Checker::integer(const Node& node, const Key& key) {
    if (node.is(Kind::number) && node.integer && *node.integer >= key.minimum && *node.integer <= key.maximum) return;
    report_.error(path_, node.place,
                  {"must be a whole number from ", Digits(key.minimum), " to ", Digits(key.maximum), ", found ",
                   describe(node, report_.memory())});
}

void Checker::choice(const Node& node, const Key& key) {
    std::pmr::string all(report_.memory());
    Nearest nearest(node.is(Kind::string) ? std::string_view(node.text) : std::string_view{});
    std::string_view rest = key.choices();
    while (!rest.empty()) {
        const std::size_t bar = rest.find('|');
        const std::string_view one = rest.substr(0, bar);
        rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
        if (node.is(Kind::string) && std::string_view(node.text) == one) return;
        nearest.offer(one);
        if (!all.empty()) all += rest.empty() ? " or " : ", ";
        all += one;
    }
    if (nearest.best().empty()) return mismatch(node, all);
    report_.error(
        path_, node.place,
        {"must be ", all, ", found ", describe(node, report_.memory()), "; did you mean \"", nearest.best(), "\"?"});
}

void Checker::texts(const Node& node) {
    if (!node.is(Kind::array)) return mismatch(node, "a list of texts");
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (node.children[i].is(Kind::string)) continue;
        const std::size_t size = path_.size();
        append_index(path_, i);
        mismatch(node.children[i], "a text");
        path_.resize(size);
    }
}

void Checker::secret(Node& node) {
    if (node.is(Kind::string)) {
        if (std::string_view(node.text) == "__OPENCLAW_REDACTED__") {
            report_.error(path_, node.place,
                          {"was made unreadable when the configuration was shown; put the secret itself here"});
        }
        node.from_environment = true;
        return;
    }
    if (!node.is(Kind::object)) {  // what stands there instead may be the secret: not shown
        report_.error(path_, node.place, {"must be a text or a reference { source: \"env\", id: \"NAME\" }"});
        return;
    }
    const Node* const source = node.find("source");
    const Node* const id = node.find("id");
    if (source == nullptr || !source->is(Kind::string) || id == nullptr || !id->is(Kind::string)) {
        report_.error(path_, node.place, {"must be a text or a reference { source: \"env\", id: \"NAME\" }"});
        return;
    }
    if (std::string_view(source->text) != "env") {
        const bool known = source->text == "file" || source->text == "exec";
        report_.error(path_, source->place,
                      {known ? "asks for a secret from a file or a program, which this gateway does not support; "
                             : "has a source that is not known; ",
                       "use a reference { source: \"env\", id: \"NAME\" } or \"${NAME}\""});
        return;
    }
    const auto value = variables_.find(id->text);
    if (!value) {
        const bool shown = id->text.size() <= 64 &&
                           id->text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
        report_.error(path_, id->place,
                      {"refers to the variable ", shown ? std::string_view(id->text) : std::string_view("of `id`"),
                       ", which is not set, or empty"});
        return;
    }
    // Kept apart while the object that holds `id` goes.
    Node text(report_.memory());
    text.kind = Kind::string;
    text.from_environment = true;
    text.key = std::move(node.key);
    text.key_place = node.key_place;
    text.place = node.place;
    text.text = *value;
    node = std::move(text);
}

}  // namespace

void check(Node& root, const Variables& variables, Report& report) { Checker(variables, report).visit(root, 0); }

}  // namespace gw::config
