# Sourced by quickstart.sh and tests/run.sh: the packages of Debian and its relatives, and how to get the missing ones.

# To build the library and gatewayd. A word with bars is a choice: the first that the distribution has.
# (Debian 12 has llhttp only as the C sources in node-llhttp.)
build_packages="g++ cmake ninja-build pkg-config libuv1-dev libwslay-dev libsimdjson-dev libmbedtls-dev
    libllhttp-dev|node-llhttp libsodium-dev libcrypt-dev libyaml-dev zlib1g-dev"

say() { printf '%s\n' "$*"; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
# Not grep -q: it would leave early, and pipefail would take apt-cache's broken pipe for a no.
available() { apt-cache policy "$1" 2>/dev/null | grep 'Candidate: [^(]' >/dev/null; }
any_installed() {
    local name
    for name in ${1//|/ }; do
        installed "$name" && return 0
    done
    return 1
}
first_available() {
    local name
    for name in ${1//|/ }; do
        available "$name" && printf '%s' "$name" && return 0
    done
    return 1
}

# need PACKAGE...: installs those that are missing; without apt it says what is needed and lets the build try.
need() {
    local package name missing=() wanted=() as_root=(env DEBIAN_FRONTEND=noninteractive)
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        say "This system has no apt. These are the Debian names of what is needed:" "$@"
        return 0
    fi
    for package in "$@"; do
        any_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "Missing, and only root can install it: ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo "${as_root[@]}")
    fi
    [ -n "${lists_are_new:-}" ] || "${as_root[@]}" apt-get -qq update </dev/null || say "apt-get update failed; trying with the lists that are there" >&2
    lists_are_new=yes
    for package in "${missing[@]}"; do
        if name=$(first_available "$package"); then
            wanted+=("$name")
        else
            say "This distribution has no package ${package//|/ or }; Debian 12 and Ubuntu 24.04 are the oldest with all of them" >&2
            return 1
        fi
    done
    say "Installing ${wanted[*]}"
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
