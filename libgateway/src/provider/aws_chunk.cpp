#include "provider/aws_chunk.h"

#include "crypto/base64.h"
#include "provider/aws_events.h"

namespace gw::provider {

namespace {

void append_bytes_member(Buffer& out, std::string_view text) {
    const std::size_t size = crypto::base64_encoded_size(text.size(), crypto::Base64::standard);
    out.append("\"bytes\":\"");
    const std::span<std::byte> room = out.prepare(size);
    crypto::base64_encode({reinterpret_cast<char*>(room.data()), size}, as_bytes(text));
    out.commit(size);
    out.append('"');
}

}  // namespace

std::optional<std::pmr::string> unwrap_chunk(const json::Value& payload, std::pmr::memory_resource* memory) {
    const auto bytes = payload["bytes"].as_string();
    if (!bytes) return std::nullopt;
    std::pmr::string text(crypto::base64_decoded_size_max(bytes->size()), '\0', memory);
    const auto size = crypto::base64_decode({reinterpret_cast<std::byte*>(text.data()), text.size()}, *bytes);
    if (!size) return std::nullopt;
    text.resize(*size);
    return text;
}

void wrap_chunk(Buffer& out, const json::Value& payload, std::string_view text) {
    out.append('{');
    bool wrapped = false;
    bool first = true;
    for (json::Value member = payload.first(); member.exists(); member = member.next()) {
        if (!first) out.append(',');
        first = false;
        if (member.key() == "bytes") {
            append_bytes_member(out, text);
            wrapped = true;
            continue;
        }
        out.append('"');
        json::append_escaped(out, member.key());
        out.append("\":");
        out.append(member.raw());
    }
    if (!wrapped) {
        if (!first) out.append(',');
        append_bytes_member(out, text);
    }
    out.append('}');
}

void encode_chunk_event(Buffer& out, std::string_view text) {
    Buffer payload(out.pool());
    wrap_chunk(payload, {}, text);
    encode_aws_json_event(out, "chunk", payload.text());
}

}  // namespace gw::provider
