// Result<T>: a value, or the reason why there is none. A peer's mistake is a value, never an exception.
//
//     Result<int> parse(...);
//     auto n = parse(...);
//     if (!n) return n.error();
//     use(*n);
#pragma once

#include <cassert>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "gateway/base.h"

namespace gw {

// Why something failed. `what` is static text and never holds a byte of the input, so it can be logged and shown.
struct Error {
    gw_status status = GW_ERR_INTERNAL;
    std::size_t where = 0;  // offset in the input, in bytes, where that makes sense
    std::string_view what;  // a sentence without its full stop
};

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Result(Error error) : state_(std::in_place_index<1>, error) {}         // NOLINT(google-explicit-constructor)

    [[nodiscard]] explicit operator bool() const noexcept { return state_.index() == 0; }

    [[nodiscard]] T& operator*() & noexcept { return *value(); }
    [[nodiscard]] const T& operator*() const& noexcept { return *value(); }
    [[nodiscard]] T&& operator*() && noexcept { return std::move(*value()); }
    [[nodiscard]] T* operator->() noexcept { return value(); }
    [[nodiscard]] const T* operator->() const noexcept { return value(); }

    [[nodiscard]] const Error& error() const noexcept {
        assert(state_.index() == 1);
        return *std::get_if<1>(&state_);
    }

private:
    T* value() noexcept {
        assert(state_.index() == 0);
        return std::get_if<0>(&state_);
    }
    const T* value() const noexcept {
        assert(state_.index() == 0);
        return std::get_if<0>(&state_);
    }
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() noexcept = default;
    Result(Error error) noexcept : failed_(true), error_(error) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] explicit operator bool() const noexcept { return !failed_; }
    [[nodiscard]] const Error& error() const noexcept {
        assert(failed_);
        return error_;
    }

private:
    bool failed_ = false;
    Error error_;
};

}  // namespace gw
