// ProxyRun: one request of the guardrail proxy, from its head to the end of the answer.
//
//     admit(head) ─► route, credentials          start(body) ─► target ─► inspection of the prompt ─► second opinion
//                                                                                                            │
//     client ◄── frames that may leave, second opinion of calls ◄── InspectedStream ◄── UpstreamCall ◄───────┘
//
// What is not blocked or redacted passes byte for byte, both ways.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/owned.h"
#include "core/timers.h"
#include "endpoint/records.h"
#include "exchange/http_run.h"
#include "exchange/inspected_stream.h"
#include "exchange/inspection.h"
#include "exchange/opinion.h"
#include "exchange/proxy.h"
#include "exchange/upstream_call.h"
#include "provider/dialect.h"
#include "provider/translate.h"
#include "upstream/credential.h"

namespace gw::exchange {

class ServerConn;

class ProxyRun final : public HttpRun, public UpstreamCall::Listener, private Opinion::Owner {
public:
    ProxyRun(Gateway& gateway, Proxy& proxy, ServerConn& client);
    ~ProxyRun() override;

    // `peer` names the address that the request came from. May answer at once; else the body is read, up to
    // body_bytes_max(), and start() goes on.
    void admit(const http1::RequestHead& head, std::string_view peer, bool peer_is_loopback);
    [[nodiscard]] std::uint64_t body_bytes_max() const noexcept { return body_bytes_max_; }
    void start(std::string_view body) override;
    void on_drained() override;
    void on_answered(int status) noexcept override;

    void on_head(const http1::ResponseHead& head) override;
    void on_body(std::span<const std::byte> data) override;
    void on_end() override;
    void on_failure(gw_status status, std::string_view what) override;
    void on_no_memory() noexcept override;

private:
    enum class Route : std::uint8_t {
        chat,
        passthrough,
        models,
        health,
        egress,
        providers,
        providers_reload,
        inspect,  // and the other routes of endpoint/inspect.h
        metrics,
        nowhere,
    };
    static constexpr http1::Header blocked_field{"X-DefenseClaw-Blocked", "true"};
    // How the answer reaches the client.
    enum class Answer : std::uint8_t { none, stream, collect, relay };

    [[nodiscard]] std::string_view path() const noexcept {
        return std::string_view(target_).substr(0, target_.find('?'));
    }
    [[nodiscard]] std::string_view query() const noexcept {
        const std::size_t mark = target_.find('?');
        return mark == std::pmr::string::npos ? std::string_view{} : std::string_view(target_).substr(mark + 1);
    }

    // proxy_routes.cpp: routes that are answered here
    [[nodiscard]] bool strip_connector();
    [[nodiscard]] Route find_route() const noexcept;
    void refuse_text(int status, std::string_view text);
    void refuse_route(int status, std::string_view text);
    void answer_providers(bool reload);
    void answer_models();
    void answer_egress(std::string_view body);
    void answer_inspection(std::string_view body);
    void answer_metrics();

    // proxy_target.cpp
    [[nodiscard]] bool judge_target(const json::Value& root);
    [[nodiscard]] bool choose_configured(const json::Value& root);
    [[nodiscard]] bool check_chat(const json::Value& root);
    void name_model(const json::Value& root, provider::Edits& edits);

    // proxy_run.cpp: the prompt
    [[nodiscard]] bool inspect_prompt(std::string_view body, const json::Value& root, provider::Edits& edits);
    void refuse(int status, std::string_view message);
    void refuse_prompt();
    void tell_session(const Inspection& inspection, bool prompt);

    // proxy_forward.cpp: what the provider gets
    [[nodiscard]] Buffer rewrite(std::string_view body, const json::Value& root, provider::Edits& edits);
    void forward(std::string_view body, const json::Value& root, provider::Edits& edits);

