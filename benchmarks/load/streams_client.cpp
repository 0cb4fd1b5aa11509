// load_streams: many clients of one chat endpoint, each reading a stream; how late does every event arrive?
//
//     load_streams --port N [--path P] [--header 'Name: value']... [--body JSON]
//                  [--streams N] [--ramp-ms N] [--settle-ms N] [--seconds N]
//
//     |- ramp: streams begin, evenly -|- settle -|--------- seconds: events are counted ---------|- until the streams
//     end
//                                               "begin"                                        "end", JSON
//
// The mock upstream writes into every event when it sent it (its word `stamp`), in CLOCK_MONOTONIC, which is the same
// for all processes of a machine; an event's delay is the time behind the read() that brought it, minus that. It
// contains the wait for this program's turn, so only the difference to the same load without a proxy says what the
// proxy adds.
//
// Two lines, "begin" and "end", are printed at the borders of the measured time, so that whoever started this can look
// at the proxy's CPU time then; the last line is the result. Exit code 1: a stream broke or did not end with [DONE].
#include <llhttp.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/mock_answer.h"

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t millisecond_ns = 1'000'000;
constexpr std::uint32_t late_ns = 10'000'000;  // no turn of a loop that keeps up takes so long: the event was held

struct Settings {
    int port = 0;
    std::string path = "/v1/chat/completions";
    std::string headers;
    std::string body = "{}";
    std::size_t streams = 1000;
    std::uint64_t ramp_ms = 1000;
    std::uint64_t settle_ms = 1000;
    std::uint64_t seconds = 10;
};

class Clients;

// One request and its answer.
struct Stream {
    Clients* clients = nullptr;
    uv_tcp_t tcp{};
    uv_connect_t connecting{};
    uv_write_t writing{};
    llhttp_t parser{};
    std::string line;          // begun and not yet ended
    std::size_t events = 0;    // that had a time stamp
    bool done = false;         // [DONE] was seen
    bool ended = false;        // the HTTP message is over
    std::uint64_t now_ns = 0;  // when the bytes that are being parsed were read
};

class Clients {
public:
    Clients(uv_loop_t& loop, Settings settings);
    void start();
    [[nodiscard]] int report();

    void line(Stream& stream, std::string_view text);
    void over(Stream& stream, const char* trouble);

    llhttp_settings_t callbacks{};
    std::vector<char> read_buffer = std::vector<char>(65536);

private:
    void open(Stream& stream);
    void on_clock();
    void arm();
    [[nodiscard]] std::uint64_t begin_of(std::size_t index) const {
        return start_ns_ + index * settings_.ramp_ms * millisecond_ns / settings_.streams;
    }

    uv_loop_t& loop_;
    Settings settings_;
    sockaddr_in address_{};
    std::string request_;
    std::vector<std::unique_ptr<Stream>> streams_;
    std::size_t opened_ = 0;
    std::size_t open_ = 0;
    std::size_t broken_ = 0;
    int clock_;  // a timer descriptor: libuv's timers have milliseconds, which would put the streams in step
    uv_poll_t clock_poll_{};
    std::uint64_t start_ns_ = 0, from_ns_ = 0, to_ns_ = 0;
    int border_ = 0;  // of begin and end, how many were printed
    std::vector<std::uint32_t> delays_ns_;
};

Stream& stream_of(void* data) { return *static_cast<Stream*>(data); }

int on_body(llhttp_t* parser, const char* at, std::size_t size) {
    Stream& stream = stream_of(parser->data);
    std::string_view rest(at, size);
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        if (stream.line.empty()) {
            stream.clients->line(stream, rest.substr(0, end));
        } else {
            stream.line += rest.substr(0, end);
            stream.clients->line(stream, stream.line);
            stream.line.clear();
        }
        rest.remove_prefix(end + 1);
    }
    stream.line += rest;
    return 0;
}

int on_status(llhttp_t* parser) { return parser->status_code == 200 ? 0 : -1; }

int on_end(llhttp_t* parser) {
    stream_of(parser->data).ended = true;
    return 0;
}

