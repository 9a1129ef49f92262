#!/bin/bash
# kill -9 at random moments while links, addresses and routes are being made and removed, then
# start: always the desired state, nothing orphaned. On this host's kernel with untagged links; with
# TAGS=1 (in the machine) with VLANs and VRFs. SEED repeats the moments.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$ROAD/topology.sh"
COUNT=${COUNT:-12} ROUNDS=${ROUNDS:-12} TAGS=${TAGS:-}
RANDOM=${SEED:=$$}
trouble_now() { tail -20 "$WORK/edge.log"; ctl edge status; }
TROUBLE=trouble_now

say "== killed at random moments (SEED=$SEED)"
namespace edge far
forwarding edge
in_ns edge sysctl -qw net.ipv4.nexthop_compat_mode=0
[ -z "$TAGS" ] || modprobe -a 8021q vrf dummy
ports=()
for n in $(seq "$COUNT"); do
    cable edge "p$n" far "f$n"
    ports+=("p$n=p$n")
done
circuits() { # writes the files of circuits FROM to TO
    local n
    for n in $(seq "$1" "$2"); do
        place edge "tenants/t$n.yaml" << YAML
tenant: t$n
vrf: $([ -n "$TAGS" ] && echo "{ table: $((2000 + n)) }" || echo none)
networks: [10.$n.0.0/16]
YAML
        place edge "circuits/c$n.yaml" << YAML
circuit: c$n
tenant: t$n
provider: dedicated
vlan: $([ -n "$TAGS" ] && echo "{ outer: 10, inner: $n }" || echo untagged)
routing: static
routes: [10.$((100 + n)).0.0/16, 10.$((100 + n)).64.0/18, "fd$((10 + n)):1::/32"]
links:
  main: { port: p$n, address: 192.0.2.$((4 * n + 1))/30, peer: 192.0.2.$((4 * n + 2)), address6: "fd00:$n::1/64", peer6: "fd00:$n::2" }
YAML
    done
}
without() { # takes the files of circuits FROM to TO away
    local n
    for n in $(seq "$1" "$2"); do rm -f "$WORK/edge/config/circuits/c$n.yaml" "$WORK/edge/config/tenants/t$n.yaml"; done
}
addresses() { ip -n "$TAG-edge" -o address show | grep -cE '192\.0\.2\.|fd00:'; }
routes4() { ip -n "$TAG-edge" route show table all proto 67 | grep -cE '^10\.1[0-9][0-9]\.'; }
routes6() { ip -n "$TAG-edge" -6 route show table all proto 67 | grep -cE '^fd[0-9]+:1::'; }
links() { ip -n "$TAG-edge" -o link show type "$1" | wc -l; }
stands() { # N circuits, and nothing else
    local want=$1 have
    have="$(addresses) $(routes4) $(routes6)"
    [ "$have" = "$((2 * want)) $((2 * want)) $want" ] || { echo "addresses, routes v4, v6: $have for $want circuits"; return 1; }
    have=$(ip -n "$TAG-edge" nexthop show protocol 67 | wc -l)
    # Two singles and two groups a circuit, and the placeholder's two.
    [ "$have" -le $((4 * want + 2)) ] || { echo "$have nexthops for $want circuits"; return 1; }
    [ -n "$TAGS" ] || return 0
    # An outer and an inner VLAN and a VRF a circuit.
    have="$(links vlan) $(links vrf)"
    [ "$have" = "$((2 * want)) $want" ] || { echo "VLANs, VRFs: $have for $want circuits"; return 1; }
}
nothing() {
    local left
    left=$(ip -n "$TAG-edge" route show table all proto 67
        ip -n "$TAG-edge" -6 route show table all proto 67
        ip -n "$TAG-edge" nexthop show protocol 67
        ip -n "$TAG-edge" -o address show | grep -E '192\.0\.2\.|fd00:'
        ip -n "$TAG-edge" -o link show | grep 'alias circuitd'
        [ -z "$TAGS" ] || for type in vlan vrf dummy; do ip -n "$TAG-edge" -o link show type $type; done)
    printf '%s' "$left"
    [ -z "$left" ]
}
# As a reboot leaves it: nothing of ours.
wipe() {
    local device
    for device in $(ip -n "$TAG-edge" -o link show | grep -o '^[0-9]*: [^:@]*' | sed 's/.* //'); do
        case $device in
            lo) ;;
            p[1-9] | p[1-9][0-9]) ip -n "$TAG-edge" address flush dev "$device" ;;
            *) ip -n "$TAG-edge" link delete "$device" 2> /dev/null ;;
        esac
    done
    ip -n "$TAG-edge" route flush table all proto 67
    ip -n "$TAG-edge" -6 route flush table all proto 67
    ip -n "$TAG-edge" nexthop flush protocol 67
} > /dev/null 2>&1
have() { echo $(($(addresses) + $(routes4) + $(routes6))); }
# Starts the daemon and comes back when it answers: about now its work begins.
start() {
    local socket=$WORK/edge/run/control.sock before
    before=$(stat -c '%i %z' "$socket" 2> /dev/null)
    edge edge "$@"
    until [ -S "$socket" ] && [ "$(stat -c '%i %z' "$socket" 2> /dev/null)" != "$before" ]; do
        is_running edge || return 1
    done
}
# A moment within the time that making takes, every other time within its first part, where links
# and addresses are made.
moment() { pause $((RANDOM % (RANDOM % 2 ? whole : whole / 8 + 20))); }
clock() { echo $(($(date +%s%N) / 1000000)); }
pause() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

