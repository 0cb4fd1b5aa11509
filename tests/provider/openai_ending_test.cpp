// Ending streams of OpenAI chat, Responses and Ollama at any place, and answers that are blocked from the start.
#include <array>

#include "provider/dialect_ollama.h"
#include "provider/dialect_openai_chat.h"
#include "provider/dialect_responses.h"
#include "provider/openai_support.h"

namespace gw::test::openai {

namespace {

const provider::Dialect& chat() { return provider::openai_chat_dialect(); }
const provider::Dialect& responses() { return provider::responses_dialect(); }
const provider::Dialect& ollama() { return provider::ollama_dialect(); }

std::string blocked(const provider::Dialect& dialect, bool stream) {
    PooledBuffer out;
    provider::RequestFacts facts;
    facts.stream = stream;
    dialect.write_blocked(out.buffer, notice, facts);
    return std::string(out.buffer.text());
}

std::string in_quotes(std::string_view text) {
    PooledBuffer out;
    json::Writer(out.buffer).string(text);
    return std::string(out.buffer.text());
}

// Streams as the providers write them, put together at random.
Events random_chat(Random& random) {
    Events events;
    const std::size_t choices = 1 + random.below(3);
    const std::string head = R"({"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[)";
    const auto add = [&](std::size_t choice, const std::string& delta, const char* reason) {
        events.push_back({{},
                          head + R"({"index":)" + std::to_string(choice) + R"(,"delta":{)" + delta +
                              R"(},"finish_reason":)" + reason + "}]}"});
    };
    if (random.below(3) == 0) events.push_back({{}, head + "]}"});
    std::array<std::size_t, 3> left{};
    std::array<bool, 3> begun{};
    for (std::size_t i = 0; i < choices; ++i) left[i] = 1 + random.below(5);
    for (std::size_t open = choices; open > 0;) {
        const std::size_t choice = random.below(choices);
        if (left[choice] == 0) continue;
        if (!begun[choice]) {
            begun[choice] = true;
            add(choice, R"("role":"assistant","content":"")", "null");
        } else if (--left[choice] == 0) {
            --open;
            add(choice, "", "\"stop\"");
        } else {
            constexpr const char* deltas[] = {
                R"("content":"a\nb")", R"("reasoning":"r")",
                R"("tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{"}}])"};
            add(choice, deltas[random.below(3)], "null");
        }
    }
    if (random.below(2) == 0) events.push_back({{}, head + R"(],"usage":{"prompt_tokens":1,"completion_tokens":1}})"});
    return events;
}

class RandomResponse {
public:
    explicit RandomResponse(Random& random) : random_(random) {
        send(
            "response.created",
            R"("response":{"id":"r1","object":"response","created_at":7,"model":"m","status":"in_progress","output":[]})");
        const std::size_t items = 1 + random.below(4);
        for (std::size_t i = 0; i < items; ++i) {
            index_ = R"(,"output_index":)" + std::to_string(i);
            switch (random.below(3)) {
            case 0: message("msg_" + std::to_string(i)); break;
            case 1: reasoning("rs_" + std::to_string(i)); break;
            default: call("fc_" + std::to_string(i)); break;
            }
        }
    }
    [[nodiscard]] const Events& events() const { return events_; }

private:
    void send(const std::string& type, const std::string& members) {
        events_.push_back({type, R"({"type":")" + type + R"(","sequence_number":)" + std::to_string(events_.size()) +
                                     "," + members + "}"});
    }
    // A text in deltas, between the events that open and end it. Returns the part as JSON.
    std::string part(const std::string& id, const std::string& type, const std::string& key,
                     const std::string& part_event, const std::string& text_event, const std::string& at) {
        const std::string address = R"("item_id":")" + id + "\"" + index_ + at;
        const auto json = [&](const std::string& text) {
            return R"({"type":")" + type + R"(",")" + key + R"(":)" + in_quotes(text) + "}";
        };
        send(part_event + ".added", address + R"(,"part":)" + json(""));
        std::string text;
        for (std::size_t i = random_.below(4); i > 0; --i) {
            const std::string piece = i % 2 == 0 ? "\"piece\"\n" : "\xC3\xA9 ";
            text += piece;
            send(text_event + ".delta", address + R"(,"delta":)" + in_quotes(piece));
        }
        send(text_event + ".done", address + ",\"" + key + "\":" + in_quotes(text));
        send(part_event + ".done", address + R"(,"part":)" + json(text));
        return json(text);
    }
    void item(const std::string& id, const std::string& type, const char* end, const std::string& members) {
        send(std::string("response.output_item.") + end,
             R"("item":{"id":")" + id + R"(","type":")" + type + "\"," + members + "}" + index_);
    }
    std::string parts(const std::string& id, std::size_t count, bool summary) {
        std::string all;
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) all += ",";
            const std::string number = std::to_string(i);
            if (summary) {
                all += part(id, "summary_text", "text", "response.reasoning_summary_part",
                            "response.reasoning_summary_text", R"(,"summary_index":)" + number);
            } else if (random_.below(3) == 0) {
                all += part(id, "refusal", "refusal", "response.content_part", "response.refusal",
                            R"(,"content_index":)" + number);
            } else {
                all += part(id, "output_text", "text", "response.content_part", "response.output_text",
                            R"(,"content_index":)" + number);
            }
        }
        return all;
    }
    void message(const std::string& id) {
        item(id, "message", "added", R"("role":"assistant","status":"in_progress","content":[])");
        const std::string all = parts(id, random_.below(3), false);
        item(id, "message", "done", R"("role":"assistant","status":"completed","content":[)" + all + "]");
    }
    void reasoning(const std::string& id) {
        item(id, "reasoning", "added", R"("summary":[])");
        const std::string all = parts(id, random_.below(3), true);
        item(id, "reasoning", "done", R"("summary":[)" + all + "]");
    }
    void call(const std::string& id) {
        item(id, "function_call", "added", R"("call_id":"c","name":"f","arguments":"")");
        const std::string address = R"("item_id":")" + id + "\"" + index_;
        send("response.function_call_arguments.delta", address + R"(,"delta":"{}")");
        send("response.function_call_arguments.done", address + R"(,"arguments":"{}")");
        item(id, "function_call", "done", R"("call_id":"c","name":"f","arguments":"{}")");
    }

    Random& random_;
    Events events_;
    std::string index_;
};

