#include "config/address.h"
#include "config/fill.h"
#include "core/text.h"
#include "crypto/password.h"

namespace gw::config {

namespace {

using json::Kind;

class Gateway {
public:
    Gateway(const Node& root, const Environment& environment, const Variables& variables, Config& out, Report& report)
        : root_(root), environment_(environment), variables_(variables), out_(out), report_(report) {}

    void fill() {
        if (text_at(root_, "gateway.mode") == "remote") {
            error("gateway.mode", "is \"remote\", which is for clients; a gateway runs with \"local\"");
        }
        port();
        bind();
        credentials();
        auth();
        tls();
        http();
        lists();
        pages();
        out_.timeouts.connect_ms = integer_at(root_, "gateway.upstream.timeouts.connectMs", out_.timeouts.connect_ms);
        out_.timeouts.first_byte_ms =
            integer_at(root_, "gateway.upstream.timeouts.firstByteMs", out_.timeouts.first_byte_ms);
        out_.timeouts.idle_ms = integer_at(root_, "gateway.upstream.timeouts.idleMs", out_.timeouts.idle_ms);
        out_.upstream_conns_max = integer_at(root_, "gateway.upstream.maxConnections", out_.upstream_conns_max);
        out_.ca_bundle_path = text_at(root_, "gateway.upstream.caBundlePath");
        nodes();
    }

private:
    // An error at a path, or else, when there is nothing at that path, at the section around it.
    void error(std::string_view path, std::string_view message) { report_.error(path, near(path), {message}); }
    [[nodiscard]] std::optional<Place> near(std::string_view path) const noexcept {
        for (;;) {
            if (const Node* const node = root_.at(path)) return node->place;
            const std::size_t dot = path.rfind('.');
            if (dot == std::string_view::npos) return std::nullopt;
            path = path.substr(0, dot);
        }
    }

    void port();
    void bind();
    void credentials();
    void auth();
    void tls();
    void http();
    void lists();
    void nodes();
    void pages();
    [[nodiscard]] bool is_exposed() const noexcept;

