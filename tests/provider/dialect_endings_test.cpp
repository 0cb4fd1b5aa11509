// A stream that is ended anywhere is one that a client's SDK takes: its accumulator is strict here where SDKs are.
#include <map>
#include <optional>

#include "provider/aws_events.h"
#include "provider/conversation.h"
#include "provider/dialect_anthropic.h"
#include "provider/dialect_bedrock.h"
#include "provider/dialect_gemini.h"
#include "sse/sse.h"

namespace gw::test {

namespace {

using provider::Framing;

const char* const notice = "[DefenseClaw] \"blocked\"";

// Puts a stream together. The first thing that is wrong stays in `wrong`.
struct Accumulator {
    enum class Form { anthropic, converse, gemini };
    explicit Accumulator(Form its_form) : form(its_form) {}

    Form form;
    std::string wrong;
    bool begun = false, stopped = false, ended = false, failed = false;
    std::string reason;
    struct Block {
        std::string kind, text;
        bool open = true;
    };
    std::vector<Block> blocks;
    std::map<std::int64_t, std::pair<std::string, std::string>> candidates;  // text, reason

    void expect(bool holds, const std::string& what) {
        if (!holds && wrong.empty()) wrong = what;
    }
    void take(const Sent& event) {
        const Json json(event.json);
        const json::Value root = json.root();
        expect(!ended, "something behind the end: " + event.json);
        if (event.type.ends_with("Exception")) {
            ended = failed = true;
            return;
        }
        if (form == Form::gemini) {
            frame(root);
        } else if (form == Form::anthropic) {
            anthropic(said(root["type"]), root);
        } else {
            converse(event.type, root);
        }
    }
    // What a client shows at the end.
    [[nodiscard]] std::string last_text() const {
        if (form == Form::gemini) return candidates.empty() ? "" : candidates.begin()->second.first;
        return blocks.empty() ? "" : blocks.back().text;
    }

private:
    void start(std::int64_t index, const std::string& kind) {
        expect(begun && !stopped, "a block outside of the message");
        expect(index == static_cast<std::int64_t>(blocks.size()), "a block's index does not go on");
        blocks.push_back({kind, "", true});
    }
    Block* find(std::int64_t index) {
        const bool there = index >= 0 && index < static_cast<std::int64_t>(blocks.size());
        expect(there && blocks[static_cast<std::size_t>(index)].open, "a block is not open");
        return there ? &blocks[static_cast<std::size_t>(index)] : nullptr;
    }
    void add(std::int64_t index, const std::string& kind, const json::Value& text) {
        Block* block = find(index);
        if (block == nullptr) return;
        expect(block->kind == kind, "text of another kind");
        block->text += said(text);
    }
    void stop(std::int64_t index) {
        if (Block* block = find(index)) block->open = false;
    }
    void all_closed() {
        for (const Block& block : blocks) expect(!block.open, "the message ends with an open block");
    }

    void anthropic(const std::string& type, const json::Value& root) {
        const std::int64_t index = root["index"].as_int().value_or(-1);
        const json::Value delta = root["delta"];
        if (type == "message_start") {
            expect(!begun, "a second message");
            begun = true;
        } else if (type == "content_block_start") {
            const std::string kind = said(root["content_block"]["type"]);
            start(index, kind);
        } else if (type == "content_block_delta") {
            if (delta["text"].exists()) add(index, "text", delta["text"]);
            if (delta["thinking"].exists()) add(index, "thinking", delta["thinking"]);
            if (delta["partial_json"].exists()) add(index, "tool_use", delta["partial_json"]);
        } else if (type == "content_block_stop") {
            stop(index);
        } else if (type == "message_delta") {
            all_closed();
            stopped = true;
            reason = said(delta["stop_reason"]);
            expect(root["usage"]["output_tokens"].as_int().value_or(0) > 0, "no usage");
        } else if (type == "message_stop") {
            expect(stopped, "no reason");
            ended = true;
        } else if (type == "error") {
            ended = failed = true;
        } else {
            expect(type == "ping", "an unknown event " + type);
        }
    }

