// Reading a stream of Responses events.
#include <algorithm>

#include "provider/dialect_channels.h"
#include "provider/dialect_openai_message.h"
#include "provider/dialect_responses.h"
#include "provider/token_echo.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;
using message::Role;
using What = Step::What;

namespace responses {
namespace {

// The members that hold the text of a "....done" event.
constexpr std::string_view done_members[] = {"text", "arguments", "input", "code", "refusal", "transcript", "part"};

// Events that carry the response as it is now.
bool is_about_response(std::string_view name) noexcept {
    return name == "created" || name == "queued" || name == "in_progress" || name == "completed" ||
           name == "incomplete" || name == "failed" || name == "cancelled";
}

// Events without words of the model, as far as the dialect goes: audio, and images half made.
bool is_wordless(std::string_view type) noexcept {
    return type == "response.audio.delta" || type == "response.audio.done" || type == "response.output_audio.delta" ||
           type == "response.output_audio.done" || type == "response.image_generation_call.partial_image";
}

// Where a part of an item stands: its kind, and its index among them.
struct Indices {
    std::uint32_t output, content;
    [[nodiscard]] Channels::Place place(PartKind kind) const noexcept {
        return {output, static_cast<std::uint64_t>(kind) << 32U | content};
    }
    // The part that an event of this name is about. Summaries of reasoning are counted apart from its parts, and words
    // under a name that we do not know are not part of the text.
    [[nodiscard]] Channels::Place place(PartKind kind, std::string_view name) const noexcept {
        std::uint64_t apart = 0;
        if (name.starts_with("reasoning_summary")) apart = std::uint64_t{1} << 48U;
        if (kind == PartKind::text && name != "output_text" && !name.starts_with("content_part"))
            apart = std::uint64_t{1} << 50U;
        const Channels::Place at = place(kind);
        return {at.first, at.second | apart};
    }
};

class ResponsesReader final : public StreamReader {
public:
    explicit ResponsesReader(std::pmr::memory_resource* memory)
        : channels_(memory), found_(memory), names_(memory), tool_(memory) {}

    [[nodiscard]] bool read(std::string_view type, const Value& root, Steps& steps) override {
        const std::string_view said = string_or_empty(root["type"]);
        // Some clients go by the event's name and some by its type: they must see the same event.
        const bool named = !type.empty() && type != "message";
        if (named && !said.empty() && type != said) return false;
        if (!said.empty()) type = said;

        const auto output = wire_index(root["output_index"]);
        const auto content = wire_index(root["content_index"]);
        const auto summary = wire_index(root["summary_index"]);
        if (!output || !content || !summary) return false;
        const Indices at{*output, std::max(*content, *summary)};

        if (type == "error" || (type.empty() && root["error"].exists())) {
            read_error(root["error"].is(Kind::object) ? root["error"] : root, steps);
            return true;
        }
        if (!type.starts_with("response.")) {
            add_wholes_of(root, steps);
            return true;
        }
        const std::string_view name = type.substr(9);
        const Value response = root["response"];
        if (is_about_response(name) && response.is(Kind::object)) {
            add_rest(root, {"response"}, steps);
            return read_response(name, response, steps);
        }
        if (is_wordless(type)) return true;
        if (name == "output_item.added") {
            add_rest(root, {"item"}, steps);
            return open_item(at, root["item"], steps);
        }
        if (name == "output_item.done") {
            add_rest(root, {"item"}, steps);
            add_item(root["item"], steps);
            channels_.close_all(at.output, steps);
            return true;
        }
        if (name == "content_part.added" || name == "reasoning_summary_part.added") {
            add_rest(root, {"part"}, steps);
            return open_part(at, name, root["part"], steps);
        }
        if (name.ends_with(".delta")) return read_delta(at, name.substr(0, name.size() - 6), root, steps);
        if (name.ends_with(".done")) return read_done(at, name.substr(0, name.size() - 5), root, steps);
        add_wholes_of(root, steps);
        return true;
    }

    void read_sentinel(std::string_view data, Steps& steps) override {
        if (data == "[DONE]") finish(steps);  // not of this dialect, but some servers send it
    }

private:
    static Step& add_step(What what, Steps& steps) {
        Step& step = steps.emplace_back();
        step.what = what;
        return step;
    }

    void finish(Steps& steps) {
        channels_.close_all(steps);
        add_step(What::done, steps);
    }

    static void read_error(const Value& error, Steps& steps) {
        if (error.is(Kind::object)) add_step(What::error, steps).value = error["message"];
    }

    void add_wholes_of(const Value& value, Steps& steps, PartKind kind = PartKind::text, std::string_view tool = {}) {
        found_.clear();
        add_content(found_, {kind, Role::assistant, tool}, value);
        add_wholes(steps, found_);
    }

    // What stands beside the members that an event of this type has: no client reads it, but it would leave.
    void add_rest(const Value& root, std::initializer_list<std::string_view> but, Steps& steps) {
        found_.clear();
        add_other_members(found_, {PartKind::text, Role::assistant, {}}, root, but);
        add_wholes(steps, found_);
    }

    void add_tokens_of(const Value& text, const Value& tokens, Steps& steps) {
        found_.clear();
        add_tokens(found_, tokens, {&text, 1});
        add_wholes(steps, found_);
    }

    void add_item(const Value& item, Steps& steps) {
        found_.clear();
        read_response_item(item, Role::assistant, names_, found_);
        add_wholes(steps, found_);
        names_ = CallNames(found_.get_allocator().resource());  // its views end with this event
    }

