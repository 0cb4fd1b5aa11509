// gateway.hpp: the C ABI as C++20: handles that free themselves, views instead of pointers, ranges instead of loops.
//
//     gateway::Result<gateway::Gateway> made = gateway::Gateway::open(source, options, &problems);
//     for (const gw_event& event : made->events()) ...        until there is none
//     for (gateway::Buffer& piece : conn.output()) ...        likewise
//
// Header only, and nothing but the C ABI: every call is one C call, whose header says what it does, who owns what and
// how it can fail. Nothing is thrown, so it may be compiled with -fno-exceptions; a failure is a Status or an empty
// Result. The options are the C structs: gateway::sized<gw_limits>() makes one that says its size.
#pragma once

#include <gateway/gateway.h>

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace gateway {

// --- bytes and outcomes ----------------------------------------------------------------------------------------------

[[nodiscard]] inline std::string_view view(gw_str text) noexcept {
    return {text.data, text.len};  // NOLINT(bugprone-suspicious-stringview-data-usage)
}
[[nodiscard]] inline gw_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }
[[nodiscard]] inline gw_str str(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A struct that can grow, zero but for its size.
template <typename T>
requires requires(T object) {
    { object.size } -> std::convertible_to<std::size_t>;
}
[[nodiscard]] T sized() noexcept {
    T made{};
    made.size = sizeof made;
    return made;
}

// How a call ended. True is success; GW_DONE ("nothing now") is neither success nor an error.
class Status {
public:
    constexpr Status(gw_status status = GW_OK) noexcept : status_(status) {}  // NOLINT(google-explicit-constructor)
    [[nodiscard]] constexpr explicit operator bool() const noexcept { return status_ == GW_OK; }
    [[nodiscard]] constexpr gw_status code() const noexcept { return status_; }
    [[nodiscard]] constexpr bool is_error() const noexcept { return status_ < 0; }
    [[nodiscard]] gw_status_kind_t kind() const noexcept { return gw_status_kind(status_); }
    [[nodiscard]] std::string_view text() const noexcept { return gw_strerror(status_); }
    [[nodiscard]] friend constexpr bool operator==(Status, Status) noexcept = default;

private:
    gw_status status_;
};

// A value, or the status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) noexcept : value_(std::move(value)) {}                        // NOLINT(google-explicit-constructor)
    Result(gw_status status) noexcept : status_(status) { assert(status != 0); }  // NOLINT(google-explicit-constructor)
    [[nodiscard]] explicit operator bool() const noexcept { return value_.has_value(); }
    [[nodiscard]] Status status() const noexcept { return status_; }
    [[nodiscard]] T& operator*() & noexcept { return *value_; }
    [[nodiscard]] T&& operator*() && noexcept { return *std::move(value_); }
    [[nodiscard]] T* operator->() noexcept { return &*value_; }

private:
    std::optional<T> value_;
    Status status_;
};

// Bytes that the library has handed over.
class Buffer {
public:
    Buffer() noexcept = default;
    explicit Buffer(gw_buf buf) noexcept : buf_(buf) {}
    Buffer(Buffer&& other) noexcept : buf_(std::exchange(other.buf_, gw_buf{})) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(buf_, other.buf_);
        return *this;
    }
    ~Buffer() { gw_buf_free(&buf_); }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return {static_cast<const std::byte*>(buf_.data), buf_.len};
    }
    [[nodiscard]] std::string_view text() const noexcept { return {static_cast<const char*>(buf_.data), buf_.len}; }
    [[nodiscard]] bool empty() const noexcept { return buf_.len == 0; }
    // For a C function that fills it: what was in it is given back.
    [[nodiscard]] gw_buf* out() noexcept {
        gw_buf_free(&buf_);
        return &buf_;
    }

private:
    gw_buf buf_{};
};

// A range over a call that gives one thing after the other until it says something else than GW_OK. `Next` is called as
// next(T&) -> gw_status; the last status is kept, because an error ends the range, too.
template <typename T, typename Next>
class Taking {
public:
    Taking(T storage, Next next) noexcept : item_(std::move(storage)), next_(std::move(next)) {}
    class Iterator {
    public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;
        explicit Iterator(Taking* range = nullptr) noexcept : range_(range) {}
        [[nodiscard]] T& operator*() const noexcept { return range_->item_; }
        Iterator& operator++() noexcept {
            range_->take();
            return *this;
        }
        void operator++(int) noexcept { range_->take(); }
        [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return range_->status_ != GW_OK; }

