#!/usr/bin/env bash
# From a fresh clone to a streamed answer: installs what is missing, builds gatewayd, starts it on a free loopback port
# with the built-in agent, and asks it something. Run it again whenever you like; the second time takes seconds.
#
#   GATEWAYD=path   use this gatewayd and build nothing
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/packages.sh"

gatewayd=${GATEWAYD:-}
if [ -z "$gatewayd" ]; then
    # shellcheck disable=SC2086  # a list of words
    need $build_packages curl ca-certificates
    say "Building gatewayd in $root/build ..."
    cmake -S "$root" -B "$root/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGATEWAY_EXAMPLES=OFF -DGATEWAY_DEV=OFF >/dev/null
    cmake --build "$root/build" --target gatewayd
    gatewayd=$root/build/gatewayd/gatewayd
fi

# Everything that this run leaves behind is in one folder, and the folder goes at the end.
state=$(mktemp -d "${TMPDIR:-/tmp}/gatewayd-quickstart.XXXXXX")
gateway_pid=
finish() {
    if [ -n "$gateway_pid" ]; then
        kill "$gateway_pid" 2>/dev/null || true
        wait "$gateway_pid" 2>/dev/null || true
    fi
    rm -rf "$state"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cat >"$state/openclaw.json" <<'END'
// The whole configuration: the chat endpoint is off unless somebody asks for it.
{ gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } } }
END
for name in $(compgen -e OPENCLAW_); do unset "$name"; done
OPENCLAW_STATE_DIR=$state TMPDIR=$state "$gatewayd" --port 0 >"$state/output" 2>&1 &
gateway_pid=$!
for ((tries = 0; tries < 200; ++tries)); do
    grep -q '^listening on ' "$state/output" && break
    kill -0 "$gateway_pid" 2>/dev/null || break
    sleep 0.05
done
url=$(sed -n 's/^listening on //p' "$state/output")
token=$(sed -n 's/^token: //p' "$state/output")
if [ -z "$url" ] || [ -z "$token" ]; then
    say "gatewayd did not start:" >&2
    cat "$state/output" >&2
    exit 1
fi

question='Hello gateway, is anybody there?'
body='{"model":"openclaw","stream":true,"messages":[{"role":"user","content":"'$question'"}]}'
ask=(curl -sSN --fail-with-body "$url/v1/chat/completions" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$body")

printf '\n%s\n\n%s\n' "gatewayd listens on $url (process $gateway_pid)." "you:   $question"
printf 'agent: '
# Each event is one line of JSON; its text is printed as it comes.
"${ask[@]}" | while IFS= read -r line; do
    case $line in
    *'"content":"'*)
        text=${line#*'"content":"'}
        text=${text%%'"}'*}
        printf '%b' "${text//\\\"/\"}"
        ;;
    '' | 'data: '*) ;;
    *) say "$line" >&2 ;;
    esac
done
say ""

cat <<END

What next
  Ask it yourself, with the raw events:
    curl -N $url/v1/chat/completions \\
      -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' \\
      -d '$body'
  Any OpenAI client works: base URL $url/v1, the token as its API key, model "openclaw".
  Put a real model behind it: docs/configuration.md. Link the library into a program: docs/embedding.md.
  Run it yourself: ${gatewayd#"$PWD/"} --help. All tests: tests/run.sh
END
if [ -t 0 ] && [ -t 1 ]; then
    printf '\nIt runs until you press Enter. '
    read -r _ || true
fi
