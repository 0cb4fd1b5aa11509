// HTTP/1.1 as a codec: RFC 9110 (semantics) and RFC 9112 (framing), on llhttp, strict.
//
//     bytes -- feed() --> [ llhttp | head | limits ] -- next() --> Head, Body, Body, Trailers, End, Head, ...
//     send_head(), send_body(), send_end() --> bytes in `out`
//
// Both classes hold the two directions of one connection, because each decides about the other: a HEAD request has no
// body in its answer, a broken request must not be followed by another one, `Connection: close` ends both.
//
// feed() borrows the piece until next() has answered nothing: body events point into it. Events of one piece may be
// taken later than the piece came (back-pressure); the caller keeps the piece meanwhile.
//
// Each head is followed by exactly one `end`, unless next() fails or the connection closes before. std::bad_alloc may
// come out of feed(), next() and the send functions; the only thing left then is to destroy the object.
//
// A connection with nothing open holds one object of less than 1 KiB and no block of the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"

namespace gw::http1 {

struct Header {
    std::string_view name;   // as sent; compare ignoring case
    std::string_view value;  // without white space at both ends
};

// The fields of one head or trailer. Views stay valid until the next() that follows the one that gave `end`.
class Headers {
public:
    explicit Headers(std::span<const Header> fields = {}) noexcept : fields_(fields) {}
    [[nodiscard]] std::span<const Header> all() const noexcept { return fields_; }
    // The first field of that name; nothing when there is none.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
    // The only field of that name: nothing when it is missing or comes more than once.
    [[nodiscard]] std::optional<std::string_view> get_single(std::string_view name) const noexcept;
    // True when the field, in any of its lines, is a list with that token.
    [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept;

private:
    std::span<const Header> fields_;
};

// What came out of next(). `headers` and `body` are views, see above.
enum class EventKind : std::uint8_t {
    head,      // start line and fields are complete
    body,      // a piece of the content, transfer coding removed; never empty
    trailers,  // fields after a chunked body, only when there are any
    end,       // the message is complete
    upgrade,   // (client) after the head of a 101, or (server) after accept_upgrade(): the rest of the stream is not
               // HTTP, see take_rest(); nothing but this comes behind a 101, not even `end`
};

struct RequestHead {
    std::string_view method;  // upper case as sent, only methods that llhttp knows
    std::string_view target;  // request-target as sent: origin form, absolute form, authority form or *
    std::uint8_t minor = 1;   // HTTP/1.minor
    Headers headers;
    std::optional<std::uint64_t> content_length;  // nothing: chunked, or no body
    bool chunked = false;
    bool upgrade = false;  // has `Connection: upgrade` and `Upgrade`; the caller may answer 101
};

struct ResponseHead {
    int status = 0;
    std::string_view reason;
    std::uint8_t minor = 1;
    Headers headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
};

// Where the content of a message that we send ends.
enum class Framing : std::uint8_t {
    none,     // no content: 204, 304, a request without body
    length,   // Content-Length, told in advance
    chunked,  // as long as it takes; to an HTTP/1.0 client: until the connection closes
};

struct Limits {
    std::size_t request_line_bytes_max = 8 * 1024;  // 414 above
    std::size_t header_bytes_max = 32 * 1024;       // all fields of one head or trailer together, 431 above
    std::size_t header_count_max = 128;             // 431 above
    std::uint64_t body_bytes_max = 20971520;        // 413 above; may be lowered per request with set_body_bytes_max()
};

// One HTTP/1 connection from a client. A protocol error makes next() fail, from there on always; error_status() then
// says which status answers it, and with the end of that answer should_close() becomes true.
//
// A request whose answer ends first: what is left of its body is read and dropped by next(), up to 64 KiB, then its
// `end` comes and the next request. When more than that is announced, or the client waits for 100 (Continue), the
// answer says `Connection: close`; when chunks turn out to be more, should_close() becomes true. Either way no further
// event comes.
class Server {
public:
    struct Event {
        EventKind kind;
        const RequestHead* head = nullptr;  // kind head; valid as long as its fields
        std::span<const std::byte> body;    // kind body
        Headers trailers;                   // kind trailers
    };

    Server(const Limits& limits, BlockPool* pool, std::pmr::memory_resource* memory);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Takes the next bytes of the connection; the last piece must have been used up (next() gave nothing). Bytes behind
    // a request that waits for its answer are copied when next() gives nothing. Of what a client sends ahead about 64
    // KiB are kept; when the caller feeds more although wants_input() is false, the connection closes with that answer.
    void feed(std::span<const std::byte> piece);
    // True when the next event needs more bytes; false while a request waits for its answer: stop reading the socket.
    [[nodiscard]] bool wants_input() const noexcept;
    // The peer sends no more (FIN). Fails with GW_ERR_TRUNCATED in the middle of a request. Whole requests are still
    // given out and answered; should_close() follows.
    [[nodiscard]] Result<void> finish();
    // The next event; nothing when more bytes are needed, or while the previous request waits for its answer
    // (pipelining: requests are handed out one at a time, in order).
    [[nodiscard]] Result<std::optional<Event>> next();
    // 400, 413, 414, 417, 431, 501 or 505 after next() failed, else 0. Also 0 when the failed request has its answer,
    // or a part of it, already: abort_response() if that is open, then close.
    [[nodiscard]] int error_status() const noexcept;
    // Lowers (or raises) the limit for the body of the request whose head was just taken. An announced length above it
    // makes the next next() fail, before any of the body is waited for.
    void set_body_bytes_max(std::uint64_t bytes) noexcept;
    // True from the first byte of a head until its end: the time-out for heads (408) applies.
    [[nodiscard]] bool in_head() const noexcept;
    // True when nothing is open: no request half read, none unanswered.
    [[nodiscard]] bool idle() const noexcept;
    // True when the request has `Expect: 100-continue` and neither its body nor our answer has begun.
    [[nodiscard]] bool expects_continue() const noexcept;
    void send_continue(Buffer& out);

