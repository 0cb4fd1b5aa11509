// load_streams: both ends of many event streams at once, and how long each event was on its way.
//
//     load_streams --upstream-port N --port N [--path P] [--header 'Name: value']... [--body JSON] [--options WORDS]
//                  [--streams N] [--rate N] [--ramp-ms N] [--settle-ms N] [--seconds N]
//
//     Upstream: an event of every stream each 1/rate s ─► proxy ─► Clients: how old is it?
//           └──────────────────── one thread, one epoll ────────────────────┘
//
//     |- ramp: streams begin, evenly -|- settle -|---- seconds: events are counted ----|- until the streams end
//                                             "begin"                               "end", JSON
//
// Without a proxy --port is the upstream's own. Every event says when it was written (the mock's word `stamp`), and its
// delay is the moment at which the kernel had it for the client (SO_TIMESTAMPNS), minus that: what this program does
// meanwhile is not in it.
//
// Made so that the generator needs little of its core and does not make the proxy's work dearer: what is sent was laid
// out before, is one send() an event, nothing that comes back is parsed, and nobody is woken for it. The streams take
// turns evenly over the period, as far apart as streams that know nothing of each other are on average; what is due
// within `turn_ns` goes together.
//
// The lines "begin" and "end" are printed at the borders of the measured time, so that whoever started this can look at
// the proxy's CPU time then; the last line is the result. Exit code 1: a stream broke or did not end with [DONE].
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/mock_answer.h"

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000, millisecond_ns = 1'000'000;
constexpr std::uint64_t turn_ns = 100'000;
constexpr std::uint32_t late_ns = 10'000'000;  // no turn of a loop that keeps up takes so long: the event was held
constexpr int ready_max = 64;                  // of one look, so that what is due is not kept waiting

struct Settings {
    std::uint16_t upstream_port = 0, port = 0;
    std::string path = "/v1/chat/completions", headers, body = "{}", options = "words+stamp";
    std::uint64_t streams = 1000, rate = 50, ramp_ms = 1000, settle_ms = 1000, seconds = 10;
};

std::uint64_t nanoseconds(const timespec& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * second_ns + static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);  // the clock of SO_TIMESTAMPNS
    return nanoseconds(now);
}

double cpu_s() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "load_streams: %s: %s\n", what, std::strerror(errno));
    std::exit(2);
}

// What epoll points to.
struct Socket {
    enum class Kind : std::uint8_t { listener, upstream, client } kind;
    int fd = -1;
    std::string begun;       // upstream: of a request; client: the end of what was read, where an event may be cut
    std::size_t events = 0;  // upstream: pieces that were sent; client: stamps that were seen
    bool answered = false;   // client: the answer began as it should
};

class Load {
public:
    explicit Load(Settings settings);
    void run();
    [[nodiscard]] int report();

private:
    void watch(Socket& socket);
    void open_client(Socket& socket);
    void accept_all();
    void read_request(Socket& socket);
    void send_piece(Socket& socket);
    void read_events(Socket& socket);
    void over(Socket& socket, const char* trouble);
    void keep_time(std::uint64_t now);
    [[nodiscard]] std::uint64_t turn_at(std::uint64_t turn) const {
        return start_ns_ + turn * second_ns / (settings_.rate * settings_.streams);
    }

    Settings settings_;
    std::string request_;
    mock::Pieces pieces_;              // of the answer; the same for all
    std::vector<std::size_t> stamps_;  // where in each its time goes; 0: nowhere
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    Socket listener_{Socket::Kind::listener, -1, {}, 0, false};
    std::vector<std::unique_ptr<Socket>> clients_, connections_;
    std::vector<Socket*> slots_;  // whose turn it is, one behind the other
    std::size_t slots_used_ = 0, opened_ = 0, open_ = 0, broken_ = 0;
    std::uint64_t start_ns_ = 0, from_ns_ = 0, to_ns_ = 0, turn_ = 0;
    int border_ = 0;  // of begin and end, how many were printed
    double cpu_begin_ = 0, cpu_end_ = 0;
    std::vector<std::uint32_t> delays_ns_, late_turns_ns_;
    std::vector<char> buffer_ = std::vector<char>(1 << 17);
};

