#!/bin/bash
# Our daemon against BIRD, FRR, GoBGP and OpenBGPD, each in a namespace of its own: sessions in both
# families, routes both ways as either side tells it, a shared password and a wrong one, a peer that
# dials us while we only listen, a peer that dies. Run by scripts/test interop.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$ROAD/topology.sh"
trouble_now() { tail -15 "$WORK/edge.log"; ctl edge status; }
TROUBLE=trouble_now

namespace edge
forwarding edge
in_ns edge sysctl -qw net.ipv4.nexthop_compat_mode=0 net.ipv4.fib_multipath_hash_policy=1 \
    net.ipv6.fib_multipath_hash_policy=1

# Peer number N: 192.0.2.(4N+2) and fd00:N::2, AS 65000+N, announces 10.(50+N).0.0/24 and fd5N::/32.
peer() { # N NAME
    namespace "$2"
    cable "$2" eth0 edge "to-$2"
    address "$2" eth0 "192.0.2.$((4 * $1 + 2))/30" "fd00:$1::2/64"
}
circuit() { # N NAME [BGP KEYS]
    place edge "circuits/$2.yaml" << YAML
circuit: $2
tenant: acme
provider: dedicated
vlan: untagged
links:
  main: { port: $2, address: 192.0.2.$((4 * $1 + 1))/30, peer: 192.0.2.$((4 * $1 + 2)), address6: "fd00:$1::1/64", peer6: "fd00:$1::2" }
bgp: { peer-asn: $((65000 + $1)), accept: [10.$((50 + $1)).0.0/16 upto 24, "fd5$1::/16 upto 48"], hold-time: 9s${3:+, $3} }
YAML
}
in_kernel() { # N
    ip -n "$TAG-edge" route show proto 67 | grep -q "^10.$((50 + $1)).0.0/24 " &&
        ip -n "$TAG-edge" -6 route show proto 67 | grep -q "^fd5$1::/32 "
}
session() { ctl edge circuit "$1" --json | jq -e --arg s "$2" 'all(.links[].sessions[]; .state == $s)' > /dev/null; }
never() { # SECONDS COMMAND...: fails if the command succeeds before the time is over
    local end=$((SECONDS + $1 * PATIENCE))
    shift
    while [ $SECONDS -lt $end ]; do
        ! "$@" > /dev/null 2>&1 || return 1
        sleep 0.3
    done
}

peer 1 bird
peer 2 frr
peer 3 gobgp
peer 4 openbgpd
peer 5 wrong

cat > "$WORK/bird.conf" << CONF
router id 192.0.2.6;
log stderr all;
protocol device {}
protocol static { ipv4; route 10.51.0.0/24 unreachable; }
protocol static { ipv6; route fd51::/32 unreachable; }
template bgp edge { local as 65001; password "sixteen horses"; connect delay time 1; error wait time 1, 2; hold time 9; }
protocol bgp edge4 from edge { neighbor 192.0.2.5 as 64600; ipv4 { import all; export all; }; }
protocol bgp edge6 from edge { neighbor fd00:1::1 as 64600; ipv6 { import all; export all; }; }
CONF
sed 's/fd00:1/fd00:5/; s/192.0.2.5/192.0.2.21/; s/65001/65005/; s/51/55/; s/sixteen/seventeen/' "$WORK/bird.conf" > "$WORK/wrong.conf"
bird bird
bird wrong

cat > "$WORK/frr.conf" << CONF
router bgp 65002
 bgp router-id 192.0.2.10
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 timers bgp 3 9
 neighbor 192.0.2.9 remote-as 64600
 neighbor 192.0.2.9 timers connect 1
 neighbor fd00:2::1 remote-as 64600
 neighbor fd00:2::1 timers connect 1
 address-family ipv4 unicast
  network 10.52.0.0/24
  neighbor 192.0.2.9 activate
 exit-address-family
 address-family ipv6 unicast
  network fd52::/32
  neighbor fd00:2::1 activate
 exit-address-family
CONF
chmod 644 "$WORK/frr.conf"
mkdir -p "$WORK/vty"
background frr ip netns exec "$TAG-frr" /usr/lib/frr/bgpd -u root -g root -Z -S -f "$WORK/frr.conf" \
    -i "$WORK/frr-own.pid" --vty_socket "$WORK/vty" -z "$WORK/vty/none" -A 127.0.0.1
frr() { in_ns frr vtysh --vty_socket "$WORK/vty" -d bgpd -c "$1"; }

cat > "$WORK/gobgp.toml" << CONF
[global.config]
  as = 65003
  router-id = "192.0.2.14"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "192.0.2.13"
    peer-as = 64600
  [neighbors.timers.config]
    hold-time = 9
    connect-retry = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "fd00:3::1"
    peer-as = 64600
  [neighbors.timers.config]
    hold-time = 9
    connect-retry = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
