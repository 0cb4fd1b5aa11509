// Bodies as large as they may be: what they cost beside themselves, as the host's allocator sees it.
#include "support/world.h"

namespace gw::test {

namespace {

constexpr std::size_t body_bytes = std::size_t{20} << 20U;  // as large as they may be
constexpr std::size_t some_bytes = std::size_t{4} << 20U;   // where a copy more shows as well

std::string config_of(std::string_view api) {
    return R"({ gateway: { auth: { mode: "none" }, http: { endpoints: { chatCompletions: { enabled: true, maxBodyBytes: 20971520 },
      responses: { enabled: true, maxBodyBytes: 20971520, files: { maxBytes: 20971520 },
                   images: { maxBytes: 20971520 } } } } },
  agents: { defaults: { model: { primary: "mock/m" } } },
  models: { providers: { mock: { baseUrl: "http://127.0.0.1:9/v1", apiKey: "k", api: ")" +
           std::string(api) + R"(" } } }, })";
}

// `before` and `after`, and so many x between them that all of it has `bytes`.
std::string filled(std::string_view before, std::string_view after, std::size_t bytes, char fill = 'x') {
    std::string out(before);
    out.append(bytes - before.size() - after.size(), fill).append(after);
    return out;
}

}  // namespace

TEST_CASE("large bodies: a few copies, whatever is asked") {
    struct Case {
        std::string_view name, path, api, body;
        double most;  // bodies
    };
    const std::string_view before = R"({"model":"openclaw","input":")", after = R"(","instructions":"one\ntwo"})";
    const std::string_view chat_before = R"({"model":"openclaw","messages":[{"role":"user","content":")";
    const std::string largest = filled(before, after, body_bytes);
    const std::string text = filled(before, after, some_bytes);
    const std::string chat = filled(chat_before, R"("}],"stop":"\n"})", some_bytes);
    // All escapes, each of which is one byte.
    std::string escapes(before);
    while (escapes.size() < some_bytes - after.size()) escapes += R"(\")";
    escapes += after;
    const Case cases[] = {
        {"a text, as large as it may be", "/v1/responses", "openai-responses", largest, 3.1},
        {"a text for another dialect", "/v1/responses", "anthropic-messages", text, 4.4},  // and one that is kept
        {"escapes", "/v1/responses", "openai-responses", escapes, 5.4},
        {"bytes that pass", "/v1/chat/completions", "openai-completions", chat, 3.4},
        {"chat for another dialect", "/v1/chat/completions", "anthropic-messages", chat, 3.4},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        TestHost host;
        World world(config_of(one.api), host.host());
        REQUIRE(world.status() == GW_OK);
        auto& client = *world.client();
        const std::string request = post(one.path, one.body);
        for (std::size_t at = 0; at < request.size(); at += 65536)
            world.send(client, std::string_view(request).substr(at, 65536));
        REQUIRE(world.upstreams.size() == 1);
        CHECK(world.upstreams[0]->received.size() > one.body.size() / 2);
        INFO("peak: " << static_cast<double>(host.bytes_peak()) / static_cast<double>(one.body.size()) << " bodies");
        CHECK(static_cast<double>(host.bytes_peak()) < one.most * static_cast<double>(one.body.size()));
        world.drop(client);
    }
}

TEST_CASE("large bodies: a file is decoded, and read, in what it takes") {
    TestHost host;
    World world(config_of("openai-responses"), host.host());
    auto& client = *world.client();
    // Base64 of zeros is no text: refused after it was decoded.
    const std::string body =
        R"({"model":"openclaw","input":[{"role":"user","content":[{"type":"input_file","filename":"a.txt","file_data":")" +
        std::string(some_bytes, 'A') + R"("}]}]})";
    world.send(client, post("/v1/responses", body));
    world.advance(5);
    const Response response = take_response(client.received);
    CHECK(response.status == 400);
    CHECK(response.body.find("bad_attachment") != std::string::npos);
    CHECK(response.body.find("base64") == std::string::npos);
    CHECK(world.upstreams.empty());
    CHECK(static_cast<double>(host.bytes_peak()) < 3.2 * static_cast<double>(body.size()));
}

TEST_CASE("large bodies: values are counted, for each costs more than its bytes") {
    TestHost host;
    World world(config_of("openai-responses"), host.host());
    auto& client = *world.client();
    std::string body = R"({"model":"openclaw","input":[)";
    while (body.size() < some_bytes) body += "1,";
    body += "1]}";
    world.send(client, post("/v1/responses", body));
    const Response response = take_response(client.received);
    CHECK(response.status == 400);
    CHECK(response.body.find("too many values") != std::string::npos);
    CHECK(host.bytes_peak() < body.size() * 2 + 20000000);  // 16 bytes for each of a million
}

TEST_CASE("large bodies: what is announced and not sent costs nothing") {
    TestHost host;
    World world(config_of("openai-responses"), host.host());
    const std::size_t before = host.bytes_out();
    auto& client = *world.client();
    world.send(client, "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n{");
    CHECK(host.bytes_out() - before < 65536);
}

}  // namespace gw::test
