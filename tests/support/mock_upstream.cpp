// mock_upstream: an LLM provider that behaves as a test tells it to, and the upstream of the benchmarks.
//
//     mock_upstream [--port N] [--options WORDS] [--drop-connections N]
//
//     POST .../chat/completions   1 KB of JSON, or 34 events: role, 31 deltas, finish (usage when asked), [DONE]
//     POST .../responses  .../messages  ...:generateContent  ...:streamGenerateContent  /model/../converse[-stream]
//          .../invoke[-with-response-stream]  /api/chat  /api/generate        the same in the other dialects
//     GET  .../models             one model
//     .../_mock/...               answers dictated byte by byte, and what was asked: mock_script.h
//     GET  /stats                 what has happened so far, as JSON
//
// Words for `--options`, the X-Mock header, the path and the model's name (mock_options.h), joined by '+':
//     first=T gap=T          pause before the first byte, between writes (T: 5, 5ms, 200us, 1s)
//     rate=N                 N writes a second, by the clock
//     cut=N wire-cut=N       SSE bytes, or wire bytes, per write      coalesce   everything in one write
//     utf8 split-utf8        text beyond ASCII; every character cut   crlf cr bom comments   other SSE forms
//     chunked until-close    framing                                  gzip close early-hints
//     deltas=N bytes=N       how much text                            odd  unknown fields and white space
//     prose words            English, a word each: " river", "river "
//     stamp  every chat event has "created_ns", when it was written (mock_answer.h)
//     tools echo             a tool call; the received request as the answer's text
//     no-done bad-event error-event nonsense                          damaged answers
//     status=N retry-after=N an error object
//     stall[=N] early-close[=N] reset[=N]   after N events (of JSON: bytes), or before anything
//     fail=ID fail-count=N fail-status=N    the first N requests with this ID are dropped, or get this status
#include <llhttp.h>
#include <simdjson.h>
#include <strings.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "support/mock_answer.h"
#include "support/mock_script.h"

namespace mock {
namespace {

// A client may send this much ahead of its turn; then it is not read any more.
constexpr std::size_t pipelined_bytes_max = std::size_t{64} << 20;

struct Stats {
    std::size_t connections = 0;
    std::size_t connections_open = 0;
    std::size_t requests = 0;  // for an answer of a model
    std::size_t active = 0;    // being answered
    std::size_t completed = 0;
    std::size_t cancelled = 0;         // the client left before the end
    std::size_t cancelled_silent = 0;  // of those, before the first byte of the answer
    std::size_t failed = 0;            // closed or reset on purpose
};

class Server;

struct Connection {
    explicit Connection(Server& owner);
    Server& server;
    uv_tcp_t tcp{};
    llhttp_t parser{};
    std::string inbox;  // bytes behind the request that is being answered
    Request request;
    std::string field;
    bool busy = false;
    bool counted = false;               // in Stats::active
    std::optional<std::size_t> record;  // of the script that is followed
    bool closing = false;
    bool parsing = false;
    bool writing = false;
    bool reading = true;
    // The answer.
    std::shared_ptr<const Plan> plan;
    std::size_t next = 0;
    std::uint64_t due_ns = 0;
    std::string stamped;  // the piece that is being written, with its time
    uv_write_t write{};
};

class Server {
public:
    Server(uv_loop_t& loop, std::string default_options, std::size_t drop_connections);
    int listen(const char* host, int port);
    void stop();

    void accept();
    void received(Connection& connection, const char* data, std::size_t size);
    void left(Connection& connection);
    void advance(Connection& connection);
    void closed(Connection* connection);
    void run_due();
    [[nodiscard]] char* read_buffer() { return read_buffer_.get(); }
    static constexpr std::size_t read_buffer_bytes = 65536;

    llhttp_settings_t settings{};

private:
    void parse(Connection& connection);
    void parse_all(Connection& connection);
    void answer(Connection& connection);
    void answer_model(Connection& connection, const Route& route);
    void start(Connection& connection, std::shared_ptr<const Plan> plan);
    void finish(Connection& connection);
    void count_end(Connection& connection, Scripts::Outcome outcome);
    void schedule(Connection& connection, std::uint64_t due_ns);
    void arm();
    void close(Connection& connection, bool reset);
    void read_body(Request& request);
    [[nodiscard]] std::string stats_json() const;
    [[nodiscard]] bool read_all_options(const Request& request, Options& options, std::string& wrong) const;

