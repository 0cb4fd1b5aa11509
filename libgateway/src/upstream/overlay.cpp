// The operator's overlay: reading it, and saying everything that is wrong with it.
//
//     {"providers": [{"name": "corp", "domains": ["llm.corp.example"], "request_overrides": {"store": false}}],
//      "ollama_ports": [11500]}
#include <utility>

#include "core/nearest.h"
#include "core/text.h"
#include "upstream/domain_entry.h"
#include "upstream/known_providers.h"

namespace gw::upstream {

namespace {

constexpr std::string_view root_keys[] = {"providers", "ollama_ports"};
constexpr std::string_view provider_keys[] = {"name", "domains", "request_overrides"};

void append_number(std::pmr::string& out, std::size_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

bool is_provider_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 64) return false;
    for (const char c : name) {
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_' && c != '.') return false;
    }
    return true;
}

}  // namespace

class OverlayReader {
public:
    OverlayReader(KnownProviders::Overlay& out, std::pmr::vector<OverlayProblem>& problems,
                  std::pmr::memory_resource* memory)
        : out_(out), problems_(problems), memory_(memory), place_(memory) {}

    bool read(std::string_view text) {
        if (text.size() > KnownProviders::overlay_bytes_max) return report(0, "longer than 1 MiB");
        json::Document document(memory_);
        const auto parsed = document.parse(text);
        if (!parsed) return report(parsed.error().where, parsed.error().what);
        const json::Value root = document.root();
        if (!root.is(json::Kind::object)) return report(root.offset(), "no object");
        check_keys(root, root_keys);
        if (const json::Value list = root["providers"]; list.exists()) {
            each(list, "providers", [this](const json::Value& value) { read_provider(value); });
        }
        if (const json::Value list = root["ollama_ports"]; list.exists()) {
            each(list, "ollama_ports", [this](const json::Value& value) { read_port(value); });
        }
        return found_ == 0;
    }

private:
    // The place that problems belong to, for as long as it lives.
    class Inside {
    public:
        Inside(OverlayReader& reader, std::string_view key) : reader_(reader), size_(reader.place_.size()) {
            if (size_ != 0) reader_.place_ += '.';
            reader_.place_.append(key);
        }
        Inside(OverlayReader& reader, std::size_t index) : reader_(reader), size_(reader.place_.size()) {
            reader_.place_ += '[';
            append_number(reader_.place_, index);
            reader_.place_ += ']';
        }
        ~Inside() { reader_.place_.resize(size_); }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;

    private:
        OverlayReader& reader_;
        std::size_t size_;
    };

    bool report(std::size_t offset, std::string_view what) {
        ++found_;
        if (problems_.size() < KnownProviders::problems_max) problems_.emplace_back(place_, offset, what, memory_);
        return false;
    }

    // Entries may carry facts that are somebody else's (key names, availability); what looks like one of ours
    // mistyped is a mistake, for ignoring it would look like success.
    void check_keys(const json::Value& object, std::span<const std::string_view> known) {
        for (json::Value v = object.first(); v.exists(); v = v.next()) {
            if (v.key().size() > 64) continue;
            bool ours = false;
            Nearest nearest(v.key());
            for (const std::string_view name : known) {
                ours = ours || v.key() == name;
                nearest.offer(name);
            }
            if (ours || nearest.best().empty()) continue;
            const Inside inside(*this, v.key());
            report(v.offset(), "unknown, and close to a name that is known");
        }
    }

    template <typename Each>
    void each(const json::Value& list, std::string_view key, const Each& call) {
        const Inside inside(*this, key);
        if (!list.is(json::Kind::array)) {
            report(list.offset(), "no array");
            return;
        }
        std::size_t index = 0;
        for (json::Value v = list.first(); v.exists(); v = v.next()) {
            const Inside element(*this, index++);
            call(v);
        }
    }

    void read_provider(const json::Value& value) {
        if (out_.providers.size() == providers_max) {
            report(value.offset(), "more than 256 providers");
            return;
        }
        if (!value.is(json::Kind::object)) {
            report(value.offset(), "no object");
            return;
        }
        check_keys(value, provider_keys);
        KnownProviders::Provider provider(memory_);
        const json::Value name = value["name"];
        if (const auto text = name.as_string(); text && is_provider_name(*text)) {
            provider.name = *text;
            for (const KnownProviders::Provider& other : out_.providers) {
                if (other.name == provider.name) report(name.offset(), "a name that stands in the list already");
            }
        } else {
            const Inside inside(*this, "name");
            report(name.exists() ? name.offset() : value.offset(), "no name of up to 64 of a-z, 0-9, '-', '_' and '.'");
        }
        if (const json::Value domains = value["domains"]; domains.exists()) {
            each(domains, "domains", [&](const json::Value& domain) { read_domain(domain, provider); });
        }
        if (const json::Value overrides = value["request_overrides"]; overrides.exists()) {
            const Inside inside(*this, "request_overrides");
            if (!overrides.is(json::Kind::object)) {
                report(overrides.offset(), "no object");
            } else if (overrides.raw().size() > overrides_bytes_max) {
                report(overrides.offset(), "longer than 16 KiB");
            } else {
                provider.overrides = overrides.raw();
            }
        }
        out_.providers.push_back(std::move(provider));
    }

    void read_domain(const json::Value& value, KnownProviders::Provider& provider) {
        const auto text = value.as_string();
        if (!text) {
            report(value.offset(), "no string");
            return;
        }
        std::pmr::string entry(*text, memory_);
        for (std::size_t i = 0; i < entry.size() && entry[i] != '/'; ++i) entry[i] = ascii_lower(entry[i]);
        if (const std::string_view fault = entry_fault(entry); !fault.empty()) {
            report(value.offset(), fault);
        } else if (++domains_ > KnownProviders::domains_max) {
            report(value.offset(), "more than 1024 domains");
        } else {
            provider.domains.push_back(std::move(entry));
        }
    }

    void read_port(const json::Value& value) {
        const auto port = value.as_int();
        if (!port || *port < 1 || *port > 65535) {
            report(value.offset(), "no port from 1 to 65535");
        } else if (out_.ports.size() == ports_max) {
            report(value.offset(), "more than 64 ports");
        } else {
            out_.ports.push_back(static_cast<std::uint16_t>(*port));
        }
    }

    static constexpr std::size_t ports_max = 64;
    // Each member of each request body is looked up in them.
    static constexpr std::size_t overrides_bytes_max = 16U << 10U;
    static constexpr std::size_t providers_max = 256;
    KnownProviders::Overlay& out_;
    std::pmr::vector<OverlayProblem>& problems_;
    std::pmr::memory_resource* memory_;
    std::pmr::string place_;
    std::size_t domains_ = 0, found_ = 0;
};

bool KnownProviders::set_overlay(std::string_view json, std::pmr::vector<OverlayProblem>& problems) {
    Overlay next(memory_);
    if (!OverlayReader(next, problems, memory_).read(json)) return false;
    overlay_ = std::move(next);
    overlay_applied_ = true;
    return true;
}

}  // namespace gw::upstream
