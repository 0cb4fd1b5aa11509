#include "support/mock_options.h"

#include <charconv>

namespace mock {
namespace {

bool number(std::string_view text, std::size_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
}

// "5" and "5ms", "200us", "1s".
bool duration(std::string_view text, std::uint64_t& out) {
    std::uint64_t unit_ns = 1'000'000;
    if (text.ends_with("us")) {
        unit_ns = 1'000;
        text.remove_suffix(2);
    } else if (text.ends_with("ms")) {
        text.remove_suffix(2);
    } else if (text.ends_with("s")) {
        unit_ns = 1'000'000'000;
        text.remove_suffix(1);
    }
    std::size_t value = 0;
    if (!number(text, value)) return false;
    out = value * unit_ns;
    return true;
}

// Writes a second, to be kept by the clock.
bool rate(std::string_view text, Options& options) {
    std::size_t per_second = 0;
    if (!number(text, per_second) || per_second == 0) return false;
    options.gap_ns = 1'000'000'000 / per_second;
    return options.by_clock = true;
}

bool status(std::string_view text, int& out) {
    std::size_t value = 0;
    if (!number(text, value) || value < 200 || value > 599) return false;
    out = static_cast<int>(value);
    return true;
}

bool ending(std::string_view value, Ending which, Options& options) {
    options.ending = which;
    options.end_after = 0;
    return value.empty() || number(value, options.end_after);
}

bool flag(std::string_view name, Options& options) {
    struct Flag {
        std::string_view name;
        bool Options::*member;
    };
    static constexpr Flag flags[] = {
        {"split-utf8", &Options::split_utf8},
        {"coalesce", &Options::coalesce},
        {"comments", &Options::comments},
        {"bom", &Options::byte_order_mark},
        {"gzip", &Options::gzip},
        {"close", &Options::connection_close},
        {"early-hints", &Options::early_hints},
        {"utf8", &Options::utf8},
        {"prose", &Options::prose},
        {"words", &Options::words},
        {"stamp", &Options::stamp},
        {"odd", &Options::odd},
        {"tools", &Options::tools},
        {"echo", &Options::echo},
        {"no-done", &Options::no_done},
        {"bad-event", &Options::bad_event},
        {"error-event", &Options::error_event},
        {"nonsense", &Options::nonsense},
    };
    for (const Flag& candidate : flags) {
        if (candidate.name != name) continue;
        options.*candidate.member = true;
        // Text without a character of several bytes has nothing to split.
        if (name == "split-utf8") options.utf8 = true;
        return true;
    }
    if (name == "crlf") return options.line_end = LineEnd::crlf, true;
    if (name == "cr") return options.line_end = LineEnd::cr, true;
    if (name == "chunked") return options.framing = Framing::chunked, true;
    if (name == "until-close") return options.framing = Framing::until_close, true;
    return false;
}

bool word(std::string_view name, std::string_view value, Options& options) {
    if (name == "stall") return ending(value, Ending::stall, options);
    if (name == "early-close") return ending(value, Ending::close, options);
    if (name == "reset") return ending(value, Ending::reset, options);
    if (value.empty()) return flag(name, options);
    if (name == "first") return duration(value, options.first_ns);
    if (name == "gap") return duration(value, options.gap_ns);
    if (name == "rate") return rate(value, options);
    if (name == "cut") return number(value, options.cut);
    if (name == "wire-cut") return number(value, options.wire_cut);
    if (name == "deltas") return number(value, options.delta_count);
    if (name == "bytes") return number(value, options.text_bytes);
    if (name == "status") return status(value, options.status);
    if (name == "retry-after") return options.retry_after = value, true;
    if (name == "fail") return options.fail_id = value, true;
    if (name == "fail-count") return number(value, options.fail_count);
    if (name == "fail-status") return status(value, options.fail_status);
    return false;
}

}  // namespace

std::optional<std::string> read_options(std::string_view text, Options& options) {
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find('+'));
        text.remove_prefix(part.size() == text.size() ? part.size() : part.size() + 1);
        if (part.empty()) continue;
        const std::size_t equals = part.find('=');
        const std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
        if (!word(part.substr(0, equals), value, options)) return std::string(part);
    }
    return std::nullopt;
}

}  // namespace mock