Load::Load(Settings settings) : settings_(std::move(settings)), slots_(settings_.streams) {
    request_ = "POST " + settings_.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(settings_.port) +
               "\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n" + settings_.headers +
               "Content-Length: " + std::to_string(settings_.body.size()) + "\r\n\r\n" + settings_.body;
    mock::Options options;
    options.delta_count =
        settings_.rate * (settings_.seconds + 1) + settings_.rate * (settings_.ramp_ms + settings_.settle_ms) / 1000;
    mock::Route route;
    mock::Request request;
    request.stream = true;
    if (const auto unknown = mock::read_options(settings_.options, options);
        unknown || !mock::route_of(settings_.path, route)) {
        std::fprintf(stderr, "load_streams: %s\n", unknown ? unknown->c_str() : "no such path");
        std::exit(2);
    }
    pieces_ = mock::plan_answer(route, options, request).pieces;
    for (const std::string& piece : pieces_) {
        const std::size_t member = piece.find(mock::stamp_member);
        stamps_.push_back(member == std::string::npos ? 0 : member + mock::stamp_member.size());
    }
    listener_.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(settings_.upstream_port);
    if (bind(listener_.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_.fd, 4096) != 0)
        fail("listen");
    watch(listener_);
    const std::size_t count = settings_.streams * settings_.rate * (settings_.seconds + 1);
    delays_ns_.reserve(count);
    late_turns_ns_.reserve(count);
}

void Load::watch(Socket& socket) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;  // every read takes all there is
    event.data.ptr = &socket;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd, &event) != 0) fail("epoll_ctl");
}

