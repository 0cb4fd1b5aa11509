include(GatewayFind)
gateway_find(mbedtls mbedtls/ssl.h mbedtls mbedx509 mbedcrypto)
