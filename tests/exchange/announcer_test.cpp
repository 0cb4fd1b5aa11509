// The gateway on the local network: what it says there, to whom, how often, and what it does when a name is taken.
#include <fstream>

#include "core/ip_address.h"
#include "dns/dns.h"
#include "support/directory.h"
#include "support/world.h"
#include "tls/certificates.h"

namespace gw::test {

namespace {

using dns::Section;
namespace type = dns::type;

constexpr std::string_view open_to_all =
    "{gateway:{bind:'lan',auth:{token:'secret-token-1'}},ui:{assistant:{name:'Robin'}}}";
constexpr std::string_view group = "224.0.0.251", own = "192.168.1.5", other = "192.168.1.9";
constexpr std::string_view service = "_openclaw-gw._tcp.local";

std::string wire_name(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        out += static_cast<char>(dot);
        out += text.substr(0, dot);
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return out + '\0';
}
std::string readable_name(std::string_view wire) {
    std::string out;
    for (std::size_t at = 0; wire[at] != '\0'; at += static_cast<unsigned char>(wire[at]) + 1U)
        out += (at == 0 ? "" : ".") + std::string(wire.substr(at + 1, static_cast<unsigned char>(wire[at])));
    return out;
}

// "? <name> <type>" for a question, "<ttl>[!] <name> <type> <data>" for an answer, "+ ..." for what comes along, and
// "= ..." for what somebody who asks would say himself.
std::vector<std::string> lines(std::string_view message) {
    dns::Reader reader(message);
    std::vector<std::string> out;
    for (;;) {
        const auto next = reader.next();
        REQUIRE(next);
        if (!*next) return out;
        const dns::Entry& entry = **next;
        const std::string name = readable_name(entry.name) + " " + std::to_string(entry.type);
        if (entry.section == Section::question) {
            out.push_back("? " + name + (entry.flag ? "!" : ""));
            continue;
        }
        std::string data(entry.data);
        if (entry.type == type::ptr) data = readable_name(entry.data);
        if (entry.type == type::srv)
            data = std::to_string(static_cast<unsigned char>(data[4]) * 256 + static_cast<unsigned char>(data[5])) +
                   " " + readable_name(entry.data.substr(6));
        if (entry.type == type::txt) {
            std::string texts;
            for (std::size_t at = 0; at < data.size(); at += static_cast<unsigned char>(data[at]) + 1U)
                texts += (at == 0 ? "" : ",") + data.substr(at + 1, static_cast<unsigned char>(data[at]));
            data = texts;
        }
        if (entry.type == type::a || entry.type == type::aaaa) {
            IpAddress address = *read_ip("0.0.0.0");
            std::copy(data.begin(), data.end(), address.bytes.end() - static_cast<std::ptrdiff_t>(data.size()));
            data = IpText(address).view();
        }
        if (entry.type == type::nsec) data = "-";
        constexpr std::string_view marks[] = {"", "", "= ", "+ "};
        out.push_back(std::string(marks[static_cast<std::size_t>(entry.section)]) + std::to_string(entry.ttl) +
                      (entry.flag ? "! " : " ") + name + " " + data);
    }
}

struct Message {
    explicit Message(std::uint16_t id = 0, bool is_response = false) : writer(out.buffer, {id, is_response, 0, 0}) {}
    Message& ask(std::string_view name, std::uint16_t type, bool alone = false,
                 std::uint16_t klass = dns::class_internet) {
        writer.add({Section::question, wire_name(name), type, klass, alone, 0, {}});
        return *this;
    }
    Message& say(std::string_view name, std::uint16_t type, std::uint32_t ttl, std::string_view data,
                 Section section = Section::answer) {
        writer.add({section, wire_name(name), type, dns::class_internet, false, ttl, data});
        return *this;
    }
    [[nodiscard]] std::string text() const { return std::string(out.buffer.text()); }
    PooledBuffer out;
    dns::Writer writer;
};
std::string service_data(std::uint16_t port, std::string_view host) {
    return std::string(4, '\0') + static_cast<char>(port >> 8U) + static_cast<char>(port & 255U) + wire_name(host);
}

// The caller frees it.
gw_config* load(const gw_config_source& source) {
    gw_config* config = nullptr;
    gw_buf problems{};
    REQUIRE(gw_config_load(&source, nullptr, &config, &problems) == GW_OK);
    gw_buf_free(&problems);
    return config;
}

// A gateway among others on a network, whose address there is `own`.
struct Network {
    explicit Network(std::string_view config = open_to_all, const gw_host* host = nullptr) : world(config, host) {
        REQUIRE(world.status() == GW_OK);
        world.own_address = own;
    }
    // Its socket opens, and it has said twice who it is.
    Network& announced() {
        world.hear({}, {});
        world.advance(1750);
        take();
        return *this;
    }
    std::vector<World::Datagram> take() { return std::exchange(world.sent, {}); }
    // What everybody hears within the next moments.
    std::vector<std::string> told(std::uint64_t ms = 200) {
        world.advance(ms);
        std::vector<std::string> out;
        for (const World::Datagram& one : take()) {
            CHECK(one.host == group);
            CHECK(one.port == 5353);
            for (std::string& line : lines(one.data)) out.push_back(std::move(line));
        }
        return out;
    }
    [[nodiscard]] bool said(std::string_view what) {
        for (const std::string& line : told()) {
            if (line.find(what) != std::string::npos) return true;
        }
        return false;
    }
    World world;
};

const std::string about =
    "role=gateway,transport=gateway,gatewayPort=18789,lanHost=openclaw.local,displayName=Robin,"
    "canvasPort=18789";
const std::vector<std::string> everything{
    "120! openclaw.local 1 192.168.1.5",
    "120! openclaw.local 47 -",
    "4500 _services._dns-sd._udp.local 12 _openclaw-gw._tcp.local",
    "4500 _openclaw-gw._tcp.local 12 Robin (OpenClaw)._openclaw-gw._tcp.local",
    "120! Robin (OpenClaw)._openclaw-gw._tcp.local 33 18789 openclaw.local",
    "4500! Robin (OpenClaw)._openclaw-gw._tcp.local 16 " + about,
    "4500 _services._dns-sd._udp.local 12 _openclaw._tcp.local",
    "4500 _openclaw._tcp.local 12 Robin (OpenClaw)._openclaw._tcp.local",
    "120! Robin (OpenClaw)._openclaw._tcp.local 33 18789 openclaw.local",
    "4500! Robin (OpenClaw)._openclaw._tcp.local 16 " + about,
};

}  // namespace

TEST_CASE("announcer: names are asked for, told twice, and once a minute from then on") {
    Network network;
    World& world = network.world;
    CHECK(world.events == std::vector<std::string>{"LISTEN 0.0.0.0", "READY"});
    REQUIRE(world.sockets.size() == 1);
    CHECK(world.sockets[0].host == "0.0.0.0");
    CHECK(world.sockets[0].port == 5353);
    CHECK(world.sockets[0].group == group);
    world.advance(10000);
    CHECK(world.sent.empty());
    world.hear({}, {});
    std::vector<std::string> names{"? Robin (OpenClaw)._openclaw-gw._tcp.local 255",
                                   "? Robin (OpenClaw)._openclaw._tcp.local 255"};
    std::vector<std::string> all_names{"? openclaw.local 255", names[0], names[1]};
    for (const std::size_t i : {0, 4, 5, 8, 9}) {
        const std::string proposal = "= " + std::string(everything[i]).erase(everything[i].find('!'), 1);
        if (i > 0) names.push_back(proposal);
        all_names.push_back(proposal);
    }
    CHECK(network.told(0) == names);  // it does not know its address yet
    world.advance(249);
    CHECK(world.sent.empty());
    CHECK(network.told(1) == all_names);
    CHECK(network.told(250) == all_names);
    world.advance(249);
    CHECK(world.sent.empty());
    CHECK(network.told(1) == everything);
    world.advance(999);
    CHECK(world.sent.empty());
    CHECK(network.told(1) == everything);
    for (int minute = 0; minute < 3; ++minute) {
        world.advance(59000);
        CHECK(world.sent.empty());
        CHECK(network.told(1000) == all_names);
        CHECK(network.told(250) == everything);
    }
    CHECK(world.sockets.size() == 1);
}

TEST_CASE("announcer: nothing is announced to nobody") {
    struct Case {
        std::string_view name, config;
        std::uint32_t services = GW_SERVICE_ALL;
    };
    const Case cases[] = {
        {"loopback", "{gateway:{auth:{token:'t'}}}"},
        {"auto", "{gateway:{bind:'auto',auth:{token:'t'}}}"},
        {"an address of loopback", "{gateway:{bind:'custom',customBindHost:'127.0.0.2',auth:{token:'t'}}}"},
        {"IPv6 alone", "{gateway:{bind:'custom',customBindHost:'::',auth:{token:'t'}}}"},
        {"mode off", "{gateway:{bind:'lan',auth:{token:'t'}},discovery:{mdns:{mode:'off'}}}"},
        {"a host without datagrams", open_to_all, GW_SERVICE_ALL & ~std::uint32_t{GW_SERVICE_DATAGRAM}},
        {"a host with its own ports", open_to_all, GW_SERVICE_ALL & ~std::uint32_t{GW_SERVICE_LISTEN}},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        World world(one.config, nullptr, nullptr, nullptr, one.services);
        REQUIRE(world.status() == GW_OK);
        world.advance(100);
        CHECK(world.sockets.empty());
        CHECK(world.events.back() == "READY");
    }
}

TEST_CASE("announcer: who asks is answered") {
    const std::string instance = "Robin (OpenClaw)._openclaw-gw._tcp.local";
    struct Case {
        std::string_view name;
        std::string query;
        std::vector<std::string> want;
    };
    const std::vector<std::string> browsed{everything[3], "+ " + everything[0], "+ " + everything[1],
                                           "+ " + everything[4], "+ " + everything[5]};
    const Case cases[] = {
        {"who is there", Message().ask(service, type::ptr).text(), browsed},
        {"in other letters", Message().ask("_OpenClaw-GW._TCP.Local", type::ptr).text(), browsed},
        {"anything of it", Message().ask(service, type::any, false, dns::class_any).text(), browsed},
        {"where",
         Message().ask(instance, type::srv).text(),
         {everything[4], "+ " + everything[0], "+ " + everything[1]}},
        {"what", Message().ask(instance, type::txt).text(), {everything[5]}},
        {"all of an instance",
         Message().ask(instance, type::any).text(),
         {everything[4], everything[5], "+ " + everything[0], "+ " + everything[1]}},
        {"the address", Message().ask("openclaw.local", type::a).text(), {everything[0]}},
        {"an address that it has not", Message().ask("openclaw.local", type::aaaa).text(), {everything[1]}},
        {"which services there are",
         Message().ask("_services._dns-sd._udp.local", type::ptr).text(),
         {everything[2], everything[6]}},
        {"two questions",
         Message().ask("openclaw.local", type::a).ask(instance, type::txt).text(),
         {everything[0], everything[5]}},
        {"somebody else", Message().ask("printer.local", type::a).text(), {}},
        {"another service", Message().ask("_http._tcp.local", type::ptr).text(), {}},
        {"a type that it has not", Message().ask(instance, type::a).text(), {}},
        {"another class", Message().ask(service, type::ptr, false, 3).text(), {}},
        {"what it knows",
         Message().ask(service, type::ptr).say(service, type::ptr, 2250, wire_name(instance)).text(),
         {}},
        {"what it will forget soon",
         Message().ask(service, type::ptr).say(service, type::ptr, 2249, wire_name(instance)).text(), browsed},
        {"what it knows of somebody else",
         Message()
             .ask(service, type::ptr)
             .say(service, type::ptr, 4500, wire_name("Ann." + std::string(service)))
             .text(),
         browsed},
        {"cut", Message().ask(service, type::ptr).ask(instance, type::txt).text().substr(0, 60), {}},
        {"another kind of message",
         [] {
             std::string text = Message().ask(service, type::ptr).text();
             text[2] = '\x28';
             return text;
         }(),
         {}},
        {"no message", "GET / HTTP/1.1", {}},
        {"nothing", "", {}},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        Network network;
        network.announced();
        network.world.advance(2000);
        network.world.hear(one.query, other);
        CHECK(network.world.sent.empty());  // not at once: others may ask the same
        CHECK(network.told() == one.want);
    }
}

TEST_CASE("announcer: the answer comes within a moment, and to all") {
    Network network;
    network.announced();
    network.world.advance(2000);
    network.world.hear(Message().ask(service, type::ptr).text(), other);
    network.world.advance(19);
    CHECK(network.world.sent.empty());
    network.world.advance(101);
    CHECK(network.world.sent.size() == 1);
}

TEST_CASE("announcer: who wants to be answered alone is, when it is near") {
    Network network;
    network.announced();
    network.world.advance(2000);
    network.world.hear(Message(7).ask(service, type::ptr, true).ask("openclaw.local", type::a).text(), other);
    REQUIRE(network.world.sent.size() == 1);
    const World::Datagram alone = network.take()[0];
    CHECK(alone.host == other);
    CHECK(alone.port == 5353);
    CHECK(dns::Reader(alone.data).head().id == 7);
    CHECK(lines(alone.data) == std::vector<std::string>{everything[3], "+ " + everything[0], "+ " + everything[1],
                                                        "+ " + everything[4], "+ " + everything[5]});
    CHECK(network.told() == std::vector<std::string>{everything[0]});  // the other question was to all
    // From far away anybody can send in the name of anybody.
    network.world.advance(2000);
    network.world.hear(Message(7).ask(service, type::ptr, true).text(), "93.184.216.34");
    CHECK(network.world.sent.empty());
    CHECK(network.said("Robin"));
}

TEST_CASE("announcer: a simple resolver is answered as one") {
    Network network;
    network.announced();
    network.world.hear(Message(0x4711).ask(service, type::ptr).text(), other, 40000);
    REQUIRE(network.world.sent.size() == 1);
    const World::Datagram answer = network.take()[0];
    CHECK(answer.host == other);
    CHECK(answer.port == 40000);
    CHECK(dns::Reader(answer.data).head().id == 0x4711);
    CHECK(lines(answer.data) ==
          std::vector<std::string>{"? _openclaw-gw._tcp.local 12",
                                   "10 _openclaw-gw._tcp.local 12 Robin (OpenClaw)._openclaw-gw._tcp.local",
                                   "+ 10 openclaw.local 1 192.168.1.5", "+ 10 openclaw.local 47 -",
                                   "+ 10 Robin (OpenClaw)._openclaw-gw._tcp.local 33 18789 openclaw.local",
                                   "+ 10 Robin (OpenClaw)._openclaw-gw._tcp.local 16 " + about});
    network.world.hear(Message(1).ask("printer.local", type::a).text(), other, 40000);
    network.world.hear(Message(1).ask(service, type::ptr).text(), "93.184.216.34", 40000);
    network.world.hear(Message(1).ask(service, type::ptr).text(), "not an address", 40000);
    network.world.hear(Message(1).text(), other, 40000);
    CHECK(network.told().empty());
    // On this machine, too.
    network.world.hear(Message(1).ask(service, type::ptr).text(), "127.0.0.1", 40000);
    CHECK(network.take().size() == 1);
}

TEST_CASE("announcer: a flood is answered once a second, and those who ask alone twenty times") {
    Network network;
    network.announced();
    network.world.advance(2000);
    for (int i = 0; i < 200; ++i) {
        network.world.hear(Message().ask(service, type::ptr).text(), other);
        network.world.advance(10);
    }
    CHECK(network.take().size() == 2);
    network.world.advance(2000);
    CHECK(network.take().size() <= 1);  // to the last of them
    for (int i = 0; i < 200; ++i) {
        network.world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
        network.world.advance(1);
    }
    CHECK(network.take().size() == 20);
    network.world.advance(1000);
    network.world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
    CHECK(network.take().size() == 1);
    // Unread by the host: one waits, whatever comes.
    network.world.advance(2000);
    const std::string query = Message(1).ask(service, type::ptr).text();
    gw_answer given{};
    given.size = sizeof given;
    given.data = as_str(query);
    given.address = as_str(other);
    given.port = 40000;
    for (int i = 0; i < 200; ++i)
        REQUIRE(gw_ask_answer(network.world.gateway(), network.world.sockets.back().ask, &given) == GW_OK);
    network.world.pump();
    CHECK(network.take().size() == 1);
}

TEST_CASE("announcer: who is about to take the name hears of it in time") {
    Network network;
    network.announced();  // a moment ago, so that nobody else is told again
    const std::string instance = "Robin (OpenClaw)._openclaw-gw._tcp.local";
    const std::string service_of_other = service_data(1, "ann.local");
    Message probe;
    probe.ask(instance, type::any).say(instance, type::srv, 120, service_of_other, Section::authority);
    network.world.hear(Message().ask(instance, type::any).text(), other);
    CHECK(network.told(120).empty());
    network.world.advance(130);
    network.world.hear(probe.text(), other);
    CHECK(network.told(120) == std::vector<std::string>{everything[4], everything[5]});
    network.world.hear(probe.text(), other);  // again, but not at once
    CHECK(network.told(120).empty());
}

TEST_CASE("announcer: noise costs a few words") {
    Network network;
    network.announced();
    network.world.open_sockets = true;
    const std::string samples[] = {
        Message().ask(service, type::ptr).say(service, type::ptr, 4500, wire_name("Ann")).text(),
        Message(1).ask("openclaw.local", type::a, true).text(),
        Message(0, true).say("openclaw.local", type::a, 120, "\xc0\xa8\1\7").text(),
        Message(0, true)
            .say("Robin (OpenClaw)._openclaw._tcp.local", type::srv, 120, service_data(1, "openclaw.local"))
            .text(),
    };
    Random random(7);
    const int rounds = long_rounds(20000);
    for (int i = 0; i < rounds; ++i) {
        std::string message = samples[random.below(std::size(samples))];
        for (std::size_t change = random.below(4); change > 0; --change)
            message[random.below(message.size())] = static_cast<char>(random.next());
        if (random.below(8) == 0) message.resize(random.below(message.size()));
        network.world.hear(message, random.below(4) == 0 ? own : other, random.below(3) == 0 ? 40000 : 5353);
        network.world.advance(1);
    }
    // What is told to all once a second, in at most three pieces, questions four times, and twenty answers.
    const auto seconds = static_cast<std::size_t>(rounds) / 1000 + 1;
    CHECK(network.take().size() <= seconds * (3 + 4 + 20));
    network.world.advance(70000);
    network.take();
    network.world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
    REQUIRE(network.world.sent.size() == 1);
    CHECK(lines(network.world.sent[0].data)[1].find("Robin (OpenClaw)") != std::string::npos);
}

TEST_CASE("announcer: a name that is taken while it asks") {
    struct Case {
        std::string_view name;
        std::string answer;
        std::string_view instance, host;
    };
    const std::string robin = "Robin (OpenClaw)._openclaw-gw._tcp.local";
    const std::string seed_robin = "robin (openclaw)._openclaw._tcp.local";
    const Case cases[] = {
        {"another port", Message(0, true).say(robin, type::srv, 120, service_data(1, "openclaw.local")).text(),
         "Robin (OpenClaw) (2)", "openclaw.local"},
        {"another host, of the other service",
         Message(0, true).say(seed_robin, type::srv, 120, service_data(18789, "a.local")).text(),
         "Robin (OpenClaw) (2)", "openclaw.local"},
        {"another text", Message(0, true).say(robin, type::txt, 120, wire_name("a")).text(), "Robin (OpenClaw) (2)",
         "openclaw.local"},
        {"another address", Message(0, true).say("openclaw.local", type::a, 120, "\xc0\xa8\1\7").text(),
         "Robin (OpenClaw)", "openclaw-2.local"},
        {"the same", Message(0, true).say("openclaw.local", type::a, 120, "\xc0\xa8\1\5").text(), "Robin (OpenClaw)",
         "openclaw.local"},
        {"a goodbye", Message(0, true).say(robin, type::srv, 0, service_data(1, "openclaw.local")).text(),
         "Robin (OpenClaw)", "openclaw.local"},
        {"a kind of address that it has not",
         Message(0, true).say("openclaw.local", type::aaaa, 120, std::string(16, 'a')).text(), "Robin (OpenClaw)",
         "openclaw.local"},
        {"a name of others", Message(0, true).say("ann.local", type::a, 120, "\xc0\xa8\1\7").text(), "Robin (OpenClaw)",
         "openclaw.local"},
        {"one more of a kind", Message(0, true).say(service, type::ptr, 120, wire_name("Ann")).text(),
         "Robin (OpenClaw)", "openclaw.local"},
        {"no answer, but a question", Message().say(robin, type::srv, 120, service_data(1, "openclaw.local")).text(),
         "Robin (OpenClaw)", "openclaw.local"},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        Network network;
        network.world.hear({}, {});
        network.world.advance(300);
        network.take();
        network.world.hear(one.answer, other);
        network.world.advance(751);
        network.take();
        network.world.advance(1000);
        network.take();
        network.world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
        REQUIRE(network.world.sent.size() == 1);
        const auto said = lines(network.take()[0].data);
        CHECK(said[1] == "10 _openclaw-gw._tcp.local 12 " + std::string(one.instance) + "._openclaw-gw._tcp.local");
        CHECK(said[2] == "+ 10 " + std::string(one.host) + " 1 192.168.1.5");
        CHECK(said[4].ends_with(" 18789 " + std::string(one.host)));
        CHECK(said[5].find("lanHost=" + std::string(one.host)) != std::string::npos);
    }
    Network network;
    network.world.hear({}, {});
    network.world.hear(cases[0].answer, other, 40000);  // no answer comes from there
    network.world.advance(1750);
    CHECK(network.said("Robin (OpenClaw)._"));
}

TEST_CASE("announcer: of two who have told already the later in order keeps the name") {
    Network network;
    network.announced();
    network.world.advance(2000);
    const std::string robin = "Robin (OpenClaw)._openclaw-gw._tcp.local";
    network.world.hear(Message(0, true).say(robin, type::srv, 120, service_data(18788, "openclaw.local")).text(),
                       other);
    CHECK(network.told() == std::vector<std::string>{everything[4], "+ " + everything[0], "+ " + everything[1]});
    network.world.hear(Message(0, true).say(robin, type::srv, 120, service_data(18790, "openclaw.local")).text(),
                       other);
    CHECK(network.told() == std::vector<std::string>{});  // no goodbye: it would be the other's as well
    network.world.advance(800);
    CHECK(network.said("Robin (OpenClaw) (2)._openclaw-gw"));
    // Whoever takes every name gets them all, and the gateway rests.
    Network hunted;
    hunted.world.hear({}, {});
    std::size_t asked = 0;
    for (int i = 1; i <= 120; ++i) {
        const std::string name =
            "Robin (OpenClaw)" + (i == 1 ? "" : " (" + std::to_string(i) + ")") + "." + std::string(service);
        hunted.world.hear(Message(0, true).say(name, type::txt, 120, "x").text(), other);
        asked += hunted.take().size();
    }
    CHECK(asked == 1);
    CHECK(hunted.world.cancelled_asks.size() == 1);
    hunted.world.advance(60000);
    CHECK(hunted.world.sockets.size() == 2);
}

TEST_CASE("announcer: goodbye") {
    Network network;
    network.announced();
    CHECK(gw_gateway_shutdown(network.world.gateway()) == GW_OK);
    network.world.pump();
    REQUIRE(network.world.sent.size() == 1);
    CHECK(network.world.events.back() == "STOPPED");
    std::vector<std::string> want;
    for (const std::size_t i : {3, 4, 5, 7, 8, 9})
        want.push_back((everything[i].find('!') < 6 ? "0! " : "0 ") +
                       everything[i].substr(everything[i].find(' ') + 1));
    CHECK(lines(network.take()[0].data) == want);
    // Whoever asks now comes too late, and the socket is closed when the goodbye is gone.
    network.world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
    network.world.advance(300);
    CHECK(network.world.sent.empty());
    CHECK(network.world.cancelled_asks.back() == network.world.sockets[0].ask);

    Network quiet;
    quiet.world.hear({}, {});
    quiet.take();
    CHECK(gw_gateway_shutdown(quiet.world.gateway()) == GW_OK);
    quiet.world.pump();
    CHECK(quiet.world.sent.empty());  // nobody has heard of it
    CHECK(quiet.world.cancelled_asks.back() == quiet.world.sockets[0].ask);

    // The goodbye goes before an answer that the host has not sent yet.
    Network busy;
    busy.announced();
    const std::string query = Message(1).ask(service, type::ptr).text();
    gw_answer given{};
    given.size = sizeof given;
    given.data = as_str(query);
    given.address = as_str(other);
    given.port = 40000;
    REQUIRE(gw_ask_answer(busy.world.gateway(), busy.world.sockets.back().ask, &given) == GW_OK);
    CHECK(gw_gateway_shutdown(busy.world.gateway()) == GW_OK);
    busy.world.pump();
    REQUIRE(busy.world.sent.size() == 1);
    CHECK(lines(busy.world.sent[0].data) == want);
}

TEST_CASE("announcer: a socket that cannot be had is one line of the log, and is tried again") {
    TestHost host;
    Network network(open_to_all, host.host());
    World& world = network.world;
    for (int i = 1; i <= 3; ++i) {
        world.hear({}, {}, 0, GW_ERR_IO);
        world.advance(59999);
        CHECK(world.sockets.size() == static_cast<std::size_t>(i));
        world.advance(1);
        CHECK(world.sockets.size() == static_cast<std::size_t>(i) + 1);
    }
    const std::string line =
        "the gateway is not announced on the local network: no socket for 224.0.0.251: address already in use";
    const std::size_t at = host.log().find(line);
    CHECK(at != std::string::npos);
    CHECK(host.log().find("not announced", at + line.size()) == std::string::npos);
    network.announced();
    CHECK(host.log().find("announced on the local network: \"Robin (OpenClaw)\", openclaw.local, 192.168.1.5") !=
          std::string::npos);
    world.advance(1);  // a host that never answers is like one that cannot
    Network silent(open_to_all, host.host());
    silent.world.advance(30000 + 60000);
    CHECK(silent.world.sockets.size() == 2);
    CHECK(silent.world.sent.empty());
}

TEST_CASE("announcer: which address it is") {
    SECTION("nobody hears it, not even itself") {
        TestHost host;
        Network network(open_to_all, host.host());
        network.world.own_address.clear();
        network.world.hear({}, {});
        network.world.advance(1000);
        CHECK(network.take().size() == 3);
        CHECK(host.log().find("it does not hear what it says to 224.0.0.251") != std::string::npos);
        CHECK(network.world.cancelled_asks.size() == 1);
        network.world.advance(60000);
        CHECK(network.world.sockets.size() == 2);
    }
    SECTION("this machine alone") {
        Network network;
        network.world.own_address = "127.0.0.1";
        network.world.hear({}, {});
        network.world.advance(1000);
        CHECK(network.take().size() == 3);
    }
    SECTION("the one that it listens on") {
        for (const std::string_view address : {"10.1.2.3", "fd00::7"}) {
            Network network("{gateway:{bind:'custom',customBindHost:'" + std::string(address) + "',auth:{token:'t'}}}");
            network.world.own_address.clear();
            network.world.hear({}, {});
            network.world.advance(750);
            const auto sent = network.take();
            REQUIRE(sent.size() == 4);
            const auto said = lines(sent.back().data);
            const bool v6 = address.find(':') != std::string_view::npos;
            CHECK(said[0] == "120! openclaw.local " + std::string(v6 ? "28 " : "1 ") + std::string(address));
            network.world.hear(Message(1).ask("openclaw.local", v6 ? type::a : type::aaaa).text(), other, 40000);
            REQUIRE(network.world.sent.size() == 1);
            CHECK(lines(network.take()[0].data)[1] == "10 openclaw.local 47 -");
        }
    }
    SECTION("another one after a while") {
        Network network;
        network.announced();
        network.world.own_address = "192.168.7.7";
        network.world.advance(60000);
        network.take();
        CHECK(network.said("120! openclaw.local 1 192.168.7.7"));
        network.world.advance(900);
        CHECK(network.take().size() == 1);  // told twice
        CHECK(network.world.sockets.size() == 1);
        // A repeater's copy of its own question comes from elsewhere.
        network.world.advance(60000);
        const auto sent = network.take();
        REQUIRE(!sent.empty());
        network.world.hear(sent.back().data, "10.9.9.9");
        CHECK(network.said("192.168.7.7"));
    }
    SECTION("the network is gone, and comes back") {
        Network network;
        network.announced();
        network.world.own_address.clear();
        network.world.open_sockets = true;
        network.world.advance(60300);
        CHECK(network.world.sockets.size() == 2);
        CHECK(network.world.cancelled_asks.size() == 1);
        network.world.advance(60000);
        network.take();
        network.world.own_address = own;
        network.world.advance(120000);
        network.take();
        network.world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
        CHECK(network.take().size() == 1);
    }
}

TEST_CASE("announcer: what is said of TLS, of this machine, and never") {
    NEED_CERTIFICATES(certificates);
    struct Case {
        std::string_view name, mode;
        std::vector<std::string> has, has_not;
    };
    const Case cases[] = {
        {"minimal",
         "minimal",
         {"gatewayTls=1", "gatewayTlsSha256=", "tailnetDns=box.tail.ts.net", "displayName=box"},
         {"sshPort", "cliPath", "secret-token-1"}},
        {"full", "full", {"sshPort=2222", "cliPath=/opt/openclaw"}, {"secret-token-1", "key.pem"}},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        const std::string text = "{gateway:{bind:'lan',auth:{token:'secret-token-1'},tls:{enabled:true,certPath:'" +
                                 (certificates.folder / "server.pem").string() + "',keyPath:'" +
                                 (certificates.folder / "server.key").string() +
                                 "'}},canvasHost:{enabled:false},discovery:{mdns:{mode:'" + std::string(one.mode) +
                                 "'}}}";
        const char* const environment[] = {
            "OPENCLAW_MDNS_HOSTNAME=shop.local", "OPENCLAW_SSH_PORT=2222",   "OPENCLAW_TAILNET_DNS=box.tail.ts.net",
            "OPENCLAW_CLI_PATH=/opt/openclaw",   "HOSTNAME=box.example.org", nullptr};
        gw_config_source source{};
        source.size = sizeof source;
        source.text = as_str(text);
        source.env = environment;
        gw_config* const config = load(source);
        {
            World world(config, nullptr);
            REQUIRE(world.status() == GW_OK);
            world.own_address = own;
            world.hear({}, {});
            world.advance(750);
            std::string all;
            for (const std::string& line : lines(world.sent.back().data)) all += line + "\n";
            for (const std::string& want : one.has) CHECK(all.find(want) != std::string::npos);
            for (const std::string& not_this : one.has_not) CHECK(all.find(not_this) == std::string::npos);
            CHECK(all.find("box (OpenClaw)._openclaw-gw._tcp.local 33 18789 shop.local") != std::string::npos);
            CHECK(all.find("canvasPort") == std::string::npos);
            CHECK(world.sent.back().data.size() < 1400);
        }
        gw_config_free(config);
    }
}

TEST_CASE("announcer: names that are long, and texts that are odd") {
    const std::string name = "R\\u0007" + std::string(200, 'o') + "bin";
    Network network("{gateway:{bind:'lan',auth:{token:'t'}},ui:{assistant:{name:'" + name + "'}}}");
    network.world.hear({}, {});
    network.world.advance(750);
    CHECK(network.said("R " + std::string(50, 'o') + " (OpenClaw)._openclaw-gw"));
}

TEST_CASE("announcer: another name in the configuration is another name on the network") {
    TemporaryDirectory folder;
    const auto file = folder / "openclaw.json";
    const auto write = [&](std::string_view name) {
        std::ofstream(file) << "{gateway:{bind:'lan',auth:{token:'t'}},ui:{assistant:{name:'" << name << "'}}}";
    };
    write("Robin");
    const std::string state = "OPENCLAW_STATE_DIR=" + folder.path();
    const char* const environment[] = {state.c_str(), nullptr};
    gw_config_source source{};
    source.size = sizeof source;
    source.env = environment;
    gw_config* const config = load(source);
    {
        World world(config, nullptr);
        world.own_address = own;
        world.hear({}, {});
        world.advance(1750);
        const auto change = [&](std::string_view text) {
            text.starts_with('{') ? void(std::ofstream(file) << text) : write(text);
            world.sent.clear();
            gw_answer changed{};
            changed.size = sizeof changed;
            REQUIRE(gw_ask_answer(world.gateway(), world.watches.at(0).ask, &changed) == GW_OK);
            world.advance(600);
        };
        change("Ann");
        REQUIRE(world.sent.size() >= 1);
        CHECK(lines(world.sent[0].data)[0].starts_with("0 _openclaw-gw._tcp.local 12 Robin (OpenClaw)"));
        world.advance(1000);
        CHECK(lines(world.sent.back().data)[3].ends_with("Ann (OpenClaw)._openclaw-gw._tcp.local"));
        world.advance(2000);
        // Nothing that it says has changed.
        change("{gateway:{bind:'lan',auth:{token:'t'}},ui:{assistant:{name:'Ann',avatar:'A'}}}");
        world.advance(1000);
        CHECK(world.sent.empty());
        // While it asks for the names.
        change("Eve");
        change("Una");
        world.advance(1000);
        CHECK(lines(world.sent.back().data)[3].ends_with("Una (OpenClaw)._openclaw-gw._tcp.local"));
    }
    gw_config_free(config);
}

TEST_CASE("announcer: the n-th allocation fails, for every n of its life") {
    std::size_t n = 0;
    for (bool went_well = false; !went_well; ++n) {
        INFO("allocation " << n);
        REQUIRE(n < 20000);
        TestHost host;
        World world(open_to_all, host.host());
        REQUIRE(world.status() == GW_OK);
        world.own_address = own;
        world.open_sockets = true;
        host.fail_once_at(n);
        world.hear({}, {});
        world.advance(2000);
        world.hear(Message().ask(service, type::ptr).text(), other);
        world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
        world.hear(Message(0, true).say("openclaw.local", type::a, 120, "\xc0\xa8\1\7").text(), other);
        world.advance(200000);
        went_well = !host.failed();
        host.fail_never();
        // Whatever failed, the gateway can be found in the end.
        world.advance(130000);
        world.sent.clear();
        world.hear(Message(1).ask(service, type::ptr).text(), other, 40000);
        CHECK(world.sent.size() == 1);
        CHECK(gw_gateway_shutdown(world.gateway()) == GW_OK);
        world.pump();
        CHECK(world.events.back() == "STOPPED");
    }
    CHECK(n > 20);
}

}  // namespace gw::test