void Load::open_client(Socket& socket) {
    ++open_;
    socket.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(settings_.port);
    const int on = 1;
    // The kernel answers for whoever listens: neither call waits for another program.
    if (connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
    setsockopt(socket.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (send(socket.fd, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
        fail("send");
    watch(socket);
}

void Load::over(Socket& socket, const char* trouble) {
    if (trouble != nullptr && broken_++ == 0) std::fprintf(stderr, "load_streams: a stream broke: %s\n", trouble);
    close(std::exchange(socket.fd, -1));
    if (socket.kind == Socket::Kind::client) --open_;
}

void Load::accept_all() {
    for (;;) {
        const int fd = accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections_.push_back(std::make_unique<Socket>(Socket{Socket::Kind::upstream, fd, {}, 0, false}));
        watch(*connections_.back());
    }
}

// Whoever asks, whatever they ask, gets the answer; the proxy may ask again on the same connection.
void Load::read_request(Socket& socket) {
    const ssize_t size = recv(socket.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
        std::replace(slots_.begin(), slots_.end(), &socket, static_cast<Socket*>(nullptr));
        return over(socket, nullptr);
    }
    socket.begun.append(buffer_.data(), static_cast<std::size_t>(size));
    const std::size_t head = socket.begun.find("\r\n\r\n");
    if (head == std::string::npos) return;
    const char* const length = strcasestr(socket.begun.c_str(), "\r\ncontent-length:");
    const std::size_t body = length == nullptr ? 0 : std::strtoull(length + 17, nullptr, 10);
    if (socket.begun.size() < head + 4 + body) return;
    socket.begun.clear();
    socket.events = 0;
    send_piece(socket);  // the head; the events have their turns
    while (slots_[slots_used_ % slots_.size()] != nullptr) ++slots_used_;
    slots_[slots_used_++ % slots_.size()] = &socket;
}

void Load::send_piece(Socket& socket) {
    std::string& piece = pieces_[socket.events];
    if (const std::size_t stamp = stamps_[socket.events]; stamp != 0) {
        std::uint64_t now = mock::stamp_zero + now_ns();
        for (std::size_t digit = stamp + mock::stamp_digits; digit-- > stamp; now /= 10)
            piece[digit] = static_cast<char>('0' + now % 10);
    }
    ++socket.events;
    if (send(socket.fd, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL) !=
        static_cast<ssize_t>(piece.size())) {
        fail("the proxy does not read");
    }
}

void Load::read_events(Socket& socket) {
    std::memcpy(buffer_.data(), socket.begun.data(), socket.begun.size());
    iovec piece{buffer_.data() + socket.begun.size(), buffer_.size() - socket.begun.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(socket.fd, &message, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return over(socket, "closed early");
    timespec came{};  // the last of these bytes
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr && header->cmsg_type == SCM_TIMESTAMPNS)
        std::memcpy(&came, CMSG_DATA(header), sizeof came);
    const std::uint64_t now = came.tv_sec != 0 ? nanoseconds(came) : now_ns();
    std::string_view rest(buffer_.data(), socket.begun.size() + static_cast<std::size_t>(size));
    if (!std::exchange(socket.answered, true) && !rest.starts_with("HTTP/1.1 200")) return over(socket, "refused");
    constexpr std::size_t stamp_bytes = mock::stamp_member.size() + mock::stamp_digits;
    for (std::size_t at = rest.find(mock::stamp_member);
         at != std::string_view::npos && at + stamp_bytes <= rest.size(); at = rest.find(mock::stamp_member)) {
        ++socket.events;
        std::uint64_t sent = 0;
        for (const char digit : rest.substr(at + mock::stamp_member.size(), mock::stamp_digits))
            sent = sent * 10 + static_cast<std::uint64_t>(digit - '0');
        sent -= mock::stamp_zero;
        rest.remove_prefix(at + stamp_bytes);
        if (sent < from_ns_ || sent >= to_ns_ || delays_ns_.size() == delays_ns_.capacity()) continue;
        delays_ns_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(now - sent, UINT32_MAX)));
    }
    constexpr std::size_t kept_max =
        std::max<std::size_t>(stamp_bytes, 64);  // long enough for [DONE] and the last chunk
    if (rest.ends_with("0\r\n\r\n"))
        return over(socket, rest.find("[DONE]") == std::string_view::npos ? "no [DONE]" : nullptr);
    socket.begun = rest.substr(rest.size() - std::min(rest.size(), kept_max));
}

// Everything that is due.
void Load::keep_time(std::uint64_t now) {
    for (; turn_at(turn_) <= now; ++turn_) {
        Socket*& socket = slots_[turn_ % slots_.size()];
        if (socket == nullptr) continue;
        if (now >= from_ns_ && now < to_ns_ && late_turns_ns_.size() < late_turns_ns_.capacity())
            late_turns_ns_.push_back(
                static_cast<std::uint32_t>(std::min<std::uint64_t>(now - turn_at(turn_), UINT32_MAX)));
        send_piece(*socket);
        if (socket->events == pieces_.size()) socket = nullptr;
    }
    while (opened_ < settings_.streams &&
           start_ns_ + opened_ * settings_.ramp_ms * millisecond_ns / settings_.streams <= now)
        open_client(*clients_[opened_++]);
    while (border_ < 2 && now >= (border_ == 0 ? from_ns_ : to_ns_)) {
        (border_ == 0 ? cpu_begin_ : cpu_end_) = cpu_s();
        std::puts(border_++ == 0 ? "begin" : "end");
        std::fflush(stdout);
    }
}

void Load::run() {
    for (std::size_t index = 0; index < settings_.streams; ++index)
        clients_.push_back(std::make_unique<Socket>(Socket{Socket::Kind::client, -1, {}, 0, false}));
    start_ns_ = now_ns();
    from_ns_ = start_ns_ + (settings_.ramp_ms + settings_.settle_ms) * millisecond_ns;
    to_ns_ = from_ns_ + settings_.seconds * second_ns;
    std::array<epoll_event, ready_max> ready{};
    while (opened_ < settings_.streams || open_ > 0) {
        const std::uint64_t wake = std::max(turn_at(turn_), now_ns() + turn_ns / 4) / turn_ns * turn_ns + turn_ns;
        const timespec time{static_cast<time_t>(wake / second_ns), static_cast<long>(wake % second_ns)};
        clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, nullptr);
        keep_time(now_ns());
        const int count = epoll_wait(epoll_, ready.data(), ready_max, 0);
        for (int index = 0; index < count; ++index) {
            Socket& socket = *static_cast<Socket*>(ready[static_cast<std::size_t>(index)].data.ptr);
            switch (socket.kind) {
            case Socket::Kind::listener: accept_all(); break;
            case Socket::Kind::upstream: read_request(socket); break;
            case Socket::Kind::client: read_events(socket); break;
            }
        }
    }
}

int Load::report() {
    const auto at = [](std::vector<std::uint32_t>& sorted, double part) {
        if (sorted.empty()) return 0.0;
        const auto index = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
        return sorted[std::min(index, sorted.size() - 1)] / 1000.0;
    };
    std::sort(delays_ns_.begin(), delays_ns_.end());
    std::sort(late_turns_ns_.begin(), late_turns_ns_.end());
    // Everybody was asked the same and must have been told the same.
    const auto [fewest, most] = std::minmax_element(clients_.begin(), clients_.end(),
                                                    [](const auto& a, const auto& b) { return a->events < b->events; });
    const auto late = delays_ns_.end() - std::lower_bound(delays_ns_.begin(), delays_ns_.end(), late_ns);
    std::printf(
        "{\"streams\":%zu,\"broken\":%zu,\"events\":%zu,\"events_per_stream\":[%zu,%zu],\"late\":%td,"
        "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
        "\"turn_late_p99_us\":%.1f,\"generator_core\":%.3f}\n",
        clients_.size(), broken_, delays_ns_.size(), (*fewest)->events, (*most)->events, late, at(delays_ns_, 0.5),
        at(delays_ns_, 0.99), at(delays_ns_, 0.999), at(delays_ns_, 1.0), at(late_turns_ns_, 0.99),
        (cpu_end_ - cpu_begin_) / static_cast<double>(settings_.seconds));
    return broken_ == 0 ? 0 : 1;
}

bool read_settings(int argc, char** argv, Settings& settings) {
    for (int index = 1; index + 1 < argc; index += 2) {
        const std::string_view name = argv[index];
        const char* value = argv[index + 1];
        const auto count = [&] { return std::strtoull(value, nullptr, 10); };
        if (name == "--upstream-port")
            settings.upstream_port = static_cast<std::uint16_t>(count());
        else if (name == "--port")
            settings.port = static_cast<std::uint16_t>(count());
        else if (name == "--path")
            settings.path = value;
        else if (name == "--header")
            settings.headers.append(value).append("\r\n");
        else if (name == "--body")
            settings.body = value;
        else if (name == "--options")
            settings.options = value;
        else if (name == "--streams")
            settings.streams = count();
        else if (name == "--rate")
            settings.rate = count();
        else if (name == "--ramp-ms")
            settings.ramp_ms = count();
        else if (name == "--settle-ms")
            settings.settle_ms = count();
        else if (name == "--seconds")
            settings.seconds = count();
        else
            return false;
    }
    return argc % 2 == 1 && settings.port > 0 && settings.upstream_port > 0 && settings.streams > 0 &&
           settings.rate > 0;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    if (!read_settings(argc, argv, settings)) {
        std::fprintf(
            stderr,
            "usage: load_streams --upstream-port N --port N [--path P] [--header 'Name: value']... [--body JSON]\n"
            "                    [--options WORDS] [--streams N] [--rate N] [--ramp-ms N] [--settle-ms N] "
            "[--seconds N]\n");
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a server that left is an error code
    Load load(std::move(settings));
    load.run();
    return load.report();
}
