#include "exchange/static_run.h"

#include <algorithm>
#include <array>
#include <string>

#include "endpoint/models.h"
#include "endpoint/own_page.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr std::string_view index_name = "index.html";
constexpr int view_depth_max = 6;
constexpr std::size_t piece_bytes = 32U << 10U;
constexpr std::size_t hashed_page_bytes_max = 256U << 10U;

constexpr http1::Header frame_options{"X-Frame-Options", "DENY"};
// A page may ask for the microphone: people talk to agents.
constexpr http1::Header page_permissions{"Permissions-Policy", "camera=(), microphone=(self), geolocation=()"};
// An SVG is a document: opened by itself it must not run a script with the rights of our pages.
constexpr http1::Header picture_policy{"Content-Security-Policy",
                                       "default-src 'none'; style-src 'unsafe-inline'; sandbox"};

bool is_html(std::string_view type) { return type.starts_with("text/html"); }

}  // namespace

StaticRun::StaticRun(Gateway& gateway, ServerConn& client, const endpoint::Page& page) noexcept
    : gateway_(gateway), client_(client), page_(page) {}

void StaticRun::check(Gateway& gateway) {
    const config::ControlUi& ui = gateway.config().control_ui;
    if (!ui.enabled || ui.root.empty()) return;
    if (gateway.files().open(ui.root, index_name, gateway.memory())) return;
    gateway.log().warn(
        {"gateway.controlUi.root has no index.html that can be read: the control page is answered with "
         "503 until there is one"});
}

bool StaticRun::may_see_canvas(ServerConn& client) {
    const http1::Headers& headers = client.head()->headers;
    const bool local = client.peer_is_loopback() && !headers.get("x-forwarded-for") && !headers.get("forwarded") &&
                       !headers.get("x-real-ip") && endpoint::is_loopback_host(headers.get_single("host"));
    return local || client.has_credentials();
}

void StaticRun::start(std::string_view /*body*/) {
    using endpoint::PageKind;
    const endpoint::Page& page = page_;
    if ((page.kind == PageKind::private_settings && !client_.has_credentials()) ||
        (page.kind == PageKind::canvas && !may_see_canvas(client_))) {
        client_.answer_error({401, "unauthorized", "Credentials are missing or not right.", {}, {}});
        return;
    }
    switch (page.kind) {
    case PageKind::file: answer_page(page); return;
    case PageKind::settings:
    case PageKind::private_settings: answer_settings(page); return;
    case PageKind::avatar: answer_avatar(page); return;
    case PageKind::canvas: answer_canvas(page); return;
    case PageKind::live_script: answer_live_script(); return;
    case PageKind::live_socket: {
        static constexpr std::array fields{http1::Header{"Upgrade", "websocket"}};
        client_.answer(426, "text/plain; charset=utf-8", "upgrade required", fields);
        return;
    }
    case PageKind::redirect: redirect(page.base); return;
    case PageKind::none: break;
    }
    not_found();
}

// --- which file --------------------------------------------------------------------------------------------------

Result<Owned<store::OpenFile>> StaticRun::open(std::string_view root, std::string_view path) {
    return gateway_.files().open(root, path, gateway_.memory());
}

Result<Owned<store::OpenFile>> StaticRun::open_page(std::string_view root, std::string_view path) {
    return root.empty() ? endpoint::OwnPage().open(root, path, gateway_.memory()) : open(root, path);
}

