// ServerConn: a connection from a client, and the life of one request after the other on it.
//
//     head ─► route ─► auth ─► body ─► dispatch ─► endpoint ─► answer ─► (next request)
//                                         │
//                                         ├─ an HttpRun: of our endpoints (endpoints.h), of a page, of the proxy
//                                         └─ a route of the host: GW_EVENT_REQUEST
//
// A WebSocket upgrade, on any path, ends HTTP on the connection: from there on it is an RpcSocket's. One path is that
// of pages that wait for a change: a ReloadSocket's.
#pragma once

#include <array>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/http_auth.h"
#include "core/buffer.h"
#include "core/owned.h"
#include "endpoint/error_form.h"
#include "exchange/answer_fields.h"
#include "exchange/canvas_reload.h"
#include "exchange/conn.h"
#include "exchange/host_auth.h"
#include "exchange/http_run.h"
#include "exchange/routes.h"
#include "exchange/rpc_socket.h"
#include "gateway/conn.h"
#include "gateway/request.h"
#include "http1/http1.h"

namespace gw::exchange {

// Who sends the open request, and what he may do.
struct HttpCaller {
    explicit HttpCaller(std::pmr::memory_resource* memory) : user(memory) {}
    auth::IdentityKind kind = auth::IdentityKind::nobody;
    auth::ScopeSet scopes;
    bool is_owner = false;  // for agents that are not public
    std::pmr::string user;  // whom a trusted proxy or the host names
};

class ServerConn final : public Conn {
public:
    ServerConn(Gateway& gateway, const gw_peer& peer);
    ~ServerConn() override;
    void start(tls::Context* tls);  // TLS when not null

    // --- answering the open request -------------------------------------------------------------------------------
    // The whole answer at once.
    void answer(int status, std::string_view content_type, std::string_view content,
                std::span<const http1::Header> fields = {});
    void answer_error(const endpoint::ApiError& error, std::span<const http1::Header> fields = {});
    // The same before the body was read: what still comes of it is read and dropped.
    void answer_early(int status, std::string_view content_type, std::string_view content,
                      std::span<const http1::Header> fields = {});
    // A stream: head, pieces, end.
    void begin_stream(int status, std::string_view content_type, std::span<const http1::Header> fields = {});
    // The same with a content whose length is known.
    void begin_sized(int status, std::string_view content_type, std::span<const http1::Header> fields,
                     std::uint64_t length);
    void write(std::span<const std::byte> data);
    void end();
    // The answer cannot be finished: the client must see that it is not whole.
    void break_off() noexcept;
    // Fields that every answer has from here.
    [[nodiscard]] static bool sends_itself(std::string_view field) noexcept;
    [[nodiscard]] bool stream_begun() const noexcept { return http_ && http_->response_open(); }
    [[nodiscard]] bool is_full() const noexcept { return output_full(); }

    // --- the host decides who may come in ------------------------------------------------------------------------
    // False when that cannot be asked: too many questions are open.
    [[nodiscard]] bool ask_host_auth(std::string_view credentials);
    void on_decided(HostAuth::Outcome outcome);
    // Who sent the open request and what they may do, as the host said; empty where it does not decide.
    [[nodiscard]] std::string_view user() const noexcept {
        return host_auth_ ? host_auth_->user() : std::string_view{};
    }
    [[nodiscard]] std::string_view scopes() const noexcept {
        return host_auth_ ? host_auth_->scopes() : std::string_view{};
    }

    // --- the open request, for who answers it -----------------------------------------------------------------------
    [[nodiscard]] bool peer_is_loopback() const noexcept { return peer_is_loopback_; }
    [[nodiscard]] std::string_view peer() const noexcept { return peer_; }  // its address
    // It comes from this machine, whatever stands in between.
    [[nodiscard]] bool is_local();
    // Its credentials are right; asked of paths that everybody may call.
    [[nodiscard]] bool has_credentials();
    // Whose credentials came with it: of a path that not everybody may call.
    [[nodiscard]] const HttpCaller& caller() const noexcept { return caller_; }
    // Counts it: for a caller whose credentials are right, or for its address. False: there were too many, and it was
    // refused.
    [[nodiscard]] bool take_turn(bool known);
    [[nodiscard]] auth::ClientAddress address();
    // What its log lines name it by, and its answer says.
    [[nodiscard]] std::string_view request_id() const noexcept { return answer_fields_.id(); }
    // x-openclaw-agent-id, or its alias; empty: not given.
    [[nodiscard]] std::string_view agent_field() const noexcept;
    // Reads a body as JSON, an empty one as {}. False: it is not, and the request was answered.
    [[nodiscard]] bool parse_body(std::string_view body, json::Document& document);
    void drop_body() noexcept { body_.clear(); }
    // The body itself, which then is the run's; views of it stay valid as long as what is given out.
    [[nodiscard]] Buffer take_body() noexcept { return std::move(body_); }

