#include "upstream/known_providers.h"

#include "support/test.h"
#include "upstream/domain_entry.h"
#include "upstream/request_overrides.h"

namespace gw::upstream {

namespace {

std::pmr::memory_resource* heap() { return std::pmr::new_delete_resource(); }

std::string_view match(const KnownProviders& known, std::string_view host, std::string_view path = "/v1/messages",
                       std::uint16_t port = 443) {
    return known.match(host, port, path).value_or("-");
}

// "place: what" of each problem.
std::vector<std::string> problems_of(std::string_view overlay) {
    KnownProviders known(heap());
    std::pmr::vector<OverlayProblem> problems(heap());
    const bool applied = known.set_overlay(overlay, problems);
    CHECK(applied == problems.empty());
    CHECK(known.overlay_applied() == problems.empty());
    std::vector<std::string> out;
    for (const OverlayProblem& problem : problems) {
        CHECK(problem.offset <= overlay.size());
        out.push_back(std::string(problem.place) + ": " + std::string(problem.what));
    }
    return out;
}

}  // namespace

TEST_CASE("upstream: which provider a host and path belong to") {
    const KnownProviders known(heap());
    struct Case {
        std::string_view host, path, name;
    };
    const Case cases[] = {
        {"api.openai.com", "/v1/x", "openai"},
        {"API.OpenAI.com", "/v1/x", "openai"},
        {"x.api.openai.com", "/v1/x", "openai"},
        {"api.openai.com.evil.test", "/", "-"},
        {"evilapi.openai.com", "/", "-"},
        {"openai.com", "/", "-"},
        {"api.openai.com.", "/", "-"},
        {"", "/", "-"},
        {"evil.test", "/api.openai.com", "-"},
        {"api.anthropic.com", "", "anthropic"},
        {"openrouter.ai", "/api/v1", "openrouter"},
        {"api.groq.com", "/", "groq"},
        {"api.cohere.com", "/", "cohere"},
        {"api.cohere.ai", "/", "cohere"},
        {"api.x.ai", "/", "xai"},
        {"my-resource.openai.azure.com", "/", "azure"},
        {"chatgpt.com", "/backend-api/codex/responses", "openai-codex"},
        {"chatgpt.com", "/backend-apix", "openai-codex"},  // a prefix without a boundary
        {"chatgpt.com", "/public-api/x", "-"},
        {"chatgpt.com", "/x?/backend-api", "-"},
        {"chatgpt.com", "/backend-api/../public-api", "-"},
        {"chatgpt.com", "/backend-api/%2e%2E/public-api", "-"},
        {"chatgpt.com", "/backend-api/%2F", "-"},
        {"chatgpt.com", "/backend-api/x?u=../y", "openai-codex"},
        {"generativelanguage.googleapis.com", "/v1beta", "gemini"},
        {"storage.googleapis.com", "/v1/projects/p", "gemini"},
        {"storage.googleapis.com", "/v1/buckets", "-"},
        {"aiplatform.googleapis.com", "/v1/projects/p", "vertex"},
        {"europe-west4-aiplatform.googleapis.com", "/v1/projects/p", "vertex"},
        {"-aiplatform.googleapis.com", "/", "-"},
        {"a.b-aiplatform.googleapis.com", "/", "-"},
        {"bedrock-runtime.eu-north-1.amazonaws.com", "/", "bedrock"},
        {"bedrock-runtime.a.b.amazonaws.com", "/", "-"},
        {"bedrock-runtime.amazonaws.com", "/", "-"},
        {"bedrock-runtime..amazonaws.com", "/", "-"},
        {"x.bedrock-runtime.eu.amazonaws.com", "/", "-"},
        {"bedrock-runtime.eu.amazonaws.com.evil.test", "/", "-"},
    };
    for (const Case& c : cases) {
        INFO(c.host << c.path);
        CHECK(match(known, c.host, c.path) == c.name);
    }
    CHECK(match(known, "localhost", "/", 11434) == "ollama");
    CHECK(match(known, "LocalHost", "/", 11434) == "ollama");
    CHECK(match(known, "127.0.0.1", "/", 11434) == "ollama");
    CHECK(match(known, "::1", "/", 11434) == "ollama");
    CHECK(match(known, "127.0.0.1", "/", 11435) == "-");
    CHECK(match(known, "127.0.0.2", "/", 11434) == "-");
    CHECK(match(known, "2130706433", "/", 11434) == "-");
    CHECK(known.count() == 16);
}

TEST_CASE("upstream: hosts that are never an LLM") {
    CHECK(is_known_safe("github.com"));
    CHECK(is_known_safe("API.github.com"));
    CHECK(is_known_safe("eu.sentry.io"));
    CHECK_FALSE(is_known_safe("github.com.evil.test"));
    CHECK_FALSE(is_known_safe("notgithub.com"));
}

TEST_CASE("upstream: an overlay adds providers, domains, ports and overrides") {
    KnownProviders known(heap());
    std::pmr::vector<OverlayProblem> problems(heap());
    REQUIRE(known.set_overlay(R"({"providers":[
        {"name":"corp","domains":["LLM.Corp.Example","gw.*.corp.example","vllm","10.1.2.3"],
         "request_overrides":{"store":false},"availability":{"x":1}},
        {"name":"openai","domains":["proxy.example/OpenAI"]}],"ollama_ports":[11500]})",
                              problems));
    CHECK(known.overlay_applied());
    CHECK(match(known, "llm.corp.example") == "corp");
    CHECK(match(known, "a.llm.corp.example") == "corp");
    CHECK(match(known, "gw.eu.corp.example") == "corp");
    CHECK(match(known, "vllm") == "corp");
    CHECK(match(known, "x.vllm") == "-");
    CHECK(match(known, "10.1.2.3") == "corp");
    CHECK(match(known, "9.10.1.2.3") == "-");
    CHECK(match(known, "proxy.example", "/OpenAI/v1") == "openai");
    CHECK(match(known, "proxy.example", "/openai/v1") == "-");
    CHECK(match(known, "api.openai.com") == "openai");
    CHECK(match(known, "localhost", "/", 11500) == "ollama");
    CHECK(match(known, "localhost", "/", 11434) == "ollama");
    CHECK(known.has("corp"));
    CHECK_FALSE(known.has("nobody"));
    CHECK(known.count() == 17);
    CHECK(known.request_overrides("corp") == R"({"store":false})");
    CHECK(known.request_overrides("openai") == "");

    test::PooledBuffer out;
    known.write(out.buffer, "/etc/p.json");
    json::Document document(heap());
    REQUIRE(document.parse(out.buffer.text()));
    const json::Value root = document.root();
    CHECK(root["providers"].size() == 17);
    CHECK(root["providers"][std::size_t{2}]["domains"].raw() == R"(["api.openai.com","proxy.example/OpenAI"])");
    CHECK(
        root["providers"][std::size_t{16}].raw() ==
        R"({"name":"corp","domains":["llm.corp.example","gw.*.corp.example","vllm","10.1.2.3"],"request_overrides":{"store":false}})");
    CHECK(root["ollama_ports"].raw() == "[11434,11500]");
    CHECK(root["overlay_path"].as_string() == "/etc/p.json");
    CHECK(root["overlay_applied"].as_bool() == true);

    out.buffer.clear();
    known.write_reloaded(out.buffer, "/etc/p.json");
    CHECK(out.buffer.text() ==
          R"({"status":"ok","provider_count":17,"overlay_path":"/etc/p.json","overlay_applied":true})");

    // A bad one leaves it in force; none takes it back.
    CHECK_FALSE(known.set_overlay("{", problems));
    CHECK(match(known, "llm.corp.example") == "corp");
    known.clear_overlay();
    CHECK(match(known, "llm.corp.example") == "-");
    CHECK_FALSE(known.overlay_applied());
}

