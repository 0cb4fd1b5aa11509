// HelperRun: one run of a program of the host that reads a format for us (content/convert.h).
//
//     start() ─► in line, at most Helpers::at_once of a gateway run ─► GW_EVENT_SPAWN ─► output, or why there is none
//
// Destroying it takes the question back: the host stops the program.
#pragma once

#include <memory_resource>
#include <string_view>

#include "content/convert.h"
#include "core/list.h"
#include "core/timers.h"
#include "exchange/asks.h"

namespace gw::exchange {

class Gateway;
class HelperRun;

// The programs that run now, and who waits for one of them to end.
class Helpers {
public:
    static constexpr std::size_t at_once = 4;
    static constexpr std::size_t in_line_max = 64;
    static constexpr Milliseconds wait_ms_max = 60000;

private:
    friend class HelperRun;
    void leave() noexcept;

    List<HelperRun> line_;
    std::size_t running_ = 0, waiting_ = 0;
};

class HelperRun final : public AskOwner {
public:
    enum class Failure : std::uint8_t {
        unsupported,  // the host runs no programs, or has not got this one
        refused,      // the program cannot read the bytes, or may not go on
        busy,         // too many wait, or this one has waited too long
    };
    // Told one of these, once, never from inside start(). The listener may destroy the run from any of them.
    class Listener {
    public:
        virtual void on_helped(std::string_view output) = 0;
        // `problem` is a part of a sentence whose subject is the file.
        virtual void on_help_failed(Failure failure, std::string_view problem) = 0;
        virtual void on_no_memory() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    HelperRun(Gateway& gateway, Listener& listener, content::Helper helper, const content::HelperOptions& options,
              std::size_t output_bytes_max);
    ~HelperRun();
    HelperRun(const HelperRun&) = delete;
    HelperRun& operator=(const HelperRun&) = delete;

    // `input` outlives the run.
    void start(std::string_view input);

    void on_answer(Ask& ask, const gw_answer& answer) override;
    Link<HelperRun> in_line;

private:
    friend class Helpers;
    enum class Place : std::uint8_t { none, in_line, running };
    void begin();
    void on_turn() noexcept;
    void leave() noexcept;
    void fail_busy();

    Gateway& gateway_;
    Listener& listener_;
    content::Helper helper_;
    content::HelperCommand command_;
    std::size_t output_bytes_max_;
    std::string_view input_;
    Place place_ = Place::none;
    Timer timer_;
    Ask ask_;
};

}  // namespace gw::exchange
