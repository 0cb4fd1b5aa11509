// The configuration while a gateway runs: edits of its file, methods that change it, restarts, the log of the day.
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "api/handles.h"
#include "config/agent_edit.h"
#include "config/schema_json.h"
#include "config/source.h"
#include "core/buffer.h"
#include "exchange/config_desk.h"
#include "exchange/config_file.h"
#include "gateway/gateway.h"
#include "json/json.h"
#include "support/directory.h"
#include "support/test.h"

namespace gw::test {

namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// A gateway that was opened from a file, with a host that does nothing but watch it.
struct Life {
    explicit Life(std::string_view text, std::uint32_t services = GW_SERVICE_WATCH) {
        edit(text);
        state = "OPENCLAW_STATE_DIR=" + folder.path();
        host.size = sizeof host;
        host.user = this;
        host.log = [](void* user, gw_log_level, gw_str line) {
            auto& self = *static_cast<Life*>(user);
            self.log.append(as_text(line)).append("\n");
        };
        open(services);
    }
    ~Life() { gw_gateway_free(gateway); }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    void open(std::uint32_t services = GW_SERVICE_WATCH) {
        const char* const environment[] = {state.c_str(), "NAME=from-the-environment", nullptr};
        gw_config_source source{};
        source.size = sizeof source;
        source.env = environment;
        gw_gateway_options options{};
        options.size = sizeof options;
        options.host = &host;
        options.services = services;
        gw_buf problems{};
        REQUIRE(gw_gateway_open(&source, &options, &gateway, &problems) == GW_OK);
        gw_buf_free(&problems);
        pump();
    }
    void edit(std::string_view text) const { std::ofstream(file()) << text; }
    [[nodiscard]] fs::path file() const { return folder / "openclaw.json"; }
    [[nodiscard]] exchange::Gateway& inside() const { return *api::unwrap(gateway); }

    void pump() {
        gw_gateway_tick(gateway, now, unix_ms + now);
        gw_event event{};
        event.size = sizeof event;
        while (gw_gateway_next_event(gateway, &event) == GW_OK) {
            if (event.type == GW_EVENT_WATCH) {
                watch = event.ask;
                watched = as_text(event.host);
                directory = as_text(event.data);
                asked.emplace_back("watch");
            }
            if (event.type == GW_EVENT_LISTEN) {
                asked.emplace_back("listen");
                gw_answer open_port{};
                open_port.size = sizeof open_port;
                open_port.port = event.port;
                CHECK(gw_ask_answer(gateway, event.ask, &open_port) == GW_OK);
            }
            if (event.type == GW_EVENT_READY) asked.emplace_back("ready");
            if (event.type == GW_EVENT_STOPPED) {
                stopped = true;
                restart = event.restart;
            }
        }
    }
    void advance(std::uint64_t ms) {
        const std::uint64_t end = now + ms;
        while (now < end) {
            now = std::min(end, std::max(now + 1, gw_gateway_next_deadline(gateway)));
            pump();
        }
    }
    void seen() {
        gw_answer answer{};
        answer.size = sizeof answer;
        CHECK(gw_ask_answer(gateway, watch, &answer) == GW_OK);
        pump();
    }
    [[nodiscard]] bool logged(std::string_view text) const { return log.find(text) != std::string::npos; }
    template <typename Method>
    std::string call(Method&& method) {
        PooledBuffer out;
        json::Writer writer(out.buffer);
        method(writer);
        return std::string(out.buffer.text());
    }
    std::string hash() { return std::string(config::as_text(config::hash_of(slurp(file())))); }

    TemporaryDirectory folder;
    std::string state, log, watched, directory;
    std::vector<std::string> asked;  // in the order in which the host was asked
    gw_host host{};
    gw_gateway* gateway = nullptr;
    gw_ask_id watch = 0;
    std::uint64_t now = 1000, unix_ms = 1767225600000;  // 2026-01-01
    bool stopped = false, restart = false;
};

struct Listener final : exchange::ConfigListener {
    void on_config_changed(const config::ReloadPlan& plan, std::string_view path, std::string_view hash) override {
        for (const auto& one : plan.changed) changed.emplace_back(one);
        told = std::string(path) + " " + std::string(hash);
    }
    void on_restart(std::uint32_t expected_ms) override { restart_ms = expected_ms; }
    [[nodiscard]] std::size_t runs_active() const noexcept override { return runs; }
    std::vector<std::string> changed;
    std::string told;
    std::uint32_t restart_ms = 0;
    std::size_t runs = 0;
};

constexpr std::string_view plain = "{gateway:{auth:{mode:'none'}},agents:{list:[{id:'a'}]}}";

}  // namespace