TEST_CASE("upstream: everything that is wrong with an overlay is said, with its place") {
    CHECK(problems_of("[]") == std::vector<std::string>{": no object"});
    CHECK(problems_of("").size() == 1);
    CHECK(problems_of(R"({"providers":{},"ollama_ports":7})") ==
          std::vector<std::string>{"providers: no array", "ollama_ports: no array"});
    CHECK(problems_of(R"({"provider":[]})") ==
          std::vector<std::string>{"provider: unknown, and close to a name that is known"});
    CHECK(problems_of(R"({"comment":"anything"})").empty());
    CHECK(problems_of(R"({"providers":[{"name":"A b"},{"domains":[]},7,{"name":"a","domians":[]},{"name":"a"}]})") ==
          std::vector<std::string>{
              "providers[0].name: no name of up to 64 of a-z, 0-9, '-', '_' and '.'",
              "providers[1].name: no name of up to 64 of a-z, 0-9, '-', '_' and '.'",
              "providers[2]: no object",
              "providers[3].domians: unknown, and close to a name that is known",
              "providers[4]: a name that stands in the list already",
          });
    CHECK(problems_of(R"({"ollama_ports":[0,65536,"1",11500,1.5]})").size() == 4);
    CHECK(problems_of(R"({"providers":[{"name":"a","request_overrides":[]}]})") ==
          std::vector<std::string>{"providers[0].request_overrides: no object"});
    CHECK(problems_of(std::string(KnownProviders::overlay_bytes_max + 1, ' ')) ==
          std::vector<std::string>{": longer than 1 MiB"});

    struct Case {
        std::string_view domain, what;
    };
    const Case cases[] = {
        {"", "an empty domain"},
        {"/x", "an empty domain"},
        {"https://api.example.com", "a URL: only the host and a path belong here"},
        {"api.example.com:443", "a domain with a port"},
        {"api.example.", "a domain that ends in a dot"},
        {"api..example", "a domain with a label that is empty or too long"},
        {"*", "'*' in the last two labels"},
        {"*.com", "'*' in the last two labels"},
        {"a.*", "'*' in the last two labels"},
        {"a.*.com", "'*' in the last two labels"},
        {"a**.b.c", "more than one '*' in a label"},
        {"u@example.com", "a domain with a character that is none of a domain"},
        {"ex\xC3\xA4mple.com", "a domain with a character that is none of a domain"},
        {"example.com/a?b", "a path with a character that is none of a path"},
        {"example.com/a/../b", "a path with dot segments or encoded separators"},
        {"example.com/%2e", "a path with dot segments or encoded separators"},
    };
    for (const Case& c : cases) {
        INFO(c.domain);
        CHECK(entry_fault(c.domain) == c.what);
        CHECK(problems_of(R"({"providers":[{"name":"a","domains":["ok.example",")" + std::string(c.domain) +
                          "\"]}]}") == std::vector<std::string>{"providers[0].domains[1]: " + std::string(c.what)});
    }
    std::string many = R"({"providers":[)";
    for (int i = 0; i < 300; ++i) many += (i == 0 ? "" : ",") + std::string(R"({"name":")") + std::to_string(i) + "\"}";
    CHECK(problems_of(many + "]}").size() == 44);
}