    uv_loop_t& loop_;
    uv_tcp_t listener_{};
    int timer_descriptor_;
    uv_poll_t timer_{};
    std::uint64_t armed_ns_ = 0;
    std::string default_options_;
    std::size_t drop_connections_;
    std::unique_ptr<char[]> read_buffer_ = std::make_unique<char[]>(read_buffer_bytes);
    std::unordered_set<Connection*> connections_;
    std::multimap<std::uint64_t, Connection*> due_;
    std::unordered_map<std::string, std::shared_ptr<const Plan>> plans_;
    std::unordered_map<std::string, std::size_t> failures_;
    simdjson::dom::parser json_;
    Scripts scripts_;
    Stats stats_;
};

Connection& connection_of(void* data) { return *static_cast<Connection*>(data); }

// --- requests ---

int on_url(llhttp_t* parser, const char* at, std::size_t size) {
    connection_of(parser->data).request.target.append(at, size);
    return 0;
}
int on_field(llhttp_t* parser, const char* at, std::size_t size) {
    connection_of(parser->data).field.append(at, size);
    return 0;
}
int on_value(llhttp_t* parser, const char* at, std::size_t size) {
    Connection& connection = connection_of(parser->data);
    auto& headers = connection.request.headers;
    if (!connection.field.empty()) {
        headers.emplace_back(std::move(connection.field), "");
        connection.field.clear();
    }
    headers.back().second.append(at, size);
    return 0;
}
int on_value_complete(llhttp_t* parser) {
    // A header with an empty value has had no on_value.
    Connection& connection = connection_of(parser->data);
    if (!connection.field.empty()) connection.request.headers.emplace_back(std::move(connection.field), "");
    connection.field.clear();
    return 0;
}
bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}
int on_headers_complete(llhttp_t* parser) {
    Connection& connection = connection_of(parser->data);
    for (const auto& [name, value] : connection.request.headers) {
        if (!same_name(name, "expect")) continue;
        static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        uv_buf_t buffer = uv_buf_init(text, sizeof text - 1);
        uv_try_write(reinterpret_cast<uv_stream_t*>(&connection.tcp), &buffer, 1);
    }
    return 0;
}
int on_body(llhttp_t* parser, const char* at, std::size_t size) {
    connection_of(parser->data).request.body.append(at, size);
    return 0;
}
int on_message_complete(llhttp_t* parser) {
    Connection& connection = connection_of(parser->data);
    connection.request.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
    connection.request.keep_alive = llhttp_should_keep_alive(parser) != 0;
    connection.busy = true;
    return HPE_PAUSED;  // the next request waits until this one is answered
}

Connection::Connection(Server& owner) : server(owner) {
    llhttp_init(&parser, HTTP_REQUEST, &owner.settings);
    parser.data = this;
    tcp.data = this;
    write.data = this;
}

// --- libuv ---

void on_closed(uv_handle_t* handle) {
    Connection& connection = connection_of(handle->data);
    connection.server.closed(&connection);
}
void on_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(connection_of(handle->data).server.read_buffer(), Server::read_buffer_bytes);
}
void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    Connection& connection = connection_of(stream->data);
    if (size > 0) connection.server.received(connection, buffer->base, static_cast<std::size_t>(size));
    if (size < 0) connection.server.left(connection);
}
void on_written(uv_write_t* write, int status) {
    Connection& connection = connection_of(write->data);
    connection.writing = false;
    if (connection.closing) return;
    if (status < 0) return connection.server.left(connection);
    connection.server.advance(connection);
}

Server::Server(uv_loop_t& loop, std::string default_options, std::size_t drop_connections)
    : loop_(loop),
      timer_descriptor_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      default_options_(std::move(default_options)),
      drop_connections_(drop_connections) {
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_headers_complete = on_headers_complete;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    uv_tcp_init(&loop_, &listener_);
    uv_poll_init(&loop_, &timer_, timer_descriptor_);
    listener_.data = timer_.data = this;
    const auto on_timer = [](uv_poll_t* handle, int, int) { static_cast<Server*>(handle->data)->run_due(); };
    uv_poll_start(&timer_, UV_READABLE, on_timer);
}

