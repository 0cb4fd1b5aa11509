// List: a doubly linked list whose links lie in the elements, so that adding and removing never allocates or fails.
// An element leaves its list when it is destroyed.
//
//     struct Conn { Link<Conn> pending{this}; };
//     List<Conn> queue;
//     queue.push_back(conn.pending);
#pragma once

#include <cassert>

namespace gw {

template <typename T>
class List;

template <typename T>
class Link {
public:
    explicit Link(T* owner) noexcept : owner_(owner) {}
    ~Link() { unlink(); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }
    void unlink() noexcept {
        if (next_ == nullptr) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = nullptr;
    }

private:
    friend class List<T>;
    T* owner_;
    Link* previous_ = nullptr;
    Link* next_ = nullptr;
};

template <typename T>
class List {
public:
    List() noexcept { head_.previous_ = head_.next_ = &head_; }
    ~List() {
        while (pop_front() != nullptr) {
        }
        head_.previous_ = head_.next_ = nullptr;
    }
    List(const List&) = delete;
    List& operator=(const List&) = delete;

    [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }
    [[nodiscard]] T* front() const noexcept { return head_.next_->owner_; }                    // nullptr when empty
    [[nodiscard]] T* after(const Link<T>& link) const noexcept { return link.next_->owner_; }  // nullptr at the end
    void push_back(Link<T>& link) noexcept {
        assert(!link.linked());
        link.previous_ = head_.previous_;
        link.next_ = &head_;
        head_.previous_->next_ = &link;
        head_.previous_ = &link;
    }
    T* pop_front() noexcept {
        if (empty()) return nullptr;
        Link<T>* link = head_.next_;
        link->unlink();
        return link->owner_;
    }

private:
    Link<T> head_{nullptr};
};

}  // namespace gw
