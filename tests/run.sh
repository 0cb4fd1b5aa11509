#!/usr/bin/env bash
# Installs what is missing, builds everything, and runs every test. Ends with ctest's summary.
#
#   GATEWAY_SANITIZE=address,undefined   or thread, or none
#                                        packages are tested with none: they are made of such builds
#   GATEWAY_FULL=1                       all random rounds, with sanitizers it is a tenth of them otherwise; and all checks of
#                                        the undefined sanitizer: null and alignment are half of the code that it adds, and
#                                        the address sanitizer reports a null pointer that is used as well
#   BUILD_DIR=build-test                 where to build
#   CC=... CXX=...                       compilers, for a new BUILD_DIR
#   tests/run.sh ARGUMENTS               go to ctest, e.g. -R http1
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/packages.sh"

sanitize=${GATEWAY_SANITIZE-address,undefined}
[ "$sanitize" = none ] && sanitize=
left_out=null,alignment
[ -n "${GATEWAY_FULL:-}" ] && left_out=
build=${BUILD_DIR:-$root/build-test}

# shellcheck disable=SC2086  # a list of words
need $build_packages catch2 libre2-dev curl ca-certificates
# What only some tests need: without it those say "skipped".
want ccache openssl python3-cffi python3-dev python3-setuptools python3-mypy poppler-utils libheif-examples iproute2
command -v python3 >/dev/null || want python3
command -v npm >/dev/null || say "npm is not there: the tests with the npm packages openai and ws will be skipped"

# Without debug information it is built, linked and packed faster; -DCMAKE_CXX_FLAGS_DEBUG=-g gives reports line numbers.
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g0 -DGATEWAY_DEV=ON -DGATEWAY_BENCHMARKS=OFF \
    -DGATEWAY_SANITIZE="$sanitize" -DGATEWAY_SANITIZE_NOT="$left_out"
cmake --build "$build" --parallel "$(nproc)"
cd "$build"
exec ctest --output-on-failure --parallel 2 "$@"