    // proxy_answer.cpp: what the client gets
    void begin_answer(const http1::ResponseHead& head, Answer how);
    void answer_collected();
    void pass_collected();
    [[nodiscard]] std::optional<bool> inspect_collected(std::string_view text, provider::Edits& edits);
    void answer_blocked();
    [[nodiscard]] bool is_failure() const noexcept { return upstream_status_ < 200 || upstream_status_ > 299; }

    // proxy_stream.cpp: the same, event by event
    void begin_stream();
    void sniff();
    void send(Buffer& out);
    void ask_about_calls();
    void end_stream();
    void on_timer();
    void arm_timer();

    [[nodiscard]] bool translates() const noexcept { return asked_ != dialect_; }
    [[nodiscard]] const provider::Dialect& client_dialect() const noexcept { return provider::dialect(asked_); }
    [[nodiscard]] const provider::Dialect& dialect() const noexcept { return provider::dialect(dialect_); }

    // proxy_translation.cpp: a client and a provider that speak differently
    [[nodiscard]] bool translate_body(Buffer& body);
    void begin_translation();
    void translate_frames(Buffer& frames);
    void answer_translated(std::string_view text);
    [[nodiscard]] message::AnswerIdentity identity() const noexcept;

    // proxy_opinion.cpp: what the host says of it
    enum class Asked : std::uint8_t { nothing, prompt, answer, calls };
    [[nodiscard]] bool ask_opinion(Asked what, std::string_view body);
    [[nodiscard]] bool ask_about_prompt(std::string_view body, provider::Edits& edits);
    void on_opinion(bool objects, std::string_view reason) override;

    // proxy_records.cpp: what is written down
    void record_egress();
    void record_verdict(const Inspection& inspection, bool prompt);
    void record_prompt(std::string_view body);
    void record_response();
    void record_error(std::string_view message);
    [[nodiscard]] endpoint::Envelope envelope(std::string_view direction) const;
    void write(const endpoint::Envelope& envelope, const endpoint::RecordPayload& payload);

    Gateway& gateway_;
    ConfigReference config_;  // `configured_` is in it
    Proxy& proxy_;
    ServerConn& client_;
    const http1::RequestHead* head_ = nullptr;
    Route route_ = Route::nowhere;
    bool peer_is_loopback_ = false;
    std::uint64_t body_bytes_max_ = 0;
    std::pmr::string target_;  // path and query, without the connector's prefix
    std::pmr::string connector_;
    std::pmr::string request_id_, session_;
    std::pmr::string prompt_id_;

    upstream::Judgement judgement_;
    upstream::Credential credential_;
    const config::Provider* configured_ = nullptr;  // no target was named
    std::pmr::string configured_model_;
    provider::DialectName asked_ = provider::DialectName::openai_chat;    // what the client speaks
    provider::DialectName dialect_ = provider::DialectName::openai_chat;  // what the upstream speaks
    provider::RequestFacts facts_;
    std::pmr::string model_;
    std::optional<Inspection> prompt_, completion_;

    std::optional<provider::StreamTranslator> translator_;
    std::optional<provider::FrameReader> translated_frames_;
    provider::TranslatedRequest translated_;

    // While the host is asked about the prompt: the body, which lives as long as the request does, and what is to be
    // replaced in it.
    std::optional<Opinion> opinion_;
    Asked asked_about_ = Asked::nothing;
    std::string_view asked_body_;
    std::optional<provider::Edits> asked_edits_;

    std::optional<UpstreamCall> call_;
    Owned<InspectedStream> stream_;
    Answer answer_ = Answer::none;
    Timer timer_;
    Buffer collected_;
    Buffer out_;
    int upstream_status_ = 0;
    std::pmr::vector<http1::Header> answer_fields_;  // views into answer_text_
    std::pmr::string answer_text_;
    Milliseconds begun_at_ = 0, sent_at_ = 0;
    bool sniffs_ = false;  // the upstream did not say what its stream is
    bool refused_ = false;
    bool recorded_ = false;
    bool whole_ = false;  // the upstream's answer ended as it should
};

}  // namespace gw::exchange