    const Node& root_;
    const Environment& environment_;
    const Variables& variables_;
    Config& out_;
    Report& report_;
};

void Gateway::port() {
    out_.port = integer_at(root_, "gateway.port", out_.port);
    if (environment_.port) {
        out_.port = *environment_.port;
    } else if (const auto text = variables_.find_in_environment("OPENCLAW_GATEWAY_PORT")) {
        const auto value = parse_decimal(trim(*text));
        if (value && *value <= 65535) {
            out_.port = static_cast<std::uint16_t>(*value);
        } else {
            report_.error("OPENCLAW_GATEWAY_PORT", std::nullopt,
                          {"in the environment must be a whole number from 0 to 65535"});
        }
    }
}

void Gateway::bind() {
    const std::string_view bind = text_at(root_, "gateway.bind");
    if (bind == "lan") out_.bind = Bind::lan;
    if (bind == "tailnet") out_.bind = Bind::tailnet;
    if (bind == "auto") out_.bind = Bind::automatic;
    if (bind == "custom") out_.bind = Bind::custom;
    out_.custom_bind_host = text_at(root_, "gateway.customBindHost");
    if (!environment_.address.empty()) {
        out_.bind = Bind::custom;
        out_.custom_bind_host = environment_.address;
        if (!is_address(environment_.address))
            report_.error("", std::nullopt, {"the address to listen on is not an IP address"});
        return;
    }
    if (!out_.custom_bind_host.empty() && !is_address(out_.custom_bind_host)) {
        error("gateway.customBindHost", "must be an IP address");
    } else if (out_.custom_bind_host.empty() && out_.bind == Bind::custom) {
        error("gateway.bind", "\"custom\" needs gateway.customBindHost, the address to listen on");
    } else if (out_.custom_bind_host.empty() && out_.bind == Bind::tailnet) {
        error("gateway.bind", "\"tailnet\" needs gateway.customBindHost, this machine's address in the tailnet");
    }
}

// Whether others than this machine can reach the port.
bool Gateway::is_exposed() const noexcept {
    switch (out_.bind) {
    case Bind::loopback:
    case Bind::automatic: return false;
    case Bind::lan: return true;
    case Bind::tailnet:
    case Bind::custom: break;
    }
    return !is_loopback_address(out_.custom_bind_host);
}

void Gateway::credentials() {
    const auto read = [this](std::string_view path, std::string_view name, std::pmr::string& to) {
        const Node* const node = root_.at(path);
        if (node != nullptr && node->is(Kind::string)) {
            if (node->text.empty()) error(path, "must not be empty");
            to = node->text;
        } else if (const auto value = variables_.find_in_environment(name); value && node == nullptr) {
            to = *value;
        }
        for (const char c : to) {
            if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) continue;
            report_.error(node != nullptr ? path : name, place_of(node),
                          {"must hold no line feeds or other control characters"});
            break;
        }
    };
    read("gateway.auth.token", "OPENCLAW_GATEWAY_TOKEN", out_.auth.token);
    read("gateway.auth.password", "OPENCLAW_GATEWAY_PASSWORD", out_.auth.password);
}

void Gateway::auth() {
    Config::Auth& auth = out_.auth;
    const std::string_view mode = text_at(root_, "gateway.auth.mode");
    auth.mode_set = !mode.empty();
    auth.private_ingress = boolean_at(root_, "gateway.auth.privateIngress", false);
    if (mode == "none") auth.mode = AuthMode::none;
    if (mode == "password") auth.mode = AuthMode::password;
    if (mode == "trusted-proxy") auth.mode = AuthMode::trusted_proxy;
    if (!auth.mode_set && root_.at("gateway.auth.token") != nullptr && root_.at("gateway.auth.password") != nullptr) {
        error("gateway.auth",
              "has both a token and a password; say with gateway.auth.mode which of them counts: \"token\" or "
              "\"password\"");
    } else if (!auth.mode_set && !auth.password.empty()) {
        auth.mode = AuthMode::password;
    }
    auth.proxy_user_header = text_at(root_, "gateway.auth.trustedProxy.userHeader");
    texts_at(root_, "gateway.auth.trustedProxy.requiredHeaders", auth.proxy_required_headers);
    texts_at(root_, "gateway.auth.trustedProxy.allowUsers", auth.proxy_allow_users);
    auth.proxy_allow_loopback = boolean_at(root_, "gateway.auth.trustedProxy.allowLoopback", false);
    auth.allow_tailscale = boolean_at(root_, "gateway.auth.allowTailscale", false);
    if (const Node* const users = root_.at("gateway.auth.identityScopes");
        users != nullptr && users->is(Kind::object)) {
        for (const Node& user : users->children) {
            auto& scopes = auth.identity_scopes.emplace_back();
            scopes.first = user.key;
            if (!user.is(Kind::array)) continue;
            for (const Node& scope : user.children) {
                if (scope.is(Kind::string)) scopes.second.emplace_back(scope.text);
            }
        }
    }
    auto& limit = auth.rate_limit;
    limit.attempts_max = integer_at(root_, "gateway.auth.rateLimit.maxAttempts", limit.attempts_max);
    limit.window_ms = integer_at(root_, "gateway.auth.rateLimit.windowMs", limit.window_ms);
    limit.lockout_ms = integer_at(root_, "gateway.auth.rateLimit.lockoutMs", limit.lockout_ms);
    limit.exempt_loopback = boolean_at(root_, "gateway.auth.rateLimit.exemptLoopback", limit.exempt_loopback);
    if (auth.password.starts_with("$2") && !crypto::check_bcrypt_hash(auth.password)) {
        error("gateway.auth.password",
              "begins like a bcrypt hash and is none that can be checked: $2b$, a cost from 04 to 15, 53 characters");
    }

    switch (auth.mode) {
    case AuthMode::none:
        if (auth.private_ingress) {
            report_.warn("gateway.auth.mode", near("gateway.auth.mode"),
                         {"is \"none\": whoever reaches the port is an operator; gateway.auth.privateIngress says that "
                          "something "
                          "in front asks who it is"});
        } else if (is_exposed()) {
            error("gateway.auth.mode",
                  "\"none\" is for loopback only; use \"token\" or \"password\", or say with "
                  "gateway.auth.privateIngress that something in front of the gateway asks who it is");
        }
        break;
    case AuthMode::token:
        if (auth.token.empty() && is_exposed() && root_.at("gateway.auth.token") == nullptr) {
            error("gateway.auth.token",
                  "or OPENCLAW_GATEWAY_TOKEN is needed when others than this machine can reach the port");
        }
        break;
    case AuthMode::password:
        if (auth.password.empty() && root_.at("gateway.auth.password") == nullptr) {
            error("gateway.auth.password", "or OPENCLAW_GATEWAY_PASSWORD is needed by gateway.auth.mode \"password\"");
        }
        break;
    case AuthMode::trusted_proxy:
        if (auth.proxy_user_header.empty()) {
            error("gateway.auth.trustedProxy.userHeader",
                  "is needed by gateway.auth.mode \"trusted-proxy\": the header with the user's name");
        }
        if (const Node* const proxies = root_.at("gateway.trustedProxies");
            proxies == nullptr || proxies->children.empty()) {
            error("gateway.trustedProxies",
                  "is needed by gateway.auth.mode \"trusted-proxy\": the addresses of the proxies");
        }
        break;
    }
}

void Gateway::tls() {
    out_.tls.enabled = boolean_at(root_, "gateway.tls.enabled", false);
    out_.tls.cert_path = text_at(root_, "gateway.tls.certPath");
    out_.tls.key_path = text_at(root_, "gateway.tls.keyPath");
    out_.tls.ca_path = text_at(root_, "gateway.tls.caPath");
    if (!out_.tls.enabled) return;
    if (out_.tls.cert_path.empty())
        error("gateway.tls.certPath", "is needed by gateway.tls.enabled: a PEM file with the certificate chain");
    if (out_.tls.key_path.empty())
        error("gateway.tls.keyPath", "is needed by gateway.tls.enabled: a PEM file with the private key");
}

void Gateway::http() {
    const auto endpoint = [this](std::string_view path, Endpoint& to) {
        const Node* const node = root_.at(path);
        if (node == nullptr) return;
        to.enabled = boolean_at(*node, "enabled", to.enabled);
        to.body_bytes_max = integer_at(*node, "maxBodyBytes", to.body_bytes_max);
    };
    endpoint("gateway.http.endpoints.chatCompletions", out_.chat_completions);
    endpoint("gateway.http.endpoints.responses", out_.responses);
    fill_attachments(root_, out_, report_);
    constexpr std::string_view transport = "gateway.http.securityHeaders.strictTransportSecurity";
    out_.strict_transport_security = text_at(root_, transport);
    if (!is_field_value(out_.strict_transport_security)) error(transport, "must be the value of a header field");
    HttpRateLimit& limit = out_.http_rate_limit;
    limit.requests = integer_at(root_, "gateway.http.rateLimit.requests", limit.requests);
    limit.window_ms = integer_at(root_, "gateway.http.rateLimit.windowMs", limit.window_ms);
    limit.everywhere = text_at(root_, "gateway.http.rateLimit.scope") == "all";
    texts_at(root_, "gateway.tools.allow", out_.tools.allow);
    texts_at(root_, "gateway.tools.deny", out_.tools.deny);
}

void Gateway::nodes() {
    // Two releases have two names for the same lists.
    texts_at(root_, "gateway.nodes.allowCommands", out_.nodes.allow_commands);
    texts_at(root_, "gateway.nodes.commands.allow", out_.nodes.allow_commands);
    texts_at(root_, "gateway.nodes.denyCommands", out_.nodes.deny_commands);
    texts_at(root_, "gateway.nodes.commands.deny", out_.nodes.deny_commands);
    out_.nodes.auto_approve_local = boolean_at(root_, "gateway.nodes.pairing.autoApproveLocal", true);
}

void Gateway::lists() {
    const auto each = [this](std::string_view path, auto&& check) {
        const Node* const node = root_.at(path);
        if (node == nullptr || !node->is(Kind::array)) return;
        for (std::size_t i = 0; i < node->children.size(); ++i) {
            const Node& one = node->children[i];
            const std::string_view fault =
                one.is(Kind::string) ? check(std::string_view(one.text)) : std::string_view{};
            if (fault.empty()) continue;
            std::pmr::string place(path, report_.memory());
            append_index(place, i);
            report_.error(place, one.place, {fault, ", found ", describe(one, report_.memory())});
        }
    };
    each("gateway.trustedProxies", [](std::string_view text) -> std::string_view {
        return is_address_block(text) ? "" : "must be an IP address or a block such as 10.0.0.0/8";
    });
    texts_at(root_, "gateway.trustedProxies", out_.trusted_proxies);
    each("gateway.controlUi.allowedOrigins", [](std::string_view text) -> std::string_view {
        const std::size_t scheme = text.find("://");
        const bool origin = scheme != std::string_view::npos && scheme > 0 && text.size() > scheme + 3 &&
                            is_field_value(text) && text.find_first_of("/ ?#", scheme + 3) == std::string_view::npos;
        return text == "*" || origin ? "" : "must be an origin such as https://chat.example.org, without a path";
    });
    texts_at(root_, "gateway.controlUi.allowedOrigins", out_.control_ui.allowed_origins);
    out_.real_ip_fallback = boolean_at(root_, "gateway.allowRealIpFallback", false);
    out_.control_ui_origin_by_host =
        boolean_at(root_, "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback", false);
    out_.control_ui_insecure_auth = boolean_at(root_, "gateway.controlUi.allowInsecureAuth", false);
    constexpr std::string_view no_device = "gateway.controlUi.dangerouslyDisableDeviceAuth";
    out_.control_ui_without_device = boolean_at(root_, no_device, false);
    if (out_.control_ui_without_device) {
        report_.warn(no_device, near(no_device),
                     {"lets every browser in that knows the token or password, and asks for no approval"});
    }
    for (std::pmr::string& origin : out_.control_ui.allowed_origins) {
        for (char& c : origin) c = ascii_lower(c);
    }
}

void Gateway::pages() {
    ControlUi& ui = out_.control_ui;
    const Node* const section = root_.at("gateway.controlUi");
    const Node empty(report_.memory());
    const Node& from = section != nullptr ? *section : empty;
    ui.enabled = boolean_at(from, "enabled", ui.enabled);
    ui.root = text_at(from, "root");
    ui.embed_sandbox = text_at(from, "embedSandbox").empty() ? "scripts" : text_at(from, "embedSandbox");
    ui.allow_external_embed_urls = boolean_at(from, "allowExternalEmbedUrls", false);
    ui.host_header_origin_fallback = boolean_at(from, "dangerouslyAllowHostHeaderOriginFallback", false);
    ui.allow_insecure_auth = boolean_at(from, "allowInsecureAuth", false);
    ui.disable_device_auth = boolean_at(from, "dangerouslyDisableDeviceAuth", false);
    std::string_view base = text_at(from, "basePath");
    while (base.ends_with('/')) base.remove_suffix(1);
    while (base.starts_with('/')) base.remove_prefix(1);
    // Segments that need no escapes, so that the path of a request can be compared as it was sent.
    char before = '/';
    for (const char c : base) {
        const bool plain =
            is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '~' || (c == '.' && before != '/');
        if (!plain && (c != '/' || before == '/')) {
            error("gateway.controlUi.basePath",
                  "must be a path such as /openclaw: letters, digits, '-', '_', '~' and dots inside");
            base = {};
            break;
        }
        before = c;
    }
    if (!base.empty()) {
        ui.base_path = '/';
        ui.base_path += base;
    }
    out_.canvas_host.enabled = boolean_at(root_, "canvasHost.enabled", out_.canvas_host.enabled);
    out_.canvas_host.live_reload = boolean_at(root_, "canvasHost.liveReload", out_.canvas_host.live_reload);
    out_.canvas_host.root = text_at(root_, "canvasHost.root");
    out_.assistant_name = text_at(root_, "ui.assistant.name");
    out_.assistant_avatar = text_at(root_, "ui.assistant.avatar");
}

}  // namespace

void fill_gateway(const Node& root, const Environment& environment, const Variables& variables, Config& out,
                  Report& report) {
    Gateway(root, environment, variables, out, report).fill();
}

}  // namespace gw::config
