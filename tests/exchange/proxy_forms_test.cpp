// Texts that are not plain to see: completions without messages, documents in base64, failures of a provider, and log
// probabilities.
#include "crypto/base64.h"
#include "exchange/proxy_support.h"

namespace gw::test {

namespace {

constexpr std::string_view legacy_path = "/v1/completions";
constexpr std::string_view chat_path = "/v1/chat/completions";
constexpr std::string_view chat_question =
    R"({"model":"m","messages":[{"role":"user","content":"Name three rivers."}]})";

std::string base64(std::string_view text) {
    return std::string(crypto::base64_encode(as_bytes(text), std::pmr::get_default_resource()));
}

Passed observed(std::string_view provider, std::string_view path, std::string_view body, std::string_view answer) {
    proxy_bench().set(R"({"mode":"observe"})");
    Passed out = proxy_bench().ask(provider, path, body, answer);
    proxy_bench().set(R"({"mode":"action"})");
    return out;
}

}  // namespace

TEST_CASE("proxy: legacy completions are inspected both ways") {
    const std::string attack(injection);
    const std::string prompts[] = {
        R"({"model":"m","prompt":")" + attack + "\"}",
        R"({"model":"m","prompt":["hi",")" + attack + "\"]}",
        R"({"model":"m","prompt":"hi","suffix":")" + attack + "\"}",
    };
    for (const std::string& body : prompts) {
        INFO(body);
        const Passed got = proxy_bench().ask("openai", legacy_path, body, {});
        CHECK_FALSE(got.reached);
        CHECK(got.response.field("x-defenseclaw-blocked") == "true");
        CHECK(got.response.body.find(R"("object":"text_completion")") != std::string::npos);
        CHECK(got.response.body.find(R"("text":"[DefenseClaw])") != std::string::npos);
    }
    const std::string_view numbers[] = {R"({"model":"m","prompt":[1,2,3]})", R"({"model":"m","prompt":[[1,2],[3]]})",
                                        R"({"model":"m","prompt":["hi",7]})"};
    for (const std::string_view body : numbers) {
        INFO(body);
        const Passed refused = proxy_bench().ask("openai", legacy_path, body, {});
        CHECK_FALSE(refused.reached);
        CHECK(refused.response.status == 400);
        CHECK(refused.response.body.find("numbers of tokens") != std::string::npos);
        const Passed seen = observed("openai", legacy_path, body, answer_of("application/json", R"({"choices":[]})"));
        CHECK(seen.reached);
        CHECK(seen.response.field("x-defenseclaw-inspection").find("prompt-skipped=1") != std::string::npos);
        CHECK(seen.has_record("not-inspected"));
    }

    const auto streamed = [](std::initializer_list<std::string> texts) {
        std::string out;
        for (const std::string& text : texts)
            out += R"(data: {"id":"c","object":"text_completion","choices":[{"index":0,"text":")" + text + "\"}]}\n\n";
        return answer_of("text/event-stream", out + "data: [DONE]\n\n");
    };
    constexpr std::string_view asks = R"({"model":"m","stream":true,"prompt":"Name three rivers."})";
    const Passed masked =
        proxy_bench().ask("openai", legacy_path, asks, streamed({"The CUIL is 20-9247", "1509-0, yes"}));
    CHECK(masked.response.body.find("9247") == std::string::npos);
    CHECK(masked.response.body.find("[REDACTED:PII-AR-CUIT]") != std::string::npos);
    CHECK(masked.response.body.ends_with("data: [DONE]\n\n"));
    const Passed blocked = proxy_bench().ask(
        "openai", legacy_path, asks,
        streamed({"It is ", std::string(token_secret.substr(0, 9)), std::string(token_secret.substr(9))}));
    CHECK(blocked.response.body.find("ghp_") == std::string::npos);
    CHECK(blocked.response.body.find(R"("text":"\n\n[DefenseClaw])") != std::string::npos);
    CHECK(blocked.response.body.find(R"("finish_reason":"content_filter")") != std::string::npos);
    CHECK(blocked.response.body.ends_with("data: [DONE]\n\n"));
    const Passed whole =
        proxy_bench().ask("openai", legacy_path, R"({"model":"m","prompt":"hi"})",
                          answer_of("application/json", R"({"choices":[{"index":0,"text":"a"},{"index":1,"text":")" +
                                                            std::string(token_secret) + "\"}]}"));
    CHECK(whole.response.body.find("ghp_") == std::string::npos);
    CHECK(whole.response.body.find(R"("object":"text_completion")") != std::string::npos);
}