    void converse(const std::string& type, const json::Value& root) {
        const std::int64_t index = root["contentBlockIndex"].as_int().value_or(-1);
        const json::Value delta = root["delta"];
        if (type == "messageStart") {
            expect(!begun, "a second message");
            begun = true;
        } else if (type == "contentBlockStart") {
            start(index, "tool");
        } else if (type == "contentBlockDelta") {
            const std::string kind = delta["text"].exists() ? "text" : delta["toolUse"].exists() ? "tool" : "reasoning";
            if (index == static_cast<std::int64_t>(blocks.size()) && kind != "tool") start(index, kind);
            add(index, kind,
                kind == "text"   ? delta["text"]
                : kind == "tool" ? delta["toolUse"]["input"]
                                 : delta["reasoningContent"]["text"]);
        } else if (type == "contentBlockStop") {
            stop(index);
        } else if (type == "messageStop") {
            all_closed();
            stopped = true;
            reason = said(root["stopReason"]);
        } else if (type == "metadata") {
            expect(stopped, "no reason");
            ended = true;
        } else {
            expect(false, "an unknown event " + type);
        }
    }

    void frame(const json::Value& root) {
        begun = true;
        if (root["error"].exists()) ended = failed = true;
        for (json::Value it = root["candidates"].first(); it.exists(); it = it.next()) {
            auto& [text, why] = candidates[it["index"].as_int().value_or(0)];
            expect(why.empty(), "a candidate goes on behind its end");
            for (json::Value part = it["content"]["parts"].first(); part.exists(); part = part.next()) {
                if (part["text"].exists() && !part["thought"].exists()) text += said(part["text"]);
            }
            if (it["finishReason"].exists()) why = said(it["finishReason"]);
        }
    }
};

// The events in what an ending has written.
std::vector<Sent> events_of(std::string_view wire, Framing framing) {
    std::vector<Sent> out;
    const PooledBuffer pooled;
    if (framing == Framing::sse) {
        sse::Decoder decoder(1U << 20U, pooled.pool.get(), std::pmr::get_default_resource());
        REQUIRE(decoder.feed(as_bytes(wire)));
        while (const auto event = decoder.next()) {
            const std::string type(event->type == "message" ? "" : event->type);
            out.push_back({type, std::string(event->data)});
            if (!type.empty()) CHECK(said(Json(out.back().json).root()["type"]) == type);
        }
        CHECK(decoder.rest().empty());
        return out;
    }
    provider::AwsEventReader reader(1U << 20U, pooled.pool.get());
    reader.feed(as_bytes(wire));
    for (auto event = reader.next(); event && *event; event = reader.next()) {
        out.push_back({std::string((*event)->type), std::string((*event)->payload)});
        if ((*event)->type != "chunk") continue;
        const auto inside = provider::unwrap_chunk(Json(out.back().json).root(), std::pmr::get_default_resource());
        REQUIRE(inside);
        out.back().json = *inside;
    }
    CHECK(reader.rest().empty());
    return out;
}

// Events of Converse inside chunks, as the accumulator wants them.
Sent unnested(const Sent& event) {
    if (event.type != "chunk") return event;
    const Json json(event.json);
    const json::Value member = json.root().first();
    return {std::string(member.key()), std::string(member.raw())};
}

std::string word(Random& random) { return "w" + std::to_string(random.below(1000)) + " "; }

std::vector<Sent> anthropic_stream(Random& random) {
    std::vector<Sent> out;
    const auto send = [&](const std::string& type, const std::string& more) {
        out.push_back({type, R"({"type":")" + type + "\"" + more + "}"});
    };
    send("message_start",
         R"(,"message":{"id":"m","model":"x","content":[],"usage":{"input_tokens":1,"output_tokens":1}})");
    const std::size_t count = random.below(5);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string at = R"(,"index":)" + std::to_string(i);
        const std::size_t kind = random.below(3);
        static const char* const starts[] = {R"({"type":"text","text":""})", R"({"type":"thinking","thinking":""})",
                                             R"({"type":"tool_use","id":"t","name":"f","input":{}})"};
        static const char* const names[] = {"text", "thinking", "partial_json"};
        send("content_block_start", at + R"(,"content_block":)" + starts[kind]);
        for (std::size_t n = random.below(4); n > 0; --n) {
            if (random.below(3) == 0) send("ping", "");
            send("content_block_delta", at + R"(,"delta":{")" + names[kind] + R"(":")" + word(random) + "\"}");
        }
        if (kind == 1) send("content_block_delta", at + R"(,"delta":{"type":"signature_delta","signature":"zz"})");
        send("content_block_stop", at);
    }
    send("message_delta", R"(,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7})");
    send("message_stop", "");
    return out;
}

