// Which log probabilities say what the text beside them says.
#include "provider/token_echo.h"

#include "provider/conversation.h"

namespace gw::test {

TEST_CASE("token echo: tokens are those of the text beside them, or others") {
    struct Case {
        std::string_view name, json;
        enum { none, exact, other } want;
    };
    const Case cases[] = {
        {"chat", R"({"text":"Hello","tokens":{"content":[{"token":"Hel","bytes":[72,101,108]},{"token":"lo"}]}})",
         Case::exact},
        {"completions", R"({"text":" lo","tokens":{"tokens":[" ","lo"],"token_logprobs":[-1],"text_offset":[0]}})",
         Case::exact},
        {"a list", R"({"text":"Hello","tokens":[{"token":"Hello","logprob":-1,"top_logprobs":[{"token":"Bye"}]}]})",
         Case::exact},
        {"Gemini", R"({"text":"A","tokens":{"chosenCandidates":[{"token":"A","tokenId":1}],"topCandidates":[]}})",
         Case::exact},
        {"white space at the ends", R"({"text":"A\n","tokens":[{"token":" A"},{"token":"\n"}]})", Case::exact},
        {"parts of a character",
         R"({"text":"å","tokens":[{"token":"\\xc3","bytes":[195]},{"token":"\\xa5","bytes":[165]}]})", Case::exact},
        {"none in it yet", R"({"text":"A","tokens":{"content":[],"refusal":null}})", Case::exact},
        {"a refusal", R"({"refusal":"No","tokens":{"content":null,"refusal":[{"token":"No"}]}})", Case::exact},
        {"null", R"({"text":"A","tokens":null})", Case::none},
        {"empty", R"({"text":"A","tokens":[]})", Case::none},
        {"true, as a request has it", R"({"text":"A","tokens":true})", Case::none},
        {"more than the text", R"({"text":"A","tokens":[{"token":"A"},{"token":"B"}]})", Case::other},
        {"ahead of the text", R"({"text":"","tokens":[{"token":"A"}]})", Case::other},
        {"of a refusal that is not there", R"({"text":"A","tokens":{"refusal":[{"token":"No"}]}})", Case::other},
        {"bytes of something else", R"({"text":"A","tokens":[{"token":"A","bytes":[66]}]})", Case::other},
        {"a name of something else", R"({"text":"A","tokens":[{"token":"B","bytes":[65]}]})", Case::other},
        {"no bytes", R"({"text":"A","tokens":[{"token":"A","bytes":[65,-1]}]})", Case::other},
        {"words beside", R"({"text":"A","tokens":[{"token":"A","note":"secret"}]})", Case::other},
        {"a list that nobody knows", R"({"text":"A","tokens":{"content":[{"token":"A"}],"more":["s"]}})", Case::other},
        {"two lists", R"({"text":"A","tokens":{"content":[{"token":"A"}],"tokens":["s"]}})", Case::other},
        {"a text", R"({"text":"A","tokens":"A"})", Case::other},
        {"numbers", R"({"text":"A","tokens":[7]})", Case::other},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Json json{std::string(c.json)};
        const json::Value text = json.root()["text"];
        provider::Passages passages;
        provider::add_tokens(passages, json.root()["tokens"], {&text, 1}, json.root()["refusal"]);
        REQUIRE(passages.size() == (c.want == Case::none ? 0U : 1U));
        if (c.want == Case::none) continue;
        CHECK(passages.front().form == provider::TextForm::tokens);
        CHECK(passages.front().exact == (c.want == Case::exact));
    }
}

}  // namespace gw::test
