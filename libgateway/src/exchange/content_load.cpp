#include "exchange/content_load.h"

#include <algorithm>
#include <charconv>

#include "content/data_url.h"
#include "content/untrusted.h"
#include "core/text.h"
#include "crypto/base64.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr std::size_t page_overhead_bytes = 1U << 20U;
constexpr std::size_t pages_bytes_max = 64U << 20U;

class NumberText {
public:
    explicit NumberText(std::uint64_t number) noexcept
        : size_(static_cast<std::size_t>(std::to_chars(text_, text_ + sizeof text_, number).ptr - text_)) {}
    operator std::string_view() const noexcept { return {text_, size_}; }  // NOLINT(google-explicit-constructor)

private:
    char text_[20];
    std::size_t size_;
};

std::string_view noun(ContentPart::Kind kind) noexcept {
    return kind == ContentPart::Kind::file ? "the file" : "the image";
}

bool is_fetched(const ContentPart& part) noexcept {
    return part.source == ContentPart::Source::url && !content::is_data_url(part.data);
}

std::string_view trim_lines(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(" \t\r\n\f");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n\f") - begin + 1);
}

}  // namespace

ContentLoad::ContentLoad(Gateway& gateway, Listener& listener, const config::Attachments& rules)
    : gateway_(gateway),
      listener_(listener),
      config_(gateway.config_share()),
      rules_(rules),
      parts_(gateway.memory()),
      results_(gateway.memory()),
      own_(gateway.memory()),
      bytes_(gateway.pool()),
      media_type_(gateway.memory()),
      pdf_text_(gateway.memory()),
      failure_(gateway.memory()),
      timer_(
          gateway.timers(), [](void* self) { static_cast<ContentLoad*>(self)->turn(); }, this) {}

void ContentLoad::start() {
    results_.reserve(parts_.size());
    go_on(Next::count);
}

// What comes back from a fetch or a program is left here and looked at in the next turn, where both may end.
void ContentLoad::go_on(Next next) noexcept {
    next_ = next;
    timer_.arm(gateway_.now());
}

void ContentLoad::turn() noexcept {
    Listener& told = listener_;
    try {
        step();
        if (next_ == Next::tell) {
            if (failed_status_ == 0) {
                told.on_content_loaded();
            } else {
                const std::pmr::string message = std::move(failure_);
                told.on_content_failed(failed_status_, message);
            }
        }
    } catch (const std::bad_alloc&) {
        told.on_no_memory();
    }
}

void ContentLoad::step() {
    switch (std::exchange(next_, Next::nothing)) {
    case Next::nothing: break;
    case Next::tell: next_ = Next::tell; break;
    case Next::count:
        if (count_parts()) next_part();
        break;
    case Next::load: load_part(); break;
    case Next::read_fetched:
        fetch_.reset();
        read(media_type_);
        break;
    case Next::draw_pages: run(content::Helper::pdf_pages); break;
    case Next::finish_part: next_part(); break;
    }
}

void ContentLoad::next_part() {
    bytes_.clear();
    base64_ = {};
    pdf_text_.clear();
    program_.reset();
    if (results_.size() == parts_.size()) {
        next_ = Next::tell;
        return;
    }
    results_.emplace_back(gateway_.memory());
    results_.back().kind = part().kind;
    go_on(Next::load);
}

bool ContentLoad::count_parts() {
    std::uint64_t urls = 0, images = 0;
    for (const ContentPart& it : parts_) {
        urls += is_fetched(it) ? 1U : 0U;
        images += it.kind == ContentPart::Kind::image ? 1U : 0U;
    }
    if (images > rules_.image_parts_max) {
        fail(400, {"A request may have at most ", NumberText(rules_.image_parts_max), " images."});
    } else if (urls > rules_.url_parts_max) {
        fail(400,
             {"A request may have at most ", NumberText(rules_.url_parts_max), " files and images that are URLs."});
    }
    return failed_status_ == 0;
}

