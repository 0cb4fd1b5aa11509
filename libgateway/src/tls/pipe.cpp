#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "crypto/compare.h"
#include "crypto/sha256.h"
#include "tls/address.h"
#include "tls/context.h"
#include "tls/failure.h"
#include "tls/mbedtls.h"
#include "tls/tls.h"

namespace gw::tls {

namespace {

constexpr std::size_t plaintext_bytes_max = 16384;  // of one record (RFC 8446 5.1)
constexpr int san_ip_address = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7;

bool has_address(const mbedtls_x509_crt& certificate, const Address& address) noexcept {
    const std::span<const std::byte> want = address.bytes();
    for (const mbedtls_x509_sequence* name = &certificate.subject_alt_names; name != nullptr; name = name->next) {
        if (name->buf.tag != san_ip_address || name->buf.len != want.size()) continue;
        if (std::memcmp(name->buf.p, want.data(), want.size()) == 0) return true;
    }
    return false;
}

struct Reason {
    std::string_view what;
    Alert alert;
};

// What a verification found, the most telling first: mbedTLS collects all it finds.
Reason describe_verification(std::uint32_t flags) noexcept {
    struct Row {
        std::uint32_t flags;
        Reason reason;
    };
    static constexpr Row rows[] = {
        {MBEDTLS_X509_BADCERT_MISSING, {"no certificate was shown", Alert::bad_certificate}},
        {MBEDTLS_X509_BADCERT_EXPIRED, {"certificate has expired", Alert::certificate_expired}},
        {MBEDTLS_X509_BADCERT_FUTURE, {"certificate is not valid yet", Alert::bad_certificate}},
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, {"certificate is signed by an unknown authority", Alert::unknown_ca}},
        {MBEDTLS_X509_BADCERT_CN_MISMATCH, {"certificate is for another name", Alert::bad_certificate}},
        {MBEDTLS_X509_BADCERT_REVOKED, {"certificate was revoked", Alert::bad_certificate}},
        {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
         {"certificate is not meant for this use", Alert::bad_certificate}},
        {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY,
         {"certificate is signed with a weak key or hash", Alert::bad_certificate}},
    };
    for (const Row& row : rows) {
        if ((flags & row.flags) != 0) return row.reason;
    }
    return {"certificate could not be verified", Alert::bad_certificate};
}

// A code's own sentence and alert, where an alert that mbedTLS sent does not say more.
Reason describe_code(int code) noexcept {
    switch (code) {
    case MBEDTLS_ERR_SSL_INVALID_RECORD: return {"what came is not a TLS record", Alert::unexpected_message};
    case MBEDTLS_ERR_SSL_INVALID_MAC: return {"a record could not be authenticated", Alert::bad_record_mac};
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE: return {"the client showed no certificate", Alert::handshake_failure};
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return {"the peer closed the connection during the handshake", Alert::handshake_failure};
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
        return {describe_sent(static_cast<std::uint8_t>(Alert::unexpected_message)), Alert::unexpected_message};
    case MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL: return {"a handshake message is too large", Alert::record_overflow};
    case MBEDTLS_ERR_SSL_COUNTER_WRAPPING: return {"the connection has sent too many records", Alert::internal_error};
    default: return {"the TLS handshake failed", Alert::handshake_failure};
    }
}

}  // namespace

struct Pipe::State {
    enum class Phase : std::uint8_t { handshake, open, failed };

