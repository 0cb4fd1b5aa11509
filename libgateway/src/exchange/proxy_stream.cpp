// A streamed answer of the proxy: its frames under inspection, its end, and what time does to it.
#include <algorithm>

#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr Milliseconds keep_alive_ms = 15000;

}  // namespace

void ProxyRun::begin_stream() {
    answer_ = Answer::stream;
    InspectedStream::Options options;
    options.frame_bytes_max = gateway_.limits().event_bytes_max;
    options.model = model_;
    options.notice = proxy_.block_message();
    if (facts_.completion && !translates()) options.facts = &facts_;
    options.latency = &proxy_.metrics().added_latency;
    options.asks_about_calls = Opinion::is_wanted(gateway_, *completion_);
    ++proxy_.metrics().streams;
    ++proxy_.metrics().streams_open;
    stream_ = make_owned<InspectedStream>(gateway_.memory(), *completion_, dialect(), facts_.framing, options,
                                          gateway_.scratch_document(), gateway_.pool(), gateway_.memory());
    if (translates()) begin_translation();
    sent_at_ = gateway_.now();
    arm_timer();
}

// The upstream streams without saying so: its first bytes tell what.
void ProxyRun::sniff() {
    sniffs_ = false;
    const std::string_view text = collected_.text();
    if (text.starts_with("data:") || text.starts_with("event:") || text.starts_with(":")) {
        facts_.framing = provider::Framing::sse;
    } else if (dialect_ == provider::DialectName::ollama && text.starts_with('{')) {
        facts_.framing = provider::Framing::ndjson;
    } else {
        return;
    }
    begin_stream();
    answer_fields_.push_back({"X-Accel-Buffering", "no"});
    client_.begin_stream(upstream_status_,
                         facts_.framing == provider::Framing::sse ? std::string_view("text/event-stream")
                                                                  : std::string_view("application/x-ndjson"),
                         answer_fields_);
    const Buffer first(std::move(collected_));
    stream_->set_time(gateway_.now(), gateway_.unix_ms());
    stream_->feed(first.bytes(), out_);
    send(out_);
}

// What the stream let go; and its end, when it has ended.
void ProxyRun::send(Buffer& out) {
    ask_about_calls();
    if (stream_->ended()) {
        end_stream();
        return;
    }
    if (translator_ && !out.empty()) translate_frames(out);
    if (!out.empty()) {
        client_.write(out.bytes());
        out.clear();
        sent_at_ = gateway_.now();
    }
    arm_timer();
    if (client_.is_full()) call_->pause();
}

// What is left goes out, and nothing after it.
void ProxyRun::end_stream() {
    refused_ = true;  // whatever the upstream still says
    timer_.disarm();
    if (opinion_) opinion_->take_back();
    if (translator_) {
        if (!out_.empty()) translate_frames(out_);
        if (!translator_->ended()) translator_->finish(out_);
    }
    if (!out_.empty()) client_.write(out_.bytes());
    out_.clear();
    record_verdict(*completion_, false);
    record_response();
    if (stream_->blocked()) {
        ++proxy_.metrics().streams_blocked;
        tell_session(*completion_, false);
    }
    client_.end();  // ends this run, which cancels the call
}

void ProxyRun::arm_timer() {
    Milliseconds due = GW_NEVER;
    if (facts_.framing == provider::Framing::sse) due = sent_at_ + keep_alive_ms;
    if (const auto held = stream_->deadline_ms()) due = std::min<Milliseconds>(due, *held);
    if (due == GW_NEVER) return;
    if (!timer_.armed() || due < timer_.deadline()) timer_.arm(due);
}

void ProxyRun::on_timer() {
    try {
        if (refused_ || !stream_) return;
        stream_->tick(gateway_.now(), out_);
        if (out_.empty() && !stream_->ended() && facts_.framing == provider::Framing::sse &&
            gateway_.now() >= sent_at_ + keep_alive_ms && !client_.is_full()) {
            sse::encode_comment(out_, "keep-alive");
        }
        send(out_);
    } catch (const std::bad_alloc&) {
        on_no_memory();
    }
}

}  // namespace gw::exchange
