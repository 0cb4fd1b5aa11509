#include "exchange/helper_run.h"

#include "exchange/gateway.h"

namespace gw::exchange {

void Helpers::leave() noexcept {
    --running_;
    if (HelperRun* const next = line_.pop_front()) next->on_turn();
}

HelperRun::HelperRun(Gateway& gateway, Listener& listener, content::Helper helper,
                     const content::HelperOptions& options, std::size_t output_bytes_max)
    : in_line(this),
      gateway_(gateway),
      listener_(listener),
      helper_(helper),
      command_(helper, options, gateway.memory()),
      output_bytes_max_(output_bytes_max),
      timer_(
          gateway.timers(),
          [](void* self) {
              auto& run = *static_cast<HelperRun*>(self);
              Listener& told = run.listener_;
              try {
                  run.place_ == Place::running ? run.begin() : run.fail_busy();
              } catch (const std::bad_alloc&) {
                  told.on_no_memory();
              }
          },
          this),
      ask_(gateway, *this) {}

HelperRun::~HelperRun() { leave(); }

void HelperRun::leave() noexcept {
    Helpers& helpers = gateway_.helpers();
    switch (std::exchange(place_, Place::none)) {
    case Place::none: break;
    case Place::in_line:
        in_line.unlink();
        --helpers.waiting_;
        break;
    case Place::running: helpers.leave(); break;
    }
}

void HelperRun::start(std::string_view input) {
    input_ = input;
    Helpers& helpers = gateway_.helpers();
    if (helpers.running_ < Helpers::at_once) {
        place_ = Place::running;
        ++helpers.running_;
        begin();
    } else if (helpers.waiting_ < Helpers::in_line_max) {
        place_ = Place::in_line;
        ++helpers.waiting_;
        helpers.line_.push_back(in_line);
        timer_.arm(gateway_.now() + Helpers::wait_ms_max);
    } else {
        timer_.arm(gateway_.now());
    }
}

void HelperRun::on_turn() noexcept {
    Helpers& helpers = gateway_.helpers();
    place_ = Place::running;
    --helpers.waiting_;
    ++helpers.running_;
    timer_.arm(gateway_.now());  // from inside another run's end: go on from the loop, not from there
}

void HelperRun::begin() {
    Question question;
    question.type = GW_EVENT_SPAWN;
    question.data = input_;
    question.argv = command_.argv();
    question.timeout_ms = content::helper_timeout_ms;
    question.output_bytes_max = output_bytes_max_;
    if (ask_.put(question) == GW_OK) return;
    leave();
    timer_.arm(gateway_.now());
}

void HelperRun::fail_busy() {
    leave();
    listener_.on_help_failed(Failure::busy, "cannot be read now: too many others wait for the same program");
}

void HelperRun::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    leave();
    Listener& told = listener_;
    try {
        if (answer.status == GW_OK && answer.exit_code == 0) {
            told.on_helped(as_text(answer.data));
        } else if (answer.status == GW_OK) {
            told.on_help_failed(content::helper_missing(answer.exit_code) ? Failure::unsupported : Failure::refused,
                                content::exit_problem(helper_, answer.exit_code));
        } else if (answer.status == GW_ERR_UNSUPPORTED) {
            told.on_help_failed(Failure::unsupported,
                                "cannot be read here: the gateway's host runs no helper programs");
        } else if (answer.status == GW_ERR_LIMIT) {
            told.on_help_failed(Failure::refused, "holds more than one file may");
        } else if (answer.status == GW_ERR_NO_MEMORY) {
            told.on_no_memory();
        } else if (answer.status == GW_ERR_TIMEOUT) {
            told.on_help_failed(Failure::refused, "took more memory or time than one file may take");
        } else {
            told.on_help_failed(Failure::unsupported, "cannot be read here: the helper program cannot be started");
        }
    } catch (const std::bad_alloc&) {
        told.on_no_memory();
    }
}

}  // namespace gw::exchange
