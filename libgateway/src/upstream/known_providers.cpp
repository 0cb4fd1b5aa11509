#include "upstream/known_providers.h"

#include "core/text.h"
#include "upstream/domain_entry.h"

namespace gw::upstream {

namespace {

struct Known {
    std::string_view name;
    std::string_view domains[2];
};
// The first entry that matches decides: vertex stands in front of gemini, whose second entry has its hosts too.
constexpr Known builtin[] = {
    {"anthropic", {"api.anthropic.com"}},
    {"openrouter", {"openrouter.ai"}},
    {"openai", {"api.openai.com"}},
    {"openai-codex", {"chatgpt.com/backend-api"}},
    {"groq", {"api.groq.com"}},
    {"mistral", {"api.mistral.ai"}},
    {"cohere", {"api.cohere.com", "api.cohere.ai"}},
    {"deepseek", {"api.deepseek.com"}},
    {"perplexity", {"api.perplexity.ai"}},
    {"together", {"api.together.xyz"}},
    {"xai", {"api.x.ai"}},
    {"vertex", {"aiplatform.googleapis.com", "*-aiplatform.googleapis.com"}},
    {"azure", {"openai.azure.com"}},
    {"gemini", {"generativelanguage.googleapis.com", "googleapis.com/v1/projects"}},
    {"bedrock", {"bedrock-runtime.*.amazonaws.com"}},
};
constexpr std::string_view ollama_name = "ollama";
constexpr std::string_view ollama_hosts[] = {"localhost", "127.0.0.1", "::1"};
constexpr std::uint16_t ollama_port = 11434;

constexpr std::string_view safe_domains[] = {
    "github.com",
    "raw.githubusercontent.com",
    "codeload.github.com",
    "objects.githubusercontent.com",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "pypi.org",
    "files.pythonhosted.org",
    "crates.io",
    "rubygems.org",
    "sentry.io",
    "datadoghq.com",
    "segment.io",
    "segment.com",
};

bool is_builtin(std::string_view name) noexcept {
    if (name == ollama_name) return true;
    for (const Known& known : builtin) {
        if (known.name == name) return true;
    }
    return false;
}

}  // namespace

std::optional<std::string_view> KnownProviders::match(std::string_view host, std::uint16_t port,
                                                      std::string_view path) const noexcept {
    if (is_ollama(host, port)) return ollama_name;
    for (const Known& known : builtin) {
        for (const std::string_view domain : known.domains) {
            if (!domain.empty() && entry_matches(domain, host, path)) return known.name;
        }
    }
    for (const Provider& provider : overlay_.providers) {
        for (const std::pmr::string& domain : provider.domains) {
            if (entry_matches(domain, host, path)) return provider.name;
        }
    }
    return std::nullopt;
}

bool KnownProviders::is_ollama(std::string_view host, std::uint16_t port) const noexcept {
    bool listed = port == ollama_port;
    for (const std::uint16_t other : overlay_.ports) listed = listed || port == other;
    if (!listed) return false;
    for (const std::string_view name : ollama_hosts) {
        if (equals_ignoring_case(host, name)) return true;
    }
    return false;
}

bool KnownProviders::has(std::string_view name) const noexcept {
    if (is_builtin(name)) return true;
    for (const Provider& provider : overlay_.providers) {
        if (provider.name == name) return true;
    }
    return false;
}

std::string_view KnownProviders::request_overrides(std::string_view name) const noexcept {
    for (const Provider& provider : overlay_.providers) {
        if (provider.name == name) return provider.overrides;
    }
    return {};
}

std::size_t KnownProviders::count() const noexcept {
    std::size_t count = std::size(builtin) + 1;
    for (const Provider& provider : overlay_.providers) count += is_builtin(provider.name) ? 0U : 1U;
    return count;
}

void KnownProviders::clear_overlay() noexcept {
    overlay_.providers.clear();
    overlay_.ports.clear();
    overlay_applied_ = false;
}

void KnownProviders::write(Buffer& out, std::string_view overlay_path) const {
    json::Writer w(out);
    const auto added = [&](std::string_view name) {
        for (const Provider& provider : overlay_.providers) {
            if (provider.name != name) continue;
            for (const std::pmr::string& domain : provider.domains) w.string(domain);
        }
        w.end_array();
        if (const std::string_view overrides = request_overrides(name); !overrides.empty())
            w.key("request_overrides").raw(overrides);
        w.end_object();
    };
    w.begin_object().key("providers").begin_array();
    for (const Known& known : builtin) {
        w.begin_object().member("name", known.name).key("domains").begin_array();
        for (const std::string_view domain : known.domains) {
            if (!domain.empty()) w.string(domain);
        }
        added(known.name);
    }
    w.begin_object().member("name", ollama_name).key("domains").begin_array();
    added(ollama_name);
    for (const Provider& provider : overlay_.providers) {
        if (is_builtin(provider.name)) continue;
        w.begin_object().member("name", provider.name).key("domains").begin_array();
        added(provider.name);
    }
    w.end_array().key("ollama_ports").begin_array().number(std::uint64_t{ollama_port});
    for (const std::uint16_t port : overlay_.ports) w.number(std::uint64_t{port});
    w.end_array().member("overlay_path", overlay_path).member("overlay_applied", overlay_applied_).end_object();
}

void KnownProviders::write_reloaded(Buffer& out, std::string_view overlay_path) const {
    json::Writer w(out);
    w.begin_object().member("status", "ok").member("provider_count", std::uint64_t{count()});
    w.member("overlay_path", overlay_path).member("overlay_applied", overlay_applied_).end_object();
}

bool is_known_safe(std::string_view host) noexcept {
    for (const std::string_view domain : safe_domains) {
        if (is_within(host, domain)) return true;
    }
    return false;
}

}  // namespace gw::upstream