    private:
        Taking* range_;
    };
    [[nodiscard]] Iterator begin() noexcept {
        take();
        return Iterator(this);
    }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
    [[nodiscard]] Status status() const noexcept { return status_; }

private:
    void take() noexcept { status_ = next_(item_); }
    T item_;
    Next next_;
    gw_status status_ = GW_OK;
};

// A handle that is freed with its owner.
template <typename T, void (*Free)(T*)>
class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(T* handle) noexcept : handle_(handle) {}
    [[nodiscard]] T* get() const noexcept { return handle_.get(); }

private:
    struct Give {
        void operator()(T* handle) const noexcept { Free(handle); }
    };
    std::unique_ptr<T, Give> handle_;
};

// Calls a function that makes a `T` for its last argument, and wraps what it made.
template <typename Wrapper, typename T, typename Make>
[[nodiscard]] Result<Wrapper> make(Make&& call) noexcept {
    T* made = nullptr;
    const gw_status status = call(&made);
    if (status != GW_OK) return status;
    return Wrapper(made);
}

// The building blocks that are used through their own C functions, with the codec's get().
using HttpServer = Handle<gw_http_server, gw_http_server_free>;
using HttpClient = Handle<gw_http_client, gw_http_client_free>;
using WebSocket = Handle<gw_ws, gw_ws_free>;

// --- inspection ------------------------------------------------------------------------------------------------------

class RuleSet : public Handle<gw_ruleset, gw_ruleset_free> {
public:
    using Handle::Handle;
    [[nodiscard]] static Result<RuleSet> compile(const gw_ruleset_options* options = nullptr,
                                                 Buffer* problems = nullptr, const gw_host* host = nullptr) noexcept {
        return make<RuleSet, gw_ruleset>([&](gw_ruleset** out) {
            return gw_ruleset_compile(options, host, out, problems == nullptr ? nullptr : problems->out());
        });
    }
    [[nodiscard]] std::size_t size() const noexcept { return gw_ruleset_count(get()); }
    [[nodiscard]] std::string_view fingerprint() const noexcept { return view(gw_ruleset_fingerprint(get())); }
};

class Scanner : public Handle<gw_scanner, gw_scanner_free> {
public:
    using Handle::Handle;
    [[nodiscard]] static Result<Scanner> make(const RuleSet& rules, std::size_t table_bytes_max = 0,
                                              const gw_host* host = nullptr) noexcept {
        return gateway::make<Scanner, gw_scanner>(
            [&](gw_scanner** out) { return gw_scanner_new(rules.get(), host, table_bytes_max, out); });
    }
};

// One text. It must go before its Scanner does.
class Inspector : public Handle<gw_inspector, gw_inspector_free> {
public:
    using Handle::Handle;
    [[nodiscard]] static Result<Inspector> make(const Scanner& scanner,
                                                const gw_inspector_options* options = nullptr) noexcept {
        return gateway::make<Inspector, gw_inspector>(
            [&](gw_inspector** out) { return gw_inspector_new(scanner.get(), options, out); });
    }
    Status feed(std::string_view piece) noexcept { return gw_inspector_feed(get(), piece.data(), piece.size()); }
    Status finish() noexcept { return gw_inspector_finish(get()); }
    Status tick(std::uint64_t monotonic_ms) noexcept { return gw_inspector_tick(get(), monotonic_ms); }
    // What may be sent on after the last call.
    [[nodiscard]] auto parts() noexcept {
        return Taking(sized<gw_inspected>(), [this](gw_inspected& part) { return gw_inspector_next(get(), &part); });
    }
    [[nodiscard]] auto findings() const noexcept {
        return Taking(sized<gw_finding>(), [this, index = std::size_t{0}](gw_finding& finding) mutable {
            return gw_inspector_finding(get(), index++, &finding);
        });
    }
    [[nodiscard]] gw_inspector_state state() const noexcept {
        auto state = sized<gw_inspector_state>();
        gw_inspector_status(get(), &state);
        return state;
    }
    [[nodiscard]] Result<Buffer> verdict() const noexcept {
        Buffer out;
        const gw_status status = gw_inspector_verdict(get(), out.out());
        if (status != GW_OK) return status;
        return out;
    }
};

