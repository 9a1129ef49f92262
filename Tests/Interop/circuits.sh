# The files of our side, the makers and the collector.

# The key of each lane, beyond what all lanes have.
lane_keys() { # PEER LANE
    case $2 in
        base) echo "med: 33" ;;
        inner) echo "local-asn: ${ASN[$1]}, route-reflector-client: on" ;;
        md5 | wrong) echo "password-file: keys/$1-$2" ;;
        gtsm | near) echo "ttl-security: on" ;;
        limit) echo "graceful-restart: off, max-prefixes: { in: 50, out: 3, hold-down: 5m }" ;;
        # The others refuse a neighbour whose number needs the capability they do not offer.
        as2) [ "$1" != frr ] || echo "local-asn: $EDGE_WIDE_ASN" ;;
        text) echo "identify: on" ;;
        role) echo "role: { local: customer, strict: true }" ;;
        mismatch) echo "role: { local: provider, strict: true }" ;;
        addpath) echo "add-path: both" ;;
        llgr) echo "graceful-restart: { time: 2s, long-lived: 1h }" ;;
        ecmp) echo "multipath: links" ;;
    esac
}

# Two links, to two sessions of the same peer.
circuit_of_two() { # PEER [BGP KEYS]
    local a b
    a=$(id "$1" ecmp) b=$(id "$1" ecmp2)
    place edge "circuits/$1-ecmp.yaml" << YAML
circuit: $1-ecmp
tenant: acme
provider: dedicated
vlan: untagged
links:
  a: { port: e$a, address: 192.168.$a.1/30, peer: 192.168.$a.2, address6: "fd00:$a::1/64", peer6: "fd00:$a::2" }
  b: { port: e$b, address: 192.168.$b.1/30, peer: 192.168.$b.2, address6: "fd00:$b::1/64", peer6: "fd00:$b::2" }
bgp: { peer-asn: ${ASN[$1]}, hold-time: 9s, accept: [$(accepts "$1" ecmp)], advertise: [$(advertises "$1")]${2:+, $2} }
YAML
}
# No IPv4 address at all: both families on a session over IPv6.
circuit_of_six() { # PEER
    local number
    number=$(id "$1" xnh)
    place edge "circuits/$1-xnh.yaml" << YAML
circuit: $1-xnh
tenant: acme
provider: dedicated
vlan: untagged
links:
  main: { port: e$number, address6: "fd00:$number::1/64", peer6: "fd00:$number::2" }
bgp: { peer-asn: ${ASN[$1]}, hold-time: 9s, families: [ipv4, ipv6], extended-next-hop: on, accept: [$(accepts "$1" xnh)], advertise: [$(advertises "$1")] }
YAML
}

place_files() {
    local peer lane pair
    {
        printf 'edge: ord1\nrouter-id: 203.0.113.7\nasn: %s\nports:\n' $EDGE_ASN
        for pair in $(ports); do echo "  ${pair%%=*}: { device: ${pair#*=} }"; done
    } | place edge circuitd.yaml
    tenant_file | place edge tenants/acme.yaml
    for peer in "${PEERS[@]}"; do
        for lane in md5 wrong; do
            (umask 077 && printf 'sixteen-horses\n' > "$WORK/edge/config/keys/$peer-$lane")
        done
        for lane in "${LANES[@]}"; do
            case $lane in
                direct | ecmp2) ;;
                ecmp) circuit_of_two "$peer" "$(lane_keys "$peer" ecmp)" ;;
                xnh) circuit_of_six "$peer" ;;
                *) circuit "$peer" "$lane" "$(lane_keys "$peer" "$lane")" ;;
            esac
        done
        other "$peer-mate" "m${PLACE[$peer]}" "1${PLACE[$peer]}" "${ASN[$peer]}" \
            "local-asn: ${ASN[$peer]}, route-reflector-client: on, next-hop-self: off, accept: [10.19${PLACE[$peer]}.0.0/24, \"fd19:${PLACE[$peer]}::/32\"], advertise: [10.0.0.0/8 upto 24, \"fd5a::/16 upto 48\"]" \
            "peer6: \"fd00:1${PLACE[$peer]}::2\""
    done
    other maker maker 1 "${ASN[maker]}" "families: [ipv4, ipv6], passive: on, local-pref: 130, accept: [10.99.0.0/16 upto 24, \"fd99::/16 upto 48\"], advertise: []"
    other collector collector 2 "${ASN[collector]}" "max-prefixes: { out: 1000 }, graceful-restart: { time: 60s, long-lived: 1h }, accept: [10.99.4.0/24, \"fd99:4::/48\"], advertise: [10.0.0.0/8 upto 24, \"fd5a::/16 upto 48\", \"fd90::/12 upto 48\"]" "peer6: \"fd00:2::2\""
}
no_faults() {
    healthz edge | jq -e '[.reasons[] | select(test("yaml"))] == []' || { ctl edge status | sed -n '/yaml/p' && false; }
}

