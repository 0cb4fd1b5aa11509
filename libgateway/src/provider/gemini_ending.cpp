#include "provider/gemini_parts.h"
#include "provider/gemini_stream.h"
#include "sse/sse.h"

namespace gw::provider {

namespace {

// google.rpc.Code of an HTTP status (google/rpc/code.proto).
std::string_view google_status(int status) noexcept {
    switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 409: return "ABORTED";
    case 429: return "RESOURCE_EXHAUSTED";
    case 499: return "CANCELLED";
    case 501: return "UNIMPLEMENTED";
    case 502:
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
    }
}

void write_candidate(json::Writer& w, std::uint32_t index, std::string_view text) {
    w.begin_object();
    if (!text.empty()) {
        w.key("content").begin_object().key("parts").begin_array().begin_object().member("text", text);
        w.end_object().end_array().member("role", "model").end_object();
    }
    w.member("finishReason", "SAFETY").member("index", std::uint64_t{index}).end_object();
}

}  // namespace

void write_gemini_blocked(Buffer& out, std::string_view message) {
    json::Writer w(out);
    w.begin_object().key("candidates").begin_array();
    write_candidate(w, 0, message);
    w.end_array().member("defenseclaw_blocked", true).member("defenseclaw_reason", message).end_object();
}

void write_gemini_error(Buffer& out, int status, std::string_view message) {
    json::Writer w(out);
    w.begin_object().key("error").begin_object().member("code", status).member("message", message);
    w.member("status", google_status(status)).end_object().end_object();
}

void GeminiEnding::note(std::string_view type, const json::Value& root) {
    if (root.is(json::Kind::array)) {
        // A frame is an object, so this goes one step down.
        for (json::Value frame = root.first(); frame.exists(); frame = frame.next()) {
            if (frame.is(json::Kind::object)) note(type, frame);
        }
        return;
    }
    sent_ = true;
    if (root["error"].is(json::Kind::object)) ended_ = true;
    constexpr std::size_t name_bytes_max = 256;
    const auto keep = [&](std::pmr::string& place, std::string_view name) {
        const auto value = gemini_member(root, name).as_string();
        if (value && !value->empty() && value->size() <= name_bytes_max) place = *value;
    };
    keep(response_id_, "responseId");
    keep(model_, "modelVersion");
    const json::Value candidates = root["candidates"];
    for (json::Value it = candidates.first(); it.exists(); it = it.next()) {
        const std::int64_t index = it["index"].as_int().value_or(0);
        if (index < 0 || index > 0xFFFF || open_.size() >= StreamReader::channels_max) continue;
        bool& open = open_.try_emplace(static_cast<std::uint32_t>(index), true).first->second;
        if (gemini_member(it, "finishReason").is(json::Kind::string)) open = false;
    }
}

void GeminiEnding::write_block(Buffer& out, const Notice& notice) {
    if (ended_) return;
    ended_ = true;
    Buffer frame(out.pool());
    if (!sent_) {
        write_gemini_blocked(frame, notice.message);
        send(out, frame.text());
        return;
    }
    // The notice goes into the first candidate that still speaks; the others only end. When all have ended there is
    // nothing left to say.
    auto first_open = open_.begin();
    while (first_open != open_.end() && !first_open->second) ++first_open;
    if (first_open == open_.end() && !open_.empty()) {
        send(out, {});
        return;
    }
    const std::uint32_t speaker = open_.empty() ? 0 : first_open->first;
    Buffer text(out.pool());
    if (!open_.empty()) text.append("\n\n");
    text.append(notice.message);

    json::Writer w(frame);
    w.begin_object().key("candidates").begin_array();
    write_candidate(w, speaker, text.text());
    for (const auto& [index, open] : open_) {
        if (open && index != speaker) write_candidate(w, index, {});
    }
    w.end_array();
    if (!model_.empty()) w.member("modelVersion", model_);
    if (!response_id_.empty()) w.member("responseId", response_id_);
    w.member("defenseclaw_blocked", true).member("defenseclaw_reason", notice.message).end_object();
    send(out, frame.text());
}

// The last frame, or, when it is empty, the end alone.
void GeminiEnding::send(Buffer& out, std::string_view frame) const {
    if (framing_ != Framing::json_array) {
        if (!frame.empty()) sse::encode_data(out, frame);
        return;
    }
    if (!sent_) out.append('[');
    if (sent_ && !frame.empty()) out.append(",\n");
    out.append(frame);
    out.append("]\n");
}

void GeminiEnding::write_failure(Buffer& out, std::string_view message) {
    if (ended_) return;
    ended_ = true;
    Buffer frame(out.pool());
    write_gemini_error(frame, 502, message);
    send(out, frame.text());
}

}  // namespace gw::provider