TEST_CASE("upstream: an overlay that runs out of memory changes nothing") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    KnownProviders known(&memory);
    std::pmr::vector<OverlayProblem> problems(&memory);
    constexpr std::string_view overlay =
        R"({"providers":[{"name":"corp-with-a-name-of-its-own","domains":["a-long-name.corp.example","b.example"]}]})";
    for (std::size_t n = 0;; ++n) {
        host.clear_failed();
        host.fail_at(n);
        bool done = false;
        try {
            done = known.set_overlay(overlay, problems);
        } catch (const std::bad_alloc&) {
            CHECK(host.failed());
        }
        host.fail_never();
        if (done) break;
        CHECK(match(known, "b.example") == "-");
    }
    CHECK(match(known, "b.example") == "corp-with-a-name-of-its-own");
}

TEST_CASE("upstream: overrides go into the body, and the rest stays") {
    struct Case {
        std::string_view body, overrides, want;
    };
    const Case cases[] = {
        {R"({"a":1, "b":[1, 2]})", "{}", R"({"a":1,"b":[1, 2]})"},
        {R"({"a":1,"b":2})", R"({"b":3,"c":4})", R"({"a":1,"b":3,"c":4})"},
        {R"({"o":{"x":1,"y":{"z":1}}})", R"({"o":{"y":{"w":2}}})", R"({"o":{"x":1,"y":{"z":1,"w":2}}})"},
        {R"({"o":{"x":1}})", R"({"o":[1]})", R"({"o":[1]})"},
        {R"({"n":1e400000})", "{}", ""},
        {R"({"n":1.50})", R"({"m":null})", R"({"n":1.50,"m":null})"},
    };
    for (const Case& c : cases) {
        INFO(c.body << " with " << c.overrides);
        json::Document body(heap());
        json::Document overrides(heap());
        if (!body.parse(c.body)) {
            CHECK(c.want == "");
            continue;
        }
        REQUIRE(overrides.parse(c.overrides));
        test::PooledBuffer out;
        write_overridden(out.buffer, body.root(), overrides.root());
        CHECK(out.buffer.text() == c.want);
    }
}

}  // namespace gw::upstream
