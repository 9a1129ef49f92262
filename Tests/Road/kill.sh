#!/bin/bash
# kill -9 at random moments while links, addresses and routes are being made and removed, then
# start: always the desired state, nothing orphaned. On this host's kernel with untagged links; with
# TAGS=1 (in the machine) with VLANs and VRFs. SEED repeats a run.
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
addresses() { ip -n "$TAG-edge" -o address show | grep -cE '192\.0\.2\.|fd00:'; }
routes4() { ip -n "$TAG-edge" route show table all proto 67 | grep -cE '^10\.1[0-9][0-9]\.'; }
routes6() { ip -n "$TAG-edge" -6 route show table all proto 67 | grep -cE '^fd[0-9]+:1::'; }
stands() { # N circuits, and nothing else
    local want=$1 have
    have="$(addresses) $(routes4) $(routes6)"
    [ "$have" = "$((2 * want)) $((2 * want)) $want" ] || { echo "addresses, routes v4, v6: $have for $want circuits"; return 1; }
    local strays
    strays=$(ip -n "$TAG-edge" nexthop show protocol 67 | wc -l)
    # Two singles and two groups a circuit, and the placeholder's two.
    [ "$strays" -le $((4 * want + 2)) ] || { echo "$strays nexthops for $want circuits"; return 1; }
    [ -z "$TAGS" ] || [ "$(ip -n "$TAG-edge" -o link show type vrf | wc -l)" = "$want" ] || { echo "VRFs: $(ip -n "$TAG-edge" -o link show type vrf | wc -l)"; return 1; }
}
nothing() {
    local left
    left=$(ip -n "$TAG-edge" route show table all proto 67
        ip -n "$TAG-edge" -6 route show table all proto 67
        ip -n "$TAG-edge" nexthop show protocol 67
        ip -n "$TAG-edge" -o address show | grep -E '192\.0\.2\.|fd00:'
        ip -n "$TAG-edge" -o link show | grep -oE 'circuitd[0-9a-z]*.*alias.*')
    printf '%s' "$left"
    [ -z "$left" ]
}

mkdir -p "$WORK/edge/config/"{tenants,circuits,keys}
settings "${ports[@]}" | place edge circuitd.yaml
half=$((COUNT / 2))
circuits 1 $half
for round in $(seq "$ROUNDS"); do
    edge edge --log warning
    # In the middle of making; every other round also in the middle of a change.
    sleep "0.$(printf %03d $((RANDOM % (60 * PATIENCE + 240))))"
    if [ $((round % 2)) = 0 ]; then
        circuits $((half + 1)) "$COUNT"
        sleep "0.$(printf %03d $((RANDOM % 250)))"
    fi
    end edge KILL
done
circuits 1 "$COUNT"
edge edge
eventually 30 "after $ROUNDS kills, all $COUNT circuits stand and nothing else" stands "$COUNT"
end edge KILL
for n in $(seq $((COUNT - 2)) "$COUNT"); do rm "$WORK/edge/config/circuits/c$n.yaml" "$WORK/edge/config/tenants/t$n.yaml"; done
for round in 1 2 3; do
    edge edge --log warning
    sleep "2.$(printf %03d $((RANDOM % 400)))"
    end edge KILL
done
edge edge
eventually 30 "removed while killed: the rest stands and nothing else" stands $((COUNT - 3))
check "shutdown" ctl edge shutdown --yes
eventually 30 "nothing of ours is left" nothing
eventually 10 "the daemon has ended" not is_running edge
summary