std::vector<Sent> converse_stream(Random& random) {
    std::vector<Sent> out{{"messageStart", R"({"role":"assistant"})"}};
    const std::size_t count = random.below(5);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string at = R"({"contentBlockIndex":)" + std::to_string(i);
        const std::size_t kind = random.below(3);
        if (kind == 2)
            out.push_back({"contentBlockStart", at + R"(,"start":{"toolUse":{"toolUseId":"t","name":"f"}}})"});
        for (std::size_t n = 1 + random.below(3); n > 0; --n) {
            const std::string text = "\"" + word(random) + "\"";
            out.push_back({"contentBlockDelta", at + R"(,"delta":)" +
                                                    (kind == 0   ? R"({"text":)" + text + "}}"
                                                     : kind == 1 ? R"({"reasoningContent":{"text":)" + text + "}}}"
                                                                 : R"({"toolUse":{"input":)" + text + "}}}")});
        }
        out.push_back({"contentBlockStop", at + "}"});
    }
    out.push_back({"messageStop", R"({"stopReason":"end_turn"})"});
    out.push_back({"metadata", R"({"usage":{"inputTokens":1,"outputTokens":2}})"});
    return out;
}

std::vector<Sent> gemini_stream(Random& random) {
    std::vector<Sent> out;
    const std::size_t candidates = 1 + random.below(3);
    for (std::size_t n = random.below(6); n > 0; --n) {
        const std::size_t index = random.below(candidates);
        const std::size_t kind = random.below(3);
        const std::string part = kind == 0   ? R"({"text":")" + word(random) + "\"}"
                                 : kind == 1 ? R"({"thought":true,"text":")" + word(random) + "\"}"
                                             : R"({"functionCall":{"name":"f","args":{}}})";
        out.push_back({"", R"({"responseId":"r","modelVersion":"g","candidates":[{"index":)" + std::to_string(index) +
                               R"(,"content":{"role":"model","parts":[)" + part + "]}}]}"});
    }
    for (std::size_t i = 0; i < candidates; ++i) {
        out.push_back({"", R"({"candidates":[{"index":)" + std::to_string(i) + R"(,"finishReason":"STOP"}]})"});
    }
    return out;
}

struct Wire {
    const char* name;
    const provider::Dialect& dialect;
    Framing framing;
    Accumulator::Form form;
    std::vector<Sent> (*make)(Random&);
    const char* reason;
    bool chunks;
};

std::vector<Wire> wires() {
    using Form = Accumulator::Form;
    return {{"anthropic", provider::anthropic_dialect(), Framing::sse, Form::anthropic, anthropic_stream, "end_turn",
             false},
            {"gemini", provider::gemini_dialect(), Framing::sse, Form::gemini, gemini_stream, "SAFETY", false},
            {"bedrock", provider::bedrock_dialect(), Framing::aws_events, Form::converse, converse_stream,
             "guardrail_intervened", false},
            {"bedrock, chunks of Anthropic", provider::bedrock_dialect(), Framing::aws_events, Form::anthropic,
             anthropic_stream, "end_turn", true},
            {"bedrock, chunks of Nova", provider::bedrock_dialect(), Framing::aws_events, Form::converse,
             converse_stream, "guardrail_intervened", true}};
}

// The event as it travels.
Sent on_wire(const Wire& wire, const Sent& event) {
    if (!wire.chunks) return event;
    if (wire.form == Accumulator::Form::anthropic) return {"chunk", event.json};
    return {"chunk", "{\"" + event.type + "\":" + event.json + "}"};
}

struct Ended {
    Accumulator client;
    std::vector<Sent> tail;
};
// A stream of `count` events that is ended there by us.
Ended end_after(const Wire& wire, const std::vector<Sent>& events, std::size_t count, bool failure) {
    const auto ending = wire.dialect.new_ending(wire.framing, std::pmr::get_default_resource());
    Ended out{Accumulator(wire.form), {}};
    for (std::size_t i = 0; i < count; ++i) {
        const Sent sent = on_wire(wire, events[i]);
        const Json json(sent.json);
        ending->note(sent.type, json.root());
        out.client.take(events[i]);
    }
    PooledBuffer buffer;
    if (failure) {
        ending->write_failure(buffer.buffer, "the upstream \"fell\" silent");
    } else {
        ending->write_block(buffer.buffer, {notice, "m1", 0});
    }
    out.tail = events_of(buffer.buffer.text(), wire.framing);
    for (const Sent& event : out.tail)
        out.client.take(wire.form == Accumulator::Form::converse ? unnested(event) : event);
    return out;
}

}  // namespace

