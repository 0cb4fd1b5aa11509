#include <algorithm>
#include <cassert>

#include "json/nodes.h"
#include "json/parse.h"
#include "json/scalar.h"

namespace gw::json {

Document::Document(std::pmr::memory_resource* memory)
    : state_(std::pmr::polymorphic_allocator<>(memory).new_object<DocumentState>(memory)) {}

Document::~Document() { std::pmr::polymorphic_allocator<>(state_->memory).delete_object(state_); }

Result<void> Document::parse(std::string_view text, const Limits& limits) {
    DocumentState& state = *state_;
    state.parsed = false;
    const std::size_t bytes_max = std::min(limits.bytes_max, Node::offset_max);
    if (text.size() > bytes_max) return Error{GW_ERR_LIMIT, bytes_max, "the JSON text is too long"};

    if (!state.structure.index(text.data(), text.size())) return explain_structure(text);
    state.text = text;
    Parser parser(state, limits);
    const Result<void> result = parser.run();
    state.parsed = static_cast<bool>(result);
    return result;
}

Value Document::root() const noexcept { return state_->parsed ? Value(this, 0) : Value(); }

void Document::shrink(std::size_t bytes_kept) noexcept {
    DocumentState& state = *state_;
    state.parsed = false;
    const std::size_t held = state.unescaped.capacity() + state.nodes.capacity() * sizeof(Node) +
                             state.open.capacity() * sizeof(DocumentState::Open) +
                             state.keys.capacity() * sizeof(std::uint64_t) + state.structure.memory_bytes();
    if (held <= bytes_kept) return;
    state.unescaped = std::pmr::vector<char>(state.memory);
    state.nodes = std::pmr::vector<Node>(state.memory);
    state.open = std::pmr::vector<DocumentState::Open>(state.memory);
    state.keys = std::pmr::vector<std::uint64_t>(state.memory);
    state.structure.release();
}

namespace {

Kind kind_of(const Node& node) noexcept { return static_cast<Kind>(node.kind); }

}  // namespace

Kind Value::kind() const noexcept { return exists() ? kind_of(document_->state_->nodes[node_]) : Kind::null; }

std::optional<bool> Value::as_bool() const noexcept {
    if (!is(Kind::boolean)) return std::nullopt;
    return raw().front() == 't';
}

std::optional<std::string_view> Value::as_string() const noexcept {
    if (!is(Kind::string)) return std::nullopt;
    return document_->state_->string(document_->state_->nodes[node_]);
}

std::optional<double> Value::as_double() const noexcept {
    if (!is(Kind::number)) return std::nullopt;
    return to_double(raw());
}

std::optional<std::int64_t> Value::as_int() const noexcept {
    if (!is(Kind::number)) return std::nullopt;
    return to_int(raw());
}

std::size_t Value::size() const noexcept {
    const Kind mine = kind();
    return mine == Kind::array || mine == Kind::object ? document_->state_->nodes[node_].count : 0;
}

Value Value::first() const noexcept {
    if (size() == 0) return {};
    return {document_, node_ + (kind() == Kind::object ? 2 : 1)};
}

Value Value::next() const noexcept {
    if (!exists()) return {};
    const std::uint32_t next = document_->state_->nodes[node_].next;
    return next == 0 ? Value() : Value(document_, next);
}

std::string_view Value::key() const noexcept {
    if (!exists() || document_->state_->nodes[node_].member == 0) return {};
    return document_->state_->string(document_->state_->nodes[node_ - 1]);
}

Value Value::operator[](std::string_view key) const noexcept {
    if (!exists()) return {};
    const DocumentState& state = *document_->state_;
    const Node& object = state.nodes[node_];
    if (kind_of(object) != Kind::object || object.count == 0) return {};
    for (std::uint32_t member = node_ + 2; member != 0; member = state.nodes[member].next) {
        const Node& name = state.nodes[member - 1];
        if (name.count == key.size() && state.string(name) == key) return {document_, member};
    }
    return {};
}

Value Value::operator[](std::size_t index) const noexcept {
    if (!is(Kind::array) || index >= size()) return {};
    Value element = first();
    while (index-- > 0) element = element.next();
    return element;
}

std::string_view Value::raw() const noexcept {
    if (!exists()) return {};
    const Node& node = document_->state_->nodes[node_];
    const DocumentState& state = *document_->state_;
    return state.text.substr(node.offset, state.source_size(node));
}

std::size_t Value::offset() const noexcept { return exists() ? document_->state_->nodes[node_].offset : 0; }

}  // namespace gw::json
