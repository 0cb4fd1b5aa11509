// An alarm that must ring: memory that nobody gives back, made as the library's own objects are.
#include <gateway/gateway.h>

int main() {
    gw_store* store = nullptr;
    const gw_status status = gw_store_new_memory(nullptr, nullptr, &store);
    store = nullptr;  // and with it the last pointer
    return status == GW_OK ? 0 : 2;
}