Events random_ollama(Random& random) {
    Events events;
    const bool generate = random.below(2) == 0;
    for (std::size_t i = random.below(6); i > 0; --i) {
        const std::string text = random.below(3) == 0 ? "" : "a";
        events.push_back({{},
                          R"({"model":"m","created_at":"t",)" +
                              (generate ? R"("response":")" + text + "\""
                                        : R"("message":{"role":"assistant","content":")" + text + R"("})") +
                              R"(,"done":false})"});
    }
    return events;
}

std::string texts_of(const Events& events, std::size_t from) {
    std::string all;
    for (std::size_t i = from; i < events.size(); ++i) all += events[i].data + "\n";
    return all;
}

}  // namespace

TEST_CASE("openai: what is blocked from the start has the shapes that clients rely on") {
    CHECK(blocked(chat(), false) ==
          R"({"id":"chatcmpl-blocked","object":"chat.completion","created":1787123103,"model":"asked-model",)"
          R"("choices":[{"index":0,"message":{"role":"assistant","content":"[DefenseClaw] This was blocked."},)"
          R"("finish_reason":"content_filter"}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0},)"
          R"("defenseclaw_blocked":true,"defenseclaw_reason":"[DefenseClaw] This was blocked."})");
    const std::string chunk =
        R"(data: {"id":"chatcmpl-blocked","object":"chat.completion.chunk","created":1787123103,"model":"asked-model",)"
        R"("choices":[{"index":0,"delta":)";
    CHECK(blocked(chat(), true) ==
          chunk + "{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n" + chunk +
              "{\"content\":\"[DefenseClaw] This was blocked.\"},\"finish_reason\":null}]}\n\n" + chunk +
              "{},\"finish_reason\":\"content_filter\"}],\"defenseclaw_blocked\":true,"
              "\"defenseclaw_reason\":\"[DefenseClaw] This was blocked.\"}\n\ndata: [DONE]\n\n");
    CHECK(
        blocked(responses(), false) ==
        R"({"id":"resp_blocked","object":"response","created_at":1787123103,"model":"asked-model","status":"completed",)"
        R"("output":[{"id":"msg_blocked","type":"message","role":"assistant","status":"completed","content":[{"type":)"
        R"("output_text","text":"[DefenseClaw] This was blocked.","annotations":[]}]}],"usage":{"input_tokens":0,)"
        R"("output_tokens":1,"total_tokens":1},"defenseclaw_blocked":true,)"
        R"("defenseclaw_reason":"[DefenseClaw] This was blocked."})");
    std::vector<std::string> types;
    for (const Event& event : parse_sse(blocked(responses(), true))) types.push_back(event.type);
    CHECK(types == std::vector<std::string>{"response.created", "response.output_item.added",
                                            "response.content_part.added", "response.output_text.delta",
                                            "response.output_text.done", "response.content_part.done",
                                            "response.output_item.done", "response.completed"});
    CHECK(judge_responses(parse_sse(blocked(responses(), true))).empty());
    for (const bool stream : {false, true}) {
        CHECK(
            blocked(ollama(), stream) ==
            R"({"model":"asked-model","created_at":"2026-08-19T07:05:03.042000000Z","message":{"role":"assistant",)"
            R"("content":"[DefenseClaw] This was blocked."},"response":"[DefenseClaw] This was blocked.","done":true,)"
            R"("done_reason":"guardrail_intervened","defenseclaw_blocked":true})"
            "\n");
    }
}

