#include "exchange/proxy.h"

#include <algorithm>
#include <filesystem>

#include "auth/auth.h"
#include "core/text.h"
#include "crypto/compare.h"
#include "exchange/gateway.h"
#include "guardrail/verdict.h"

namespace gw::exchange {

namespace {

constexpr std::size_t rule_bytes_max = guardrail::PackLimits::file_bytes;
constexpr std::size_t table_bytes_max = 8U << 20U;
constexpr std::size_t key_file_bytes_max = 64U << 10U;

std::optional<guardrail::Severity> severity_of(std::string_view name) noexcept {
    if (name == "LOW") return guardrail::Severity::low;
    if (name == "MEDIUM") return guardrail::Severity::medium;
    if (name == "HIGH") return guardrail::Severity::high;
    if (name == "CRITICAL") return guardrail::Severity::critical;
    return std::nullopt;
}

guardrail::Profile profile_of(std::string_view name) noexcept {
    if (name == "strict") return guardrail::Profile::strict;
    return name == "permissive" ? guardrail::Profile::permissive : guardrail::Profile::standard;
}

}  // namespace

Proxy::Proxy(Gateway& gateway)
    : gateway_(gateway),
      config_(gateway.config_share()),
      providers_(gateway.memory()),
      allow_private_(gateway.memory()),
      test_upstreams_(gateway.memory()),
      notices_(gateway.memory()),
      records_(gateway),
      settings_(gateway.memory()),
      metrics_(gateway.memory()),
      token_(gateway.memory()) {}

void Proxy::take_settings() {
    const config::Guardrail& config = gateway_.config().guardrail;
    settings_.mode = config.mode == config::GuardrailMode::action ? guardrail::Mode::action : guardrail::Mode::observe;
    settings_.scanner_mode = endpoint::ScannerMode::local;
    settings_.block_message = config.block_message;
    settings_.hilt_enabled = !config.confirm_from.empty();
    settings_.hilt_min_severity = severity_of(config.confirm_from).value_or(guardrail::Severity::high);
    disabled_ = config.mode == config::GuardrailMode::passthrough;
}

gw_status Proxy::load() {
    const config::Guardrail& config = gateway_.config().guardrail;
    take_settings();
    token_ = config.token;
    // A password of which only the hash is known is no token: whoever has read the hash could show it.
    if (token_.empty() && !gateway_.policy().secret().is_hash()) token_ = gateway_.shared_secret();
    for (const auto& text : config.allow_private_upstreams) {
        if (const auto network = upstream::parse_network(text)) allow_private_.push_back(*network);
    }
    for (const config::Guardrail::TestUpstream& one : config.test_upstreams) {
        const std::string_view address(one.address);
        const std::size_t colon = address.rfind(':');
        test_upstreams_.push_back({address.substr(0, colon),
                                   static_cast<std::uint16_t>(parse_decimal(address.substr(colon + 1)).value_or(0)),
                                   one.provider});
    }
    target_rules_.known = &providers_;
    target_rules_.allow_private = allow_private_;
    target_rules_.test_upstreams = test_upstreams_;
    target_rules_.allow_unknown_llm_domains = config.allow_unknown_llm_domains;
    target_rules_.chat_requires_known = !config.allow_unknown_llm_domains;
    if (config.rate > 0) {
        rate_limit_.emplace(auth::RateLimiter::Options{.count = config.rate, .burst = config.burst}, gateway_.memory());
    }
    if (!config.custom_providers_path.empty() && !reload_providers()) return GW_ERR_CONFIG;
    if (token_.empty() && config.device_key.empty()) {
        gateway_.log().warn(
            {"guardrail.enabled, but there is no token: every request to the proxy is refused. Set "
             "gateway.auth.token or OPENCLAW_GATEWAY_TOKEN"});
    }
    return load_rules();
}

bool Proxy::reload_providers() {
    const std::string_view path = gateway_.config().guardrail.custom_providers_path;
    if (path.empty()) return true;
    std::pmr::string text(gateway_.memory());
    const gw_status status = gateway_.read_file(path, upstream::KnownProviders::overlay_bytes_max, text);
    if (status == GW_ERR_IO) return true;  // there need not be one
    if (status != GW_OK) {
        gateway_.log().error({"cannot read guardrail.custom_providers_path ", path, ": ", gw_strerror(status)});
        return false;
    }
    std::pmr::vector<upstream::OverlayProblem> problems(gateway_.memory());
    if (providers_.set_overlay(text, problems)) return true;
    for (const upstream::OverlayProblem& problem : problems)
        gateway_.log().error({path, ": ", problem.place, ": ", problem.what});
    return false;
}

gw_status Proxy::load_rules() {
    const config::Guardrail& config = gateway_.config().guardrail;
    std::pmr::memory_resource* memory = gateway_.memory();
    std::pmr::vector<std::pmr::string> names(memory), texts(memory);
    if (!config.rule_pack_dir.empty()) {
        if (const gw_status status = read_rule_files(config.rule_pack_dir, names, texts); status != GW_OK)
            return status;
    }
    std::pmr::vector<guardrail::PackFile> files(memory);
    for (std::size_t i = 0; i < names.size(); ++i) files.push_back({names[i], texts[i]});
    std::pmr::vector<guardrail::PackProblem> problems(memory);
    auto pack = guardrail::load_pack(files, {}, problems, memory);
    guardrail::RulesetOptions options;
    options.profile = profile_of(config.profile);
    options.block_from = severity_of(config.block_from);
    options.mask_all = config.mask_all;
    options.public_openings = config.public_openings;
    std::shared_ptr<const guardrail::Ruleset> rules;
    if (pack) rules = guardrail::Ruleset::compile(std::move(*pack), options, memory, problems);
    for (const guardrail::PackProblem& problem : problems) {
        std::pmr::string line(memory);
        guardrail::append_line(line, problem);
        if (problem.refused) {
            gateway_.log().error({"rules: ", line});
        } else if (!config.rule_pack_dir.empty()) {
            gateway_.log().warn({"rules: ", line});
        }
    }
    if (!rules) return GW_ERR_CONFIG;
    scanner_.emplace(std::move(rules), table_bytes_max, memory);
    return GW_OK;
}

// All rule files below a directory, as seen from there.
gw_status Proxy::read_rule_files(std::string_view directory, std::pmr::vector<std::pmr::string>& names,
                                 std::pmr::vector<std::pmr::string>& texts) {
    namespace fs = std::filesystem;
    const auto fail = [&](std::string_view path, gw_status status) {
        gateway_.log().error({"cannot read guardrail.rule_pack_dir ", path, ": ", gw_strerror(status)});
        return GW_ERR_CONFIG;
    };
    std::error_code failure;
    const fs::path root(directory);
    fs::recursive_directory_iterator entries(root, failure);
    if (failure) return fail(directory, GW_ERR_IO);
    for (const fs::recursive_directory_iterator end; entries != end; entries.increment(failure)) {
        if (failure) return fail(directory, GW_ERR_IO);
        if (entries.depth() > 2 || !entries->is_regular_file(failure)) continue;
        const fs::path& path = entries->path();
        if (path.extension() != ".yaml" && path.extension() != ".yml" && path.extension() != ".json") continue;
        if (names.size() >= guardrail::PackLimits::files) return fail("(too many files)", GW_ERR_LIMIT);
        names.emplace_back(path.lexically_relative(root).generic_string());
        texts.emplace_back();
        const std::string text = path.string();
        if (const gw_status status = gateway_.read_file(text, rule_bytes_max, texts.back()); status != GW_OK)
            return fail(text, status);
    }
    return GW_OK;
}

bool Proxy::owns(std::uint32_t from, const http1::RequestHead& head) const noexcept {
    if (from == listener) return true;
    for (const http1::Header& field : head.headers.all()) {
        if (starts_with_ignoring_case(field.name, "x-dc-")) return true;
        if (equals_ignoring_case(field.name, "authorization") &&
            starts_with_ignoring_case(field.value, "bearer sk-dc-")) {
            return true;
        }
    }
    const std::string_view path = head.target.substr(0, head.target.find('?'));
    return path.starts_with("/c/") || path == "/v1/events/egress" || path.starts_with("/v1/config/providers") ||
           path == "/chat/completions" || path.starts_with("/api/v1/inspect/") || path.starts_with("/v1/guardrail/") ||
           path == "/metrics" || path == "/status";
}

Proxy::Auth Proxy::authorize(const http1::Headers& headers) {
    const auto authorization = headers.get_single("authorization");
    auth::GuardrailSecrets secrets;
    secrets.token = token_;
    // Derived when somebody shows such a key: that takes a moment.
    const auto bearer = authorization ? auth::bearer_token(*authorization) : std::nullopt;
    if (bearer && bearer->starts_with(auth::MasterKey::prefix)) secrets.master_key = master_key();
    return auth::check_guardrail(secrets, headers.get_single("x-dc-auth"), authorization);
}

std::string_view Proxy::master_key() {
    if (!std::exchange(master_key_tried_, true)) {
        const std::string_view path = gateway_.config().guardrail.device_key;
        std::pmr::string content(gateway_.memory());
        if (path.empty()) return {};
        if (const gw_status status = gateway_.read_file(path, key_file_bytes_max, content); status == GW_OK) {
            master_key_ = auth::MasterKey::derive(as_bytes(content));
            crypto::wipe(content);
        } else {
            gateway_.log().error({"cannot read guardrail.device_key_file ", path, ": ", gw_strerror(status)});
        }
    }
    return master_key_ ? master_key_->text() : std::string_view{};
}

std::uint64_t Proxy::take_turn(const http1::Headers& headers, std::string_view peer) {
    if (!rate_limit_) return 0;
    const std::string_view credential = headers.get("x-dc-auth").value_or(headers.get("authorization").value_or(""));
    return rate_limit_->take(auth::rate_key(credential, peer), gateway_.now());
}

InspectionPolicy Proxy::policy() const {
    const config::Guardrail& config = gateway_.config().guardrail;
    InspectionPolicy out;
    out.policy.mode = settings_.mode;
    out.policy.profile = profile_of(config.profile);
    out.policy.block_from = severity_of(config.block_from);
    if (settings_.hilt_enabled) {
        out.policy.confirm = guardrail::Confirm::as_alert;
        out.policy.confirm_from = settings_.hilt_min_severity;
    }
    out.hold_bytes_max = config.hold_bytes_max;
    out.hold_ms_max = config.hold_ms_max;
    out.at_hold_limit = config.block_at_hold_limit ? guardrail::AtLimit::block : guardrail::AtLimit::release;
    out.at_hold_time = config.block_at_hold_time ? guardrail::AtLimit::block : guardrail::AtLimit::release;
    return out;
}

void Proxy::count(const Inspection& inspection) noexcept {
    for (const Inspection::Seen& seen : inspection.seen())
        metrics_.verdicts.count(inspection.rules().rule(seen.rule).id, seen.action);
    metrics_.held_bytes_max = std::max(metrics_.held_bytes_max, inspection.held_bytes_max());
}

std::string_view Proxy::mode_name() const noexcept {
    return disabled_ ? std::string_view("passthrough") : guardrail::name_of(settings_.mode);
}

bool Proxy::has_connector(std::string_view name) const noexcept {
    for (const auto& one : gateway_.config().guardrail.connectors) {
        if (std::string_view(one) == name) return true;
    }
    return false;
}

}  // namespace gw::exchange
