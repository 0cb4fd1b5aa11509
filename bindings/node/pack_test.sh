#!/bin/sh
# pack_test.sh NODE LIBRARY INCLUDE: the package as npm makes it, installed into an empty folder, passes its tests there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v npm >/dev/null || { echo "skipped: no npm"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
package=$("$1" "$here/pack.js" "$2" "$3" "$folder/pack")
mkdir "$folder/program" "$folder/home"
cd "$folder/program"
export HOME="$folder/home" GATEWAY_TEST_CONNS=200
npm install --offline --no-audit --no-fund "$package"
du -h "$package"
cd node_modules/libgateway
test ! -e gateway.node # the one that came along is used
npm test
