include(GatewayFind)
gateway_find(simdjson simdjson.h simdjson)