int Server::listen(const char* host, int port) {
    sockaddr_in address{};
    if (const int error = uv_ip4_addr(host, port, &address); error != 0) return error;
    if (const int error = uv_tcp_bind(&listener_, reinterpret_cast<sockaddr*>(&address), 0); error != 0) return error;
    const auto on_connection = [](uv_stream_t* listener, int status) {
        if (status == 0) static_cast<Server*>(listener->data)->accept();
    };
    if (const int error = uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 1024, on_connection); error != 0)
        return error;
    int size = sizeof address;
    uv_tcp_getsockname(&listener_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("listening on %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return 0;
}

void Server::stop() {
    uv_close(reinterpret_cast<uv_handle_t*>(&listener_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_),
             [](uv_handle_t* handle) { ::close(static_cast<Server*>(handle->data)->timer_descriptor_); });
    for (Connection* connection : connections_) close(*connection, false);
}

void Server::accept() {
    auto owned = std::make_unique<Connection>(*this);
    Connection& connection = *owned;
    uv_tcp_init(&loop_, &connection.tcp);
    connections_.insert(owned.release());
    ++stats_.connections;
    ++stats_.connections_open;
    auto* stream = reinterpret_cast<uv_stream_t*>(&connection.tcp);
    if (uv_accept(reinterpret_cast<uv_stream_t*>(&listener_), stream) != 0 || drop_connections_ > 0) {
        if (drop_connections_ > 0) --drop_connections_;
        return close(connection, false);
    }
    uv_tcp_nodelay(&connection.tcp, 1);
    uv_read_start(stream, on_buffer, on_read);
}

void Server::received(Connection& connection, const char* data, std::size_t size) {
    if (connection.busy) {
        connection.inbox.append(data, size);
        if (connection.inbox.size() > pipelined_bytes_max && connection.reading) {
            uv_read_stop(reinterpret_cast<uv_stream_t*>(&connection.tcp));
            connection.reading = false;
        }
        return;
    }
    connection.inbox.append(data, size);
    parse(connection);
}

void Server::parse(Connection& connection) {
    // answer() may finish at once and would call this again: the loop goes on instead, so the stack stays flat.
    if (connection.parsing) return;
    connection.parsing = true;
    parse_all(connection);
    connection.parsing = false;
}

void Server::parse_all(Connection& connection) {
    while (!connection.inbox.empty() && !connection.busy && !connection.closing) {
        const std::string bytes = std::move(connection.inbox);
        connection.inbox.clear();
        const llhttp_errno_t result = llhttp_execute(&connection.parser, bytes.data(), bytes.size());
        if (result == HPE_OK) return;
        if (result != HPE_PAUSED) {
            connection.request.keep_alive = false;
            connection.busy = true;
            return start(connection, std::make_shared<const Plan>(plan_json(400, error_json(400, "bad HTTP"), false)));
        }
        const char* rest = llhttp_get_error_pos(&connection.parser);
        connection.inbox.assign(rest, bytes.data() + bytes.size());
        llhttp_resume(&connection.parser);
        answer(connection);
    }
}

void Server::read_body(Request& request) {
    simdjson::dom::element root;
    if (json_.parse(request.body).get(root) != simdjson::SUCCESS) return;
    bool value = false;
    if (root["stream"].get(value) == simdjson::SUCCESS) request.stream = value;
    if (root["stream_options"]["include_usage"].get(value) == simdjson::SUCCESS) request.include_usage = value;
    std::string_view text;
    if (root["model"].get(text) == simdjson::SUCCESS) request.model = text;
}

bool Server::read_all_options(const Request& request, Options& options, std::string& wrong) const {
    const auto read = [&](std::string_view text) {
        if (auto unknown = read_options(text, options)) wrong = *unknown;
    };
    read(default_options_);
    for (const auto& [name, value] : request.headers) {
        if (same_name(name, "x-mock")) read(value);
    }
    const std::string_view target = request.target;
    if (target.starts_with("/+")) read(target.substr(1, target.find('/', 1) - 1));
    if (const std::size_t plus = request.model.find('+'); plus != std::string::npos) read(request.model.substr(plus));
    return wrong.empty();
}

void Server::answer(Connection& connection) {
    const Request& request = connection.request;
    const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
    const bool get = request.method == "GET";
    if (auto control = scripts_.control(request)) {
        return start(connection, std::make_shared<const Plan>(std::move(*control)));
    }
    if (path != "/stats") {
        read_body(connection.request);
        if (const auto scripted = scripts_.take(request)) {
            ++stats_.requests;
            ++stats_.active;
            connection.counted = true;
            connection.record = scripted->record;
            return start(connection, scripted->plan);
        }
    }
    Route route;
    if (request.method == "POST" && route_of(request.target, route)) {
        return answer_model(connection, route);
    }
    Plan plan;
    if (path == "/stats" && get) {
        plan = plan_json(200, stats_json(), request.keep_alive);
    } else if (path.ends_with("/models") && get) {
        constexpr std::string_view models =
            R"({"object":"list","data":[{"id":"test-model","object":"model","created":1700000000,"owned_by":"mock"}]})";
        plan = plan_json(200, models, request.keep_alive);
    } else {
        plan = plan_json(404, error_json(404, "no such path"), request.keep_alive);
    }
    start(connection, std::make_shared<const Plan>(std::move(plan)));
}

void Server::answer_model(Connection& connection, const Route& route) {
    const Request& request = connection.request;
    ++stats_.requests;
    ++stats_.active;
    connection.counted = true;

    Options options;
    std::string wrong;
    if (!read_all_options(request, options, wrong)) {
        const Plan plan = plan_json(400, error_json(400, "the mock does not know '" + wrong + "'"), request.keep_alive);
        return start(connection, std::make_shared<const Plan>(plan));
    }
    if (!options.fail_id.empty() && failures_[options.fail_id]++ < options.fail_count) {
        if (options.fail_status == 0) {
            options.ending = Ending::close;
            options.end_after = 0;
        } else {
            options.status = options.fail_status;
        }
        return start(connection, std::make_shared<const Plan>(plan_answer(route, options, request)));
    }
    if (options.echo) return start(connection, std::make_shared<const Plan>(plan_answer(route, options, request)));

    // Everything that the answer depends on.
    std::string key = {streams(route, request) ? 's' : 'j',
                       request.include_usage ? 'u' : '-',
                       request.keep_alive ? 'k' : '-',
                       static_cast<char>('0' + static_cast<int>(route.dialect)),
                       static_cast<char>('0' + static_cast<int>(route.form)),
                       route.completion || route.anthropic_in_aws ? 'v' : '-'};
    for (const auto& [name, value] : request.headers) {
        if (same_name(name, "x-mock")) key.append(value).push_back('\n');
    }
    if (request.target.starts_with("/+")) key.append(request.target);
    if (const std::size_t plus = request.model.find('+'); plus != std::string::npos) key.append(request.model, plus);
    std::shared_ptr<const Plan>& plan = plans_[key];
    if (!plan) plan = std::make_shared<const Plan>(plan_answer(route, options, request));
    start(connection, plan);
}

// --- answers ---

void Server::start(Connection& connection, std::shared_ptr<const Plan> plan) {
    connection.plan = std::move(plan);
    connection.next = 0;
    connection.due_ns = uv_hrtime() + connection.plan->first_ns;
    if (connection.plan->first_ns != 0) return schedule(connection, connection.due_ns);
    advance(connection);
}

// The bytes of the next piece; a time stamp in it says now.
std::string_view next_piece(Connection& connection) {
    const std::string& piece = connection.plan->pieces[connection.next++];
    if (!connection.plan->stamped) return piece;
    const std::size_t member = piece.find(stamp_member);
    if (member == std::string::npos) return piece;
    connection.stamped = piece;
    std::uint64_t now = stamp_zero + uv_hrtime();
    const std::size_t first = member + stamp_member.size();
    for (std::size_t digit = first + stamp_digits; digit-- > first && digit < piece.size(); now /= 10)
        connection.stamped[digit] = static_cast<char>('0' + now % 10);
    return connection.stamped;
}

void Server::advance(Connection& connection) {
    const Plan& plan = *connection.plan;
    auto* stream = reinterpret_cast<uv_stream_t*>(&connection.tcp);
    while (connection.next < plan.pieces.size()) {
        const std::string_view piece = next_piece(connection);
        // libuv's buffers are not const, but it only reads them.
        uv_buf_t buffer = uv_buf_init(const_cast<char*>(piece.data()), static_cast<unsigned>(piece.size()));
        int written = uv_try_write(stream, &buffer, 1);
        if (written == UV_EAGAIN) written = 0;
        if (written < 0) return left(connection);
        if (static_cast<std::size_t>(written) < piece.size()) {
            buffer.base += written;
            buffer.len -= static_cast<std::size_t>(written);
            connection.writing = true;
            if (uv_write(&connection.write, stream, &buffer, 1, on_written) != 0) left(connection);
            return;
        }
        if (plan.gap_ns != 0 && connection.next < plan.pieces.size())
            return schedule(connection, (plan.by_clock ? connection.due_ns : uv_hrtime()) + plan.gap_ns);
    }
    finish(connection);
}

void Server::finish(Connection& connection) {
    const Ending ending = connection.plan->ending;
    if (ending == Ending::stall) return;  // until the client leaves
    count_end(connection, connection.plan->whole ? Scripts::Outcome::complete : Scripts::Outcome::ended);
    connection.busy = false;
    if (ending != Ending::keep || !connection.request.keep_alive) return close(connection, ending == Ending::reset);
    connection.request = Request();
    if (!connection.reading) {
        uv_read_start(reinterpret_cast<uv_stream_t*>(&connection.tcp), on_buffer, on_read);
        connection.reading = true;
    }
    parse(connection);
}

void Server::left(Connection& connection) {
    if (connection.closing) return;
    count_end(connection, Scripts::Outcome::left_early);
    close(connection, false);
}

void Server::count_end(Connection& connection, Scripts::Outcome outcome) {
    if (!connection.counted) return;
    connection.counted = false;
    --stats_.active;
    if (outcome == Scripts::Outcome::left_early) {
        ++stats_.cancelled;
        if (connection.next == 0) ++stats_.cancelled_silent;
    } else {
        ++(outcome == Scripts::Outcome::complete ? stats_.completed : stats_.failed);
    }
    if (connection.record) scripts_.finished(*connection.record, outcome);
    connection.record.reset();
}

void Server::close(Connection& connection, bool reset) {
    if (connection.closing) return;
    connection.closing = true;
    std::erase_if(due_, [&](const auto& entry) { return entry.second == &connection; });
    if (reset && !connection.writing && uv_tcp_close_reset(&connection.tcp, on_closed) == 0) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&connection.tcp), on_closed);
}

