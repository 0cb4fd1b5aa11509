#include "endpoint/control_pages.h"

#include <algorithm>
#include <iterator>

#include "core/text.h"
#include "endpoint/models.h"
#include "endpoint/static_files.h"
#include "gateway/base.h"
#include "json/json.h"
#include "store/files.h"

namespace gw::endpoint {

namespace {

constexpr std::string_view alias = "/control-ui";
constexpr std::string_view canvas_bases[] = {"/__openclaw__/canvas", "/canvas-host"};
constexpr std::string_view reserved[] = {"/api", "/v1", "/hooks", "/tools", "/plugins", "/__openclaw__"};

Page page_below(std::string_view path, std::string_view base) noexcept {
    if (!path.starts_with(base)) return {};
    base = path.substr(0, base.size());  // the same text, in the request
    if (!base.empty() && path == base) return {PageKind::redirect, {}, base};
    const auto rest = below(path, base);
    if (!rest) return {};
    constexpr std::string_view avatar = "avatar/";
    if (*rest == "__openclaw/control-ui-config.json") return {PageKind::settings, {}, base};
    if (*rest == "control-ui-config.json") return {PageKind::private_settings, {}, base};
    if (rest->starts_with(avatar)) return {PageKind::avatar, rest->substr(avatar.size()), base};
    return {PageKind::file, *rest, base};
}

std::string_view status_name(AvatarKind kind, bool readable) noexcept {
    switch (kind) {
    case AvatarKind::none: return "none";
    case AvatarKind::local: return readable ? "local" : "none";
    case AvatarKind::remote: return "remote";
    case AvatarKind::data: return "data";
    }
    return "none";
}

// What a page puts into an <img>, as a JSON string; null when there is nothing.
void write_avatar_url(json::Writer& w, const config::Agent* agent, const Avatar& avatar, bool readable,
                      std::string_view base) {
    switch (avatar.kind) {
    case AvatarKind::none: break;
    case AvatarKind::remote:
    case AvatarKind::data: w.string(avatar.source); return;
    case AvatarKind::local:
        if (!readable) break;
        std::pmr::string url(base, agent->id.get_allocator());
        url += "/avatar/";
        url += agent->id;  // an id needs no escapes
        w.string(url);
        return;
    }
    w.null();
}

// Which avatar, whence, and why not. A long data URL is not repeated as its own source.
void write_avatar_facts(json::Writer& w, std::string_view prefix_source, std::string_view prefix_status,
                        std::string_view prefix_reason, const Avatar& avatar, bool readable) {
    const bool configured = !avatar.source.empty();
    w.key(prefix_source);
    if (!configured || avatar.kind == AvatarKind::data) {
        w.null();
    } else {
        w.string(avatar.source);
    }
    w.key(prefix_status);
    if (configured) {
        w.string(status_name(avatar.kind, readable));
    } else {
        w.null();
    }
    w.key(prefix_reason);
    if (configured && avatar.kind == AvatarKind::none) {
        w.string("outside_workspace");
    } else if (avatar.kind == AvatarKind::local && !readable) {
        w.string("missing");
    } else {
        w.null();
    }
}

}  // namespace

Page find_page(std::string_view path, std::string_view base_path) noexcept {
    for (const std::string_view base : canvas_bases) {
        if (path == base) return {PageKind::redirect, {}, base};
        if (const auto rest = below(path, base)) return {PageKind::canvas, *rest, base};
    }
    if (path == "/__openclaw__/live-reload.js") return {PageKind::live_script, {}, canvas_bases[0]};
    if (path == live_socket_path) return {PageKind::live_socket, {}, canvas_bases[0]};
    if (!base_path.empty()) {
        if (const Page page = page_below(path, base_path); page.kind != PageKind::none) return page;
    }
    if (const Page page = page_below(path, alias); page.kind != PageKind::none) return page;
    if (!base_path.empty()) return {};
    for (const std::string_view other : reserved) {
        if (path == other || below(path, other)) return {};
    }
    return page_below(path, {});
}

bool is_canvas(const Page& page) noexcept {
    return std::find(std::begin(canvas_bases), std::end(canvas_bases), page.base) != std::end(canvas_bases);
}

bool is_loopback_host(std::optional<std::string_view> host) noexcept {
    if (!host) return false;
    std::string_view name = *host;
    if (name.starts_with('[')) {
        const std::size_t end = name.find(']');
        if (end == std::string_view::npos) return false;
        name = name.substr(0, end + 1);
    } else {
        name = name.substr(0, name.find(':'));
    }
    return name == "127.0.0.1" || name == "[::1]" || equals_ignoring_case(name, "localhost");
}

Avatar find_avatar(const config::Agent& agent) noexcept {
    const std::string_view source = agent.identity.avatar;
    if (source.empty()) return {};
    if (starts_with_ignoring_case(source, "https://") || starts_with_ignoring_case(source, "http://"))
        return {AvatarKind::remote, source, {}};
    if (starts_with_ignoring_case(source, "data:image/")) return {AvatarKind::data, source, {}};
    std::string_view workspace = agent.workspace;
    std::string_view path = source;
    while (workspace.size() > 1 && workspace.ends_with('/')) workspace.remove_suffix(1);
    if (path.starts_with('/')) {
        const auto inner = below(path, workspace == "/" ? std::string_view{} : workspace);
        if (workspace.empty() || !inner) return {AvatarKind::none, source, {}};
        path = *inner;
    }
    while (path.starts_with("./")) path.remove_prefix(2);
    const bool image = starts_with_ignoring_case(media_type(path), "image/");
    if (workspace.empty() || !image || !store::is_inner_path(path)) return {AvatarKind::none, source, {}};
    return {AvatarKind::local, source, path};
}

void write_avatar(Buffer& out, const config::Agent* agent, bool readable, std::string_view base) {
    const Avatar avatar = agent != nullptr ? find_avatar(*agent) : Avatar{};
    json::Writer w(out);
    w.begin_object().key("avatarUrl");
    write_avatar_url(w, agent, avatar, readable, base);
    write_avatar_facts(w, "avatarSource", "avatarStatus", "avatarReason", avatar, readable);
    w.end_object();
}

void write_page_settings(Buffer& out, const config::Config& config, const Page& page, bool avatar_readable) {
    const config::Agent& agent = default_agent(config);
    const auto first_of = [](std::string_view a, std::string_view b, std::string_view c) {
        return !a.empty() ? a : !b.empty() ? b : c;
    };
    const Avatar avatar = find_avatar(agent);
    const bool picture = avatar.kind == AvatarKind::remote || avatar.kind == AvatarKind::data ||
                         (avatar.kind == AvatarKind::local && avatar_readable);
    json::Writer w(out);
    w.begin_object().member("basePath", page.base);
    w.member("assistantName", first_of(config.assistant_name, agent.identity.name, "Assistant"));
    w.key("assistantAvatar");
    if (config.assistant_avatar.empty() && picture) {
        write_avatar_url(w, &agent, avatar, avatar_readable, page.base);
    } else {
        w.string(first_of(config.assistant_avatar, agent.identity.emoji, "A"));
    }
    w.member("assistantAgentId", agent.id).member("serverVersion", GW_VERSION);
    if (page.kind == PageKind::private_settings) {
        write_avatar_facts(w, "assistantAvatarSource", "assistantAvatarStatus", "assistantAvatarReason", avatar,
                           avatar_readable);
        w.member("embedSandbox", config.control_ui.embed_sandbox);
        w.member("allowExternalEmbedUrls", config.control_ui.allow_external_embed_urls);
    }
    w.end_object();
}

}  // namespace gw::endpoint
