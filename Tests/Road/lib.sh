# What every road test uses: namespaces of its own, cables between them, BIRD as the far edge, our
# daemon, checks that are counted. Sourced, not run. Everything made here is undone at exit.
#
#   BIN     where circuitd, circuitctl and probe are
#   WORK    a directory for configurations, sockets and logs (made if not given)
#   KEEP=1  leaves everything running

set -uo pipefail
[ "$(id -u)" -eq 0 ] || { echo "the road needs root: it makes network namespaces" >&2; exit 1; }
ROAD=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BIN=${BIN:-$(cd "$ROAD/../.." && pwd)/.build/debug}
WORK=${WORK:-$(mktemp -d)}
TAG=${TAG:-rd$$}
PATIENCE=${PATIENCE:-$([ -n "${LAB:-}" ] && echo 8 || echo 1)}
passed=0 failed=0 namespaces=() processes=()

say() { printf '%s\n' "$*"; }

# check SENTENCE COMMAND...: counts whether the command succeeds, and shows why it does not.
check() {
    local sentence=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        say "  ok    $sentence"
    else
        failed=$((failed + 1))
        say "  FAIL  $sentence"
        [ -z "$output" ] || printf '%s\n' "$output" | head -20 | sed 's/^/          /'
        trouble
    fi
}

# eventually SECONDS SENTENCE COMMAND...: the command must succeed before the time is over. The
# seconds are those of a fast machine; a slow one gets a multiple.
eventually() {
    local seconds=$(($1 * PATIENCE)) sentence=$2 output end
    shift 2
    end=$((SECONDS + seconds))
    until output=$("$@" 2>&1); do
        if [ $SECONDS -ge $end ]; then
            failed=$((failed + 1))
            say "  FAIL  $sentence (not within $seconds s)"
            [ -z "$output" ] || printf '%s\n' "$output" | head -20 | sed 's/^/          /'
            trouble
            return 1
        fi
        sleep 0.1
    done
    passed=$((passed + 1))
    say "  ok    $sentence"
}

not() { ! "$@"; }

# What whoever reads a failure wants to see next; tests set TROUBLE to their own command.
trouble() { [ -z "${TROUBLE:-}" ] || $TROUBLE 2>&1 | tail -n "${TROUBLE_LINES:-40}" | sed 's/^/          | /'; }

namespace() {
    local name
    for name in "$@"; do
        ip netns add "$TAG-$name"
        namespaces+=("$TAG-$name")
        ip -n "$TAG-$name" link set lo up
    done
}

# in NAMESPACE COMMAND...
in_ns() { local name=$1; shift; ip netns exec "$TAG-$name" "$@"; }

# cable NS DEV NS DEV: a veth pair, both ends up.
cable() {
    ip link add "$2" netns "$TAG-$1" type veth peer name "$4" netns "$TAG-$3"
    ip -n "$TAG-$1" link set "$2" up
    ip -n "$TAG-$3" link set "$4" up
}

# address NS DEV ADDRESS...: without duplicate address detection, so that it can be used at once.
address() {
    local name=$1 device=$2 text
    shift 2
    for text in "$@"; do
        case $text in
            *:*) ip -n "$TAG-$name" address add "$text" dev "$device" nodad ;;
            *) ip -n "$TAG-$name" address add "$text" dev "$device" ;;
        esac
    done
}

forwarding() {
    local name
    for name in "$@"; do
        in_ns "$name" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
            net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    done
}

# background NAME COMMAND...: starts it, remembers its process id in $WORK/NAME.pid.
background() {
    local name=$1
    shift
    "$@" > "$WORK/$name.log" 2>&1 < /dev/null &
    echo $! > "$WORK/$name.pid"
    processes+=("$name")
}

pid_of() { cat "$WORK/$1.pid"; }
is_running() { kill -0 "$(pid_of "$1")" 2> /dev/null; }

# end NAME [SIGNAL]: and wait until it is gone.
end() {
    local pid
    pid=$(pid_of "$1" 2> /dev/null) || return 0
    kill "-${2:-TERM}" "$pid" 2> /dev/null || return 0
    wait "$pid" 2> /dev/null
    return 0
}

bird() { background "$1" ip netns exec "$TAG-$1" bird -f -c "$WORK/$1.conf" -s "$WORK/$1.ctl"; }
birdc() { local name=$1; shift; command birdc -s "$WORK/$name.ctl" "$@"; }
bird_established() { birdc "$1" show protocols "$2" | grep -q Established; }

# edge NAME [ARGUMENT ...]: our daemon in the namespace of that name, with directories of that name.
edge() {
    local name=$1
    shift
    mkdir -p "$WORK/$name/"{config,config/tenants,config/circuits,config/keys,state,run}
    background "$name" ip netns exec "$TAG-$name" "$BIN/circuitd" --config "$WORK/$name/config" \
        --state "$WORK/$name/state" --run "$WORK/$name/run" "$@"
}
ctl() { local name=$1; shift; "$BIN/circuitctl" --run "$WORK/$name/run" "$@"; }
healthz() { curl -s --unix-socket "$WORK/$1/run/health.sock" "http://circuitd/healthz${2:-}"; }

# place EDGE FILE: moves standard input into place, whole.
place() {
    cat > "$WORK/$1/config/.new.$$"
    mv "$WORK/$1/config/.new.$$" "$WORK/$1/config/$2"
}

# probe_start NAME NS ADDRESS...: datagrams at $RATE a second to each address, echoed there.
probe_start() {
    local name=$1 ns=$2
    shift 2
    background "$name" ip netns exec "$TAG-$ns" "$BIN/probe" send 7 "${RATE:-1000}" $((60 * PATIENCE)) "$@"
}
# probe_end NAME: prints its lines; fails when anything was lost.
probe_end() {
    kill -TERM "$(pid_of "$1")"
    while is_running "$1"; do sleep 0.05; done
    cat "$WORK/$1.log"
    [ "$(grep -c ' lost=0 ' "$WORK/$1.log")" = 2 ]
}
# Both directions, both families, of the world with this suffix.
both_ways_start() {
    probe_start "probe-out${1:-}" "in${1:-}" 10.30.9.9 fd30:9::9
    probe_start "probe-in${1:-}" "cloud${1:-}" 10.20.0.9 fd20::9
}
both_ways_end() {
    local code=0
    probe_end "probe-out${1:-}" || code=1
    probe_end "probe-in${1:-}" || code=1
    return $code
}

finish() {
    local code=$?
    trap - EXIT
    if [ -n "${KEEP:-}" ]; then
        say "left running; everything is in $WORK, namespaces are named $TAG-*"
        exit $code
    fi
    local name
    for name in "${processes[@]}"; do end "$name" KILL; done
    for name in "${namespaces[@]}"; do ip netns delete "$name" 2> /dev/null; done
    [ -n "${WORK_IS_GIVEN:-}" ] || rm -rf "$WORK"
    exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

# summary: the counted line, and the exit code.
summary() {
    say "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
