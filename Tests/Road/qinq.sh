#!/bin/bash
# The road with QinQ links, VRFs and two tenants with the same addresses and VLAN numbers, on a
# Debian kernel in a virtual machine. Run by scripts/test lab, inside scripts/lab.
export HOLD=${HOLD:-90}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$ROAD/topology.sh"

modprobe -a 8021q vrf dummy veth
health_is() { healthz edge | jq -e --arg s "$1" '.status == $s' > /dev/null || { healthz edge; return 1; }; }
pings() { in_ns "$1" ping -c 1 -W 3 "$2"; }
silent() { ! in_ns "$1" ping -c 2 -i 0.3 -W 1 "$2"; }
in_table() { ip -n "$TAG-edge" "-$1" route show table "$2" proto 67 | grep -q "^$3 "; }
trouble_now() { tail -15 "$WORK/edge.log"; ctl edge status; ip -n "$TAG-edge" -br link; }
TROUBLE=trouble_now
nothing_of_ours() {
    local left
    left=$(ip -n "$TAG-edge" route show table all proto 67
        ip -n "$TAG-edge" -6 route show table all proto 67
        ip -n "$TAG-edge" nexthop show protocol 67
        ip -n "$TAG-edge" -o link show | grep -o 'alias circuitd.*'
        ip -n "$TAG-edge" -o link show type vrf
        ip -n "$TAG-edge" -o -d link show type vlan | grep -v foreign9
        ip -n "$TAG-edge" -o address show | grep -E '169\.254\.10|10\.20\.0\.1/|fd20::1/|fd00:a')
    printf '%s' "$left"
    [ -z "$left" ]
}

say "== two tenants, the same addresses, QinQ and VRF"
namespace edge
forwarding edge
in_ns edge sysctl -qw net.ipv4.nexthop_compat_mode=0 net.ipv4.fib_multipath_hash_policy=1 \
    net.ipv6.fib_multipath_hash_policy=1
in_ns edge "$ROAD/../../systemd/prepare-host"
world "" qinq 1010 100 310
world b qinq 1010 100 310
# An address of the edge in the default VRF, which no tenant may reach.
in_ns edge ip address add 10.20.0.77/32 dev lo
in_ns edge ip address add 203.0.113.7/32 dev lo
in_ns edge ip -6 address add 2001:db8::7/128 dev lo

say "== what is foreign"
in_ns edge ip link add link wan-p name foreign9 type vlan id 9
in_ns edge ip link set foreign9 up
in_ns edge ip address add 198.18.9.1/24 dev foreign9
in_ns edge ip address add 198.51.100.1/24 dev wan-p
in_ns edge ip route add 10.30.101.0/24 via 198.18.9.2 table 1001 proto static metric 50
in_ns edge ip nexthop add id 77 via 198.18.9.2 dev foreign9 protocol static
in_ns edge ip route add 203.0.113.0/24 nhid 77 proto static
foreign() {
    in_ns edge ip -d -o link show foreign9 | grep -o 'foreign9@wan-p.*id 9'
    in_ns edge ip -o address show foreign9 | grep -o '198.18.9.1/24'
    in_ns edge ip -o address show wan-p | grep -o '198.51.100.1/24'
    in_ns edge ip route show table 1001 proto static
    in_ns edge ip nexthop show id 77
    in_ns edge ip route show proto static
}
foreign_before=$(foreign)

