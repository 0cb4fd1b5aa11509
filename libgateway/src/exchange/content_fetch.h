// ContentFetch: one URL of a client, fetched with the suspicion that such a URL deserves.
//
//     URL ─ judge ─► resolve ─► every address checked ─► connect to that very address ─► TLS ─► head ─► body ─►
//     on_fetched
//       ▲                                                                                 │
//       └──────────────── Location, judged and resolved anew, redirects_max times ────────┘
//
// One deadline for all of it. The size is bounded before the body comes where the server announces it, and while it
// comes in any case. Nothing of the client goes to the server: no cookie, no credential, no referrer. The connection is
// its own: it is not one of those kept for providers and is not kept itself. Destroying the fetch cancels it.
#pragma once

#include <initializer_list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/buffer.h"
#include "core/timers.h"
#include "exchange/upstream_call.h"

namespace gw::exchange {

class Gateway;

class ContentFetch final : private UpstreamCall::Listener {
public:
    // Told one of these, once, never from inside start(). The listener may destroy the fetch from any of them.
    class Listener {
    public:
        // `media_type` as the server says it; may be empty.
        virtual void on_fetched(Buffer&& bytes, std::string_view media_type) = 0;
        // `problem` is a part of a sentence whose subject is the URL: "leads to a private address". It holds nothing of
        // what the server sent.
        virtual void on_fetch_failed(std::string_view problem) = 0;
        virtual void on_no_memory() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    // `rules` outlive the fetch; `accept` is static, for the Accept field.
    ContentFetch(Gateway& gateway, Listener& listener, const config::AttachmentRules& rules, std::string_view accept);
    ContentFetch(const ContentFetch&) = delete;
    ContentFetch& operator=(const ContentFetch&) = delete;

    void start(std::string_view url);

private:
    void on_head(const http1::ResponseHead& head) override;
    void on_body(std::span<const std::byte> data) override;
    void on_end() override;
    void on_failure(gw_status status, std::string_view what) override;
    void on_no_memory() noexcept override;

    void request();
    void follow(std::string_view location);
    void fail(std::initializer_list<std::string_view> pieces);

    Gateway& gateway_;
    Listener& listener_;
    const config::AttachmentRules& rules_;
    std::string_view accept_;
    std::pmr::string url_;
    upstream::Url parsed_;  // views into url_
    std::uint32_t redirects_left_;
    std::string_view problem_;  // to be told by the timer instead of a time-out
    Timer timer_;
    std::pmr::string media_type_;
    Buffer body_;
    std::optional<UpstreamCall> call_;
};

}  // namespace gw::exchange
