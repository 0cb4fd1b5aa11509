// A configuration never crashes the gateway, whatever a person wrote; one that loads, loads the same again, and keeps
// what Config promises.
#include <memory_resource>

#include "config/address.h"
#include "config/config.h"
#include "support/fuzz.h"

namespace {

using namespace gw;

// Variables have their own name as value, except for names that begin with N.
std::optional<std::string_view> get(void* /*user*/, std::string_view name) {
    return name.starts_with("N") || name.starts_with("OPENCLAW") ? std::nullopt : std::optional(name);
}

// Every file includes "b" beside it, and "b" is a list.
bool read(void* /*user*/, std::string_view path, std::pmr::string& out) {
    const std::string framed = "/" + std::string(path) + "/";
    fuzz::check(framed.find("//") == std::string::npos && framed.find("/../") == std::string::npos &&
                    framed.find("/./") == std::string::npos,
                "a path that is not plain");
    out = path.ends_with("b") ? "[{ id: 'b' }]" : "{ list: { $include: './b' } }";
    return path.size() < 20;
}

void append(std::pmr::string& out, std::string_view text) { (out += text) += '\n'; }

std::pmr::string all_of(const config::Config& c) {
    std::pmr::string out;
    append(out, std::to_string(c.port) + std::to_string(static_cast<int>(c.bind)) +
                    std::to_string(static_cast<int>(c.auth.mode)));
    append(out, c.custom_bind_host);
    append(out, c.auth.token);
    append(out, c.auth.password);
    append(out, c.default_model_primary);
    for (const auto& provider : c.providers) {
        append(out, provider.id);
        append(out, provider.base_url);
        append(out, provider.api_key);
        for (const auto& [name, value] : provider.headers) append(out, name + ": " + value);
        for (const auto& model : provider.models) append(out, model.id);
    }
    for (const auto& agent : c.agents) {
        append(out, agent.id);
        append(out, agent.model_primary);
        for (const auto& fallback : agent.model_fallbacks) append(out, fallback);
    }
    return out;
}

bool has_provider(const config::Config& c, std::string_view model) {
    for (const auto& provider : c.providers) {
        if (model.starts_with(std::string_view(provider.id)) && model.substr(provider.id.size()).starts_with('/'))
            return true;
    }
    return false;
}

void check_promises(const config::Config& c) {
    fuzz::check(!c.agents.empty(), "no agent");
    int defaults = 0;
    for (const auto& agent : c.agents) {
        defaults += agent.is_default ? 1 : 0;
        fuzz::check(agent.model_primary.empty() || has_provider(c, agent.model_primary),
                    "a model without its provider");
        for (const auto& fallback : agent.model_fallbacks)
            fuzz::check(has_provider(c, fallback), "a fallback without its provider");
    }
    fuzz::check(defaults == 1, "not exactly one default agent");
    for (const auto& provider : c.providers) {
        fuzz::check(config::base_url_fault(provider.base_url).empty(), "a base URL that is none");
        for (const auto& [name, value] : provider.headers) {
            fuzz::check(
                name.find_first_of("\r\n:") == std::string::npos && value.find_first_of("\r\n") == std::string::npos,
                "a header that breaks out");
        }
    }
    fuzz::check(c.auth.mode != config::AuthMode::password || !c.auth.password.empty(), "mode password without one");
    const bool exposed =
        c.bind == config::Bind::lan || (c.bind != config::Bind::loopback && c.bind != config::Bind::automatic &&
                                        !config::is_loopback_address(c.custom_bind_host));
    fuzz::check(!exposed || c.auth.mode != config::AuthMode::none || c.auth.private_ingress, "open to everybody");
    fuzz::check(!exposed || c.auth.mode != config::AuthMode::token || !c.auth.token.empty(),
                "open to everybody, without a token");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Input input = fuzz::cut(data, size);
    std::pmr::memory_resource* memory = std::pmr::get_default_resource();
    config::Environment environment;
    environment.get = get;
    environment.read = read;
    config::Config first(memory);
    config::Config second(memory);
    std::pmr::vector<config::Problem> problems(memory);
    std::pmr::vector<config::Problem> problems_again(memory);
    const bool loaded = config::load(input.whole, environment, first, problems, memory);
    fuzz::check(problems.size() <= 101, "too many problems");
    bool failed = false;
    std::pmr::string lines;
    for (const config::Problem& problem : problems) {
        failed = failed || problem.error;
        append_line(lines, problem, "f");
        fuzz::check(!problem.message.empty(), "a problem without a text");
    }
    fuzz::check(failed != loaded, "failed without an error, or loaded with one");
    if (!loaded) return 0;
    fuzz::check(config::load(input.whole, environment, second, problems_again, memory), "loads only sometimes");
    fuzz::check(problems.size() == problems_again.size(), "other problems the second time");
    fuzz::check(all_of(first) == all_of(second), "not the same the second time");
    check_promises(first);
    return 0;
}