    State(Context::State& shared, std::string_view name, std::pmr::memory_resource* pmr);
    ~State() { mbedtls_ssl_free(&ssl); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // What mbedTLS calls: the socket's two directions, and a look at every certificate it verifies.
    static int take(void* state, unsigned char* out, std::size_t size) noexcept;
    static int give(void* state, const unsigned char* data, std::size_t size) noexcept;
    static int verify(void* state, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) noexcept;

    [[nodiscard]] Result<void> run(std::span<const std::byte> piece, Buffer* plain, Buffer& out);
    [[nodiscard]] Result<void> handshake();
    [[nodiscard]] Result<void> read(Buffer& plain);
    [[nodiscard]] bool progressed(int result, std::size_t left_before, int state_before) const noexcept;
    void offer_session() noexcept;
    void keep_session() noexcept;
    [[nodiscard]] Error fail(int code);
    [[nodiscard]] Error fail(const Reason& reason, gw_status cause);
    [[noreturn]] void fail_for_memory();
    [[nodiscard]] Reason describe(int code) const noexcept;

    std::pmr::memory_resource* memory;
    Context::State& context;
    mbedtls_ssl_context ssl;
    Error setup{GW_OK, 0, {}};  // why it cannot even begin
    std::pmr::string server_name;
    std::optional<Address> address;

    // For the time of one call.
    std::span<const std::byte> input;
    Buffer* output = nullptr;
    bool out_of_memory = false;
    std::size_t written = 0;  // bytes given by the current step

    Phase phase = Phase::handshake;
    Error failure{GW_OK, 0, {}};
    bool full_handshake = false;  // certificates were exchanged: nothing was resumed
    bool offered = false;
    bool closed = false;
    bool peer_closed = false;
    std::uint8_t sent_alert = 0;  // of an alert that went out unencrypted
    std::size_t taken = 0;        // ciphertext since the last plaintext: bounds the next plaintext
    std::array<std::byte, 5> first{};
    std::size_t first_size = 0;
    std::optional<Fingerprint> fingerprint;
};

Pipe::State::State(Context::State& shared, std::string_view name, std::pmr::memory_resource* pmr)
    : memory(pmr), context(shared), server_name(pmr) {
    if (!context.server) {
        if (name.ends_with('.')) name.remove_suffix(1);  // RFC 6066 3: SNI has no trailing dot, nor do certificates
        server_name = name;
    }
    address = Address::parse(server_name);
    mbedtls_ssl_init(&ssl);
    int code = mbedtls_ssl_setup(&ssl, &context.config);
    if (code == 0 && !context.server) {
        // An empty name, or one that a C string would cut short, must not turn into a check of less.
        if (server_name.empty() || server_name.find('\0') != std::pmr::string::npos) {
            setup = {GW_ERR_ARGUMENT, 0, "a TLS client needs the name of its server"};
        }
        // RFC 6066 3: no addresses in SNI; verify() compares those.
        code = mbedtls_ssl_set_hostname(&ssl, address ? nullptr : server_name.c_str());
    }
    if (code == MBEDTLS_ERR_SSL_ALLOC_FAILED) {
        setup = {GW_ERR_NO_MEMORY, 0, "no memory for TLS"};
    } else if (code == MBEDTLS_ERR_SSL_BAD_INPUT_DATA) {
        setup = {GW_ERR_ARGUMENT, 0, "the server name is too long"};
    } else if (code != 0) {
        setup = {GW_ERR_INTERNAL, 0, "the TLS connection could not be set up"};
    }
    mbedtls_ssl_set_bio(&ssl, this, give, take, nullptr);
    mbedtls_ssl_set_verify(&ssl, verify, this);
    if (setup.status == GW_OK && !context.server) offer_session();
}

int Pipe::State::take(void* state, unsigned char* out, std::size_t size) noexcept {
    auto& self = *static_cast<State*>(state);
    if (self.input.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
    const std::span<const std::byte> part = self.input.first(std::min(size, self.input.size()));
    std::memcpy(out, part.data(), part.size());
    for (std::size_t i = 0; i < part.size() && self.first_size < self.first.size(); ++i) {
        self.first[self.first_size++] = part[i];
    }
    self.input = self.input.subspan(part.size());
    self.taken += part.size();
    return static_cast<int>(part.size());
}

int Pipe::State::give(void* state, const unsigned char* data, std::size_t size) noexcept {
    auto& self = *static_cast<State*>(state);
    try {
        self.output->append(std::span{reinterpret_cast<const std::byte*>(data), size});
    } catch (const std::bad_alloc&) {  // must not pass through mbedTLS, which is C
        self.out_of_memory = true;
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    }
    self.written += size;
    const bool alert = size == 7 && data[0] == MBEDTLS_SSL_MSG_ALERT && data[5] == MBEDTLS_SSL_ALERT_LEVEL_FATAL;
    if (alert) self.sent_alert = data[6];
    return static_cast<int>(size);
}

int Pipe::State::verify(void* state, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) noexcept {
    if (depth != 0) return 0;  // the peer's own only
    auto& self = *static_cast<State*>(state);
    self.fingerprint =
        crypto::sha256(std::span{reinterpret_cast<const std::byte*>(certificate->raw.p), certificate->raw.len});
    if (self.address && !has_address(*certificate, *self.address)) *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

// A session that cannot be offered is merely a full handshake.
void Pipe::State::offer_session() noexcept {
    const auto kept = context.sessions.find(server_name);
    if (!kept) return;
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    offered = mbedtls_ssl_session_load(&session, reinterpret_cast<const unsigned char*>(kept->bytes.data()),
                                       kept->bytes.size()) == 0 &&
              mbedtls_ssl_set_session(&ssl, &session) == 0;
    mbedtls_ssl_session_free(&session);
    if (offered) {
        fingerprint = kept->fingerprint;
    } else {
        context.sessions.forget(server_name);
    }
}

// A session that cannot be kept, for want of memory or support, is merely not resumed.
void Pipe::State::keep_session() noexcept {
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    std::size_t size = 0;
    if (mbedtls_ssl_get_session(&ssl, &session) == 0) {
        static_cast<void>(mbedtls_ssl_session_save(&session, nullptr, 0, &size));  // asks for the size
        try {
            std::pmr::vector<std::byte> bytes(size, memory);
            if (mbedtls_ssl_session_save(&session, reinterpret_cast<unsigned char*>(bytes.data()), size, &size) == 0) {
                context.sessions.keep(server_name, {bytes, fingerprint});
            }
            crypto::wipe(bytes);
        } catch (const std::bad_alloc&) {
            context.sessions.forget(server_name);
        }
    }
    mbedtls_ssl_session_free(&session);
}

// mbedTLS wants more input. That is final only when there is none: it also says so between two records.
bool Pipe::State::progressed(int result, std::size_t left_before, int state_before) const noexcept {
    return result == MBEDTLS_ERR_SSL_WANT_READ &&
           (input.size() != left_before || port::handshake_state(ssl) != state_before);
}

Result<void> Pipe::State::handshake() {
    while (port::handshake_state(ssl) != MBEDTLS_SSL_HANDSHAKE_OVER) {
        const int before = port::handshake_state(ssl);
        const std::size_t left = input.size();
        written = 0;
        const int code = mbedtls_ssl_handshake_step(&ssl);
        // Only a full handshake passes through here, in TLS 1.2 and 1.3, on both sides.
        if (before == MBEDTLS_SSL_SERVER_CERTIFICATE) full_handshake = true;
        if (progressed(code, left, before)) continue;
        if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) return {};
        if (code != 0) return fail(code);
        // "Optional" is about showing a certificate. mbedTLS lets a bad one pass too; it must not look like a good one.
        if (before == MBEDTLS_SSL_CLIENT_CERTIFICATE && context.client_certificates == ClientCertificates::optional) {
            const std::uint32_t flags = mbedtls_ssl_get_verify_result(&ssl);
            const bool shown = (flags & (MBEDTLS_X509_BADCERT_MISSING | MBEDTLS_X509_BADCERT_SKIP_VERIFY)) == 0;
            written = 0;
            if (flags != 0 && shown) return fail(describe_verification(flags), GW_ERR_TLS);
        }
    }
    phase = Phase::open;
    taken = 0;
    if (!context.server && port::is_tls_1_2(ssl)) keep_session();
    return {};
}

Result<void> Pipe::State::read(Buffer& plain) {
    while (!peer_closed && (!input.empty() || mbedtls_ssl_check_pending(&ssl) != 0 ||
                            port::handshake_state(ssl) != MBEDTLS_SSL_HANDSHAKE_OVER)) {
        const int before = port::handshake_state(ssl);
        const std::size_t left = input.size();
        written = 0;
        // No record holds more plaintext than it has ciphertext, so that one read takes a whole record.
        const std::size_t room = std::clamp<std::size_t>(taken + input.size(), 1, plaintext_bytes_max);
        const std::span<std::byte> into = plain.prepare(room).first(room);
        const int code = mbedtls_ssl_read(&ssl, reinterpret_cast<unsigned char*>(into.data()), into.size());
        if (code > 0) {
            plain.commit(static_cast<std::size_t>(code));
            taken = 0;
        } else if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            peer_closed = true;
        } else if (port::is_new_ticket(code)) {
            if (!context.server) keep_session();
        } else if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE || code == 0) {
            if (!progressed(MBEDTLS_ERR_SSL_WANT_READ, left, before)) break;
        } else {
            if (plain.empty()) plain.clear();
            return fail(code);
        }
    }
    if (plain.empty()) plain.clear();  // the room was for nothing: give it back
    return {};
}

