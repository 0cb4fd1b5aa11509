// A message to a hook and a template, one behind the other with a line feed between: whatever they say, the deed is
// bounded valid text, filling is one pass, and a signature of one message is none of another.
#include "endpoint/hooks.h"

#include "core/text.h"
#include "crypto/hex.h"
#include "endpoint/hook_signature.h"
#include "support/fuzz.h"

namespace {

struct Fields {
    std::string name, value;
    [[nodiscard]] std::optional<std::string_view> get_single(std::string_view wanted) const {
        return wanted == name ? std::optional<std::string_view>(value) : std::nullopt;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace endpoint = gw::endpoint;
    namespace config = gw::config;
    using gw::fuzz::check;
    std::pmr::memory_resource* memory = std::pmr::new_delete_resource();
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const std::size_t line = input.find('\n');
    const std::string_view text = input.substr(0, line);
    const std::string_view body = line == std::string_view::npos ? std::string_view{} : input.substr(line + 1);

    const auto digits = gw::crypto::hex(gw::crypto::hmac_sha256("secret", body));
    const Fields fields{"x-hub-signature-256", "sha256=" + std::string(digits.data(), digits.size())};
    const gw::auth::FieldLookup lookup(fields);
    const auto verdict = [&](std::string_view of) {
        return endpoint::check_signature(config::HookScheme::github, "secret", lookup, of, 0).verdict;
    };
    check(verdict(body) == endpoint::SignatureVerdict::valid, "a signature is right for its message");
    check(verdict(std::string(body) + "x") == endpoint::SignatureVerdict::wrong, "and for no other");

    gw::json::Document document(memory);
    if (!gw::is_utf8(text) || !document.parse(body)) return 0;
    const endpoint::HookContext context{document.root(), lookup, "path", text, 1767225600000};
    std::pmr::string out(memory);
    endpoint::render_template(text, context, out);
    check(out.size() <= endpoint::rendered_bytes_max, "what is filled is bounded");
    check(gw::is_utf8(out), "what is filled is text");
    if (!endpoint::has_places(text)) check(std::string_view(out) == text, "without places it stays as it is");

    config::Hooks hooks(memory);
    config::HookMapping mapping(memory);
    mapping.message_template = mapping.text_template = mapping.name = text;
    for (const bool wake : {false, true}) {
        mapping.wake = wake;
        endpoint::HookDeed deed(memory);
        if (!endpoint::read_mapped(mapping, context, hooks, deed)) check(!deed.text.empty(), "a deed says something");
        check(deed.name.size() <= 128, "its name is short");
    }
    endpoint::HookDeed direct(memory);
    if (!endpoint::read_hook_agent(document.root(), hooks, direct))
        check(direct.session_key.empty(), "senders name no session unless they may");
    return 0;
}
