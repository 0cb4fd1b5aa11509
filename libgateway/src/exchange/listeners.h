// Which ports to open, asked of the host one after the other, and the TLS context of those that have one.
#pragma once

#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/asks.h"
#include "tls/tls.h"

namespace gw::exchange {

class Listeners final : public AskOwner {
public:
    explicit Listeners(Gateway& gateway);

    // Loads the certificate. GW_ERR_CONFIG when it cannot be used.
    [[nodiscard]] gw_status load();
    // Whether that would work with another configuration; the log says why not.
    [[nodiscard]] bool can_load(const config::Config& config);
    // Asks for the first port; the others follow one by one.
    void open();
    void on_answer(Ask& ask, const gw_answer& answer) override;
    // The server context of a listener; null when it speaks plain HTTP.
    [[nodiscard]] tls::Context* tls(std::uint32_t listener) const noexcept;
    // Of the first port, once all are open; empty: none is.
    [[nodiscard]] std::string_view url() const noexcept { return url_; }
    void stop() noexcept {
        retry_timer_.disarm();
        listeners_.clear();
    }

private:
    struct Listener {
        std::pmr::string address;
        bool optional = false;                  // the machine may lack it: ::1 where there is no IPv6
        std::optional<std::uint16_t> own_port;  // else the port that all share
        Owned<Ask> ask;
    };
    [[nodiscard]] gw_status ask_next();
    void on_bound(const gw_answer& answer);
    [[nodiscard]] std::pmr::string url_of(const Listener& listener, std::uint32_t port) const;
    [[nodiscard]] gw_status load_certificate(const config::Config& config, std::unique_ptr<tls::Context>& out);
    void try_again();

    Gateway& gateway_;
    std::pmr::vector<Listener> listeners_;
    std::unique_ptr<tls::Context> tls_;
    std::size_t asked_ = 0;
    unsigned tries_ = 0;  // for the port that is asked for
    Timer retry_timer_;
    std::uint32_t port_ = 0;  // once the first one is bound, all use its number
    std::pmr::string url_;
};

}  // namespace gw::exchange
