// Memory: an allocation may fail anywhere, and what is held is bounded.
#include "provider/translate_support.h"

namespace gw::test::translation {
namespace {

// Refuses the n-th allocation and all after it.
class Failing final : public std::pmr::memory_resource {
public:
    explicit Failing(std::size_t good) : left_(good) {}
    [[nodiscard]] std::size_t bytes_out() const { return out_; }

private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        if (left_ == 0) throw std::bad_alloc();
        --left_;
        out_ += size;
        return std::pmr::new_delete_resource()->allocate(size, alignment);
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
        out_ -= size;
        std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
    }
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::size_t left_;
    std::size_t out_ = 0;
};

// Runs `work` with 0, 1, 2, ... allocations until it has enough; what was allocated is given back each time.
template <typename Work>
std::size_t fail_everywhere(Work work) {
    for (std::size_t good = 0;; ++good) {
        Failing memory(good);
        bool done = false;
        try {
            work(memory);
            done = true;
        } catch (const std::bad_alloc&) {
            done = false;
        }
        REQUIRE(memory.bytes_out() == 0);
        if (done) return good;
        REQUIRE(good < 1000);
    }
}

}  // namespace

TEST_CASE("translate: allocations may fail anywhere") {
    const openai::Json body(
        R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"a_function_with_a_long_name","args":{"a":1}}}]},)"
        R"({"parts":[{"functionResponse":{"name":"a_function_with_a_long_name","response":{"output":"r"}}}]}],)"
        R"("systemInstruction":{"parts":[{"text":"S"}]},)"
        R"("tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{}}}]}]})");
    const auto asked = fail_everywhere([&](std::pmr::memory_resource& memory) {
        PooledBuffer out;
        provider::TranslateProblem problem(&memory);
        const auto done = provider::translate_request(DialectName::gemini, DialectName::anthropic, "m:generateContent",
                                                      "", body.root(), "m", out.buffer, problem);
        CHECK(done.has_value());
    });
    CHECK(asked > 5);
    const openai::Json chunk(
        R"({"id":"a-long-id-that-needs-memory-of-its-own","choices":[{"index":0,"delta":{"content":"a text that is long enough","tool_calls":[{"index":0,"id":"a-long-id-that-needs-memory-of-its-own","function":{"name":"a_function_with_a_long_name","arguments":"{\"a\":1}"}}]},"finish_reason":"stop"}]})");
    for (const DialectName to : {DialectName::openai_responses, DialectName::anthropic, DialectName::gemini}) {
        const auto streamed = fail_everywhere([&](std::pmr::memory_resource& memory) {
            PooledBuffer out;
            provider::StreamTranslator translator(DialectName::openai_chat, to, {identity}, &memory);
            const bool goes_on = translator.feed("", chunk.root(), out.buffer);
            CHECK(goes_on);
            translator.finish(out.buffer);
        });
        CHECK(streamed > 3);
    }
}

TEST_CASE("translate: many calls take no more than their share of time") {
    // Every result names a call by its id, from the last to the first.
    std::string body = R"({"contents":[{"role":"model","parts":[)";
    const int count = 3000;
    for (int i = 0; i < count; ++i)
        body += std::string(i == 0 ? "" : ",") + R"({"functionCall":{"name":"f","id":")" + std::to_string(i) + R"("}})";
    body += R"(]},{"role":"user","parts":[)";
    for (int i = count - 1; i >= 0; --i) {
        body += R"({"functionResponse":{"name":"f","id":")" + std::to_string(i) + R"(","response":{}}})";
        body += ',';
    }
    body += R"({"text":"x"}]}]})";
    const std::string out = request(DialectName::gemini, DialectName::openai_chat, body);
    CHECK(out.find(R"("tool_call_id":"2999")") < out.find(R"("tool_call_id":"0")"));
    CHECK(openai::Json(out).root()["messages"].size() == 1 + count + 1);
}

}  // namespace gw::test::translation
