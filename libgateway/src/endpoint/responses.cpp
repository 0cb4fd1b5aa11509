#include "endpoint/responses.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <set>

#include "core/buffer.h"
#include "core/text.h"

namespace gw::endpoint {

using json::Kind;
using json::Value;

namespace responses {
namespace {

constexpr std::size_t user_bytes_max = 512;  // it becomes a part of a session's name

// Where a value stands: "input.0.content.1". A step is a name, or an index.
struct Path {
    const Path* up = nullptr;
    std::string_view name;
    std::size_t index = 0;

    void append_to(std::pmr::string& out) const {
        if (up != nullptr) up->append_to(out);
        if (up != nullptr && !out.empty()) out += '.';
        if (!name.empty()) {
            out += cut_utf8(name, 64);
        } else if (up != nullptr) {
            char digits[20];
            const auto end = std::to_chars(std::begin(digits), std::end(digits), index).ptr;
            out.append(digits, static_cast<std::size_t>(end - digits));
        }
    }
};

std::string_view kind_name(const Value& value) noexcept {
    if (!value.exists()) return "undefined";
    switch (value.kind()) {
    case Kind::null: return "null";
    case Kind::boolean: return "boolean";
    case Kind::number: return "number";
    case Kind::string: return "string";
    case Kind::array: return "array";
    case Kind::object: return "object";
    }
    return "undefined";
}

bool given(const Value& value) noexcept { return value.exists() && value.kind() != Kind::null; }

enum class Shape : std::uint8_t {
    any,
    text,
    truth,
    object,
    list,
    whole,        // a whole number from 1 on
    temperature,  // 0 to 2
    share,        // 0 to 1
    refused,
};
struct Field {
    std::string_view name;
    Shape shape;
};
// The public OpenResponses schema, and `user`. Members that are checked elsewhere, or that mean nothing here, are
// `any`.
constexpr Field fields[] = {
    {"model", Shape::any},
    {"input", Shape::any},
    {"instructions", Shape::text},
    {"tools", Shape::any},
    {"tool_choice", Shape::any},
    {"stream", Shape::truth},
    {"max_output_tokens", Shape::whole},
    {"temperature", Shape::temperature},
    {"top_p", Shape::share},
    {"user", Shape::text},
    {"previous_response_id", Shape::text},
    {"parallel_tool_calls", Shape::truth},
    {"text", Shape::object},
    {"metadata", Shape::object},
    {"store", Shape::truth},
    {"reasoning", Shape::object},
    {"truncation", Shape::text},
    {"max_tool_calls", Shape::whole},
    {"include", Shape::list},
    {"background", Shape::truth},
    {"service_tier", Shape::text},
    {"stream_options", Shape::object},
    {"safety_identifier", Shape::text},
    {"prompt_cache_key", Shape::text},
    {"prompt_cache_retention", Shape::text},
    {"top_logprobs", Shape::any},
    {"frequency_penalty", Shape::any},
    {"presence_penalty", Shape::any},
    {"context_management", Shape::any},
    {"client_metadata", Shape::any},
    {"prompt", Shape::refused},
    {"conversation", Shape::refused},
};

class Checker {
public:
    Checker(const Value& root, ResponsesRequest& out)
        : root_(root), out_(out), calls_(out.problem.get_allocator().resource()) {}

    bool check() {
        if (!root_.is(Kind::object)) return expected({}, "object", root_);
        return check_fields() && check_model() && check_input() && check_tools() && check_choice();
    }

private:
    bool fail(const Path& at, std::initializer_list<std::string_view> pieces) {
        at.append_to(out_.field);
        out_.problem = out_.field;
        if (!out_.problem.empty()) out_.problem += ": ";
        for (const std::string_view piece : pieces) out_.problem += piece;
        return false;
    }
    bool expected(const Path& at, std::string_view what, const Value& value) {
        return fail(at, {"Invalid input: expected ", what, ", received ", kind_name(value)});
    }
    bool is_text(const Path& at, const Value& value) { return value.is(Kind::string) || expected(at, "string", value); }

    bool check_fields() {
        const Path top;
        for (Value member = root_.first(); member.exists(); member = member.next()) {
            const auto* const field = std::find_if(std::begin(fields), std::end(fields),
                                                   [&](const Field& it) { return it.name == member.key(); });
            if (field == std::end(fields)) {
                out_.field = cut_utf8(member.key(), 64);
                out_.problem = "Unrecognized key: \"";
                out_.problem.append(out_.field) += '"';
                return false;
            }
            if (given(member) && !check_shape({&top, field->name, 0}, field->shape, member)) return false;
        }
        out_.stream = root_["stream"].as_bool().value_or(false);
        out_.user = root_["user"].as_string().value_or("");
        out_.previous_response_id = root_["previous_response_id"].as_string().value_or("");
        if (out_.user.size() > user_bytes_max)
            return fail({&top, "user", 0}, {"Too big: expected string to have <=512 bytes"});
        return true;
    }

