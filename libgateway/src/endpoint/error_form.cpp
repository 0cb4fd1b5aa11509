#include "endpoint/error_form.h"

#include "core/calendar.h"
#include "core/text.h"
#include "json/json.h"

namespace gw::endpoint {

namespace {

bool is_below(std::string_view path, std::string_view base) noexcept {
    return path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

}  // namespace

ErrorForm error_form_of(std::string_view path) noexcept {
    if (is_below(path, "/api")) return ErrorForm::envelope;
    if (is_below(path, "/tools")) return ErrorForm::tools;
    if (is_below(path, "/hooks")) return ErrorForm::hook;
    return ErrorForm::openai;
}

ApiError not_found_at(std::string_view path) noexcept {
    constexpr std::string_view api = "/api/v";
    if (path.starts_with(api)) {
        const std::string_view rest = path.substr(api.size());
        const std::string_view version = rest.substr(0, rest.find('/'));
        if (parse_decimal(version) && version != "1")
            return {404,
                    "not_found",
                    "There is no such version of this API. There is one: v1, at /api/v1 and at /api.",
                    "unknown_version",
                    {}};
    }
    return {404, "not_found", "There is nothing at this path.", {}, {}};
}

std::string_view too_large_in(ErrorForm form, std::string_view otherwise) noexcept {
    return form == ErrorForm::hook ? std::string_view("payload too large") : otherwise;
}

void write_error(Buffer& out, const ApiError& error, ErrorForm form, std::uint64_t unix_ms) {
    json::Writer w(out);
    switch (form) {
    case ErrorForm::openai: write_error(out, error); return;
    case ErrorForm::envelope:
        w.begin_object().member("success", false).key("error").begin_object();
        w.member("code", error.code.empty() ? error.type : error.code).member("message", error.message).end_object();
        w.member("timestamp", format_timestamp(unix_ms).view()).end_object();
        return;
    case ErrorForm::tools:
        w.begin_object().member("ok", false).key("error").begin_object();
        w.member("type", error.type).member("message", error.message);
        w.end_object().end_object();
        return;
    case ErrorForm::hook: w.begin_object().member("ok", false).member("error", error.message).end_object(); return;
    }
}

}  // namespace gw::endpoint
