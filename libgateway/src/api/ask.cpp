#include "gateway/ask.h"

#include <netdb.h>

#include "api/guard.h"
#include "api/handles.h"
#include "api/sized.h"
#include "core/socket_address.h"

namespace {

// The texts of what getaddrinfo() gave.
struct AddressTexts {
    explicit AddressTexts(const addrinfo* from) noexcept {
        for (; from != nullptr && count < texts.size(); from = from->ai_next) {
            texts[count] = gw::text_of(from->ai_addr, nullptr);
            if (texts[count].empty()) continue;
            views[count] = gw::as_str(texts[count].view());
            ++count;
        }
    }
    std::array<gw::IpText, 16> texts;
    std::array<gw_str, 16> views{};
    std::size_t count = 0;
};

}  // namespace

extern "C" {

gw_status gw_ask_answer(gw_gateway* gateway, gw_ask_id ask, const gw_answer* answer) {
    if (gateway == nullptr || answer == nullptr) return GW_ERR_ARGUMENT;
    gw_answer given;
    if (const gw_status status = gw::api::copy_sized(answer, given); status != GW_OK) return status;
    if (given.status > 0 || (given.addresses == nullptr && given.address_count > 0)) return GW_ERR_ARGUMENT;
    gw::exchange::Gateway* self = gw::api::unwrap(gateway);
    gw::exchange::Ask* found = self->asks().table.find(ask);
    if (found == nullptr) return GW_ERR_GONE;
    gw::IpText text;
    if (given.sockaddr != nullptr) text = gw::text_of(given.sockaddr, &given.port);
    if (!text.empty()) given.address = gw::as_str(text.view());
    const AddressTexts names(given.addrinfo);
    if (given.addrinfo != nullptr) {
        given.addresses = names.views.data();
        given.address_count = names.count;
    }
    const gw_status status = gw::api::guard([&] {
        found->answer(given);
        return GW_OK;
    });
    self->settle();
    return status;
}

gw_status gw_ask_set_user(gw_gateway* gateway, gw_ask_id ask, void* user) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::unwrap(gateway)->asks().table.set_user(ask, user) ? GW_OK : GW_ERR_GONE;
}

}  // extern "C"
