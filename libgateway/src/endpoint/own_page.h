// Our own control page, which is served where gateway.controlUi.root names no other. Its files (libgateway/page) travel
// inside the library: no disk is needed.
//
//     page/*.js, *.css, ... ── tools/embed.cpp ──► own_page_files() ──► OwnPage::open("app.js")
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

#include "core/owned.h"
#include "core/result.h"
#include "core/zlib.h"
#include "store/files.h"

namespace gw::endpoint {

struct PageFile {
    std::string_view path;
    PackedText content;
    std::uint64_t version = 0;  // of the content
};
// Sorted by path. Generated.
[[nodiscard]] std::span<const PageFile> own_page_files() noexcept;

// It needs less than others: no inline script or style, nothing of another origin, and no markup made of strings.
inline constexpr std::string_view own_page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

class OwnPage final : public store::Files {
public:
    // `root` says nothing here. GW_DONE as an error: there is no such file.
    [[nodiscard]] Result<Owned<store::OpenFile>> open(std::string_view root, std::string_view path,
                                                      std::pmr::memory_resource* memory) override;
};

}  // namespace gw::endpoint
