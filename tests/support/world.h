// A world for a gateway, without sockets and with a clock that only moves when told: clients, upstreams and names are
// strings in memory. Everything goes through the C ABI, as a host's calls do.
#pragma once

#include <gateway/agent.h>
#include <gateway/ask.h>
#include <gateway/conn.h>
#include <gateway/event.h>
#include <gateway/method.h>
#include <gateway/request.h>
#include <gateway/tool.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/test.h"
#include "tls/pipes.h"

namespace gw::test {

// Null, and why, when the text is no configuration; else the caller frees it.
gw_config* load_config(std::string_view text, const gw_host* host, gw_status& status, std::string& problems);

class World {
public:
    // One connection as the other end sees it.
    struct Peer {
        gw_conn* conn = nullptr;  // null once the gateway and we are done with it
        std::string received;     // what the gateway has sent
        bool take = true;         // false: a peer that reads nothing
        bool keep = false;        // true: the socket is not done when CLOSE comes
        bool shut = false;        // the gateway has ended its direction
        bool closed = false;
        bool aborted = false;
        bool wants_read = true;
        std::string address;  // of an upstream: where it was dialled
        std::uint32_t port = 0;
        bool answered = false;     // an upstream whose CONNECT was answered
        std::unique_ptr<End> tls;  // of a client that speaks TLS: `received` is what it decrypted
    };

    // `config` is JSON5; "" is the empty configuration.
    explicit World(std::string_view config, const gw_host* host = nullptr, const gw_limits* limits = nullptr,
                   gw_store* store = nullptr, std::uint32_t services = GW_SERVICE_ALL);
    // With a configuration that is the caller's.
    World(gw_config* config, const gw_host* host);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] gw_status status() const { return status_; }  // of gw_config_load and gw_gateway_new
    [[nodiscard]] gw_gateway* gateway() const { return gateway_; }
    [[nodiscard]] const std::string& problems() const { return problems_; }

    // Not null: clients made from here on speak TLS with it, to gateway.test.
    tls::Context* client_tls = nullptr;
    // A new client; null when the gateway refuses it.
    Peer* client(std::string_view address = "127.0.0.1");
    gw_status send(Peer& peer, std::string_view bytes);
    void end(Peer& peer);            // FIN
    void drop(Peer& peer);           // the socket is gone
    void advance(std::uint64_t ms);  // in steps to every deadline on the way
    void pump();

    // Upstreams in the order they were dialled. With `accept_upstreams` off CONNECT waits for accept() or refuse().
    bool accept_upstreams = true;
    std::vector<std::unique_ptr<Peer>> upstreams;
    void accept(Peer& upstream);
    void refuse(Peer& upstream, std::string_view reason = "connection refused");
    std::map<std::string, std::vector<std::string>> names;  // RESOLVE: absent means it fails
    bool answer_names = true;
    std::vector<std::string> looked_up;  // every name that was asked for
    // Programs that the gateway wants to be run, to be answered with end_program(), pieces before that with
    // write_program().
    struct Program {
        gw_ask_id ask = 0;
        std::vector<std::string> argv;
        std::string input;
        std::uint32_t timeout_ms = 0;
        std::size_t output_bytes_max = 0;
    };
    std::vector<Program> programs;
    gw_status write_program(gw_ask_id ask, std::string_view output);
    void end_program(gw_ask_id ask, std::string_view output, std::int32_t exit_code = 0, gw_status status = GW_OK);
    std::vector<gw_ask_id> open_asks, cancelled_asks;

    // With GW_SERVICE_AUTH: who wants to come in, to be answered with gw_ask_answer().
    struct AuthQuestion {
        gw_ask_id ask = 0;
        gw_request_id request = 0;
        std::string address, credentials;
    };
    std::vector<AuthQuestion> auth_questions;
    // Answers one, and takes what comes of it. What gw_ask_answer() says.
    gw_status decide(gw_ask_id ask, gw_status status, std::string_view user = {}, std::string_view scopes = {});

