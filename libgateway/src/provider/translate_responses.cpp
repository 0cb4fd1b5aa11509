// OpenAI Responses as one of the dialects that are translated.
#include "provider/response_writer.h"
#include "provider/translate_chat.h"

namespace gw::provider {

namespace translate_responses {
namespace {

class ResponsesTranslator final : public Translator {
public:
    [[nodiscard]] Result<void> read_request(std::string_view, std::string_view, const json::Value& root,
                                            message::Conversation& conversation) const override {
        return read_responses_request(root, conversation);
    }
    [[nodiscard]] Result<void> write_request(Buffer& out, const message::Conversation& conversation,
                                             std::string_view model) const override {
        return write_responses_request(out, conversation, model);
    }
    [[nodiscard]] Result<void> read_answer(const json::Value& root, message::Answer& answer) const override {
        return read_responses_answer(root, answer);
    }
    [[nodiscard]] Result<void> write_answer(Buffer& out, const message::Answer& answer,
                                            const message::AnswerIdentity& identity) const override {
        write_responses_answer(out, answer, identity);
        return {};
    }
    [[nodiscard]] Owned<AnswerReader> new_reader(std::pmr::memory_resource* memory) const override {
        return new_responses_answer_reader(memory);
    }
    [[nodiscard]] Owned<AnswerWriter> new_writer(const AnswerWriterOptions& options,
                                                 std::pmr::memory_resource* memory) const override {
        return make_owned<ResponseWriter>(memory, options, ResponseForm{}, memory);
    }
};

}  // namespace
}  // namespace translate_responses

const Translator& responses_translator() noexcept {
    static const translate_responses::ResponsesTranslator translator;
    return translator;
}

}  // namespace gw::provider
