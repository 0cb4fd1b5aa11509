// Reading and ending a stream of Ollama's lines.
#include <algorithm>
#include <array>
#include <chrono>

#include "provider/dialect_channels.h"
#include "provider/dialect_ollama.h"
#include "provider/dialect_openai_message.h"
#include "provider/dialect_text.h"
#include "provider/token_echo.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::PartKind;
using message::Role;
using What = Step::What;

namespace ollama {
namespace {

enum Slot : std::uint64_t { content, response, thinking };

constexpr std::string_view wordless[] = {"context", "created_at", "done", "done_reason", "model", "role"};

class OllamaReader final : public StreamReader {
public:
    explicit OllamaReader(std::pmr::memory_resource* memory) : channels_(memory), found_(memory), names_(memory) {}

    [[nodiscard]] bool read(std::string_view /*type*/, const Value& root, Steps& steps) override {
        if (!root.is(Kind::object)) {
            add_unknown(root, steps);
            return true;
        }
        if (const Value error = root["error"]; error.exists() && !error.is(Kind::null)) {
            Step& step = add_step(What::error, steps);
            step.value = error.is(Kind::string) ? error : error["message"];
        }
        if (!begun_) {
            begun_ = true;
            add_step(What::begin, steps).model = string_or_empty(root["model"]);
        }
        if (!read_members(root, steps)) return false;
        if (!root["done"].as_bool().value_or(false)) return true;
        channels_.close_all(steps);
        const std::int64_t input_tokens = root["prompt_eval_count"].as_int().value_or(0);
        const std::int64_t output_tokens = root["eval_count"].as_int().value_or(0);
        add_step(What::usage, steps).usage = {static_cast<std::uint64_t>(std::max<std::int64_t>(0, input_tokens)),
                                              static_cast<std::uint64_t>(std::max<std::int64_t>(0, output_tokens)),
                                              root["eval_count"].is(Kind::number)};
        const auto reason = stop_reason_of(root["done_reason"]).value_or(message::StopReason::stop);
        add_step(What::stop, steps).reason =
            called_ && reason == message::StopReason::stop ? message::StopReason::tool_calls : reason;
        add_step(What::done, steps);
        return true;
    }

    void read_sentinel(std::string_view /*data*/, Steps& /*steps*/) override {}  // the dialect has none

private:
    static Step& add_step(What what, Steps& steps) {
        Step& step = steps.emplace_back();
        step.what = what;
        return step;
    }

    void add_unknown(const Value& value, Steps& steps) {
        found_.clear();
        add_content(found_, {PartKind::text, Role::assistant, {}}, value);
        add_wholes(steps, found_);
    }

    // Of a line, and of the message in it.
    [[nodiscard]] bool read_members(const Value& object, Steps& steps) {
        for (Value member = object.first(); member.exists(); member = member.next()) {
            const std::string_view key = member.key();
            bool good = true;
            if (key == "message" && member.is(Kind::object)) {
                good = read_members(member, steps);
            } else if (key == "content" && member.is(Kind::string)) {
                good = channels_.delta({0, content}, 0, PartKind::text, member, steps);
            } else if (key == "response" && member.is(Kind::string)) {
                good = channels_.delta({0, response}, 0, PartKind::text, member, steps);
            } else if (key == "thinking" && member.is(Kind::string)) {
                good = channels_.delta({0, thinking}, 0, PartKind::reasoning, member, steps);
            } else if (key == "tool_calls") {
                called_ |= member.size() > 0;
                found_.clear();
                read_tool_calls(member, names_, found_);
                add_wholes(steps, found_);
                names_ = CallNames(found_.get_allocator().resource());  // its views end with this line
            } else if (is_token_key(key)) {
                found_.clear();
                add_line_tokens(found_, object, member);
                add_wholes(steps, found_);
            } else if (key != "error" &&
                       std::find(std::begin(wordless), std::end(wordless), key) == std::end(wordless)) {
                add_unknown(member, steps);
            }
            if (!good) return false;
        }
        return true;
    }