Result<void> Pipe::State::run(std::span<const std::byte> piece, Buffer* plain, Buffer& out) {
    if (phase == Phase::failed) return failure;
    if (setup.status != GW_OK) {
        phase = Phase::failed;
        failure = setup;
        return failure;
    }
    input = piece;
    output = &out;
    context.random_failed = false;
    try {
        Result<void> done = phase == Phase::handshake ? handshake() : Result<void>{};
        if (done && phase == Phase::open && plain != nullptr) done = read(*plain);
        input = {};
        output = nullptr;
        return done;
    } catch (const std::bad_alloc&) {
        fail_for_memory();
    }
}

Reason Pipe::State::describe(int code) const noexcept {
    if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        return {describe_received(port::received_alert(ssl)), Alert::handshake_failure};
    }
    // Not by its own code only: what mbedTLS answers for a bad certificate depends on where it noticed.
    constexpr std::uint32_t not_verified = 0xFFFFFFFF;
    constexpr std::uint32_t harmless = MBEDTLS_X509_BADCERT_MISSING | MBEDTLS_X509_BADCERT_SKIP_VERIFY;
    const std::uint32_t flags = phase == Phase::handshake ? mbedtls_ssl_get_verify_result(&ssl) : 0;
    if (flags != not_verified && (flags & ~harmless) != 0) return describe_verification(flags);
    if (!full_handshake && phase == Phase::handshake) {
        const std::string_view http = describe_plain_http(std::span{first}.first(first_size), context.server);
        if (!http.empty()) return {http, Alert::unexpected_message};
    }
    Reason reason = describe_code(code);
    const bool has_its_own = code == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
    const std::string_view sent = describe_sent(sent_alert != 0 ? sent_alert : port::alert_of(code));
    if (reason.alert == Alert::handshake_failure && !has_its_own && !sent.empty()) reason.what = sent;
    return reason;
}