void Server::closed(Connection* connection) {
    --stats_.connections_open;
    connections_.erase(connection);
    delete connection;
}

// --- pauses: a timer descriptor, because libuv's own timers have only milliseconds ---

void Server::schedule(Connection& connection, std::uint64_t due_ns) {
    connection.due_ns = due_ns;
    due_.emplace(connection.due_ns, &connection);
    arm();
}

void Server::arm() {
    constexpr std::uint64_t second_ns = 1'000'000'000;
    const std::uint64_t due = due_.empty() ? 0 : due_.begin()->first;
    if (due == armed_ns_) return;
    armed_ns_ = due;
    itimerspec when{};  // zero: off
    when.it_value = {static_cast<time_t>(due / second_ns), static_cast<long>(due % second_ns)};
    timerfd_settime(timer_descriptor_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Server::run_due() {
    std::uint64_t expirations = 0;
    if (read(timer_descriptor_, &expirations, sizeof expirations) > 0) armed_ns_ = 0;
    const std::uint64_t now = uv_hrtime();
    while (!due_.empty() && due_.begin()->first <= now) {
        Connection& connection = *due_.begin()->second;
        due_.erase(due_.begin());
        advance(connection);
    }
    arm();
}

std::string Server::stats_json() const {
    const std::pair<const char*, std::size_t> numbers[] = {
        {"connections", stats_.connections}, {"connections_open", stats_.connections_open},
        {"requests", stats_.requests},       {"active", stats_.active},
        {"completed", stats_.completed},     {"cancelled", stats_.cancelled},
        {"failed", stats_.failed},           {"cancelled_silent", stats_.cancelled_silent},
    };
    std::string out = "{";
    for (const auto& [name, value] : numbers) {
        if (out.size() > 1) out += ',';
        out.append("\"").append(name).append("\":").append(std::to_string(value));
    }
    return out + '}';
}

int run(int argc, char** argv) {
    int port = 0;
    std::size_t drop_connections = 0;
    std::string options;
    for (int index = 1; index + 1 < argc; index += 2) {
        const std::string_view name = argv[index];
        if (name == "--port") port = std::atoi(argv[index + 1]);
        if (name == "--options") options = argv[index + 1];
        if (name == "--drop-connections") drop_connections = std::strtoull(argv[index + 1], nullptr, 10);
    }
    Options check;
    if (const auto unknown = read_options(options, check)) {
        std::fprintf(stderr, "mock_upstream: unknown option '%s'\n", unknown->c_str());
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a client that left is an error code
    uv_loop_t loop;
    uv_loop_init(&loop);
    Server server(loop, options, drop_connections);
    uv_signal_t signals[2];
    const auto on_signal = [](uv_signal_t* handle, int) { uv_stop(handle->loop); };
    for (uv_signal_t& signal : signals) uv_signal_init(&loop, &signal);
    uv_signal_start(&signals[0], on_signal, SIGTERM);
    uv_signal_start(&signals[1], on_signal, SIGINT);
    const int error = server.listen("127.0.0.1", port);
    if (error != 0) {
        std::fprintf(stderr, "mock_upstream: cannot listen on port %d: %s\n", port, uv_strerror(error));
    } else {
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    server.stop();
    for (uv_signal_t& signal : signals) uv_close(reinterpret_cast<uv_handle_t*>(&signal), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return error == 0 ? 0 : 1;
}

}  // namespace
}  // namespace mock

int main(int argc, char** argv) { return mock::run(argc, argv); }