TEST_CASE("config life: the phases of a start come in their order") {
    Life life("{identity:{name:'C'},logging:{consoleLevel:'debug'},gateway:{auth:{mode:'none',privateIngress:true}}}",
              GW_SERVICE_WATCH | GW_SERVICE_LISTEN);
    std::size_t at = 0;
    for (const std::string_view line :
         {"start: core", "start: runtime configuration", "gateway.auth.privateIngress is set", "start: services",
          "start: reload", "start: listening"}) {
        INFO(line << " in\n" << life.log);
        const std::size_t found = life.log.find(line, at);
        REQUIRE(found != std::string::npos);
        at = found;
    }
    // Whoever comes finds everything there: the file is watched and the services run before a port is open.
    CHECK(life.asked == std::vector<std::string>{"watch", "listen", "listen", "ready"});
    // What an older layout said was written back before there was a gateway.
    CHECK(slurp(life.file()).find("agents") != std::string::npos);
}

TEST_CASE("life: a good edit is taken over after a quiet while") {
    Life life(plain);
    CHECK(life.watched == life.file().string());
    Listener listener;
    life.inside().reloader().listeners().push_back(listener.in_listeners);
    const exchange::ConfigReference before = life.inside().config_share();

    life.edit("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'b'},{id:'c'}]}}");
    life.seen();
    life.advance(400);
    life.edit("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'b'},{id:'c'},]}}");  // still being written
    life.seen();
    life.advance(499);
    CHECK(listener.changed.empty());
    CHECK(life.inside().config().agents.size() == 1);
    life.advance(1);
    CHECK(listener.changed == std::vector<std::string>{"agents.list"});
    CHECK(listener.told == life.file().string() + " " + life.hash());
    REQUIRE(life.inside().config().agents.size() == 2);
    CHECK(life.inside().config().agents[0].id == "b");
    CHECK((*before).agents[0].id == "a");  // who began with it keeps it
    CHECK_FALSE(life.stopped);

    // Nothing in it changed.
    life.edit("// only a comment\n{gateway:{auth:{mode:'none'}},agents:{list:[{id:'b'},{id:'c'}]}}");
    life.seen();
    life.advance(1000);
    CHECK(listener.changed.size() == 1);
}

TEST_CASE("life: what else happens in the directory is no change, and a link that is turned is one") {
    Life life(plain);
    CHECK(life.directory == life.folder.path());
    fs::remove(life.file());
    life.folder.write("one.json", "{gateway:{auth:{mode:'none'}},agents:{list:[{id:'one'}]}}");
    life.folder.write("two.json", "{gateway:{auth:{mode:'none'}},agents:{list:[{id:'two'}]}}");
    const auto turn = [&](const char* to) {
        fs::create_symlink(life.folder / to, life.folder / "new");
        fs::rename(life.folder / "new", life.file());
    };
    turn("one.json");
    life.seen();
    life.advance(1000);
    CHECK(life.inside().config().agents[0].id == "one");

    struct Count final : exchange::FileWatchOwner {
        void on_file_changed(exchange::FileWatch& /*watch*/) override { ++times; }
        int times = 0;
    } count;
    std::this_thread::sleep_for(std::chrono::milliseconds(60));  // from here on times tell states apart
    const exchange::FileWatch watch(life.inside(), count, life.file().string());
    life.pump();
    life.folder.write("another.json", "x");
    life.seen();
    CHECK(count.times == 0);
    turn("two.json");
    life.seen();
    CHECK(count.times == 1);
    fs::remove(life.file());
    life.seen();
    CHECK(count.times == 2);
    life.seen();
    CHECK(count.times == 2);
}

TEST_CASE("life: where the host cannot watch, the gateway looks") {
    for (const gw_status status : {GW_ERR_IO, GW_ERR_UNSUPPORTED}) {
        Life life(plain);
        gw_answer failed{};
        failed.size = sizeof failed;
        failed.status = status;
        failed.reason = as_str("no space left on device");
        REQUIRE(gw_ask_answer(life.gateway, life.watch, &failed) == GW_OK);
        life.edit("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'looked'}]}}");
        life.advance(2000);
        CHECK(life.inside().config().agents[0].id == "looked");
        life.edit("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'again'}]}}");
        life.advance(2000);
        CHECK(life.inside().config().agents[0].id == "again");
    }
}

TEST_CASE("life: a file that is written all the time is read all the same") {
    Life life(plain);
    for (int i = 0; i < 100; ++i) {
        life.edit("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'b'}]}}" +
                  std::string(static_cast<std::size_t>(i), ' '));
        life.seen();
        life.advance(100);
    }
    CHECK(life.inside().config().agents[0].id == "b");
}