TEST_CASE("endings: a stream that is blocked anywhere is well-formed to its end") {
    for (const Wire& wire : wires()) {
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            Random random(seed);
            const std::vector<Sent> events = wire.make(random);
            // Before its first chunk a stream of chunks cannot be told from one of Converse, and is ended as such.
            for (std::size_t count = wire.chunks ? 1 : 0; count <= events.size(); ++count) {
                INFO(wire.name << ", seed " << seed << ", blocked behind event " << count << " of " << events.size());
                const Ended ended = end_after(wire, events, count, false);
                CHECK(ended.client.wrong == "");
                if (wire.form == Accumulator::Form::gemini) {
                    std::string all;
                    for (const auto& [index, candidate] : ended.client.candidates) {
                        CHECK(candidate.second != "");
                        all += candidate.first;
                    }
                    CHECK((ended.tail.empty() || all.find(notice) != std::string::npos));
                    CHECK((!ended.tail.empty() || count + 3 >= events.size()));
                    continue;
                }
                CHECK(ended.client.ended);
                if (count == events.size()) {
                    CHECK(ended.tail.empty());
                    continue;
                }
                // Once the reason was given only the end is left.
                if (ended.tail.size() <= 1) continue;
                const std::string text = ended.client.last_text();
                CHECK(text.substr(text.size() - std::min(text.size(), std::string_view(notice).size())) == notice);
                CHECK(ended.client.reason == wire.reason);
            }
        }
    }
}

TEST_CASE("endings: a stream that fails anywhere says so once") {
    for (const Wire& wire : wires()) {
        Random random(7);
        const std::vector<Sent> events = wire.make(random);
        for (std::size_t count = 0; count < events.size(); ++count) {
            INFO(wire.name << ", failed behind event " << count);
            const Ended ended = end_after(wire, events, count, true);
            CHECK(ended.client.wrong == "");
            CHECK(ended.client.failed);
            CHECK(ended.tail.size() == 1);
        }
    }
    const auto failure = [](const provider::Dialect& dialect, Framing framing) {
        PooledBuffer out;
        const auto ending = dialect.new_ending(framing, std::pmr::get_default_resource());
        ending->write_failure(out.buffer, "a \"b\"");
        ending->write_failure(out.buffer, "not twice");
        ending->write_block(out.buffer, {notice, "m", 0});
        return events_of(out.buffer.text(), framing);
    };
    CHECK(failure(provider::anthropic_dialect(), Framing::sse) ==
          std::vector<Sent>{{"error", R"({"type":"error","error":{"type":"api_error","message":"a \"b\""}})"}});
    CHECK(failure(provider::gemini_dialect(), Framing::sse) ==
          std::vector<Sent>{{"", R"({"error":{"code":502,"message":"a \"b\"","status":"UNAVAILABLE"}})"}});
    CHECK(failure(provider::bedrock_dialect(), Framing::aws_events) ==
          std::vector<Sent>{{"modelStreamErrorException", R"({"message":"a \"b\""})"}});
}

TEST_CASE("endings: the notice goes on in the text that is open") {
    const auto tail = [](const Wire& wire, const std::vector<Sent>& events) {
        return end_after(wire, events, events.size(), false).tail;
    };
    const std::vector<Wire> all = wires();
    const Sent begin{"", R"({"type":"message_start","message":{"id":"m","usage":{"output_tokens":3}}})"};
    const Sent text{"", R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"};
    const Sent tool{
        "",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}})"};
    std::vector<Sent> events = tail(all[0], {begin, text});
    REQUIRE(events.size() == 4);
    CHECK(
        events[0].json ==
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\n\n[DefenseClaw] \"blocked\""}})");
    CHECK(events[1].json == R"({"type":"content_block_stop","index":0})");
    CHECK(
        events[2].json ==
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}})");
    CHECK(events[3].json == R"({"type":"message_stop"})");
    events = tail(all[0], {begin, tool});
    REQUIRE(events.size() == 6);
    CHECK(events[0].json == R"({"type":"content_block_stop","index":0})");
    CHECK(events[1].json == R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})");
    CHECK(
        events[2].json ==
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"[DefenseClaw] \"blocked\""}})");

    events = tail(
        all[1], {{"", R"({"responseId":"r","modelVersion":"g","candidates":[{"content":{"parts":[{"text":"A"}]}}]})"}});
    REQUIRE(events.size() == 1);
    CHECK(events[0].json ==
          R"({"candidates":[{"content":{"parts":[{"text":"\n\n[DefenseClaw] \"blocked\""}],"role":"model"},)"
          R"("finishReason":"SAFETY","index":0}],"modelVersion":"g","responseId":"r","defenseclaw_blocked":true,)"
          R"("defenseclaw_reason":"[DefenseClaw] \"blocked\""})");

    const auto ending = provider::bedrock_dialect().new_ending(Framing::aws_events, std::pmr::get_default_resource());
    const Json chunk(R"({"outputText":"A","completionReason":null})");
    ending->note("chunk", chunk.root());
    PooledBuffer out;
    ending->write_block(out.buffer, {notice, "m", 0});
    CHECK(events_of(out.buffer.text(), Framing::aws_events) ==
          std::vector<Sent>{{"chunk", R"({"outputText":"\n\n[DefenseClaw] \"blocked\"","completionReason":"stop"})"}});
}

