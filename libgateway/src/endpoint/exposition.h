// The text format in which Prometheus reads metrics, version 0.0.4.
//
//     Exposition x(out);
//     x.family("gateway_requests_total", "counter", "Requests answered.");
//     x.sample("gateway_requests_total", {{"route", "chat"}, {"status", "2xx"}}, 3);
//
//     # HELP gateway_requests_total Requests answered.
//     # TYPE gateway_requests_total counter
//     gateway_requests_total{route="chat",status="2xx"} 3
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "core/buffer.h"

namespace gw::endpoint {

inline constexpr std::string_view exposition_type = "text/plain; version=0.0.4; charset=utf-8";

struct MetricLabel {
    std::string_view name, value;
};

class Exposition {
public:
    explicit Exposition(Buffer& out) noexcept : out_(out) {}
    // All samples of a family follow it. Names are ours: nothing checks them.
    void family(std::string_view name, std::string_view type, std::string_view help);
    void sample(std::string_view name, std::initializer_list<MetricLabel> labels, std::uint64_t value);
    // A family of one counter or gauge without labels.
    void single(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value);
    // Cumulative buckets, sum and count, in seconds. `counts` has one more element than `bounds_us`: what is above.
    void histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> bounds_us,
                   std::span<const std::uint64_t> counts, std::uint64_t sum_us);

private:
    void label_value(std::string_view text);
    void number(std::uint64_t value);
    void seconds(std::uint64_t us);
    Buffer& out_;
};

// Counts durations by their size. Bounds are microseconds, ascending, each included in its bucket.
template <std::size_t size>
class Histogram {
public:
    explicit constexpr Histogram(const std::array<std::uint64_t, size>& bounds_us) noexcept : bounds_us_(bounds_us) {}
    void observe(std::uint64_t us) noexcept {
        std::size_t at = 0;
        while (at < size && us > bounds_us_[at]) ++at;
        ++counts_[at];
        sum_us_ += us;
    }
    void write(Exposition& to, std::string_view name, std::string_view help) const {
        to.histogram(name, help, bounds_us_, counts_, sum_us_);
    }
    [[nodiscard]] std::span<const std::uint64_t> bounds_us() const noexcept { return bounds_us_; }
    // One more than bounds: what is above the last.
    [[nodiscard]] std::span<const std::uint64_t> counts() const noexcept { return counts_; }
    [[nodiscard]] std::uint64_t sum_us() const noexcept { return sum_us_; }

private:
    std::array<std::uint64_t, size> bounds_us_;
    std::array<std::uint64_t, size + 1> counts_{};
    std::uint64_t sum_us_ = 0;
};

}  // namespace gw::endpoint