TEST_CASE("life: a bad edit changes nothing, and the log says where it is bad") {
    struct Case {
        std::string_view text, said;
    };
    const Case cases[] = {
        {"{gateway:{auth:{mode:'none'},\n  prot: 1}}", "openclaw.json:2:3: error: gateway.prot is not a key"},
        {"{gateway:", "is not JSON5"},
        {"[]", "must be an object"},
        {"{gateway:{auth:{mode:'none'}},ui:{a:'${MISSING}'}}", "that variable is not set"},
        {"{gateway:{auth:{mode:'none'},tls:{enabled:true,certPath:'/no.pem',keyPath:'/no.pem'}}}",
         "gateway.tls cannot be used"},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        Life life(plain);
        life.edit(c.text);
        life.seen();
        life.advance(1000);
        INFO(life.log);
        CHECK(life.logged(c.said));
        CHECK(life.logged("stays as it was"));
        CHECK(life.inside().config().agents[0].id == "a");
        CHECK(gw_gateway_restart(life.gateway) == GW_ERR_CONFIG);
        life.advance(100000);
        CHECK_FALSE(life.stopped);
        fs::remove(life.file());
        CHECK(life.inside().reload_config() == GW_ERR_IO);
        life.edit(plain);
        CHECK(life.inside().reload_config() == GW_OK);
    }
}

TEST_CASE("life: a restart waits for what is running, but not for ever") {
    for (const bool ends : {true, false}) {
        Life life(plain);
        Listener listener;
        life.inside().reloader().listeners().push_back(listener.in_listeners);
        listener.runs = 1;
        life.edit("{gateway:{auth:{mode:'none'},port:1},agents:{list:[{id:'a'}]}}");
        life.seen();
        life.advance(20000);
        CHECK(life.logged("the restart waits"));
        CHECK(listener.restart_ms == 0);
        CHECK_FALSE(life.stopped);
        if (ends) {
            listener.runs = 0;
            life.advance(500);
        } else {
            life.advance(70000);
            CHECK_FALSE(life.stopped);
            life.advance(600);
        }
        CHECK(listener.restart_ms == 1500);
        CHECK(life.stopped);
        CHECK(life.restart);
        CHECK(life.inside().config().port == 18789);  // the new one begins with the new gateway
    }
}

TEST_CASE("life: how a gateway ends says whether it comes back") {
    Life life(plain);
    CHECK(gw_gateway_restart(life.gateway) == GW_OK);
    CHECK(gw_gateway_restart(life.gateway) == GW_OK);  // one that is coming already
    gw_gateway_shutdown(life.gateway);                 // a person does not want it back
    life.advance(1000);
    CHECK(life.stopped);
    CHECK_FALSE(life.restart);
    CHECK(gw_gateway_restart(nullptr) == GW_ERR_ARGUMENT);

    // A configuration that is a text has no file to read again; restarting makes sense all the same.
    gw_config_source source{};
    source.size = sizeof source;
    source.text = as_str(plain);
    gw_gateway_options options{};
    options.size = sizeof options;
    gw_gateway* gateway = nullptr;
    REQUIRE(gw_gateway_open(&source, &options, &gateway, nullptr) == GW_OK);
    gw_gateway_tick(gateway, 1, 1);
    CHECK(api::unwrap(gateway)->reload_config() == GW_ERR_STATE);
    CHECK(gw_gateway_restart(gateway) == GW_OK);
    gw_gateway_tick(gateway, 2, 2);
    gw_event event{};
    event.size = sizeof event;
    bool restart = false;
    while (gw_gateway_next_event(gateway, &event) == GW_OK) restart = restart || event.restart;
    CHECK(restart);
    gw_gateway_free(gateway);
}

TEST_CASE("life: modes off, hot and restart") {
    struct Case {
        std::string_view mode, change;
        bool applied, stopped;
    };
    const Case cases[] = {
        {"off", "agents:{list:[{id:'b'}]}", false, false},
        {"hot", "agents:{list:[{id:'b'}]}", true, false},
        {"hot", "agents:{list:[{id:'a'}]},plugins:{}", false, false},
        {"restart", "agents:{list:[{id:'b'}]}", false, true},
        {"hybrid", "agents:{list:[{id:'b'}]},plugins:{}", false, true},
    };
    for (const Case& c : cases) {
        INFO(c.mode << " " << c.change);
        const std::string head = "{gateway:{auth:{mode:'none'},reload:{mode:'" + std::string(c.mode) + "'}},";
        Life life(head + "agents:{list:[{id:'a'}]}}");
        life.edit(head + std::string(c.change) + "}");
        life.seen();
        life.advance(2000);
        CHECK((life.inside().config().agents[0].id == "b") == c.applied);
        CHECK(life.stopped == c.stopped);
    }
}

