#include "exchange/listeners.h"

#include <array>
#include <charconv>

#include "core/buffer.h"
#include "crypto/compare.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

// A gateway that has just ended may have the port for a moment more.
constexpr unsigned tries_max = 5;
constexpr Milliseconds try_again_ms = 500;

}  // namespace

Listeners::Listeners(Gateway& gateway)
    : gateway_(gateway),
      listeners_(gateway.memory()),
      retry_timer_(
          gateway.timers(), [](void* self) { static_cast<Listeners*>(self)->try_again(); }, this),
      url_(gateway.memory()) {}

gw_status Listeners::load() { return load_certificate(gateway_.config(), tls_); }

bool Listeners::can_load(const config::Config& config) {
    std::unique_ptr<tls::Context> unused;
    return load_certificate(config, unused) == GW_OK;
}

void Listeners::try_again() {
    try {
        --asked_;
        if (const gw_status status = ask_next(); status != GW_OK) gateway_.stop(status);
    } catch (const std::bad_alloc&) {
        gateway_.stop(GW_ERR_NO_MEMORY);
    }
}

void Listeners::open() {
    const config::Config& config = gateway_.config();
    if ((gateway_.services() & GW_SERVICE_LISTEN) == 0) {
        gateway_.announce_ready();  // the host has its own sockets
        return;
    }
    const auto add = [this](std::string_view address, bool optional) -> Listener& {
        return listeners_.emplace_back(
            Listener{std::pmr::string(address, gateway_.memory()), optional, std::nullopt, nullptr});
    };
    switch (config.bind) {
    case config::Bind::lan: add("0.0.0.0", false); break;
    case config::Bind::tailnet:
    case config::Bind::custom: add(config.custom_bind_host, false); break;
    case config::Bind::loopback:
    case config::Bind::automatic:
        add("127.0.0.1", false);
        add("::1", true);
        break;
    }
    port_ = config.port;
    const config::Guardrail& guardrail = config.guardrail;
    if (guardrail.enabled && (guardrail.port != config.port || guardrail.port == 0))
        add(guardrail.host, false).own_port = guardrail.port;
    if (const gw_status status = ask_next(); status != GW_OK) gateway_.stop(status);
}

gw_status Listeners::ask_next() {
    Listener& listener = listeners_[asked_];
    listener.ask = make_owned<Ask>(gateway_.memory(), gateway_, *this);
    Question question;
    question.type = GW_EVENT_LISTEN;
    question.host = listener.address;
    question.port = listener.own_port.value_or(static_cast<std::uint16_t>(port_));
    question.listener = listener.own_port ? Proxy::listener : static_cast<std::uint32_t>(asked_);
    ++asked_;
    return listener.ask->put(question);
}

void Listeners::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    try {
        on_bound(answer);
    } catch (const std::bad_alloc&) {
        gateway_.stop(GW_ERR_NO_MEMORY);
    }
}

void Listeners::on_bound(const gw_answer& answer) {
    Listener& listener = listeners_[asked_ - 1];
    if (answer.status != GW_OK && !listener.optional && listener.own_port.value_or(port_) != 0 &&
        ++tries_ < tries_max) {
        retry_timer_.arm(gateway_.now() + try_again_ms);
        return;
    }
    tries_ = 0;
    if (answer.status == GW_OK && listener.own_port) {
        gateway_.log().info({"the guardrail proxy listens on ", url_of(listener, answer.port)});
    } else if (answer.status == GW_OK) {
        port_ = answer.port;
    } else if (!listener.optional) {
        std::array<char, 8> port{};
        const char* end = std::to_chars(port.data(), port.data() + port.size(), listener.own_port.value_or(port_)).ptr;
        gateway_.log().error({"cannot listen on ",
                              listener.address,
                              " port ",
                              {port.data(), static_cast<std::size_t>(end - port.data())},
                              ": ",
                              as_text(answer.reason),
                              listener.own_port
                                  ? ". Stop the other program, or choose another guardrail.port"
                                  : ". Stop the other program, or choose another port with --port or gateway.port"});
        gateway_.stop(answer.status);
        return;
    }
    if (asked_ < listeners_.size()) {
        if (const gw_status status = ask_next(); status != GW_OK) gateway_.stop(status);
        return;
    }
    url_ = url_of(listeners_.front(), port_);
    gateway_.announce_ready(url_, port_);
    gateway_.announce_on_network(port_);
}

std::pmr::string Listeners::url_of(const Listener& listener, std::uint32_t port) const {
    const bool brackets = listener.address.find(':') != std::string_view::npos;
    std::array<char, 8> digits{};
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), port).ptr;
    std::pmr::string url(tls_ ? "https://" : "http://", gateway_.memory());
    if (brackets) url += '[';
    url += listener.address;
    if (brackets) url += ']';
    url += ':';
    url.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    return url;
}

tls::Context* Listeners::tls(std::uint32_t /*listener*/) const noexcept { return tls_.get(); }

gw_status Listeners::load_certificate(const config::Config& config, std::unique_ptr<tls::Context>& out) {
    if (!config.tls.enabled) return GW_OK;
    std::pmr::string certificate(gateway_.memory());
    std::pmr::string key(gateway_.memory());
    std::pmr::string client_ca(gateway_.memory());
    const auto read = [this](std::string_view what, std::string_view path, std::pmr::string& text) {
        if (path.empty()) {
            gateway_.log().error({"gateway.tls.enabled needs gateway.tls.", what});
            return GW_ERR_CONFIG;
        }
        const gw_status status = gateway_.read_file(path, 1U << 20U, text);
        if (status == GW_OK) return GW_OK;
        gateway_.log().error({"cannot read gateway.tls.", what, " ", path, ": ", gw_strerror(status)});
        return GW_ERR_CONFIG;
    };
    if (const gw_status s = read("certPath", config.tls.cert_path, certificate); s != GW_OK) return s;
    if (const gw_status s = read("keyPath", config.tls.key_path, key); s != GW_OK) return s;
    if (!config.tls.ca_path.empty()) {
        if (const gw_status s = read("caPath", config.tls.ca_path, client_ca); s != GW_OK) return s;
    }
    static constexpr std::string_view alpn[] = {"http/1.1"};
    tls::Context::ServerOptions options;
    options.certificate_pem = certificate;
    options.key_pem = key;
    options.client_ca_pem = client_ca;
    options.client_certificates = client_ca.empty() ? tls::ClientCertificates::none : tls::ClientCertificates::optional;
    options.alpn = alpn;
    auto made = tls::Context::make_server(options, gateway_.random().function(), gateway_.random().user(),
                                          gateway_.allocator());
    crypto::wipe(key);
    if (!made) {
        gateway_.log().error({"gateway.tls: ", made.error().what});
        return made.error().status;
    }
    out = std::move(*made);
    return GW_OK;
}

}  // namespace gw::exchange
