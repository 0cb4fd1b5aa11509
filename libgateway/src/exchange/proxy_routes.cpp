// Routes of the proxy that are answered here: what does not go to a provider.
#include <array>
#include <charconv>

#include "core/text.h"
#include "crypto/random.h"
#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr std::string_view text_utf8 = "text/plain; charset=utf-8";
constexpr std::string_view json_utf8 = "application/json; charset=utf-8";
constexpr std::size_t label_chars_max = 128;
constexpr std::size_t egress_bytes_max = 8192;
constexpr std::size_t inspect_bytes_max = 1U << 20U;

// A label that a client gives: bounded, without control characters.
void take_label(std::optional<std::string_view> value, std::pmr::string& out) {
    if (!value || !out.empty()) return;
    for (const char c : value->substr(0, label_chars_max)) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) out += c;
    }
}

bool ends_with_chat(std::string_view path) noexcept { return path.ends_with("/chat/completions"); }

}  // namespace

void ProxyRun::admit(const http1::RequestHead& head, std::string_view peer, bool peer_is_loopback) {
    head_ = &head;
    peer_is_loopback_ = peer_is_loopback;
    target_ = head.target;
    for (const std::string_view name : {"x-defenseclaw-request-id", "x-request-id", "x-correlation-id"})
        take_label(head.headers.get(name), request_id_);
    if (request_id_.empty()) {
        if (const auto uuid = crypto::random_uuid(gateway_.random())) request_id_.assign(uuid->data(), uuid->size());
    }
    if (const std::uint64_t wait_ms = proxy_.take_turn(head.headers, peer); wait_ms > 0) {
        std::array<char, 20> seconds{};
        const char* end = std::to_chars(seconds.data(), seconds.data() + seconds.size(), (wait_ms + 999) / 1000).ptr;
        const http1::Header fields[] = {
            {"Retry-After", {seconds.data(), static_cast<std::size_t>(end - seconds.data())}}};
        client_.answer_early(429, text_utf8, R"({"error":{"message":"rate limit exceeded","type":"rate_limit_error"}})",
                             fields);
        return;
    }
    if (!strip_connector()) return;
    route_ = find_route();
    const std::string_view method = head.method;
    const bool reads = method == "GET" || (route_ == Route::providers && method == "HEAD");
    switch (route_) {
    case Route::health: return;
    case Route::models:
    case Route::providers:
    case Route::metrics:
        if (!reads) return refuse_text(405, "method not allowed");
        break;
    case Route::inspect: break;  // its own rules
    case Route::chat:
    case Route::egress:
    case Route::providers_reload:
    case Route::passthrough:
        if (method == "POST") break;
        if (method == "GET" && route_ == Route::passthrough) {
            client_.answer_early(404, json_utf8,
                                 R"({"error":{"message":"There is nothing at this path.","type":"not_found"}})");
            return;
        }
        return refuse_text(405, "method not allowed");
    case Route::nowhere: return refuse_text(405, "method not allowed");
    }
    if (route_ == Route::models) return;
    if (route_ == Route::metrics && peer_is_loopback) return;
    if (proxy_.authorize(head.headers) != Proxy::Auth::allowed) {
        ++gateway_.stats().refused_total;
        if (route_ == Route::egress || route_ == Route::providers || route_ == Route::providers_reload ||
            route_ == Route::metrics) {
            return refuse_text(401, "unauthorized");
        }
        client_.answer_early(
            401, "application/json",
            R"({"error":{"message":"invalid API key","type":"authentication_error","code":"invalid_api_key"}})");
        return;
    }
    take_label(head.headers.get("x-defenseclaw-session-id"), session_);
    body_bytes_max_ = route_ == Route::egress ? egress_bytes_max : gateway_.config().guardrail.body_bytes_max;
}

// Takes `/c/<name>` off the path. Nobody may smuggle another path past the check.
bool ProxyRun::strip_connector() {
    const std::string_view path = std::string_view(target_).substr(0, target_.find('?'));
    for (std::size_t at = 0; (at = path.find('%', at)) != std::string_view::npos; ++at) {
        const std::string_view code = path.substr(at + 1, 2);
        if (!equals_ignoring_case(code, "2f") && !equals_ignoring_case(code, "5c")) continue;
        refuse_text(400, "encoded path separators not allowed");
        return false;
    }
    if (path.find("..") != std::string_view::npos) {
        refuse_text(400, "path traversal not allowed");
        return false;
    }
    constexpr std::string_view prefix = "/c/";
    if (!path.starts_with(prefix)) return true;
    const std::string_view rest = path.substr(prefix.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return true;
    const std::string_view name = rest.substr(0, slash);
    const bool good = !name.empty() && name.size() <= 64 &&
                      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
    if (!good) {
        refuse_text(400, "invalid connector name");
        return false;
    }
    if (!proxy_.has_connector(name)) {
        refuse_text(404, "unknown connector");
        return false;
    }
    connector_ = name;
    target_.erase(0, prefix.size() + name.size());
    return true;
}

ProxyRun::Route ProxyRun::find_route() const noexcept {
    const std::string_view path = std::string_view(target_).substr(0, target_.find('?'));
    if (path == "/v1/chat/completions" || path == "/chat/completions") return Route::chat;
    if (path == "/v1/models" || path == "/models") return Route::models;
    if (path == "/health" || path == "/health/liveness" || path == "/health/liveliness" || path == "/health/readiness")
        return Route::health;
    if (path == "/v1/events/egress") return Route::egress;
    if (path == "/v1/config/providers") return Route::providers;
    if (path == "/v1/config/providers/reload") return Route::providers_reload;
    if (head_->method != "GET" && head_->method != "POST") return Route::nowhere;
    if (head_->method == "POST" && ends_with_chat(path)) return Route::chat;
    return Route::passthrough;
}

void ProxyRun::refuse_text(int status, std::string_view text) { client_.answer_early(status, text_utf8, text); }

void ProxyRun::answer_providers(bool reload) {
    if (reload && !proxy_.reload_providers()) {
        client_.answer(500, text_utf8, "reload failed");
        return;
    }
    const std::string_view path = gateway_.config().guardrail.custom_providers_path;
    Buffer out(gateway_.pool());
    if (reload) {
        json::Writer w(out);
        w.begin_object().member("status", "ok").member("provider_count", std::uint64_t{proxy_.providers().count()});
        w.member("overlay_path", path).member("overlay_applied", proxy_.providers().overlay_applied()).end_object();
    } else {
        proxy_.providers().write(out, path);
    }
    static constexpr http1::Header no_store{"Cache-Control", "no-store"};
    client_.answer(200, json_utf8, out.text(), {&no_store, 1});
}

void ProxyRun::answer_models() {
    const config::Config& config = gateway_.config();
    std::string_view name = config.guardrail.model_name;
    if (name.empty()) name = config.default_model_primary;
    if (name.empty()) name = "openclaw";
    Buffer out(gateway_.pool());
    json::Writer w(out);
    w.begin_object().member("object", "list").key("data").begin_array().begin_object();
    w.member("id", name).member("object", "model").member("owned_by", "defenseclaw");
    w.end_object().end_array().end_object();
    client_.answer(200, json_utf8, out.text());
}

}  // namespace gw::exchange
