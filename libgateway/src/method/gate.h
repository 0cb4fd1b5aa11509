// Gate: what handlers of methods need from the engine around them: time, memory, the configuration, and ways to answer
// later and to tell many. Tests put their own behind it.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

#include "config/config.h"
#include "core/buffer.h"
#include "core/log.h"
#include "core/timers.h"
#include "crypto/random.h"
#include "gateway/config.h"
#include "method/client.h"
#include "method/turn.h"
#include "rpc/frame.h"
#include "store/store.h"

namespace gw::method {

// A call that is answered later. 0 is none.
using Ticket = std::uint64_t;

// What clients of the simple dialect hear of a run, instead of its events.
struct SimpleNews {
    enum class Kind : std::uint8_t { chunk, done, error };
    Kind kind = Kind::chunk;
    std::string_view text;  // chunk: what is new; done: the whole answer; error: the message
    std::string_view session;
    std::string_view conn;  // whose run it is; those who subscribed to messages hear of all
    std::uint64_t input_tokens = 0, output_tokens = 0;
};

// One event for many. Views, used during the call only.
struct Event {
    std::string_view name;
    std::string_view payload;  // JSON
    rpc::Scope scope = rpc::Scope::any;
    bool to_nodes = false;       // nodes get it too
    bool may_drop = false;       // a client that does not keep up does without
    bool state_version = false;  // goes with the versions of presence and health
    std::string_view session;    // a session's: for those that may see it
    std::string_view merge;      // a delta: replaces one with the same text here that still waits for the same client
    std::uint8_t protocol_min = 3, protocol_max = 255;
    // For whom, beside all that; null: everybody.
    bool (*filter)(const void* context, const Client& client) = nullptr;
    const void* context = nullptr;
};

// What the engine counts; see gw_stats. Since the start, or now.
struct Figures {
    std::uint64_t conns_open = 0, conns_total = 0, sockets = 0;
    std::uint64_t requests_total = 0, requests_open = 0, streams_total = 0, refused_total = 0, bad_requests_total = 0;
    std::uint64_t calls_total = 0;
    std::uint64_t bytes_received = 0, bytes_sent = 0, memory_bytes = 0, buffer_bytes = 0;
    std::uint64_t upstream_conns_open = 0, upstream_requests_total = 0, upstream_failures_total = 0,
                  upstream_cancelled_total = 0;
    // Of the guardrail; "" and nothing when it is off.
    std::string_view guardrail_mode;
    std::uint64_t proxied_total = 0, proxied_blocked = 0;  // streams
    std::span<const std::uint64_t> latency_bounds_us;      // what it adds; the counts have one more: what is above
    std::span<const std::uint64_t> latency_counts;
    std::uint64_t latency_sum_us = 0;
};

class Call;
class ConfigDesk;
// A tool that agents may call.
struct CatalogTool {
    std::string_view name, description;
    bool is_hosts = false;  // the program around the gateway runs it
};

class Gate {
public:
    [[nodiscard]] virtual std::pmr::memory_resource* memory() noexcept = 0;
    [[nodiscard]] virtual BlockPool* pool() noexcept = 0;
    [[nodiscard]] virtual Timers& timers() noexcept = 0;
    [[nodiscard]] virtual Milliseconds now() const noexcept = 0;       // monotonic
    [[nodiscard]] virtual std::uint64_t unix_ms() const noexcept = 0;  // since the epoch
    [[nodiscard]] virtual std::uint64_t uptime_ms() const noexcept = 0;
    // How far the clocks of this machine are ahead of UTC.
    [[nodiscard]] virtual int utc_offset_minutes() const noexcept { return 0; }
    [[nodiscard]] virtual const crypto::Random& random() const noexcept = 0;
    [[nodiscard]] virtual const config::Config& config() const noexcept = 0;
    // Where people find the configuration and the state; empty: nowhere.
    [[nodiscard]] virtual std::string_view config_file() const noexcept { return {}; }
    [[nodiscard]] virtual std::string_view state_dir() const noexcept { return {}; }
    // Where the gateway listens, "http://192.0.2.1:18789"; empty: not known.
    [[nodiscard]] virtual std::string_view own_url() const noexcept { return {}; }
    // Null: there is no configuration to look at or to change.
    [[nodiscard]] virtual ConfigDesk* config_desk() noexcept { return nullptr; }
    [[nodiscard]] virtual const gw_limits& limits() const noexcept = 0;
    // Views in it: for the call.
    [[nodiscard]] virtual Figures figures() const noexcept { return {}; }
    [[nodiscard]] virtual store::Store& store() noexcept = 0;
    [[nodiscard]] virtual const Log& log() const noexcept = 0;

    // The call in whose handler we are, to be answered later.
    [[nodiscard]] virtual Ticket open_ticket() = 0;
    // Answers; a client that has left is no error. With `more` another answer with the same id follows.
    virtual void answer(Ticket ticket, std::string_view payload, bool more = false) = 0;
    virtual void fail(Ticket ticket, const rpc::Failure& failure) = 0;

    // A call of a method that the program around the gateway answers; its parameters fit.
    virtual void hand_over(Call& call) = 0;

    virtual void broadcast(const Event& event) = 0;
    virtual void tell_simple(const SimpleNews& news) = 0;
    // To one client, without a number. False: there is no such client.
    virtual bool send(ClientId client, std::string_view name, std::string_view payload) = 0;
    virtual void close(ClientId client, std::uint16_t code, std::string_view reason) = 0;

    [[nodiscard]] virtual Client* find(ClientId client) noexcept = 0;
    // A turn of an agent, to be started; its listener outlives it.
    [[nodiscard]] virtual Owned<Turn> make_turn(const TurnRequest& request, TurnListener& listener) = 0;
    // Appends the tools that the gateway runs, with views that live as long as it.
    virtual void describe_tools(std::pmr::vector<CatalogTool>& out) = 0;
    // Calls visit(context, client) for each until it returns false.
    virtual void for_each_client(bool (*visit)(void* context, Client& client), void* context) = 0;

protected:
    ~Gate() = default;
};

template <typename Visit>
void each_client(Gate& gate, Visit visit) {
    gate.for_each_client(
        [](void* context, Client& client) {
            (*static_cast<Visit*>(context))(client);
            return true;
        },
        &visit);
}

}  // namespace gw::method
