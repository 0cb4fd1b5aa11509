// What there is to say of the gateway on the local network: names and records (RFC 6763).
#include "core/text.h"
#include "crypto/hex.h"
#include "exchange/announcer.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr std::uint32_t host_ttl_s = 120, other_ttl_s = 4500;  // RFC 6762 10

// A name of labels behind their lengths; the NUL at the end of the literal is the root.
template <std::size_t size>
constexpr std::string_view wire(const char (&text)[size]) noexcept {
    return {text, size};
}
constexpr std::string_view local_domain = wire("\5local");
constexpr std::string_view services[] = {wire("\x0c_openclaw-gw\4_tcp\5local"), wire("\x09_openclaw\4_tcp\5local")};
constexpr std::string_view all_services = wire("\x09_services\7_dns-sd\4_udp\5local");

std::pmr::string join(std::string_view label, std::string_view parent, std::pmr::memory_resource* memory) {
    std::pmr::string out(1, static_cast<char>(label.size()), memory);
    out += label;
    out += parent;
    return out;
}

// "box", and with a number above 1 "box<before>2<behind>"; what does not fit into a label is cut off the text.
std::pmr::string numbered(std::string_view text, std::string_view tail, unsigned number, std::string_view before,
                          std::string_view behind, std::pmr::memory_resource* memory) {
    std::pmr::string end(tail, memory);
    if (number > 1) {
        end += before;
        end += config::Digits(number);
        end += behind;
    }
    std::pmr::string out(cut_utf8(text, dns::label_bytes_max - end.size()), memory);
    out += end;
    return out;
}

}  // namespace

std::pmr::string Announcer::display_name() const {
    const config::Config& config = gateway_.config();
    std::pmr::string name(config.assistant_name, gateway_.memory());
    if (name.empty()) name = config.discovery.machine_name;
    if (name.empty()) name = config.discovery.host_name;
    for (char& c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';  // RFC 6763 4.1.1
    }
    return name;
}

// The TXT record: RFC 6763 6. Everybody can read it.
std::pmr::string Announcer::text_of(std::string_view host) const {
    const config::Config& config = gateway_.config();
    const config::Discovery& discovery = config.discovery;
    std::pmr::string out(gateway_.memory());
    const auto say = [&out](std::string_view key, std::string_view value) {
        const std::size_t size = key.size() + value.size();
        if (value.empty() || size > 255) return;
        out += static_cast<char>(size);
        out += key;
        out += value;
    };
    const config::Digits port(port_);
    say("role=", "gateway");
    say("transport=", "gateway");
    say("gatewayPort=", port);
    say("lanHost=", host);
    say("displayName=", display_name());
    if (const tls::Context* const tls = gateway_.listeners().tls(0); tls != nullptr) {
        const auto fingerprint = crypto::hex(tls->fingerprint());
        say("gatewayTls=", "1");
        say("gatewayTlsSha256=", {fingerprint.data(), fingerprint.size()});
    }
    if (config.canvas_host.enabled) say("canvasPort=", port);
    say("tailnetDns=", discovery.tailnet_dns);
    if (discovery.mode == config::MdnsMode::full) {
        if (discovery.ssh_port != 0) say("sshPort=", config::Digits(discovery.ssh_port));
        say("cliPath=", discovery.cli_path);
    }
    return out;
}

// The host first, its address as far as it is known; the last is a record of the instance.
Announcer::Records Announcer::describe() const {
    std::pmr::memory_resource* const memory = gateway_.memory();
    const auto text = [memory](std::string_view from) { return std::pmr::string(from, memory); };
    const std::pmr::string instance = numbered(display_name(), " (OpenClaw)", instance_number_, " (", ")", memory);
    std::pmr::string host = numbered(gateway_.config().discovery.host_name, "", host_number_, "-", "", memory);
    const std::pmr::string host_name = join(host, local_domain, memory);
    host += ".local";
    const std::pmr::string about = text_of(host);
    std::pmr::string target(4, '\0', memory);  // priority and weight, of which there is no choice
    target += static_cast<char>(port_ >> 8U);
    target += static_cast<char>(port_ & 0xFFU);
    target += host_name;

    Records out(memory);
    const auto add = [&](std::string_view owner, std::uint16_t type, std::uint32_t ttl, bool is_unique, bool ends,
                         std::string_view data) {
        out.push_back({text(owner), type, ttl, is_unique, ends, text(data)});
    };
    if (address_) {
        const bool v4 = address_->is_v4();
        const std::string_view bytes(reinterpret_cast<const char*>(address_->bytes.data()), address_->bytes.size());
        add(host_name, v4 ? dns::type::a : dns::type::aaaa, host_ttl_s, true, false, bytes.substr(v4 ? 12 : 0));
        // RFC 6762 6.1: and no address of the other kind, so that nobody waits for one. A bit for each type.
        std::pmr::string denial(host_name, memory);
        denial += v4 ? std::string_view("\0\1\x40", 3) : std::string_view("\0\4\0\0\0\x08", 6);
        add(host_name, dns::type::nsec, host_ttl_s, true, false, denial);
    }
    for (const std::string_view service : services) {
        const std::pmr::string name = join(instance, service, memory);
        add(all_services, dns::type::ptr, other_ttl_s, false, false, service);
        add(service, dns::type::ptr, other_ttl_s, false, true, name);
        add(name, dns::type::srv, host_ttl_s, true, true, target);
        add(name, dns::type::txt, other_ttl_s, true, true, about);
    }
    return out;
}

}  // namespace gw::exchange
