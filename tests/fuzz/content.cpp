// Whatever clients attach: no verdict without its reason, no block with more than its own two boundaries, and a URL
// that may be fetched is what a strict reader takes it for.
#include "content/convert.h"
#include "content/data_url.h"
#include "content/sniff.h"
#include "content/untrusted.h"
#include "content/url_policy.h"
#include "core/text.h"
#include "crypto/base64.h"
#include "support/fuzz.h"

namespace {

bool fixed(void*, void* out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(out)[i] = static_cast<unsigned char>(i);
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace content = gw::content;
    using gw::fuzz::check;
    std::pmr::memory_resource* const memory = std::pmr::new_delete_resource();
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::string_view first = text.substr(0, text.find('\n'));
    const std::string_view rest = text.substr(std::min(text.size(), first.size() + 1));

    gw::config::AttachmentRules rules(memory);
    rules.allowed_mimes = {"image/jpeg", "image/png",  "image/gif",        "image/webp",
                           "image/heic", "text/plain", "application/json", "application/pdf"};
    for (const content::Claim& claim : {content::Claim{}, content::Claim{first, {}}, content::Claim{{}, first}}) {
        content::Finding found;
        std::pmr::string problem(memory);
        const bool image = content::check_image(rest, claim, rules, found, problem);
        check(image == problem.empty(), "an image is refused with a reason");
        check(!image || content::is_image(found.kind), "what is taken for an image is one");
        problem.clear();
        const bool file = content::check_file(rest, claim, rules, found, problem);
        check(file == problem.empty(), "a file is refused with a reason");
        check(gw::is_utf8(problem), "a reason can be read");
        check(!file || found.kind == content::Kind::pdf || gw::is_utf8(found.text), "text is UTF-8");
    }

    std::pmr::string valid(memory), block(memory), again(memory), twice(memory);
    content::append_valid(text, valid);
    check(gw::is_utf8(valid), "repaired text is UTF-8");
    check(static_cast<bool>(content::append_untrusted({valid, valid, 1000}, gw::crypto::Random(fixed, nullptr), block)),
          "a block can be made");
    check(gw::is_utf8(block), "a block is UTF-8");
    std::size_t boundaries = 0;
    for (std::size_t at = block.find("UNTRUSTED_CONTENT"); at != std::string::npos;
         at = block.find("UNTRUSTED_CONTENT", at + 1)) {
        if (at >= 9 && block.compare(at - 9, 9, "EXTERNAL_") == 0) ++boundaries;
    }
    check(boundaries == 2, "a block has its own boundaries and no other");
    content::append_defused(valid, again);
    content::append_defused(again, twice);
    check(twice == again, "what is defused stays as it is");

    gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer bytes(pool.get());
    if (const auto decoded = content::decode_base64(text, 1000, bytes)) {
        check(bytes.size() <= 1000, "the limit holds");
        const std::pmr::string encoded = gw::crypto::base64_encode(bytes.bytes(), memory);
        check((encoded == text) == decoded->canonical, "canonical base64 is what encoding gives");
    }
    bytes.clear();
    if (content::decode_percent(text, 1000, bytes)) check(bytes.size() <= 1000, "the limit holds");
    if (const auto url = content::parse_data_url(text)) check(url->data.size() < text.size(), "data lies in the URL");

    const auto judged = content::judge_url(first, rules);
    if (judged.allowed()) {
        const auto kind = gw::upstream::classify_host(judged.url.host);
        check(kind == gw::upstream::AddressKind::not_an_address || kind == gw::upstream::AddressKind::global,
              "no private address is fetched");
        check(content::port_allowed(judged.url.port), "only ports of the web");
        const auto next = content::resolve_reference(judged.url, rest, memory);
        check(!next || next->size() <= content::url_bytes_max, "a URL has a bound");
        if (next) static_cast<void>(content::judge_url(*next, rules, &judged.url));
    }
    std::pmr::vector<std::string_view> pictures(memory);
    if (content::split_jpegs(text, 3, pictures)) {
        std::size_t sum = 0;
        for (const std::string_view one : pictures) sum += one.size();
        check(sum == text.size() && pictures.size() <= 3, "pictures are all of the bytes");
    }
    static_cast<void>(content::heif_pixels(text));
    return 0;
}
