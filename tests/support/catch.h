// The one place that knows which Catch2 is installed: 2.13 (one header) or 3.
#pragma once

#ifdef GATEWAY_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif
