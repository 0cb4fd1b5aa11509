#include "provider/response_writer.h"

#include <algorithm>
#include <charconv>

#include "provider/dialect_responses_events.h"
#include "provider/translate_parts.h"
#include "provider/translate_words.h"

namespace gw::provider {

using json::Writer;
using message::AnswerPart;
using message::AnswerStep;
using message::StopReason;

// --- items and the object around them ----------------------------------------------------------------------------

std::pmr::string response_item_id(AnswerKind kind, std::string_view response_id, std::uint64_t index,
                                  std::pmr::memory_resource* memory) {
    std::pmr::string id(kind == AnswerKind::call ? "fc_" : "msg_", memory);
    if (response_id.starts_with("resp_")) response_id.remove_prefix(5);
    id += response_id;
    id += '_';
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), index).ptr;
    id.append(digits, static_cast<std::size_t>(end - digits));
    return id;
}

void write_response_part(Writer& w, AnswerKind kind, std::string_view text) {
    w.begin_object();
    if (kind == AnswerKind::refusal) {
        w.member("type", "refusal").member("refusal", text);
    } else {
        w.member("type", "output_text").member("text", text).key("annotations").begin_array().end_array();
        w.key("logprobs").begin_array().end_array();
    }
    w.end_object();
}

void write_response_item(Writer& w, const AnswerPart& part, std::string_view item_id, bool done,
                         std::string_view phase) {
    const std::string_view status = done ? "completed" : "in_progress";
    w.begin_object().member("id", item_id);
    if (part.kind == AnswerKind::call) {
        w.member("type", "function_call").member("status", status).member("call_id", part.call_id);
        w.member("name", part.tool);
        w.member("arguments", done && part.text.empty() ? std::string_view("{}") : part.text);
    } else {
        w.member("type", "message").member("status", status).member("role", "assistant");
        if (!phase.empty()) w.member("phase", phase);
        w.key("content").begin_array();
        if (done) write_response_part(w, part.kind, part.text);
        w.end_array();
    }
    w.end_object();
}

namespace response_writer {
namespace {

void write_status(Writer& w, const ResponseState& state) {
    const std::string_view why =
        state.reason == nullptr ? std::string_view{} : word_of_reason(DialectName::openai_responses, *state.reason);
    const bool failed = state.problem != nullptr;
    w.member("status", failed                    ? std::string_view("failed")
                       : state.reason == nullptr ? std::string_view("in_progress")
                       : why.empty()             ? std::string_view("completed")
                                                 : std::string_view("incomplete"));
    w.key("error");
    if (failed) {
        w.begin_object().member("code", state.problem->code).member("message", state.problem->message);
        w.member("type", state.problem->type).key("param").null().end_object();
    } else {
        w.null();
    }
    w.key("incomplete_details");
    if (failed || why.empty()) {
        w.null();
    } else {
        w.begin_object().member("reason", why).end_object();
    }
}

void write_echo(Writer& w, const ResponseEcho* echo) {
    if (echo != nullptr) {
        for (const auto& [key, value] : echo->members) w.key(key).raw(value);
        return;
    }
    w.key("instructions").null().member("parallel_tool_calls", true).key("previous_response_id").null();
    w.member("store", false).member("tool_choice", "auto").key("tools").begin_array().end_array();
    w.key("metadata").begin_object().end_object();
}

void write_own_usage(Writer& w, const message::TokenUsage& usage) {
    w.begin_object().member("input_tokens", usage.input).key("input_tokens_details").begin_object();
    w.member("cached_tokens", usage.cached_input).member("cache_write_tokens", 0).end_object();
    w.member("output_tokens", usage.output).key("output_tokens_details").begin_object();
    w.member("reasoning_tokens", 0).end_object();
    w.member("total_tokens", usage.input + usage.output).end_object();
}

}  // namespace
}  // namespace response_writer

