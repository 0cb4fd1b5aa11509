#include "provider/gemini_stream.h"

#include <algorithm>

#include "provider/gemini_parts.h"

namespace gw::provider {

using message::PartKind;
using message::StopReason;

namespace {

// A candidate's index; one that is missing is 0, as a number that is left out is in Google's JSON.
std::optional<std::uint32_t> candidate_index(const json::Value& candidate) noexcept {
    const json::Value value = candidate["index"];
    if (!value.exists()) return 0;
    const auto index = value.as_int();
    if (!index || *index < 0 || *index > 0xFFFF) return std::nullopt;
    return static_cast<std::uint32_t>(*index);
}

std::optional<StopReason> gemini_stop_reason(const json::Value& value) noexcept {
    const auto reason = value.as_string();
    if (!reason || reason->empty() || *reason == "FINISH_REASON_UNSPECIFIED") return std::nullopt;
    static constexpr std::string_view filters[] = {"SAFETY", "RECITATION",  "LANGUAGE",     "BLOCKLIST",
                                                   "SPII",   "MODEL_ARMOR", "IMAGE_SAFETY", "PROHIBITED_CONTENT"};
    if (std::find(std::begin(filters), std::end(filters), *reason) != std::end(filters)) {
        return StopReason::content_filter;
    }
    return *reason == "MAX_TOKENS" ? StopReason::length : StopReason::stop;
}

constexpr PartKind lane_kinds[] = {PartKind::text, PartKind::reasoning, PartKind::text};

}  // namespace

bool GeminiReader::read(std::string_view, const json::Value& root, Steps& steps) {
    if (root.is(json::Kind::object)) return read_frame(root, steps);
    if (root.is(json::Kind::array)) {
        for (json::Value frame = root.first(); frame.exists(); frame = frame.next()) {
            if (!frame.is(json::Kind::object) || !read_frame(frame, steps)) return false;
        }
        return true;
    }
    Harvest{found_}.add_strings(root);
    give_found(steps);
    return true;
}

bool GeminiReader::read_frame(const json::Value& frame, Steps& steps) {
    if (!begun_) {
        begun_ = true;
        Step step;
        step.what = Step::What::begin;
        step.id = gemini_member(frame, "responseId").as_string().value_or("");
        step.model = gemini_member(frame, "modelVersion").as_string().value_or("");
        steps.push_back(step);
    }
    const json::Value candidates = frame["candidates"];
    // What is no list a client may take for a list of one, or not.
    if (candidates.exists() && !candidates.is(json::Kind::array) && !candidates.is(json::Kind::null)) return false;
    for (json::Value it = candidates.first(); it.exists(); it = it.next()) {
        const auto index = candidate_index(it);
        if (!it.is(json::Kind::object) || !index || !read_candidate(it, *index, steps)) return false;
    }
    const json::Value failure = frame["error"]["message"];
    read_gemini_frame_extras(frame, found_);
    found_.erase(std::remove_if(found_.begin(), found_.end(),
                                [&](const Passage& it) { return it.value.offset() == failure.offset(); }),
                 found_.end());
    give_found(steps);

    const json::Value usage = gemini_member(frame, "usageMetadata");
    if (usage.is(json::Kind::object)) {
        Step step;
        step.what = Step::What::usage;
        step.usage = {token_count(gemini_member(usage, "promptTokenCount")),
                      token_count(gemini_member(usage, "candidatesTokenCount")) +
                          token_count(gemini_member(usage, "thoughtsTokenCount")),
                      true};
        steps.push_back(step);
    }
    if (gemini_member(gemini_member(frame, "promptFeedback"), "blockReason").is(json::Kind::string)) {
        Step step;
        step.what = Step::What::stop;
        step.reason = StopReason::content_filter;
        steps.push_back(step);
    }
    if (frame["error"].exists() && !frame["error"].is(json::Kind::null)) {
        Step step;
        step.what = Step::What::error;
        step.value = failure;
        steps.push_back(step);
    }
    return true;
}

bool GeminiReader::read_candidate(const json::Value& value, std::uint32_t index, Steps& steps) {
    if (candidates_.size() >= channels_max && candidates_.find(index) == candidates_.end()) return false;
    Candidate& candidate = candidates_[index];
    const json::Value content = value["content"];
    const json::Value parts = content["parts"];
    if (parts.is(json::Kind::array)) {
        for (json::Value part = parts.first(); part.exists(); part = part.next()) {
            if (!read_part(part, candidate, index, steps)) return false;
        }
    } else if (parts.exists() && !parts.is(json::Kind::null)) {
        return false;
    } else {
        read_gemini_content(content, message::Role::assistant, found_);
    }
    read_gemini_candidate_extras(value, found_);
    give_found(steps);
    if (const auto reason = gemini_stop_reason(gemini_member(value, "finishReason"))) {
        finish(candidate, index, candidate.called && *reason == StopReason::stop ? StopReason::tool_calls : *reason,
               steps);
    }
    return true;
}

bool GeminiReader::read_part(const json::Value& part, Candidate& candidate, std::uint32_t index, Steps& steps) {
    const json::Value text = part["text"];
    if (text.exists() && !text.is(json::Kind::null)) {
        if (!text.is(json::Kind::string)) return false;  // "" + ["text"] is "text" in some languages
        const Lane lane = kind_of_text(part) == PartKind::reasoning ? Lane::reasoning : Lane::text;
        if (!append(candidate, index, lane, text, {}, steps)) return false;
        if (is_text_part(part)) return true;
    }
    const json::Value call = gemini_member(part, "functionCall");
    if (call.exists() && !read_call(call, candidate, index, steps)) return false;
    // Everything else is complete in itself.
    const std::size_t from = found_.size();
    read_gemini_part(part, {found_, PartKind::text, message::Role::assistant, {}});
    const auto given = [&](const Passage& passage) {
        const std::size_t at = passage.value.offset();
        return (text.exists() && at == text.offset()) ||
               (call.exists() && at >= call.offset() && at < call.offset() + call.raw().size());
    };
    found_.erase(std::remove_if(found_.begin() + static_cast<std::ptrdiff_t>(from), found_.end(), given), found_.end());
    return true;
}

bool GeminiReader::read_call(const json::Value& call, Candidate& candidate, std::uint32_t index, Steps& steps) {
    candidate.called = true;
    const std::string_view tool = call["name"].as_string().value_or("");
    Passages arguments(found_.get_allocator());
    Harvest{arguments, PartKind::tool_arguments, message::Role::assistant, tool}.add(call["args"]);
    for (const Passage& passage : arguments) {
        Step step;
        step.what = Step::What::whole;
        step.kind = passage.kind;
        step.choice = index;
        step.tool = tool;
        step.call_id = call["id"].as_string().value_or("");
        step.value = passage.value;
        steps.push_back(step);
    }
    // Arguments that come in pieces: {"jsonPath":"$.text","stringValue":"Glo"}. What they make is no JSON text, so they
    // go on as text.
    const json::Value pieces = gemini_member(call, "partialArgs");
    for (json::Value piece = pieces.first(); piece.exists(); piece = piece.next()) {
        const json::Value text = gemini_member(piece, "stringValue");
        if (text.is(json::Kind::string) && !append(candidate, index, Lane::arguments, text, tool, steps)) return false;
    }
    return true;
}

bool GeminiReader::append(Candidate& candidate, std::uint32_t index, Lane lane, const json::Value& text,
                          std::string_view tool, Steps& steps) {
    if (text.as_string()->empty()) return true;
    // More of a text that was said to be complete would be judged without what stood in front of it.
    if (candidate.finished) return false;
    const auto at = static_cast<std::size_t>(lane);
    Step step;
    step.kind = lane_kinds[at];
    step.choice = index;
    step.tool = tool;
    if (!candidate.open[at]) {
        if (channels_ == channels_max) return false;
        candidate.open[at] = true;
        candidate.channels[at] = channels_++;
        step.what = Step::What::open;
        step.channel = candidate.channels[at];
        steps.push_back(step);
    }
    step.what = Step::What::delta;
    step.channel = candidate.channels[at];
    step.value = text;
    steps.push_back(step);
    return true;
}

void GeminiReader::finish(Candidate& candidate, std::uint32_t index, StopReason reason, Steps& steps) {
    candidate.finished = true;
    Step step;
    step.choice = index;
    step.what = Step::What::close;
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
        if (!candidate.open[lane]) continue;
        candidate.open[lane] = false;
        step.kind = lane_kinds[lane];
        step.channel = candidate.channels[lane];
        steps.push_back(step);
    }
    step = {};
    step.what = Step::What::stop;
    step.choice = index;
    step.reason = reason;
    steps.push_back(step);
}

void GeminiReader::give_found(Steps& steps) {
    append_wholes(found_, steps);
    found_.clear();
}

}  // namespace gw::provider
