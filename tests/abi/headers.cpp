#include "headers.c"

#include <string_view>

// The version once as text, and once in numbers.
static constexpr char numbers[] = {'0' + GW_VERSION_MAJOR, '.', '0' + GW_VERSION_MINOR, '.', '0' + GW_VERSION_PATCH};
static_assert(std::string_view(GW_VERSION) == std::string_view(numbers, sizeof numbers));