makers_start() {
    local peer long
    background maker ip netns exec "$TAG-maker" bash "$INTEROP/maker.sh" 192.168.1.1 "${ASN[maker]}" \
        192.0.2.10 192.168.1.2 fd00:1::2 99 fd99 long
    for peer in "${PEERS[@]}"; do
        # A message of more than 4096 octets would end the session with a peer that takes none.
        long= && [[ $peer == bird || $peer == frr ]] && long=long
        background "maker-$peer" ip netns exec "$TAG-maker" bash "$INTEROP/maker.sh" \
            "$(peer_at "$peer" direct 4)" "${ASN[direct]}" 192.0.2.30 "$(ours_at "$peer" direct 4)" \
            "$(ours_at "$peer" direct 6)" $((90 + ${PLACE[$peer]})) "fd9${PLACE[$peer]}" "$long" "$(id "$peer" addpath)"
    done
}

# BIRD again: sees what we pass on, plays another path for some prefixes, and an iBGP neighbour in
# each peer's AS with a network of its own, 10.19N.0.0/24.
collector_start() {
    local peer n family
    {
        cat << CONF
router id 192.0.2.20;
log stderr all;
protocol device {}
protocol static other4 { ipv4; route 10.99.4.0/24 unreachable; }
protocol static other6 { ipv6; route fd99:4::/48 unreachable; }
protocol static mates4 { ipv4; $(for n in 1 2 3 4; do echo "route 10.19$n.0.0/24 unreachable;"; done) }
protocol static mates6 { ipv6; $(for n in 1 2 3 4; do echo "route fd19:$n::/32 unreachable;"; done) }
template bgp session { hold time 30; connect delay time 1; connect retry time 1; error wait time 1, 2; enable extended messages on; graceful restart on; long lived graceful restart on; }
protocol bgp main4 from session { local as ${ASN[collector]}; neighbor 192.168.2.1 as $EDGE_ASN; ipv4 { import all; export where proto = "other4"; }; }
protocol bgp main6 from session { local as ${ASN[collector]}; neighbor fd00:2::1 as $EDGE_ASN; ipv6 { import all; export where proto = "other6"; }; }
CONF
        for peer in "${PEERS[@]}"; do
            n=${PLACE[$peer]}
            cat << CONF
protocol bgp mate_${peer}4 from session { local as ${ASN[$peer]}; neighbor 192.168.1$n.1 as ${ASN[$peer]}; ipv4 { import all; export where net = 10.19$n.0.0/24; }; }
protocol bgp mate_${peer}6 from session { local as ${ASN[$peer]}; neighbor fd00:1$n::1 as ${ASN[$peer]}; ipv6 { import all; export where net = fd19:$n::/32; }; }
CONF
        done
    } > "$WORK/collector.conf"
    background collector ip netns exec "$TAG-collector" bird -f -c "$WORK/collector.conf" -s "$WORK/collector.ctl"
}
