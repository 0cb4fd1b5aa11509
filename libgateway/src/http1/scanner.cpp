#include "http1/scanner.h"

#include <llhttp.h>

#include <new>

namespace gw::http1 {

namespace {

llhttp_t* parser_in(std::byte* storage) noexcept { return std::launder(reinterpret_cast<llhttp_t*>(storage)); }

}  // namespace

// What llhttp calls. None of these may throw: there are C frames above.
struct Scanner::Callbacks {
    static Scanner& self(llhttp_t* parser) noexcept { return *static_cast<Scanner*>(parser->data); }

    static int on_header_field(llhttp_t* parser, const char* at, std::size_t size) noexcept {
        Scanner& scanner = self(parser);
        if (scanner.fields_ == nullptr) return HPE_USER;
        if (scanner.fields_->count() > 0) {
            Header& last = scanner.fields_->list().back();
            if (last.name.data() + last.name.size() == at) {  // the same name goes on
                last.name = {last.name.data(), last.name.size() + size};
                return HPE_OK;
            }
        }
        return scanner.fields_->add({at, size}) ? HPE_OK : HPE_USER;
    }

    static int on_header_value(llhttp_t* parser, const char* at, std::size_t size) noexcept {
        Scanner& scanner = self(parser);
        if (scanner.fields_ == nullptr || scanner.fields_->count() == 0) return HPE_USER;
        Header& last = scanner.fields_->list().back();
        const char* begin = last.value.empty() ? at : last.value.data();
        last.value = {begin, static_cast<std::size_t>(at - begin) + size};
        return HPE_OK;
    }

    static int on_headers_complete(llhttp_t* parser) noexcept {
        Scanner& scanner = self(parser);
        scanner.seen_.headers_complete = true;
        return scanner.without_content_ ? 1 : 0;  // 1: no content follows
    }

    static int on_body(llhttp_t* parser, const char* at, std::size_t size) noexcept {
        self(parser).seen_.body = {at, size};
        return HPE_OK;
    }

    static int on_chunk_header(llhttp_t* parser) noexcept {
        Seen& seen = self(parser).seen_;
        seen.chunk = true;
        seen.chunk_size = parser->content_length;
        return HPE_OK;
    }

    static int on_message_complete(llhttp_t* parser) noexcept {
        self(parser).seen_.message_complete = true;
        return HPE_OK;
    }

    static constexpr llhttp_settings_t make_settings() noexcept {
        llhttp_settings_t callbacks{};
        callbacks.on_header_field = on_header_field;
        callbacks.on_header_value = on_header_value;
        callbacks.on_headers_complete = on_headers_complete;
        callbacks.on_body = on_body;
        callbacks.on_chunk_header = on_chunk_header;
        callbacks.on_message_complete = on_message_complete;
        return callbacks;
    }

    static const llhttp_settings_t settings;
};

constexpr llhttp_settings_t Scanner::Callbacks::settings = make_settings();

Scanner::Scanner(Role role) noexcept {
    static_assert(sizeof(llhttp_t) <= sizeof storage_ && alignof(llhttp_t) <= 8);
    auto* parser = new (storage_) llhttp_t;
    llhttp_init(parser, role == Role::request ? HTTP_REQUEST : HTTP_RESPONSE, &Callbacks::settings);
    parser->data = this;
}

void Scanner::begin(bool without_content) noexcept {
    llhttp_reset(parser_in(storage_));
    without_content_ = without_content;
}

Scanner::Seen Scanner::scan(std::string_view text, Fields* fields) noexcept {
    llhttp_t* parser = parser_in(storage_);
    seen_ = {};
    fields_ = fields;
    const llhttp_errno_t failure = llhttp_execute(parser, text.data(), text.size());
    fields_ = nullptr;
    switch (failure) {
    case HPE_OK: break;
    case HPE_PAUSED_UPGRADE:
        // After CONNECT, or `Connection: upgrade`, llhttp stops behind the message. Whether the protocol really changes
        // is decided elsewhere; what comes next is never fed here as part of this message.
        llhttp_resume_after_upgrade(parser);
        break;
    case HPE_INVALID_METHOD:
    case HPE_INVALID_CONSTANT:  // a method of RTSP or ICE
        seen_.fault = Fault::method;
        break;
    case HPE_INVALID_VERSION: seen_.fault = Fault::version; break;
    default: seen_.fault = Fault::other;
    }
    return seen_;
}

}  // namespace gw::http1
