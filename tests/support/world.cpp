#include "support/world.h"

#include <algorithm>

#include "core/text.h"

namespace gw::test {

gw_config* load_config(std::string_view text, const gw_host* host, gw_status& status, std::string& problems) {
    gw_config_source source{};
    source.size = sizeof source;
    source.text = as_str(text.empty() ? "{}" : text);
    gw_buf found{};
    gw_config* config = nullptr;
    status = gw_config_load(&source, host, &config, &found);
    problems.assign(static_cast<const char*>(found.data), found.len);
    gw_buf_free(&found);
    return config;
}

World::World(std::string_view config, const gw_host* host, const gw_limits* limits, gw_store* store,
             std::uint32_t services) {
    config_ = load_config(config, host, status_, problems_);
    if (status_ == GW_OK) start(config_, host, limits, store, services);
}

World::World(gw_config* config, const gw_host* host) { start(config, host, nullptr, nullptr, GW_SERVICE_ALL); }

void World::start(gw_config* config, const gw_host* host, const gw_limits* limits, gw_store* store,
                  std::uint32_t services) {
    gw_gateway_options options{};
    options.size = sizeof options;
    options.host = host;
    options.config = config;
    options.limits = limits;
    options.store = store;
    options.services = services;
    options.records = true;
    status_ = gw_gateway_new(&options, &gateway_);
    if (status_ != GW_OK) return;
    tick();
    pump();
}

World::~World() {
    gw_gateway_free(gateway_);
    gw_config_free(config_);
}

void World::tick() { note(gw_gateway_tick(gateway_, now, unix_ms)); }

World::Peer* World::client(std::string_view address) {
    gw_peer peer{};
    peer.size = sizeof peer;
    peer.address = as_str(address);
    gw_conn* conn = nullptr;
    const gw_status status = gw_conn_accept(gateway_, &peer, &conn);
    note(status);
    if (status != GW_OK) return nullptr;
    clients_.push_back(std::make_unique<Peer>());
    clients_.back()->conn = conn;
    Peer& made = *clients_.back();
    gw_conn_set_user(conn, &made);
    if (client_tls != nullptr) {
        made.tls = std::make_unique<End>(*client_tls, "gateway.test");
        made.tls->start();
    }
    pump();
    if (made.tls) send_ciphertext(made);
    return &made;
}

// What the pipe has written, and what it writes because of the answers.
void World::send_ciphertext(Peer& peer) {
    while (!peer.tls->out.empty() && peer.conn != nullptr) {
        const std::string bytes(peer.tls->out.text());
        peer.tls->out.clear();
        note(gw_conn_recv(peer.conn, bytes.data(), bytes.size()));
        pump();
    }
}

gw_status World::send(Peer& peer, std::string_view bytes) {
    if (peer.conn == nullptr) return GW_ERR_STATE;
    tick();
    if (peer.tls) {
        peer.tls->write(bytes);
        send_ciphertext(peer);
        return peer.tls->failed ? peer.tls->failed->status : GW_OK;
    }
    const gw_status status = gw_conn_recv(peer.conn, bytes.data(), bytes.size());
    note(status);
    pump();
    return status;
}

void World::end(Peer& peer) {
    if (peer.conn == nullptr) return;
    tick();
    note(gw_conn_eof(peer.conn));
    pump();
}

void World::drop(Peer& peer) {
    if (peer.conn == nullptr) return;
    tick();
    gw_conn_free(std::exchange(peer.conn, nullptr));
    peer.closed = true;
    pump();
}

void World::advance(std::uint64_t ms) {
    const std::uint64_t end = now + ms;
    while (now < end) {
        const std::uint64_t next = std::min(end, std::max(now + 1, gw_gateway_next_deadline(gateway_)));
        unix_ms += next - now;
        now = next;
        tick();
        pump();
    }
}

World::Peer* World::find(gw_conn* conn) { return static_cast<Peer*>(gw_conn_user(conn)); }

void World::take(Peer& peer) {
    gw_buf out{};
    while (peer.take && peer.conn != nullptr && gw_conn_take_output(peer.conn, &out) == GW_OK) {
        const std::string_view bytes(static_cast<const char*>(out.data), out.len);
        if (peer.tls) {
            peer.tls->feed(bytes);
            peer.received += peer.tls->received();
        } else {
            peer.received += bytes;
        }
        gw_buf_free(&out);
    }
}

gw_status World::decide(gw_ask_id ask, gw_status status, std::string_view user, std::string_view scopes) {
    gw_answer given{};
    given.size = sizeof given;
    given.status = status;
    given.user = as_str(user);
    given.scopes = as_str(scopes);
    const gw_status done = gw_ask_answer(gateway(), ask, &given);
    pump();
    return done;
}

gw_status World::answer_socket(gw_ask_id ask, std::string_view data, std::string_view address, std::uint32_t port,
                               gw_status status) {
    gw_answer given{};
    given.size = sizeof given;
    given.status = status;
    given.reason = as_str(status == GW_OK ? "" : "address already in use");
    given.data = as_str(data);
    given.address = as_str(address);
    given.port = port;
    const gw_status done = gw_ask_answer(gateway_, ask, &given);
    note(done);
    return done;
}

gw_status World::hear(std::string_view data, std::string_view address, std::uint32_t port, gw_status status) {
    tick();
    const gw_status done = answer_socket(sockets.back().ask, data, address, port, status);
    pump();
    return done;
}

void World::pump() {
    gw_event event{};
    event.size = sizeof event;
    for (auto& peer : clients_) take(*peer);
    for (auto& peer : upstreams) take(*peer);
    while (gw_gateway_next_event(gateway_, &event) == GW_OK) {
        switch (event.type) {
        case GW_EVENT_OUTPUT: take(*find(event.conn)); break;
        case GW_EVENT_READ: find(event.conn)->wants_read = gw_conn_wants_read(event.conn); break;
        case GW_EVENT_SHUTDOWN: find(event.conn)->shut = true; break;
        case GW_EVENT_CLOSE: {
            Peer* peer = find(event.conn);
            peer->closed = true;
            peer->aborted = event.abort;
            if (peer->keep && !event.abort) break;
            peer->conn = nullptr;
            gw_conn_free(event.conn);
            break;
        }
        case GW_EVENT_CONNECT: {
            upstreams.push_back(std::make_unique<Peer>());
            Peer& peer = *upstreams.back();
            peer.conn = event.conn;
            peer.address.assign(event.host.data, event.host.len);
            peer.port = event.port;
            gw_conn_set_user(event.conn, &peer);
            if (accept_upstreams) accept(peer);
            break;
        }
        case GW_EVENT_LISTEN: {
            events.emplace_back("LISTEN " + std::string(event.host.data, event.host.len));
            gw_answer answer{};
            answer.size = sizeof answer;
            answer.port = event.port == 0 ? 4711 : event.port;
            note(gw_ask_answer(gateway_, event.ask, &answer));
            break;
        }
        case GW_EVENT_SPAWN: {
            Program program{event.ask, {}, std::string(as_text(event.data)), event.timeout_ms, event.output_bytes_max};
            for (std::size_t i = 0; i < event.argc; ++i) program.argv.emplace_back(as_text(event.argv[i]));
            programs.push_back(std::move(program));
            break;
        }
        case GW_EVENT_RESOLVE: {
            looked_up.emplace_back(as_text(event.host));
            if (!answer_names) {
                open_asks.push_back(event.ask);
                break;
            }
            gw_answer answer{};
            answer.size = sizeof answer;
            std::vector<gw_str> addresses;
            const auto found = names.find(std::string(event.host.data, event.host.len));
            if (found == names.end()) {
                answer.status = GW_ERR_RESOLVE;
            } else {
                for (const std::string& address : found->second) addresses.push_back(as_str(address));
                answer.addresses = addresses.data();
                answer.address_count = addresses.size();
            }
            note(gw_ask_answer(gateway_, event.ask, &answer));
            break;
        }
        case GW_EVENT_AUTH:
            auth_questions.push_back(
                {event.ask, event.request, std::string(as_text(event.host)), std::string(as_text(event.data))});
            break;
        case GW_EVENT_OPINION: opinion_questions.push_back({event.ask, std::string(as_text(event.data))}); break;
        case GW_EVENT_WATCH: watches.push_back({event.ask, std::string(as_text(event.host))}); break;
        case GW_EVENT_DATAGRAM:
            sockets.push_back(
                {event.ask, std::string(as_text(event.host)), std::string(as_text(event.data)), event.port});
            if (open_sockets) answer_socket(event.ask, {}, {}, event.port);
            break;
        case GW_EVENT_SEND: {
            sent.push_back({event.ask, std::string(as_text(event.host)), std::string(as_text(event.data)), event.port});
            const Datagram datagram = sent.back();
            if (!own_address.empty() && datagram.host == sockets.back().group)
                answer_socket(datagram.ask, datagram.data, own_address, sockets.back().port);
            break;
        }
        case GW_EVENT_CANCEL: cancelled_asks.push_back(event.ask); break;
        case GW_EVENT_REQUEST: requests.push_back(event.request); break;
        case GW_EVENT_REQUEST_WRITABLE: writable_requests.push_back(event.request); break;
        case GW_EVENT_REQUEST_CANCELLED: cancelled_requests.push_back(event.request); break;
        case GW_EVENT_RUN: {
            Run run{event.run,
                    std::string(as_text(event.agent)),
                    std::string(as_text(event.session)),
                    std::string(as_text(event.model)),
                    {}};
            gw_str request{};
            note(gw_run_request(gateway_, event.run, &request));
            run.request = as_text(request);
            runs.push_back(std::move(run));
            break;
        }
        case GW_EVENT_RUN_WRITABLE: writable_runs.push_back(event.run); break;
        case GW_EVENT_RUN_CANCEL: cancelled_runs.push_back(event.run); break;
        case GW_EVENT_TOOL_CALL:
            tool_calls.push_back({event.call, std::string(as_text(event.tool)), std::string(as_text(event.data)),
                                  std::string(as_text(event.agent)), std::string(as_text(event.session))});
            break;
        case GW_EVENT_TOOL_CANCEL: cancelled_tool_calls.push_back(event.call); break;
        case GW_EVENT_METHOD_CALL:
            method_calls.push_back({event.call, std::string(as_text(event.method)), std::string(as_text(event.data)),
                                    std::string(as_text(event.caller)), event.client});
            break;
        case GW_EVENT_METHOD_CANCEL: cancelled_method_calls.push_back(event.call); break;
        case GW_EVENT_RECORD: records.emplace_back(as_text(event.data)); break;
        case GW_EVENT_READY:
            events.emplace_back("READY");
            ready_url.assign(event.host.data, event.host.len);
            ready_token.assign(event.data.len == 0 ? "" : event.data.data, event.data.len);
            break;
        case GW_EVENT_STOPPED: events.emplace_back("STOPPED"); break;
        default: events.emplace_back("?"); break;
        }
    }
}

gw_status World::write_program(gw_ask_id ask, std::string_view output) {
    gw_answer piece{};
    piece.size = sizeof piece;
    piece.data = as_str(output);
    piece.more = true;
    const gw_status status = gw_ask_answer(gateway_, ask, &piece);
    note(status);
    pump();
    return status;
}

void World::end_program(gw_ask_id ask, std::string_view output, std::int32_t exit_code, gw_status status) {
    gw_answer answer{};
    answer.size = sizeof answer;
    answer.status = status;
    answer.exit_code = exit_code;
    answer.data = as_str(output);
    note(gw_ask_answer(gateway_, ask, &answer));
    advance(1);
}

void World::accept(Peer& upstream) {
    upstream.answered = true;
    note(gw_conn_opened(upstream.conn));
    pump();
}

void World::refuse(Peer& upstream, std::string_view reason) {
    upstream.answered = true;
    gw_conn* conn = std::exchange(upstream.conn, nullptr);
    note(gw_conn_failed(conn, as_str(reason)));
    gw_conn_free(conn);
    upstream.closed = true;
    pump();
}

// --- reading what a gateway sent --------------------------------------------------------------------------------

std::string Response::field(std::string_view name) const {
    std::size_t at = 0;
    while ((at = head.find("\r\n", at)) != std::string::npos) {
        at += 2;
        const std::string_view line = std::string_view(head).substr(at, head.find("\r\n", at) - at);
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name))
            return std::string(trim(line.substr(colon + 1)));
    }
    return {};
}

