include(GatewayFind)
gateway_find(yaml yaml.h yaml)
