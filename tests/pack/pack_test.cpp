#include <set>

#include "json/json.h"
#include "pack/pack_support.h"

namespace gw::guardrail::test {

namespace {

constexpr LoadOptions alone{false, false};

std::string rules_file(std::string_view rules, std::string_view category = "own") {
    return "version: 1\ncategory: " + std::string(category) + "\nrules:\n" + std::string(rules);
}
// Lines 4 to 9 of a rules_file(), columns from 5.
std::string rule(std::string_view id, std::string_view more = "") {
    return "  - id: " + std::string(id) +
           "\n    title: A title\n    severity: HIGH\n    confidence: 0.5\n    tags: [a, b]\n    pattern: 'x+y'\n" +
           std::string(more);
}
const Rule* find(const RulePack& pack, std::string_view id) {
    for (const Rule& one : pack.rules) {
        if (one.id == id) return &one;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("pack: a rule as it was written") {
    struct Case {
        std::string_view name, category, more, want;
    };
    const Case cases[] = {
        {"a content rule of another writer", "own", "",
         "own/R 'A title' HIGH 0.5 mask tags=[a|b|] prompt completion tool_call tool_result ~x+y\n"},
        {"a category for tool calls", "c2", "", "c2/R 'A title' HIGH 0.5 tool stop tags=[a|b|] tool_call ~x+y\n"},
        {"trust-exploit stops", "trust-exploit", "",
         "trust-exploit/R 'A title' HIGH 0.5 stop tags=[a|b|] prompt completion tool_call tool_result ~x+y\n"},
        {"tool_call_only", "own", "    tool_call_only: true\n",
         "own/R 'A title' HIGH 0.5 tool mask tags=[a|b|] tool_call ~x+y\n"},
        {"kind and directions", "own", "    kind: stop\n    directions: [tool_result, prompt]\n    enabled: false\n",
         "own/R 'A title' HIGH 0.5 off stop tags=[a|b|] prompt tool_result ~x+y\n"},
        {"profiles", "own",
         "    profiles:\n      strict: {severity: CRITICAL, enabled: true}\n      permissive: {enabled: false}\n",
         "own/R 'A title' HIGH 0.5 mask tags=[a|b|] prompt completion tool_call tool_result strict=CRITICAL strict+on "
         "permissive+off ~x+y\n"},
        {"validators", "own", "    directions: [prompt]\n    validator: [token, {entropy: 3.5}]\n",
         "own/R 'A title' HIGH 0.5 mask tags=[a|b|] prompt v0:0 v3:3.5 ~x+y\n"},
        {"contexts", "own",
         "    directions: [prompt]\n    require_context: {words: [one, two words], within: 30, where: around}\n"
         "    forbid_context: {words: [no], within: 128}\n"
         "    demote_context: {words: [q], within: 1, where: after, quoted: true, to: LOW}\n"
         "    demote_unless: {validator: luhn, to: MEDIUM}\n",
         "own/R 'A title' HIGH 0.5 mask tags=[a|b|] prompt require(30 2 words=[one|two words|]) forbid(128 0 "
         "words=[no|]) demote(1 1 words=[q|]) to LOW quoted unless v14:0 to MEDIUM ~x+y\n"},
        {"the rest", "own",
         "    directions: [prompt]\n    normalise: leet\n    public_opening: true\n    local_list: secrets\n",
         "own/R 'A title' HIGH 0.5 mask leet tags=[a|b|] prompt list=secrets public_opening ~x+y\n"},
        {"facts", "command",
         "    facts:\n      any:\n        - {program: [a, 'b*'], has: ['-x|--long', y], has_not: [z]}\n"
         "        - {subcommand: [item get], pipe: {from: [curl], to: ['*']}, code_has: ['p|q'], reads_path: [r],\n"
         "           writes_path: [w], executes_path: [e], contacts_host: [h], contacts_path: [/p], sets_variable: "
         "[V=1],\n"
         "           unsets_variable: [U]}\n",
         "command/R 'A title' HIGH 0.5 tool stop tags=[a|b|] tool_call { program=[a|b*|] has= =[-x|--long|] =[y|] "
         "has_not= =[z|]} { sub= =[item|get|] from=[curl|] to=[*|] reads=[r|] writes=[w|] executes=[e|] host=[h|] "
         "path=[/p|] code= =[p|q|] sets=[V=1|] unsets=[U|]} ~x+y\n"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Loaded loaded = load({{"rules/a.yaml", rules_file(rule("R", c.more), c.category)}}, alone);
        CHECK(loaded.problems == std::vector<std::string>{});
        REQUIRE(loaded.pack);
        REQUIRE(loaded.pack->rules.size() == 1);
        CHECK(print(loaded.pack->rules.front()) == c.want);
        CHECK(loaded.pack->files.at(loaded.pack->rules.front().place.file) == "rules/a.yaml");
        CHECK(loaded.pack->rules.front().place.line == 4);
        CHECK(loaded.pack->rules.front().place.column == 5);
        CHECK(loaded.pack->rules.front().pattern_place.line == 9);
        CHECK(loaded.pack->rules.front().pattern_place.column == 15);
    }
}

TEST_CASE("pack: what an expression of another engine means is said, and the rule loads") {
    const Loaded loaded =
        load({{"rules/a.yaml", rules_file(rule("R", "    expression: 'size(x) > 3'\n") + rule("S"))}}, alone);
    CHECK(loaded.problems == std::vector<std::string>{"rules/a.yaml:10:5: warning: R: `expression` is not evaluated; "
                                                      "the pattern alone decides"});
    REQUIRE(loaded.pack);
    CHECK(loaded.pack->rules.at(0).expression == "size(x) > 3");
}

TEST_CASE("pack: mistakes are named with their place") {
    struct Case {
        std::string_view name;
        std::string text;
        std::vector<std::string> want;  // behind "rules/a.yaml:"
    };
    const auto more = [](std::string_view lines) { return rules_file(rule("R", lines)); };
    const Case cases[] = {
        {"empty", "", {" the file is empty"}},
        {"only a comment", "# nothing\n", {" the file is empty"}},
        {"a list", "- 1\n", {"1:1: this must be a mapping"}},
        {"no YAML", "version: 1\ncategory: [a\nrules: []\n", {"3:6: did not find expected ',' or ']'"}},
        {"bytes that are no UTF-8", "version: 1\ncategory: \xFF\n", {"2:11: invalid leading UTF-8 octet"}},
        {"a control character", "version: 1\ncat\x01gory: a\n", {"2:4: control characters are not allowed"}},
        {"an anchor", "version: &a 1\n", {"1:10: anchors are not supported"}},
        {"an alias", "version: *a\n", {"1:10: aliases are not supported"}},
        {"a tag", "version: !!int 1\n", {"1:10: tags are not supported"}},
        {"a directive", "%YAML 1.2\n---\nversion: 1\n", {"1:1: directives are not supported"}},
        {"two documents", "version: 1\n---\nversion: 1\n", {"2:1: a second document begins here"}},
        {"a key that is a list", "? [a]\n: 1\n", {"1:3: a key must be a text"}},
        {"nested too deeply", "a: [[[[[[[[[[[[1]]]]]]]]]]]]\n", {"1:15: this is nested too deeply"}},
        {"a key twice", "version: 1\nversion: 1\ncategory: a\nrules: []\n", {"2:1: this key was given before"}},
        {"head",
         "version: 2\ncatgory: x\nrules: {}\n",
         {"2:1: unknown key `catgory`; did you mean `category`?", "1:1: `category` is missing",
          "1:10: `version` must be 1", "3:8: `rules` must be a list"}},
        {"a category that is no name",
         "version: 1\ncategory: a b\nrules: []\n",
         {"2:11: `category` must be at most 96 letters, digits and - _ . :"}},
        {"an empty rule",
         rules_file("  - {}\n"),
         {"4:5: `id` is missing", "4:5: `title` is missing", "4:5: `severity` is missing",
          "4:5: `confidence` is missing", "4:5: `pattern` is missing"}},
        {"a rule that is a text", rules_file("  - x\n"), {"4:5: this must be a mapping"}},
        {"an unknown key far from any", more("    zzzzzz: 1\n"), {"10:5: R: unknown key `zzzzzz`"}},
        {"an unknown key nearby",
         more("    require_contxt: 1\n"),
         {"10:5: R: unknown key `require_contxt`; did you mean `require_context`?"}},
        {"words of a few",
         more("    kind: hide\n    normalise: upper\n    local_list: mine\n    directions: [in]\n"),
         {"10:11: R: `kind` must be mask or stop",
          "13:18: R: this must be prompt, completion, tool_call or tool_result", "11:16: R: `normalise` must be leet",
          "12:17: R: `local_list` must be injection, injection_regexes, pii_requests, pii_data_regexes, secrets or "
          "exfiltration"}},
        {"booleans",
         more("    enabled: 1\n    tool_call_only: 'yes'\n"),
         {"10:14: R: `enabled` must be true or false", "11:21: R: `tool_call_only` must be true or false"}},
        {"directions of a rule for tool calls",
         more("    tool_call_only: true\n    directions: [prompt, tool_call]\n"),
         {"11:17: R: `directions` must be [tool_call]: this rule is for tool calls only"}},
        {"no direction", more("    directions: []\n"), {"10:17: R: `directions` must be a list that is not empty"}},
        {"validators",
         more("    validator: [tokn, {entropy: 9}, {bits: 1}, entropy, 3]\n"),
         {"10:17: R: there is no validator `tokn`", "10:33: R: `entropy` must be a number from 0 to 8",
          "10:38: R: unknown key `bits`", "10:37: R: `entropy` is missing", "10:48: R: this must be {entropy: bits}",
          "10:57: R: this must be the name of a validator"}},
        {"contexts",
         more("    require_context: {words: [], within: 0, where: near}\n    forbid_context: {words: [''], within: "
              "1.5}\n"
              "    demote_context: {words: [a], within: 129}\n"),
         {"10:30: R: `words` must be a list that is not empty", "10:42: R: `within` must be a number from 1 to 128",
          "10:52: R: `where` must be before, after or around", "11:30: R: this must be a text that is not empty",
          "11:43: R: `within` must be a whole number", "12:21: R: `to` is missing",
          "12:42: R: `within` must be a number from 1 to 128"}},
        {"quoted is for demote_context",
         more("    forbid_context: {words: [a], within: 1, quoted: true}\n"),
         {"10:45: R: unknown key `quoted`"}},
        {"demote_unless", more("    demote_unless: {validator: luhn}\n"), {"10:20: R: `to` is missing"}},
        {"facts",
         more("    facts:\n      any:\n        - {}\n        - {programs: [a]}\n        - {pipe: {from: [a]}}\n"
              "        - {has: x, program: []}\n"),
         {"12:11: R: an alternative without demands would always hold",
          "13:12: R: unknown key `programs`; did you mean `program`?", "14:18: R: `to` is missing",
          "15:29: R: `program` must be a list that is not empty", "15:17: R: `has` must be a list"}},
        {"facts without any", more("    facts: {any: []}\n"), {"10:18: R: `any` must be a list that is not empty"}},
        {"profiles",
         more("    profiles: {strictt: {}, permissive: {severity: NONE}}\n"),
         {"10:16: R: unknown key `strictt`; did you mean `strict`?",
          "10:52: R: `severity` must be LOW, MEDIUM, HIGH or CRITICAL"}},
        {"examples",
         more("    examples: {match: [1], misses: []}\n"),
         {"10:28: R: unknown key `misses`", "10:24: R: this must be a text: put it between quotes"}},
        {"values of the common form",
         rules_file(
             "  - id: 'a b'\n    title: [x]\n    severity: high\n    confidence: 0\n    tags: x\n    pattern: ''\n"),
         {"4:9: `id` must be at most 96 letters, digits and - _ . :", "5:12: `title` must be a text",
          "6:15: `severity` must be LOW, MEDIUM, HIGH or CRITICAL", "7:17: `confidence` must be above 0",
          "8:11: `tags` must be a list", "9:14: `pattern` must be a text that is not empty"}},
        {"an id twice", rules_file(rule("R") + rule("S") + rule("R")), {"16:5: R: this id is also in rules/a.yaml"}},
        {"a pattern too long",
         rules_file("  - {id: R, title: T, severity: LOW, confidence: 1, pattern: " + std::string(2049, 'a') + "}\n"),
         {"4:62: R: `pattern` must be at most 2048 bytes"}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Loaded loaded = load({{"rules/a.yaml", c.text}}, alone);
        std::vector<std::string> want;
        for (const std::string& line : c.want) want.push_back("rules/a.yaml:" + line);
        CHECK(loaded.problems == want);
        CHECK_FALSE(loaded.pack);
    }
    // What is shown is short and printable.
    const Loaded odd = load({{"rules/a.yaml", "\"k\\n" + std::string(60, 'x') + "\": 1\n"}}, alone);
    REQUIRE(odd.problems.size() == 4);
    CHECK(odd.problems.front() == "rules/a.yaml:1:1: unknown key `k?" + std::string(46, 'x') + "...`");
}

TEST_CASE("pack: problems of all files, and a bound on how many are listed") {
    const Loaded two = load({{"suppressions.yaml", "versoin: 1\n"}, {"rules/b.yaml", "version: 1\n"}, {"x.json", "{"}});
    CHECK(two.problems == std::vector<std::string>{
                              "rules/b.yaml:1:1: `category` is missing",
                              "rules/b.yaml:1:1: `rules` is missing",
                              "suppressions.yaml:1:1: unknown key `versoin`; did you mean `version`?",
                              "x.json:1:2: " + two.problems.back().substr(12),
                          });
    CHECK_FALSE(two.pack);

    std::string many;
    for (int i = 0; i < 120; ++i) many += "  - 1\n";
    const Loaded loaded = load({{"rules/a.yaml", rules_file(many)}}, alone);
    CHECK(loaded.problems.size() == 101);
    CHECK(loaded.problems.back() == "there are more problems than are listed here");

    // Warnings are all listed, and do not hide what is wrong.
    std::string warned;
    for (int i = 0; i < 150; ++i) warned += rule("R" + std::to_string(i), "    expression: x\n");
    CHECK(load({{"rules/a.yaml", rules_file(warned)}}, alone).problems.size() == 150);
    CHECK(load({{"rules/a.yaml", rules_file(warned)}}, alone).pack.has_value());
}

TEST_CASE("pack: limits") {
    Files files;
    for (int i = 0; i < 65; ++i)
        files.emplace_back("rules/f" + std::to_string(i) + ".yaml", "version: 1\ncategory: c\nrules: []\n");
    CHECK(load(files, alone).problems == std::vector<std::string>{"a pack has at most 64 files"});
    files.pop_back();
    CHECK(load(files, alone).problems.empty());

    const std::string pad(1U << 20U, '#');
    CHECK(load({{"rules/a.yaml", pad + "#"}}, alone).problems ==
          std::vector<std::string>{"rules/a.yaml: a file has at most 1 MiB"});
    CHECK(load({{"rules/a.yaml", pad}}, alone).problems == std::vector<std::string>{"rules/a.yaml: the file is empty"});
    const Files big{{"rules/a.yaml", pad},
                    {"rules/b.yaml", pad},
                    {"rules/c.yaml", pad},
                    {"rules/d.yaml", pad},
                    {"rules/e.yaml", "#"}};
    CHECK(load(big, alone).problems == std::vector<std::string>{"a pack has at most 4 MiB"});

    std::string rules = R"({"version":1,"category":"c","rules":[)";
    for (int i = 0; i < 2049; ++i) {
        rules += R"({"id":"R)" + std::to_string(i) + R"(","title":"t","severity":"LOW","confidence":1,"pattern":"x"},)";
    }
    rules.back() = ']';
    rules += '}';
    CHECK(load({{"rules/a.json", rules}}, alone).problems ==
          std::vector<std::string>{"rules/a.json:1:37: `rules` must be a list of at most 2048 rules"});
}

TEST_CASE("pack: input that is made to be slow or large is neither") {
    const std::size_t size = 1U << 17U;
    const auto repeat = [&](std::string_view unit, std::string_view head = "") {
        std::string out(head);
        while (out.size() + unit.size() <= size) out += unit;
        return out;
    };
    const std::string texts[] = {
        repeat("["),
        repeat("- "),
        repeat("{a: "),
        repeat("? "),
        repeat("a: 1\n"),
        repeat("%TAG !a! b\n"),
        repeat("1,", "["),
        repeat("- 1\n"),
        repeat("\"\\x41"),
        repeat("'"),
        repeat("a\n", "x: |\n "),
        repeat("&a "),
        repeat("\n"),
        repeat(" x", "a: "),
        repeat("a:\n"),
        repeat("{\"a\":1},", "["),
    };
    for (const std::string& text : texts) {
        INFO(text.substr(0, 12));
        for (const char* name : {"rules/a.yaml", "rules/a.json"}) {
            const Loaded loaded = load({{name, text}}, alone);
            CHECK_FALSE(loaded.pack);
            CHECK(loaded.problems.size() >= 1);
            CHECK(loaded.problems.size() <= 101);
        }
    }
}

TEST_CASE("pack: names decide what a file is") {
    const std::string good = "version: 1\ncategory: c\nrules: []\n";
    CHECK(load({{"README.md", "x"}, {"rules/a.yml", good}}, alone).problems.empty());
    CHECK(load({{"rules/a.yaml", good}, {"supressions.yaml", good}}, alone).problems ==
          std::vector<std::string>{
              "supressions.yaml: warning: no file of a pack has this name; did you mean `suppressions.yaml`?"});
    CHECK(load({{"README.md", "x"}}).problems == std::vector<std::string>{"no file of a rule pack was given"});
    CHECK(load({{"rules/deep/a.yaml", good}}).problems.back() == "no file of a rule pack was given");
    CHECK(load({{"suppressions.yaml", "version: 1\n"}, {"suppressions.json", "{\"version\":1}"}}, alone).problems ==
          std::vector<std::string>{"suppressions.yaml: the pack has this file twice"});
    CHECK(load({{"p.json", R"({"files":{"rules/a.txt":{}}})"}}, alone).problems ==
          std::vector<std::string>{"p.json:1:11: no file of a pack has this name"});
    CHECK(load({{"p.json", R"({"file":{}})"}}, alone).problems ==
          std::vector<std::string>{"p.json:1:2: unknown key `file`; did you mean `files`?",
                                   "p.json:1:1: `files` is missing"});
    CHECK(load({{"rules/a.json", "{\"version\":1,\n \"version\":1}"}}, alone).problems ==
          std::vector<std::string>{"rules/a.json:2:2: duplicate key"});
    const Loaded bundle = load(
        {{"p.json", "{\"files\":\n {\"rules/a.yaml\": {\"version\": 1,\n  \"category\":\"c\", \"rules\": [\n  {}]}}}"}},
        alone);
    REQUIRE(!bundle.problems.empty());
    CHECK(bundle.problems.front() == "p.json:4:3: `id` is missing");
}

TEST_CASE("pack: the default pack in the library is the one of the files") {
    const Loaded built_in = load({});
    CHECK(built_in.problems == std::vector<std::string>{});
    REQUIRE(built_in.pack);
    const Loaded files = load(default_files(), {false, true});
    CHECK(files.problems == std::vector<std::string>{});
    REQUIRE(files.pack);
    CHECK(files.pack->rules.size() > 600);
    CHECK(print(*built_in.pack) == print(*files.pack));
    for (const Rule& one : files.pack->rules) {
        INFO(one.id);
        REQUIRE(one.examples);
        CHECK(one.examples->match.size() >= 2);
        CHECK(one.examples->near_miss.size() >= 2);
        for (const auto& text : one.examples->match) CHECK(text.find("~~") == std::string::npos);
        CHECK_FALSE(find(*built_in.pack, one.id)->examples);
    }
    CHECK(built_in.pack->files.at(built_in.pack->rules.front().place.file).starts_with("default/rules/"));
    // The whole folder over the default pack is the default pack.
    const Loaded over = load(default_files());
    REQUIRE(over.pack);
    CHECK(print(*over.pack) == print(*files.pack));
    // The files in one JSON text are the same pack again.
    const Loaded bundle =
        load({{"all.json", std::string(default_pack_json().unpack(std::pmr::get_default_resource()))}}, alone);
    REQUIRE(bundle.pack);
    CHECK(print(*bundle.pack) == print(*files.pack));
}

TEST_CASE("pack: profiles") {
    const Loaded loaded = load({});
    REQUIRE(loaded.pack);
    struct Case {
        std::string_view id;
        Profile profile;
        Severity severity;
        bool enabled;
    };
    const Case cases[] = {
        {"ENT-BULK-SSN", Profile::standard, Severity::high, true},
        {"ENT-BULK-SSN", Profile::strict, Severity::critical, true},
        {"ENT-EMAIL-BULK", Profile::standard, Severity::low, false},
        {"ENT-EMAIL-BULK", Profile::strict, Severity::medium, true},
        {"ENT-IBAN", Profile::permissive, Severity::high, false},
        {"SEC-GITLAB", Profile::permissive, Severity::critical, true},
    };
    for (const Case& c : cases) {
        INFO(c.id << ' ' << name_of(c.profile));
        const Rule* const one = find(*loaded.pack, c.id);
        REQUIRE(one != nullptr);
        CHECK(effective(*one, c.profile).severity == c.severity);
        CHECK(effective(*one, c.profile).enabled == c.enabled);
    }
    // As many enabled rules of personal data as the catalogue counts.
    int enabled[3] = {};
    for (const Rule& one : loaded.pack->rules) {
        if (one.category != "enterprise-data") continue;
        for (const Profile profile : {Profile::standard, Profile::strict, Profile::permissive}) {
            enabled[static_cast<int>(profile)] += effective(one, profile).enabled ? 1 : 0;
        }
    }
    CHECK(enabled[0] == 10);
    CHECK(enabled[1] == 16);
    CHECK(enabled[2] == 6);
    for (const Profile profile : {Profile::standard, Profile::strict, Profile::permissive}) {
        CHECK(profile_of(name_of(profile)) == profile);
    }
    CHECK_FALSE(profile_of("standard"));
    CHECK(severity_of("LOW") == Severity::low);
    CHECK_FALSE(severity_of("low"));
    CHECK(direction_of("tool_result") == Direction::tool_result);
}

TEST_CASE("pack: what is given lies over the default pack") {
    const Loaded base = load({});
    REQUIRE(base.pack);
    const auto count = [](const RulePack& pack, std::string_view category) {
        std::size_t found = 0;
        for (const Rule& one : pack.rules) found += one.category == category ? 1 : 0;
        return found;
    };

    SECTION("a category replaces, the others stay") {
        const Loaded over = load({{"rules/a.yaml", rules_file(rule("MINE"), "secret")}});
        CHECK(over.problems == std::vector<std::string>{});
        REQUIRE(over.pack);
        CHECK(count(*over.pack, "secret") == 1);
        CHECK(over.pack->rules.size() == base.pack->rules.size() - count(*base.pack, "secret") + 1);
        const Rule* const mine = find(*over.pack, "MINE");
        REQUIRE(mine != nullptr);
        CHECK(over.pack->files.at(mine->place.file) == "rules/a.yaml");
        // The default pack's suppressions of rules that are gone are gone.
        CHECK(base.pack->rule_suppressions.size() == 4);
        REQUIRE(over.pack->rule_suppressions.size() == 1);
        CHECK(over.pack->rule_suppressions.front().rule == "SEC-WIREGUARD");
        CHECK(over.pack->judges.size() == base.pack->judges.size());
    }
    SECTION("a category without rules clears it") {
        const Loaded over = load({{"rules/a.yaml", "version: 1\ncategory: c2\nrules: []\n"}});
        REQUIRE(over.pack);
        CHECK(count(*over.pack, "c2") == 0);
    }
    SECTION("an id of another category of the default pack is taken") {
        const Loaded over = load({{"rules/a.yaml", rules_file(rule("SEC-JWT"))}});
        CHECK(over.problems ==
              std::vector<std::string>{"rules/a.yaml:4:5: SEC-JWT: this id is also in default/rules/secret.yaml"});
    }
    SECTION("other files replace their counterpart") {
        const Loaded over = load({
            {"sensitive-tools.yaml", "tools: [{name: mine, judge_result: true}]\n"},
            {"suppressions.yaml",
             "version: 1\npre_judge_strips: [{id: S, pattern: x}]\nfinding_suppressions: [{id: F, finding_pattern: a, "
             "entity_pattern: b, condition: is_epoch}]\n"},
            {"judge/mine.yaml",
             "version: 1\nkind: pii\nsystem_prompt: Look.\ncategories: [{label: a, id: B, severity: LOW, question: "
             "c}]\n"
             "combine: {one: HIGH, two: table}\n"},
        });
        CHECK(over.problems == std::vector<std::string>{});
        REQUIRE(over.pack);
        CHECK(over.pack->rules.size() == base.pack->rules.size());
        REQUIRE(over.pack->sensitive_tools.size() == 1);
        CHECK(over.pack->sensitive_tools.front().min_entities_for_alert == 1);
        CHECK(over.pack->pre_judge_strips.size() == 1);
        REQUIRE(over.pack->finding_suppressions.size() == 1);
        CHECK(over.pack->finding_suppressions.front().condition == FindingSuppression::Condition::is_epoch);
        CHECK(over.pack->tool_suppressions.empty());
        CHECK(over.pack->rule_suppressions.size() == 4);  // a list that the file does not have
        CHECK(over.pack->judges.size() == base.pack->judges.size());
        const JudgeFile& judge = over.pack->judges.back();
        CHECK(judge.kind == "pii");
        CHECK(judge.one == Severity::high);
        CHECK_FALSE(judge.two);
        CHECK(judge.directions == Directions::all());
        CHECK(over.pack->files.at(judge.place.file) == "judge/mine.yaml");
    }
    SECTION("suppressions of rules") {
        const std::string hash = "04fba2c05f91ad4be0d4459fdd0899910cfd97bf564bbfe45c5f42f23f43b857";
        const Loaded over = load({{"suppressions.yaml",
                                   "rule_suppressions:\n  - {rule: SEC-JWT, path: 'docs/*', direction: tool_result, "
                                   "value: abc, host: h}\n  - {rule: SEC-AWS-KEY, value_sha256: " +
                                       hash + "}\n"}});
        CHECK(over.problems == std::vector<std::string>{});
        REQUIRE(over.pack);
        REQUIRE(over.pack->rule_suppressions.size() == 2);
        const RuleSuppression& first = over.pack->rule_suppressions[0];
        CHECK(first.path == "docs/*");
        CHECK(first.direction == Direction::tool_result);
        CHECK_FALSE(first.value_sha256);
        REQUIRE(over.pack->rule_suppressions[1].value_sha256);
        CHECK(over.pack->rule_suppressions[1].value_sha256->front() == 0x04);
        CHECK(over.pack->rule_suppressions[1].value_sha256->back() == 0x57);
        CHECK(load({{"suppressions.yaml", "rule_suppressions: [{rule: SEC-JWTT}, {rule: qqqqqqq}]\n"}}).problems ==
              std::vector<std::string>{"suppressions.yaml:1:21: there is no rule `SEC-JWTT`; did you mean `SEC-JWT`?",
                                       "suppressions.yaml:1:39: there is no rule `qqqqqqq`"});
        CHECK(load({{"suppressions.yaml", "rule_suppressions: [{rule: SEC-JWT, value_sha256: 04FB}]\n"}}).problems ==
              std::vector<std::string>{
                  "suppressions.yaml:1:51: `value_sha256` must be 64 lower-case hexadecimal digits"});
    }
}

TEST_CASE("pack: local lists replace the rules that name them") {
    const Loaded base = load({});
    REQUIRE(base.pack);
    const auto of = [](const RulePack& pack, LocalList list) {
        std::vector<std::string> out;
        for (const Rule& one : pack.rules) {
            if (one.local_list == list) out.push_back(print(one));
        }
        return out;
    };
    CHECK(of(*base.pack, LocalList::secrets).size() == 4);
    const Loaded over = load({{"local-patterns.yaml",
                               "version: 1\ninjection: ['do a.b (now)', two]\ninjection_regexes: ['a+']\n"
                               "secrets: []\npii_data_regexes: ['\\bE[0-9]{6}\\b']\n"}});
    CHECK(over.problems == std::vector<std::string>{});
    REQUIRE(over.pack);
    CHECK(of(*over.pack, LocalList::secrets).empty());
    CHECK(of(*over.pack, LocalList::pii_requests) == of(*base.pack, LocalList::pii_requests));
    CHECK(of(*over.pack, LocalList::injection) ==
          std::vector<std::string>{
              "builtin/LP-INJECTION 'Text of a local list of injections' HIGH 0.8 stop tags=[local|] prompt "
              "tool_result list=injection ~(?i)do a\\.b \\(now\\)\n",
              "builtin/LP-INJECTION 'Text of a local list of injections' HIGH 0.8 stop tags=[local|] prompt "
              "tool_result list=injection ~(?i)two\n"});
    CHECK(of(*over.pack, LocalList::injection_regexes).size() == 1);
    CHECK(of(*over.pack, LocalList::pii_data_regexes) ==
          std::vector<std::string>{"builtin/TRIAGE-PII-SSN 'Personal data of a local list' HIGH 0.6 mask tags=[local|] "
                                   "prompt completion tool_call tool_result list=pii_data_regexes ~\\bE[0-9]{6}\\b\n"});
    CHECK(over.pack->local_lists[static_cast<std::size_t>(LocalList::secrets)]);
    CHECK_FALSE(over.pack->local_lists[static_cast<std::size_t>(LocalList::exfiltration)]);
    CHECK(load({{"local-patterns.yaml", "secrets:\n  - 12\ninjection: a\nexfil: []\n"}}).problems ==
          std::vector<std::string>{"local-patterns.yaml:4:1: unknown key `exfil`",
                                   "local-patterns.yaml:3:12: `injection` must be a list",
                                   "local-patterns.yaml:2:5: this must be a text: put it between quotes"});
}

TEST_CASE("pack: an allocation that fails leaves nothing behind") {
    const Files files{
        {"rules/a.yaml", rules_file(rule("R",
                                         "    validator: [token]\n    facts: {any: [{has: ['a|b']}]}\n"
                                         "    require_context: {words: [w], within: 3}\n") +
                                    rule("S", "    expression: x\n"))},
        {"rules/b.json", R"({"version":1,"category":"b","rules":[{"idd":1}]})"},
        {"local-patterns.yaml", "injection: [abc]\n"},
        {"suppressions.yaml", "rule_suppressions: [{rule: R, value: a value that is not short}]\n"},
        {"judge/a.yaml", "kind: k\nsystem_prompt: p\ncategories: [{label: a, id: B, severity: LOW, question: q}]\n"}};
    std::vector<PackFile> list;
    for (const auto& [name, bytes] : files) list.push_back({name, bytes});
    gw::test::TestHost host;
    HostMemory memory(host.allocator());
    bool passed = false;
    for (std::size_t n = 0; !passed; ++n) {
        host.fail_at(n);
        try {
            std::pmr::vector<PackProblem> problems(&memory);
            const auto pack = load_pack(list, alone, problems, &memory);
            passed = true;
            CHECK_FALSE(pack);
            CHECK(problems.size() == 7);
        } catch (const std::bad_alloc&) {
        }
        REQUIRE(n < 5000);
    }
    host.fail_never();
}

}  // namespace gw::guardrail::test
