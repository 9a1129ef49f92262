#!/bin/bash
# The road with untagged links on this host's own kernel: an ExpressRoute-like pair of BIRDs, an
# inside host, packets both ways in both families; a link lost and restored; the daemon killed and
# started again; files broken, repaired and wiped. Run by scripts/test host.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$ROAD/topology.sh"

config() { printf '%s\n' "$WORK/edge/config"; }
routes() { ip -n "$TAG-edge" "-$1" route show proto 67 | wc -l; }
has_routes() { [ "$(routes 4)" -ge "$1" ] && [ "$(routes 6)" -ge "$2" ]; }
health_is() { healthz edge | jq -e --arg s "$1" '.status == $s' > /dev/null || { healthz edge; return 1; }; }
reason_has() { healthz edge | grep -F -- "$1" || { healthz edge; return 1; }; }
pings() { in_ns "$1" ping -c 1 -W 2 "$2"; }
trouble_now() { tail -15 "$WORK/edge.log"; ctl edge status; }
TROUBLE=trouble_now

say "== the road, untagged"
namespace edge
forwarding edge
in_ns edge sysctl -qw net.ipv4.nexthop_compat_mode=0 net.ipv4.fib_multipath_hash_policy=1 \
    net.ipv6.fib_multipath_hash_policy=1
world "" untagged
# What is foreign, and must be found as it was.
in_ns edge ip link add foreign0 type veth peer name foreign1
in_ns edge ip link set foreign0 up
in_ns edge ip link set foreign1 up
in_ns edge ip address add 198.18.0.1/24 dev foreign0
in_ns edge ip address add 198.51.100.1/24 dev wan-p
in_ns edge ip nexthop add id 77 via 198.18.0.2 dev foreign0 protocol static
in_ns edge ip route add 10.30.101.0/24 via 198.18.0.2 proto static metric 50
in_ns edge ip route add 203.0.113.0/24 nhid 77 proto static
foreign() {
    in_ns edge ip -d link show foreign0 | sed 's/ qlen.*//'
    in_ns edge ip -o address show foreign0 | grep -o '198.18.0.1/24'
    in_ns edge ip -o address show wan-p | grep -o '198.51.100.1/24'
    in_ns edge ip nexthop show id 77
    in_ns edge ip route show proto static
}
foreign_before=$(foreign)

edge edge
settings campus=campus wan-p=wan-p wan-s=wan-s | place edge circuitd.yaml
eventually 5 "the daemon answers on health.sock" healthz edge
tenant acme none | place edge tenants/acme.yaml
inside acme campus untagged | place edge circuits/acme-inside.yaml
azure acme wan-p wan-s untagged | place edge circuits/acme-azure.yaml
eventually 20 "the primary's IPv4 session is established, says BIRD" bird_established msee1 edge4
eventually 20 "the primary's IPv6 session is established, says BIRD" bird_established msee1 edge6
eventually 20 "the secondary's sessions are established, says BIRD" bird_established msee2 edge4
eventually 20 "and in IPv6" bird_established msee2 edge6
eventually 10 "BIRD's routes are in the kernel" has_routes 3 3
eventually 10 "our network is in BIRD" bash -c "birdc -s $WORK/msee1.ctl show route protocol edge4 | grep -q 10.20.0.0/16"
eventually 10 "a static route's prefix is in BIRD" bash -c "birdc -s $WORK/msee1.ctl show route protocol edge4 | grep -q 10.21.0.0/16"
eventually 10 "the inside host reaches the cloud in IPv4" pings in 10.30.9.9
eventually 10 "and in IPv6" pings in fd30:9::9
eventually 10 "the cloud reaches the inside host in IPv4" pings cloud 10.20.0.9
eventually 10 "and in IPv6" pings cloud fd20::9
eventually 10 "health is ok" health_is ok
check "status exits 0" ctl edge status
check "a foreign route at the same prefix is untouched" bash -c "ip -n $TAG-edge route show 10.30.101.0/24 metric 50 | grep -q 198.18.0.2"