    // With GW_SERVICE_OPINION: what the rules let pass, likewise.
    struct OpinionQuestion {
        gw_ask_id ask = 0;
        std::string data;
    };
    std::vector<OpinionQuestion> opinion_questions;

    // Files that are to be watched; a change is told with gw_ask_answer().
    struct Watch {
        gw_ask_id ask = 0;
        std::string path;
    };
    std::vector<Watch> watches;

    // Datagram sockets that were asked for, and what was sent from them. Without `open_sockets` DATAGRAM waits for
    // hear().
    struct Socket {
        gw_ask_id ask = 0;
        std::string host, group;
        std::uint32_t port = 0;
    };
    struct Datagram {
        gw_ask_id ask = 0;
        std::string host, data;
        std::uint32_t port = 0;
    };
    bool open_sockets = false;
    std::string own_address;  // not empty: what is sent to a socket's group comes back to it, from here
    std::vector<Socket> sockets;
    std::vector<Datagram> sent;
    // A datagram for the last socket; or, with another status, why it cannot be.
    gw_status hear(std::string_view data, std::string_view address, std::uint32_t port = 5353,
                   gw_status status = GW_OK);

    std::vector<gw_request_id> requests, cancelled_requests, writable_requests;
    // Answers that the host is asked for, in the order of their GW_EVENT_RUN.
    struct Run {
        gw_run_id id = 0;
        std::string agent, session, model, request;
    };
    std::vector<Run> runs;
    std::vector<gw_run_id> cancelled_runs, writable_runs;
    // Calls of the host's tools, in the order of their GW_EVENT_TOOL_CALL.
    struct ToolCall {
        gw_tool_call_id id = 0;
        std::string tool, arguments, agent, session;
    };
    std::vector<ToolCall> tool_calls;
    std::vector<gw_tool_call_id> cancelled_tool_calls;
    // Calls of the host's methods, in the order of their GW_EVENT_METHOD_CALL.
    struct MethodCall {
        gw_method_call_id id = 0;
        std::string method, params, caller;
        gw_client_id client = 0;
    };
    std::vector<MethodCall> method_calls;
    std::vector<gw_method_call_id> cancelled_method_calls;
    std::vector<std::string> events;  // the names of LISTEN, READY, STOPPED as they came
    std::string ready_url, ready_token;
    std::vector<std::string> records;  // event records of the guardrail
    gw_status out_of_memory = GW_OK;   // GW_ERR_NO_MEMORY once any call has answered that
    std::uint64_t now = 1000;
    std::uint64_t unix_ms = 1767225600000;

private:
    void start(gw_config* config, const gw_host* host, const gw_limits* limits, gw_store* store,
               std::uint32_t services);
    gw_status answer_socket(gw_ask_id ask, std::string_view data, std::string_view address, std::uint32_t port,
                            gw_status status = GW_OK);
    void note(gw_status status) {
        if (status == GW_ERR_NO_MEMORY) out_of_memory = status;
    }
    void tick();
    void take(Peer& peer);
    void send_ciphertext(Peer& peer);
    Peer* find(gw_conn* conn);

    gw_status status_ = GW_OK;
    gw_config* config_ = nullptr;
    gw_gateway* gateway_ = nullptr;
    std::string problems_;
    std::vector<std::unique_ptr<Peer>> clients_;
};

// One HTTP response out of what a peer received: removed from the front of `bytes`. Fails the test when it is not
// whole.
struct Response {
    int status = 0;
    std::string head;  // status line and fields
    std::string body;  // chunked coding removed
    [[nodiscard]] std::string field(std::string_view name) const;
};
Response take_response(std::string& bytes, bool head_request = false);
// True when `bytes` begins with a whole response.
bool has_response(const std::string& bytes);

// A request with a JSON body and Host.
std::string post(std::string_view path, std::string_view json, std::string_view more_fields = {});
std::string get(std::string_view path, std::string_view more_fields = {});

}  // namespace gw::test
