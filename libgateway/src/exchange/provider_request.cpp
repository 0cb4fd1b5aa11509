#include "exchange/provider_request.h"

#include "provider/translate.h"
#include "upstream/credential.h"
#include "upstream/target.h"
#include "upstream/url.h"

namespace gw::exchange {

using provider::DialectName;

std::string_view credential_form(DialectName dialect, std::string_view provider) noexcept {
    switch (dialect) {
    case DialectName::anthropic: return "anthropic";
    case DialectName::gemini: return "gemini";
    case DialectName::openai_chat:
    case DialectName::openai_responses:
    case DialectName::bedrock:
    case DialectName::ollama: break;
    }
    return provider;
}

ProviderRequest::ProviderRequest(const config::Provider& provider, DialectName dialect, std::string_view model,
                                 bool stream, std::pmr::memory_resource* memory, std::string_view path)
    : path_(memory), credential_(memory), fields_(memory) {
    const auto url = upstream::parse_url(provider.base_url);
    if (!url) return;
    valid_ = true;
    target_.url = *url;
    target_.reach = upstream::reach_of(url->host, provider.allow_private_network);
    target_.connect_timeout_ms = provider.connect_timeout_ms;
    target_.first_byte_timeout_ms = provider.first_byte_timeout_ms;
    target_.idle_timeout_ms = provider.idle_timeout_ms;
    std::pmr::string own(path, memory);
    if (own.empty()) provider::append_provider_path(dialect, model, stream, own);
    path_ = upstream::join_overlapping_path(url->path, own, memory);
    fields_.push_back({"Content-Type", "application/json"});
    fields_.push_back({"Accept", stream ? "text/event-stream" : "application/json"});
    fields_.push_back({"Accept-Encoding", "identity"});  // what is to be inspected must be readable
    fields_.push_back({"User-Agent", "libgateway/" GW_VERSION});
    // A provider that speaks OpenAI's dialect takes a bearer token, whoever's name it has; Azure alone does not.
    const bool own_form = dialect == DialectName::anthropic || dialect == DialectName::gemini || provider.id == "azure";
    const upstream::Credential credential = upstream::configured_credential(
        provider.api_key, own_form ? credential_form(dialect, provider.id) : std::string_view("openai"));
    credential_.append(credential.prefix).append(credential.key);
    if (credential.exists()) fields_.push_back({credential.header, credential_});
    if (const provider::ProviderHeader header = provider::provider_header(dialect); !header.name.empty())
        fields_.push_back({header.name, header.value});
    for (const auto& [name, value] : provider.headers) fields_.push_back({name, value});
}

}  // namespace gw::exchange