    // --- a request that the host answers (request.h) ----------------------------------------------------------------
    [[nodiscard]] std::string_view method() const noexcept;
    [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
    [[nodiscard]] gw_request_id host_request() const noexcept { return host_request_; }
    [[nodiscard]] const http1::RequestHead* head() const noexcept { return head_; }
    [[nodiscard]] std::string_view request_body() const noexcept { return body_.text(); }
    [[nodiscard]] std::string_view path() const noexcept;
    [[nodiscard]] std::string_view query() const noexcept;
    [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;
    gw_status host_start(int status, std::span<const http1::Header> fields, std::uint64_t length);
    gw_status host_write(std::span<const std::byte> data);
    gw_status host_end();
    gw_status host_abort() noexcept;

    bool next_event(gw_event& event) noexcept override;
    void on_lost() noexcept override;
    void begin_drain() noexcept;

private:
    friend class RpcSocket;
    friend class ReloadSocket;
    std::size_t on_input(std::span<const std::byte> input) override;
    void on_eof() override;
    void on_tls_failure(std::string_view what) override;
    void on_drained() override;
    void on_timeout() override;
    void on_settle() noexcept override;
    void count_sent(std::size_t bytes) noexcept override;

    // What the connection's timer waits for.
    enum class Phase : std::uint8_t { idle, head, body, answer };
    void keep_body(std::span<const std::byte> piece);
    void set_phase(Phase phase) noexcept;
    void allow_body(const http1::RequestHead& head, std::uint64_t bytes_max);
    [[nodiscard]] auth::HttpVerdict authorize(const http1::RequestHead& head);
    void refuse_unauthorized(const auth::HttpVerdict& verdict);
    void refuse_unavailable();
    // The caller's credentials are right: may he call this path, and now? False: not, and it was refused.
    [[nodiscard]] bool admit_caller();
    [[nodiscard]] std::uint64_t rate_key(bool known);
    void on_head(const http1::RequestHead& head);
    void on_request();
    void on_protocol_error(const Error& error);
    void dispatch();
    void refuse(const endpoint::ApiError& error, std::span<const http1::Header> fields = {});
    void send_head(int status, std::string_view content_type, std::span<const http1::Header> fields,
                   http1::Framing framing, std::uint64_t length);
    void finish_response();
    void end_request() noexcept;
    [[nodiscard]] bool is_page(const http1::RequestHead& head);
    // What the path asks before its body is read. False: it was refused.
    [[nodiscard]] bool check_endpoint(std::uint64_t& body_bytes_max, bool& is_open);
    void answer_options(const http1::RequestHead& head, std::string_view allow);
    void keep_caller(const auth::HttpIdentity& identity);
    void ask_host();
    // True: the head asks for a WebSocket; it was refused, or waits for the end of the request.
    bool begin_upgrade(const http1::RequestHead& head);
    void finish_upgrade();
    // A page of an agent that wants to know when to load again: may it? False: it was told why not.
    [[nodiscard]] bool may_wait_for_reload();

    std::optional<http1::Server> http_;         // until the connection is a socket's
    const http1::RequestHead* head_ = nullptr;  // of the open request
    route::Outcome outcome_ = route::Outcome::not_found;
    std::uint32_t target_ = 0;
    std::string_view path_, query_;
    AnswerFields answer_fields_;
    endpoint::ErrorForm form_ = endpoint::ErrorForm::openai;  // of the errors of the open request
    bool proxied_ = false;                                    // the answer is another server's
    Buffer body_;
    std::pmr::vector<std::pair<std::pmr::string, std::pmr::string>> parameters_;
    Owned<HttpRun> run_;
    Owned<HttpRun> finished_run_;  // until the host's call settles
    Owned<RpcSocket> rpc_;
    Owned<ReloadSocket> reload_;
    std::array<char, 28> accept_{};  // Sec-WebSocket-Accept, while the upgrade waits for the end of its request
    bool upgrading_ = false;
    Phase phase_ = Phase::idle;
    Milliseconds progress_at_ = 0;
    std::optional<HostAuth> host_auth_;
    HttpCaller caller_;
    std::uint64_t body_bytes_max_ = 0;  // of the request that waits for it
    gw_request_id host_request_ = 0;
    std::uint64_t host_length_left_ = 0;
    bool host_told_ = false;
    bool host_writable_waits_ = false;
    bool request_open_ = false;  // a head was read and its answer is not complete
    bool body_ignored_ = false;  // answered before the body was read
    bool peer_is_loopback_ = false;
    std::uint32_t listener_;
    std::pmr::string peer_;  // its address
};

}  // namespace gw::exchange