    bool check_shape(const Path& at, Shape shape, const Value& value) {
        switch (shape) {
        case Shape::any: return true;
        case Shape::text: return is_text(at, value);
        case Shape::truth: return value.is(Kind::boolean) || expected(at, "boolean", value);
        case Shape::object: return value.is(Kind::object) || expected(at, "object", value);
        case Shape::list: return value.is(Kind::array) || expected(at, "array", value);
        case Shape::whole: {
            if (!value.is(Kind::number)) return expected(at, "number", value);
            const auto number = value.as_int();
            if (!number) return fail(at, {"Invalid input: expected int, received number"});
            return *number > 0 || fail(at, {"Too small: expected number to be >0"});
        }
        case Shape::temperature:
        case Shape::share: {
            const auto number = value.as_double();
            if (!number) return expected(at, "number", value);
            const double max = shape == Shape::share ? 1 : 2;
            if (*number < 0) return fail(at, {"Too small: expected number to be >=0"});
            return *number <= max || fail(at, {"Too big: expected number to be <=", shape == Shape::share ? "1" : "2"});
        }
        case Shape::refused: return fail(at, {"This gateway stores none; send the items in `input`"});
        }
        return true;
    }

    bool check_model() {
        const Path top;
        const Value model = root_["model"];
        if (!is_text({&top, "model", 0}, model)) return false;
        out_.model = *model.as_string();
        return true;
    }

    // --- input -----------------------------------------------------------------------------------------------------

    bool check_input() {
        const Path top;
        const Path at{&top, "input", 0};
        out_.input = root_["input"];
        if (out_.input.is(Kind::string)) {
            says_something_ = !out_.input.as_string()->empty();
        } else if (!out_.input.is(Kind::array)) {
            return fail(at, {"Invalid input: expected string or array, received ", kind_name(out_.input)});
        }
        std::size_t index = 0;
        for (Value item = out_.input.first(); item.exists(); item = item.next()) {
            if (!check_item({&at, {}, index++}, item)) return false;
        }
        if (says_something_) return true;
        out_.field = "input";
        out_.problem = "Missing user message in `input`.";
        return false;
    }

    bool check_item(const Path& at, const Value& item) {
        if (!item.is(Kind::object)) return expected(at, "object", item);
        const Value type_value = item["type"];
        if (given(type_value) && !is_text({&at, "type", 0}, type_value)) return false;
        const std::string_view type = type_value.as_string().value_or("");
        if (type.empty() || type == "message") return check_message(at, item);
        if (type == "item_reference") out_.has_references = true;
        if (type == "reasoning" || type == "item_reference") return true;
        if (type == "function_call") {
            for (const std::string_view name : {"call_id", "name", "arguments"}) {
                if (!is_text({&at, name, 0}, item[name])) return false;
            }
            calls_.insert(*item["call_id"].as_string());
            out_.tells_past = true;
            return true;
        }
        if (type == "function_call_output") {
            const Value id = item["call_id"];
            if (!is_text({&at, "call_id", 0}, id)) return false;
            if (!calls_.contains(*id.as_string())) out_.continues_call = true;
            says_something_ = true;
            return check_content({&at, "output", 0}, item["output"], true);
        }
        return fail({&at, "type", 0},
                    {"Invalid input: expected message, function_call, function_call_output, reasoning or "
                     "item_reference"});
    }

    bool check_message(const Path& at, const Value& message) {
        const Path at_role{&at, "role", 0};
        const Value role_value = message["role"];
        if (!is_text(at_role, role_value)) return false;
        const std::string_view role = *role_value.as_string();
        const bool instructs = role == "system" || role == "developer";
        if (!instructs && role != "user" && role != "assistant")
            return fail(at_role, {"Invalid input: expected system, developer, user or assistant"});
        const bool said = says_something_;
        if (!check_content({&at, "content", 0}, message["content"], role == "user")) return false;
        if (instructs) {
            says_something_ = said;
        } else {
            out_.tells_past = true;
        }
        return true;
    }

    bool check_content(const Path& at, const Value& content, bool attachments) {
        if (content.is(Kind::string)) {
            if (!content.as_string()->empty()) says_something_ = true;
            return true;
        }
        if (!content.is(Kind::array))
            return fail(at, {"Invalid input: expected string or array, received ", kind_name(content)});
        std::size_t index = 0;
        for (Value part = content.first(); part.exists(); part = part.next()) {
            if (!check_part({&at, {}, index++}, part, attachments)) return false;
        }
        return true;
    }