TEST_CASE("openai: a stream that nothing was sent of ends as one that was blocked from the start") {
    for (const provider::Dialect* dialect : {&chat(), &responses(), &ollama()}) {
        const Events want =
            dialect == &ollama() ? parse_lines(blocked(*dialect, true)) : parse_sse(blocked(*dialect, true));
        CHECK(texts_of(ended(*dialect, {}, End::block), 0) == texts_of(want, 0));
    }
}

TEST_CASE("openai: a stream may be ended behind any event") {
    struct {
        const provider::Dialect* dialect;
        Events (*make)(Random&);
        std::string (*judge)(const Events&);
    } const cases[] = {
        {&chat(), random_chat, judge_chat},
        {&responses(), [](Random& random) { return RandomResponse(random).events(); }, judge_responses},
        {&ollama(), random_ollama, judge_ollama},
    };
    for (const auto& c : cases) {
        Random random(19);
        for (int round = 0; round < 15; ++round) {
            const Events whole = c.make(random);
            for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
                const Events sent(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
                const Events all = ended(*c.dialect, sent, End::block);
                INFO(texts_of(all, 0));
                CHECK(c.judge(all) == "");
                CHECK(texts_of(all, cut).find(notice_text) != std::string::npos);
            }
        }
    }
}

TEST_CASE("openai chat: the notice follows the text of every choice that is open") {
    const Events sent = {
        {{},
         R"({"id":"c1","created":7,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"A"}}]})"},
        {{}, R"({"choices":[{"index":1,"delta":{"role":"assistant"}},{"index":2,"delta":{},"finish_reason":"stop"}]})"},
        {{},
         R"({"choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{"}}]}}]})"},
    };
    const std::string head =
        R"({"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":)";
    const std::string blocked_end = R"(,"delta":{},"finish_reason":"content_filter"}],"defenseclaw_blocked":true,)"
                                    R"("defenseclaw_reason":"[DefenseClaw] This was blocked."})";
    CHECK(texts_of(ended(chat(), sent, End::block), sent.size()) ==
          head + R"(0,"delta":{"content":"\n\n[DefenseClaw] This was blocked."},"finish_reason":null}]})" + "\n" +
              head + R"(1,"delta":{"content":"[DefenseClaw] This was blocked."},"finish_reason":null}]})" + "\n" +
              head + "0" + blocked_end + "\n" + head + "1" + blocked_end + "\n[DONE]\n");
}

TEST_CASE("openai chat: legacy completions end in their own form") {
    const Events sent = {{{},
                          R"({"id":"c","object":"text_completion","created":7,"model":"m","choices":[{"index":0,)"
                          R"("text":"A","finish_reason":null}]})"}};
    const Events all = ended(chat(), sent, End::block);
    REQUIRE(all.size() == 4);
    CHECK(Json(all[1].data).root()["choices"][0]["text"].as_string() == "\n\n[DefenseClaw] This was blocked.");
    CHECK(Json(all[2].data).root()["choices"][0]["finish_reason"].as_string() == "content_filter");
    CHECK(Json(all[2].data).root()["object"].as_string() == "text_completion");
}

TEST_CASE("openai responses: a call that is open is never finished") {
    const Events sent = {
        {"response.created", R"({"type":"response.created","sequence_number":0,"response":{"id":"r1","model":"m"}})"},
        {"response.output_item.added", R"({"type":"response.output_item.added","sequence_number":1,"output_index":0,)"
                                       R"("item":{"id":"fc","type":"function_call","name":"f","arguments":""}})"},
        {"response.function_call_arguments.delta",
         R"({"type":"response.function_call_arguments.delta","sequence_number":2,"item_id":"fc","output_index":0,)"
         R"("delta":"{\"command\":\"x\"}"})"},
    };
    const Events all = ended(responses(), sent, End::block);
    CHECK(judge_responses(all) == "");
    CHECK(texts_of(all, sent.size()).find("function_call") == std::string::npos);
    CHECK(Json(all.back().data).root()["response"]["output"].size() == 1);
}

TEST_CASE("openai responses: what is too long to repeat is not repeated") {
    Events sent = {
        {"", R"({"type":"response.created","response":{"id":"r1","model":"m"}})"},
        {"", R"({"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message"}})"},
        {"", R"({"type":"response.content_part.added","item_id":"msg_1","output_index":0,"content_index":0,)"
             R"("part":{"type":"output_text","text":""}})"}};
    for (int i = 0; i < 20; ++i) {
        sent.push_back(
            {"", R"({"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,)"
                 R"("delta":")" +
                     std::string(100000, 'x') + "\"}"});
    }
    const Events all = ended(responses(), sent, End::block);
    const Json completed(all.back().data);
    CHECK(completed.root()["response"]["output"][0]["content"][0]["text"].as_string() ==
          "\n\n[DefenseClaw] This was blocked.");
    CHECK_FALSE(completed.root()["sequence_number"].exists());  // as the stream had none
}