void on_read(uv_stream_t* tcp, ssize_t size, const uv_buf_t* buffer) {
    Stream& stream = stream_of(tcp->data);
    if (size == 0) return;
    if (size < 0) return stream.clients->over(stream, "closed early");
    stream.now_ns = uv_hrtime();
    const llhttp_errno_t result = llhttp_execute(&stream.parser, buffer->base, static_cast<std::size_t>(size));
    if (result != HPE_OK) return stream.clients->over(stream, "no good answer");
    if (stream.ended) stream.clients->over(stream, stream.done ? nullptr : "no [DONE]");
}

void on_connected(uv_connect_t* request, int status) {
    Stream& stream = stream_of(request->data);
    if (status != 0) return stream.clients->over(stream, "not connected");
    uv_tcp_nodelay(&stream.tcp, 1);
    const auto buffer = [](uv_handle_t* handle, std::size_t, uv_buf_t* out) {
        std::vector<char>& shared = stream_of(handle->data).clients->read_buffer;
        *out = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
    };
    uv_read_start(reinterpret_cast<uv_stream_t*>(&stream.tcp), buffer, on_read);
}

Clients::Clients(uv_loop_t& loop, Settings settings)
    : loop_(loop), settings_(std::move(settings)), clock_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    llhttp_settings_init(&callbacks);
    callbacks.on_headers_complete = on_status;
    callbacks.on_body = on_body;
    callbacks.on_message_complete = on_end;
    uv_ip4_addr("127.0.0.1", settings_.port, &address_);
    request_ = "POST " + settings_.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(settings_.port) +
               "\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n" + settings_.headers +
               "Content-Length: " + std::to_string(settings_.body.size()) + "\r\n\r\n" + settings_.body;
    for (std::size_t index = 0; index < settings_.streams; ++index) {
        Stream& stream = *streams_.emplace_back(std::make_unique<Stream>());
        stream.clients = this;
        stream.tcp.data = stream.connecting.data = stream.writing.data = &stream;
        llhttp_init(&stream.parser, HTTP_RESPONSE, &callbacks);
        stream.parser.data = &stream;
    }
    delays_ns_.reserve(settings_.streams * settings_.seconds * 128);
    uv_poll_init(&loop_, &clock_poll_, clock_);
    clock_poll_.data = this;
}

void Clients::start() {
    start_ns_ = uv_hrtime() + 10 * millisecond_ns;
    from_ns_ = start_ns_ + (settings_.ramp_ms + settings_.settle_ms) * millisecond_ns;
    to_ns_ = from_ns_ + settings_.seconds * second_ns;
    const auto on_timer = [](uv_poll_t* handle, int, int) { static_cast<Clients*>(handle->data)->on_clock(); };
    uv_poll_start(&clock_poll_, UV_READABLE, on_timer);
    arm();
}

void Clients::open(Stream& stream) {
    ++open_;
    uv_tcp_init(&loop_, &stream.tcp);
    stream.tcp.data = &stream;
    const int failed =
        uv_tcp_connect(&stream.connecting, &stream.tcp, reinterpret_cast<const sockaddr*>(&address_), on_connected);
    if (failed != 0) return over(stream, uv_strerror(failed));
    uv_buf_t bytes = uv_buf_init(request_.data(), static_cast<unsigned>(request_.size()));
    uv_write(&stream.writing, reinterpret_cast<uv_stream_t*>(&stream.tcp), &bytes, 1,
             nullptr);  // waits for the connection
}

void Clients::over(Stream& stream, const char* trouble) {
    if (trouble != nullptr && broken_++ == 0) std::fprintf(stderr, "load_streams: a stream broke: %s\n", trouble);
    uv_close(reinterpret_cast<uv_handle_t*>(&stream.tcp), nullptr);
    --open_;
    arm();
}

void Clients::on_clock() {
    std::uint64_t expirations = 0;
    if (read(clock_, &expirations, sizeof expirations) < 0) return;
    const std::uint64_t now = uv_hrtime();
    while (opened_ < settings_.streams && begin_of(opened_) <= now) open(*streams_[opened_++]);
    while (border_ < 2 && now >= (border_ == 0 ? from_ns_ : to_ns_)) {
        std::puts(border_++ == 0 ? "begin" : "end");
        std::fflush(stdout);
    }
    arm();
}