// --- server-sent events, routes --------------------------------------------------------------------------------------

class SseDecoder : public Handle<gw_sse_decoder, gw_sse_decoder_free> {
public:
    using Handle::Handle;
    [[nodiscard]] static Result<SseDecoder> make(std::size_t event_bytes_max = 0,
                                                 const gw_host* host = nullptr) noexcept {
        return gateway::make<SseDecoder, gw_sse_decoder>(
            [&](gw_sse_decoder** out) { return gw_sse_decoder_new(host, event_bytes_max, out); });
    }
    Status feed(std::span<const std::byte> piece) noexcept {
        return gw_sse_decoder_feed(get(), piece.data(), piece.size());
    }
    // All of them are taken before the next piece is fed.
    [[nodiscard]] auto events() noexcept {
        return Taking(sized<gw_sse_event>(),
                      [this](gw_sse_event& event) { return gw_sse_decoder_next(get(), &event); });
    }
    [[nodiscard]] std::string_view rest() const noexcept { return view(gw_sse_decoder_rest(get())); }
};

class Router : public Handle<gw_router, gw_router_free> {
public:
    using Handle::Handle;
    [[nodiscard]] static Result<Router> make(const gw_host* host = nullptr) noexcept {
        return gateway::make<Router, gw_router>([&](gw_router** out) { return gw_router_new(host, out); });
    }
    Status add(std::string_view method, std::string_view pattern, std::uint32_t target) noexcept {
        return gw_router_add(get(), str(method), str(pattern), target);
    }
    [[nodiscard]] Result<gw_route_match> match(std::string_view method, std::string_view target) noexcept {
        auto match = sized<gw_route_match>();
        const gw_status status = gw_router_match(get(), str(method), str(target), &match);
        if (status != GW_OK) return status;
        return match;
    }
};

// --- the gateway -----------------------------------------------------------------------------------------------------

class Config : public Handle<gw_config, gw_config_free> {
public:
    using Handle::Handle;
    [[nodiscard]] static Result<Config> load(const gw_config_source& source, Buffer* problems = nullptr,
                                             const gw_host* host = nullptr) noexcept {
        return make<Config, gw_config>([&](gw_config** out) {
            return gw_config_load(&source, host, out, problems == nullptr ? nullptr : problems->out());
        });
    }
    [[nodiscard]] std::string_view path() const noexcept { return view(gw_config_path(get())); }
    [[nodiscard]] std::string_view state_dir() const noexcept { return view(gw_config_state_dir(get())); }
};

using Store = Handle<gw_store, gw_store_free>;

// A connection. Not an owner: it lives until free() or until its gateway is gone.
class Conn {
public:
    Conn(gw_conn* conn = nullptr) noexcept : conn_(conn) {}  // NOLINT(google-explicit-constructor)
    [[nodiscard]] gw_conn* get() const noexcept { return conn_; }
    Status recv(std::span<const std::byte> piece) const noexcept {
        return gw_conn_recv(conn_, piece.data(), piece.size());
    }
    Status recv(std::string_view piece) const noexcept { return gw_conn_recv(conn_, piece.data(), piece.size()); }
    Status eof() const noexcept { return gw_conn_eof(conn_); }
    Status opened() const noexcept { return gw_conn_opened(conn_); }
    Status failed(std::string_view reason) const noexcept { return gw_conn_failed(conn_, str(reason)); }
    [[nodiscard]] auto output() const noexcept {
        return Taking(Buffer(), [conn = conn_](Buffer& piece) { return gw_conn_take_output(conn, piece.out()); });
    }
    [[nodiscard]] bool wants_read() const noexcept { return gw_conn_wants_read(conn_); }
    void free() noexcept { gw_conn_free(std::exchange(conn_, nullptr)); }
    void set_user(void* user) const noexcept { gw_conn_set_user(conn_, user); }
    [[nodiscard]] void* user() const noexcept { return gw_conn_user(conn_); }
    [[nodiscard]] std::string_view error() const noexcept { return view(gw_conn_error(conn_, nullptr)); }

private:
    gw_conn* conn_;
};

