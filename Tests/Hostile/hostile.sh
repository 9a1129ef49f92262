#!/bin/bash
# The hostile-peer suite: our daemon on an edge with a link full of hostile peers, one for each case,
# and two good peers, which must not notice. The cases are in the Swift files beside this one; here
# the world is built, and the daemon looked at before and after. Run by scripts/test hostile.
#
#   Tests/Hostile/hostile.sh [WORD ...]     only the cases whose names hold a word
source "$(dirname "${BASH_SOURCE[0]}")/../Road/lib.sh"
HOSTILE=$BIN/hostile
trouble_now() { tail -5 "$WORK/edge.log"; }
TROUBLE=trouble_now

# What the daemon is made of at the moment.
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$(pid_of edge)/status"; }
descriptors() { find "/proc/$(pid_of edge)/fd" -mindepth 1 | wc -l; }
descriptors_are() { [ "$(descriptors)" -le "$1" ] || { echo "$(descriptors) descriptors, $1 at the start"; return 1; }; }
resident_is() { [ "$(resident)" -le "$1" ] || { echo "$(resident) kB resident, $1 allowed"; return 1; }; }
health_of() { healthz edge "?circuit=$1" | jq -e '.status == "ok"' > /dev/null || { healthz edge "?circuit=$1"; return 1; }; }
daemon_is_well() { curl -sf --unix-socket "$WORK/edge/run/health.sock" "http://circuitd/healthz?level=daemon" > /dev/null; }
# Text of peers reaches a log, a terminal or a file only without control characters.
is_harmless() { ! LC_ALL=C grep -naP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]' "$1" | head -5 | cat -v | grep .; }
says_what_peers_said() { grep -q 'pwned' "$1" || { echo "the shutdown texts are not in it: nothing was tested"; return 1; }; }

say "== hostile peers"
# Whatever else this machine does must not look like a silence of the daemon.
{ renice -n -10 -p $$ && echo -10 > /proc/self/autogroup; } > /dev/null 2>&1
namespace edge hostile good1 good2
forwarding edge
in_ns edge sysctl -qw net.ipv4.nexthop_compat_mode=0 net.ipv4.fib_multipath_hash_policy=1
cable hostile eth0 edge hostile
cable hostile eth1 edge stuck
cable hostile eth2 edge dialed
cable good1 eth0 edge good-1
cable good2 eth0 edge good-2
# Every address of a hostile peer is the namespace's own.
ip -n "$TAG-hostile" route add 10.66.0.0/20 dev eth0
ip -n "$TAG-hostile" route add 10.67.0.0/20 dev eth1
ip -n "$TAG-hostile" route add 10.69.0.0/20 dev eth2
for block in 66 67 69; do
    ip -n "$TAG-hostile" route add local 10.$block.4.0/22 dev lo
    ip -n "$TAG-hostile" route add local 10.$block.8.0/21 dev lo
done
address good1 eth0 10.68.1.2/30
address good2 eth0 10.68.2.2/30

# Circuits come once it runs: what it finds at its start might be forwarding already, and is waited for.
mkdir -p "$WORK/files/"{tenants,circuits} "$WORK/edge/config/"{tenants,circuits}
"$HOSTILE" files "$WORK/files" || exit 1
mv "$WORK/files/circuitd.yaml" "$WORK/edge/config/"
edge edge
eventually 10 "the daemon answers" daemon_is_well
mv "$WORK"/files/tenants/* "$WORK/edge/config/tenants/"
mv "$WORK"/files/circuits/* "$WORK/edge/config/circuits/"
eventually 20 "all peers are configured" bash -c \
    "[ \$($BIN/circuitctl --run $WORK/edge/run circuit hostile --json | jq '[.. | .sessions? // empty | length] | add') -ge 100 ]"
say "  $("$HOSTILE" list | wc -l) cases"
pid=$(pid_of edge) before=$(resident) open=$(descriptors)
TROUBLE_LINES=8
started=$SECONDS
if in_ns hostile "$HOSTILE" run "/run/netns/$TAG-good1" "/run/netns/$TAG-good2" "$@"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
say "  $((SECONDS - started)) s; resident $before kB before, $(resident) kB after"

say "== the daemon after all of them"
check "it is the same process" kill -0 "$pid"
eventually 10 "it has no more descriptors than before ($open)" descriptors_are "$open"
check "it has not grown" resident_is $((before + 128 * 1024))
check "it is well" daemon_is_well
ctl edge status > "$WORK/status.txt" 2>&1
ctl edge circuit hostile > "$WORK/circuit.txt" 2>&1
ctl edge circuit hostile --json > "$WORK/circuit.json" 2>&1
timeout 3 curl -sN --unix-socket "$WORK/edge/run/control.sock" http://circuitd/v1/events > "$WORK/events.txt"
if [ $# -eq 0 ]; then check "peers' texts are in the log" says_what_peers_said "$WORK/edge.log"; fi
for file in edge.log status.txt circuit.txt circuit.json events.txt; do
    check "$file holds no control character of a peer's" is_harmless "$WORK/$file"
done
check "no line of the log is a peer's own" bash -c "! grep -v '^20' $WORK/edge.log | head -3 | grep ."
summary