CONF
background gobgp ip netns exec "$TAG-gobgp" gobgpd -f "$WORK/gobgp.toml" --api-hosts 127.0.0.1:50051
gobgp() { in_ns gobgp gobgp "$@"; }

# The edge only listens for this one.
cat > "$WORK/openbgpd.conf" << CONF
AS 65004
router-id 192.0.2.18
socket "$WORK/openbgpd.sock"
fib-update no
holdtime 9
network 10.54.0.0/24
network fd54::/32
neighbor 192.0.2.17 {
    remote-as 64600
    announce IPv4 unicast
}
neighbor fd00:4::1 {
    remote-as 64600
    announce IPv6 unicast
    announce IPv4 none
}
allow from any
allow to any
CONF
chmod 600 "$WORK/openbgpd.conf"
openbgpd() { in_ns openbgpd bgpctl -s "$WORK/openbgpd.sock" "$@"; }

edge edge
eventually 10 "the daemon answers" healthz edge
settings bird=to-bird frr=to-frr gobgp=to-gobgp openbgpd=to-openbgpd wrong=to-wrong | place edge circuitd.yaml
place edge tenants/acme.yaml << YAML
tenant: acme
vrf: none
networks: [10.20.0.0/16, "fd20::/32"]
YAML
(umask 077 && printf 'sixteen horses\n' > "$WORK/edge/config/keys/horses")
circuit 1 bird "password-file: keys/horses"
circuit 2 frr
circuit 3 gobgp
circuit 4 openbgpd "passive: true"
circuit 5 wrong "password-file: keys/horses"
eventually 5 "the files are accepted" bash -c "curl -s --unix-socket $WORK/edge/run/health.sock http://c/healthz | jq -e '[.reasons[] | select(test(\"yaml\"))] == []'"
eventually 20 "gobgp answers" gobgp global
gobgp global rib add 10.53.0.0/24 > /dev/null
gobgp global rib -a ipv6 add fd53::/32 > /dev/null

# OpenBGPD dials again only after two minutes: it is started once somebody listens.
eventually 10 "the edge waits for OpenBGPD in both families" bash -c "$BIN/circuitctl --run $WORK/edge/run circuit openbgpd --json | jq -e 'all(.links[].sessions[]; .state == \"Active\")'"
mkdir -p /run/openbgpd # its chroot
background openbgpd ip netns exec "$TAG-openbgpd" bgpd -d -f "$WORK/openbgpd.conf"

say "== established, both families, both ways"
number=0
for name in bird frr gobgp openbgpd; do
    number=$((number + 1))
    eventually 40 "$name: both sessions are established" session $name Established
    eventually 10 "$name: its routes are in the kernel" in_kernel $number
done
eventually 10 "bird has our network" bash -c "command birdc -s $WORK/bird.ctl show route protocol edge4 | grep -q 10.20.0.0/16"
eventually 10 "and in IPv6" bash -c "command birdc -s $WORK/bird.ctl show route protocol edge6 | grep -q fd20::/32"
has() { "$@" | grep -q -- "$pattern"; }
pattern=10.20.0.0/16 eventually 10 "frr has our network" has frr "show bgp ipv4 unicast"
pattern=fd20::/32 eventually 10 "and in IPv6" has frr "show bgp ipv6 unicast"
pattern=10.20.0.0/16 eventually 10 "gobgp has our network" has gobgp global rib
pattern=fd20::/32 eventually 10 "and in IPv6" has gobgp global rib -a ipv6
pattern=10.20.0.0/16 eventually 10 "openbgpd has our network" has openbgpd show rib
pattern=fd20::/32 eventually 10 "and in IPv6" has openbgpd show rib
check "none has another peer's routes: nothing is exchanged unasked" bash -c "! command birdc -s $WORK/bird.ctl show route | grep -E '10\.5[2-5]|fd5[2-5]'"

say "== passwords"
check "a wrong password never connects" never 6 session wrong Established
check "and says what it may be" bash -c "$BIN/circuitctl --run $WORK/edge/run circuit wrong | grep -qi -E 'password|MD5|timed out|active|connect'"
chmod 644 "$WORK/edge/config/keys/horses"
eventually 15 "a key that others may read holds its session down" bash -c "$BIN/circuitctl --run $WORK/edge/run circuit bird | grep -q 'readable by others'"
chmod 600 "$WORK/edge/config/keys/horses"
eventually 40 "closed again, the session comes back" session bird Established

say "== peers that die"
for name in bird frr gobgp openbgpd; do
    end $name KILL
done
pkill -KILL -F "$WORK/openbgpd.pid" 2> /dev/null
# OpenBGPD's other processes end with their parent's pipes.
number=0
for name in bird frr gobgp openbgpd; do
    number=$((number + 1))
    eventually 140 "$name: its routes are withdrawn" not in_kernel $number
done
check "shutdown" ctl edge shutdown --yes
summary