mkdir -p "$WORK/edge/config/"{tenants,circuits,keys}
settings "${ports[@]}" | place edge circuitd.yaml
circuits 1 "$COUNT"
# How long making takes here: the kills are to fall into it. The first start only warms caches.
start --log warning
end edge KILL
wipe
start --log warning
started=$(clock)
eventually 30 "all $COUNT circuits stand" stands "$COUNT"
whole=$(($(clock) - started))
say "  making takes $whole ms"
end edge KILL

partly=0 present=$COUNT
for round in $(seq "$ROUNDS"); do
    case $((round % 3)) in
        1) # From nothing, killed while it is made.
            wipe
            start --log warning
            moment
            ;;
        2) # From what the last kill left, killed again.
            start --log warning
            moment
            ;;
        0) # In the middle of a change.
            start --log warning
            eventually 30 "round $round: $present circuits stand and nothing else" stands "$present"
            if [ "$present" = "$COUNT" ]; then
                present=$((COUNT - 3))
                without $((present + 1)) "$COUNT"
            else
                present=$COUNT
                circuits $((COUNT - 2)) "$COUNT"
            fi
            pause $((RANDOM % (200 + whole / 2)))
            ;;
    esac
    end edge KILL
    found=$(have)
    say "        round $round: killed with $found of $((5 * present)) addresses and routes"
    if [ "$found" -gt 0 ] && [ "$found" -ne $((5 * present)) ]; then partly=$((partly + 1)); fi
    # The machine may be slower or faster by now.
    if [ $((round % 3)) = 1 ]; then
        if [ "$found" = 0 ]; then whole=$((whole * 3 / 2)); fi
        if [ "$found" = $((5 * present)) ]; then whole=$((whole * 2 / 3)); fi
    fi
done
check "some kills ($partly of $ROUNDS) fell into the middle of the work" [ "$partly" -ge 2 ]
circuits 1 "$COUNT"
start
eventually 30 "after $ROUNDS kills, all $COUNT circuits stand and nothing else" stands "$COUNT"
end edge KILL
without $((COUNT - 2)) "$COUNT"
for round in 1 2 3; do
    start --log warning
    moment
    end edge KILL
done
start
eventually 30 "removed while killed: the rest stands and nothing else" stands $((COUNT - 3))
check "shutdown" ctl edge shutdown --yes
eventually 30 "nothing of ours is left" nothing
eventually 10 "the daemon has ended" not is_running edge
summary
