// The one place where exceptions end: every gw_ function that may allocate runs its body in guard().
#pragma once

#include <new>

#include "gateway/base.h"

namespace gw::api {

template <typename Body>
gw_status guard(Body&& body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return GW_ERR_NO_MEMORY;
    } catch (...) {
        return GW_ERR_INTERNAL;
    }
}

}  // namespace gw::api
