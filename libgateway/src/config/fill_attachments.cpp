#include <algorithm>

#include "config/address.h"
#include "config/fill.h"
#include "core/text.h"

namespace gw::config {

namespace {

using json::Kind;

constexpr std::string_view image_types[] = {"image/jpeg", "image/png",  "image/gif",
                                            "image/webp", "image/heic", "image/heif"};
constexpr std::string_view file_types[] = {"text/plain", "text/markdown",    "text/html",
                                           "text/csv",   "application/json", "application/pdf"};

bool is_token_character(char c) noexcept {
    return is_alpha(c) || is_digit(c) || std::string_view("!#$&^_.+-").find(c) != std::string_view::npos;
}

// A type whose bytes can be checked: the formats above, and whatever is text.
std::string_view image_type_fault(std::string_view text) noexcept {
    for (const std::string_view type : image_types) {
        if (equals_ignoring_case(text, type)) return {};
    }
    return "must be one of image/jpeg, image/png, image/gif, image/webp, image/heic, image/heif";
}
std::string_view file_type_fault(std::string_view text) noexcept {
    for (const std::string_view type : {"application/json", "application/pdf", "application/xml", "application/yaml"}) {
        if (equals_ignoring_case(text, type)) return {};
    }
    constexpr std::string_view any_text = "text/";
    if (starts_with_ignoring_case(text, any_text) && text.size() > any_text.size() &&
        std::all_of(text.begin() + any_text.size(), text.end(), is_token_character)) {
        return {};
    }
    return "must be application/pdf, application/json, application/xml, application/yaml or a type of text such as "
           "text/plain";
}

// "cdn.example.com", "*.example.com", or an address.
std::string_view host_fault(std::string_view text) noexcept {
    constexpr std::string_view fault =
        "must be a host such as cdn.example.com, or *.example.com for the hosts below it, without scheme, port and "
        "path";
    if (is_address(text)) return {};
    if (text.starts_with("*.")) {
        text.remove_prefix(2);
        // "*.com" is no list of hosts.
        if (text.find('.') == std::string_view::npos) return "must name at least two labels behind the '*.'";
    }
    if (text.empty() || text.size() > 253) return fault;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('.', begin), text.size());
        const std::string_view label = text.substr(begin, end - begin);
        const bool plain = std::all_of(label.begin(), label.end(),
                                       [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
        if (label.empty() || label.size() > 63 || !plain) return fault;
        begin = end + 1;
    }
    return {};
}

class AttachmentReader {
public:
    AttachmentReader(const Node& root, std::string_view path, AttachmentRules& to, Report& report)
        : node_(root.at(path)), path_(path), to_(to), report_(report) {}

    // Defaults that differ are in `to` already.
    template <typename Fault>
    void fill(std::span<const std::string_view> types, const Fault& type_fault) {
        if (node_ != nullptr) {
            to_.allow_url = boolean_at(*node_, "allowUrl", to_.allow_url);
            to_.bytes_max = integer_at(*node_, "maxBytes", to_.bytes_max);
            to_.redirects_max = integer_at(*node_, "maxRedirects", to_.redirects_max);
            to_.timeout_ms = integer_at(*node_, "timeoutMs", to_.timeout_ms);
            to_.allow_private_network = boolean_at(*node_, "allowPrivateNetwork", to_.allow_private_network);
            list("urlAllowlist", to_.url_allowlist, host_fault);
            list("allowedMimes", to_.allowed_mimes, type_fault);
            if (to_.allow_private_network) {
                const Node* const key = node_->find("allowPrivateNetwork");
                report_.warn(place_below("allowPrivateNetwork"), place_of(key),
                             {"lets clients read what this machine and its network serve over HTTP"});
            }
        }
        if (to_.allowed_mimes.empty()) to_.allowed_mimes.assign(types.begin(), types.end());
    }

private:
    template <typename Fault>
    void list(std::string_view name, std::pmr::vector<std::pmr::string>& to, const Fault& fault_of) {
        const Node* const list = node_->find(name);
        if (list == nullptr || !list->is(Kind::array)) return;
        for (std::size_t i = 0; i < list->children.size(); ++i) {
            const Node& one = list->children[i];
            if (!one.is(Kind::string)) continue;
            if (const std::string_view fault = fault_of(std::string_view(one.text)); !fault.empty()) {
                std::pmr::string place = place_below(name);
                append_index(place, i);
                report_.error(place, one.place, {fault, ", found ", describe(one, report_.memory())});
                continue;
            }
            std::pmr::string& kept = to.emplace_back(one.text);
            std::transform(kept.begin(), kept.end(), kept.begin(), ascii_lower);
        }
    }

    [[nodiscard]] std::pmr::string place_below(std::string_view name) const {
        std::pmr::string place(path_, report_.memory());
        place += '.';
        place += name;
        return place;
    }

    const Node* node_;
    std::string_view path_;
    AttachmentRules& to_;
    Report& report_;
};

}  // namespace

void fill_attachments(const Node& root, Config& out, Report& report) {
    Attachments& chat = out.chat_completions.attachments;
    constexpr std::string_view chat_path = "gateway.http.endpoints.chatCompletions";
    const Node empty(report.memory());
    const Node* const chat_node = root.at(chat_path);
    const Node& chat_from = chat_node != nullptr ? *chat_node : empty;
    chat.image_parts_max = integer_at(chat_from, "maxImageParts", 8U);
    chat.image_bytes_total_max = integer_at(chat_from, "maxTotalImageBytes", std::uint64_t{20971520});
    chat.url_parts_max = chat.image_parts_max;
    chat.images.allow_url = false;
    AttachmentReader(root, "gateway.http.endpoints.chatCompletions.images", chat.images, report)
        .fill(image_types, image_type_fault);

    Attachments& responses = out.responses.attachments;
    const Node* const responses_node = root.at("gateway.http.endpoints.responses");
    const Node& from = responses_node != nullptr ? *responses_node : empty;
    responses.url_parts_max = integer_at(from, "maxUrlParts", responses.url_parts_max);
    responses.file_chars_max = integer_at(from, "files.maxChars", responses.file_chars_max);
    responses.pdf_pages_max = integer_at(from, "files.pdf.maxPages", responses.pdf_pages_max);
    responses.pdf_pixels_max = integer_at(from, "files.pdf.maxPixels", responses.pdf_pixels_max);
    responses.pdf_text_chars_min = integer_at(from, "files.pdf.minTextChars", responses.pdf_text_chars_min);
    responses.files.bytes_max = 5242880;
    AttachmentReader(root, "gateway.http.endpoints.responses.files", responses.files, report)
        .fill(file_types, file_type_fault);
    AttachmentReader(root, "gateway.http.endpoints.responses.images", responses.images, report)
        .fill(image_types, image_type_fault);
}

}  // namespace gw::config