TEST_CASE("endings: memory that runs out anywhere leaves nothing behind") {
    for (const Wire& wire : wires()) {
        Random random(3);
        const std::vector<Sent> events = wire.make(random);
        TestHost host;
        bool done = false;
        for (std::size_t n = 0; !done; ++n) {
            REQUIRE(n < 2000);
            HostMemory memory(host.allocator());
            host.fail_at(n);
            host.clear_failed();
            try {
                const BlockPoolOwner pool(host.allocator());
                const auto reader = wire.dialect.new_reader(&memory);
                const auto ending = wire.dialect.new_ending(wire.framing, &memory);
                provider::Steps steps(&memory);
                for (const Sent& event : events) {
                    const Sent sent = on_wire(wire, event);
                    json::Document document(std::pmr::get_default_resource());
                    const bool read = document.parse(sent.json) && reader->read(sent.type, document.root(), steps);
                    REQUIRE(read);
                    if (&event != &events.back()) ending->note(sent.type, document.root());
                }
                Buffer out(pool.get());
                ending->write_block(out, {notice, "m", 0});
                done = true;
            } catch (const std::bad_alloc&) {
                CHECK(host.failed());
            }
            host.fail_never();
        }
    }
}

TEST_CASE("endings: what an upstream may not say does not confuse them") {
    const std::vector<Sent> odd[] = {
        {{"", R"({"type":"content_block_start","index":65535,"content_block":{"type":"text"}})"}},
        {{"", R"({"type":"content_block_start","index":-9,"content_block":7})"},
         {"", R"({"type":"message_start","message":[]})"}},
        {{"", R"(["x"])"}, {"", "7"}, {"", "null"}},
        {{"contentBlockDelta", R"({"contentBlockIndex":99999999999,"delta":5})"}, {"chunk", "[1]"}},
        {{"",
          R"({"candidates":[5,{"index":-1},{"index":"x"},{"index":99999999999,"finishReason":[]}],"responseId":{}})"}},
        {{"", R"([[[1]],{"candidates":{"index":{"index":3}}}])"}},
    };
    for (const Wire& wire : wires()) {
        for (const std::vector<Sent>& events : odd) {
            const auto ending = wire.dialect.new_ending(wire.framing, std::pmr::get_default_resource());
            for (const Sent& event : events) {
                const Json json(event.json);
                ending->note(event.type, json.root());
                ending->note_sentinel(event.json);
            }
            PooledBuffer out;
            ending->write_block(out.buffer, {notice, "m", 0});
            INFO(wire.name << " " << events[0].json);
            const std::vector<Sent> tail = events_of(out.buffer.text(), wire.framing);
            REQUIRE(!tail.empty());
            for (const Sent& event : tail) (void)Json(event.json);
        }
    }
}

}  // namespace gw::test
