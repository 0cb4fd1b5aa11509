// What the Translators share: tables of fields, building a Conversation, and the small words of every dialect.
#pragma once

#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>

#include "json/json.h"
#include "message/conversation.h"
#include "provider/translator.h"

namespace gw::provider {

[[nodiscard]] inline Error malformed(const json::Value& value, std::string_view what) noexcept {
    return {GW_ERR_DATA, value.offset(), what};
}
[[nodiscard]] inline Error inexpressible(std::size_t where, std::string_view what) noexcept {
    return {GW_ERR_UNSUPPORTED, where, what};
}
[[nodiscard]] inline Error inexpressible(const json::Value& value, std::string_view what) noexcept {
    return inexpressible(value.offset(), what);
}

// What becomes of a member of an object. Members that no rule names are refused, and null is as if it were not there.
// A name in camel case means both spellings, as Google's JSON has them.
struct FieldRule {
    enum class Then : std::uint8_t {
        read,
        left_out,
        refused,  // unless it says nothing: false, empty, or `harmless`
    };
    std::string_view name;
    Then then = Then::read;
    std::string_view harmless = {};  // a value as JSON
};
enum class UnknownFields : std::uint8_t { refused, ignored };
[[nodiscard]] Result<void> check_fields(const json::Value& object, std::span<const FieldRule> rules,
                                        UnknownFields unknown = UnknownFields::refused);

// The first thing that a writer cannot express.
class Refusals {
public:
    void when(bool refused, std::size_t where, std::string_view what) {
        if (refused && !error_) error_ = inexpressible(where, what);
    }
    // Any value but null and 0.
    void given(const json::Value& value, std::string_view what) {
        const bool nothing = value.as_double() == 0.0 || value.kind() == json::Kind::null;
        when(value.exists() && !nothing, value.offset(), what);
    }
    [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

private:
    std::optional<Error> error_;
};

// Images that stand elsewhere than in a user's turn.
void refuse_assistant_images(const message::Conversation& conversation, Refusals& refusals);
// Instructions behind the first turn.
void refuse_system_turns(const message::Conversation& conversation, Refusals& refusals);

// Fills turns and parts. Turns of an assistant that follow each other are one, as are those of tools.
class TurnBuilder {
public:
    explicit TurnBuilder(message::Conversation& conversation) : conversation_(conversation) {}
    void begin(message::Role role, const json::Value& value);
    message::ConversationPart& add(message::ConversationPart::Kind kind, const json::Value& value);
    void add_text(const json::Value& value);  // a string
    // The parts added to the result that was added last.
    message::ConversationPart& add_inner(message::ConversationPart::Kind kind, const json::Value& value);
    void add_inner_text(const json::Value& value);
    // A text in front of the first turn is `system`; later ones are turns.
    void add_system(const json::Value& value);

private:
    message::Conversation& conversation_;
};

// A number that is one, or null; anything else is no request.
[[nodiscard]] Result<json::Value> number_of(const json::Value& value);
// A string or a list of strings.
[[nodiscard]] Result<void> read_stop(const json::Value& value, message::Conversation& conversation);

// "data:image/png;base64,..." into media and data; any other address is `url`. False: a data URL of another form.
[[nodiscard]] bool read_image_url(std::string_view url, message::ConversationPart& part);
// The arguments of a call that came as text: "" is {}. False: no JSON object.
[[nodiscard]] bool read_arguments(std::string_view text, std::string_view& arguments,
                                  std::pmr::memory_resource* memory);
[[nodiscard]] bool is_json_object(std::string_view text, std::pmr::memory_resource* memory);

// "data:image/png;base64,...", or the image's address.
void write_image_url(json::Writer& w, const message::ConversationPart& image, std::pmr::memory_resource* memory);
// The texts among parts, with a line between them.
[[nodiscard]] std::pmr::string joined_text(std::span<const message::ConversationPart> parts,
                                           std::pmr::memory_resource* memory);
// A member whose value is a number or word of the source.
inline void write_given(json::Writer& w, std::string_view key, const json::Value& value) {
    if (value.exists() && value.kind() != json::Kind::null) w.key(key).value(value);
}

// Which tool each call was made of.
class ToolsOfCalls {
public:
    explicit ToolsOfCalls(const message::Conversation& conversation);
    [[nodiscard]] std::string_view operator()(const message::ConversationPart& result) const;

private:
    std::pmr::map<std::string_view, std::string_view> tools_;
};

[[nodiscard]] inline std::span<const message::ConversationPart> parts_of(const message::Conversation& conversation,
                                                                         const message::Turn& turn) {
    return std::span(conversation.parts).subspan(turn.first, turn.count);
}
[[nodiscard]] inline std::span<const message::ConversationPart> inner_of(const message::Conversation& conversation,
                                                                         const message::ConversationPart& part) {
    return std::span(conversation.inner).subspan(part.inner_first, part.inner_count);
}

// The upstream's id in the client's dialect: "msg_" in front of what has another form, `otherwise` for none.
[[nodiscard]] std::pmr::string prefixed_id(std::string_view prefix, std::string_view id, std::string_view otherwise,
                                           std::pmr::memory_resource* memory);

// A count of tokens of the upstream's: 0 for what is none.
[[nodiscard]] std::uint64_t tokens(const json::Value& value) noexcept;

// Where the value at an offset of the document stands: "messages[2].content[0]".
void append_path(const json::Value& root, std::size_t offset, std::pmr::string& path);

}  // namespace gw::provider
