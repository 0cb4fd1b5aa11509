#include "provider/translate.h"

#include <cassert>

#include "core/text.h"
#include "provider/openai_chat.h"
#include "provider/translate_parts.h"
#include "provider/translate_steps.h"
#include "provider/translator.h"

namespace gw::provider {

using message::AnswerStep;

namespace translate {
namespace {

// RFC 3986, 2.3: everything else could be read as another path.
void append_percent_encoded(std::string_view text, std::pmr::string& out) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '~' ||
            (c == '.' && text != "." && text != "..")) {
            out += c;
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
}

constexpr std::string_view cut_off = "The provider's answer ended too early.";
constexpr std::string_view not_readable = "The provider's answer could not be translated.";

}  // namespace
}  // namespace translate

const Translator* translator_of(DialectName name) noexcept {
    switch (name) {
    case DialectName::openai_chat: return &chat_translator();
    case DialectName::openai_responses: return &responses_translator();
    case DialectName::anthropic: return &anthropic_translator();
    case DialectName::gemini: return &gemini_translator();
    case DialectName::bedrock:
    case DialectName::ollama: break;
    }
    return nullptr;
}

bool can_translate(DialectName from, DialectName to) noexcept {
    return from != to && translator_of(from) != nullptr && translator_of(to) != nullptr;
}

std::optional<TranslatedRequest> translate_request(DialectName from, DialectName to, std::string_view path,
                                                   std::string_view query, const json::Value& root,
                                                   std::string_view model, Buffer& out, TranslateProblem& problem) {
    assert(can_translate(from, to));
    message::Conversation conversation(problem.path.get_allocator().resource());
    const std::size_t size = out.size();
    const auto attempt = [&]() -> Result<void> {
        if (!root.is(json::Kind::object)) return malformed(root, "A request is a JSON object");
        auto read = translator_of(from)->read_request(path, query, root, conversation);
        if (!read) return read;
        return translator_of(to)->write_request(out, conversation, model);
    };
    const auto done = attempt();
    if (done) return TranslatedRequest{conversation.stream, conversation.include_usage};
    out.truncate(size);
    problem.status = done.error().status;
    problem.what = done.error().what;
    problem.path.clear();
    append_path(root, done.error().where, problem.path);
    return std::nullopt;
}

void append_provider_path(DialectName dialect, std::string_view model, bool stream, std::pmr::string& out) {
    switch (dialect) {
    case DialectName::openai_chat: out += "/chat/completions"; break;
    case DialectName::openai_responses: out += "/responses"; break;
    case DialectName::anthropic: out += "/v1/messages"; break;
    case DialectName::gemini:
        out += "/v1beta/models/";
        translate::append_percent_encoded(model, out);
        out += stream ? ":streamGenerateContent?alt=sse" : ":generateContent";
        break;
    case DialectName::bedrock:
    case DialectName::ollama: assert(false); break;
    }
}

ProviderHeader provider_header(DialectName dialect) noexcept {
    if (dialect == DialectName::anthropic) return {"anthropic-version", "2023-06-01"};
    return {};
}

Result<void> translate_answer(DialectName from, DialectName to, const json::Value& root,
                              const message::AnswerIdentity& identity, std::pmr::memory_resource* memory, Buffer& out) {
    assert(can_translate(from, to));
    message::Answer answer(memory);
    if (auto read = translator_of(from)->read_answer(root, answer); !read) return read;
    settle_answer(answer);
    const std::size_t size = out.size();
    auto written = translator_of(to)->write_answer(out, answer, identity);
    if (!written) out.truncate(size);
    return written;
}

int translate_error(DialectName from, DialectName to, int status, const json::Value& root, Buffer& out) {
    // Google sends some errors as a list of one.
    const json::Value said = from == DialectName::gemini && root.is(json::Kind::array) ? root[0] : root;
    const UpstreamError error = map_openai_error(status, said);
    dialect(to).write_error(out, error.status, error.message);
    return error.status;
}

StreamTranslator::StreamTranslator(DialectName from, DialectName to, const Options& options,
                                   std::pmr::memory_resource* memory)
    : id_(options.identity.id, memory), model_(options.identity.model, memory), steps_(memory) {
    assert(can_translate(from, to));
    reader_ = translator_of(from)->new_reader(memory);
    writer_ = translator_of(to)->new_writer(
        {{id_, model_, options.identity.created_s}, options.include_usage, options.held_bytes_max}, memory);
}

StreamTranslator::~StreamTranslator() = default;

bool StreamTranslator::feed(std::string_view type, const json::Value& root, Buffer& out) {
    if (ended_) return false;
    steps_.clear();
    const auto read = reader_->read(type, root, steps_);
    if (!write_steps(out)) return false;
    if (!read) fail(out, translate::not_readable);
    if (!ended_ && !steps_.empty() && steps_.back().what == AnswerStep::What::end) finish(out);
    return !ended_;
}

bool StreamTranslator::write_steps(Buffer& out) {
    for (const AnswerStep& step : steps_) {
        if (step.what == AnswerStep::What::error) {
            fail(out, step.text.empty() ? std::string_view("The provider reported an error.") : step.text);
            return false;
        }
        if (step.what == AnswerStep::What::end) break;
        if (step.what == AnswerStep::What::reasoning) continue;
        if (stopped_ && step.what != AnswerStep::What::usage) continue;  // an answer ends once
        stopped_ = stopped_ || step.what == AnswerStep::What::stop;
        if (auto written = writer_->write(step, out); !written) {
            fail(out, written.error().what);
            return false;
        }
    }
    return true;
}

bool StreamTranslator::feed_sentinel(std::string_view data, Buffer& out) {
    if (data == "[DONE]") finish(out);
    return !ended_;
}

void StreamTranslator::finish(Buffer& out) {
    if (ended_) return;
    steps_.clear();
    reader_->end(steps_);
    if (!write_steps(out)) return;
    if (!stopped_) {
        fail(out, translate::cut_off);
        return;
    }
    ended_ = true;
    writer_->finish(out);
}

void StreamTranslator::fail(Buffer& out, std::string_view message) {
    if (ended_) return;
    ended_ = true;
    writer_->fail(out, message);
}

}  // namespace gw::provider
