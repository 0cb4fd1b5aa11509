// The control page and what belongs to it: which path is what, and the small JSON answers a page asks for first.
//
//     /                                         the page, and any path in it that names no file
//     /assets/app.js                            its files
//     /__openclaw/control-ui-config.json        what the page of release 2026.3 reads first; no credentials
//     /control-ui-config.json                   the same for 2026.9; credentials
//     /avatar/<agent>, /avatar/<agent>?meta=1   the picture of an agent, and where it is
//
// All of it stands below gateway.controlUi.basePath, and once more below /control-ui. Beside it, at fixed paths, are
// the files that agents show: /__openclaw__/canvas/... and /canvas-host/..., with the script that makes them load
// again,
// /__openclaw__/live-reload.js, and its socket, /__openclaw__/ws.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/config.h"
#include "core/buffer.h"

namespace gw::endpoint {

enum class PageKind : std::uint8_t {
    none,
    file,              // `rest`: the path below the base, as it was sent
    settings,          // control-ui-config.json below __openclaw
    private_settings,  // control-ui-config.json
    avatar,            // `rest`: the agent's id, as it was sent
    canvas,            // `rest`: the path below the canvas
    live_script,       // of the canvas
    live_socket,       // likewise, asked for without an upgrade
    redirect,          // to the same path with a slash behind it
};

struct Page {
    PageKind kind = PageKind::none;
    std::string_view rest;
    std::string_view base;  // "" or "/openclaw": what the page stands below
};

// `path` as it was sent, without the query; views of the result point into it. `base_path` is that of
// config::ControlUi. Paths below /api, /v1, /hooks, /tools, /plugins and /__openclaw__ are never the page's.
[[nodiscard]] Page find_page(std::string_view path, std::string_view base_path) noexcept;

inline constexpr std::string_view live_socket_path = "/__openclaw__/ws";
[[nodiscard]] bool is_canvas(const Page& page) noexcept;
// True for a Host field that names this machine as only itself does: no page of a foreign name that was made to lead to
// 127.0.0.1 (DNS rebinding) passes for local.
[[nodiscard]] bool is_loopback_host(std::optional<std::string_view> host) noexcept;

// What the picture of an agent is, from identity.avatar.
enum class AvatarKind : std::uint8_t {
    none,
    local,   // a file in the agent's workspace; `path` is below it
    remote,  // an http or https URL
    data,    // a data URL of an image
};
struct Avatar {
    AvatarKind kind = AvatarKind::none;
    std::string_view source;  // as configured; the URL when it is one
    std::string_view path;
};
// A path may be absolute when it leads into the workspace. A path that leads elsewhere is none.
[[nodiscard]] Avatar find_avatar(const config::Agent& agent) noexcept;
inline constexpr std::uint64_t avatar_bytes_max = 2U << 20U;

// {"avatarUrl", "avatarSource", "avatarStatus", "avatarReason"}. `agent` may be null: no such agent. `readable` says
// whether a local file is there.
void write_avatar(Buffer& out, const config::Agent* agent, bool readable, std::string_view base);
// The settings; those of the older page are a part of the others.
void write_page_settings(Buffer& out, const config::Config& config, const Page& page, bool avatar_readable);

}  // namespace gw::endpoint
