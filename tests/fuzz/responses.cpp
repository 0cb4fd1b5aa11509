// A request to /v1/responses may be any JSON: it is refused with a sentence of bounded length that names a field, or it
// becomes a conversation that every dialect can be asked with or refuses, and what an answer repeats of it is JSON.
#include "endpoint/responses.h"

#include "provider/translate_chat.h"
#include "support/fuzz.h"

namespace {

using gw::fuzz::check;

std::pmr::memory_resource* memory() { return std::pmr::get_default_resource(); }

bool is_json(std::string_view text) {
    gw::json::Document document(memory());
    return static_cast<bool>(document.parse(text, {std::size_t{64} << 20U, 200}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    gw::json::Document document(memory());
    if (!document.parse(text)) return 0;
    const gw::json::Value root = document.root();
    gw::endpoint::ResponsesRequest request(memory());
    if (!gw::endpoint::read_responses_request(root, request)) {
        check(!request.problem.empty() && request.problem.size() < 4096, "a refusal is a sentence");
        check(request.error().status == 400, "a refusal has its status");
        return 0;
    }
    check(request.problem.empty() && request.field.empty(), "nothing is wrong with what is accepted");
    for (const auto& it : request.attachments) check(it.place.starts_with("input."), "an attachment has a place");

    // Every attachment became a picture and a text.
    const gw::provider::LoadedPicture picture{"image/png", "AAAA"};
    const std::vector<gw::provider::LoadedPart> parts(request.attachments.size(), {"file", {&picture, 1}});
    const gw::provider::OwnResponses own{parts};
    gw::message::Conversation conversation(memory());
    if (!gw::provider::read_responses_request(root, conversation, &own)) return 0;
    std::size_t files = 0;
    std::size_t pictures = 0;
    using Kind = gw::message::ConversationPart::Kind;
    for (const auto& it : conversation.system)
        files += !parts.empty() && it.text.data() == parts.front().text.data() ? 1U : 0U;
    for (const auto& it : conversation.parts) pictures += it.kind == Kind::image ? 1U : 0U;
    for (const auto& it : conversation.inner) pictures += it.kind == Kind::image ? 1U : 0U;
    if (!parts.empty()) check(files == parts.size(), "every file is an instruction");
    check(pictures == parts.size(), "every picture is in a turn");
    static_cast<void>(gw::endpoint::check_client_tools(conversation));

    const gw::provider::ResponseEcho echo = gw::endpoint::echo_of(root, conversation, pool.get());
    gw::Buffer out(pool.get());
    gw::json::Writer w(out);
    w.begin_object();
    for (const auto& [key, value] : echo.members) w.key(key).raw(value);
    w.end_object();
    check(is_json(out.text()), "what is repeated is JSON");
    check(out.text().find('\n') == std::string_view::npos, "what is repeated is one line");
    check(out.size() < 40 * gw::endpoint::echo_bytes_max, "what is repeated is bounded");

    using gw::provider::DialectName;
    for (const DialectName to :
         {DialectName::openai_chat, DialectName::openai_responses, DialectName::anthropic, DialectName::gemini}) {
        gw::Buffer body(pool.get());
        if (gw::provider::translator_of(to)->write_request(body, conversation, "m"))
            check(is_json(body.text()), "a provider is asked in JSON");
    }
    return 0;
}