    bool check_part(const Path& at, const Value& part, bool attachments) {
        const Path at_type{&at, "type", 0};
        if (!part.is(Kind::object)) return expected(at, "object", part);
        if (!is_text(at_type, part["type"])) return false;
        const std::string_view type = *part["type"].as_string();
        if (type == "input_text" || type == "output_text" || type == "text" || type == "refusal") {
            const std::string_view name = type == "refusal" ? "refusal" : "text";
            if (!is_text({&at, name, 0}, part[name])) return false;
            if (!part[name].as_string()->empty()) says_something_ = true;
            return true;
        }
        const bool image = type == "input_image";
        if (!image && type != "input_file")
            return fail(at_type,
                        {"Invalid input: expected input_text, output_text, refusal, input_image or input_file"});
        if (!attachments) return fail(at_type, {"Only the user and results of tools may bring images and files"});
        says_something_ = true;
        ResponsesAttachment& to = out_.attachments.emplace_back(
            ResponsesAttachment{image ? ResponsesAttachment::Kind::image : ResponsesAttachment::Kind::file,
                                false,
                                {},
                                {},
                                {},
                                std::pmr::string(out_.problem.get_allocator().resource())});
        at.append_to(to.place);
        return check_source(at, part, image, to);
    }

    // OpenClaw's `source`, or OpenAI's flat members.
    bool check_source(const Path& at, const Value& part, bool image, ResponsesAttachment& to) {
        to.file_name = part["filename"].as_string().value_or("");
        const Value source = part["source"];
        if (given(source)) {
            const Path at_source{&at, "source", 0};
            const Path at_type{&at_source, "type", 0};
            if (!source.is(Kind::object)) return expected(at_source, "object", source);
            if (!is_text(at_type, source["type"])) return false;
            const std::string_view type = *source["type"].as_string();
            if (type != "url" && type != "base64") return fail(at_type, {"Invalid input: expected url or base64"});
            to.by_url = type == "url";
            const std::string_view name = to.by_url ? "url" : "data";
            if (!is_text({&at_source, name, 0}, source[name])) return false;
            if (!to.by_url && !is_text({&at_source, "media_type", 0}, source["media_type"])) return false;
            to.data = *source[name].as_string();
            to.media_type = source["media_type"].as_string().value_or("");
            if (const auto file_name = source["filename"].as_string()) to.file_name = *file_name;
            return true;
        }
        const std::string_view url = image ? "image_url" : "file_url";
        if (given(part[url])) {
            if (!is_text({&at, url, 0}, part[url])) return false;
            to.by_url = true;
            to.data = *part[url].as_string();
            return true;
        }
        if (!image && given(part["file_data"])) {
            if (!is_text({&at, "file_data", 0}, part["file_data"])) return false;
            to.data = *part["file_data"].as_string();
            to.by_url = starts_with_ignoring_case(to.data, "data:");
            return true;
        }
        if (given(part["file_id"]))
            return fail({&at, "file_id", 0}, {"This gateway stores no files; send the bytes or a URL"});
        return fail(at, {"Invalid input: expected source, ", image ? "image_url" : "file_data or file_url"});
    }

    // --- tools -----------------------------------------------------------------------------------------------------

    bool check_tools() {
        const Path top;
        const Path at{&top, "tools", 0};
        const Value tools = root_["tools"];
        if (!given(tools)) return true;
        if (!tools.is(Kind::array)) return expected(at, "array", tools);
        std::size_t index = 0;
        for (Value tool = tools.first(); tool.exists(); tool = tool.next()) {
            const Path at_tool{&at, {}, index++};
            if (!tool.is(Kind::object)) return expected(at_tool, "object", tool);
            if (tool["type"].as_string() != "function")
                return fail({&at_tool, "type", 0}, {"Invalid input: expected \"function\""});
            const bool nested = given(tool["function"]);
            const Path at_function{&at_tool, "function", 0};
            const Path& at_form = nested ? at_function : at_tool;
            const Value function = nested ? tool["function"] : tool;
            if (!function.is(Kind::object)) return expected(at_form, "object", function);
            const Path at_name{&at_form, "name", 0};
            if (!is_text(at_name, function["name"])) return false;
            if (function["name"].as_string()->empty()) return fail(at_name, {"A tool needs a name"});
            const Value description = function["description"];
            const Value parameters = function["parameters"];
            const Value strict = function["strict"];
            if (given(description) && !is_text({&at_form, "description", 0}, description)) return false;
            if (given(parameters) && !parameters.is(Kind::object))
                return expected({&at_form, "parameters", 0}, "object", parameters);
            if (given(strict) && !strict.is(Kind::boolean)) return expected({&at_form, "strict", 0}, "boolean", strict);
        }
        return true;
    }

