# One tenant's world, as ExpressRoute has it: an inside host, our edge, a pair of far edges (BIRD,
# AS 12076) that also talk to each other, and a host in the cloud behind both.
#
#    in ---- campus [edge] wan-p ---- msee1 ---- cloud
#                          wan-s ---- msee2 -----'
#                                  (msee1 = msee2)
#
# world SUFFIX ENCAPSULATION builds it around an edge that exists; the suffix tells tenants apart,
# whose addresses are all the same. ENCAPSULATION is untagged, or qinq OUTER INNER INSIDE-VLAN.

# tagged NS DEV TAG...: VLANs one on the other; prints the name of the last.
tagged() {
    local name=$1 device=$2 tag
    shift 2
    for tag in "$@"; do
        ip -n "$TAG-$name" link add link "$device" name "v$tag" type vlan id "$tag"
        ip -n "$TAG-$name" link set "v$tag" up
        device=v$tag
    done
    echo "$device"
}

world() {
    local x=$1 outer=${3:-} inner=${4:-} inside=${5:-} number far near
    namespace "in$x" "msee1$x" "msee2$x" "cloud$x"
    cable "in$x" eth0 edge "campus$x"
    cable "msee1$x" wan edge "wan-p$x"
    cable "msee2$x" wan edge "wan-s$x"
    cable "msee1$x" mate "msee2$x" mate
    cable "msee1$x" lan "cloud$x" eth1
    cable "msee2$x" lan "cloud$x" eth2
    # shellcheck disable=SC2086
    near=$(tagged "in$x" eth0 $inside)
    address "in$x" "$near" 10.20.0.9/24 fd20::9/64
    ip -n "$TAG-in$x" route add default via 10.20.0.1
    ip -n "$TAG-in$x" -6 route add default via fd20::1
    forwarding "msee1$x" "msee2$x" "cloud$x"
    for number in 1 2; do
        # shellcheck disable=SC2086
        far=$(tagged "msee$number$x" wan $outer $inner)
        address "msee$number$x" "$far" "169.254.10.$((4 * number - 2))/30" "fd00:a::$((4 * number - 2))/126"
        address "msee$number$x" mate "172.30.0.$number/24" "fd00:b::$number/64"
        address "msee$number$x" lan "10.30.$number.1/24" "fd30:$number::1/64"
        address "cloud$x" "eth$number" "10.30.$number.9/24" "fd30:$number::9/64"
        far_edge "$number" "$x" > "$WORK/msee$number$x.conf"
        bird "msee$number$x"
    done
    # The cloud answers from one address, whichever far edge a packet came by.
    address "cloud$x" lo 10.30.9.9/32 fd30:9::9/128
    ip -n "$TAG-cloud$x" route add default via 10.30.1.1 src 10.30.9.9
    ip -n "$TAG-cloud$x" -6 route add default via fd30:1::1 src fd30:9::9
    # A host behind each far edge alone, which answers through that one.
    for number in 1 2; do
        address "cloud$x" lo "10.30.10$number.9/32" "fd30:10$number::9/128"
        ip -n "$TAG-cloud$x" rule add from "10.30.10$number.9" lookup "10$number"
        ip -n "$TAG-cloud$x" route add default via "10.30.$number.1" table "10$number"
        ip -n "$TAG-cloud$x" -6 rule add from "fd30:10$number::9" lookup "10$number"
        ip -n "$TAG-cloud$x" -6 route add default via "fd30:$number::1" table "10$number"
    done
    background "echo-in$x" ip netns exec "$TAG-in$x" "$BIN/probe" echo 7
    background "echo-cloud$x" ip netns exec "$TAG-cloud$x" "$BIN/probe" echo 7
}

# The configuration of a far edge: both sessions to us, one to its mate, routes to the cloud.
far_edge() {
    local number=$1 mate=$((3 - $1)) last=$((4 * $1 - 2))
    cat << CONF
router id 192.0.2.$number;
log stderr all;
protocol device { scan time 1; }
protocol kernel { ipv4 { export all; import none; }; }
protocol kernel { ipv6 { export all; import none; }; }
protocol static cloud4 {
    ipv4;
    route 10.30.0.0/16 via 10.30.$number.9;
    route 10.30.$((100 + number)).0/24 via 10.30.$number.9;
}
protocol static cloud6 {
    ipv6;
    route fd30::/16 via fd30:$number::9;
    route fd30:10$number::/32 via fd30:$number::9;
}
template bgp edge {
    local as 12076;
    hold time ${HOLD:-30};
    graceful restart on;
    error wait time 1, 2;
    connect retry time 1;
    connect delay time 1;
}
protocol bgp edge4 from edge {
    neighbor 169.254.10.$((last - 1)) as 64600;
    ipv4 { import all; export where source = RTS_STATIC; };
}
protocol bgp edge6 from edge {
    neighbor fd00:a::$((last - 1)) as 64600;
    ipv6 { import all; export where source = RTS_STATIC; };
}
template bgp beside {
    local as 12076;
    direct;
    hold time ${HOLD:-30};
    connect delay time 1;
}
protocol bgp mate4 from beside {
    neighbor 172.30.0.$mate as 12076;
    ipv4 { import all; export where proto ~ "edge*"; next hop self; };
}
protocol bgp mate6 from beside {
    neighbor fd00:b::$mate as 12076;
    ipv6 { import all; export where proto ~ "edge*"; next hop self; };
}
CONF
}

# settings [PORT=DEVICE ...]: this edge's circuitd.yaml.
settings() {
    cat << YAML
edge: ord1
router-id: 203.0.113.7
asn: 64600
ports:
YAML
    local pair
    for pair in "$@"; do echo "  ${pair%%=*}: { device: ${pair#*=} }"; done
}

# tenant NAME VRF: its file. VRF is `none` or `{ table: N }`.
tenant() {
    cat << YAML
tenant: $1
vrf: $2
networks: [10.20.0.0/16, "fd20::/16"]
exchange:
  - { from: $1-azure, to: $1-inside }
  - { from: $1-inside, to: $1-azure }
YAML
}

# inside NAME PORT TAGS: the tenant's own side, by static routes.
inside() {
    cat << YAML
circuit: $1-inside
tenant: $1
provider: inside
vlan: $3
routing: static
routes: [10.21.0.0/16]
links:
  main: { port: $2, address: 10.20.0.1/24, peer: 10.20.0.9, address6: "fd20::1/64", peer6: "fd20::9" }
YAML
}

# azure NAME PORT-P PORT-S TAGS [MTU]: an ExpressRoute circuit with two links.
azure() {
    cat << YAML
circuit: $1-azure
tenant: $1
provider: expressroute
bandwidth: 1Gbps
service-key: 3a5c1f0e-0000-4000-8000-1d2e3f405162
vlan: $4
links:
  primary:   { edge: ord1, port: $2, subnet: 169.254.10.0/30, subnet6: "fd00:a::/126"${5:+, mtu: $5} }
  secondary: { edge: ord1, port: $3, subnet: 169.254.10.4/30, subnet6: "fd00:a::4/126"${5:+, mtu: $5} }
bgp:
  accept: [10.30.0.0/16 upto 24, "fd30::/16 upto 48"]
  advertise: [10.20.0.0/16 upto 24, 10.21.0.0/16, "fd20::/16"]
  hold-time: ${HOLD:-30}s
YAML
}