void StaticRun::answer_page(const endpoint::Page& page) {
    const std::string_view root = gateway_.config().control_ui.root;
    const auto path = endpoint::map_path(page.rest, index_name, gateway_.memory());
    if (!path) {
        not_found();
        return;
    }
    if (auto file = open_page(root, *path)) {
        send(std::move(*file), *path, Look::page);
        return;
    }
    // A path without a file is one of the page's own views; a file of the page that is missing is missing. A view
    // deeper down names the files of the page relative to itself: "chat/assets/app.js" is "assets/app.js".
    if (*path != index_name && endpoint::has_static_ending(*path)) {
        std::string_view inner = *path;
        for (int depth = 0; depth < view_depth_max && !root.empty(); ++depth) {
            const std::size_t slash = inner.find('/');
            if (slash == std::string_view::npos) break;
            inner.remove_prefix(slash + 1);
            if (auto file = open_page(root, inner)) {
                send(std::move(*file), inner, Look::page);
                return;
            }
        }
        not_found();
        return;
    }
    // Our own page names its files relative to itself, so that it needs not know below which path it stands.
    if (root.empty() && path->find('/') != std::pmr::string::npos) {
        redirect(page.base);
        return;
    }
    auto index = open_page(root, index_name);
    if (!index) {
        client_.answer_error({503, "unavailable", "The files of the control page are not installed.", {}, {}});
        return;
    }
    send(std::move(*index), index_name, Look::page);
}

void StaticRun::answer_canvas(const endpoint::Page& page) {
    const config::CanvasHost& canvas = gateway_.config().canvas_host;
    std::pmr::string root(canvas.root, gateway_.memory());
    if (root.empty() && !gateway_.state_dir().empty()) {
        root = gateway_.state_dir();
        root += "/canvas";
    }
    const auto path = endpoint::map_path(page.rest, index_name, gateway_.memory());
    if (!canvas.enabled || root.empty() || !path) {
        not_found();
        return;
    }
    if (auto file = open(root, *path)) {
        if (gateway_.canvas_reload().is_on()) {
            std::pmr::string name(root, gateway_.memory());
            (name += '/') += *path;
            gateway_.canvas_reload().served(name);
            if (is_html(endpoint::media_type(*path)))
                *file = CanvasReload::with_script(std::move(*file), gateway_.memory());
        }
        send(std::move(*file), *path, Look::canvas);
        return;
    }
    // A directory without its slash: relative links in its page would lead beside it.
    std::pmr::string inner(*path, gateway_.memory());
    inner += '/';
    inner += index_name;
    if (!endpoint::has_static_ending(*path) && store::is_inner_path(inner) && open(root, inner)) {
        redirect(client_.path());
        return;
    }
    not_found();
}

void StaticRun::answer_live_script() {
    constexpr std::string_view name = "live-reload.js";
    auto file = endpoint::OwnPage().open({}, name, gateway_.memory());
    if (file) {
        send(std::move(*file), name, Look::page);
    } else {
        not_found();
    }
}

Owned<store::OpenFile> StaticRun::open_avatar(const config::Agent& agent, std::string_view path) {
    auto file = open(agent.workspace, path);
    if (!file || (*file)->size() > endpoint::avatar_bytes_max) return {};
    return std::move(*file);
}

void StaticRun::answer_avatar(const endpoint::Page& page) {
    const auto id = endpoint::map_path(page.rest, {}, gateway_.memory());
    const config::Agent* const agent = id ? endpoint::find_agent(gateway_.config(), *id) : nullptr;
    const endpoint::Avatar avatar = agent != nullptr ? endpoint::find_avatar(*agent) : endpoint::Avatar{};
    Owned<store::OpenFile> file;
    if (avatar.kind == endpoint::AvatarKind::local) file = open_avatar(*agent, avatar.path);
    const auto meta = route::query_parameter(client_.query(), "meta", gateway_.memory());
    if (meta && *meta == "1") {
        Buffer out(gateway_.pool());
        endpoint::write_avatar(out, agent, file != nullptr, page.base);
        static constexpr std::array fields{http1::Header{"Cache-Control", "no-cache"}, frame_options};
        client_.answer(200, json_type, out.text(), fields);
        return;
    }
    if (file == nullptr) {
        not_found();
        return;
    }
    send(std::move(file), avatar.path, Look::picture);
}