    bool check_choice() {
        const Path top;
        const Path at{&top, "tool_choice", 0};
        const Value choice = root_["tool_choice"];
        if (!given(choice)) return true;
        const std::string_view word = choice.as_string().value_or("");
        if (word == "auto" || word == "none" || word == "required") return true;
        const std::string_view type = choice["type"].as_string().value_or("");
        if (type == "function") {
            const Value name = choice["function"].is(Kind::object) ? choice["function"]["name"] : choice["name"];
            return is_text({&at, "name", 0}, name);
        }
        if (type == "allowed_tools") {
            const Value tools = choice["tools"];
            return tools.is(Kind::array) || expected({&at, "tools", 0}, "array", tools);
        }
        return fail(at, {"Invalid input: expected auto, none, required, or the name of a function"});
    }

    Value root_;
    ResponsesRequest& out_;
    std::pmr::set<std::string_view> calls_;  // a tree: a client cannot choose ids that collide
    bool says_something_ = false;
};

}  // namespace
}  // namespace responses

bool read_responses_request(const Value& root, ResponsesRequest& out) { return responses::Checker(root, out).check(); }

std::optional<ApiError> check_client_tools(message::Conversation& conversation) {
    using message::ToolChoice;
    const bool has_one = std::any_of(conversation.tools.begin(), conversation.tools.end(),
                                     [&](const message::Tool& it) { return it.name == conversation.choice_tool; });
    if ((conversation.choice == ToolChoice::required && conversation.tools.empty()) ||
        (conversation.choice == ToolChoice::one && !has_one))
        return ApiError{400, "invalid_request_error", "invalid tool configuration", {}, "tool_choice"};
    if (conversation.choice == ToolChoice::none) {
        conversation.tools.clear();
        conversation.choice = ToolChoice::unset;
    }
    return std::nullopt;
}

// --- what an answer repeats --------------------------------------------------------------------------------------

namespace responses {
namespace {

// JSON without the white space between its values: a line feed there would cut an event in two lines.
std::pmr::string compact(std::string_view json, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    out.reserve(json.size());
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted && c == '\\') out += json[i++];
        if (c == '"') quoted = !quoted;
        if (quoted || (c != ' ' && c != '\t' && c != '\n' && c != '\r')) out += json[i];
    }
    return out;
}

// A member that is repeated as it came, and what stands there where it was not given.
struct Repeated {
    std::string_view name, otherwise;
};
constexpr Repeated repeated[] = {
    {"previous_response_id", "null"},
    {"instructions", "null"},
    {"truncation", R"("disabled")"},
    {"parallel_tool_calls", "true"},
    {"text", R"({"format":{"type":"text"}})"},
    {"top_p", "1"},
    {"presence_penalty", "0"},
    {"frequency_penalty", "0"},
    {"top_logprobs", "0"},
    {"temperature", "1"},
    {"reasoning", R"({"effort":null,"summary":null})"},
    {"max_output_tokens", "null"},
    {"max_tool_calls", "null"},
    {"metadata", "{}"},
    {"user", "null"},
    {"safety_identifier", "null"},
    {"prompt_cache_key", "null"},
};

void write_tools(json::Writer& w, const message::Conversation& conversation) {
    w.begin_array();
    for (const message::Tool& tool : conversation.tools) {
        w.begin_object().member("type", "function").member("name", tool.name).key("description");
        if (tool.description.empty()) {
            w.null();
        } else {
            w.string(tool.description);
        }
        w.key("parameters").raw(tool.schema.empty() ? std::string_view("null") : tool.schema).key("strict");
        if (tool.strict) {
            w.boolean(*tool.strict);
        } else {
            w.null();
        }
        w.end_object();
    }
    w.end_array();
}

}  // namespace
}  // namespace responses

provider::ResponseEcho echo_of(const Value& root, const message::Conversation& conversation, BlockPool* pool) {
    provider::ResponseEcho echo(conversation.memory());
    const auto add = [&](std::string_view name, std::string_view json) {
        echo.members.emplace_back(name, responses::compact(json, conversation.memory()));
    };
    const auto repeat = [&](std::string_view name, std::string_view otherwise) {
        const Value value = root[name];
        const bool kept = responses::given(value) && value.raw().size() <= echo_bytes_max;
        add(name, kept ? value.raw() : otherwise);
    };
    for (const responses::Repeated& it : responses::repeated) repeat(it.name, it.otherwise);
    // What these ask for cannot be had here.
    add("store", "false");
    add("background", "false");
    add("service_tier", R"("default")");
    repeat("tool_choice", R"("auto")");
    Buffer tools(pool);
    std::size_t size = 0;
    for (const message::Tool& tool : conversation.tools) size += tool.schema.size() + tool.description.size() + 64;
    if (size <= echo_bytes_max) {
        json::Writer w(tools);
        responses::write_tools(w, conversation);
    }
    add("tools", tools.empty() ? std::string_view("[]") : tools.text());
    return echo;
}

}  // namespace gw::endpoint