TEST_CASE("life: the guardrail's mode changes while it runs") {
    Life life("{gateway:{auth:{mode:'none'}},guardrail:{enabled:true,mode:'observe'}}");
    REQUIRE(life.inside().proxy() != nullptr);
    CHECK_FALSE(life.inside().proxy()->enforces());
    life.edit("{gateway:{auth:{mode:'none'}},guardrail:{enabled:true,mode:'action'}}");
    CHECK(life.inside().reload_config() == GW_OK);
    CHECK(life.inside().proxy()->enforces());
    life.advance(2000);
    CHECK_FALSE(life.stopped);
}

TEST_CASE("life: no memory while the file is read leaves the configuration as it was") {
    TestHost refusing;
    for (std::size_t n = 0; n < 400; n += 7) {
        TemporaryDirectory folder;
        std::ofstream(folder / "openclaw.json") << plain;
        const std::string state = "OPENCLAW_STATE_DIR=" + folder.path();
        const char* const environment[] = {state.c_str(), nullptr};
        gw_config_source source{};
        source.size = sizeof source;
        source.env = environment;
        gw_gateway_options options{};
        options.size = sizeof options;
        options.host = refusing.host();
        gw_gateway* gateway = nullptr;
        REQUIRE(gw_gateway_open(&source, &options, &gateway, nullptr) == GW_OK);
        gw_gateway_tick(gateway, 1, 1);
        std::ofstream(folder / "openclaw.json") << "{gateway:{auth:{mode:'none'}},agents:{list:[{id:'b'}]}}";
        refusing.fail_once_at(n);
        bool refused = false;
        try {
            refused = api::unwrap(gateway)->reload_config() != GW_OK;
        } catch (const std::bad_alloc&) {
            refused = true;
        }
        refusing.fail_never();
        if (refused) CHECK(api::unwrap(gateway)->config().agents[0].id == "a");
        CHECK(api::unwrap(gateway)->reload_config() == GW_OK);
        CHECK(api::unwrap(gateway)->config().agents[0].id == "b");
        gw_gateway_free(gateway);
    }
}

TEST_CASE("life: config.get, config.set and config.patch") {
    Life life("{gateway:{auth:{mode:'token',token:'a-secret-token'}},agents:{list:[{id:'a'}]},talk:{name:'${NAME}'}}");
    json::Document document(std::pmr::get_default_resource());
    const std::string first = life.call([&](json::Writer& w) { life.inside().config_desk().get(w); });
    REQUIRE(document.parse(first));
    CHECK(document.root()["path"].as_string() == life.file().string());
    CHECK(document.root()["valid"].as_bool() == true);
    CHECK(document.root()["hash"].as_string() == life.hash());
    CHECK(first.find("a-secret-token") == std::string::npos);
    CHECK(first.find("from-the-environment") == std::string::npos);

    const auto change = [&](config::EditKind kind, std::string_view raw, method::ConfigRefusal& refusal) {
        method::ConfigChange one;
        const std::string hash = life.hash();
        one.edit = {kind, raw, hash};
        bool ok = false;
        std::string out = life.call([&](json::Writer& w) { ok = life.inside().config_desk().change(one, w, refusal); });
        CHECK(ok == refusal.message.empty());
        return out;
    };
    method::ConfigRefusal refusal(std::pmr::get_default_resource());
    // Applied at once: no restart.
    const std::string patched = change(config::EditKind::patch, "{agents:{list:[{id:'b'}]}}", refusal);
    REQUIRE(document.parse(patched));
    CHECK(document.root()["ok"].as_bool() == true);
    CHECK(document.root()["changedPaths"][0].as_string() == "agents.list");
    CHECK(document.root()["config"]["agents"]["list"].size() == 2);
    CHECK_FALSE(document.root()["restart"].exists());
    CHECK(patched.find("a-secret-token") == std::string::npos);
    life.advance(400);
    CHECK(life.inside().config().agents.size() == 2);
    CHECK(slurp(life.file()).find("\"token\": \"a-secret-token\"") != std::string::npos);
    CHECK(slurp(life.file()).find("${NAME}") != std::string::npos);
    struct stat about {};
    REQUIRE(::stat(life.file().c_str(), &about) == 0);
    CHECK((about.st_mode & 0777U) == 0600U);

    CHECK(change(config::EditKind::patch, "{agents:{list:[{id:'b'}]}}", refusal).find("\"noop\":true") !=
          std::string::npos);
    CHECK(change(config::EditKind::set, "{nope:1}", refusal).empty());
    CHECK(refusal.message == "invalid config: nope: is not a key of the configuration");
    CHECK(refusal.issues.size() == 1);
    CHECK_FALSE(refusal.unavailable);
    CHECK_FALSE(life.stopped);
}