namespace {

// The size of the first response in `bytes`, 0 when it is not whole; fills `out`.
std::size_t parse_response(const std::string& bytes, bool head_request, Response& out) {
    const std::size_t head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string::npos) return 0;
    out.head = bytes.substr(0, head_end + 2);
    out.status = std::atoi(bytes.substr(9, 3).c_str());
    out.body.clear();
    std::size_t at = head_end + 4;
    if (head_request || out.status == 204 || out.status == 304 || out.status / 100 == 1) return at;
    if (equals_ignoring_case(out.field("transfer-encoding"), "chunked")) {
        for (;;) {
            const std::size_t line = bytes.find("\r\n", at);
            if (line == std::string::npos) return 0;
            const std::size_t size = std::stoul(bytes.substr(at, line - at), nullptr, 16);
            at = line + 2;
            if (bytes.size() < at + size + 2) return 0;
            out.body += bytes.substr(at, size);
            at += size + 2;
            if (size == 0) return at;
        }
    }
    const std::string length = out.field("content-length");
    if (length.empty()) {
        out.body = bytes.substr(at);
        return bytes.size();
    }
    const std::size_t size = std::stoul(length);
    if (bytes.size() < at + size) return 0;
    out.body = bytes.substr(at, size);
    return at + size;
}

}  // namespace

bool has_response(const std::string& bytes) {
    Response ignored;
    return parse_response(bytes, false, ignored) != 0;
}

Response take_response(std::string& bytes, bool head_request) {
    Response out;
    const std::size_t size = parse_response(bytes, head_request, out);
    INFO("received: " << bytes);
    REQUIRE(size != 0);
    bytes.erase(0, size);
    return out;
}

std::string post(std::string_view path, std::string_view json, std::string_view more_fields) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n" +
           std::string(more_fields) + "Content-Length: " + std::to_string(json.size()) + "\r\n\r\n" + std::string(json);
}

std::string get(std::string_view path, std::string_view more_fields) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: gateway\r\n" + std::string(more_fields) + "\r\n";
}

}  // namespace gw::test
