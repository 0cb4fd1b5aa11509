// Reading a stream of chat completion chunks.
#include <algorithm>
#include <array>

#include "provider/dialect_channels.h"
#include "provider/dialect_openai_chat.h"
#include "provider/dialect_openai_message.h"
#include "provider/dialect_text.h"
#include "provider/token_echo.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;

namespace dialect_chat {
namespace {

// The parts of a choice. Providers that send the same reasoning under two names mean two texts, not one doubled.
enum Slot : std::uint64_t {
    content,
    content_reasoning,
    reasoning,
    reasoning_content,
    reasoning_details,
    thinking,
    refusal,
    transcript,
    function_call,
    unnumbered_call = std::uint64_t{1} << 32U,  // calls without an index, in order
    numbered_call = std::uint64_t{2} << 32U,    // and an index of the wire
};

// Members of a chunk that hold no words.
constexpr std::array<std::string_view, 10> wordless{
    "created", "id",    "model", "object", "obfuscation", "prompt_filter_results", "service_tier", "system_fingerprint",
    "usage",   "x_groq"};

class ChatReader final : public StreamReader {
public:
    explicit ChatReader(std::pmr::memory_resource* memory) : channels_(memory), found_(memory), names_(memory) {}

    [[nodiscard]] bool read(std::string_view /*type*/, const Value& root, Steps& steps) override {
        if (!root.is(Kind::object)) {
            add_unknown(root, true, steps);
            return true;
        }
        begin(root, steps);
        for (Value member = root.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            if (key == "choices" && member.is(Kind::array)) {
                for (Value choice = member.first(); choice.exists(); choice = choice.next()) {
                    if (!read_choice(choice, steps)) return false;
                }
            } else if (key == "error") {
                read_error(member, steps);
            } else if (may_hold_text(member) && std::find(wordless.begin(), wordless.end(), key) == wordless.end()) {
                add_unknown(member, true, steps);
            }
        }
        read_usage(root["usage"], steps);
        return true;
    }

    void read_sentinel(std::string_view data, Steps& steps) override {
        if (data != "[DONE]") return;
        channels_.close_all(steps);
        Step step;
        step.what = Step::What::done;
        steps.push_back(step);
    }

private:
    void begin(const Value& root, Steps& steps) {
        // Azure's first chunk tells of its filters, with an empty id and no choice.
        if (begun_ || (string_or_empty(root["id"]).empty() && root["choices"].size() == 0)) return;
        begun_ = true;
        Step step;
        step.what = Step::What::begin;
        step.id = string_or_empty(root["id"]);
        step.model = string_or_empty(root["model"]);
        steps.push_back(step);
    }

    // Words at a place that the dialect does not name.
    void add_unknown(const Value& value, bool is_text, Steps& steps) {
        found_.clear();
        add_content(found_, {PartKind::text, message::Role::assistant, {}}, value, is_text);
        add_wholes(steps, found_);
    }

    // What stands beside the members that are known.
    void add_rest(const Value& object, std::initializer_list<std::string_view> but, Steps& steps) {
        found_.clear();
        add_other_members(found_, {PartKind::text, message::Role::assistant, {}}, object, but);
        add_wholes(steps, found_);
    }

    static void read_error(const Value& error, Steps& steps) {
        if (error.is(Kind::null)) return;
        Step step;
        step.what = Step::What::error;
        step.value = error.is(Kind::string) ? error : error["message"];
        steps.push_back(step);
    }

