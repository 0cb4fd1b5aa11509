// Proxy: what the requests of the guardrail proxy share: the rules in force, the providers that are known, who may come
// and how often, what was blocked in which session, and the records of it all.
//
//     request ─► owns() ─► ProxyRun ─► rate limit ─► route ─► auth ─► target ─► inspection ─► upstream ─► inspection
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/guardrail_auth.h"
#include "auth/rate_limit.h"
#include "config/config.h"
#include "endpoint/guardrail_settings.h"
#include "endpoint/metrics.h"
#include "exchange/block_notices.h"
#include "exchange/config_handle.h"
#include "exchange/inspection.h"
#include "exchange/record_log.h"
#include "guardrail/inspector.h"
#include "http1/http1.h"
#include "upstream/known_providers.h"
#include "upstream/target.h"

namespace gw::exchange {

class Gateway;

class Proxy {
public:
    // The listener number of the proxy's own port.
    static constexpr std::uint32_t listener = 1000;

    explicit Proxy(Gateway& gateway);

    // Compiles the rules and reads what the configuration names; the log says what is wrong. GW_ERR_CONFIG.
    [[nodiscard]] gw_status load();
    // Reads the overlay of providers again; false (and the log says why): the one before stays in force.
    [[nodiscard]] bool reload_providers();

    // Whether a request is the proxy's: it came through its port, or shows by its head that it is meant for it.
    [[nodiscard]] bool owns(std::uint32_t from, const http1::RequestHead& head) const noexcept;

    using Auth = auth::GuardrailOutcome;
    [[nodiscard]] Auth authorize(const http1::Headers& headers);
    // 0: go on; else after how many milliseconds to come again.
    [[nodiscard]] std::uint64_t take_turn(const http1::Headers& headers, std::string_view peer);

    [[nodiscard]] const upstream::TargetRules& target_rules() const noexcept { return target_rules_; }
    [[nodiscard]] upstream::KnownProviders& providers() noexcept { return providers_; }
    [[nodiscard]] guardrail::Scanner& scanner() noexcept { return *scanner_; }
    [[nodiscard]] InspectionPolicy policy() const;
    // Takes the settings that may change while it runs from the configuration as it is now.
    void take_settings();
    // What may change while it runs.
    [[nodiscard]] endpoint::GuardrailSettings& settings() noexcept { return settings_; }
    [[nodiscard]] bool enforces() const noexcept { return settings_.mode == guardrail::Mode::action; }
    [[nodiscard]] std::string_view mode_name() const noexcept;  // "action", "observe", "passthrough"
    [[nodiscard]] bool disabled() const noexcept { return disabled_; }
    [[nodiscard]] std::string_view block_message() const noexcept { return settings_.block_message; }
    [[nodiscard]] endpoint::ProxyMetrics& metrics() noexcept { return metrics_; }
    [[nodiscard]] std::string_view token() const noexcept { return token_; }
    [[nodiscard]] BlockNotices& notices() noexcept { return notices_; }
    [[nodiscard]] RecordLog& records() noexcept { return records_; }
    [[nodiscard]] bool has_connector(std::string_view name) const noexcept;
    // A verdict, for the metrics.
    void count(const Inspection& inspection) noexcept;

private:
    [[nodiscard]] gw_status load_rules();
    [[nodiscard]] gw_status read_rule_files(std::string_view directory, std::pmr::vector<std::pmr::string>& names,
                                            std::pmr::vector<std::pmr::string>& texts);
    [[nodiscard]] std::string_view master_key();

    Gateway& gateway_;
    ConfigReference config_;  // the one it was loaded from: it keeps views of it
    std::optional<guardrail::Scanner> scanner_;
    upstream::KnownProviders providers_;
    std::pmr::vector<upstream::Network> allow_private_;
    std::pmr::vector<upstream::TestUpstream> test_upstreams_;
    upstream::TargetRules target_rules_;
    std::optional<auth::RateLimiter> rate_limit_;
    BlockNotices notices_;
    RecordLog records_;
    endpoint::GuardrailSettings settings_;
    endpoint::ProxyMetrics metrics_;
    bool disabled_ = false;  // guardrail.mode passthrough
    std::pmr::string token_;
    std::optional<auth::MasterKey> master_key_;
    bool master_key_tried_ = false;
};

}  // namespace gw::exchange
