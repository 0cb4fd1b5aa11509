# Sourced by quickstart.sh and tests/run.sh: the packages of Debian and its relatives, and how to get the missing ones.

# To build the library and gatewayd. A word with bars is a choice: the first that the distribution has.
# (Debian 12 has llhttp only as the C sources in node-llhttp.)
build_packages="g++ cmake ninja-build pkg-config libuv1-dev libwslay-dev libsimdjson-dev libmbedtls-dev
    libllhttp-dev|node-llhttp libsodium-dev libcrypt-dev libyaml-dev zlib1g-dev"

say() { printf '%s\n' "$*"; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
available() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }
any_installed() {
    local name
    for name in ${1//|/ }; do
        installed "$name" && return 0
    done
    return 1
}

# need PACKAGE...: installs those that are missing; without apt it says what is needed and lets the build try.
need() {
    local package name missing=() wanted=() as_root=()
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        say "This system has no apt. What is needed has these names on Debian:" "$*"
        return 0
    fi
    for package in "$@"; do
        any_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "Installing: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "Installing needs root. Please run: apt-get install ${missing[*]%%|*}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    "${as_root[@]}" apt-get -qq update </dev/null || say "apt-get update failed; trying with the lists that are there" >&2
    for package in "${missing[@]}"; do
        for name in ${package//|/ }; do
            available "$name" && wanted+=("$name") && break
        done
    done
    "${as_root[@]}" apt-get -qq install -y --no-install-recommends "${wanted[@]}" </dev/null >/dev/null
}

# want PACKAGE...: the same for what is good to have; what cannot be had is named and left out.
want() {
    local package
    command -v apt-get >/dev/null || return 0
    for package in "$@"; do
        any_installed "$package" || need "$package" || say "Going on without $package"
    done
}
