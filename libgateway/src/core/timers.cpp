#include "core/timers.h"

#include <algorithm>
#include <cassert>

namespace gw {

Timer::Timer(Timers& timers, Action action, void* owner) : timers_(timers), action_(action), owner_(owner) {
    std::pmr::vector<Timer*>& heap = timers.heap_;
    if (heap.capacity() < timers.timers_ + 1) heap.reserve(std::max<std::size_t>(16, 2 * (timers.timers_ + 1)));
    ++timers.timers_;
}

Timer::~Timer() {
    disarm();
    --timers_.timers_;
}

void Timer::arm(Milliseconds deadline) noexcept {
    if (deadline == never) {
        disarm();
        return;
    }
    const bool was_armed = armed();
    const bool later = was_armed && deadline > deadline_;
    deadline_ = deadline;
    if (!was_armed) {
        assert(timers_.heap_.size() < timers_.heap_.capacity());
        timers_.heap_.push_back(this);
        index_ = timers_.heap_.size() - 1;
    }
    if (later) {
        timers_.sift_down(index_);
    } else {
        timers_.sift_up(index_);
    }
}

void Timer::disarm() noexcept {
    if (armed()) timers_.remove(index_);
}

Milliseconds Timers::next_deadline() const noexcept { return heap_.empty() ? never : heap_.front()->deadline_; }

Timer* Timers::pop_due(Milliseconds now) noexcept {
    if (heap_.empty() || heap_.front()->deadline_ > now) return nullptr;
    Timer* timer = heap_.front();
    remove(0);
    return timer;
}

void Timers::place(std::size_t index, Timer* timer) noexcept {
    heap_[index] = timer;
    timer->index_ = index;
}

void Timers::sift_up(std::size_t index) noexcept {
    Timer* timer = heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 2;
        if (heap_[parent]->deadline_ <= timer->deadline_) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, timer);
}

void Timers::sift_down(std::size_t index) noexcept {
    Timer* timer = heap_[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->deadline_ < heap_[child]->deadline_) ++child;
        if (heap_[child]->deadline_ >= timer->deadline_) break;
        place(index, heap_[child]);
        index = child;
    }
    place(index, timer);
}

void Timers::remove(std::size_t index) noexcept {
    heap_[index]->index_ = Timer::unarmed;
    Timer* last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    place(index, last);
    sift_up(index);
    sift_down(last->index_);
}

}  // namespace gw