void write_response(Writer& w, std::string_view id, const ResponseState& state) {
    w.begin_object().member("id", id).member("object", "response").member("created_at", state.created_s);
    response_writer::write_status(w, state);
    w.member("model", state.model).key("output").begin_array();
    if (!state.output.empty()) w.raw(state.output);
    w.end_array();
    response_writer::write_echo(w, state.echo);
    if (state.own) {
        w.key("completed_at");
        if (state.completed_s == 0) {
            w.null();
        } else {
            w.number(state.completed_s);
        }
    }
    w.key("usage");
    if (state.own) {
        response_writer::write_own_usage(w, state.usage);
    } else if (state.usage.known) {
        write_token_usage(w, DialectName::openai_responses, state.usage);
    } else {
        w.null();
    }
    w.end_object();
}

void write_responses_answer(Buffer& out, const message::Answer& answer, const message::AnswerIdentity& identity) {
    std::pmr::memory_resource* const memory = answer.parts.get_allocator().resource();
    const std::pmr::string id = prefixed_id("resp_", answer.id, identity.id, memory);
    Buffer output(out.pool());
    std::uint64_t index = 0;
    for (const AnswerPart& part : answer.parts) {
        if (!output.empty()) output.append(',');
        Writer w(output);
        write_response_item(w, part, response_item_id(part.kind, id, index++, memory), true);
    }
    ResponseState state;
    state.model = identity.model;
    state.created_s = identity.created_s;
    state.output = output.text();
    state.reason = &answer.reason;
    state.usage = answer.usage;
    Writer w(out);
    write_response(w, id, state);
}

// --- the events --------------------------------------------------------------------------------------------------

ResponseWriter::ResponseWriter(const AnswerWriterOptions& options, const ResponseForm& form,
                               std::pmr::memory_resource* memory)
    : options_(options),
      form_(form),
      memory_(memory),
      id_(memory),
      item_id_(memory),
      tool_(memory),
      call_id_(memory),
      text_(memory),
      output_(memory) {}

ResponseState ResponseWriter::state() const noexcept {
    ResponseState state;
    state.model = options_.identity.model;
    state.created_s = options_.identity.created_s;
    state.echo = form_.echo;
    state.own = form_.own;
    return state;
}

template <typename Fill>
void ResponseWriter::send(std::string_view type, Buffer& out, Fill fill) {
    if (!form_.stream) return;
    ResponseEvents events{out, id_, options_.identity.model, options_.identity.created_s, true, sequence_};
    events.send(type, fill);
    sequence_ = events.sequence;
}

void ResponseWriter::address(Writer& w) const {
    w.member("item_id", std::string_view(item_id_)).member("output_index", index_);
    if (kind_ != AnswerKind::call) w.member("content_index", 0);
}

Result<void> ResponseWriter::write(const AnswerStep& step, Buffer& out) {
    using Does = AnswerStep::What;
    switch (step.what) {
    case Does::begin: begin(step.id, out); break;
    case Does::open: open(step.kind, step.tool, step.call_id, out); break;
    case Does::delta:
        if (step.text.size() > options_.held_bytes_max - std::min(options_.held_bytes_max, held()))
            return Error{GW_ERR_LIMIT, 0, "The provider's answer is too long to be translated"};
        append(step.text, out);
        break;
    case Does::close: close(out, {}); break;
    case Does::stop: reason_ = step.reason; break;
    case Does::usage: usage_ = step.usage; break;
    case Does::reasoning:
    case Does::error:
    case Does::end: break;
    }
    return {};
}

void ResponseWriter::begin(std::string_view id, Buffer& out) {
    if (begun_) return;
    begun_ = true;
    id_ = prefixed_id("resp_", id, options_.identity.id, memory_);
    for (const std::string_view type : {"response.created", "response.in_progress"}) {
        send(type, out, [&](Writer& w) {
            w.key("response");
            write_response(w, id_, state());
        });
    }
}

void ResponseWriter::open(AnswerKind kind, std::string_view tool, std::string_view call_id, Buffer& out) {
    begin({}, out);
    open_ = true;
    kind_ = kind;
    tool_ = tool;
    call_id_ = call_id;
    text_.clear();
    item_id_ = response_item_id(kind_, id_, index_, memory_);
    send("response.output_item.added", out, [&](Writer& w) {
        w.member("output_index", index_).key("item");
        write_response_item(w, part(), item_id_, false);
    });
    if (kind_ == AnswerKind::call) return;
    send("response.content_part.added", out, [&](Writer& w) {
        address(w);
        w.key("part");
        write_response_part(w, kind_, {});
    });
}

