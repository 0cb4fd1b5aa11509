// discovery.mdns, and the variables of the environment that go with it.
#include "config/fill.h"
#include "core/text.h"

namespace gw::config {

namespace {

constexpr std::size_t label_bytes_max = 63;  // RFC 1035 2.3.4

// A name's first label: "box" of "box.local".
std::string_view label_of(std::string_view name) noexcept {
    return cut_utf8(name.substr(0, name.find('.')), label_bytes_max);
}

}  // namespace

void fill_discovery(const Node& root, const Variables& variables, Config& out) {
    Discovery& discovery = out.discovery;
    const std::string_view mode = text_at(root, "discovery.mdns.mode");
    if (mode == "off") discovery.mode = MdnsMode::off;
    if (mode == "full") discovery.mode = MdnsMode::full;
    const auto variable = [&variables](std::string_view name) {
        return trim(variables.find_in_environment(name).value_or(std::string_view{}));
    };
    const std::string_view disabled = variable("OPENCLAW_DISABLE_BONJOUR");
    if (!disabled.empty() && disabled != "0" && disabled != "false") discovery.mode = MdnsMode::off;
    if (const auto host = label_of(variable("OPENCLAW_MDNS_HOSTNAME")); !host.empty()) discovery.host_name = host;
    discovery.machine_name = label_of(variable("HOSTNAME"));
    discovery.tailnet_dns = variable("OPENCLAW_TAILNET_DNS");
    discovery.cli_path = variable("OPENCLAW_CLI_PATH");
    const auto ssh_port = parse_decimal(variable("OPENCLAW_SSH_PORT"));
    if (ssh_port && *ssh_port <= 65535) discovery.ssh_port = static_cast<std::uint16_t>(*ssh_port);
}

}  // namespace gw::config
