#include "gateway/sse.h"

#include <cstring>

#include "api/guard.h"
#include "api/sized.h"
#include "core/memory.h"
#include "sse/sse.h"

namespace {

constexpr std::size_t default_event_bytes_max = 1024UL * 1024;

// False for the caller's mistakes that gw::sse::encode() would leave out.
bool is_writable(const gw_sse_event& event) noexcept {
    const std::string_view id = gw::as_text(event.id);
    return gw::as_text(event.type).find_first_of("\r\n") == std::string_view::npos &&
           id.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::optional<std::uint32_t> retry_of(const gw_sse_event& event) noexcept {
    return event.has_retry ? std::optional<std::uint32_t>(event.retry_ms) : std::nullopt;
}

gw_status check_event(const gw_sse_event* from, gw_sse_event& event) noexcept {
    if (from == nullptr) return GW_ERR_ARGUMENT;
    const gw_status status = gw::api::copy_sized(from, event);
    if (status != GW_OK) return status;
    return is_writable(event) ? GW_OK : GW_ERR_ARGUMENT;
}

}  // namespace

struct gw_sse_decoder {
    gw_sse_decoder(const gw::Allocator& allocator, std::size_t event_bytes_max)
        : memory(allocator), pool(allocator), decoder(event_bytes_max, pool.get(), &memory) {}

    gw::HostMemory memory;
    gw::BlockPoolOwner pool;
    gw::sse::Decoder decoder;
    bool drained = true;  // next() has given nothing since the last feed()
};

extern "C" {

gw_status gw_sse_decoder_new(const gw_host* host, size_t event_bytes_max, gw_sse_decoder** out) {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(host);
        void* memory = allocator.allocate(sizeof(gw_sse_decoder));
        try {
            *out = new (memory)
                gw_sse_decoder(allocator, event_bytes_max == 0 ? default_event_bytes_max : event_bytes_max);
        } catch (...) {
            allocator.deallocate(memory, sizeof(gw_sse_decoder));
            throw;
        }
        return GW_OK;
    });
}

gw_status gw_sse_decoder_feed(gw_sse_decoder* decoder, const void* data, size_t len) {
    if (decoder == nullptr || (data == nullptr && len > 0)) return GW_ERR_ARGUMENT;
    if (!decoder->drained) return GW_ERR_STATE;
    return gw::api::guard([&] {
        decoder->drained = false;
        const auto fed = decoder->decoder.feed({static_cast<const std::byte*>(data), len});
        return fed ? GW_OK : fed.error().status;
    });
}

gw_status gw_sse_decoder_next(gw_sse_decoder* decoder, gw_sse_event* event) {
    if (decoder == nullptr || event == nullptr || event->size < sizeof event->size) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const auto next = decoder->decoder.next();
        if (!next) {
            decoder->drained = true;
            return GW_DONE;
        }
        gw_sse_event out{};
        out.type = gw::as_str(next->type);
        out.data = gw::as_str(next->data);
        out.id = gw::as_str(next->id);
        out.raw = gw::as_str(next->raw);
        out.retry_ms = next->retry_ms.value_or(0);
        out.has_retry = next->retry_ms.has_value();
        return gw::api::fill_sized(out, event);
    });
}

gw_str gw_sse_decoder_rest(const gw_sse_decoder* decoder) {
    return decoder == nullptr ? gw_str{nullptr, 0} : gw::as_str(decoder->decoder.rest());
}

void gw_sse_decoder_free(gw_sse_decoder* decoder) {
    if (decoder == nullptr) return;
    const gw::Allocator allocator = decoder->memory.allocator();
    decoder->~gw_sse_decoder();
    allocator.deallocate(decoder, sizeof(gw_sse_decoder));
}

gw_status gw_sse_encode(const gw_host* host, const gw_sse_event* event, gw_buf* out) {
    gw_sse_event copy;
    if (out == nullptr) return GW_ERR_ARGUMENT;
    if (const gw_status status = check_event(event, copy); status != GW_OK) return status;
    return gw::api::guard([&] {
        const gw::BlockPoolOwner pool(gw::Allocator::from(host));
        gw::Buffer buffer(pool.get());
        gw::sse::encode(buffer, gw::as_text(copy.type), gw::as_text(copy.data), gw::as_text(copy.id), retry_of(copy));
        *out = buffer.take();
        return GW_OK;
    });
}

gw_status gw_sse_encode_into(const gw_sse_event* event, void* out, size_t room, size_t* len) {
    gw_sse_event copy;
    if (len == nullptr || (out == nullptr && room > 0)) return GW_ERR_ARGUMENT;
    if (const gw_status status = check_event(event, copy); status != GW_OK) return status;
    const std::string_view type = gw::as_text(copy.type);
    const std::string_view data = gw::as_text(copy.data);
    const std::string_view id = gw::as_text(copy.id);
    *len = gw::sse::encoded_size(type, data, id, retry_of(copy));
    if (*len > room) return GW_ERR_LIMIT;
    (void)gw::sse::encode_to(static_cast<char*>(out), type, data, id, retry_of(copy));
    return GW_OK;
}

gw_status gw_sse_encode_comment(const gw_host* host, gw_str text, gw_buf* out) {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const gw::BlockPoolOwner pool(gw::Allocator::from(host));
        gw::Buffer buffer(pool.get());
        gw::sse::encode_comment(buffer, gw::as_text(text));
        *out = buffer.take();
        return GW_OK;
    });
}

}  // extern "C"
