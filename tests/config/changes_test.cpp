// What changes a configuration: patches, hidden secrets, old keys, and what a change asks of a running gateway.
#include "config/load.h"
#include "config/patch.h"
#include "config/redact.h"
#include "config/reload_plan.h"
#include "config/schema.h"
#include "config/schema_json.h"
#include "config/snapshot.h"
#include "loaded.h"

namespace gw::test {

using config::Node;

namespace {

Node tree(std::string_view text) {
    std::pmr::vector<config::Problem> problems;
    config::Report report(problems, std::pmr::get_default_resource());
    report.add_main(text);
    auto out = config::parse_tree(0, report);
    INFO(text);
    REQUIRE(out);
    return std::move(*out);
}

std::string text_of(const Node& node) {
    PooledBuffer out;
    json::Writer writer(out.buffer);
    write_tree(writer, node);
    return std::string(out.buffer.text());
}

template <typename Write>
std::string written(Write&& write) {
    PooledBuffer out;
    json::Writer writer(out.buffer);
    write(writer);
    return std::string(out.buffer.text());
}

json::Value parsed(json::Document& document, std::string_view text) {
    REQUIRE(document.parse(text));
    return document.root();
}

config::Snapshot snapshot_of(std::string_view text, Surroundings& surroundings) {
    return config::take_snapshot("/etc/openclaw.json", text, surroundings.environment,
                                 std::pmr::get_default_resource());
}

}  // namespace

TEST_CASE("config: a patch is merged as RFC 7396 says, and lists by id") {
    struct Case {
        std::string_view target, patch, want;
    };
    // The first ones are the table of RFC 7396, appendix A.
    const Case cases[] = {
        {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        {R"({"a":"b"})", R"({"a":null})", R"({})"},
        {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
        {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
        {R"({"a":"foo"})", R"(null)", R"(null)"},
        {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
        {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
        {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
        // Lists of objects with ids.
        {R"({"l":[{"id":"a","x":1},{"id":"b"}]})", R"({"l":[{"id":"a","y":2}]})",
         R"({"l":[{"id":"a","x":1,"y":2},{"id":"b"}]})"},
        {R"({"l":[{"id":"a"}]})", R"({"l":[{"id":"b","n":null},{"id":"b","x":1}]})",
         R"({"l":[{"id":"a"},{"id":"b","x":1}]})"},
        {R"({"l":[{"id":"a","x":1}]})", R"({"l":[{"id":"a","x":null}]})", R"({"l":[{"id":"a"}]})"},
        {R"({"l":[{"id":"a"}]})", R"({"l":[{"id":"b"},{"name":"c"}]})", R"({"l":[{"id":"b"},{"name":"c"}]})"},
        {R"({"l":[{"id":"a"}]})", R"({"l":[]})", R"({"l":[]})"},
    };
    for (const Case& c : cases) {
        INFO(c.target << " with " << c.patch);
        Node target = tree(c.target);
        config::apply_patch(target, tree(c.patch));
        CHECK(text_of(target) == c.want);
    }
}

namespace {

// A random object; small, so that patches meet what is there.
std::string random_object(Random& random, int depth, bool nulls) {
    std::string out = "{";
    const char* const keys[] = {"a", "b", "a key that is longer than a short string", "d"};
    for (const char* key : keys) {
        if (random.below(2) == 0) continue;
        if (out.size() > 1) out += ',';
        out += '"' + std::string(key) + "\":";
        switch (random.below(depth > 0 ? 5 : 3)) {
        case 0: out += std::to_string(random.below(10)); break;
        case 1: out += nulls ? "null" : "true"; break;
        case 2: out += "\"t\""; break;
        case 3: out += "[" + std::to_string(random.below(3)) + "]"; break;
        default: out += random_object(random, depth - 1, nulls); break;
        }
    }
    return out + "}";
}

// RFC 7396, section 2, word by word, on trees.
Node model_patch(const Node* target, const Node& patch) {
    if (!patch.is(json::Kind::object)) return clone(patch, std::pmr::get_default_resource());
    Node out(std::pmr::get_default_resource());
    if (target != nullptr && target->is(json::Kind::object)) out = clone(*target, std::pmr::get_default_resource());
    for (const Node& change : patch.children) {
        Node* const there = out.find(change.key);
        if (change.is(json::Kind::null)) {
            if (there != nullptr) out.children.erase(out.children.begin() + (there - out.children.data()));
            continue;
        }
        Node value = model_patch(there, change);
        value.key = change.key;
        if (there != nullptr) {
            *there = std::move(value);
        } else {
            out.children.push_back(std::move(value));
        }
    }
    return out;
}

}  // namespace

TEST_CASE("config: a thousand random patches one after the other end where a simple model ends") {
    Random random(7396);
    for (int round = 0; round < 50; ++round) {
        Node real = tree(random_object(random, 3, false));
        Node model = clone(real, std::pmr::get_default_resource());
        for (int step = 0; step < 20; ++step) {
            const std::string patch = random_object(random, 3, true);
            const Node before = clone(real, std::pmr::get_default_resource());
            config::apply_patch(real, tree(patch));
            model = model_patch(&model, tree(patch));
            INFO(patch << " on " << text_of(before));
            REQUIRE(config::equal(real, model));
            // Where they differ, and nowhere else.
            std::pmr::vector<std::pmr::string> paths;
            config::diff(before, real, 100, paths);
            CHECK(paths.empty() == config::equal(before, real));
        }
    }
}

TEST_CASE("config: what changed is told by the shortest path") {
    struct Case {
        std::string_view before, after;
        std::vector<std::string> want;
    };
    const Case cases[] = {
        {"{}", "{}", {}},
        {"{a:1,b:2}", "{b:2,a:1}", {}},
        {"{a:{b:1,c:2}}", "{a:{b:1,c:3}}", {"a.c"}},
        {"{a:{b:1}}", "{}", {"a"}},
        {"{}", "{a:{b:1}}", {"a"}},
        {"{a:{b:{c:1,d:1}}}", "{a:{b:{d:2}}}", {"a.b.c", "a.b.d"}},
        {"{a:[1,2]}", "{a:[1]}", {"a"}},
        {"{a:1}", "{a:'1'}", {"a"}},
        {"{a:1}", "{a:1.0}", {}},
    };
    for (const Case& c : cases) {
        INFO(c.before << " to " << c.after);
        std::pmr::vector<std::pmr::string> paths;
        config::diff(tree(c.before), tree(c.after), 100, paths);
        CHECK(std::vector<std::string>(paths.begin(), paths.end()) == c.want);
    }
    // Too many to list: the sections.
    std::string many = "{s:{";
    for (int i = 0; i < 500; ++i) many += "k" + std::to_string(i) + ":1,";
    many += "}, t: 1}";
    std::pmr::vector<std::pmr::string> paths;
    config::diff(tree("{s:{}, u: {}}"), tree(many), 100, paths);
    CHECK(std::vector<std::string>(paths.begin(), paths.end()) == std::vector<std::string>{"s", "u", "t"});
}

TEST_CASE("config: secrets are hidden wherever they stand, and put back") {
    const std::string_view text = R"({
        env: { vars: { KEY: "hidden1" }, OTHER: "hidden2", shellEnv: { enabled: true } },
        gateway: { auth: { token: "hidden3", password: "${PASSWORD}", rateLimit: { maxAttempts: 5 } } },
        models: { providers: { p: { baseUrl: "http://h/v1", apiKey: "hidden4", headers: { "X-Any": "hidden5" },
                                    models: [{ id: "m", maxTokens: 4096 }] },
                               q: { baseUrl: "http://h/v1", apiKey: { source: "env", id: "QKEY" } } } },
        hooks: { token: "hidden6", mappings: [{ id: "gh", secret: "hidden7" }, { id: "x", secret: "hidden8" }] },
        channels: { telegram: { botToken: "hidden9", allowFrom: ["tokens"] } },
        guardrail: { token_env: "NAME_OF_IT" },
        talk: { pinSecret: 1234 },
    })";
    Node shown = tree(text);
    config::redact(shown);
    const std::string seen = text_of(shown);
    CHECK(seen.find("hidden") == std::string::npos);
    CHECK(seen.find("1234") == std::string::npos);
    for (const std::string_view kept :
         {"${PASSWORD}", "QKEY", "NAME_OF_IT", "4096", "http://h/v1", "\"tokens\"", "\"gh\""})
        CHECK(seen.find(kept) != std::string::npos);

    std::pmr::vector<config::Problem> problems;
    config::Report report(problems, std::pmr::get_default_resource());
    report.add_main("");
    Node back = clone(shown, std::pmr::get_default_resource());
    const Node stored = tree(text);
    config::restore(back, stored, stored, report);
    CHECK(problems.empty());
    CHECK(config::equal(back, stored));

    // Lists with ids are not taken by number, and what is not stored is not invented.
    struct Case {
        std::string_view raw, want;
        bool good;
    };
    const Case cases[] = {
        {R"({hooks:{mappings:[{id:"x",secret:"__OPENCLAW_REDACTED__"}]}})",
         R"({"hooks":{"mappings":[{"id":"x","secret":"hidden8"}]}})", true},
        {R"({hooks:{mappings:[{id:"new",secret:"__OPENCLAW_REDACTED__"}]}})", "", false},
        {R"({gateway:{remote:{token:"__OPENCLAW_REDACTED__"}}})", "", false},
        {R"({hooks:{mappings:[{secret:"__OPENCLAW_REDACTED__"}]}})", "", false},
    };
    for (const Case& c : cases) {
        INFO(c.raw);
        problems.clear();
        config::Report again(problems, std::pmr::get_default_resource());
        again.add_main(c.raw);
        Node node = tree(c.raw);
        config::restore(node, stored, stored, again);
        CHECK(again.failed() != c.good);
        if (c.good) CHECK(text_of(node) == c.want);
    }
}

TEST_CASE("config: every secret of the table has a name that hides it") {
    for (const config::Key& key : config::keys()) {
        if (key.type != config::Type::secret) continue;
        INFO(key.path());
        std::string_view path = key.path();
        bool hidden = false;
        while (!path.empty()) {
            const std::size_t dot = path.find('.');
            hidden = hidden || config::is_secret_name(path.substr(0, dot));
            path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
        }
        CHECK(hidden);
    }
}

TEST_CASE("config: old keys are read as new ones, and told") {
    struct Case {
        std::string_view old, want;
        std::vector<std::string> paths;
    };
    const Case cases[] = {
        {"{gateway:{port:1}}", R"({"gateway":{"port":1}})", {}},
        {"{gateway:{token:'t'}}", R"({"gateway":{"auth":{"token":"t"}}})", {"gateway.token"}},
        {"{gateway:{token:'old',auth:{token:'new'}}}", R"({"gateway":{"auth":{"token":"new"}}})", {"gateway.token"}},
        {"{gateway:{bind:'0.0.0.0'}}", R"({"gateway":{"bind":"lan"}})", {"gateway.bind"}},
        {"{agent:{model:'a/b',workspace:'/w'}}",
         R"({"agents":{"defaults":{"model":{"primary":"a/b"},"workspace":"/w"}}})",
         {"agent.model", "agent"}},
        {"{agent:{modelFallbacks:['a/b']}}",
         R"({"agents":{"defaults":{"model":{"fallbacks":["a/b"]}}}})",
         {"agent.modelFallbacks"}},
        {"{agent:{allowedModels:['a/b'],modelAliases:{quick:'a/b'}}}",
         R"({"agents":{"defaults":{"models":{"a/b":{"alias":"quick"}}}}})",
         {"agent.allowedModels", "agent.modelAliases"}},
        {"{agent:{tools:{deny:['x']}}}", R"({"tools":{"deny":["x"]}})", {"agent.tools"}},
        {"{telegram:{botToken:'t'},channels:{telegram:{enabled:true}}}",
         R"({"channels":{"telegram":{"botToken":"t","enabled":true}}})",
         {"telegram"}},
        {"{identity:{name:'C'}}", R"({"agents":{"list":[{"id":"main","identity":{"name":"C"}}]}})", {"identity"}},
        {"{identity:{name:'C'},agents:{list:[{id:'a'},{id:'b',default:true}]}}",
         R"({"agents":{"list":[{"id":"a"},{"id":"b","default":true,"identity":{"name":"C"}}]}})",
         {"identity"}},
        {"{routing:{agents:{work:{name:'W'}},defaultAgentId:'work',groupChat:{historyLimit:3}}}",
         R"({"messages":{"groupChat":{"historyLimit":3}},"agents":{"list":[{"id":"work","name":"W","default":true}]}})",
         {"routing.groupChat.historyLimit", "routing.agents", "routing.defaultAgentId"}},
        {"{routing:{groupChat:{requireMention:false}}}",
         R"({"channels":{"whatsapp":{"groups":{"*":{"requireMention":false}}}}})",
         {"routing.groupChat.requireMention"}},
        {"{agent:3,identity:4,routing:'x',agents:5}",
         R"({"agents":{"defaults":3,"list":[{"id":"main","identity":4}]},"routing":"x"})",
         {"agent", "identity"}},
    };
    for (const Case& c : cases) {
        INFO(c.old);
        Node root = tree(c.old);
        std::pmr::vector<config::Migration> done;
        config::migrate(root, done);
        const Node want = tree(c.want);
        INFO(text_of(root));
        CHECK(config::equal(root, want));
        std::vector<std::string> paths;
        for (const config::Migration& one : done) paths.emplace_back(one.path);
        CHECK(paths == c.paths);
        done.clear();
        config::migrate(root, done);
        CHECK(done.empty());
    }
    const Loaded l = load("{gateway:{token:'abc'}}");
    CHECK(l.ok);
    CHECK(l.config.auth.token == "abc");
    CHECK(l.text().find("warning: gateway.token is now gateway.auth.token") != std::string::npos);
}

TEST_CASE("config: what a change asks of a running gateway") {
    using config::ReloadMode;
    struct Case {
        std::string_view before, after;
        ReloadMode mode;
        bool apply, restart;
        std::vector<std::string_view> parts;
        std::size_t waiting;
    };
    const Case cases[] = {
        {"{}", "{}", ReloadMode::hybrid, false, false, {}, 0},
        {"{}", "{ui:{a:1}}", ReloadMode::hybrid, true, false, {}, 0},
        {"{}", "{logging:{level:'debug'}}", ReloadMode::hybrid, true, false, {"log"}, 0},
        {"{gateway:{port:1}}", "{gateway:{port:2}}", ReloadMode::hybrid, false, true, {}, 1},
        {"{gateway:{port:1}}", "{gateway:{port:2}}", ReloadMode::hot, false, false, {}, 1},
        {"{gateway:{port:1}}", "{gateway:{port:2},ui:{}}", ReloadMode::hot, true, false, {}, 1},
        {"{gateway:{port:1}}", "{gateway:{port:2}}", ReloadMode::off, false, false, {}, 1},
        {"{}", "{ui:{a:1}}", ReloadMode::off, false, false, {}, 0},
        {"{}", "{ui:{a:1}}", ReloadMode::restart, false, true, {}, 0},
        {"{gateway:{}}", "{gateway:{remote:{url:'x'}}}", ReloadMode::hybrid, true, false, {}, 0},
        {"{gateway:{auth:{}}}",
         "{gateway:{auth:{rateLimit:{maxAttempts:1}}}}",
         ReloadMode::hybrid,
         true,
         false,
         {"auth-limiter"},
         0},
        {"{}",
         "{gateway:{auth:{rateLimit:{}}}}",
         ReloadMode::hybrid,
         false,
         true,
         {"auth-limiter", "health-monitor"},
         1},
        {"{}", "{agents:{defaults:{model:'a/b'}}}", ReloadMode::hybrid, true, false, {"heartbeat"}, 0},
        {"{}", "{hooks:{token:'x'}}", ReloadMode::hybrid, true, false, {"hooks", "mail-watcher"}, 0},
        {"{guardrail:{mode:'observe'}}",
         "{guardrail:{mode:'action'}}",
         ReloadMode::hybrid,
         true,
         false,
         {"guardrail"},
         0},
        {"{guardrail:{}}", "{guardrail:{port:1}}", ReloadMode::hybrid, false, true, {}, 1},
        {"{}", "{plugins:{}}", ReloadMode::hybrid, false, true, {}, 1},
        {"{}", "{somethingNew:1}", ReloadMode::hybrid, false, true, {}, 1},
    };
    for (const Case& c : cases) {
        INFO(c.before << " to " << c.after << " mode " << static_cast<int>(c.mode));
        const auto plan = config::plan_reload(tree(c.before), tree(c.after), c.mode, std::pmr::get_default_resource());
        CHECK(plan.apply == c.apply);
        CHECK(plan.restart == c.restart);
        CHECK(std::vector<std::string_view>(plan.parts.begin(), plan.parts.end()) == c.parts);
        CHECK(plan.waiting.size() == c.waiting);
    }
    CHECK(config::reload_rule("hooksmith").effect == config::Effect::restart);
    CHECK(config::reload_rule("hooks.gmail.label").part == "mail-watcher");
    CHECK(config::reload_rule("agents.list[0].id").effect == config::Effect::none);
}

TEST_CASE("config: a snapshot shows everything but secrets") {
    Surroundings surroundings({{"NAME", "from the environment"}, {"TOKEN", "hidden-token"}},
                              {{"more.json", "{ui:{assistant:{name:'${NAME}'}}}"}});
    const std::string_view text =
        "// hidden in a comment\n{$include:'more.json', gateway:{auth:{token:'${TOKEN}'}},"
        "models:{providers:{p:{baseUrl:'http://h/v1',apiKey:'hidden-key'}}}, identity:{name:'C'}, cron:{}}";
    const config::Snapshot snapshot = snapshot_of(text, surroundings);
    CHECK(snapshot.valid);
    PooledBuffer pool;
    const std::string out = written([&](json::Writer& w) { write_snapshot(w, snapshot, pool.pool.get()); });
    CHECK(out.find("hidden") == std::string::npos);
    json::Document document(std::pmr::get_default_resource());
    const json::Value root = parsed(document, out);
    std::vector<std::string> names;
    for (json::Value v = root.first(); v.exists(); v = v.next()) names.emplace_back(v.key());
    CHECK(names == std::vector<std::string>{"path", "exists", "raw", "parsed", "resolved", "valid", "config", "hash",
                                            "issues", "warnings", "legacyIssues"});
    CHECK(root["exists"].as_bool() == true);
    CHECK(root["parsed"]["$include"].as_string() == "more.json");
    CHECK(root["parsed"]["gateway"]["auth"]["token"].as_string() == "${TOKEN}");
    CHECK(root["resolved"]["gateway"]["auth"]["token"].as_string() == config::redacted_mark);
    CHECK(root["config"]["gateway"]["port"].as_int() == 18789);
    CHECK_FALSE(root["resolved"]["gateway"]["port"].exists());
    CHECK_FALSE(root["config"]["guardrail"].exists());
    CHECK(root["hash"].as_string()->size() == 64);
    CHECK(root["issues"].size() == 0);
    CHECK(root["warnings"].size() >= 1);
    CHECK(root["legacyIssues"][0]["path"].as_string() == "identity");
    CHECK(root["raw"].as_string()->find("\n  \"gateway\": {\n    \"auth\"") != std::string_view::npos);

    // Nothing there, and nothing that can be read.
    const config::Snapshot none =
        config::take_snapshot("/x", std::nullopt, surroundings.environment, std::pmr::get_default_resource());
    CHECK(none.valid);
    CHECK(written([&](json::Writer& w) {
              write_snapshot(w, none, pool.pool.get());
          }).find(R"("exists":false,"raw":null)") != std::string::npos);
    const config::Snapshot bad = snapshot_of("{token: 'hidden", surroundings);
    CHECK_FALSE(bad.valid);
    const std::string bad_text = written([&](json::Writer& w) { write_snapshot(w, bad, pool.pool.get()); });
    CHECK(bad_text.find("hidden") == std::string::npos);
    CHECK(bad_text.find(R"("valid":false)") != std::string::npos);
}

TEST_CASE("config: edits, and the sentences of those that are refused") {
    using config::EditKind;
    Surroundings surroundings(Names{{"TOKEN", "secret-token"}});
    const std::string_view text =
        "{gateway:{auth:{token:'${TOKEN}'},port:1}, agents:{list:[{id:'a',name:'A'},{id:'b'}]}}";
    const config::Snapshot now = snapshot_of(text, surroundings);
    REQUIRE(now.valid);
    const std::string hash(config::as_text(now.hash));
    struct Case {
        EditKind kind;
        std::string_view raw;
        std::optional<std::string_view> base;
        std::string_view message, next;
        std::vector<std::string> changed;
        bool noop;
    };
    const Case cases[] = {
        {EditKind::patch, "{}", std::nullopt, "config base hash required; re-run config.get and retry", "", {}, false},
        {EditKind::set, "{}", "", "config base hash required; re-run config.get and retry", "", {}, false},
        {EditKind::patch,
         "{}",
         "deadbeef",
         "config changed since last load; re-run config.get and retry",
         "",
         {},
         false},
        {EditKind::set, "{ not json", hash, "SyntaxError: JSON5: invalid character 'j' at 1:7", "", {}, false},
        {EditKind::set, "{ a: ", hash, "SyntaxError: JSON5: invalid end of input at 1:6", "", {}, false},
        {EditKind::patch, "[1]", hash, "config.patch raw must be an object", "", {}, false},
        {EditKind::set,
         "[1]",
         hash,
         "invalid config: <root>: the configuration must be an object: { ... }",
         "",
         {},
         false},
        {EditKind::set, "{ nope: 1 }", hash, "invalid config: nope: is not a key of the configuration", "", {}, false},
        {EditKind::patch,
         "{gateway:{port:'x'}}",
         hash,
         "invalid config: gateway.port: must be a whole number from 0 to 65535, found \"x\"",
         "",
         {},
         false},
        {EditKind::patch, "{}", hash, "", "", {}, true},
        {EditKind::patch, "{gateway:{port:1}}", hash, "", "", {}, true},
        {EditKind::patch,
         "{gateway:{port:2},agents:{list:[{id:'a',name:null}]}}",
         hash,
         "",
         R"({"gateway":{"auth":{"token":"${TOKEN}"},"port":2},"agents":{"list":[{"id":"a"},{"id":"b"}]}})",
         {"gateway.port", "agents.list"},
         false},
        {EditKind::set,
         "{gateway:{auth:{token:'__OPENCLAW_REDACTED__'}}}",
         hash,
         "",
         R"({"gateway":{"auth":{"token":"${TOKEN}"}}})",
         {"gateway.port", "agents"},
         false},
        {EditKind::apply,
         "{gateway:{auth:{token:'__OPENCLAW_REDACTED__', password: '__OPENCLAW_REDACTED__'}}}",
         hash,
         "invalid config: gateway.auth.password: holds the mark of a hidden value, but there is none to put back; put "
         "the "
         "value here",
         "",
         {},
         false},
    };
    for (const Case& c : cases) {
        INFO(c.raw);
        PooledBuffer next;
        const config::Edited edited = config::edit(now, {c.kind, c.raw, c.base}, surroundings.environment, next.buffer,
                                                   std::pmr::get_default_resource());
        CHECK(edited.message == c.message);
        CHECK(edited.noop == c.noop);
        CHECK(std::vector<std::string>(edited.changed.begin(), edited.changed.end()) == c.changed);
        if (!c.next.empty()) {
            CHECK(text_of(tree(next.buffer.text())) == c.next);
            CHECK(next.buffer.text().starts_with("{\n  \"gateway\": {\n"));
            CHECK(next.buffer.text().ends_with("}\n"));
        }
        if (c.message.substr(0, 16) == "invalid config: ") {
            REQUIRE(edited.issues.size() == 1);
            CHECK(written([&](json::Writer& w) {
                      write_issues(w, edited.issues);
                  }).starts_with("{\"issues\":[{\"path\":"));
        }
    }
    const config::Snapshot invalid = snapshot_of("{nope:1}", surroundings);
    PooledBuffer next;
    CHECK(config::edit(invalid, {EditKind::patch, "{}", config::as_text(invalid.hash)}, surroundings.environment,
                       next.buffer, std::pmr::get_default_resource())
              .message == "invalid config; fix before patching");
    const config::Snapshot none =
        config::take_snapshot("/x", std::nullopt, surroundings.environment, std::pmr::get_default_resource());
    CHECK(config::edit(none, {EditKind::set, "{ui:{}}", std::nullopt}, surroundings.environment, next.buffer,
                       std::pmr::get_default_resource())
              .message.empty());
    CHECK(next.buffer.text() == "{\n  \"ui\": {}\n}\n");
}

TEST_CASE("config: the schema, and the look-up of one path") {
    const std::string schema =
        written([](json::Writer& w) { config::write_schema(w, "1.2.3", "2026-11-20T10:01:41.503Z"); });
    json::Document document(std::pmr::get_default_resource());
    const json::Value root = parsed(document, schema);
    const json::Value properties = root["schema"]["properties"];
    CHECK(properties["gateway"]["properties"]["port"]["maximum"].as_int() == 65535);
    CHECK(properties["gateway"]["properties"]["bind"]["enum"].size() == 5);
    CHECK(properties["gateway"]["additionalProperties"].as_bool() == false);
    CHECK(properties["agents"]["properties"]["list"]["items"]["properties"]["id"]["type"].as_string() == "string");
    CHECK(properties["models"]["properties"]["providers"]["additionalProperties"]["properties"]["apiKey"]["anyOf"]
              .size() == 2);
    CHECK(root["uiHints"]["gateway.auth.token"]["sensitive"].as_bool() == true);
    CHECK(root["uiHints"]["gateway.http.endpoints.responses.maxBodyBytes"]["label"].as_string() == "Max Body Bytes");
    CHECK(root["uiHints"]["agents.list.*.id"].exists());
    CHECK(root["version"].as_string() == "1.2.3");

    struct Case {
        std::string_view path, type;
        std::size_t children;
        bool found;
    };
    const Case cases[] = {
        {"gateway.port", "integer", 0, true},
        {"gateway.reload", "object", 3, true},
        {"agents.list", "array", 1, true},
        {"agents.list.*.name", "string", 0, true},
        {"agents.list[].name", "string", 0, true},
        {"agents.list[7].name", "string", 0, true},
        {"models.providers.openai.baseUrl", "string", 0, true},
        {"models.providers.*", "object", 0, true},
        {"", "", 0, false},
        {"nope", "", 0, false},
        {"gateway.nope", "", 0, false},
        {"gateway.port.x", "", 0, false},
        {"gateway[0]", "", 0, false},
        {"agents.list[", "", 0, false},
        {"gateway.", "", 0, false},
    };
    for (const Case& c : cases) {
        INFO(c.path);
        PooledBuffer out;
        json::Writer writer(out.buffer);
        REQUIRE(config::write_schema_lookup(writer, c.path) == c.found);
        if (!c.found) {
            CHECK(out.buffer.empty());
            continue;
        }
        const json::Value found = parsed(document, out.buffer.text());
        CHECK(found["schema"]["type"].as_string() == c.type);
        CHECK(found["hint"]["label"].exists());
        if (c.children > 0) CHECK(found["children"].size() == c.children);
    }
}

}  // namespace gw::test
