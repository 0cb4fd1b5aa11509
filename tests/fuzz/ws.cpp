// What a peer's bytes mean does not depend on how they are cut, in either role; every message that was read, sent again
// by the other side, is read as the same; memory stays within the limit.
#include "ws/ws.h"
#include "support/fuzz.h"

namespace {

using gw::ws::Codec;
using gw::ws::EventKind;
using gw::ws::Role;

constexpr std::size_t message_bytes_max = 4096;

struct Owned {
    EventKind kind;
    std::string data;
    std::uint16_t code;
    bool operator==(const Owned&) const = default;
};

struct Received {
    std::vector<Owned> events;
    gw_status status = GW_OK;
    std::uint16_t close_code = 0;
    bool operator==(const Received&) const = default;
};

bool fixed_random(void* /*user*/, void* out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(out)[i] = static_cast<unsigned char>(0xA5 + i);
    return true;
}

Received receive(Role role, const std::vector<std::string_view>& pieces) {
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    Codec codec(role, {message_bytes_max}, pool.get(), std::pmr::get_default_resource(), fixed_random);
    Received out;
    for (const std::string_view piece : pieces) {
        const std::vector<char> own(piece.begin(), piece.end());
        codec.feed(gw::as_bytes({own.data(), own.size()}));
        while (true) {
            const auto event = codec.next();
            if (!event) {
                out.status = event.error().status;
                out.close_code = codec.close_code();
                gw::fuzz::check(out.close_code != 0, "a failure has a close code");
                return out;
            }
            if (!*event) break;
            const std::string_view text = gw::as_text((*event)->data);
            gw::fuzz::check(text.size() <= message_bytes_max, "a message keeps the limit");
            out.events.push_back({(*event)->kind, std::string(text), (*event)->code});
        }
        gw::fuzz::check(codec.held() <= message_bytes_max, "what is held keeps the limit");
    }
    return out;
}

void check_again(Role role, const Received& received) {
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    Codec codec(role, {message_bytes_max}, pool.get(), std::pmr::get_default_resource(), fixed_random);
    gw::Buffer out(pool.get());
    for (const Owned& event : received.events) {
        if (event.kind == EventKind::close) {
            gw::fuzz::check(codec.send_close(out, event.code, event.data), "a close can be sent");
        } else if ((event.kind == EventKind::text || event.kind == EventKind::binary) && event.data.size() > 2) {
            const auto bytes = gw::as_bytes(event.data);
            (void)codec.send_fragment(out, event.kind, bytes.first(1), false);
            (void)codec.send_fragment(out, event.kind, bytes.subspan(1), true);
        } else {
            gw::fuzz::check(codec.send(out, event.kind, gw::as_bytes(event.data)), "a frame can be sent");
        }
    }
    const Received again = receive(role == Role::client ? Role::server : Role::client, {out.text()});
    gw::fuzz::check(again.status == GW_OK, "what we send is valid");
    gw::fuzz::check(again.events == received.events, "decode(encode(x)) == x");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    for (const Role role : {Role::server, Role::client}) {
        const Received whole = receive(role, {input.whole});
        gw::fuzz::check(whole == receive(role, input.pieces), "the same however the bytes are cut");
        check_again(role, whole);
        check_again(role == Role::client ? Role::server : Role::client, whole);
    }
    return 0;
}