    static void read_usage(const Value& usage, Steps& steps) {
        if (!usage.is(Kind::object)) return;
        Step step;
        step.what = Step::What::usage;
        step.usage.input_tokens =
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, usage["prompt_tokens"].as_int().value_or(0)));
        step.usage.output_tokens =
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, usage["completion_tokens"].as_int().value_or(0)));
        step.usage.known = true;
        steps.push_back(step);
    }

    [[nodiscard]] bool read_choice(const Value& choice, Steps& steps) {
        const auto index = wire_index(choice["index"]);
        if (!index) return false;
        if (!choice.is(Kind::object)) {
            add_unknown(choice, true, steps);
            return true;
        }
        for (Value member = choice.first(); member.exists(); member = member.next()) {
            if (!may_hold_text(member)) continue;
            const std::string_view key = member.key();
            bool good = true;
            if (key == "delta" && member.is(Kind::object)) {
                good = read_delta(*index, member, steps);
            } else if (key == "text") {
                good = text(*index, content, PartKind::text, member, steps);
            } else if (is_token_key(key)) {
                found_.clear();
                add_choice_tokens(found_, choice, member);
                add_wholes(steps, found_);
            } else if (key == "message") {
                found_.clear();
                read_message(member, message::Role::assistant, names_, found_);
                add_wholes(steps, found_);
                names_ = CallNames(found_.get_allocator().resource());  // views into this event
            } else {
                add_unknown(member, is_text_key(key), steps);
            }
            if (!good) return false;
        }
        const auto reason = stop_reason_of(choice["finish_reason"]);
        if (!reason) return true;
        channels_.close_all(*index, steps);
        Step step;
        step.what = Step::What::stop;
        step.choice = *index;
        step.reason = *reason;
        steps.push_back(step);
        return true;
    }

    [[nodiscard]] bool read_delta(std::uint32_t choice, const Value& delta, Steps& steps) {
        for (Value member = delta.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            bool good = true;
            if (key == "content") {
                good = text(choice, content, PartKind::text, member, steps);
            } else if (key == "tool_calls") {
                good = read_calls(choice, member, steps);
            } else if (key == "reasoning_content") {
                good = text(choice, reasoning_content, PartKind::reasoning, member, steps);
            } else if (key == "reasoning") {
                good = text(choice, reasoning, PartKind::reasoning, member, steps);
            } else if (key == "reasoning_details") {
                good = text(choice, reasoning_details, PartKind::reasoning, member, steps);
            } else if (key == "thinking") {
                good = text(choice, thinking, PartKind::reasoning, member, steps);
            } else if (key == "refusal") {
                good = text(choice, refusal, PartKind::refusal, member, steps);
            } else if (key == "audio") {
                good = text(choice, transcript, PartKind::transcript, member["transcript"], steps);
                add_rest(member, {"transcript"}, steps);
            } else if (key == "function_call") {
                good = read_call({choice, function_call}, {}, member, steps);
            } else if (key != "role") {
                add_unknown(member, true, steps);
            }
            if (!good) return false;
        }
        return true;
    }

    // A string, or an array of parts that each bring a piece of text or of reasoning.
    [[nodiscard]] bool text(std::uint32_t choice, Slot slot, PartKind kind, const Value& value, Steps& steps) {
        if (value.is(Kind::string)) return channels_.delta({choice, slot}, choice, kind, value, steps);
        found_.clear();
        add_content(found_, {kind, message::Role::assistant, {}}, value);
        for (const Passage& passage : found_) {
            const bool thought = slot == content && passage.kind == PartKind::reasoning;
            if (!channels_.delta({choice, thought ? content_reasoning : slot}, choice, passage.kind, passage.value,
                                 steps))
                return false;
        }
        return true;
    }

    [[nodiscard]] bool read_calls(std::uint32_t choice, const Value& calls, Steps& steps) {
        if (!calls.is(Kind::array)) {
            add_unknown(calls, true, steps);
            return true;
        }
        for (Value call = calls.first(); call.exists(); call = call.next()) {
            const auto index = wire_index(call["index"]);
            if (!index) return false;
            const std::string_view id = string_or_empty(call["id"]);
            const bool custom = call["custom"].is(Kind::object);
            const Value inner = call[custom ? "custom" : "function"];
            add_rest(call, {"index", "id", "type", custom ? "custom" : "function"}, steps);
            Channels::Place place{choice, numbered_call + *index};
            if (!call["index"].is(Kind::number)) {
                // Some providers send whole calls without any index: another id or name begins another call.
                const Channels::Part* last = channels_.find({choice, unnumbered_call + unnumbered_});
                const std::string_view tool = string_or_empty(inner["name"]);
                const bool another =
                    last == nullptr || (!id.empty() && id != last->call_id) || (id.empty() && !tool.empty());
                if (another) ++unnumbered_;
                place.second = unnumbered_call + unnumbered_;
            }
            if (!read_call(place, id, inner, steps)) return false;
        }
        return true;
    }

    [[nodiscard]] bool read_call(const Channels::Place& place, std::string_view id, const Value& inner, Steps& steps) {
        if (!inner.is(Kind::object)) {
            add_unknown(inner, true, steps);
            return true;
        }
        const std::string_view tool = string_or_empty(inner["name"]);
        const std::string_view said_in = inner["input"].exists() ? "input" : "arguments";
        const Value arguments = inner[said_in];
        add_rest(inner, {"name", said_in}, steps);
        Channels::Part* part = channels_.find(place);
        if (part != nullptr && !id.empty() && !part->call_id.empty() && part->call_id != id) {
            channels_.close(place, steps);  // the same index, and yet another call
            part = nullptr;
        }
        // The tool that was judged must be the tool that is called.
        if (part != nullptr && !tool.empty() && tool != part->tool) return false;
        if (part == nullptr) {
            if (tool.empty() && string_or_empty(arguments).empty() && arguments.size() == 0) return true;
            part = channels_.open(place, place.first, PartKind::tool_arguments, steps, tool, id);
        }
        if (part == nullptr) return false;
        if (arguments.is(Kind::object) || arguments.is(Kind::array)) {
            found_.clear();
            add_json_text(found_, {PartKind::tool_arguments, message::Role::assistant, tool}, arguments);
            add_wholes(steps, found_);
        } else {
            Channels::delta(*part, arguments, steps);
        }
        return true;
    }

    Channels channels_;
    Passages found_;
    CallNames names_;
    std::uint64_t unnumbered_ = 0;
    bool begun_ = false;
};

}  // namespace
}  // namespace dialect_chat

Owned<StreamReader> new_chat_reader(std::pmr::memory_resource* memory) {
    return make_owned<dialect_chat::ChatReader>(memory, memory);
}

}  // namespace gw::provider
