#include "gateway/ask.h"

#include "api/guard.h"
#include "api/handles.h"
#include "api/sized.h"

extern "C" gw_status gw_ask_answer(gw_gateway* gateway, gw_ask_id ask, const gw_answer* answer) {
    if (gateway == nullptr || answer == nullptr) return GW_ERR_ARGUMENT;
    gw_answer given;
    if (const gw_status status = gw::api::copy_sized(answer, given); status != GW_OK) return status;
    if (given.status > 0 || (given.addresses == nullptr && given.address_count > 0)) return GW_ERR_ARGUMENT;
    gw::exchange::Gateway* self = gw::api::unwrap(gateway);
    gw::exchange::Ask* found = self->asks().table.find(ask);
    if (found == nullptr) return GW_ERR_GONE;
    const gw_status status = gw::api::guard([&] {
        found->answer(given);
        return GW_OK;
    });
    self->settle();
    return status;
}
