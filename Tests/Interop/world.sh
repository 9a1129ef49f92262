# The world of the interop level: our daemon in the middle, four peers around it, each joined to it
# by a cable per lane. A lane is one circuit and tries one thing, so that lanes never disturb each
# other. A maker that speaks raw bytes feeds us and each peer; a collector takes what we pass on.
#
#   maker === edge === bird, frr, gobgp, openbgpd (one cable a lane) === maker (lane `direct`)
#               `===== collector

PEERS=(bird frr gobgp openbgpd)
# The place of a lane in this list is its number: append only at the end.
LANES=(base inner md5 wrong gtsm near limit text as2 collide role addpath llgr xnh ecmp ecmp2 direct mismatch)
declare -A ASN=([bird]=65001 [frr]=65002 [gobgp]=65003 [openbgpd]=65004 [maker]=65010 [collector]=65020 [direct]=65030)
EDGE_ASN=64600 EDGE_WIDE_ASN=4200064600
declare -A PLACE=() LANE=()
for index in "${!PEERS[@]}"; do PLACE[${PEERS[index]}]=$((index + 1)); done
for index in "${!LANES[@]}"; do LANE[${LANES[index]}]=$index; done

# id PEER LANE: the number in all addresses and prefixes of that lane.
id() { echo $((32 * ${PLACE[$1]} + ${LANE[$2]})); }
# Addresses of a lane: ours end in 1, the peer's in 2. FAMILY is 4 or 6.
ours_at() { if [ "$3" = 4 ]; then echo "192.168.$(id "$1" "$2").1"; else echo "fd00:$(id "$1" "$2")::1"; fi; }
peer_at() { if [ "$3" = 4 ]; then echo "192.168.$(id "$1" "$2").2"; else echo "fd00:$(id "$1" "$2")::2"; fi; }
# What the peer originates for a lane: 10.ID.0.0/24 and fd5a:ID::/32.
route_of() { if [ "$3" = 4 ]; then echo "10.$(id "$1" "$2").0.0/24"; else echo "fd5a:$(id "$1" "$2")::/32"; fi; }
# What the maker gives a peer directly, to be passed on to us: KIND is rich, wide or long.
declare -A KIND=([rich]=1 [wide]=2 [long]=3 [twice]=4 [deep]=5 [marked]=6)
passed_on() { if [ "$3" = 4 ]; then echo "10.9${PLACE[$1]}.${KIND[$2]}.0/24"; else echo "fd9${PLACE[$1]}:${KIND[$2]}::/48"; fi; }
# What the maker gives us, to be passed on to all peers.
made() { if [ "$2" = 4 ]; then echo "10.99.${KIND[$1]}.0/24"; else echo "fd99:${KIND[$1]}::/48"; fi; }
OUR_NETWORK4=10.20.0.0/16 OUR_NETWORK6=fd20::/32
our_network() { if [ "$1" = 4 ]; then echo $OUR_NETWORK4; else echo $OUR_NETWORK6; fi; }

cables() {
    namespace edge maker collector "${PEERS[@]}"
    forwarding edge
    in_ns edge sysctl -qw net.ipv4.nexthop_compat_mode=0 net.ipv4.fib_multipath_hash_policy=1 \
        net.ipv6.fib_multipath_hash_policy=1
    local peer lane number far
    for peer in "${PEERS[@]}"; do
        for lane in "${LANES[@]}"; do
            number=$(id "$peer" "$lane")
            far=edge
            [ "$lane" = direct ] && far=maker
            cable "$peer" "p$number" "$far" "e$number"
            address "$peer" "p$number" "$(peer_at "$peer" "$lane" 4)/30" "$(peer_at "$peer" "$lane" 6)/64"
            # On the edge the daemon itself gives the addresses.
            [ "$lane" != direct ] ||
                address maker "e$number" "$(ours_at "$peer" direct 4)/30" "$(ours_at "$peer" direct 6)/64"
        done
    done
    cable maker wan edge maker
    address maker wan 192.168.1.2/30 fd00:1::2/64
    cable collector wan edge collector
    address collector wan 192.168.2.2/30 fd00:2::2/64
    # A second iBGP neighbour in each peer's AS, to reflect to and from: played by the collector.
    for peer in "${PEERS[@]}"; do
        cable collector "m${PLACE[$peer]}" edge "m${PLACE[$peer]}"
        address collector "m${PLACE[$peer]}" "192.168.1${PLACE[$peer]}.2/30" "fd00:1${PLACE[$peer]}::2/64"
    done
}

