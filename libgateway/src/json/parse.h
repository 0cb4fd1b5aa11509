// From the offsets of the tokens to nodes: the grammar of RFC 8259, and everything that simdjson's first stage leaves
// open.
#pragma once

#include "json/nodes.h"

namespace gw::json {

class Parser {
public:
    Parser(DocumentState& state, std::size_t depth_max) noexcept
        : state_(state), offsets_(state.structure.offsets()), depth_max_(depth_max) {}

    // Fills state.nodes from state.text, .copy and .structure.
    [[nodiscard]] Result<void> run();

private:
    // True when it went well; otherwise error_ says why not.
    [[nodiscard]] bool text();
    [[nodiscard]] bool value();
    [[nodiscard]] bool container(std::uint32_t offset, Kind kind);
    [[nodiscard]] bool string(std::uint32_t offset);
    [[nodiscard]] bool number(std::uint32_t offset);
    [[nodiscard]] bool word(std::uint32_t offset, std::string_view text, Kind kind);
    [[nodiscard]] bool key();
    [[nodiscard]] bool close();
    [[nodiscard]] bool no_duplicates(const Node& object);

    void add(std::uint32_t offset, std::size_t size, Kind kind);
    bool fail(std::size_t where, std::string_view what, gw_status status = GW_ERR_DATA) noexcept {
        error_ = {status, where, what};
        return false;
    }
    [[nodiscard]] bool has_token() const noexcept { return at_ < offsets_.size(); }
    [[nodiscard]] bool end_of_text() noexcept;

    DocumentState& state_;
    std::span<const std::uint32_t> offsets_;
    std::size_t at_ = 0;  // the next token
    std::size_t depth_max_;
    Error error_;
};

// Why a text has no structure: simdjson says only that, not where.
[[nodiscard]] Error explain_structure(std::string_view text) noexcept;

}  // namespace gw::json