TEST_CASE("life: a patch that needs a restart leaves a note, keeps its delay and is merged with the next") {
    Life life(plain);
    method::ConfigRefusal refusal(std::pmr::get_default_resource());
    const auto patch = [&](std::string_view raw) {
        method::ConfigChange one;
        const std::string hash = life.hash();
        one.edit = {config::EditKind::patch, raw, hash};
        one.session_key = "agent:main:main";
        one.note = "because";
        bool ok = false;
        std::string out = life.call([&](json::Writer& w) { ok = life.inside().config_desk().change(one, w, refusal); });
        INFO(std::string(refusal.message));
        CHECK(ok);
        return out;
    };
    json::Document document(std::pmr::get_default_resource());
    const std::string first = patch("{gateway:{port:18790}}");
    REQUIRE(document.parse(first));
    const json::Value restart = document.root()["restart"];
    std::vector<std::string> names;
    for (json::Value v = restart.first(); v.exists(); v = v.next()) names.emplace_back(v.key());
    CHECK(names == std::vector<std::string>{"ok", "pid", "signal", "delayMs", "reason", "mode", "coalesced",
                                            "cooldownMsApplied"});
    CHECK(restart["delayMs"].as_int() == 2000);
    CHECK(restart["coalesced"].as_bool() == false);
    CHECK(document.root()["sentinel"]["payload"]["kind"].as_string() == "config-patch");
    CHECK(document.root()["sentinel"]["path"].as_string() == life.folder / "restart-sentinel.json");
    life.advance(1500);
    const std::string second = patch("{gateway:{port:18791}}");
    REQUIRE(document.parse(second));
    CHECK(document.root()["restart"]["coalesced"].as_bool() == true);
    CHECK(document.root()["restart"]["delayMs"].as_int() == 500);
    CHECK_FALSE(life.stopped);
    life.advance(600);
    CHECK(life.stopped);
    CHECK(life.restart);

    // The next start finds the note, once, and keeps its distance from the restart.
    gw_gateway_free(life.gateway);
    life.stopped = false;
    life.open();
    std::vector<std::string> notices;
    life.inside().hub().core().system_events.each("agent:main:main",
                                                  [&](std::string_view text) { notices.emplace_back(text); });
    CHECK(notices == std::vector<std::string>{"Gateway restart config-patch ok (config.patch)\nbecause"});
    CHECK(life.logged("Gateway restart config-patch ok (config.patch)"));
    CHECK_FALSE(exchange::take_restart_sentinel(life.inside()));
    const std::string third = patch("{gateway:{port:18792}}");
    REQUIRE(document.parse(third));
    CHECK(document.root()["restart"]["cooldownMsApplied"].as_int().value_or(0) > 20000);
}

TEST_CASE("life: agents are made, changed and removed in the file, in force at once") {
    using Kind = config::EditKind;
    struct Step {
        void (*change)(void*, config::Node&, const config::Node&);
        std::string_view agents, file;
    };
    const Step steps[] = {
        {[](void*, config::Node& tree, const config::Node& resolved) {
             config::add_agent(tree, resolved, {"b", "Bee", "~/bee", "B", std::nullopt, std::nullopt});
         },
         "a b", R"({"id":"b","name":"Bee","workspace":"~/bee","identity":{"emoji":"B"}})"},
        {[](void*, config::Node& tree, const config::Node&) {
             CHECK(config::change_agent(tree, {"b", "Bea", std::nullopt, "X", "b.png", std::nullopt}));
             CHECK_FALSE(config::change_agent(tree, {"nobody", "x", {}, {}, {}, {}}));
         },
         "a b", R"({"id":"b","name":"Bea","workspace":"~/bee","identity":{"emoji":"X","avatar":"b.png"}})"},
        {[](void*, config::Node& tree, const config::Node&) {
             CHECK(config::remove_agent(tree, "b") == 0);
             CHECK_FALSE(config::remove_agent(tree, "b"));
         },
         "a", R"({"id":"a"})"},
    };
    Life life(plain);
    method::ConfigRefusal refusal(std::pmr::get_default_resource());
    for (const Step& step : steps) {
        method::ConfigChange one;
        one.edit.kind = Kind::change;
        one.edit.change = step.change;
        bool ok = false;
        const std::string out =
            life.call([&](json::Writer& w) { ok = life.inside().config_desk().change(one, w, refusal); });
        INFO(std::string(refusal.message));
        CHECK(ok);
        CHECK(out.empty());
        std::string ids;
        for (const config::Agent& agent : life.inside().config().agents)
            ids.append(ids.empty() ? "" : " ").append(agent.id);
        CHECK(ids == step.agents);
        std::string text = slurp(life.file());
        std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
        CHECK(text.find(step.file) != std::string::npos);
    }
    // The first agent that is named does not push away the one that nobody had to name.
    Life bare("{gateway:{auth:{mode:'none'}}}");
    method::ConfigChange one;
    one.edit.kind = Kind::change;
    one.edit.change = steps[0].change;
    CHECK(bare.call([&](json::Writer& w) { CHECK(bare.inside().config_desk().change(one, w, refusal)); }).empty());
    CHECK(bare.inside().config().agents.size() == 2);
    CHECK(bare.inside().config().agents[0].id == "main");
    CHECK(bare.inside().config().agents[0].is_default);
}

