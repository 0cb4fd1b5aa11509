// ProviderRequest: a request to a configured provider, but for its body: where it goes, and with which fields.
#pragma once

#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "exchange/upstream_call.h"
#include "http1/http1.h"
#include "provider/dialect.h"

namespace gw::exchange {

// Whose way of taking a key a configured provider has, as upstream/credential.h names it.
[[nodiscard]] std::string_view credential_form(provider::DialectName dialect, std::string_view provider) noexcept;

class ProviderRequest {
public:
    // Holds views of `provider`. `path`: behind the base address, in place of the dialect's own.
    ProviderRequest(const config::Provider& provider, provider::DialectName dialect, std::string_view model,
                    bool stream, std::pmr::memory_resource* memory, std::string_view path = {});
    ProviderRequest(const ProviderRequest&) = delete;  // the fields are views of its own texts
    ProviderRequest& operator=(const ProviderRequest&) = delete;

    // False: the provider's baseUrl is no URL. The rest is not to be used then.
    [[nodiscard]] bool valid() const noexcept { return valid_; }
    [[nodiscard]] const UpstreamCall::Target& target() const noexcept { return target_; }
    [[nodiscard]] std::string_view path() const noexcept { return path_; }
    [[nodiscard]] std::span<const http1::Header> fields() const noexcept { return fields_; }

private:
    UpstreamCall::Target target_;
    std::pmr::string path_, credential_;
    std::pmr::vector<http1::Header> fields_;
    bool valid_ = false;
};

}  // namespace gw::exchange