    // True when send_head() is allowed: no answer to the same request or failure has begun, and none was the last.
    [[nodiscard]] bool may_answer() const noexcept;
    // Begins the answer to the request whose head was taken, to a failure, or, when no request is open, one that closes
    // the connection (408). Writes the status line, `Date` (from `unix_ms`), `Connection` and framing fields, and
    // `fields`; a Content-Length, Transfer-Encoding, Connection, Date or Trailer among `fields` is a caller's mistake
    // (assert) and skipped. So is, without assert, a field whose name is no token or whose value has a control
    // character: it could split the response. With an Upgrade among `fields`, Connection names it. For HEAD, 204 and
    // 304 the content is left out. `unix_ms` 0 means no clock and no Date. Framing::none writes `Content-Length: 0`
    // where the end of the message would not be clear otherwise.
    void send_head(Buffer& out, int status, std::span<const Header> fields, Framing framing, std::uint64_t length,
                   std::uint64_t unix_ms);
    // Writes more content, in one chunk when chunked; empty data writes nothing. More than the announced length is a
    // caller's mistake (assert) and cut off.
    void send_body(Buffer& out, std::span<const std::byte> data);
    // How many bytes send_body() may still take; UINT64_MAX when there is no announced length.
    [[nodiscard]] std::uint64_t body_room() const noexcept;
    // Ends the answer. With less content than announced the connection must close. Trailers go out with chunked framing
    // only, without those that RFC 9110 6.5.1 forbids there.
    void send_end(Buffer& out, std::span<const Header> trailers = {});
    // The answer ends here though its framing does not: the connection must close (should_close()).
    void abort_response() noexcept;
    // A response head was sent and send_end() was not called yet.
    [[nodiscard]] bool response_open() const noexcept;
    // Makes the next send_head() write `Connection: close` (drain, limits). When an answer is open already the
    // connection closes with its end; when nothing is open should_close() is true at once.
    void close_after_response() noexcept;
    // The connection must be closed once what was written is out.
    [[nodiscard]] bool should_close() const noexcept;
    // The client has sent, or may still be sending, bytes nobody will read: close with a lingering half-close.
    [[nodiscard]] bool should_linger() const noexcept;

    // True when accept_upgrade() is allowed.
    [[nodiscard]] bool may_upgrade() const noexcept;
    // Answers an upgrade request, which must have been read to its end, with 101 and `fields` (which hold Upgrade and
    // Connection). After this the bytes behind the request are not HTTP; take_rest() gives those already fed.
    void accept_upgrade(Buffer& out, std::span<const Header> fields, std::uint64_t unix_ms);
    // The bytes that were fed and not used, valid until the next call or as long as their piece.
    [[nodiscard]] std::span<const std::byte> take_rest() noexcept;

private:
    struct State;
    struct Deleter {
        void operator()(State* state) const noexcept;
    };
    std::unique_ptr<State, Deleter> state_;
};

// One HTTP/1 connection to a server. One request at a time. Limits make next() fail with GW_ERR_LIMIT.
class Client {
public:
    struct Event {
        EventKind kind;
        const ResponseHead* head = nullptr;
        std::span<const std::byte> body;
        Headers trailers;
    };

    Client(const Limits& limits, BlockPool* pool, std::pmr::memory_resource* memory);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // True when send_head() is allowed: the last request was sent, its response was taken, and next() has not failed.
    [[nodiscard]] bool may_send() const noexcept;
    // Begins a request; `fields` must hold Host. Same rules as Server::send_head. A method or target that is not valid
    // is not written: next() fails with GW_ERR_ARGUMENT.
    void send_head(Buffer& out, std::string_view method, std::string_view target, std::span<const Header> fields,
                   Framing framing, std::uint64_t length);
    void send_body(Buffer& out, std::span<const std::byte> data);
    [[nodiscard]] std::uint64_t body_room() const noexcept;
    void send_end(Buffer& out, std::span<const Header> trailers = {});
    // A request head was sent and send_end() was not called yet.
    [[nodiscard]] bool request_open() const noexcept;

    void feed(std::span<const std::byte> piece);
    // The server sends no more. Ends a body that lasts until the close; GW_ERR_TRUNCATED in the middle of anything
    // else.
    [[nodiscard]] Result<void> finish();
    // Interim answers (1xx but 101) are skipped, up to 32 of them. A response nobody asked for is GW_ERR_PROTOCOL.
    [[nodiscard]] Result<std::optional<Event>> next();
    // The exchange is over and the connection can carry another one. Never again after a response that ended before our
    // request did: the rest of that would be read as the begin of the next.
    [[nodiscard]] bool reusable() const noexcept;
    [[nodiscard]] std::span<const std::byte> take_rest() noexcept;

private:
    struct State;
    struct Deleter {
        void operator()(State* state) const noexcept;
    };
    std::unique_ptr<State, Deleter> state_;
};

// The reason phrase of RFC 9110 15 for a status; "" for one that has none.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

// A value for the Date field: IMF-fixdate of RFC 9110 5.6.7, 29 bytes.
struct DateText {
    char text[29];
    [[nodiscard]] std::string_view view() const noexcept { return {text, sizeof text}; }
};
[[nodiscard]] DateText format_date(std::uint64_t unix_ms) noexcept;

}  // namespace gw::http1
