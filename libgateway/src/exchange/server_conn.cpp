#include "exchange/server_conn.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/text.h"
#include "endpoint/control_pages.h"
#include "endpoint/error_form.h"
#include "exchange/gateway.h"
#include "exchange/hook_run.h"
#include "exchange/hub.h"
#include "exchange/proxy_run.h"
#include "exchange/static_run.h"

namespace gw::exchange {

namespace {

http1::Limits server_limits(const gw_limits& limits) {
    http1::Limits out;
    out.request_line_bytes_max = limits.request_line_bytes_max;
    out.header_bytes_max = limits.header_bytes_max;
    out.header_count_max = limits.header_count_max;
    out.body_bytes_max = limits.body_bytes_max;
    return out;
}

// Values and keys of one body, each of which costs 16 bytes beside it.
constexpr std::size_t body_values_max = 1000000;

endpoint::ApiError protocol_failure(int status, std::string_view what) {
    return {status, "invalid_request_error", what, {}, {}};
}

}  // namespace

ServerConn::ServerConn(Gateway& gateway, const gw_peer& peer)
    : Conn(gateway),
      http_(std::in_place, server_limits(gateway.limits()), gateway.pool(), gateway.memory()),
      body_(gateway.pool()),
      parameters_(gateway.memory()),
      caller_(gateway.memory()),
      peer_is_loopback_(peer.address.len == 0 ||
                        upstream::classify_address(as_text(peer.address)) == upstream::AddressKind::loopback),
      listener_(peer.listener),
      peer_(as_text(peer.address), gateway.memory()) {
    gateway.client_opened();
    ++gateway.stats().conns_total;
    set_phase(Phase::idle);
}

ServerConn::~ServerConn() { gateway().client_closed(); }

void ServerConn::start(tls::Context* tls) {
    if (tls != nullptr) start_tls(*tls, {});
}

// --- reading -----------------------------------------------------------------------------------------------------

std::size_t ServerConn::on_input(std::span<const std::byte> input) {
    gateway().stats().bytes_received += input.size();
    if (rpc_) return rpc_->on_input(input);
    if (reload_) return reload_->on_input(input);
    http_->feed(input);
    for (;;) {
        if (output_full()) {  // many small answers, none of them taken: on_drained() goes on
            pause_input();
            break;
        }
        const auto next = http_->next();
        if (!next) {
            on_protocol_error(next.error());
            return input.size();
        }
        if (!*next) break;
        const http1::Server::Event& event = **next;
        switch (event.kind) {
        case http1::EventKind::head: on_head(*event.head); break;
        case http1::EventKind::body:
            progress_at_ = gateway().now();
            if (!body_ignored_) keep_body(event.body);
            break;
        case http1::EventKind::trailers: break;
        case http1::EventKind::end: on_request(); break;
        case http1::EventKind::upgrade: return input.size() - http_->take_rest().size();  // the rest is the socket's
        }
        if (ending()) return input.size();
        if (host_auth_ && host_auth_->open()) {  // on_decided() goes on
            pause_input();
            break;
        }
    }
    if (rpc_ || reload_) return input.size() - http_->take_rest().size();
    if (!request_open_) set_phase(http_->in_head() ? Phase::head : Phase::idle);
    return input.size() - http_->take_rest().size();
}

void ServerConn::keep_body(std::span<const std::byte> piece) {
    const std::size_t needed = body_.size() + piece.size();
    // What is announced and not sent costs nothing; but the last step is no larger than the body.
    const std::uint64_t announced = head_->content_length.value_or(0);
    if (needed > body_.capacity() && announced >= needed && announced <= 2 * body_.capacity())
        body_.reserve(static_cast<std::size_t>(announced));
    body_.append(piece);
}

void ServerConn::set_phase(Phase phase) noexcept {
    if (phase == phase_ && timer().armed()) return;
    phase_ = phase;
    const gw_limits& limits = gateway().limits();
    switch (phase) {
    case Phase::head: timer().arm(gateway().now() + limits.header_timeout_ms); break;
    case Phase::body:
        progress_at_ = gateway().now();
        timer().arm(gateway().now() + limits.body_timeout_ms);
        break;
    case Phase::idle: timer().arm(gateway().now() + limits.idle_timeout_ms); break;
    case Phase::answer: timer().disarm(); break;
    }
}

void ServerConn::on_timeout() {
    if (rpc_) return rpc_->on_timeout();
    if (reload_) return reload_->on_timeout();
    switch (phase_) {
    case Phase::idle: close(Close::flush); return;
    case Phase::answer: return;
    case Phase::body:
        if (const Milliseconds due = progress_at_ + gateway().limits().body_timeout_ms; gateway().now() < due) {
            timer().arm(due);
            return;
        }
        break;
    case Phase::head: break;
    }
    ++gateway().stats().bad_requests_total;
    set_error("the request did not arrive in time", 408);
    if (http_->response_open() || body_ignored_) {
        close(Close::abort);
        return;
    }
    http_->close_after_response();
    if (!request_open_) answer_fields_.begin(nullptr, gateway().config(), gateway().front().ids, gateway().random());
    answer_error(protocol_failure(408, "The request did not arrive in time."));
    close(Close::linger);
}

void ServerConn::on_protocol_error(const Error& error) {
    ++gateway().stats().bad_requests_total;
    const int status = http_->error_status() != 0 ? http_->error_status() : 400;
    set_error(error.what, status);
    const bool at_work = phase_ == Phase::answer && (run_ || host_request_ != 0);
    if (http_->response_open() || at_work) {
        end_request();
        close(Close::abort);
        return;
    }
    if (body_ignored_) {  // it was answered before its body broke: that still goes out
        end_request();
        close(Close::flush);
        return;
    }
    if (!request_open_) answer_fields_.begin(nullptr, gateway().config(), gateway().front().ids, gateway().random());
    const std::string_view what = status == 413 ? endpoint::too_large_in(form_, error.what) : error.what;
    answer_error(protocol_failure(status, what));
    end_request();
    close(Close::linger);
}

void ServerConn::on_tls_failure(std::string_view what) { set_error(what, 0); }

void ServerConn::on_eof() {
    if (rpc_ || reload_) {
        close(Close::abort);
        return;
    }
    const auto finished = http_->finish();
    if (!request_open_) {
        close(Close::flush);  // what was answered still goes out
        return;
    }
    // A client that left looks the same as one that only stopped sending. Nobody waits for the end of a run whose
    // reader may be gone: it is cancelled, and the connection with it.
    if (!finished) set_error(finished.error().what, 0);
    end_request();
    close(Close::abort);
}

void ServerConn::on_lost() noexcept {
    end_request();
    rpc_.reset();
    reload_.reset();
}

// --- a request ---------------------------------------------------------------------------------------------------

void ServerConn::on_head(const http1::RequestHead& head) {
    head_ = &head;
    request_open_ = true;
    body_ignored_ = false;
    gateway().request_opened();
    ++gateway().stats().requests_total;
    set_phase(Phase::body);
    if (host_auth_) host_auth_->forget();
    path_ = query_ = {};
    form_ = endpoint::ErrorForm::openai;
    answer_fields_.begin(&head.headers, gateway().config(), gateway().front().ids, gateway().random());

    Proxy* const proxy = gateway().proxy();
    proxied_ = proxy != nullptr && !gateway().draining() && proxy->owns(listener_, head);
    if (proxied_) {
        auto run = make_owned<ProxyRun>(gateway().memory(), gateway(), *proxy, *this);
        ProxyRun& proxied = *run;
        run_ = std::move(run);
        proxied.admit(head, peer_, peer_is_loopback_);
        if (run_) allow_body(head, proxied.body_bytes_max());
        return;
    }
    const route::Match match = gateway().routes().match(head.method, head.target);
    outcome_ = match.outcome;
    target_ = match.target;
    path_ = match.path;
    query_ = match.query;
    const bool is_hook = HookRun::owns(gateway().config(), path_);
    form_ = is_hook ? endpoint::ErrorForm::hook : endpoint::error_form_of(path_);
    parameters_.clear();
    for (const route::Parameter& parameter : match.parameters)
        parameters_.emplace_back(parameter.name, parameter.value);

    if (gateway().draining()) {
        http_->close_after_response();
        refuse({503, "unavailable", "The gateway is shutting down.", "shutting_down", {}});
        return;
    }
    if (head.upgrade && begin_upgrade(head)) return;
    if (is_hook) {
        auto run = make_owned<HookRun>(gateway().memory(), gateway(), *this);
        HookRun& hook = *run;
        run_ = std::move(run);
        if (hook.admit(head)) allow_body(head, gateway().config().hooks.body_bytes_max);
        return;
    }
    switch (match.outcome) {
    case route::Outcome::found: break;
    case route::Outcome::not_found:
        if (is_page(head)) break;
        if (ending() || body_ignored_) return;
        refuse(endpoint::not_found_at(path_));
        return;
    case route::Outcome::bad_path: refuse({400, "invalid_request_error", "The path is not valid.", {}, {}}); return;
    case route::Outcome::method_not_allowed: {
        const http1::Header allow{"Allow", match.allow};
        refuse({405,
                "invalid_request_error",
                "The method is not allowed here; the Allow field lists those that are.",
                {},
                {}},
               {&allow, 1});
        return;
    }
    case route::Outcome::options: answer_options(head, match.allow); return;
    }

    bool is_open = false;
    std::uint64_t body_bytes_max = gateway().limits().body_bytes_max;
    if (!check_endpoint(body_bytes_max, is_open)) return;
    if (!is_open && gateway().host_auth()) {
        body_bytes_max_ = body_bytes_max;
        set_phase(Phase::answer);
        if (!ask_host_auth({})) refuse_unavailable();
        return;
    }
    if (!is_open) {
        const auth::HttpVerdict verdict = authorize(head);
        if (verdict.outcome != auth::HttpOutcome::allowed) {
            refuse_unauthorized(verdict);
            return;
        }
        keep_caller(verdict.identity);
        if (!admit_caller()) return;
    }
    allow_body(head, body_bytes_max);
}

// What a path can do, and what a page may that asks before it sends.
void ServerConn::answer_options(const http1::RequestHead& head, std::string_view allow) {
    std::array<http1::Header, 4> fields{{{"Allow", allow}}};
    std::size_t count = 1;
    if (answer_fields_.for_page() && head.headers.get("access-control-request-method"))
        count += write_preflight(&fields[1], allow);
    if (auth::RateLimiter* const limiter = gateway().front().limiter_of(path_, form_))
        answer_fields_.set_limit(limiter->options().count, limiter->look(rate_key(false), gateway().now()),
                                 gateway().unix_ms());
    answer_early(204, {}, {}, {fields.data(), count});
}

bool ServerConn::check_endpoint(std::uint64_t& body_bytes_max, bool& is_open) {
    const Routes& routes = gateway().routes();
    if (run_) {  // a page
        is_open = true;
    } else if (const Endpoint* const endpoint = Routes::endpoint(target_)) {
        const config::Config& config = gateway().config();
        if (endpoint->enabled != nullptr && !endpoint->enabled(config)) {
            refuse({404, "invalid_request_error", endpoint->disabled_text, "endpoint_disabled", {}});
            return false;
        }
        is_open = endpoint->access == Access::open;
        if (endpoint->body_bytes_max != nullptr) body_bytes_max = endpoint->body_bytes_max(config);
    } else if (const HostRoute* const route = routes.host_route(target_)) {
        is_open = route->is_public;
        if (route->body_bytes_max != 0) body_bytes_max = route->body_bytes_max;
    }
    return true;
}

void ServerConn::allow_body(const http1::RequestHead& head, std::uint64_t bytes_max) {
    http_->set_body_bytes_max(bytes_max);
    if (http_->expects_continue() && head.content_length.value_or(0) <= bytes_max) http_->send_continue(sink());
}

void ServerConn::answer_early(int status, std::string_view content_type, std::string_view content,
                              std::span<const http1::Header> fields) {
    body_ignored_ = true;
    answer(status, content_type, content, fields);
}

void ServerConn::refuse(const endpoint::ApiError& error, std::span<const http1::Header> fields) {
    if (!take_turn(false)) return;
    body_ignored_ = true;
    answer_error(error, fields);
}

void ServerConn::on_request() {
    if (std::exchange(body_ignored_, false)) return;
    if (std::exchange(upgrading_, false)) return finish_upgrade();
    set_phase(Phase::answer);
    dispatch();
}

void ServerConn::dispatch() {
    if (gateway().routes().host_route(target_) != nullptr && !run_) {
        ask_host();
        return;
    }
    if (!run_) run_ = Routes::endpoint(target_)->make(gateway(), *this);
    run_->start(body_.text());
}

std::string_view ServerConn::agent_field() const noexcept {
    const std::string_view id = field("x-openclaw-agent-id");
    return id.empty() ? field("x-openclaw-agent") : id;
}

bool ServerConn::parse_body(std::string_view body, json::Document& document) {
    const std::string_view text = body.empty() ? std::string_view("{}") : body;
    json::Limits limits;
    limits.bytes_max = text.size();  // the body's own limit has been kept
    limits.nodes_max = body_values_max;
    const auto parsed = document.parse(text, limits);
    if (parsed) return true;
    std::array<char, 160> message{};
    const int size =
        std::snprintf(message.data(), message.size(), "The body is not valid JSON at byte %zu: %.*s.",
                      parsed.error().where, static_cast<int>(parsed.error().what.size()), parsed.error().what.data());
    answer_error({400,
                  "invalid_request_error",
                  {message.data(), std::min<std::size_t>(static_cast<std::size_t>(size), message.size() - 1)},
                  "invalid_json",
                  {}});
    return false;
}

// The control page answers what nothing else does. Below a path of its own it also says which methods it has; at "/" a
// path that is not for GET is simply unknown.
bool ServerConn::is_page(const http1::RequestHead& head) {
    if (!gateway().config().control_ui.enabled && !gateway().config().canvas_host.enabled) return false;
    const endpoint::Page page = endpoint::find_page(path_, gateway().config().control_ui.base_path);
    if (page.kind == endpoint::PageKind::none) return false;
    const bool canvas = endpoint::is_canvas(page);
    if (canvas ? !gateway().config().canvas_host.enabled : !gateway().config().control_ui.enabled) return false;
    if (head.method == "GET" || head.method == "HEAD") {
        run_ = make_owned<StaticRun>(gateway().memory(), gateway(), *this, page);
        return true;
    }
    if (page.base.empty()) return false;
    static constexpr http1::Header allow{"Allow", "GET, HEAD"};
    refuse(
        {405, "invalid_request_error", "The method is not allowed here; the Allow field lists those that are.", {}, {}},
        {&allow, 1});
    return false;
}

bool ServerConn::sends_itself(std::string_view field) noexcept {
    return equals_ignoring_case(field, "x-content-type-options") || equals_ignoring_case(field, "referrer-policy") ||
           equals_ignoring_case(field, "permissions-policy");
}

// --- answering ---------------------------------------------------------------------------------------------------

void ServerConn::send_head(int status, std::string_view content_type, std::span<const http1::Header> fields,
                           http1::Framing framing, std::uint64_t length) {
    static constexpr std::size_t own = 5 + AnswerFields::count_max;
    static constexpr std::size_t usual = 24;
    std::array<http1::Header, own + usual> few;
    std::pmr::vector<http1::Header> many(gateway().memory());  // only what is proxied has so many
    if (fields.size() > usual) many.resize(own + fields.size());
    http1::Header* const all = many.empty() ? few.data() : many.data();
    std::size_t count = 0;
    all[count++] = {"X-Content-Type-Options", "nosniff"};
    all[count++] = {"Referrer-Policy", "no-referrer"};
    const bool own_permissions = std::any_of(fields.begin(), fields.end(), [](const http1::Header& field) {
        return equals_ignoring_case(field.name, "permissions-policy");
    });
    if (!own_permissions) all[count++] = {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"};
    const std::string_view hsts = gateway().config().strict_transport_security;
    if (!hsts.empty()) all[count++] = {"Strict-Transport-Security", hsts};
    if (!content_type.empty()) all[count++] = {"Content-Type", content_type};
    count += answer_fields_.write(all + count, fields, !proxied_);
    for (const http1::Header& field : fields) {
        if (!answer_fields_.hides(field.name)) all[count++] = field;
    }
    http_->send_head(sink(), status, {all, count}, framing, length, gateway().unix_ms());
    if (run_) run_->on_answered(status);
}

void ServerConn::answer(int status, std::string_view content_type, std::string_view content,
                        std::span<const http1::Header> fields) {
    send_head(status, content_type, fields, status == 204 ? http1::Framing::none : http1::Framing::length,
              content.size());
    if (!content.empty()) http_->send_body(sink(), as_bytes(content));
    http_->send_end(sink());
    finish_response();
}

void ServerConn::answer_error(const endpoint::ApiError& error, std::span<const http1::Header> fields) {
    Buffer out(gateway().pool());
    endpoint::write_error(out, error, request_open_ ? form_ : endpoint::ErrorForm::openai, gateway().unix_ms());
    if (error.status >= 500 && !gateway().draining()) {
        const config::Digits status(error.status);
        gateway().log().warn({"request ", request_id(), ": ", request_open_ ? head_->method : std::string_view{}, " ",
                              path_, " was answered with ", status, ": ", error.message});
    }
    answer(error.status, json_type, out.text(), fields);
}

void ServerConn::begin_stream(int status, std::string_view content_type, std::span<const http1::Header> fields) {
    ++gateway().stats().streams_total;
    send_head(status, content_type, fields, http1::Framing::chunked, 0);
}

void ServerConn::begin_sized(int status, std::string_view content_type, std::span<const http1::Header> fields,
                             std::uint64_t length) {
    send_head(status, content_type, fields, http1::Framing::length, length);
}

void ServerConn::write(std::span<const std::byte> data) { http_->send_body(sink(), data); }

void ServerConn::end() {
    http_->send_end(sink());
    finish_response();
}

void ServerConn::break_off() noexcept {
    end_request();
    close(Close::abort);
}

void ServerConn::finish_response() {
    end_request();
    if (ending()) return;
    if (http_->should_close()) {
        close(http_->should_linger() ? Close::linger : Close::flush);
        return;
    }
    set_phase(http_->idle() ? Phase::idle : Phase::body);
    resume_input();  // a pipelined request may wait
}

void ServerConn::end_request() noexcept {
    if (!request_open_) return;
    request_open_ = false;
    if (host_auth_) host_auth_->take_back();
    body_.clear();
    // The run may be the caller: it goes when the host's call settles.
    if (run_) finished_run_ = std::move(run_);
    if (host_request_ != 0) {
        const gw_request_id id = std::exchange(host_request_, 0);
        if (host_told_) {
            gateway().requests().table.cancel(id);
            gateway().enqueue(gateway().requests());
        } else {
            gateway().requests().table.remove(id);
        }
    }
    mark_dirty();
    gateway().request_closed();
}

void ServerConn::on_settle() noexcept {
    finished_run_.reset();
    if (rpc_ || reload_) http_.reset();  // its bytes are the socket's by now
}

void ServerConn::on_drained() {
    if (rpc_) rpc_->on_drained();
    if (reload_) reload_->on_drained();
    if (run_) run_->on_drained();
    if (host_request_ != 0 && host_writable_waits_) gateway().enqueue(*this);
    if (input_paused()) resume_input();
}

void ServerConn::begin_drain() noexcept {
    if (ending() || rpc_ || reload_) return;  // their owners say farewell to them
    if (!request_open_ && !http_->in_head()) {
        close(Close::flush);
    } else {
        http_->close_after_response();
    }
}

void ServerConn::count_sent(std::size_t bytes) noexcept { gateway().stats().bytes_sent += bytes; }

}  // namespace gw::exchange