void ContentLoad::load_part() {
    const ContentPart& it = part();
    if (part_rules().allowed_mimes.empty()) {
        refuse(400, noun(it.kind), "is of a kind that is not taken here");
    } else if (is_fetched(it)) {
        ContentFetch::Listener& told = *this;
        fetch_.emplace(gateway_, told, part_rules(),
                       it.kind == ContentPart::Kind::file ? "application/pdf, application/json, text/*" : "image/*");
        fetch_->start(it.data);
    } else if (!content::is_data_url(it.data)) {
        decode(it.data, true);
        if (failed_status_ == 0) read(it.media_type);
    } else if (const auto url = content::parse_data_url(it.data)) {
        decode(url->data, url->base64);
        if (failed_status_ == 0) read(it.media_type.empty() ? url->media_type : it.media_type);
    } else {
        refuse(400, noun(it.kind), "is no valid data URL");
    }
}

void ContentLoad::decode(std::string_view data, bool base64) {
    const std::uint64_t bytes_max = part_rules().bytes_max;
    const auto decoded =
        base64 ? content::decode_base64(data, bytes_max, bytes_) : content::decode_percent(data, bytes_max, bytes_);
    if (decoded) {
        if (decoded->canonical) base64_ = data;
    } else if (decoded.error().status == GW_ERR_LIMIT) {
        refuse_size();
    } else {
        refuse(400, noun(part().kind), decoded.error().what);
    }
}

void ContentLoad::on_fetched(Buffer&& bytes, std::string_view media_type) {
    bytes_ = std::move(bytes);
    media_type_ = media_type;
    go_on(Next::read_fetched);
}

void ContentLoad::on_fetch_failed(std::string_view problem) {
    refuse(400, "the URL", problem);
    go_on(Next::tell);
}

void ContentLoad::read(std::string_view media_type) {
    part().kind == ContentPart::Kind::file ? read_file(media_type) : read_image(media_type);
}

void ContentLoad::read_image(std::string_view media_type) {
    content::Finding found;
    std::pmr::string problem(gateway_.memory());
    if (!content::check_image(bytes_.text(), {media_type, part().file_name}, part_rules(), found, problem)) {
        refuse(400, noun(part().kind), problem);
        return;
    }
    image_bytes_ += bytes_.size();
    if (image_bytes_ > rules_.image_bytes_total_max) {
        fail(413, {"The images of a request may have at most ", NumberText(rules_.image_bytes_total_max),
                   " bytes together."});
        return;
    }
    if (found.kind != content::Kind::heic && found.kind != content::Kind::heif) {
        take_image(found.media_type, base64_);
        next_part();
    } else if (content::heif_pixels(bytes_.text()) > content::heif_pixels_max) {
        refuse(413, noun(part().kind), "has more pixels than are decoded here");
    } else {
        run(content::Helper::heif);
    }
}

// An image of bytes_, or of what is in base64 already.
void ContentLoad::take_image(std::string_view media_type, std::string_view base64) {
    if (base64.empty()) base64 = own_.emplace_back(crypto::base64_encode(bytes_.bytes(), gateway_.memory()));
    results_.back().images.push_back({media_type, base64});
}

void ContentLoad::read_file(std::string_view media_type) {
    content::Finding found;
    std::pmr::string problem(gateway_.memory());
    // Of a URL, the last segment of its path is a name, too.
    std::string_view name = part().file_name;
    if (name.empty() && is_fetched(part())) name = part().data.substr(0, part().data.find_first_of("?#"));
    if (!content::check_file(bytes_.text(), {media_type, name}, part_rules(), found, problem)) {
        refuse(400, noun(part().kind), problem);
    } else if (found.kind == content::Kind::pdf) {
        run(content::Helper::pdf_text);
    } else if (wrap(found.text)) {
        next_part();
    }
}

bool ContentLoad::wrap(std::string_view text) {
    const auto wrapped = content::append_untrusted({text, part().file_name, rules_.file_chars_max}, gateway_.random(),
                                                   results_.back().text);
    if (!wrapped) fail(500, {"internal error"});
    return static_cast<bool>(wrapped);
}

