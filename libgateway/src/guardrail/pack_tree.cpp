#include "guardrail/pack_tree.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace gw::guardrail::pack {

Tree::Builder::Builder(Tree& tree) noexcept : tree_(tree) {}

bool Tree::Builder::fail(Place place, std::string_view what) {
    if (tree_.problems_.size() < problems_max) tree_.problems_.push_back({place, what});
    return false;
}

std::string_view Tree::Builder::keep(std::string_view text) {
    if (text.empty()) return {};
    char* const copy = static_cast<char*>(tree_.texts_.allocate(text.size(), 1));
    std::copy(text.begin(), text.end(), copy);
    return {copy, text.size()};
}

void Tree::Builder::check_key(std::string_view text, Place place) {
    const Node& map = tree_.nodes_[open_[depth_ - 1].node];
    for (const Node* other = tree_.first(map); other != nullptr; other = tree_.next(*other)) {
        if (other->key != text) continue;
        fail(place, "this key was given before");
        return;
    }
}

bool Tree::Builder::key(std::string_view text, Place place) {
    if (tree_.nodes_[open_[depth_ - 1].node].count == members_max) return fail(place, "there are too many keys here");
    key_ = text;
    key_place_ = place;
    has_key_ = true;
    return true;
}

bool Tree::Builder::value(Node::Kind kind, std::string_view text, bool quoted, Place place) {
    if (tree_.nodes_.size() == nodes_max) return fail(place, "there are too many values in this file");
    Node node;
    node.kind = kind;
    node.quoted = quoted;
    node.text = text;
    node.place = place;
    if (has_key_) {
        node.key = key_;
        node.key_place = key_place_;
        has_key_ = false;
    }
    const auto index = static_cast<std::uint32_t>(tree_.nodes_.size());
    tree_.nodes_.push_back(node);
    if (depth_ > 0) {
        Open& open = open_[depth_ - 1];
        ++tree_.nodes_[open.node].count;
        std::uint32_t& link = open.last_child == 0 ? tree_.nodes_[open.node].first : tree_.nodes_[open.last_child].next;
        link = index;
        open.last_child = index;
    }
    return true;
}

bool Tree::Builder::open(Node::Kind kind, Place place) {
    if (depth_ == depth_max) return fail(place, "this is nested too deeply");
    const auto index = static_cast<std::uint32_t>(tree_.nodes_.size());
    if (!value(kind, {}, false, place)) return false;
    open_[depth_++] = {index, 0};
    return true;
}

void Tree::Builder::close() noexcept { --depth_; }

namespace {

constexpr std::size_t bytes_per_node = 16;  // as packs have it; a guess that spares copying

// The place of ascending offsets of a text, in time linear in it.
class Cursor {
public:
    explicit Cursor(std::string_view text) noexcept : text_(text) {
        if (text_.starts_with("\xEF\xBB\xBF")) offset_ = 3;
    }
    [[nodiscard]] Place to(std::size_t offset) noexcept {
        std::string_view passed = text_.substr(offset_, offset - offset_);
        offset_ = offset;
        for (std::size_t end = passed.find('\n'); end != std::string_view::npos; end = passed.find('\n')) {
            ++place_.line;
            place_.column = 1;
            passed.remove_prefix(end + 1);
        }
        place_.column += static_cast<std::uint32_t>(std::count_if(
            passed.begin(), passed.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
        return place_;
    }

private:
    std::string_view text_;
    std::size_t offset_ = 0;
    Place place_{1, 1};
};

class JsonReader {
public:
    JsonReader(std::string_view text, Tree::Builder& builder) noexcept
        : text_(text), cursor_(text), builder_(builder) {}

    // Recursion ends with the builder's depth limit.
    [[nodiscard]] bool add(const json::Value& value) {  // NOLINT(misc-no-recursion)
        const Place place = cursor_.to(value.offset());
        switch (value.kind()) {
        case json::Kind::null: return builder_.value(Node::Kind::null, "null", false, place);
        case json::Kind::boolean: return builder_.value(Node::Kind::boolean, value.raw(), false, place);
        case json::Kind::number: return builder_.value(Node::Kind::number, value.raw(), false, place);
        case json::Kind::string: return builder_.value(Node::Kind::text, *value.as_string(), true, place);
        case json::Kind::array: return children(value, Node::Kind::list, place);
        case json::Kind::object: return children(value, Node::Kind::map, place);
        }
        return false;
    }

private:
    [[nodiscard]] bool children(const json::Value& value, Node::Kind kind, Place place) {  // NOLINT(misc-no-recursion)
        if (!builder_.open(kind, place)) return false;
        std::size_t at = value.offset() + 1;  // behind the bracket, then behind each child
        for (json::Value child = value.first(); child.exists(); child = child.next()) {
            if (kind == Node::Kind::map) {
                const std::size_t quote = text_.find('"', at);
                if (!builder_.key(child.key(), cursor_.to(quote))) return false;
            }
            if (!add(child)) return false;
            at = child.offset() + child.raw().size();
        }
        builder_.close();
        return true;
    }

    std::string_view text_;
    Cursor cursor_;
    Tree::Builder& builder_;
};

}  // namespace

bool Tree::read_json(std::string_view bytes) {
    Builder builder(*this);
    json::Limits limits;
    limits.depth_max = depth_max;
    if (const Result<void> parsed = document_.parse(bytes, limits); !parsed) {
        const json::Position position = json::position_of(bytes, parsed.error().where);
        return builder.fail({static_cast<std::uint32_t>(position.line), static_cast<std::uint32_t>(position.column)},
                            parsed.error().what);
    }
    nodes_.reserve(std::min(nodes_max, bytes.size() / bytes_per_node));
    return JsonReader(bytes, builder).add(document_.root());
}

Node::Kind kind_of_plain(std::string_view text) noexcept {
    constexpr std::array<std::string_view, 5> nulls{"", "~", "null", "Null", "NULL"};
    constexpr std::array<std::string_view, 6> booleans{"true", "True", "TRUE", "false", "False", "FALSE"};
    if (std::find(nulls.begin(), nulls.end(), text) != nulls.end()) return Node::Kind::null;
    if (std::find(booleans.begin(), booleans.end(), text) != booleans.end()) return Node::Kind::boolean;
    // [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
    std::string_view rest = text;
    const auto digits = [&rest] {
        std::size_t count = 0;
        while (count < rest.size() && is_digit(rest[count])) ++count;
        rest.remove_prefix(count);
        return count;
    };
    const auto sign = [&rest] {
        if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
    };
    sign();
    const std::size_t whole = digits();
    std::size_t part = 0;
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        part = digits();
    }
    if (whole + part == 0) return Node::Kind::text;
    if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
        rest.remove_prefix(1);
        sign();
        if (digits() == 0) return Node::Kind::text;
    }
    return rest.empty() ? Node::Kind::number : Node::Kind::text;
}

}  // namespace gw::guardrail::pack
