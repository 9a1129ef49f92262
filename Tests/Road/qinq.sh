#!/bin/bash
# The road with QinQ links, VRFs and two tenants with the same addresses and VLAN numbers, on a
# Debian kernel in a virtual machine. Run by scripts/test lab, inside scripts/lab.
export HOLD=${HOLD:-90}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$ROAD/topology.sh"

modprobe -a 8021q vrf dummy veth
health_is() { healthz edge | jq -e --arg s "$1" '.status == $s' > /dev/null || { healthz edge; return 1; }; }
pings() { in_ns "$1" ping -c 1 -W 3 ${3:+-I "$3"} "$2"; }
silent() { ! in_ns "$1" ping -c 2 -i 0.3 -W 1 "$2"; }
reason_has() { healthz edge | grep -F -- "$1" || { healthz edge; return 1; }; }
# A machine this slow is asked for order and outcome; the rate is what it carries beside them.
RATE=${RATE:-50}
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
        ip -n "$TAG-edge" -o link show type dummy
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
address edge wan-p 2001:db8:100::1/64
in_ns edge ip route add 10.30.101.0/24 via 198.18.9.2 table 1001 proto static metric 50
in_ns edge ip nexthop add id 77 via 198.18.9.2 dev foreign9 protocol static
in_ns edge ip route add 203.0.113.0/24 nhid 77 proto static
foreign() {
    in_ns edge ip -d -o link show foreign9 | grep -o 'foreign9@wan-p.*id 9'
    in_ns edge ip -o address show foreign9 | grep -o '198.18.9.1/24'
    in_ns edge ip -o address show wan-p | grep -oE '198.51.100.1/24|2001:db8:100::1/64'
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
    for number in 1 2; do
        check "in$x and the host behind msee$number$x exchange packets" pings "in$x" 10.30.10$number.9
        check "and in IPv6" pings "in$x" fd30:10$number::9
        check "the other way round too" pings "cloud$x" 10.20.0.9 10.30.10$number.9
        check "and in IPv6" pings "cloud$x" fd20::9 fd30:10$number::9
    done
done

say "== tenants never meet"
# Every echo request is counted where bolt is: its own are seen, and none of acme's.
count() { in_ns "$1" nft -j list counter inet seen echo | jq '.nftables[] | select(.counter) | .counter.packets'; }
talk() { # SUFFIX: as a tenant's hosts do
    local target
    for target in 10.30.9.9 fd30:9::9 10.30.101.9 10.30.102.9 fd30:102::9; do in_ns "in$1" ping -c 2 -i 0.2 -W 2 $target; done
    for target in 10.20.0.9 fd20::9; do in_ns "cloud$1" ping -c 2 -i 0.2 -W 2 $target; done
    for target in 10.20.0.9 169.254.10.5; do in_ns "msee2$1" ping -c 2 -i 0.2 -W 2 $target; done
} > /dev/null
for where in inb cloudb msee1b msee2b; do
    in_ns $where nft "add table inet seen; add counter inet seen echo; add chain inet seen in { type filter hook prerouting priority 0; }; add rule inet seen in icmp type echo-request counter name echo; add rule inet seen in icmpv6 type echo-request counter name echo"
done
talk b
for where in inb cloudb msee1b msee2b; do
    check "$where counts bolt's own packets" [ "$(count $where)" -gt 0 ]
    in_ns $where nft reset counter inet seen echo > /dev/null
done
talk ""
for where in inb cloudb msee1b msee2b; do
    check "$where saw none of acme's" [ "$(count $where)" = 0 ]
done
# Somebody in the default VRF does reach the edge's addresses: they answer.
address msee1 wan 198.51.100.2/24 2001:db8:100::2/64
in_ns msee1 ip route add 203.0.113.7 via 198.51.100.1
in_ns msee1 ip -6 route add 2001:db8::7 via 2001:db8:100::1
check "the edge's address answers in the default VRF" pings msee1 203.0.113.7
check "and in IPv6" pings msee1 2001:db8::7
check "in does not reach it" silent in 203.0.113.7
check "nor in IPv6" silent in 2001:db8::7
check "nor one inside its own network" silent in 10.20.0.77
check "nor does the cloud" silent cloud 203.0.113.7
# The check can fail: with the kernel's own order of rules a tenant's host does reach it.
in_ns edge ip rule add pref 0 lookup local
check "with the kernel's own order of rules it would" pings in 203.0.113.7
in_ns edge ip rule del pref 0 lookup local
check "and no longer does" silent in 203.0.113.7

say "== kill -9 and start again"
objects() {
    in_ns edge ip route show table all proto 67
    in_ns edge ip -6 route show table all proto 67
    in_ns edge ip nexthop show protocol 67
    in_ns edge ip -o link show type vlan
}
before=$(objects)
in_ns edge ip monitor route nexthop link > "$WORK/monitor.log" 2>&1 &
monitor=$!
both_ways_start
both_ways_start b
sleep 4
end edge KILL
sleep 4
check "the kernel's objects stay while nobody is there" [ "$before" = "$(objects)" ]
edge edge
eventually 20 "the daemon is back" healthz edge
for x in "" b; do
    for number in 1 2; do
        eventually 30 "msee$number$x is established again" bird_established "msee$number$x" edge4
        eventually 30 "and in IPv6" bird_established "msee$number$x" edge6
    done
done
eventually 30 "health is ok again" health_is ok
sleep 4
check "acme's probe lost nothing, both ways, both families" both_ways_end
check "nor did bolt's" both_ways_end b
cat "$WORK"/probe-*.log
kill $monitor; wait $monitor 2> /dev/null
check "no route, nexthop or link was deleted or replaced" bash -c "! grep -E 'proto(col)? (67|circuitd)|Deleted' $WORK/monitor.log"
check "the kernel's objects are the same as before" [ "$before" = "$(objects)" ]

say "== 802.1ad outside, on a port that comes later"
namespace ad
cable ad eth0 edge metro
in_ns ad ip link add link eth0 name s20 type vlan protocol 802.1ad id 20
in_ns ad ip link set s20 up
in_ns ad ip link add link s20 name c100 type vlan id 100
in_ns ad ip link set c100 up
address ad c100 192.0.2.2/30 fd00:c::2/126
# A foreign route at the very key of one of ours.
in_ns edge ip route add 10.41.0.0/16 via 198.18.9.2 table 1003 proto static metric 20
settings campus=campus wan-p=wan-p wan-s=wan-s campusb=campusb wan-pb=wan-pb wan-sb=wan-sb metro=metro |
    sed 's/device: metro/&, outer-tpid: 802.1ad/' | place edge circuitd.yaml
tenant carl "{ table: 1003 }" | sed '/exchange/,$d' | place edge tenants/carl.yaml
place edge circuits/carl-metro.yaml << 'YAML'
circuit: carl-metro
tenant: carl
provider: dedicated
vlan: { outer: 20, inner: 100 }
routing: static
routes: [10.40.0.0/16, 10.41.0.0/16, "fd40::/16"]
links:
  main: { port: metro, address: 192.0.2.1/30, peer: 192.0.2.2, address6: "fd00:c::1/126", peer6: "fd00:c::2" }
YAML
eventually 20 "its static route is in the table" in_table 4 1003 10.40.0.0/16
eventually 20 "and in IPv6" in_table 6 1003 fd40::/16
check "the outer link is 802.1ad" bash -c "ip -n $TAG-edge -d -o link show type vlan | grep -q 'protocol 802.1ad id 20'"
eventually 20 "the far side reaches the edge's link address" pings ad 192.0.2.1
eventually 20 "and in IPv6" pings ad fd00:c::1
eventually 20 "the route that a foreign one stands in the way of is reported" reason_has 10.41.0.0/16
check "and the foreign one stays" bash -c "ip -n $TAG-edge route show table 1003 | grep '^10.41.0.0/16 via 198.18.9.2' | grep -q static"
in_ns edge ip route del 10.41.0.0/16 table 1003 proto static metric 20
eventually 20 "when that is gone, ours comes" in_table 4 1003 10.41.0.0/16
eventually 20 "health is ok" health_is ok

say "== one tenant's files go, the other's stay"
rm "$WORK/edge/config/circuits/bolt-azure.yaml"
eventually 20 "bolt's circuit is gone" bash -c "! ip -n $TAG-edge -o link show | grep 'alias circuitd:bolt-azure'"
rm "$WORK/edge/config/circuits/bolt-inside.yaml"
eventually 20 "and its inside" bash -c "! ip -n $TAG-edge -o link show | grep 'alias circuitd:bolt-inside'"
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
eventually 10 "the daemon has ended" not is_running edge
check "and has left nothing" nothing_of_ours
summary