// Ours was refused in the middle of a record, which is lost: the connection cannot go on.
void Pipe::State::fail_for_memory() {
    input = {};
    output = nullptr;
    phase = Phase::failed;
    failure = {GW_ERR_NO_MEMORY, 0, "no memory for TLS"};
    throw std::bad_alloc();
}

Error Pipe::State::fail(int code) {
    if (out_of_memory) fail_for_memory();
    if (std::exchange(context.random_failed, false)) {
        return fail({"the random source failed", Alert::internal_error}, GW_ERR_RANDOM);
    }
    if (code == MBEDTLS_ERR_SSL_ALLOC_FAILED)
        return fail({"no memory for TLS", Alert::internal_error}, GW_ERR_NO_MEMORY);
    if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) peer_closed = true;
    // An alert is not answered with an alert (RFC 8446 6.2).
    if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) written = 1;
    return fail(describe(code), GW_ERR_TLS);
}

Error Pipe::State::fail(const Reason& reason, gw_status cause) {
    phase = Phase::failed;
    failure = {cause, 0, reason.what};
    // What the failed step wrote was mbedTLS's own alert. Where it wrote none, the peer is told all the same.
    if (written == 0) {
        static_cast<void>(mbedtls_ssl_send_alert_message(&ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                                         static_cast<unsigned char>(reason.alert)));
        if (out_of_memory) fail_for_memory();
    }
    if (offered) context.sessions.forget(server_name);
    return failure;
}

