// Against another TLS: the openssl command as a client and as a server, over a loopback socket.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "tls/pipes.h"

namespace gw {

namespace {

constexpr int timeout_ms = 10000;

class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        reset();
        fd_ = std::exchange(other.fd_, -1);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void reset() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

// What can be read within the time, empty at the end of the stream and when nothing came.
std::string read_some(const Descriptor& fd) {
    pollfd entry{fd.get(), POLLIN, 0};
    if (poll(&entry, 1, timeout_ms) != 1) return {};
    char bytes[16384];
    const ssize_t got = ::read(fd.get(), bytes, sizeof bytes);
    return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : std::string();
}

void write_all(const Descriptor& fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t done = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (done <= 0) return;  // the other side is gone: the caller sees that when it reads
        text.remove_prefix(static_cast<std::size_t>(done));
    }
}

// An openssl command with its input and output in our hands; ended with the object.
class Command {
public:
    explicit Command(std::vector<std::string> arguments) {
        int in[2];
        int out[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) == 0);
        REQUIRE(pipe2(out, O_CLOEXEC) == 0);
        input_ = Descriptor(in[0]);
        output_ = Descriptor(out[0]);
        const Descriptor child_in(in[1]);
        const Descriptor child_out(out[1]);
        std::vector<char*> pointers;
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        pid_ = fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            dup2(child_in.get(), 0);
            dup2(child_out.get(), 1);
            dup2(child_out.get(), 2);
            execvp(pointers[0], pointers.data());
            _exit(127);
        }
    }
    ~Command() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    void say(std::string_view text) { write_all(input_, text); }
    // Reads until the output holds `text`; what was read so far is kept.
    bool wait_for(std::string_view text) {
        while (said_.find(text) == std::string::npos) {
            const std::string more = read_some(output_);
            if (more.empty()) return false;
            said_ += more;
        }
        return true;
    }
    [[nodiscard]] const std::string& said() const { return said_; }

private:
    pid_t pid_ = -1;
    Descriptor input_;
    Descriptor output_;
    std::string said_;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

// One pipe on one socket.
struct Connection {
    test::End end;
    Descriptor socket;

    // Sends what there is, reads once; false at the end of the stream.
    bool turn() {
        send();
        const std::string got = read_some(socket);
        if (got.empty()) return false;
        end.feed(got);
        send();
        return true;
    }
    void send() {
        write_all(socket, end.out.text());
        end.out.clear();
    }
    bool shake_hands() {
        end.start();
        while (!end.pipe.established() && !end.failed) {
            if (!turn()) break;
        }
        return end.pipe.established();
    }
    bool wait_for(std::string_view text) {
        while (end.plain.text().find(text) == std::string_view::npos) {
            if (end.failed || end.pipe.peer_closed() || !turn()) return false;
        }
        return true;
    }
};

// A socket that listens on a free port of the loopback interface.
struct Listener {
    Descriptor socket;
    std::uint16_t port = 0;

    Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = loopback(0);
        REQUIRE(bind(socket.get(), generic(address), sizeof address) == 0);
        REQUIRE(listen(socket.get(), 1) == 0);
        socklen_t size = sizeof address;
        REQUIRE(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = ntohs(address.sin_port);
    }
    Descriptor accept() const {
        pollfd entry{socket.get(), POLLIN, 0};
        REQUIRE(poll(&entry, 1, timeout_ms) == 1);
        return Descriptor(::accept(socket.get(), nullptr, nullptr));
    }
};

std::string long_line(std::size_t size) {
    std::string text;
    while (text.size() < size) text += static_cast<char>('a' + text.size() % 26);
    return text + '\n';
}

}  // namespace