void ResponseWriter::append(std::string_view text, Buffer& out) {
    text_ += text;
    send(kind_ == AnswerKind::call      ? "response.function_call_arguments.delta"
         : kind_ == AnswerKind::refusal ? "response.refusal.delta"
                                        : "response.output_text.delta",
         out, [&](Writer& w) {
             address(w);
             w.member("delta", text);
             if (kind_ == AnswerKind::text) w.key("logprobs").begin_array().end_array();
         });
}

void ResponseWriter::close(Buffer& out, std::string_view phase) {
    open_ = false;
    if (kind_ == AnswerKind::call) {
        if (text_.empty()) text_ = "{}";
        send("response.function_call_arguments.done", out, [&](Writer& w) {
            address(w);
            w.member("name", std::string_view(tool_)).member("arguments", std::string_view(text_));
        });
    } else {
        const bool refusal = kind_ == AnswerKind::refusal;
        send(refusal ? "response.refusal.done" : "response.output_text.done", out, [&](Writer& w) {
            address(w);
            w.member(refusal ? "refusal" : "text", std::string_view(text_));
            if (!refusal) w.key("logprobs").begin_array().end_array();
        });
        send("response.content_part.done", out, [&](Writer& w) {
            address(w);
            w.key("part");
            write_response_part(w, kind_, text_);
        });
    }
    Buffer item(out.pool());
    Writer item_writer(item);
    write_response_item(item_writer, part(), item_id_, true, phase);
    send("response.output_item.done", out,
         [&](Writer& w) { w.member("output_index", index_).key("item").raw(item.text()); });
    if (!output_.empty()) output_ += ',';
    output_ += item.text();
    text_.clear();
    ++index_;
}

void ResponseWriter::finish(Buffer& out) {
    begin({}, out);
    ResponseState last = state();
    last.output = output_;
    last.reason = &reason_;
    last.usage = usage_;
    last.completed_s = completed_s_;
    if (!form_.stream) {
        Writer w(out);
        write_response(w, id_, last);
        return;
    }
    const bool cut = !word_of_reason(DialectName::openai_responses, reason_).empty();
    send(cut ? "response.incomplete" : "response.completed", out, [&](Writer& w) {
        w.key("response");
        write_response(w, id_, last);
    });
    if (form_.own) sse::encode_data(out, "[DONE]");
}

void ResponseWriter::fail(Buffer& out, std::string_view message) {
    send("error", out,
         [&](Writer& w) { w.member("code", "upstream_error").member("message", message).key("param").null(); });
}

// --- the gateway's own answers -----------------------------------------------------------------------------------

void ResponseWriter::text(Buffer& out, std::string_view piece) {
    if (piece.empty()) return;
    if (!open_) open(AnswerKind::text, {}, {}, out);
    append(piece, out);
}

void ResponseWriter::call(Buffer& out, std::string_view call_id, std::string_view tool, std::string_view arguments) {
    if (open_) close(out, "commentary");
    open(AnswerKind::call, tool, call_id, out);
    if (!arguments.empty()) append(arguments, out);
    close(out, {});
}

void ResponseWriter::end(Buffer& out, StopReason reason, const message::TokenUsage& usage, std::uint64_t now_s) {
    // Whoever reads output[0] finds a message even where nothing was said.
    if (!open_ && index_ == 0) open(AnswerKind::text, {}, {}, out);
    if (open_) close(out, "final_answer");
    reason_ = reason;
    usage_ = usage;
    completed_s_ = now_s;
    finish(out);
}

void ResponseWriter::fail(Buffer& out, const ResponseProblem& problem) {
    const bool streams = form_.stream && begun_;
    if (!streams) id_ = options_.identity.id;
    ResponseState last = state();
    last.output = output_;
    last.problem = &problem;
    if (!streams) {
        Writer w(out);
        write_response(w, id_, last);
        return;
    }
    send("response.failed", out, [&](Writer& w) {
        w.key("response");
        write_response(w, id_, last);
    });
    sse::encode_data(out, "[DONE]");
}

}  // namespace gw::provider
