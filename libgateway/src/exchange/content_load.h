// ContentLoad: what a client attached to one request, made ready for a model.
//
//     parts ─┬─ base64, data URL ─ decode ─┐
//            └─ URL ─ ContentFetch ────────┴─ check ─┬─ text ───────────────────► wrapped text
//                                                    ├─ PDF  ─ HelperRun, maybe two ► wrapped text, pictures of pages
//                                                    ├─ HEIC ─ HelperRun ──────────► picture as JPEG
//                                                    └─ other pictures ────────────► as they came
//
//     ContentLoad load(gateway, listener, config.responses.attachments);
//     load.add({ContentPart::Kind::file, ContentPart::Source::url, "https://...", {}, {}, "input.0.content.1"});
//     load.start();
//
// Parts are loaded one after another, so that a request holds the bytes of one of them beside its results. The first
// problem ends it. Destroying the load cancels what runs: call, question, program.
#pragma once

#include <initializer_list>
#include <list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "content/sniff.h"
#include "core/buffer.h"
#include "core/timers.h"
#include "exchange/config_handle.h"
#include "exchange/content_fetch.h"
#include "exchange/helper_run.h"

namespace gw::exchange {

class Gateway;

// One thing that a request holds or points to. Views outlive the load: `data` may be millions of bytes.
struct ContentPart {
    enum class Kind : std::uint8_t { file, image };
    enum class Source : std::uint8_t {
        base64,
        url,  // http, https, or a data URL
    };
    Kind kind = Kind::file;
    Source source = Source::base64;
    std::string_view data;        // base64, or the URL
    std::string_view media_type;  // as claimed; may be empty
    std::string_view file_name;   // may be empty
    std::string_view place;       // for errors: "input.0.content.1", "messages.0.content.1.image_url"
};

struct LoadedImage {
    std::string_view media_type;  // "image/png": what it is, not what it was called
    std::string_view base64;      // of the part itself where nothing had to be done to it
};

// What became of one part, in the order of the parts.
struct LoadedContent {
    explicit LoadedContent(std::pmr::memory_resource* memory) : text(memory), images(memory) {}
    ContentPart::Kind kind = ContentPart::Kind::file;
    std::pmr::string text;                 // of a file: a block for the system prompt (content/untrusted.h)
    std::pmr::vector<LoadedImage> images;  // an image: one. A PDF: its first pages, when there is little text in it
};

class ContentLoad final : private ContentFetch::Listener, private HelperRun::Listener {
public:
    // Told one of these, once, never from inside start(). The listener outlives the load, which it may destroy from any
    // of them; what it throws for want of memory comes back to it as on_no_memory().
    class Listener {
    public:
        virtual void on_content_loaded() = 0;
        // `status` is for the client: 400 (the part is at fault, or the host has no program that reads it), 413 (more
        // than a limit), 500, 503. `message` is a sentence that names the part's place.
        virtual void on_content_failed(int status, std::string_view message) = 0;
        virtual void on_no_memory() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    // `rules` belong to the gateway's configuration as it is now; the load has a share of that.
    ContentLoad(Gateway& gateway, Listener& listener, const config::Attachments& rules);
    ContentLoad(const ContentLoad&) = delete;
    ContentLoad& operator=(const ContentLoad&) = delete;

    void add(const ContentPart& part) { parts_.push_back(part); }
    [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }
    void start();

    // After on_content_loaded(), as long as the load lives.
    [[nodiscard]] const std::pmr::vector<LoadedContent>& results() const noexcept { return results_; }

private:
    enum class Next : std::uint8_t { nothing, count, load, read_fetched, draw_pages, finish_part, tell };

    void on_fetched(Buffer&& bytes, std::string_view media_type) override;
    void on_fetch_failed(std::string_view problem) override;
    void on_helped(std::string_view output) override;
    void on_help_failed(HelperRun::Failure failure, std::string_view problem) override;
    void on_no_memory() noexcept override;

    void go_on(Next next) noexcept;
    void turn() noexcept;
    void step();
    [[nodiscard]] bool count_parts();
    void next_part();
    void load_part();
    void decode(std::string_view data, bool base64);
    void read(std::string_view media_type);
    void read_image(std::string_view media_type);
    void read_file(std::string_view media_type);
    void take_image(std::string_view media_type, std::string_view base64);
    [[nodiscard]] bool wrap(std::string_view text);
    void run(content::Helper helper);
    void pages_missing(int status, std::string_view problem);
    void refuse(int status, std::string_view subject, std::string_view problem);
    void refuse_size();
    void fail(int status, std::initializer_list<std::string_view> pieces);

    [[nodiscard]] const ContentPart& part() const noexcept { return parts_[results_.size() - 1]; }
    [[nodiscard]] const config::AttachmentRules& part_rules() const noexcept {
        return part().kind == ContentPart::Kind::file ? rules_.files : rules_.images;
    }

    Gateway& gateway_;
    Listener& listener_;
    ConfigReference config_;  // rules_ is in it
    const config::Attachments& rules_;
    std::pmr::vector<ContentPart> parts_;
    std::pmr::vector<LoadedContent> results_;  // the last one is of the part that is loaded now
    std::pmr::list<std::pmr::string> own_;     // base64 that is not a client's
    std::uint64_t image_bytes_ = 0;

    // the part that is loaded now
    Buffer bytes_;
    std::string_view base64_;      // of bytes_, if it came like that
    std::pmr::string media_type_;  // of what was fetched
    content::Helper helper_ = content::Helper::pdf_text;
    std::pmr::string pdf_text_;
    std::optional<ContentFetch> fetch_;
    std::optional<HelperRun> program_;

    Next next_ = Next::nothing;
    int failed_status_ = 0;
    std::pmr::string failure_;
    Timer timer_;
};

}  // namespace gw::exchange
