#include "config/address.h"
#include "config/fill.h"
#include "core/text.h"

namespace gw::config {

namespace {

using json::Kind;

// The token that callers of the proxy show: of the variable that token_env names, else of the usual ones.
void token(const Node& section, const Variables& variables, Guardrail& out, Report& report) {
    const auto take = [&](std::string_view name) {
        const auto value = variables.find_in_environment(name);
        if (!value || value->empty()) return false;
        if (!is_field_value(*value)) {
            report.error(name, std::nullopt, {"in the environment must be fit for a header field"});
        }
        out.token = *value;
        return true;
    };
    const std::string_view named = text_at(section, "token_env");
    if (!named.empty() && take(named)) return;
    static_cast<void>(take("DEFENSECLAW_GATEWAY_TOKEN") || take("OPENCLAW_GATEWAY_TOKEN"));
}

void check_each(const Node& section, std::string_view key, std::string_view what,
                bool (*good)(std::string_view) noexcept, Report& report) {
    const Node* const list = section.at(key);
    if (list == nullptr || !list->is(Kind::array)) return;
    for (std::size_t i = 0; i < list->children.size(); ++i) {
        const Node& one = list->children[i];
        if (!one.is(Kind::string) || good(one.text)) continue;
        std::pmr::string place("guardrail.", report.memory());
        place += key;
        append_index(place, i);
        report.error(place, one.place, {what, ", found ", describe(one, report.memory())});
    }
}

bool is_connector(std::string_view name) noexcept {
    if (name.empty() || name.size() > 64) return false;
    for (const char c : name) {
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-') return false;
    }
    return true;
}

void test_upstreams(const Node& section, Guardrail& out, Report& report) {
    const Node* const list = section.at("test_upstreams");
    if (list == nullptr || !list->is(Kind::array)) return;
    std::pmr::memory_resource* memory = out.test_upstreams.get_allocator().resource();
    for (const Node& one : list->children) {
        Guardrail::TestUpstream& to = out.test_upstreams.emplace_back(memory);
        to.address = text_at(one, "address");
        to.provider = text_at(one, "provider");
        const std::size_t colon = to.address.rfind(':');
        const std::string_view address(to.address);
        const bool good = colon != std::string_view::npos && is_address(address.substr(0, colon)) &&
                          parse_decimal(address.substr(colon + 1)).value_or(65536) <= 65535;
        if (!good) report.error("guardrail.test_upstreams", one.place, {"address must be like \"127.0.0.1:8080\""});
    }
    report.warn("guardrail.test_upstreams", list->place,
                {"lets the proxy reach these addresses although they are private; it is meant for tests"});
}

}  // namespace

void fill_guardrail(const Node& root, const Variables& variables, Config& config, Report& report) {
    Guardrail& out = config.guardrail;
    const Node* const found = root.at("guardrail");
    if (found == nullptr || !found->is(Kind::object)) {
        out.host = "127.0.0.1";
        out.profile = "default";
        return;
    }
    const Node& section = *found;
    out.enabled = boolean_at(section, "enabled", false);
    const std::string_view mode = text_at(section, "mode");
    if (mode == "action") out.mode = GuardrailMode::action;
    if (mode == "passthrough") out.mode = GuardrailMode::passthrough;
    const std::string_view host = text_at(section, "host");
    out.host = host.empty() || host == "localhost" || host == "[::1]" ? std::string_view("127.0.0.1") : host;
    if (!is_address(out.host)) {
        report.error("guardrail.host", place_of(section.at("host")), {"must be an IP address or \"localhost\""});
    }
    out.port = integer_at(section, "port", out.port);
    const std::string_view profile = text_at(section, "profile");
    out.profile = profile.empty() ? std::string_view("default") : profile;
    out.rule_pack_dir = text_at(section, "rule_pack_dir");
    out.block_from = text_at(section, "block_from");
    out.block_message = text_at(section, "block_message");
    out.mask_all = boolean_at(section, "mask_all", false);
    out.public_openings = boolean_at(section, "public_openings", false);
    out.allow_unknown_llm_domains = boolean_at(section, "allow_unknown_llm_domains", false);
    out.forward_custom_headers = boolean_at(section, "forward_custom_headers", true);
    texts_at(section, "allow_private_upstreams", out.allow_private_upstreams);
    check_each(
        section, "allow_private_upstreams", "must be an IP address or a block such as 10.0.0.0/8",
        [](std::string_view text) noexcept { return is_address_block(text); }, report);
    out.custom_providers_path = text_at(section, "custom_providers_path");
    if (out.custom_providers_path.empty()) {
        if (const auto path = variables.find_in_environment("DEFENSECLAW_CUSTOM_PROVIDERS_PATH"))
            out.custom_providers_path = *path;
    }
    out.model_name = text_at(section, "model_name");
    token(section, variables, out, report);
    out.device_key = text_at(section, "device_key_file");
    texts_at(section, "connectors", out.connectors);
    check_each(section, "connectors", "must be 1 to 64 of a-z, 0-9 and '-'", is_connector, report);
    test_upstreams(section, out, report);
    out.rate = integer_at(section, "rate_limit.requests_per_second", out.rate);
    out.burst = integer_at(section, "rate_limit.burst", out.burst);
    out.body_bytes_max = integer_at(section, "max_body_bytes", out.body_bytes_max);
    out.hold_bytes_max = integer_at(section, "hold_bytes_max", out.hold_bytes_max);
    out.hold_ms_max = integer_at(section, "hold_ms_max", out.hold_ms_max);
    out.block_at_hold_limit = text_at(section, "at_hold_limit") != "release";
    out.block_at_hold_time = text_at(section, "at_hold_time") == "block";
    out.event_file = boolean_at(section, "events.file", true);
    out.event_log = boolean_at(section, "events.log", false);
    out.reveal = boolean_at(section, "events.reveal", false);
    if (boolean_at(section, "hilt.enabled", false)) {
        const std::string_view from = text_at(section, "hilt.min_severity");
        out.confirm_from = from.empty() ? std::string_view("HIGH") : from;
    }
}

}  // namespace gw::config
