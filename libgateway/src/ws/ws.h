// WebSocket, RFC 6455: the opening handshake of both sides and the frame codec on wslay.
//
//     bytes -- feed() --> [ frames | UTF-8 | limits ] -- next() --> text, binary, ping, pong, close
//     send(), send_fragment(), send_close() --> bytes in `out`
//
// Nothing here knows HTTP parsing or sockets: the handshake works on header values that http1 has read. wslay reads and
// writes the heads of frames (frame_head.h); payloads go from the piece to the message and nowhere else in between. No
// extension is spoken. A codec between two messages holds no buffer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"

namespace gw::ws {

enum class Role : std::uint8_t { server, client };

// --- opening handshake -------------------------------------------------------------------------------------------

// The fields of an upgrade request that matter; nothing where a field is missing, or comes more than once where the RFC
// wants one. Lists (upgrade, connection, protocols) are the comma-joined value of all their lines.
struct UpgradeRequest {
    std::string_view method;
    int minor = 1;  // of HTTP/1.minor
    std::optional<std::string_view> host, upgrade, connection, key, version, protocols;
};

// How to answer (RFC 6455 4.2): 101, or the status that refuses (400, 405, 426) with a sentence for the body. 426
// goes with `Sec-WebSocket-Version: 13` and `Upgrade: websocket`, 405 with `Allow: GET`.
struct UpgradeAnswer {
    int status = 400;
    std::string_view what;          // why not; static text
    std::array<char, 28> accept{};  // Sec-WebSocket-Accept, when status is 101
    std::string_view protocol;      // the chosen one of `supported`, empty for none
};
// The client's list of protocols is in the order of its preference; the first that is supported is chosen.
[[nodiscard]] UpgradeAnswer answer_upgrade(const UpgradeRequest& request, std::span<const std::string_view> supported);

// The Sec-WebSocket-Accept for a Sec-WebSocket-Key; nothing when the key is not 16 bytes in base64.
[[nodiscard]] std::optional<std::array<char, 28>> accept_key(std::string_view key) noexcept;

// Client side: a key from 16 random bytes, and the check of the server's answer (4.1, steps 1 to 6).
[[nodiscard]] std::array<char, 24> make_key(std::span<const std::byte, 16> random) noexcept;
struct UpgradeResponse {
    int status = 0;
    std::optional<std::string_view> upgrade, connection, accept, protocol, extensions;
};
// GW_ERR_UPSTREAM when the server answered with another status than 101, GW_ERR_PROTOCOL when its 101 is wrong.
[[nodiscard]] Result<void> check_upgrade(const UpgradeResponse& response, std::string_view key,
                                         std::span<const std::string_view> offered);

// --- frames ------------------------------------------------------------------------------------------------------

struct Limits {
    std::size_t message_bytes_max = 104857600;  // close 1009 above; announced lengths are checked before any byte comes
};

enum class EventKind : std::uint8_t { text, binary, ping, pong, close };

struct Event {
    EventKind kind;
    std::span<const std::byte> data;  // whole message or control payload; valid until the next call
    std::uint16_t code = 0;           // kind close: 1005 when the peer gave none
};

class Codec {
public:
    // `random` fills masking keys (client role) and may be null for servers.
    Codec(Role role, const Limits& limits, BlockPool* pool, std::pmr::memory_resource* memory,
          bool (*random)(void* user, void* out, std::size_t size) = nullptr, void* random_user = nullptr);
    ~Codec();
    Codec(const Codec&) = delete;
    Codec& operator=(const Codec&) = delete;

    // Takes the next bytes, when next() has given nothing or failed; borrowed until it does so again. Bytes behind a
    // close frame or a failure are ignored.
    void feed(std::span<const std::byte> piece);
    // The next message or control frame. Fails with GW_ERR_PROTOCOL (1002), GW_ERR_DATA (1007, bad UTF-8, found in the
    // frame where it is) or GW_ERR_LIMIT (1009); close_code() says which code answers it, and nothing is read after:
    // it fails again and again.
    // A ping must be answered by the caller with a pong (so that a flood can be limited), a close with send_close.
    [[nodiscard]] Result<std::optional<Event>> next();
    // The bytes of the piece that next() has not looked at yet, which it forgets: to be fed again later.
    [[nodiscard]] std::span<const std::byte> take_rest() noexcept;
    // 1002, 1007 or 1009 when next() has failed, else 0.
    [[nodiscard]] std::uint16_t close_code() const noexcept;
    void set_message_bytes_max(std::size_t bytes) noexcept;  // from the next message on

    // These tell whether anything was written: nothing is once a close was sent, or when the random source failed
    // (client role), or, which is the caller's mistake, for a control frame above 125 bytes and for a message while
    // another one is open in fragments. Text must be UTF-8: the other side closes otherwise.
    bool send_text(Buffer& out, std::string_view text) { return send(out, EventKind::text, as_bytes(text)); }
    bool send(Buffer& out, EventKind kind, std::span<const std::byte> data);  // text, binary, ping, pong
    // A server's text message from two pieces, where the first is the same for many receivers.
    bool send_text(Buffer& out, std::string_view head, std::string_view tail);
    // A message in pieces: the first call gives its kind, `last` ends it. Control frames may go in between.
    bool send_fragment(Buffer& out, EventKind kind, std::span<const std::byte> data, bool last);
    // Sends a close frame once; the reason is cut to 123 bytes between characters. Nothing can be sent after. The code
    // 1005 stands for a frame without one, as in the close that it answers; any other code that is not sendable is the
    // caller's mistake and becomes 1011.
    bool send_close(Buffer& out, std::uint16_t code, std::string_view reason);
    [[nodiscard]] bool close_sent() const noexcept;
    [[nodiscard]] bool close_received() const noexcept;
    // Bytes of an unfinished message held inside.
    [[nodiscard]] std::size_t held() const noexcept;

private:
    struct State;
    struct Deleter {
        void operator()(State* state) const noexcept;
    };
    std::unique_ptr<State, Deleter> state_;
};

// Codes that an endpoint may put on the wire: 1000-1003, 1007-1014, 3000-4999 (RFC 6455 7.4).
[[nodiscard]] bool is_sendable_close_code(std::uint16_t code) noexcept;
// A close reason cut to 123 bytes without breaking a character.
[[nodiscard]] std::string_view cut_close_reason(std::string_view reason) noexcept;

// A frame that the server sends unmasked to many: encode once, append to every receiver's output.
void encode_server_text(Buffer& out, std::string_view text);

}  // namespace gw::ws