TEST_CASE("tls: openssl s_client talks to our server") {
    NEED_CERTIFICATES(certificates);
    const auto context =
        test::make_server({certificates.server, certificates.ca, tls::ClientCertificates::optional, {"http/1.1"}});

    const Listener listener;
    const auto file = [&](const char* name) { return (certificates.folder / name).string(); };
    Command command({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(listener.port), "-servername",
                     "gateway.test", "-verify_hostname", "gateway.test", "-verify_return_error", "-CAfile",
                     file("ca.pem"), "-cert", file("client.pem"), "-key", file("client.key"), "-alpn", "http/1.1"});
    Connection connection{test::End(*context, {}), listener.accept()};
    const bool established = connection.shake_hands();
    INFO("our failure: " << connection.end.pipe.failure());
    REQUIRE(established);
    CHECK(connection.end.pipe.alpn() == "http/1.1");
    CHECK(connection.end.pipe.peer_fingerprint());
    const bool is_tls_1_2 = connection.end.pipe.version() == "TLSv1.2";  // 1.3 knows no renegotiation

    command.say("hello from openssl\n");
    CHECK(connection.wait_for("hello from openssl\n"));
    const std::string line = long_line(50000);
    connection.end.write(line);
    connection.end.pipe.close(connection.end.out);
    connection.send();
    const bool heard = command.wait_for(line);
    CHECK(heard);
    CHECK(command.wait_for("closed"));
    CHECK(command.said().find("Verify return code: 0 (ok)") != std::string::npos);
    CHECK((command.said().find("Secure Renegotiation IS supported") != std::string::npos) == is_tls_1_2);
}

TEST_CASE("tls: renegotiation is refused") {
    NEED_CERTIFICATES(certificates);
    const auto context = test::make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const Listener listener;
    Command command({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(listener.port), "-tls1_2"});
    Connection connection{test::End(*context, {}), listener.accept()};
    REQUIRE(connection.shake_hands());
    command.say("R\n");  // asks s_client to begin one
    REQUIRE(connection.turn());
    CHECK(command.wait_for("no renegotiation"));
    CHECK(connection.end.plain.empty());
}

TEST_CASE("tls: our client talks to openssl s_server, and resumes") {
    NEED_CERTIFICATES(certificates);
    const auto context = test::make_client({certificates.ca, certificates.client, {"x", "http/1.1"}});
    const auto file = [&](const char* name) { return (certificates.folder / name).string(); };
    Command command({"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", file("server.pem"), "-key",
                     file("server.key"), "-alpn", "http/1.1", "-rev", "-naccept", "3"});
    REQUIRE(command.wait_for("ACCEPT 127.0.0.1:"));
    REQUIRE(command.wait_for("\n"));
    const std::size_t at = command.said().find("ACCEPT 127.0.0.1:") + 17;
    const sockaddr_in address = loopback(static_cast<std::uint16_t>(std::stoi(command.said().substr(at))));

    for (int round = 0; round < 3; ++round) {
        INFO("round " << round);
        // The last one by address, which is in the certificate too.
        const std::string_view name = round < 2 ? "gateway.test" : "127.0.0.1";
        Connection connection{test::End(*context, name), Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
        REQUIRE(connect(connection.socket.get(), generic(address), sizeof address) == 0);
        const bool established = connection.shake_hands();
        INFO("our failure: " << connection.end.pipe.failure());
        REQUIRE(established);
        CHECK(connection.end.pipe.alpn() == "http/1.1");
        CHECK(connection.end.pipe.resumed() == (round == 1));
        connection.end.write("desserts\n");
        CHECK(connection.wait_for("stressed\n"));
        connection.end.pipe.close(connection.end.out);
        connection.send();
    }
}

TEST_CASE("tls: openssl s_client that speaks only old TLS is refused with a reason") {
    NEED_CERTIFICATES(certificates);
    const auto context = test::make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    struct Case {
        std::string_view name;
        std::vector<std::string> options;
        std::string_view failure;
    };
    const Case cases[] = {
        {"no cipher suite with forward secrecy",
         {"-tls1_2", "-cipher", "AES128-GCM-SHA256"},
         "no cipher suite, curve or signature in common"},
        {"no AEAD",
         {"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"},
         "no cipher suite, curve or signature in common"},
        {"TLS 1.1", {"-tls1_1", "-cipher", "ALL@SECLEVEL=0"}, "no TLS version in common"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Listener listener;
        std::vector<std::string> arguments{"openssl", "s_client", "-connect",
                                           "127.0.0.1:" + std::to_string(listener.port)};
        arguments.insert(arguments.end(), c.options.begin(), c.options.end());
        Command command(arguments);
        Connection connection{test::End(*context, {}), listener.accept()};
        CHECK_FALSE(connection.shake_hands());
        CHECK(connection.end.pipe.failure() == c.failure);
        connection.send();
        CHECK(command.wait_for("alert"));
    }
}

}  // namespace gw
