// WebSocket, RFC 6455: the opening handshake of both sides and the frame codec on wslay.
//
//     bytes -- feed() --> [ frames | UTF-8 | limits ] -- next() --> Message, Ping, Pong, Close
//     send_message(), send_ping(), send_close() --> bytes in `out`
//
// Nothing here knows HTTP parsing or sockets: the handshake works on header values that http1 has read.
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
    std::string_view what;         // why not; static text
    std::array<char, 28> accept{};  // Sec-WebSocket-Accept, when status is 101
    std::string_view protocol;     // the chosen one of `supported`, empty for none
};
[[nodiscard]] UpgradeAnswer answer_upgrade(const UpgradeRequest& request, std::span<const std::string_view> supported);

// Client side: a key from 16 random bytes, and the check of the server's answer (4.1, steps 1 to 6).
[[nodiscard]] std::array<char, 24> make_key(std::span<const std::byte, 16> random) noexcept;
struct UpgradeResponse {
    int status = 0;
    std::optional<std::string_view> upgrade, connection, accept, protocol, extensions;
};
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

    // Takes the next bytes; borrowed until next() has given nothing.
    void feed(std::span<const std::byte> piece);
    // The next message or control frame. Fails with GW_ERR_PROTOCOL (1002), GW_ERR_DATA (1007, bad UTF-8, found in the
    // frame where it is) or GW_ERR_LIMIT (1009); close_code() says which code answers it, and nothing is read after.
    // A ping must be answered by the caller with send_pong (so that a flood can be limited), a close with send_close.
    [[nodiscard]] Result<std::optional<Event>> next();
    [[nodiscard]] std::uint16_t close_code() const noexcept;
    void set_message_bytes_max(std::size_t bytes) noexcept;  // from the next message on

    void send_text(Buffer& out, std::string_view text) { send(out, EventKind::text, as_bytes(text)); }
    void send(Buffer& out, EventKind kind, std::span<const std::byte> data);  // text, binary, ping, pong
    // A message in pieces: the first call gives its kind, `last` ends it.
    void send_fragment(Buffer& out, EventKind kind, std::span<const std::byte> data, bool last);
    // Sends a close frame once; the reason is cut to 123 bytes between characters. Nothing can be sent after.
    void send_close(Buffer& out, std::uint16_t code, std::string_view reason);
    [[nodiscard]] bool close_sent() const noexcept;
    [[nodiscard]] bool close_received() const noexcept;
    // Bytes of an unfinished message held inside.
    [[nodiscard]] std::size_t held() const noexcept;

private:
    struct State;
    struct Deleter { void operator()(State* state) const noexcept; };
    std::unique_ptr<State, Deleter> state_;
};

// Codes that an endpoint may put on the wire: 1000-1003, 1007-1014, 3000-4999 (RFC 6455 7.4).
[[nodiscard]] bool is_sendable_close_code(std::uint16_t code) noexcept;
// A close reason cut to 123 bytes without breaking a character.
[[nodiscard]] std::string_view cut_close_reason(std::string_view reason) noexcept;

// A frame that the server sends unmasked to many: encode once, append to every receiver's output.
void encode_server_text(Buffer& out, std::string_view text);

}  // namespace gw::ws