TEST_CASE("life: agents.create, agents.update, agents.delete") {
    Life life("{gateway:{auth:{mode:'none'}}}");
    const auto ask = [&](std::string_view method, std::string_view params) {
        exchange::Hub& hub = life.inside().hub();
        method::Client client(std::pmr::get_default_resource());
        client.scopes = {rpc::Scope::admin};
        client.protocol = 4;
        json::Document document(std::pmr::get_default_resource());
        REQUIRE(document.parse(params));
        PooledBuffer payload;
        method::Call call(hub, client, method, document.root(), payload.buffer);
        hub.core().dispatch(call);
        return call.failed() ? std::string(call.failed()->message) : std::string(payload.buffer.text());
    };
    store::Store& store = life.inside().hub().store();
    REQUIRE(store.put("workspace-ops-1/AGENTS.md", "be kind"));
    struct Step {
        std::string_view method, params, answer;
    };
    const Step steps[] = {
        {"agents.create", R"({"name":" "})", "name required"},
        {"agents.create", R"({"name":"Main"})", "\"main\" is reserved"},
        {"agents.create", R"({"name":"Ops 1","workspace":"~/ops","emoji":"X"})",
         R"({"ok":true,"agentId":"ops-1","name":"Ops 1","workspace":"~/ops"})"},
        {"agents.create", R"({"name":"ops_1","model":"no/such"})",
         "invalid config: agents.list[2].model: names a provider that models.providers does not have, \"no/such\"; "
         "there is "
         "none"},
        {"agents.create", R"({"name":"OPS 1"})", "agent \"ops-1\" already exists"},
        {"agents.files.get", R"({"agentId":"ops-1","name":"SOUL.md"})",
         R"({"agentId":"ops-1","workspace":"workspace-ops-1","file":{"name":"SOUL.md","path":"workspace-ops-1/SOUL.md","missing":true}})"},
        {"agent.identity.get", R"({"agentId":"ops-1"})",
         R"({"agentId":"ops-1","name":"Ops 1","nameSource":"config","avatar":"Ops ","emoji":"X"})"},
        {"agents.update", R"({"agentId":"ops-1","name":"Oops","avatar":"me.png"})", R"({"ok":true,"agentId":"ops-1"})"},
        {"agent.identity.get", R"({"agentId":"ops-1"})",
         R"({"agentId":"ops-1","name":"Oops","nameSource":"config","avatar":"/avatar/ops-1","emoji":"X"})"},
        {"agents.update", R"({"agentId":"nobody","name":"x"})", "agent \"nobody\" not found"},
        {"agents.delete", R"({"agentId":"main"})", "\"main\" cannot be deleted"},
        {"agents.delete", R"({"agentId":"ops-1"})",
         R"({"ok":true,"agentId":"ops-1","removedBindings":0,"removed":[{"path":"agents/ops-1","method":"missing"},)"
         R"({"path":"workspace-ops-1","method":"trash"}],"failed":[]})"},
        {"agents.delete", R"({"agentId":"ops-1"})", "agent \"ops-1\" not found"},
    };
    for (const Step& step : steps) {
        INFO(step.method << " " << step.params);
        CHECK(ask(step.method, step.params) == step.answer);
    }
    CHECK(life.inside().config().agents.size() == 1);
    store::Listing kept(std::pmr::get_default_resource());
    REQUIRE(store.list("trash/ops-1-", kept));
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].key.ends_with("/workspace-ops-1/AGENTS.md"));
}