TEST_CASE("proxy: documents are opened, inspected, and closed again") {
    struct Form {
        std::string_view provider, path, front, behind;
    };
    const Form forms[] = {
        {"openai", chat_path,
         R"({"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,)",
         R"("}}]}]})"},
        {"openai", "/v1/responses",
         R"({"model":"m","input":[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,)",
         R"("}]}]})"},
        {"anthropic", "/v1/messages",
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"text/plain","data":")",
         R"("}}]}]})"},
        {"gemini", "/v1beta/models/m:generateContent",
         R"({"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"application/json","data":")", R"("}}]}]})"},
        {"bedrock", "/model/m/converse",
         R"({"messages":[{"role":"user","content":[{"document":{"format":"csv","name":"a","source":{"bytes":")",
         R"("}}}]}]})"},
    };
    for (const Form& form : forms) {
        INFO(form.path);
        const auto ask = [&](std::string_view file) {
            return proxy_bench().ask(form.provider, form.path,
                                     std::string(form.front) + base64(file) + std::string(form.behind),
                                     answer_of("application/json", "{}"));
        };
        const Passed attack = ask("A story.\n" + std::string(injection) + "\n");
        CHECK_FALSE(attack.reached);
        CHECK(attack.response.field("x-defenseclaw-blocked") == "true");

        const Passed secret = ask("My " + std::string(personal) + ".\n");
        REQUIRE(secret.reached);
        CHECK(secret.sent.find(base64("My CUIL is [REDACTED:PII-AR-CUIT].\n")) != std::string::npos);

        const Passed clean = ask("A story.\n");
        CHECK(clean.sent.ends_with(std::string(form.front) + base64("A story.\n") + std::string(form.behind)));
        CHECK_FALSE(clean.has_record("not-inspected"));
        CHECK(clean.response.field("x-defenseclaw-inspection").find("skipped") == std::string::npos);

        const Passed binary = ask(std::string_view("%PDF-1.7\n\0\xFF\xFE\x01 stream", 21));
        CHECK(binary.reached);
        CHECK(binary.has_record("not-inspected"));
        CHECK(binary.response.field("x-defenseclaw-inspection").find("prompt-skipped=1") != std::string::npos);
    }
}

