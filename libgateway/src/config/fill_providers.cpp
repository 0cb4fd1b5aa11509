#include <algorithm>

#include "config/address.h"
#include "config/fill.h"
#include "core/text.h"

namespace gw::config {

namespace {

using json::Kind;

constexpr std::string_view apis[] = {
    "openai-completions",     "openai-responses",   "openai-codex-responses",  "openai-chatgpt-responses",
    "azure-openai-responses", "anthropic-messages", "google-generative-ai",    "google-vertex",
    "google-gemini-cli",      "github-copilot",     "bedrock-converse-stream", "ollama",
};

// What the gateway writes itself, and what would change where a request begins and ends.
constexpr std::string_view own_fields[] = {
    "accept", "accept-encoding", "connection",        "content-length", "content-type", "expect", "host", "keep-alive",
    "te",     "trailer",         "transfer-encoding", "upgrade",        "user-agent",
};

bool is_token(std::string_view text) noexcept {  // RFC 9110 5.6.2
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
    });
}

bool is_provider_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
    });
}

class ProviderReader {
public:
    ProviderReader(const Node& node, const Config& config, Report& report)
        : node_(node),
          report_(report),
          path_("models.providers", report.memory()),
          provider_(config.providers.get_allocator().resource()) {
        append_key(path_, node.key);
        provider_.connect_timeout_ms = integer_at(node, "timeouts.connectMs", config.timeouts.connect_ms);
        provider_.first_byte_timeout_ms = integer_at(node, "timeouts.firstByteMs", config.timeouts.first_byte_ms);
        provider_.idle_timeout_ms = integer_at(node, "timeouts.idleMs", config.timeouts.idle_ms);
        provider_.allow_private_network = boolean_at(node, "request.allowPrivateNetwork", false);
    }

    Provider&& read() {
        provider_.id = node_.key;
        if (!is_provider_id(node_.key)) {
            report_.error(path_, node_.key_place,
                          {"must have a name of 1 to 64 letters, digits, dots, hyphens and underscores"});
        }
        url();
        api();
        key_and_headers();
        models();
        return std::move(provider_);
    }

private:
    void error(std::string_view key, const Node* at, Report::Pieces message) {
        const std::size_t size = path_.size();
        append_key(path_, key);
        report_.error(path_, at != nullptr ? at->place : node_.place, message);
        path_.resize(size);
    }

    void url() {
        const Node* const node = node_.find("baseUrl");
        if (node == nullptr) return error("baseUrl", nullptr, {"is needed, such as https://api.example.org/v1"});
        if (!node->is(Kind::string)) return;
        if (const std::string_view fault = base_url_fault(node->text); !fault.empty())
            return error("baseUrl", node, {fault});
        provider_.base_url = node->text;
        if (!is_plain_text_url(node->text)) return;
        std::pmr::string path(path_, report_.memory());
        append_key(path, "baseUrl");
        report_.warn(path, node->place,
                     {"is http:// to another machine: keys and texts can be read on the way; use https://"});
    }

    void api() {
        provider_.api = "openai-completions";
        const Node* const node = node_.find("api");
        if (node == nullptr || !node->is(Kind::string)) return;
        provider_.api = node->text;
        Nearest nearest(node->text);
        for (const std::string_view known : apis) {
            if (std::string_view(node->text) == known) return;
            nearest.offer(known);
        }
        const std::string_view best = nearest.best().empty() ? apis[0] : nearest.best();
        error("api", node, {"is not known; did you mean \"", best, "\"?"});
    }

    void key_and_headers() {
        const Node* const key = node_.find("apiKey");
        if (key != nullptr && key->is(Kind::string)) {
            provider_.api_key = key->text;
            if (!is_field_value(key->text) || key->text.find(' ') != std::string::npos) {
                error("apiKey", key, {"must hold no spaces, line feeds or characters outside ASCII"});
            }
        }
        const Node* const headers = node_.find("headers");
        if (headers == nullptr || !headers->is(Kind::object)) return;
        const std::size_t size = path_.size();
        append_key(path_, "headers");
        for (const Node& header : headers->children) {
            if (!header.is(Kind::string)) continue;
            const bool own = std::any_of(std::begin(own_fields), std::end(own_fields),
                                         [&](std::string_view name) { return equals_ignoring_case(header.key, name); });
            if (!is_token(header.key)) {
                error(header.key, &header, {"is not the name of a header field"});
            } else if (own) {
                error(header.key, &header, {"is a header field that the gateway sets itself"});
            } else if (equals_ignoring_case(header.key, "authorization") && !provider_.api_key.empty()) {
                error(header.key, &header, {"is set by apiKey already; leave one of them out"});
            } else if (!is_field_value(header.text)) {
                error(header.key, &header,
                      {"must be the value of a header field: no line feeds, no characters outside ASCII"});
            } else {
                provider_.headers.emplace_back(header.key, header.text);
            }
        }
        path_.resize(size);
    }

    void models() {
        const Node* const models = node_.find("models");
        if (models == nullptr || !models->is(Kind::array)) return;
        const std::size_t size = path_.size();
        append_key(path_, "models");
        for (std::size_t i = 0; i < models->children.size(); ++i) {
            const Node& node = models->children[i];
            if (!node.is(Kind::object)) continue;
            const std::size_t here = path_.size();
            append_index(path_, i);
            const std::string_view id = text_at(node, "id");
            if (id.empty() && (node.find("id") == nullptr || node.find("id")->is(Kind::string))) {
                error("id", &node, {"is needed: the model's name at the provider"});
            }
            Model model(provider_.models.get_allocator().resource());
            model.id = id;
            model.name = text_at(node, "name").empty() ? id : text_at(node, "name");
            model.context_tokens = integer_at(node, "contextTokens", integer_at(node, "contextWindow", 0U));
            provider_.models.push_back(std::move(model));
            path_.resize(here);
        }
        path_.resize(size);
    }

    const Node& node_;
    Report& report_;
    std::pmr::string path_;
    Provider provider_;
};

}  // namespace

void fill_providers(const Node& root, Config& out, Report& report) {
    const Node* const providers = root.at("models.providers");
    if (providers == nullptr || !providers->is(Kind::object)) return;
    for (const Node& node : providers->children) {
        if (report.full()) return;
        if (node.is(Kind::object)) out.providers.push_back(ProviderReader(node, out, report).read());
    }
}

}  // namespace gw::config