# The prefixes of both families that a peer may send us on a lane, and those that we may send.
accepts() { # PEER LANE
    local number kind kinds=() out
    number=$(id "$1" "$2")
    out="10.$number.0.0/16 upto 24, \"fd5a:$number::/32 upto 48\""
    case $2 in
        base) kinds=(rich long) ;;
        as2) kinds=(wide deep) ;;
    esac
    for kind in "${kinds[@]}"; do out+=", $(passed_on "$1" "$kind" 4), \"$(passed_on "$1" "$kind" 6)\""; done
    echo "$out"
}
advertises() { # PEER
    echo "10.20.0.0/16, 10.99.0.0/16 upto 24, 10.19${PLACE[$1]}.0.0/24, \"fd20::/32\", \"fd99::/16 upto 48\", \"fd19:${PLACE[$1]}::/32\""
}

# circuit PEER LANE [BGP KEYS]: the file of one lane. ADVERTISES says otherwise what may leave.
circuit() {
    local peer=$1 lane=$2 number
    number=$(id "$peer" "$lane")
    place edge "circuits/$peer-$lane.yaml" << YAML
circuit: $peer-$lane
tenant: acme
provider: dedicated
vlan: untagged
links:
  main: { port: e$number, address: $(ours_at "$peer" "$lane" 4)/30, peer: $(peer_at "$peer" "$lane" 4), address6: "$(ours_at "$peer" "$lane" 6)/64", peer6: "$(peer_at "$peer" "$lane" 6)" }
bgp: { peer-asn: ${ASN[$peer]}, hold-time: 9s, accept: [$(accepts "$peer" "$lane")], advertise: [${ADVERTISES:-$(advertises "$1")}]${3:+, $3} }
YAML
}

# other NAME PORT SUBNET PEER-ASN [BGP KEYS]: a circuit to the maker or the collector.
other() {
    place edge "circuits/$1.yaml" << YAML
circuit: $1
tenant: acme
provider: dedicated
vlan: untagged
links:
  main: { port: $2, address: 192.168.$3.1/30, peer: 192.168.$3.2, address6: "fd00:$3::1/64"${6:+, $6} }
bgp: { peer-asn: $4, hold-time: 30s${5:+, $5} }
YAML
}

ports() {
    local peer lane
    for peer in "${PEERS[@]}"; do
        for lane in "${LANES[@]}"; do
            [ "$lane" = direct ] || printf ' %s=%s' "e$(id "$peer" "$lane")" "e$(id "$peer" "$lane")"
        done
        printf ' m%s=m%s' "${PLACE[$peer]}" "${PLACE[$peer]}"
    done
    printf ' maker=maker collector=collector'
}

# What passes between circuits: the maker's routes to every lane, every lane's to the collector.
tenant_file() {
    local peer lane
    cat << YAML
tenant: acme
vrf: none
networks: [$OUR_NETWORK4, "$OUR_NETWORK6"]
exchange:
  - { from: maker, to: collector }
YAML
    for peer in "${PEERS[@]}"; do
        for lane in "${LANES[@]}"; do
            [[ $lane == direct || $lane == ecmp2 ]] && continue
            echo "  - { from: maker, to: $peer-$lane }"
            [[ $lane == base || $lane == llgr || $lane == role ]] && echo "  - { from: $peer-$lane, to: collector }"
        done
        echo "  - { from: collector, to: $peer-addpath }"
        echo "  - { from: $peer-inner, to: $peer-mate }"
        echo "  - { from: $peer-mate, to: $peer-inner }"
    done
}