// The next moment at which something begins; none when all is over.
void Clients::arm() {
    if (opened_ == settings_.streams && open_ == 0) {
        if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&clock_poll_)) == 0)
            uv_close(reinterpret_cast<uv_handle_t*>(&clock_poll_), nullptr);
        return;
    }
    std::uint64_t due = border_ == 0 ? from_ns_ : border_ == 1 ? to_ns_ : 0;
    if (opened_ < settings_.streams) due = due == 0 ? begin_of(opened_) : std::min(due, begin_of(opened_));
    itimerspec when{};
    when.it_value = {static_cast<time_t>(due / second_ns), static_cast<long>(due % second_ns)};
    timerfd_settime(clock_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Clients::line(Stream& stream, std::string_view text) {
    if (text.starts_with("data: [DONE]")) stream.done = true;
    const std::size_t member = text.find(mock::stamp_member);
    if (member == std::string_view::npos) return;
    ++stream.events;
    std::uint64_t sent = 0;
    for (const char digit : text.substr(member + mock::stamp_member.size(), mock::stamp_digits))
        sent = sent * 10 + static_cast<std::uint64_t>(digit - '0');
    sent -= mock::stamp_zero;
    if (sent < from_ns_ || sent >= to_ns_) return;
    const std::uint64_t delay = stream.now_ns > sent ? stream.now_ns - sent : 0;
    delays_ns_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(delay, UINT32_MAX)));
}

int Clients::report() {
    ::close(clock_);
    std::sort(delays_ns_.begin(), delays_ns_.end());
    const auto at = [this](double part) {
        if (delays_ns_.empty()) return 0.0;
        const auto index = static_cast<std::size_t>(part * static_cast<double>(delays_ns_.size()));
        return delays_ns_[std::min(index, delays_ns_.size() - 1)] / 1000.0;
    };
    // Everybody was asked the same and must have been told the same.
    const auto [fewest, most] = std::minmax_element(streams_.begin(), streams_.end(),
                                                    [](const auto& a, const auto& b) { return a->events < b->events; });
    const auto late = std::lower_bound(delays_ns_.begin(), delays_ns_.end(), late_ns);
    const auto late_count = static_cast<std::size_t>(delays_ns_.end() - late);
    std::printf(
        "{\"streams\":%zu,\"broken\":%zu,\"events\":%zu,\"events_per_stream\":[%zu,%zu],\"late\":%zu,"
        "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}\n",
        settings_.streams, broken_, delays_ns_.size(), (*fewest)->events, (*most)->events, late_count, at(0.5),
        at(0.99), at(0.999), at(1.0));
    return broken_ == 0 ? 0 : 1;
}

bool read_settings(int argc, char** argv, Settings& settings) {
    for (int index = 1; index + 1 < argc; index += 2) {
        const std::string_view name = argv[index];
        const char* value = argv[index + 1];
        const auto count = [&] { return std::strtoull(value, nullptr, 10); };
        if (name == "--port")
            settings.port = std::atoi(value);
        else if (name == "--path")
            settings.path = value;
        else if (name == "--header")
            settings.headers.append(value).append("\r\n");
        else if (name == "--body")
            settings.body = value;
        else if (name == "--streams")
            settings.streams = count();
        else if (name == "--ramp-ms")
            settings.ramp_ms = count();
        else if (name == "--settle-ms")
            settings.settle_ms = count();
        else if (name == "--seconds")
            settings.seconds = count();
        else
            return false;
    }
    return argc % 2 == 1 && settings.port > 0 && settings.streams > 0;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    if (!read_settings(argc, argv, settings)) {
        std::fprintf(stderr,
                     "usage: load_streams --port N [--path P] [--header 'Name: value']... [--body JSON]\n"
                     "                    [--streams N] [--ramp-ms N] [--settle-ms N] [--seconds N]\n");
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a server that left is an error code
    uv_loop_t loop;
    uv_loop_init(&loop);
    Clients clients(loop, std::move(settings));
    clients.start();
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return clients.report();
}
