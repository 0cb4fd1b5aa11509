include(GatewayFind)
gateway_find(libuv uv.h uv)
