/* Every public header compiles alone as C99 and, through headers.cpp, as C++20, without a warning. */
#include <gateway/gateway.h>

int gateway_headers_compile(void);
int gateway_headers_compile(void) { return gw_status_kind(GW_OK) == GW_KIND_OK; }
