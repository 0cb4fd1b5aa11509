include(GatewayFind)
gateway_find(sodium sodium.h sodium)
