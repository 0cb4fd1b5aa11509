// The providers whose hosts requests may go to without asking, and what an operator adds to them.
//
//     built-in table ─┐
//                     ├── match(host, port, path) ──> "openai"
//     overlay JSON  ──┘
//
// An entry is a domain ("api.openai.com": it and its subdomains), a domain with a path prefix
// ("chatgpt.com/backend-api"), or a pattern in which '*' stands for one DNS label or a part of one
// ("bedrock-runtime.*.amazonaws.com": exactly such hosts, no subdomains). Ollama is known by loopback and port.
//
// The overlay can add and nothing else; a bad one is refused whole and what was in force stays.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "json/json.h"

namespace gw::upstream {

// What is wrong with an overlay. `what` is static text.
struct OverlayProblem {
    OverlayProblem(std::string_view where, std::size_t at, std::string_view why, std::pmr::memory_resource* memory)
        : place(where, memory), offset(at), what(why) {}
    std::pmr::string place;  // "providers[2].domains[0]"; "" for the text as a whole
    std::size_t offset;      // in the text, in bytes
    std::string_view what;   // "a domain with a port"
};

class KnownProviders {
public:
    static constexpr std::size_t overlay_bytes_max = 1U << 20U;
    static constexpr std::size_t domains_max = 1024;  // in an overlay, all providers together
    static constexpr std::size_t problems_max = 64;   // more of them are not worth reading

    explicit KnownProviders(std::pmr::memory_resource* memory) : memory_(memory), overlay_(memory) {}

    // The name of the provider that a request goes to; nothing when none is known there. `host` is that of a URL,
    // without brackets, in any case; `path` that of the whole target, with or without query.
    [[nodiscard]] std::optional<std::string_view> match(std::string_view host, std::uint16_t port,
                                                        std::string_view path) const noexcept;
    // A model server on this machine: the only loopback addresses that a client may name.
    [[nodiscard]] bool is_ollama(std::string_view host, std::uint16_t port) const noexcept;
    // Whether there is a provider of that name.
    [[nodiscard]] bool has(std::string_view name) const noexcept;
    // What to merge into each request body for that provider: a JSON object, or "".
    [[nodiscard]] std::string_view request_overrides(std::string_view name) const noexcept;
    [[nodiscard]] std::size_t count() const noexcept;

    // Replaces the overlay by that of a file. False, with every problem, when it is not valid: then nothing changes.
    [[nodiscard]] bool set_overlay(std::string_view json, std::pmr::vector<OverlayProblem>& problems);
    void clear_overlay() noexcept;
    [[nodiscard]] bool overlay_applied() const noexcept { return overlay_applied_; }

    // {"providers":[{"name","domains","request_overrides"?}],"ollama_ports","overlay_path","overlay_applied"}
    void write(Buffer& out, std::string_view overlay_path) const;
    // {"status":"ok","provider_count","overlay_path","overlay_applied"}: the answer to a reload that went well.
    void write_reloaded(Buffer& out, std::string_view overlay_path) const;

private:
    friend class OverlayReader;
    struct Provider {
        explicit Provider(std::pmr::memory_resource* memory) : name(memory), domains(memory), overrides(memory) {}
        std::pmr::string name;
        std::pmr::vector<std::pmr::string> domains;
        std::pmr::string overrides;
    };
    struct Overlay {
        explicit Overlay(std::pmr::memory_resource* memory) : providers(memory), ports(memory) {}
        std::pmr::vector<Provider> providers;
        std::pmr::vector<std::uint16_t> ports;
    };
    std::pmr::memory_resource* memory_;
    Overlay overlay_;
    bool overlay_applied_ = false;
};

// Hosts that serve code, packages and telemetry: never an LLM, whatever a body looks like.
[[nodiscard]] bool is_known_safe(std::string_view host) noexcept;

}  // namespace gw::upstream