TEST_CASE("openai: failures inside a stream") {
    CHECK(texts_of(ended(chat(), {}, End::failure), 0) ==
          R"({"error":{"message":"The upstream closed the stream.","type":"upstream_error","param":null,)"
          R"("code":"upstream_error"}})"
          "\n[DONE]\n");
    CHECK(texts_of(ended(ollama(), {}, End::failure), 0) == "{\"error\":\"The upstream closed the stream.\"}\n");
    const Events sent = {{"response.created", R"({"type":"response.created","sequence_number":4,"response":{"id":"r1",)"
                                              R"("model":"m","created_at":7}})"}};
    const Events all = ended(responses(), sent, End::failure);
    REQUIRE(all.size() == 3);
    CHECK(all[1].type == "error");
    CHECK(all[1].data == R"({"type":"error","sequence_number":5,"code":"upstream_error","message":)"
                         R"("The upstream closed the stream.","param":null})");
    CHECK(all[2].type == "response.failed");
    CHECK(all[2].data ==
          R"({"type":"response.failed","sequence_number":6,"response":{"id":"r1","object":"response","created_at":7,)"
          R"("model":"m","status":"failed","output":[],"error":{"code":"server_error","message":)"
          R"("The upstream closed the stream."}}})");
}

TEST_CASE("openai: nothing follows the terminal event") {
    const Events done_chat = {{{}, R"({"id":"c","choices":[]})"}, {{}, "[DONE]"}};
    const Events done_responses = {{{}, R"({"type":"response.completed","response":{"id":"r"}})"}};
    const Events done_ollama = {{{}, R"({"model":"m","done":true})"}};
    for (const End end : {End::block, End::failure}) {
        CHECK(ended(chat(), done_chat, end).size() == 2);
        CHECK(ended(responses(), done_responses, end).size() == 1);
        CHECK(ended(ollama(), done_ollama, end).size() == 1);
    }
}

TEST_CASE("openai: errors of ours") {
    struct {
        int status;
        std::string_view type, code;
    } const cases[] = {
        {400, "invalid_request_error", "invalid_request"}, {401, "authentication_error", "invalid_api_key"},
        {403, "invalid_request_error", "invalid_request"}, {413, "invalid_request_error", "invalid_request"},
        {429, "rate_limit_error", "rate_limit_exceeded"},  {502, "upstream_error", "upstream_error"},
        {504, "upstream_error", "upstream_error"},
    };
    for (const auto& c : cases) {
        for (const provider::Dialect* dialect : {&chat(), &responses()}) {
            PooledBuffer out;
            dialect->write_error(out.buffer, c.status, "Say \"why\".");
            CHECK(out.buffer.text() == R"({"error":{"message":"Say \"why\".","type":")" + std::string(c.type) +
                                           R"(","param":null,"code":")" + std::string(c.code) + "\"}}");
        }
    }
    PooledBuffer out;
    ollama().write_error(out.buffer, 400, "no");
    CHECK(out.buffer.text() == R"({"error":"no"})");
}

TEST_CASE("openai: memory that runs out leaves readers and endings that can be destroyed") {
    Random random(5);
    struct {
        const provider::Dialect* dialect;
        Events events;
    } const cases[] = {{&chat(), random_chat(random)},
                       {&responses(), RandomResponse(random).events()},
                       {&ollama(), random_ollama(random)}};
    for (const auto& c : cases) {
        bool passed = false;
        for (std::size_t n = 0; !passed; ++n) {
            REQUIRE(n < 5000);
            TestHost host;
            HostMemory memory(host.allocator());
            BlockPoolOwner pool(host.allocator());
            host.fail_at(n);
            try {
                const auto reader = c.dialect->new_reader(&memory);
                const auto ending = c.dialect->new_ending(provider::Framing::sse, &memory);
                provider::Steps steps(&memory);
                for (const Event& event : c.events) {
                    const Json json(event.data);
                    const bool good = reader->read(event.type, json.root(), steps);
                    CHECK(good);
                    ending->note(event.type, json.root());
                }
                Buffer out(pool.get());
                ending->write_block(out, notice);
                passed = true;
            } catch (const std::bad_alloc&) {
                CHECK(host.failed());
            }
            host.fail_never();
        }
    }
}

}  // namespace gw::test::openai
