// The files of the guardrail: rules and providers of one's own, and the records that it writes.
#include <gateway/store.h>

#include <fstream>

#include "exchange/proxy.h"
#include "exchange/proxy_support.h"
#include "store/stores.h"

namespace gw::test {

namespace {

constexpr std::string_view chat_path = "/v1/chat/completions";

void write_file(const std::string& path, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

std::string question(std::string_view text) {
    return R"({"model":"m","messages":[{"role":"user","content":")" + std::string(text) + "\"}]}";
}

}  // namespace

TEST_CASE("proxy files: rules of one's own, providers of one's own, records") {
    TemporaryDirectory folder;
    const std::string providers = folder / "providers.json";
    write_file(folder / "pack/rules/own.yaml",
               "version: 1\ncategory: own\nrules:\n"
               "  - {id: OWN-PLAN, title: a plan, severity: CRITICAL, confidence: 1, tags: [], kind: stop, pattern: "
               "'operation (?:bluebird|magpie)'}\n");
    write_file(folder / "pack/suppressions.yaml",
               "version: 1\nrule_suppressions:\n"
               "  - {rule: OWN-PLAN, value: 'operation magpie', reason: 'public by now'}\n");
    write_file(folder / "pack/notes/readme.txt", "not a rule");
    write_file(providers, R"({"providers":[{"name":"own","domains":["llm.example.org"]}]})");
    const std::string settings =
        "rule_pack_dir: \"" + (folder / "pack") + "\", custom_providers_path: \"" + providers + "\",";
    MapStore map;
    for (int i = 0; i < 9; ++i) map.values["events/000000000000" + std::to_string(i) + ".jsonl"] = "old\n";
    map.values["events/keep.txt"] = "not a record";
    const gw_store_functions functions = map.functions();
    gw_store* store = nullptr;
    REQUIRE(gw_store_new_host(nullptr, &functions, nullptr, &store) == GW_OK);
    ProxyBench bench(settings, store);
    gw_store_free(store);  // the gateway keeps it
    auto& client = *bench.world.client();
    const auto ask = [&](std::string_view text) {
        return bench.ask("openai", chat_path, question(text), answer_of("application/json", "{}"));
    };

    // Rules lie over the default pack, and findings are taken back value by value.
    const Passed own = ask("Tell me of operation bluebird.");
    CHECK_FALSE(own.reached);
    CHECK(own.response.body.find("OWN-PLAN") != std::string::npos);
    CHECK(ask("Tell me of operation magpie.").reached);
    CHECK_FALSE(ask(injection).reached);

    // Records go on in the newest file of an earlier run (tests/store: which files are kept).
    const std::string newest = "events/0000000000008.jsonl";
    CHECK(std::count_if(map.values.begin(), map.values.end(), [](const auto& entry) {
              return entry.first.starts_with("events/") && entry.first.ends_with(".jsonl");
          }) == 9);
    CHECK(map.values["events/keep.txt"] == "not a record");
    CHECK(map.values["events/0000000000007.jsonl"] == "old\n");
    const std::string text = map.values[newest];
    CHECK(text.starts_with("old\n{"));
    CHECK(text.find(R"("event_type":"verdict")") != std::string::npos);
    CHECK(text.ends_with("}\n"));
    // A disk that is full costs records, not answers.
    map.answer = GW_ERR_IO;
    CHECK_FALSE(ask(injection).reached);
    CHECK(map.values[newest] == text);
    map.answer = GW_OK;

    // The list of providers is read again when asked; a bad one leaves the one before in force.
    const auto status_of = [&](std::string_view host) {
        bench.world.send(client, post("/v1/messages", question("hi"),
                                      "X-DC-Auth: Bearer t\r\nX-DC-Target-URL: https://" + std::string(host) + "\r\n"));
        return take_response(client.received).status;
    };
    const auto reload = [&] {
        bench.world.send(client, post("/v1/config/providers/reload", "", "X-DC-Auth: Bearer t\r\n"));
        return take_response(client.received).status;
    };
    CHECK(status_of("llm.example.org") == 502);    // allowed; its name means nothing here
    CHECK(status_of("other.example.org") == 403);  // not in the list
    write_file(providers, R"({"providers":[{"name":"own","domains":["other.example.org"]}]})");
    CHECK(reload() == 200);
    CHECK(status_of("other.example.org") == 502);
    CHECK(status_of("llm.example.org") == 403);
    write_file(providers, "{");
    CHECK(reload() == 500);
    CHECK(status_of("other.example.org") == 502);
    std::filesystem::remove(providers);
    CHECK(reload() == 200);
    CHECK(status_of("api.openai.com") == 502);

    // A rule that is not valid: no proxy, and the log says where.
    write_file(folder / "pack/rules/broken.yaml", "version: 1\ncategory: own\nrules:\n  - {id: X, pattern: '('}\n");
    TestHost host;
    World broken(proxy_config(settings), host.host());
    CHECK(broken.status() == GW_ERR_CONFIG);
    CHECK(host.log().find("rules/broken.yaml") != std::string::npos);
}

}  // namespace gw::test
