// The default pack against the reader: the examples of every rule with `facts:` are command lines, so what must match
// must fulfil the facts, and what only talks about a command must not.
#include <yaml.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "guardrail/shell_demand.h"
#include "guardrail/tool_call.h"
#include "json/escape.h"
#include "shell/shell_support.h"
#include "support/test.h"

namespace gw::test {

namespace {

using namespace guardrail::shell;

// The little of a YAML document that the test asks for.
class Yaml {
public:
    explicit Yaml(const std::string& text) {
        yaml_parser_t parser;
        REQUIRE(yaml_parser_initialize(&parser) == 1);
        yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
        REQUIRE(yaml_parser_load(&parser, &document_) == 1);
        yaml_parser_delete(&parser);
    }
    ~Yaml() { yaml_document_delete(&document_); }
    Yaml(const Yaml&) = delete;
    Yaml& operator=(const Yaml&) = delete;

    yaml_node_t* root() { return yaml_document_get_root_node(&document_); }
    yaml_node_t* get(yaml_node_t* map, std::string_view key) {
        if (map == nullptr || map->type != YAML_MAPPING_NODE) return nullptr;
        for (auto* pair = map->data.mapping.pairs.start; pair != map->data.mapping.pairs.top; ++pair) {
            if (scalar(yaml_document_get_node(&document_, pair->key)) == key)
                return yaml_document_get_node(&document_, pair->value);
        }
        return nullptr;
    }
    std::vector<yaml_node_t*> items(yaml_node_t* list) {
        std::vector<yaml_node_t*> out;
        if (list == nullptr || list->type != YAML_SEQUENCE_NODE) return out;
        for (auto* item = list->data.sequence.items.start; item != list->data.sequence.items.top; ++item)
            out.push_back(yaml_document_get_node(&document_, *item));
        return out;
    }
    static std::string scalar(yaml_node_t* node) {
        if (node == nullptr || node->type != YAML_SCALAR_NODE) return {};
        return {reinterpret_cast<const char*>(node->data.scalar.value), node->data.scalar.length};
    }
    std::vector<std::string> texts(yaml_node_t* list) {
        std::vector<std::string> out;
        for (yaml_node_t* item : items(list)) out.push_back(scalar(item));
        return out;
    }

private:
    yaml_document_t document_{};
};

Names names(const std::vector<std::string>& texts) {
    Names out(std::pmr::get_default_resource());
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
}

FactDemand demand_of(Yaml& yaml, yaml_node_t* facts) {
    auto* memory = std::pmr::get_default_resource();
    FactDemand demand(memory);
    for (yaml_node_t* node : yaml.items(yaml.get(facts, "any"))) {
        Alternative one(memory);
        const auto list = [&](std::string_view key) { return yaml.texts(yaml.get(node, key)); };
        one.program = names(list("program"));
        for (const auto& text : list("has")) one.has.push_back(split_choice(text, memory));
        for (const auto& text : list("has_not")) one.has_not.push_back(split_choice(text, memory));
        for (const auto& text : list("subcommand")) one.subcommand.push_back(split_words(text, memory));
        one.pipe_from = names(yaml.texts(yaml.get(yaml.get(node, "pipe"), "from")));
        one.pipe_to = names(yaml.texts(yaml.get(yaml.get(node, "pipe"), "to")));
        one.reads_path = names(list("reads_path"));
        one.writes_path = names(list("writes_path"));
        one.executes_path = names(list("executes_path"));
        one.contacts_host = names(list("contacts_host"));
        one.contacts_path = names(list("contacts_path"));
        for (const auto& text : list("code_has")) one.code_has.push_back(split_choice(text, memory));
        one.sets_variable = names(list("sets_variable"));
        one.unsets_variable = names(list("unsets_variable"));
        demand.any.push_back(std::move(one));
    }
    return demand;
}

std::string without_marks(std::string text) {
    for (std::size_t at = text.find("~~"); at != std::string::npos; at = text.find("~~", at)) text.erase(at, 2);
    return text;
}

// The text as a call: arguments as they stand, of some tool; else a command line in the arguments of a shell.
struct ExampleCall {
    std::string_view tool = "Bash";
    std::string arguments = R"({"command":")";
};
ExampleCall call_of(const std::string& text) {
    if (text.starts_with('{')) return {"some_tool", text};
    ExampleCall call;
    json::escape_to(call.arguments, text);
    call.arguments += "\"}";
    return call;
}

}  // namespace

TEST_CASE("tool call: the examples of the default pack fulfil its facts, and what only names a command does not") {
    // Examples for the pattern alone, whose fact is not a shell's.
    const std::set<std::string> not_in_a_shell{
        "cat / etc / passwd",                 // spaces that a model put in; for a shell these are four files
        "kubectl describe exec",              // the object is called as the subcommand that is meant
        "grep -r \"stratum+tcp://\" rules/",  // a search for what the rule looks for, in a word of its own
    };
    const std::filesystem::path folder =
        std::filesystem::path(GATEWAY_VECTORS).parent_path().parent_path() / "libgateway/rules/default/rules";
    std::size_t rules = 0;
    std::size_t texts = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::stringstream content;
        content << file.rdbuf();
        Yaml yaml(content.str());
        for (yaml_node_t* rule : yaml.items(yaml.get(yaml.root(), "rules"))) {
            yaml_node_t* facts_node = yaml.get(rule, "facts");
            if (facts_node == nullptr) continue;
            ++rules;
            const std::string id = Yaml::scalar(yaml.get(rule, "id"));
            const FactDemand demand = demand_of(yaml, facts_node);
            yaml_node_t* examples = yaml.get(rule, "examples");
            const auto check = [&](std::string_view kind, bool wanted) {
                for (const std::string& raw : yaml.texts(yaml.get(examples, kind))) {
                    const std::string text = without_marks(raw);
                    if (not_in_a_shell.count(text) != 0) continue;
                    ++texts;
                    const ExampleCall call = call_of(text);
                    Facts facts(std::pmr::get_default_resource());
                    guardrail::read_tool_call(call.tool, call.arguments, {}, facts);
                    const auto found = matches(demand, facts, std::pmr::get_default_resource());
                    INFO(id << ": " << text << "\n" << describe(facts));
                    CHECK_FALSE(facts.incomplete);
                    CHECK(found.has_value() == wanted);
                    if (found) CHECK(found->span.end <= call.arguments.size());
                    if (text.starts_with('{')) continue;
                    Facts alone(std::pmr::get_default_resource());
                    read(text, {}, alone);
                    CHECK(describe(alone) == describe(facts));
                }
            };
            check("match", true);
            check("facts_near_miss", false);
            check("near_miss", false);
        }
    }
    CHECK(rules >= 90);
    CHECK(texts >= 200);
}

}  // namespace gw::test