    Channels channels_;
    Passages found_;
    CallNames names_;
    bool begun_ = false;
    bool called_ = false;
};

// RFC 3339, UTC, with nanoseconds: "2026-08-19T07:05:03.042000000Z".
struct Timestamp {
    std::array<char, 30> text{};
};
Timestamp timestamp(std::uint64_t unix_ms) noexcept {
    using namespace std::chrono;
    constexpr std::uint64_t last_ms = 253402300799999;  // of the year 9999: the format has four digits
    const sys_time<milliseconds> time{milliseconds{std::min(unix_ms, last_ms)}};
    const sys_days day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss<milliseconds> clock{time - day};
    Timestamp out;
    std::size_t at = 0;
    const auto put = [&](std::int64_t value, std::int64_t scale, char behind) {
        for (; scale > 0; scale /= 10) out.text[at++] = static_cast<char>('0' + value / scale % 10);
        out.text[at++] = behind;
    };
    put(int{date.year()}, 1000, '-');
    put(unsigned{date.month()}, 10, '-');
    put(unsigned{date.day()}, 10, 'T');
    put(clock.hours().count(), 10, ':');
    put(clock.minutes().count(), 10, ':');
    put(clock.seconds().count(), 10, '.');
    put(clock.subseconds().count() * 1'000'000, 100'000'000, 'Z');
    return out;
}

enum class Shape : std::uint8_t { chat, generate, unknown };

// One line that says `text`, and that it was the last word if `last`. As long as it is not known which of the two calls
// was made the text stands where either client looks for it.
void write_line(Buffer& out, std::string_view model, std::uint64_t unix_ms, Shape shape, std::string_view gap,
                std::string_view text, bool last) {
    Buffer said(out.pool());
    said.append(gap);
    said.append(text);
    const Timestamp created = timestamp(unix_ms);
    Writer w(out);
    w.begin_object().member("model", model);
    w.member("created_at", std::string_view(created.text.data(), created.text.size()));
    if (shape != Shape::generate) {
        w.key("message").begin_object().member("role", "assistant").member("content", said.text()).end_object();
    }
    if (shape != Shape::chat) w.member("response", said.text());
    w.member("done", last);
    if (last) w.member("done_reason", "guardrail_intervened").member("defenseclaw_blocked", true);
    w.end_object();
    out.append('\n');
}

class OllamaEnding final : public StreamEnding {
public:
    explicit OllamaEnding(std::pmr::memory_resource* memory) : model_(memory) {}

    void note(std::string_view /*type*/, const Value& root) override {
        if (!root.is(Kind::object)) return;
        noted_ = true;
        if (model_.empty() && string_or_empty(root["model"]).size() <= model_bytes_max)
            model_ = string_or_empty(root["model"]);
        const Value message = root["message"];
        const Value answer = root["response"];
        if (message.exists()) shape_ = Shape::chat;
        if (answer.exists()) shape_ = Shape::generate;
        has_text_ |= !string_or_empty(message["content"]).empty() || !string_or_empty(answer).empty();
        done_ |= root["done"].as_bool().value_or(false) || root["error"].is(Kind::string);
    }
    void note_sentinel(std::string_view /*data*/) override {}

    void write_block(Buffer& out, const Notice& notice) override {
        if (done_) return;
        done_ = true;
        const std::string_view model = model_.empty() ? notice.model : std::string_view(model_);
        if (!noted_) {
            write_blocked_ollama(out, notice);
            return;
        }
        // Two lines: some clients take no text from the last.
        write_line(out, model, notice.unix_ms, shape_, has_text_ ? "\n\n" : "", notice.message, false);
        write_line(out, model, notice.unix_ms, shape_, {}, {}, true);
    }

    void write_failure(Buffer& out, std::string_view message) override {
        if (done_) return;
        done_ = true;
        Writer(out).begin_object().member("error", message).end_object();
        out.append('\n');
    }

private:
    static constexpr std::size_t model_bytes_max = 1024;
    std::pmr::string model_;
    Shape shape_ = Shape::unknown;
    bool noted_ = false;
    bool has_text_ = false;
    bool done_ = false;
};

}  // namespace
}  // namespace ollama

Owned<StreamReader> new_ollama_reader(std::pmr::memory_resource* memory) {
    return make_owned<ollama::OllamaReader>(memory, memory);
}
Owned<StreamEnding> new_ollama_ending(std::pmr::memory_resource* memory) {
    return make_owned<ollama::OllamaEnding>(memory, memory);
}
void write_blocked_ollama(Buffer& out, const Notice& notice) {
    ollama::write_line(out, notice.model, notice.unix_ms, ollama::Shape::unknown, {}, notice.message, true);
}

}  // namespace gw::provider
