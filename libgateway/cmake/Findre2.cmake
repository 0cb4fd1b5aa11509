include(GatewayFind)
gateway_find(re2 re2/re2.h re2)