void ContentLoad::run(content::Helper helper) {
    helper_ = helper;
    std::uint64_t output_bytes_max = 0;
    switch (helper) {
    case content::Helper::pdf_text: output_bytes_max = rules_.file_chars_max * 4 + page_overhead_bytes; break;
    case content::Helper::pdf_pages:
        output_bytes_max = rules_.pdf_pages_max * (rules_.pdf_pixels_max + page_overhead_bytes);
        break;
    case content::Helper::heif: output_bytes_max = rules_.images.bytes_max + page_overhead_bytes; break;
    }
    HelperRun::Listener& told = *this;
    program_.emplace(gateway_, told, helper, content::HelperOptions{rules_.pdf_pages_max, rules_.pdf_pixels_max},
                     static_cast<std::size_t>(std::min<std::uint64_t>(output_bytes_max, pages_bytes_max)));
    program_->start(bytes_.text());
}

void ContentLoad::on_helped(std::string_view output) {
    const auto is_jpeg = [](std::string_view bytes) { return content::kind_of(bytes) == content::Kind::jpeg; };
    switch (helper_) {
    case content::Helper::pdf_text:
        content::append_valid(trim_lines(output), pdf_text_);
        if (content::count_characters(pdf_text_) < rules_.pdf_text_chars_min) {
            go_on(Next::draw_pages);
            return;
        }
        if (!wrap(pdf_text_)) break;
        go_on(Next::finish_part);
        return;
    case content::Helper::pdf_pages: {
        std::pmr::vector<std::string_view> pages(gateway_.memory());
        if (!content::split_jpegs(output, rules_.pdf_pages_max, pages) || pages.empty()) {
            pages_missing(400, "cannot be read: its pages cannot be drawn");
            return;
        }
        for (const std::string_view page : pages)
            take_image("image/jpeg", own_.emplace_back(crypto::base64_encode(as_bytes(page), gateway_.memory())));
        if (!wrap(content::rendered_note)) break;
        go_on(Next::finish_part);
        return;
    }
    case content::Helper::heif:
        if (!is_jpeg(output)) {
            refuse(400, noun(part().kind), "cannot be read: it may be damaged, or too large");
            break;
        }
        take_image("image/jpeg", own_.emplace_back(crypto::base64_encode(as_bytes(output), gateway_.memory())));
        go_on(Next::finish_part);
        return;
    }
    go_on(Next::tell);
}

void ContentLoad::on_help_failed(HelperRun::Failure failure, std::string_view problem) {
    const int status = failure == HelperRun::Failure::busy ? 503 : 400;
    if (helper_ == content::Helper::pdf_pages) {
        pages_missing(status, problem);
        return;
    }
    refuse(status, noun(part().kind), problem);
    go_on(Next::tell);
}

// A PDF whose pages cannot be drawn is as good as the little text that it has.
void ContentLoad::pages_missing(int status, std::string_view problem) {
    if (pdf_text_.empty()) {
        refuse(status, noun(part().kind), problem);
        go_on(Next::tell);
    } else {
        go_on(wrap(pdf_text_) ? Next::finish_part : Next::tell);
    }
}

void ContentLoad::on_no_memory() noexcept { listener_.on_no_memory(); }

void ContentLoad::refuse(int status, std::string_view subject, std::string_view problem) {
    if (part().place.empty()) {
        fail(status, {subject, " ", problem, "."});
        failure_.front() = static_cast<char>(failure_.front() - 'a' + 'A');
    } else {
        fail(status, {part().place, ": ", subject, " ", problem, "."});
    }
}

void ContentLoad::refuse_size() {
    refuse(413, noun(part().kind), "is larger than allowed");
    failure_.pop_back();
    failure_.append(" (").append(NumberText(part_rules().bytes_max)).append(" bytes).");
}

void ContentLoad::fail(int status, std::initializer_list<std::string_view> pieces) {
    failure_.clear();
    for (const std::string_view piece : pieces) failure_ += piece;
    failed_status_ = status;
    next_ = Next::tell;
}

}  // namespace gw::exchange
