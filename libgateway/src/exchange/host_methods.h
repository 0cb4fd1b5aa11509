// HostMethods: methods of the gateway protocol that the host answers (gateway/method.h).
//
//     start(call) ─► GW_EVENT_METHOD_CALL ─► gw_method_answer() or gw_method_fail() ─► Hub::answer() or fail()
//                          the caller left, or time is over ─► GW_EVENT_METHOD_CANCEL
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/id_table.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/event_source.h"
#include "exchange/rpc_socket.h"
#include "gateway/method.h"
#include "method/call.h"

namespace gw::exchange {

class Gateway;

// A call that the host is at; it belongs to the pending call, and ends with it.
class HostMethodJob final : public PendingJob, public EventSource {
public:
    HostMethodJob(Gateway& gateway, const method::Call& call, method::Ticket ticket, std::uint32_t timeout_ms);
    ~HostMethodJob() override;

    bool next_event(gw_event& event) noexcept override;
    // The host's calls; the job is gone after them. When memory runs out so is the caller's connection.
    void answer(std::string_view payload);
    void fail(const rpc::Failure& failure);

private:
    template <typename Say>
    void end(Say&& say);
    void on_time() noexcept;
    void forget_params() noexcept;

    Gateway& gateway_;
    method::Ticket ticket_;
    method::ClientId client_;
    Id id_ = 0;
    bool told_ = false;
    std::pmr::string name_, params_, caller_;
    std::size_t params_bytes_;
    Timer timer_;
};

class HostMethods final : public EventSource {
public:
    static constexpr std::size_t params_bytes_max = std::size_t{64} << 20U;  // of calls that the host has not heard of
    static constexpr std::size_t payload_bytes_max = std::size_t{16} << 20U;

    explicit HostMethods(Gateway& gateway);

    [[nodiscard]] bool has_room(const method::Call& call) const noexcept;
    [[nodiscard]] Owned<PendingJob> start(const method::Call& call, method::Ticket ticket);

    // Calls that the host is at; those that nobody waits for any more are told with METHOD_CANCEL.
    IdTable<HostMethodJob> jobs;
    bool next_event(gw_event& event) noexcept override;

private:
    friend class HostMethodJob;
    Gateway& gateway_;
    std::size_t params_bytes_ = 0;
};

}  // namespace gw::exchange