// A request on a route of the host, named by its id: everything answers GW_ERR_GONE once it is over.
class Request {
public:
    Request(gw_gateway* gateway, gw_request_id id) noexcept : gateway_(gateway), id_(id) {}
    [[nodiscard]] gw_request_id id() const noexcept { return id_; }
    [[nodiscard]] std::string_view method() const noexcept { return ask(gw_request_method); }
    [[nodiscard]] std::string_view path() const noexcept { return ask(gw_request_path); }
    [[nodiscard]] std::string_view query() const noexcept { return ask(gw_request_query); }
    [[nodiscard]] std::string_view body() const noexcept { return ask(gw_request_body); }
    [[nodiscard]] std::string_view user() const noexcept { return ask(gw_request_user); }
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept { return ask(gw_request_header, name); }
    [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept {
        return ask(gw_request_parameter, name);
    }
    Status start(int status, std::span<const gw_field> fields,
                 std::uint64_t length = GW_LENGTH_UNKNOWN) const noexcept {
        return gw_response_start(gateway_, id_, status, fields.data(), fields.size(), length);
    }
    Status write(std::string_view piece) const noexcept {
        return gw_response_write(gateway_, id_, piece.data(), piece.size());
    }
    Status end() const noexcept { return gw_response_end(gateway_, id_); }
    // So that nobody takes it for a whole one.
    Status abort() const noexcept { return gw_response_abort(gateway_, id_); }

private:
    template <typename Question, typename... Name>
    [[nodiscard]] std::string_view ask(Question question, Name... name) const noexcept {
        gw_str out{};
        return question(gateway_, id_, str(name)..., &out) == GW_OK ? view(out) : std::string_view();
    }
    gw_gateway* gateway_;
    gw_request_id id_;
};

// An answer of an agent of the host, named by its id, likewise.
class Run {
public:
    Run(gw_gateway* gateway, gw_run_id id) noexcept : gateway_(gateway), id_(id) {}
    [[nodiscard]] gw_run_id id() const noexcept { return id_; }
    [[nodiscard]] std::string_view request() const noexcept {
        gw_str out{};
        return gw_run_request(gateway_, id_, &out) == GW_OK ? view(out) : std::string_view();
    }
    Status delta(std::string_view text, gw_run_text kind = GW_RUN_TEXT) const noexcept {
        return gw_run_delta(gateway_, id_, kind, str(text));
    }
    Status tool_call(std::string_view tool, std::string_view arguments, std::string_view id = {}) const noexcept {
        return gw_run_tool_call(gateway_, id_, str(id), str(tool), str(arguments));
    }
    Status end(gw_run_stop stop = GW_RUN_STOP, const gw_run_usage* usage = nullptr) const noexcept {
        return gw_run_end(gateway_, id_, stop, usage);
    }
    Status fail(std::string_view message) const noexcept { return gw_run_fail(gateway_, id_, str(message)); }

private:
    gw_gateway* gateway_;
    gw_run_id id_;
};

// A call of a tool of the host, likewise.
class ToolCall {
public:
    ToolCall(gw_gateway* gateway, gw_tool_call_id id) noexcept : gateway_(gateway), id_(id) {}
    [[nodiscard]] gw_tool_call_id id() const noexcept { return id_; }
    Status progress(std::string_view text) const noexcept { return gw_tool_progress(gateway_, id_, str(text)); }
    Status result(std::string_view text) const noexcept { return gw_tool_result(gateway_, id_, str(text), false); }
    Status fail(std::string_view message) const noexcept { return gw_tool_result(gateway_, id_, str(message), true); }

private:
    gw_gateway* gateway_;
    gw_tool_call_id id_;
};

// A call of a method of the host, likewise.
class MethodCall {
public:
    MethodCall(gw_gateway* gateway, gw_method_call_id id) noexcept : gateway_(gateway), id_(id) {}
    [[nodiscard]] gw_method_call_id id() const noexcept { return id_; }
    Status answer(std::string_view payload = {}) const noexcept {
        return gw_method_answer(gateway_, id_, str(payload));
    }
    Status fail(std::string_view code, std::string_view message, std::string_view details = {}) const noexcept {
        return gw_method_fail(gateway_, id_, str(code), str(message), str(details));
    }

private:
    gw_gateway* gateway_;
    gw_method_call_id id_;
};

class Gateway : public Handle<gw_gateway, gw_gateway_free> {
public:
    using Handle::Handle;
    [[nodiscard]] static Result<Gateway> make(const gw_gateway_options& options) noexcept {
        return gateway::make<Gateway, gw_gateway>([&](gw_gateway** out) { return gw_gateway_new(&options, out); });
    }
    // The usual start in one call.
    [[nodiscard]] static Result<Gateway> open(const gw_config_source& source, const gw_gateway_options& options,
                                              Buffer* problems = nullptr) noexcept {
        return gateway::make<Gateway, gw_gateway>([&](gw_gateway** out) {
            return gw_gateway_open(&source, &options, out, problems == nullptr ? nullptr : problems->out());
        });
    }
    Status tick(std::uint64_t monotonic_ms, std::uint64_t unix_ms = GW_SYSTEM_TIME) const noexcept {
        return gw_gateway_tick(get(), monotonic_ms, unix_ms);
    }
    Status set_utc_offset(std::int32_t minutes) const noexcept { return gw_gateway_set_utc_offset(get(), minutes); }
    [[nodiscard]] std::uint64_t next_deadline() const noexcept { return gw_gateway_next_deadline(get()); }
    // What the gateway wants now, one after the other. The strings of an event are valid until the next call.
    [[nodiscard]] auto events() const noexcept {
        return Taking(sized<gw_event>(),
                      [gateway = get()](gw_event& event) { return gw_gateway_next_event(gateway, &event); });
    }
    [[nodiscard]] Result<Conn> accept(std::string_view address, std::uint32_t port = 0,
                                      std::uint32_t listener = 0) const noexcept {
        auto peer = sized<gw_peer>();
        peer.address = str(address);
        peer.port = port;
        peer.listener = listener;
        return accept(peer);
    }
    [[nodiscard]] Result<Conn> accept(const struct sockaddr& from, std::uint32_t listener = 0) const noexcept {
        auto peer = sized<gw_peer>();
        peer.sockaddr = &from;
        peer.listener = listener;
        return accept(peer);
    }
    [[nodiscard]] Result<Conn> accept(const gw_peer& peer) const noexcept {
        gw_conn* conn = nullptr;
        const gw_status status = gw_conn_accept(get(), &peer, &conn);
        if (status != GW_OK) return status;
        return Conn(conn);
    }
    Status answer(gw_ask_id ask, const gw_answer& answer) const noexcept { return gw_ask_answer(get(), ask, &answer); }
    Status set_ask_user(gw_ask_id ask, void* user) const noexcept { return gw_ask_set_user(get(), ask, user); }
    Status route(std::string_view method, std::string_view pattern, std::uint32_t number, std::uint32_t flags = 0,
                 std::uint64_t body_bytes_max = 0) const noexcept {
        return gw_gateway_route(get(), str(method), str(pattern), number, flags, body_bytes_max);
    }
    [[nodiscard]] Request request(gw_request_id id) const noexcept { return {get(), id}; }
    Status agent(std::string_view id) const noexcept { return gw_gateway_agent(get(), str(id)); }
    [[nodiscard]] Run run(gw_run_id id) const noexcept { return {get(), id}; }
    Status add_tool(std::string_view name, std::string_view description, std::string_view schema = {},
                    std::uint32_t flags = 0) const noexcept {
        return gw_gateway_add_tool(get(), str(name), str(description), str(schema), flags);
    }
    [[nodiscard]] ToolCall tool_call(gw_tool_call_id id) const noexcept { return {get(), id}; }
    Status add_method(std::string_view name, std::string_view scope = {}, std::string_view schema = {},
                      std::uint32_t timeout_ms = 0) const noexcept {
        return gw_gateway_add_method(get(), str(name), str(scope), str(schema), timeout_ms);
    }
    [[nodiscard]] MethodCall method_call(gw_method_call_id id) const noexcept { return {get(), id}; }
    Status add_event(std::string_view name, std::string_view scope = {}, std::uint32_t flags = 0) const noexcept {
        return gw_gateway_add_event(get(), str(name), str(scope), flags);
    }
    Status emit(std::string_view name, std::string_view payload = {}, gw_client_id client = 0) const noexcept {
        return gw_gateway_emit(get(), str(name), str(payload), client);
    }
    Status restart() const noexcept { return gw_gateway_restart(get()); }
    Status shutdown() const noexcept { return gw_gateway_shutdown(get()); }
    [[nodiscard]] gw_stats stats() const noexcept {
        auto now = sized<gw_stats>();
        gw_gateway_stats(get(), &now);
        return now;
    }
};

}  // namespace gateway
