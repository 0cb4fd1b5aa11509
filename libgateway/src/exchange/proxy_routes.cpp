// Routes of the proxy that are answered here: what does not go to a provider.
#include <array>
#include <charconv>

#include "core/text.h"
#include "crypto/random.h"
#include "endpoint/guardrail_settings.h"
#include "endpoint/inspect.h"
#include "endpoint/metrics.h"
#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr std::string_view text_utf8 = "text/plain; charset=utf-8";
constexpr std::size_t label_chars_max = 128;
constexpr std::size_t egress_bytes_max = 8192;

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
        ++proxy_.metrics().rate_limited;
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
            client_.answer_early(404, json_type,
                                 R"({"error":{"message":"There is nothing at this path.","type":"not_found"}})");
            return;
        }
        return refuse_text(405, "method not allowed");
    case Route::nowhere: return refuse_text(405, "method not allowed");
    }
    if (route_ == Route::models) return;
    if (route_ == Route::inspect) {
        const auto outcome = auth::check_management(proxy_.token(), head.headers.get_single("authorization"),
                                                    head.headers.get_single("x-defenseclaw-token"),
                                                    head.headers.get_single("x-dc-auth"));
        if (outcome != Proxy::Auth::allowed) {
            ++gateway_.stats().refused_total;
            proxy_.metrics().count_auth_failure(outcome);
            return outcome == Proxy::Auth::no_token_configured ? refuse_route(503, "no token is configured")
                                                               : refuse_route(401, "unauthorized");
        }
        if (const auto refusal = endpoint::check_local_request(method, head.headers))
            return refuse_route(refusal->status, refusal->text);
        body_bytes_max_ = endpoint::inspect_body_bytes_max;
        return;
    }
    if (route_ == Route::metrics && peer_is_loopback) return;
    if (route_ == Route::metrics && peer_is_loopback) return;
    if (const Proxy::Auth outcome = proxy_.authorize(head.headers); outcome != Proxy::Auth::allowed) {
        ++gateway_.stats().refused_total;
        proxy_.metrics().count_auth_failure(outcome);
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
    const std::string_view where = path();
    for (std::size_t at = 0; (at = where.find('%', at)) != std::string_view::npos; ++at) {
        const std::string_view code = where.substr(at + 1, 2);
        if (!equals_ignoring_case(code, "2f") && !equals_ignoring_case(code, "5c")) continue;
        refuse_text(400, "encoded path separators not allowed");
        return false;
    }
    if (where.find("..") != std::string_view::npos) {
        refuse_text(400, "path traversal not allowed");
        return false;
    }
    constexpr std::string_view prefix = "/c/";
    if (!where.starts_with(prefix)) return true;
    const std::string_view rest = where.substr(prefix.size());
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
    const std::string_view where = path();
    if (where == "/v1/chat/completions" || where == "/chat/completions") return Route::chat;
    if (where == "/v1/models" || where == "/models") return Route::models;
    if (where == "/health" || where == "/health/liveness" || where == "/health/liveliness" ||
        where == "/health/readiness")
        return Route::health;
    if (where == "/v1/events/egress") return Route::egress;
    if (where == "/v1/config/providers") return Route::providers;
    if (where == "/v1/config/providers/reload") return Route::providers_reload;
    if (where.starts_with("/api/v1/inspect/") || where == "/v1/guardrail/config" || where == "/v1/guardrail/evaluate" ||
        where == "/status") {
        return Route::inspect;
    }
    if (where == "/metrics") return Route::metrics;
    if (head_->method != "GET" && head_->method != "POST") return Route::nowhere;
    if (head_->method == "POST" && ends_with_chat(where)) return Route::chat;
    return Route::passthrough;
}

void ProxyRun::refuse_text(int status, std::string_view text) { client_.answer_early(status, text_utf8, text); }

void ProxyRun::refuse_route(int status, std::string_view text) {
    Buffer out(gateway_.pool());
    endpoint::write_route_error(out, text);
    client_.answer_early(status, json_type, out.text());
}

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
    client_.answer(200, json_type, out.text(), {&no_store, 1});
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
    client_.answer(200, json_type, out.text());
}

// The inspection routes, and what of the guardrail can be seen and changed while it runs.
void ProxyRun::answer_inspection(std::string_view body) {
    const std::string_view where = path();
    const std::string_view method = head_->method;
    Buffer out(gateway_.pool());
    int status = 200;
    const auto allow = [&](std::string_view allowed) {
        if (method == allowed) return true;
        status = 405;
        endpoint::write_route_error(out, "method not allowed");
        return false;
    };
    const auto inspect = [&](endpoint::InspectRoute route) {
        if (!allow("POST")) return;
        endpoint::InspectSettings settings;
        settings.policy = proxy_.policy().policy;
        settings.reveal = head_->headers.get("x-defenseclaw-reveal-pii") == "1";
        status = endpoint::inspect(out, route, body, proxy_.scanner(), settings, gateway_.memory());
    };
    if (where == "/status") {
        if (allow("GET")) {
            endpoint::StatusFacts facts;
            facts.uptime_ms = gateway_.uptime_ms();
            facts.identity = "gatewayd " GW_VERSION;
            endpoint::write_status(out, facts);
        }
    } else if (where == "/v1/guardrail/config") {
        if (method == "PATCH") {
            status = endpoint::patch_guardrail_settings(out, body, proxy_.settings(), gateway_.memory());
        } else if (allow("GET")) {
            endpoint::write_guardrail_settings(out, proxy_.settings());
        }
    } else if (where == "/v1/guardrail/evaluate") {
        if (allow("POST")) {
            status = endpoint::evaluate(out, body, proxy_.policy().policy, proxy_.settings().scanner_mode,
                                        gateway_.memory());
        }
    } else if (where == "/api/v1/inspect/tool") {
        inspect(endpoint::InspectRoute::tool);
    } else if (where == "/api/v1/inspect/request") {
        inspect(endpoint::InspectRoute::request);
    } else if (where == "/api/v1/inspect/response") {
        inspect(endpoint::InspectRoute::response);
    } else if (where == "/api/v1/inspect/tool-response") {
        inspect(endpoint::InspectRoute::tool_response);
    } else {
        status = 404;
        endpoint::write_route_error(out, "there is nothing at this path");
    }
    client_.answer(status, json_type, out.text());
}

void ProxyRun::answer_metrics() {
    endpoint::ProxyMetrics& metrics = proxy_.metrics();
    metrics.memory_bytes = gateway_.memory_bytes();
    metrics.records_written = proxy_.records().written();
    metrics.records_dropped = proxy_.records().dropped();
    Buffer out(gateway_.pool());
    metrics.write(out);
    client_.answer(200, endpoint::exposition_type, out.text());
}

void ProxyRun::on_answered(int status) noexcept {
    using endpoint::MetricRoute;
    MetricRoute route = MetricRoute::other;
    switch (route_) {
    case Route::chat: route = MetricRoute::chat; break;
    case Route::passthrough: route = MetricRoute::passthrough; break;
    case Route::models: route = MetricRoute::models; break;
    case Route::health: route = MetricRoute::health; break;
    case Route::egress: route = MetricRoute::egress; break;
    case Route::providers:
    case Route::providers_reload: route = MetricRoute::providers; break;
    case Route::inspect: route = MetricRoute::inspect; break;
    case Route::metrics: route = MetricRoute::metrics; break;
    case Route::nowhere: break;
    }
    proxy_.metrics().count_request(route, status);
}

}  // namespace gw::exchange