Pipe::Pipe(Context& context, std::string_view server_name, BlockPool* /*pool*/, std::pmr::memory_resource* memory) {
    void* raw = memory->allocate(sizeof(State), alignof(State));
    try {
        state_.reset(new (raw) State(*context.state_, server_name, memory));
    } catch (...) {
        memory->deallocate(raw, sizeof(State), alignof(State));
        throw;
    }
}
Pipe::~Pipe() = default;

void Pipe::Deleter::operator()(State* state) const noexcept {
    std::pmr::memory_resource* memory = state->memory;
    state->~State();
    memory->deallocate(state, sizeof(State), alignof(State));
}

Result<void> Pipe::start(Buffer& out) { return state_->run({}, nullptr, out); }

Result<void> Pipe::feed(std::span<const std::byte> piece, Buffer& plain, Buffer& out) {
    return state_->run(piece, &plain, out);
}

Result<void> Pipe::write(std::span<const std::byte> data, Buffer& out) {
    State& state = *state_;
    if (state.phase == State::Phase::failed) return state.failure;
    if (state.phase != State::Phase::open || state.closed) {
        return Error{GW_ERR_STATE, 0, "nothing can be written before the handshake or after the end"};
    }
    if (data.empty()) return {};
    const int payload = mbedtls_ssl_get_max_out_record_payload(&state.ssl);
    const int overhead = mbedtls_ssl_get_record_expansion(&state.ssl);
    if (payload <= 0 || overhead < 0) return Error{GW_ERR_INTERNAL, 0, "the size of a TLS record is not known"};
    const std::size_t records = (data.size() - 1) / static_cast<std::size_t>(payload) + 1;
    // All the room at once, and before anything is encrypted: when memory is refused here, nothing has happened.
    static_cast<void>(out.prepare(data.size() + records * static_cast<std::size_t>(overhead)));
    state.output = &out;
    state.context.random_failed = false;
    while (!data.empty()) {
        state.written = 0;
        const int code =
            mbedtls_ssl_write(&state.ssl, reinterpret_cast<const unsigned char*>(data.data()), data.size());
        if (port::is_new_ticket(code)) continue;
        if (code <= 0) {
            const Error error = state.fail(code);
            state.output = nullptr;
            return error;
        }
        data = data.subspan(static_cast<std::size_t>(code));
    }
    state.output = nullptr;
    return {};
}

void Pipe::close(Buffer& out) {
    State& state = *state_;
    if (state.phase != State::Phase::open || std::exchange(state.closed, true)) return;
    state.output = &out;
    static_cast<void>(mbedtls_ssl_close_notify(&state.ssl));
    state.output = nullptr;
    if (state.out_of_memory) state.fail_for_memory();
}

bool Pipe::established() const noexcept { return state_->phase == State::Phase::open; }
bool Pipe::peer_closed() const noexcept { return state_->peer_closed; }

std::string_view Pipe::alpn() const noexcept {
    if (!established()) return {};
    const char* name = mbedtls_ssl_get_alpn_protocol(&state_->ssl);
    return name == nullptr ? std::string_view{} : std::string_view{name};
}

std::string_view Pipe::version() const noexcept {
    return established() ? std::string_view{mbedtls_ssl_get_version(&state_->ssl)} : std::string_view{};
}

std::string_view Pipe::cipher() const noexcept {
    const char* name = established() ? mbedtls_ssl_get_ciphersuite(&state_->ssl) : nullptr;
    return name == nullptr ? std::string_view{} : std::string_view{name};
}

std::optional<std::array<std::byte, 32>> Pipe::peer_fingerprint() const noexcept {
    return established() ? state_->fingerprint : std::nullopt;
}

bool Pipe::resumed() const noexcept { return established() && !state_->full_handshake; }
std::string_view Pipe::failure() const noexcept { return state_->failure.what; }

}  // namespace gw::tls
