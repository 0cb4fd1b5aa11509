include(GatewayFind)
gateway_find(crypt crypt.h crypt)
