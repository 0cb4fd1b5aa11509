#include "exchange/content_fetch.h"

#include <algorithm>

#include "content/url_policy.h"
#include "core/text.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

std::string_view problem_of(gw_status status) noexcept {
    switch (status) {
    case GW_ERR_DENIED: return "leads to a private address";
    case GW_ERR_RESOLVE: return "names a host that cannot be found";
    case GW_ERR_CONNECT: return "cannot be reached";
    case GW_ERR_TIMEOUT: return "did not come within the time allowed";
    case GW_ERR_TLS: return "has no valid certificate, or its TLS failed";
    case GW_ERR_UNSUPPORTED: return "cannot be fetched: the gateway's host opens no connections";
    case GW_ERR_CONFIG: return "cannot be fetched: the gateway knows no certificate authorities";
    case GW_ERR_LIMIT: return "cannot be fetched now: too much else is going on";
    default: return "broke off, or is not answered in HTTP";
    }
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

ContentFetch::ContentFetch(Gateway& gateway, Listener& listener, const config::AttachmentRules& rules,
                           std::string_view accept)
    : gateway_(gateway),
      listener_(listener),
      rules_(rules),
      accept_(accept),
      url_(gateway.memory()),
      redirects_left_(rules.redirects_max),
      timer_(
          gateway.timers(),
          [](void* self) {
              auto& fetch = *static_cast<ContentFetch*>(self);
              Listener& told = fetch.listener_;
              try {
                  fetch.fail({fetch.problem_.empty() ? problem_of(GW_ERR_TIMEOUT) : fetch.problem_});
              } catch (const std::bad_alloc&) {
                  told.on_no_memory();
              }
          },
          this),
      media_type_(gateway.memory()),
      body_(gateway.pool()) {}

void ContentFetch::start(std::string_view url) {
    timer_.arm(gateway_.now() + rules_.timeout_ms);
    url_ = url.substr(0, content::url_bytes_max + 1);
    const content::UrlJudgement judged = content::judge_url(url_, rules_);
    if (!judged.allowed()) {
        problem_ = judged.problem;
        timer_.arm(gateway_.now());
        return;
    }
    parsed_ = judged.url;
    request();
}

void ContentFetch::request() {
    UpstreamCall::Target target;
    target.url = parsed_;
    target.reach = content::reach(rules_);
    target.alone = true;
    // The fetch has one deadline; these only must not be shorter.
    target.connect_timeout_ms = target.first_byte_timeout_ms = target.idle_timeout_ms = rules_.timeout_ms;
    std::pmr::string path(gateway_.memory());
    if (!parsed_.path.starts_with('/')) path += '/';
    path += parsed_.path;
    const http1::Header fields[] = {
        {"User-Agent", "libgateway/" GW_VERSION}, {"Accept", accept_}, {"Accept-Encoding", "identity"}};
    UpstreamCall::Listener& told = *this;
    call_.emplace(gateway_, told, target);
    call_->start("GET", path, fields, Buffer(gateway_.pool()));
}

void ContentFetch::on_head(const http1::ResponseHead& head) {
    if (is_redirect(head.status)) {
        const auto location = head.headers.get_single("Location");
        location ? follow(*location) : fail({"redirects without saying where to"});
        return;
    }
    if (head.status != 200) {
        const char digits[] = {static_cast<char>('0' + head.status / 100 % 10),
                               static_cast<char>('0' + head.status / 10 % 10),
                               static_cast<char>('0' + head.status % 10)};
        fail({"is answered with status ", {digits, sizeof digits}});
        return;
    }
    // A small body that unfolds into a large one is not asked for and not taken.
    for (const http1::Header& field : head.headers.all()) {
        if (equals_ignoring_case(field.name, "Content-Encoding") && !equals_ignoring_case(field.value, "identity")) {
            fail({"comes compressed although nothing compressed was asked for"});
            return;
        }
    }
    if (head.content_length && *head.content_length > rules_.bytes_max) {
        fail({"is larger than allowed"});
        return;
    }
    media_type_ = head.headers.get_single("Content-Type").value_or(std::string_view{});
}

void ContentFetch::follow(std::string_view location) {
    if (redirects_left_ == 0) {
        fail({"redirects too often"});
        return;
    }
    --redirects_left_;
    auto next = content::resolve_reference(parsed_, location, gateway_.memory());
    if (!next) {
        fail({"redirects to a URL that is too long"});
        return;
    }
    const content::UrlJudgement judged = content::judge_url(*next, rules_, &parsed_);
    if (!judged.allowed()) {
        fail({"redirects to a URL that ", judged.problem});
        return;
    }
    call_.reset();
    url_ = std::move(*next);
    parsed_ = *upstream::parse_url(url_);
    request();
}

void ContentFetch::on_body(std::span<const std::byte> data) {
    if (data.size() > rules_.bytes_max - body_.size()) {
        fail({"is larger than allowed"});
        return;
    }
    body_.append(data);
}

void ContentFetch::on_end() {
    timer_.disarm();
    const std::pmr::string media_type = std::move(media_type_);
    listener_.on_fetched(std::move(body_), media_type);
}

void ContentFetch::on_failure(gw_status status, std::string_view /*what*/) { fail({problem_of(status)}); }

void ContentFetch::on_no_memory() noexcept {
    timer_.disarm();
    listener_.on_no_memory();
}

void ContentFetch::fail(std::initializer_list<std::string_view> pieces) {
    std::pmr::string problem(gateway_.memory());
    for (const std::string_view piece : pieces) problem += piece;
    timer_.disarm();
    call_.reset();
    listener_.on_fetch_failed(problem);
}

}  // namespace gw::exchange
