include(GatewayFind)
gateway_find(wslay wslay/wslay.h wslay)
