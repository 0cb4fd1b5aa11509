// JSON: reading beside simdjson's own DOM, which is the bound for anything on its first stage, and writing.
//
//     parse/<text>/gateway    refuses duplicate keys and remembers where every value lay
//     parse/<text>/simdjson   DOM, which does neither; it may copy the text for its padding, as json must
//     lookup                  model, stream and the last message's role out of a parsed long conversation
//     write/chunk             one chunk of a streamed answer
//     escape/{gateway,naive}  a message of 2 KB with a few line breaks and quotes
#include <simdjson.h>

#include <array>

#include "bench.h"
#include "inputs.h"
#include "json/json.h"

namespace gw::bench {
namespace {

void parse(benchmark::State& state, const std::string& text) {
    Memory memory;
    json::Document document(&memory.resource);
    run(state, memory.host, 1, text.size(), [&]() -> std::size_t {
        const auto parsed = document.parse(text);
        return parsed && document.root().exists() ? 1 : 0;
    });
}

void parse_simdjson(benchmark::State& state, const std::string& text) {
    const CountedHost host;
    simdjson::dom::parser parser;
    run(state, host, 1, text.size(), [&]() -> std::size_t {
        simdjson::dom::element root;
        return parser.parse(text.data(), text.size(), true).get(root) == simdjson::SUCCESS ? 1 : 0;
    });
}

void look_up(benchmark::State& state, const std::string& text) {
    Memory memory;
    json::Document document(&memory.resource);
    if (!document.parse(text)) return state.SkipWithError("the text is not JSON");
    run(state, memory.host, 1, 0, [&]() -> std::size_t {
        const json::Value root = document.root();
        const json::Value messages = root["messages"];
        const auto role = messages[messages.size() - 1]["role"].as_string();
        return root["model"].as_string() && root["stream"].as_bool() && role ? 1 : 0;
    });
}

void write_chunk(benchmark::State& state) {
    Memory memory;
    Buffer out(memory.pool());
    const auto write = [&]() -> std::size_t {
        out.clear();
        json::Writer writer(out);
        writer.begin_object()
            .member("id", "chatcmpl-B7kQ2mVx9sTfLr40aPdEwYhN1cZgU")
            .member("object", "chat.completion.chunk")
            .member("created", std::int64_t{1767225600})
            .member("model", "large-model-2025-08-07")
            .key("choices")
            .begin_array()
            .begin_object()
            .member("index", 0)
            .key("delta")
            .begin_object()
            .member("content", " lighthouse")
            .end_object()
            .key("logprobs")
            .null()
            .key("finish_reason")
            .null()
            .end_object()
            .end_array()
            .end_object();
        benchmark::DoNotOptimize(out.bytes().data());
        return 1;
    };
    write();
    run(state, memory.host, 1, out.size(), write);
}

// The prose of the inputs with its escapes resolved.
std::string plain_prose() {
    std::string text;
    const std::string escaped = prose(2000);
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        if (escaped[i] == '\\')
            text += escaped[++i] == 'n' ? '\n' : escaped[i];
        else
            text += escaped[i];
    }
    return text;
}

void escape(benchmark::State& state, const std::string& text) {
    Memory memory;
    Buffer out(memory.pool());
    run(state, memory.host, 1, text.size(), [&]() -> std::size_t {
        out.clear();
        json::append_escaped(out, text);
        benchmark::DoNotOptimize(out.bytes().data());
        return 1;
    });
}

// Byte by byte into a string that keeps its memory, without a look at UTF-8.
void escape_naive(benchmark::State& state, const std::string& text) {
    const CountedHost host;
    std::string out;
    run(state, host, 1, text.size(), [&]() -> std::size_t {
        out.clear();
        for (const char c : text) {
            if (c == '"' || c == '\\') {
                out += '\\';
                out += c;
            } else if (c == '\n') {
                out += "\\n";
            } else if (static_cast<unsigned char>(c) < 0x20) {
                std::array<char, 8> code{};
                std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
                out += code.data();
            } else {
                out += c;
            }
        }
        benchmark::DoNotOptimize(out.data());
        return 1;
    });
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw::bench;
    const std::pair<std::string, std::string> texts[] = {{"chunk", chat_chunk(token(1))},
                                                         {"question", chat_question()},
                                                         {"answer_1k", chat_answer()},
                                                         {"conversation_64k", long_conversation()}};
    for (const auto& [name, text] : texts) {
        add("parse/" + name + "/gateway", [&text = text](benchmark::State& state) { parse(state, text); });
        add("parse/" + name + "/simdjson", [&text = text](benchmark::State& state) { parse_simdjson(state, text); });
    }
    add("lookup", [&](benchmark::State& state) { look_up(state, texts[3].second); });
    add("write/chunk", write_chunk);
    const std::string plain = plain_prose();
    add("escape/gateway", [&](benchmark::State& state) { escape(state, plain); });
    add("escape/naive", [&](benchmark::State& state) { escape_naive(state, plain); });
    return run_all(argc, argv);
}
