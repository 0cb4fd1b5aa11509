// An alarm that must ring: one byte behind a buffer that the library gave out.
#include <gateway/gateway.h>

int main() {
    gw_store* store = nullptr;
    gw_buf value{};
    if (gw_store_new_memory(nullptr, nullptr, &store) != GW_OK) return 2;
    if (gw_store_put(store, {"key", 3}, {"value", 5}) != GW_OK) return 2;
    if (gw_store_get(store, {"key", 3}, &value) != GW_OK) return 2;
    const volatile char* bytes = static_cast<const char*>(value.data);
    char last = 0;
    for (size_t i = 0; i < 1U << 20U; ++i) last = bytes[i];
    gw_buf_free(&value);
    gw_store_free(store);
    return last == 1;
}