TEST_CASE("proxy: a provider's failure is inspected, and stays one") {
    struct Case {
        std::string_view name, type, body;
        int status;
    };
    const Case secret[] = {
        {"a failure of the dialect", "application/json", R"({"error":{"message":"bad key @","type":"x"}})", 401},
        {"one of a framework", "application/json", R"({"detail":[{"loc":["body"],"msg":"@"}]})", 422},
        {"a page", "text/html", "<html><body>@</body></html>", 500},
        {"a word", "", "@", 429},
        {"a stream", "text/event-stream", "data: {\"error\":\"@\"}\n\n", 400},
        {"a redirection", "text/html", "gone to @", 302},
    };
    for (const Case& c : secret) {
        INFO(c.name);
        const auto with = [&](std::string_view text) {
            std::string out(c.body);
            return out.replace(out.find('@'), 1, text);
        };
        const auto answer = [&](std::string_view text) {
            return answer_of(c.type, with(text), c.status, "Retry-After: 7\r\n");
        };
        const auto ask = [&](std::string_view text) {
            return proxy_bench().ask("openai", chat_path, chat_question, answer(text));
        };
        const Passed clean = ask("hello");
        CHECK(clean.response.status == c.status);
        CHECK(clean.response.body == with("hello"));
        CHECK(clean.response.field("retry-after") == "7");

        const Passed masked = ask(personal);
        CHECK(masked.response.status == c.status);
        CHECK(masked.response.body == with("CUIL is [REDACTED:PII-AR-CUIT]"));

        const Passed blocked = ask(token_secret);
        CHECK(blocked.response.status == c.status);
        CHECK(blocked.response.body.find("ghp_") == std::string::npos);
        CHECK(blocked.response.field("x-defenseclaw-blocked") == "true");
        CHECK(blocked.response.body.starts_with(R"({"error":{"message":"[DefenseClaw])"));

        CHECK(observed("openai", chat_path, chat_question, answer(token_secret)).response.body == with(token_secret));
    }
    const Passed binary = proxy_bench().ask("openai", chat_path, chat_question, answer_of("x/y", "\xFF\xFE\x01", 503));
    CHECK(binary.response.status == 502);
}

TEST_CASE("proxy: log probabilities say no more than the text beside them") {
    // The tokens of a text, as each dialect lists them.
    const auto tokens_of = [](std::string_view text, bool bytes) {
        std::string out = "[";
        for (std::size_t at = 0; at < text.size(); at += 3) {
            const std::string_view token = text.substr(at, 3);
            out += std::string(at == 0 ? "" : ",") + R"({"token":")" + std::string(token) + R"(","logprob":-0.5)";
            if (bytes) {
                out += R"(,"bytes":[)";
                for (std::size_t i = 0; i < token.size(); ++i)
                    out += (i == 0 ? "" : ",") + std::to_string(static_cast<int>(token[i]));
                out += R"(],"top_logprobs":[{"token":")" + std::string(token) + R"(","logprob":-0.5}])";
            }
            out += "}";
        }
        return out + "]";
    };
    const auto legacy_tokens = [](std::string_view text) {
        std::string out = R"({"tokens":[)";
        for (std::size_t at = 0; at < text.size(); at += 3)
            out += std::string(at == 0 ? "\"" : ",\"") + std::string(text.substr(at, 3)) + "\"";
        return out + R"(],"text_offset":[]})";
    };
    struct Form {
        std::string_view name, provider, path, body, type;
        std::string (*event)(const std::string& text, const std::string& tokens, const std::string& legacy);
        std::string_view end;
    };
    constexpr std::string_view contents = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
    const Form forms[] = {
        {"chat", "openai", chat_path,
         R"({"model":"m","stream":true,"logprobs":true,"messages":[{"role":"user","content":"hi"}]})",
         "text/event-stream",
         [](const std::string& text, const std::string& tokens, const std::string&) {
             return R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":")" + text +
                    R"("},"logprobs":{"content":)" + tokens +
                    R"(,"refusal":null},"finish_reason":null}]})"
                    "\n\n";
         },
         "data: [DONE]\n\n"},
        {"completions", "openai", legacy_path, R"({"model":"m","stream":true,"logprobs":5,"prompt":"hi"})",
         "text/event-stream",
         [](const std::string& text, const std::string&, const std::string& legacy) {
             return R"(data: {"id":"c","object":"text_completion","choices":[{"index":0,"logprobs":)" + legacy +
                    R"(,"text":")" + text + "\"}]}\n\n";
         },
         "data: [DONE]\n\n"},
        {"Responses", "openai", "/v1/responses", R"({"model":"m","stream":true,"input":"hi"})", "text/event-stream",
         [](const std::string& text, const std::string& tokens, const std::string&) {
             return R"(data: {"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":")" +
                    text + R"(","logprobs":)" + tokens + "}\n\n";
         },
         ""},
        {"Gemini", "gemini", "/v1beta/models/m:streamGenerateContent?alt=sse", contents, "text/event-stream",
         [](const std::string& text, const std::string& tokens, const std::string&) {
             return R"(data: {"candidates":[{"content":{"parts":[{"text":")" + text +
                    R"("}]},"logprobsResult":{"chosenCandidates":)" + tokens + "}}]}\n\n";
         },
         ""},
        {"Ollama", "ollama", "/api/chat", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
         "application/x-ndjson",
         [](const std::string& text, const std::string& tokens, const std::string&) {
             return R"({"message":{"content":")" + text + R"("},"logprobs":)" + tokens + ",\"done\":false}\n";
         },
         ""},
    };
    Random random(7);
    for (const Form& form : forms) {
        INFO(form.name);
        const bool bytes = form.provider == "openai";
        const auto stream_of = [&](std::string_view text, auto&& shift) {
            std::string out;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t size = std::min<std::size_t>(text.size() - at, 1 + random.below(8));
                const std::string piece(text.substr(at, size));
                out += form.event(piece, tokens_of(shift(piece, at), bytes), legacy_tokens(shift(piece, at)));
                at += size;
            }
            return out + std::string(form.end);
        };
        const auto same = [](const std::string& piece, std::size_t) { return piece; };
        const auto ask = [&](const std::string& wire) {
            return proxy_bench().ask(form.provider, form.path, form.body, answer_of(form.type, wire)).response.body;
        };
        // No three letters of the secret in a row, as text, as a token or as bytes.
        const auto shows = [&](const std::string& got, std::string_view secret) {
            std::string numbers;
            for (std::size_t at = 0; at + 3 <= secret.size(); ++at) {
                const std::string letters(secret.substr(at, 3));
                numbers = std::to_string(static_cast<int>(letters[0])) + "," +
                          std::to_string(static_cast<int>(letters[1])) + "," +
                          std::to_string(static_cast<int>(letters[2]));
                if (got.find("\"" + letters + "\"") != std::string::npos || got.find(numbers) != std::string::npos)
                    return true;
            }
            return false;
        };

        const std::string clean = stream_of("A river runs down.", same);
        CHECK(ask(clean).starts_with(clean.substr(0, clean.size() - 1)));
        for (int i = 0; i < 6; ++i) {
            const std::string_view number = personal_number;
            const std::string masked = ask(stream_of("The " + std::string(personal) + " by now.", same));
            CHECK(masked.find("[REDACTED:PII-AR-CUIT]") != std::string::npos);
            CHECK_FALSE(shows(masked, number));
            const std::string blocked = ask(stream_of("It is " + std::string(token_secret) + " now.", same));
            CHECK(blocked.find("[DefenseClaw]") != std::string::npos);
            CHECK_FALSE(shows(blocked, token_secret.substr(4)));
            // A provider whose tokens run ahead of its text: they are not those of the text beside them.
            const std::string whole = "A river and " + std::string(token_secret);
            const auto ahead = [&](const std::string& piece, std::size_t at) {
                return std::string(std::string_view(whole).substr(std::min(whole.size(), at + 20), piece.size()));
            };
            CHECK_FALSE(
                shows(ask(stream_of("A river runs down by the mill and the bridge.", ahead)), token_secret.substr(4)));
        }
    }

    // Answers that are not streamed.
    const auto whole = [&](std::string_view text) {
        return R"({"choices":[{"index":0,"message":{"content":")" + std::string(text) + R"("},"logprobs":{"content":)" +
               tokens_of(text, true) + "}}]}";
    };
    const auto ask = [&](std::string_view text) {
        return proxy_bench()
            .ask("openai", chat_path, chat_question, answer_of("application/json", whole(text)))
            .response.body;
    };
    CHECK(ask("A river runs down.") == whole("A river runs down."));
    CHECK(
        ask("The " + std::string(personal) + " now.") ==
        R"({"choices":[{"index":0,"message":{"content":"The CUIL is [REDACTED:PII-AR-CUIT] now."},"logprobs":null}]})");
    CHECK(ask(token_secret).find("\"bytes\"") == std::string::npos);
    // An earlier answer that a client sends back.
    const std::string input =
        R"({"model":"m","input":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"The )" +
        std::string(personal) + R"( now.","logprobs":)" + tokens_of("The " + std::string(personal) + " now.", true) +
        "}]}]}";
    const Passed back = proxy_bench().ask("openai", "/v1/responses", input, answer_of("application/json", "{}"));
    CHECK(back.sent.find(R"([REDACTED:PII-AR-CUIT] now.","logprobs":[]})") != std::string::npos);
}

}  // namespace gw::test