edge edge
settings campus=campus wan-p=wan-p wan-s=wan-s campusb=campusb wan-pb=wan-pb wan-sb=wan-sb | place edge circuitd.yaml
eventually 5 "the daemon answers on health.sock" healthz edge
table=1001
for t in "acme:" "bolt:b"; do
    name=${t%%:*} x=${t#*:}
    tenant "$name" "{ table: $table }" | place edge "tenants/$name.yaml"
    inside "$name" "campus$x" 310 | place edge "circuits/$name-inside.yaml"
    azure "$name" "wan-p$x" "wan-s$x" "{ outer: 1010, inner: 100 }" 1400 | place edge "circuits/$name-azure.yaml"
    table=$((table + 1))
done
for x in "" b; do
    for number in 1 2; do
        eventually 60 "msee$number$x IPv4 is established" bird_established "msee$number$x" edge4
        eventually 60 "msee$number$x IPv6 is established" bird_established "msee$number$x" edge6
    done
done
eventually 20 "BIRD's routes are in acme's table" in_table 4 1001 10.30.0.0/16
eventually 20 "in IPv6 too" in_table 6 1001 fd30::/16
eventually 20 "and in bolt's" in_table 4 1002 10.30.0.0/16
check "the main table has none of them" bash -c "[ -z \"\$(ip -n $TAG-edge route show table main proto 67)\" ]"
check "the VRF has its unreachable default" bash -c "ip -n $TAG-edge route show table 1001 | grep -q '^unreachable default'"
check "and in IPv6" bash -c "ip -n $TAG-edge -6 route show table 1001 | grep -q '^unreachable default'"
check "ours is in BIRD" bash -c "command birdc -s $WORK/msee1.ctl show route protocol edge4 | grep -q 10.20.0.0/16"
check "the circuit's MTU is on the link" bash -c "ip -n $TAG-edge -o link show | grep 'alias circuitd:acme-azure' | grep -q 'mtu 1400'"
eventually 20 "health is ok" health_is ok
for x in "" b; do
    eventually 20 "in$x reaches its cloud in IPv4" pings "in$x" 10.30.9.9
    eventually 20 "and in IPv6" pings "in$x" fd30:9::9
    eventually 20 "the cloud reaches in$x in IPv4" pings "cloud$x" 10.20.0.9
    eventually 20 "and in IPv6" pings "cloud$x" fd20::9
    eventually 20 "in$x reaches the host behind the secondary" pings "in$x" 10.30.2.9
done

say "== tenants never meet"
# Every packet of acme is counted in acme's namespaces only: bolt's hosts see none of acme's pings.
count() { in_ns "$1" nft -j list counter inet seen echo 2> /dev/null | jq '.nftables[] | select(.counter) | .counter.packets'; }
for where in inb cloudb msee1b msee2b; do
    in_ns $where nft "add table inet seen; add counter inet seen echo; add chain inet seen in { type filter hook prerouting priority 0; }; add rule inet seen in icmp type echo-request counter name echo; add rule inet seen in icmpv6 type echo-request counter name echo"
done
for address in 10.30.9.9 fd30:9::9 10.20.0.9 10.30.2.9; do in_ns in ping -c 3 -i 0.2 -W 2 $address > /dev/null; done
for address in 10.20.0.9 fd20::9; do in_ns cloud ping -c 3 -i 0.2 -W 2 $address > /dev/null; done
for where in inb cloudb msee1b msee2b; do
    check "$where saw none of acme's packets" [ "$(count $where)" = 0 ]
done
check "in does not reach the edge's address in the default VRF" silent in 203.0.113.7
check "nor in IPv6" silent in 2001:db8::7
check "nor one inside its own network" silent in 10.20.0.77
check "nor does the cloud" silent cloud 203.0.113.7

say "== one tenant's files go, the other's stay"
rm "$WORK/edge/config/circuits/bolt-azure.yaml"
sleep 3
rm "$WORK/edge/config/circuits/bolt-inside.yaml"
sleep 3
rm "$WORK/edge/config/tenants/bolt.yaml"
eventually 30 "bolt's VRF is gone" bash -c "! ip -n $TAG-edge link show vrf-bolt"
eventually 30 "bolt's routes are gone" bash -c "[ -z \"\$(ip -n $TAG-edge route show table 1002 2> /dev/null)\" ]"
check "acme still flows" pings in 10.30.9.9

say "== all files go"
rm "$WORK"/edge/config/circuits/* "$WORK"/edge/config/tenants/*
eventually 20 "the removal of everything asks" bash -c "curl -s --unix-socket $WORK/edge/run/health.sock http://c/healthz | grep -q 'circuitctl confirm'"
check "the operator confirms" ctl edge confirm
eventually 60 "nothing of ours is left" nothing_of_ours
check "what was foreign is as it was" [ "$foreign_before" = "$(foreign)" ]
check "shutdown" ctl edge shutdown --yes
summary
