// From the offsets of the tokens to nodes: the grammar of RFC 8259, and everything that simdjson's first stage leaves
// open.
#pragma once

#include "json/nodes.h"

namespace gw::json {

class Parser {
public:
    Parser(DocumentState& state, const Limits& limits) noexcept
        : state_(state), offsets_(state.structure.offsets()), limits_(limits) {}

    // Fills state.nodes and .unescaped from state.text and .structure.
    [[nodiscard]] Result<void> run();

private:
    // True when it went well; otherwise error_ says why not.
    [[nodiscard]] bool text();
    [[nodiscard]] bool value();
    [[nodiscard]] bool container(std::uint32_t offset, Kind kind);
    [[nodiscard]] bool string(std::uint32_t offset);
    [[nodiscard]] bool resolve(Node& node, std::string_view inside);
    [[nodiscard]] bool number(std::uint32_t offset);
    [[nodiscard]] bool word(std::uint32_t offset, std::string_view text, Kind kind);
    [[nodiscard]] bool key();
    [[nodiscard]] bool close();
    [[nodiscard]] bool no_duplicates(const Node& object);

    bool add(std::uint32_t offset, std::size_t size, Kind kind);
    // Whether a number or a word may end in front of `offset`.
    [[nodiscard]] bool ends_at(std::size_t offset) const noexcept;
    bool fail(std::size_t where, std::string_view what, gw_status status = GW_ERR_DATA) noexcept {
        error_ = {status, where, what};
        return false;
    }
    [[nodiscard]] bool has_token() const noexcept { return at_ < offsets_.size(); }
    [[nodiscard]] bool end_of_text() noexcept;

    DocumentState& state_;
    std::span<const std::uint32_t> offsets_;
    std::size_t at_ = 0;  // the next token
    Limits limits_;
    Error error_;
};

// Why a text has no structure: simdjson says only that, not where.
[[nodiscard]] Error explain_structure(std::string_view text) noexcept;

}  // namespace gw::json