void StaticRun::answer_settings(const endpoint::Page& page) {
    const config::Agent& agent = endpoint::default_agent(gateway_.config());
    const endpoint::Avatar avatar = endpoint::find_avatar(agent);
    const bool readable = avatar.kind == endpoint::AvatarKind::local && open_avatar(agent, avatar.path) != nullptr;
    Buffer out(gateway_.pool());
    endpoint::write_page_settings(out, gateway_.config(), page, readable);
    static constexpr std::array fields{http1::Header{"Cache-Control", "no-cache"}, frame_options};
    client_.answer(200, json_type, out.text(), fields);
}

// --- how it goes out ---------------------------------------------------------------------------------------------

void StaticRun::redirect(std::string_view path) {
    std::pmr::string to(path, gateway_.memory());
    to += '/';
    if (!client_.query().empty()) {
        to += '?';
        to += client_.query();
    }
    const std::array fields{http1::Header{"Location", to}, http1::Header{"Cache-Control", "no-cache"}};
    client_.answer(302, {}, {}, fields);
}

void StaticRun::not_found() { client_.answer_error({404, "not_found", "There is nothing at this path.", {}, {}}); }

void StaticRun::send(Owned<store::OpenFile> file, std::string_view path, Look look) {
    const std::uint64_t size = file->size();
    const endpoint::EntityTag tag = endpoint::entity_tag(file->version(), size);
    const bool head_request = client_.head()->method == "HEAD";
    const endpoint::FilePlan plan = endpoint::plan(client_.head()->headers, head_request, tag.view(), size);
    const std::string_view type = endpoint::media_type(path);

    Buffer html(gateway_.pool());
    Buffer policy(gateway_.pool());
    if (look == Look::page) {
        if (is_html(type) && size <= hashed_page_bytes_max && plan.status == 200) {
            const auto got = file->read(0, html.prepare(static_cast<std::size_t>(size) + 1));
            if (got) html.commit(std::min<std::size_t>(*got, static_cast<std::size_t>(size)));
        }
        if (gateway_.config().control_ui.root.empty()) {
            policy.append(endpoint::own_page_policy);
        } else {
            endpoint::write_page_policy(policy, html.text(), gateway_.config().control_ui.allow_external_embed_urls);
        }
    }
    const endpoint::ContentRange range = endpoint::content_range(plan, size);
    std::array<http1::Header, 8> fields;
    std::size_t count = 0;
    fields[count++] = {"ETag", tag.view()};
    fields[count++] = {"Cache-Control", look == Look::canvas ? "no-store" : endpoint::cache_control(path)};
    fields[count++] = {"Accept-Ranges", "bytes"};
    if (plan.status == 206 || plan.status == 416) fields[count++] = {"Content-Range", range.view()};
    switch (look) {
    case Look::page:
        fields[count++] = frame_options;
        fields[count++] = page_permissions;
        fields[count++] = {"Content-Security-Policy", policy.text()};
        break;
    case Look::picture:
        fields[count++] = frame_options;
        fields[count++] = picture_policy;
        break;
    case Look::canvas: fields[count++] = {"Content-Security-Policy", endpoint::canvas_policy}; break;
    }
    const std::span<const http1::Header> all(fields.data(), count);
    if (plan.status == 304 || plan.status == 416) {
        client_.answer(plan.status, {}, {}, all);
        return;
    }
    client_.begin_sized(plan.status, type, all, plan.length);
    if (head_request) {
        client_.end();
        return;
    }
    file_ = std::move(file);
    next_ = plan.first;
    left_ = plan.length;
    send_pieces();
}

void StaticRun::send_pieces() {
    Buffer piece(gateway_.pool());
    while (left_ > 0 && !client_.is_full()) {
        const auto room = piece.prepare(piece_bytes);
        const auto got =
            file_->read(next_, room.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_bytes))));
        if (!got || *got == 0) {  // the file has become shorter, or its disk has failed: what was announced cannot come
            client_.break_off();
            return;
        }
        client_.write(room.first(*got));
        next_ += *got;
        left_ -= *got;
    }
    if (left_ > 0) return;
    file_.reset();
    client_.end();
}

void StaticRun::on_drained() {
    if (file_) send_pieces();
}

}  // namespace gw::exchange