TEST_CASE("life: agents of entries, models and bindings") {
    struct Case {
        std::string_view before, after;
        void (*change)(config::Node&);
    };
    const Case cases[] = {
        {R"({"agents":{"entries":{"a":{"name":"A"}}}})",
         R"({"agents":{"entries":{"a":{"name":"A"},"b":{"name":"B"}}}})",
         [](config::Node& tree) {
             config::add_agent(tree, tree, {"b", "B", {}, {}, {}, {}});
         }},
        {R"({"agents":{"entries":{"a":{"model":{"primary":"x/y","fallbacks":["x/z"]}}}}})",
         R"({"agents":{"entries":{"a":{"model":{"primary":"x/z","fallbacks":["x/z"]}}}}})",
         [](config::Node& tree) {
             CHECK(config::change_agent(tree, {"a", {}, {}, {}, {}, "x/z"}));
         }},
        {R"({"agents":{"list":[{"id":"a","model":"x/y"}]}})", R"({"agents":{"list":[{"id":"a"}]}})",
         [](config::Node& tree) {
             CHECK(config::change_agent(tree, {"a", {}, {}, {}, {}, ""}));
         }},
        {R"({"agents":{"list":[{"id":"a"},{"id":"b"}]},"bindings":[{"agentId":"b"},{"agentId":"a"},{"agentId":"b"}]})",
         R"({"agents":{"list":[{"id":"a"}]},"bindings":[{"agentId":"a"}]})",
         [](config::Node& tree) { CHECK(config::remove_agent(tree, "b") == 2); }},
        {R"({"agents":{"entries":{"a":{},"b":{}}}})", R"({"agents":{"entries":{"a":{}}}})",
         [](config::Node& tree) { CHECK(config::remove_agent(tree, "b") == 0); }},
    };
    for (const Case& one : cases) {
        std::pmr::vector<config::Problem> problems;
        config::Report report(problems, std::pmr::get_default_resource());
        report.add_main(one.before);
        auto tree = config::parse_tree(0, report);
        REQUIRE(tree);
        one.change(*tree);
        PooledBuffer out;
        json::Writer writer(out.buffer);
        config::write_tree(writer, *tree);
        CHECK(out.buffer.text() == one.after);
    }
}

TEST_CASE("life: five backups, the newest first") {
    TemporaryDirectory folder;
    const fs::path file = folder / "openclaw.json";
    const gw_host host{};
    const auto write = [&](const std::string& text) {
        return exchange::write_config_file(host, file.string(), text, std::pmr::get_default_resource());
    };
    for (int i = 0; i < 8; ++i) REQUIRE(write(std::to_string(i)) == GW_OK);
    CHECK(slurp(file) == "7");
    const std::pair<const char*, const char*> want[] = {
        {".bak", "6"}, {".bak.1", "5"}, {".bak.2", "4"}, {".bak.3", "3"}, {".bak.4", "2"}};
    for (const auto& [end, text] : want) CHECK(slurp(file.string() + end) == text);
    CHECK_FALSE(fs::exists(file.string() + ".bak.5"));
    CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}) == 6);
    // Through a link the file that it names is replaced, and the link stays.
    const fs::path link = folder / "link.json";
    fs::create_symlink(file, link);
    REQUIRE(exchange::write_config_file(host, link.string(), "8", std::pmr::get_default_resource()) == GW_OK);
    CHECK(fs::is_symlink(link));
    CHECK(slurp(file) == "8");
    CHECK(exchange::write_config_file(host, "/no/such/place/x.json", "8", std::pmr::get_default_resource()) ==
          GW_ERR_IO);
}