say "== kill -9 and start again"
before=$(in_ns edge ip route show proto 67; in_ns edge ip -6 route show proto 67; in_ns edge ip nexthop show protocol 67)
in_ns edge ip monitor route nexthop > "$WORK/monitor.log" 2>&1 &
monitor=$!
both_ways_start
sleep 1
end edge KILL
sleep 1
check "the kernel's routes stay while nobody is there" [ "$(routes 4)" -ge 3 ]
edge edge
eventually 20 "the daemon is back" healthz edge
eventually 30 "its sessions are established again" bird_established msee1 edge4
eventually 30 "on the secondary too" bird_established msee2 edge6
eventually 30 "health is ok again" health_is ok
sleep 1
check "a 1 kHz probe lost nothing, both ways, both families" both_ways_end
kill $monitor; wait $monitor 2> /dev/null
check "no route or nexthop was deleted or replaced" bash -c "! grep -E 'proto (67|circuitd)( |$)' $WORK/monitor.log"
after=$(in_ns edge ip route show proto 67; in_ns edge ip -6 route show proto 67; in_ns edge ip nexthop show protocol 67)
check "the kernel's objects are the same as before" [ "$before" = "$after" ]

say "== a link is cut and comes back"
both_ways_start
sleep 1
ip -n "$TAG-msee1" link set wan down
eventually 5 "health is degraded and says which link" reason_has primary
sleep 2
ip -n "$TAG-msee1" link set wan up
# The far edge loses its IPv6 address with the link: BIRD's side is set up again.
ip -n "$TAG-msee1" address add fd00:a::2/126 dev wan nodad 2> /dev/null
eventually 60 "the primary comes back" bird_established msee1 edge4
eventually 60 "health is ok again" health_is ok
say "  losses over a lost and restored link:"
both_ways_end | sed 's/^/        /'
eventually 10 "packets flow" pings in 10.30.9.9

say "== a file half-written, broken, repaired"
both_ways_start
head -c 120 "$(config)/circuits/acme-azure.yaml" > "$WORK/half"
cp "$(config)/circuits/acme-azure.yaml" "$WORK/good"
cat "$WORK/half" > "$(config)/circuits/acme-azure.yaml"
eventually 10 "health names the file" reason_has circuits/acme-azure.yaml
sed 's/vlan: untagged/vlan: 5000/' "$WORK/good" | place edge circuits/acme-azure.yaml
eventually 10 "health names file and line" bash -c "curl -s --unix-socket $WORK/edge/run/health.sock http://circuitd/healthz | grep -E 'circuits/acme-azure.yaml:[0-9]+:[0-9]+'"
check "and is degraded, not down" health_is degraded
check "the offline check refuses it too, with exit code 1" bash -c "$BIN/circuitctl check $(config); [ \$? -eq 1 ]"
place edge circuits/acme-azure.yaml < "$WORK/good"
eventually 10 "health is ok when it is repaired" health_is ok
check "the running circuit never blinked" both_ways_end
check "its sessions were never reset" bash -c "birdc -s $WORK/msee2.ctl show protocols all edge4 | grep -q Established"

say "== the guard"
mkdir "$WORK/kept"
cp -r "$(config)/." "$WORK/kept/"
both_ways_start
for file in circuits/acme-azure tenants/acme circuits/acme-inside; do rm "$(config)/$file.yaml"; sleep 0.7; done
eventually 10 "wiped file by file, it is held back" reason_has "circuitctl confirm"
sleep 3
check "the routes are still there" has_routes 3 3
cp -r "$WORK/kept/." "$(config)/"
eventually 10 "put back, all is well" health_is ok
rm -rf "$(config)"/circuits/* "$(config)"/tenants/*
eventually 10 "a wiped directory is held back, and health says how to let it go" reason_has "circuitctl confirm"
sleep 3
check "the routes are still there" has_routes 3 3
cp -r "$WORK/kept/." "$(config)/"
eventually 10 "put back, all is well" health_is ok
check "nothing was lost meanwhile" both_ways_end

say "== taking the files away"
rm "$(config)"/circuits/* "$(config)"/tenants/*
eventually 10 "the removal of everything asks" reason_has "circuitctl confirm"
check "the operator confirms" ctl edge confirm
eventually 20 "no route of ours is left" bash -c "[ \$(ip -n $TAG-edge route show table all proto 67 | wc -l) = 0 ] && [ \$(ip -n $TAG-edge -6 route show table all proto 67 | wc -l) = 0 ]"
eventually 10 "no nexthop of ours is left" bash -c "[ -z \"\$(ip -n $TAG-edge nexthop show protocol 67)\" ]"
eventually 10 "no address of ours is left" bash -c "! ip -n $TAG-edge address show | grep -E '169.254.10|10.20.0.1/|fd20::1/|fd00:a'"
eventually 10 "no device of ours is left" bash -c "! ip -n $TAG-edge -d link show | grep circuitd"
check "what was foreign is as it was" [ "$foreign_before" = "$(foreign)" ]
check "shutdown by circuitctl" ctl edge shutdown --yes
summary