    [[nodiscard]] bool read_response(std::string_view name, const Value& response, Steps& steps) {
        if (!begun_) {
            begun_ = true;
            Step& step = add_step(What::begin, steps);
            step.id = string_or_empty(response["id"]);
            step.model = string_or_empty(response["model"]);
        }
        bool calls = false;
        const Value output = response["output"];
        if (!output.is(Kind::array)) add_wholes_of(output, steps);
        for (Value item = output.is(Kind::array) ? output.first() : Value(); item.exists(); item = item.next()) {
            const std::string_view type = string_or_empty(item["type"]);
            calls |= type == "function_call" || type == "custom_tool_call";
            add_item(item, steps);
        }
        add_wholes_of(response["output_text"], steps);
        if (const Value usage = response["usage"]; usage.is(Kind::object)) {
            const std::int64_t input_tokens = usage["input_tokens"].as_int().value_or(0);
            const std::int64_t output_tokens = usage["output_tokens"].as_int().value_or(0);
            Step& step = add_step(What::usage, steps);
            step.usage = {static_cast<std::uint64_t>(std::max<std::int64_t>(0, input_tokens)),
                          static_cast<std::uint64_t>(std::max<std::int64_t>(0, output_tokens)), true};
        }
        if (name == "failed") read_error(response["error"], steps);
        if (name != "completed" && name != "incomplete" && name != "failed" && name != "cancelled") return true;
        channels_.close_all(steps);
        if (name != "failed") {
            const auto reason = stop_reason_of(response["incomplete_details"]["reason"]);
            add_step(What::stop, steps).reason =
                reason.value_or(calls ? message::StopReason::tool_calls : message::StopReason::stop);
        }
        finish(steps);
        return true;
    }

    [[nodiscard]] bool open_item(const Indices& at, const Value& item, Steps& steps) {
        const std::string_view type = string_or_empty(item["type"]);
        if (type == "function_call" || type == "custom_tool_call" || type == "mcp_call" ||
            type == "code_interpreter_call") {
            const std::string_view name = string_or_empty(item["name"]);
            const std::string_view tool = type == "code_interpreter_call" ? "code_interpreter" : name;
            channels_.close_all(at.output, steps);
            const Channels::Part* part = channels_.open(at.place(PartKind::tool_arguments), 0, PartKind::tool_arguments,
                                                        steps, tool, string_or_empty(item["call_id"]));
            if (part == nullptr) return false;
        }
        add_item(item, steps);  // as a rule it has no text yet
        return true;
    }

    [[nodiscard]] bool open_part(const Indices& at, std::string_view name, const Value& part, Steps& steps) {
        const bool summary = name.starts_with("reasoning_summary");
        const PartKind kind = summary ? PartKind::reasoning : kind_of_response_part(string_or_empty(part["type"]));
        const Channels::Place place = at.place(kind, name);
        channels_.close(place, steps);
        if (channels_.open(place, 0, kind, steps) == nullptr) return false;
        add_wholes_of(part, steps, kind);
        return true;
    }

    [[nodiscard]] bool read_delta(const Indices& at, std::string_view name, const Value& root, Steps& steps) {
        const PartKind kind = kind_of_response_part(name);
        for (Value member = root.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            bool good = true;
            if (key == "delta" && member.is(Kind::string)) {
                good = channels_.delta(at.place(kind, name), 0, kind, member, steps);
            } else if (is_token_key(key)) {
                add_tokens_of(root["delta"], member, steps);
            } else if (key == "delta" && kind == PartKind::tool_arguments) {
                found_.clear();
                add_json_text(found_, {kind, Role::assistant, tool_at(at)}, member);
                add_wholes(steps, found_);
            } else {
                found_.clear();
                add_content(found_, {kind, Role::assistant, {}}, member, is_text_key(key));
                add_wholes(steps, found_);
            }
            if (!good) return false;
        }
        return true;
    }

    [[nodiscard]] std::string_view tool_at(const Indices& at) {
        const Channels::Part* part = channels_.find(at.place(PartKind::tool_arguments));
        return part == nullptr ? std::string_view{} : std::string_view(part->tool);
    }

    [[nodiscard]] bool read_done(const Indices& at, std::string_view name, const Value& root, Steps& steps) {
        const Value part = root["part"];
        const PartKind kind = part.is(Kind::object) && !name.starts_with("reasoning")
                                  ? kind_of_response_part(string_or_empty(part["type"]))
                                  : kind_of_response_part(name);
        std::string_view tool;
        if (kind == PartKind::tool_arguments) {
            tool_ = tool_at(at);  // which ends when the channel is closed
            tool = tool_;
            const std::string_view said = string_or_empty(root["name"]);
            // The tool that was judged must be the tool that is called.
            if (!said.empty() && !tool.empty() && said != tool) return false;
            if (!said.empty()) tool = said;
        }
        for (Value member = root.first(); member.exists(); member = member.next()) {
            const bool text =
                std::find(std::begin(done_members), std::end(done_members), member.key()) != std::end(done_members);
            if (is_token_key(member.key())) {
                add_tokens_of(root["text"], member, steps);
                continue;
            }
            found_.clear();
            if (text && kind == PartKind::tool_arguments) {
                add_json_text(found_, {kind, Role::assistant, tool}, member);
            } else {
                add_content(found_, {kind, Role::assistant, tool}, member, text || is_text_key(member.key()));
            }
            add_wholes(steps, found_);
        }
        channels_.close(at.place(kind, name), steps);
        return true;
    }

    Channels channels_;
    Passages found_;
    CallNames names_;
    std::pmr::string tool_;  // of the call that the last event was about
    bool begun_ = false;
};

}  // namespace
}  // namespace responses

Owned<StreamReader> new_responses_reader(std::pmr::memory_resource* memory) {
    return make_owned<responses::ResponsesReader>(memory, memory);
}

}  // namespace gw::provider
