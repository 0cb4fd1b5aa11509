// A gateway in a C++ program, without a socket: a client asks, the built-in agent answers, the program is the network.
#include <gateway/gateway.hpp>

#include <cstdio>
#include <string>

int main() {
    auto source = gateway::sized<gw_config_source>();
    source.text = gateway::str("{gateway:{auth:{mode:'none'},http:{endpoints:{chatCompletions:{enabled:true}}}}}");
    gateway::Buffer problems;
    auto gw = gateway::Gateway::open(source, gateway::sized<gw_gateway_options>(), &problems);
    if (!gw) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(problems.text().size()), problems.text().data());
        return 1;
    }

    std::uint64_t now = 1000;  // this host's clock shows what it likes
    gw->tick(now, 1767225600000);
    auto client = gw->accept("127.0.0.1");
    if (!client) return 1;
    const std::string body = R"({"stream": true, "messages": [{"role": "user", "content": "hello, C++"}]})";
    client->recv("POST /v1/chat/completions HTTP/1.1\r\nHost: example\r\nConnection: close\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body);

    for (bool open = true; open;) {
        for (const gw_event& event : gw->events()) {
            gateway::Conn conn(event.conn);
            if (event.type == GW_EVENT_OUTPUT) {
                for (const gateway::Buffer& piece : conn.output())
                    std::fwrite(piece.text().data(), 1, piece.text().size(), stdout);
            } else if (event.type == GW_EVENT_CLOSE) {
                conn.free();
                open = false;
            }
        }
        if (gw->next_deadline() == GW_NEVER) break;
        now = gw->next_deadline();
        gw->tick(now, 1767225600000 + now);
    }
    return 0;
}