TEST_CASE("life: the log of the day and its tail") {
    TemporaryDirectory folder;
    exchange::DayLog log(std::pmr::get_default_resource());
    config::Logging logging(std::pmr::get_default_resource());
    CHECK(log.tail({}, 10, 1000).file.empty());
    log.write(GW_LOG_ERROR, "nowhere");
    log.configure(logging, folder.path());
    log.set_time(1767225600000);
    log.write(GW_LOG_INFO, "one");
    log.write(GW_LOG_DEBUG, "not this one");
    log.write(GW_LOG_WARN, "two \"quoted\" \\");
    const std::string path = folder / "logs/openclaw-2026-01-01.log";
    json::Document document(std::pmr::get_default_resource());
    auto tail = log.tail({}, 10, 1000);
    CHECK(std::string(tail.file) == path);
    REQUIRE(tail.lines.size() == 2);
    REQUIRE(document.parse(tail.lines[1]));
    CHECK(document.root()["1"].as_string() == "two \"quoted\" \\");
    CHECK(document.root()["time"].as_string() == "2026-01-01T00:00:00.000Z");
    CHECK(document.root()["_meta"]["logLevelName"].as_string() == "WARN");
    CHECK(tail.cursor == tail.size);
    CHECK_FALSE(tail.truncated);

    struct Case {
        std::optional<std::uint64_t> cursor;
        std::size_t lines, bytes, want;
        bool truncated, reset;
    };
    const std::uint64_t size = tail.size;
    const std::size_t second = tail.lines[1].size() + 1;
    const Case cases[] = {
        {0, 10, 100000, 2, false, false},
        {size, 10, 100000, 0, false, false},
        {size - second, 10, 100000, 1, false, false},
        {size + 1, 10, 100000, 2, false, true},
        {std::nullopt, 1, 100000, 1, true, false},
        {std::nullopt, 10, second + 3, 1, true, false},
        {std::nullopt, 10, 3, 0, true, false},
        {std::nullopt, 0, 100000, 0, true, false},
    };
    for (const Case& c : cases) {
        INFO((c.cursor ? std::to_string(*c.cursor) : "none") << " " << c.lines << " " << c.bytes);
        const auto found = log.tail(c.cursor, c.lines, c.bytes);
        CHECK(found.lines.size() == c.want);
        CHECK(found.truncated == c.truncated);
        CHECK(found.reset == c.reset);
        CHECK(found.cursor == size);
    }
    // Half of a line is left for the next call.
    std::ofstream(path, std::ios::app) << "{half";
    CHECK(log.tail(size, 10, 1000).lines.empty());
    CHECK(log.tail(size, 10, 1000).cursor == size);

    // A week later: a new file, and the old one goes the day after.
    log.set_time(1767225600000 + 6 * 86400000ULL);
    log.write(GW_LOG_INFO, "later");
    CHECK(std::string(log.tail({}, 10, 1000).file) == folder / "logs/openclaw-2026-01-07.log");
    CHECK(fs::exists(path));
    log.set_time(1767225600000 + 7 * 86400000ULL);
    log.write(GW_LOG_INFO, "later");
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("life: logs.tail, config.schema and config.reload write their payloads") {
    Life life(plain);
    life.edit("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'b'}]}}");
    method::ConfigRefusal refusal(std::pmr::get_default_resource());
    json::Document document(std::pmr::get_default_resource());
    const std::string reloaded =
        life.call([&](json::Writer& w) { CHECK(life.inside().config_desk().reload(w, refusal)); });
    REQUIRE(document.parse(reloaded));
    CHECK(document.root()["reloaded"][0].as_string() == "agents.list");
    CHECK(document.root()["restartRequired"].as_bool() == false);
    const std::string tail =
        life.call([&](json::Writer& w) { life.inside().config_desk().tail({}, 5000, 1000000, w); });
    REQUIRE(document.parse(tail));
    std::vector<std::string> names;
    for (json::Value v = document.root().first(); v.exists(); v = v.next()) names.emplace_back(v.key());
    CHECK(names == std::vector<std::string>{"file", "cursor", "size", "lines", "truncated", "reset"});
    CHECK(document.root()["lines"].size() >= 1);
    const std::string schema = life.call([&](json::Writer& w) { life.inside().config_desk().schema(w); });
    REQUIRE(document.parse(schema));
    CHECK(document.root()["schema"]["title"].as_string() == "OpenClawConfig");
    life.edit("{nope:1}");
    CHECK(life.call([&](json::Writer& w) { CHECK_FALSE(life.inside().config_desk().reload(w, refusal)); }).empty());
    CHECK(refusal.issues.size() == 1);
}

TEST_CASE("life: one gateway at a time, and the doctor sees it") {
    TemporaryDirectory folder;
    const std::string state = "OPENCLAW_STATE_DIR=" + folder.path(), temporary = "TMPDIR=" + folder.path();
    std::ofstream(folder / "openclaw.json") << "{gateway:{token:'a-secret-token'}}";
    fs::permissions(folder / "openclaw.json", fs::perms(0644));
    const char* const environment[] = {state.c_str(), temporary.c_str(), nullptr};
    gw_config_source source{};
    source.size = sizeof source;
    source.env = environment;
    const auto doctor = [&](bool repair, gw_status want) {
        gw_buf report{};
        CHECK(gw_config_doctor(&source, nullptr, repair, &report) == want);
        std::string out(static_cast<const char*>(report.data), report.len);
        gw_buf_free(&report);
        CHECK(out.find("a-secret-token") == std::string::npos);
        return out;
    };
    CHECK(doctor(false, GW_ERR_CONFIG).find("problem: the configuration") != std::string::npos);
    CHECK(slurp(folder / "openclaw.json") == "{gateway:{token:'a-secret-token'}}");
    CHECK(doctor(true, GW_OK).find("fixed: ") != std::string::npos);
    CHECK(doctor(true, GW_OK).find("fixed: ") == std::string::npos);

    gw_gateway_options options{};
    options.size = sizeof options;
    options.exclusive = 1;
    gw_gateway *first = nullptr, *second = nullptr;
    REQUIRE(gw_gateway_open(&source, &options, &first, nullptr) == GW_OK);
    CHECK(gw_gateway_open(&source, &options, &second, nullptr) == GW_ERR_STATE);
    CHECK(doctor(true, GW_ERR_STATE).find("pid " + std::to_string(::getpid())) != std::string::npos);
    gw_gateway_free(first);
    REQUIRE(gw_gateway_open(&source, &options, &second, nullptr) == GW_OK);
    gw_gateway_free(second);
}

}  // namespace gw::test
