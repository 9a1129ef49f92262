# FRR's bgpd as a peer, alone: no zebra, no kernel routes.

frr_version() { /usr/lib/frr/bgpd -v | sed -n 's/^bgpd version //p'; }

frr_neighbours() { # LANE REMOTE-AS: prints the addresses, and the lines every lane has
    local family address
    for family in 4 6; do
        address=$(ours_at frr "$1" $family)
        echo " neighbor $address remote-as $2"
        echo " neighbor $address timers connect 1"
        echo " neighbor $address advertisement-interval 0"
    done
}
# frr_each LANE LINE: the line for both addresses of a lane.
frr_each() {
    local family
    for family in 4 6; do echo " neighbor $(ours_at frr "$1" $family) $2"; done
}

frr_config() {
    local lane family keyword
    cat << CONF
hostname frr-of-the-test
bgp as-path access-list OWN permit ^\$
bgp as-path access-list OURS permit _($EDGE_ASN|$EDGE_WIDE_ASN)_
route-map TO-EDGE permit 10
 match as-path OWN
 set origin egp
 set metric 55
 set local-preference 155
 set community 65002:55 additive
 set large-community 65002:5:5 additive
 set extcommunity rt 65002:55
exit
route-map TO-EDGE deny 20
 match as-path OURS
exit
route-map TO-EDGE permit 30
exit
router bgp 65002
 bgp router-id 192.0.2.2
 bgp log-neighbor-changes
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 bgp graceful-restart
 bgp graceful-restart restart-time 20
 bgp graceful-restart preserve-fw-state
 bgp graceful-restart select-defer-time 3
 bgp long-lived-graceful-restart stale-time 60
 timers bgp 3 9
CONF
    for lane in "${LANES[@]}"; do
        case $lane in
            inner) frr_neighbours $lane 65002 ;;
            as2) frr_neighbours $lane $EDGE_WIDE_ASN ;;
            direct) frr_neighbours $lane "${ASN[direct]}" ;;
            *) frr_neighbours $lane $EDGE_ASN ;;
        esac
    done
    frr_each md5 "password sixteen-horses"
    frr_each wrong "password seventeen-horses"
    frr_each gtsm "ttl-security hops 1"
    frr_each role "local-role provider"
    frr_each mismatch "local-role provider"
    frr_each xnh "capability extended-nexthop"
    echo " neighbor $(ours_at frr as2 4) dont-capability-negotiate"
    for family in 4 6; do
        keyword=ipv$family
        echo " address-family $keyword unicast"
        for lane in "${LANES[@]}"; do
            echo "  network $(route_of frr "$lane" $family)"
            [ "$lane" = xnh ] || echo "  neighbor $(ours_at frr "$lane" $family) activate"
            [[ $lane == direct || $lane == xnh ]] || echo "  neighbor $(ours_at frr "$lane" $family) route-map TO-EDGE out"
        done
        echo "  neighbor $(ours_at frr xnh 6) activate"
        echo "  neighbor $(ours_at frr xnh 6) route-map TO-EDGE out"
        [ $family = 4 ] || echo "  neighbor $(ours_at frr direct 4) activate"
        echo "  neighbor $(ours_at frr addpath $family) addpath-tx-all-paths"
        echo "  neighbor $(ours_at frr inner $family) next-hop-self"
        echo " exit-address-family"
    done
}

frr_start() {
    mkdir -p "$WORK/vty"
    frr_config > "$WORK/frr.conf"
    chmod 644 "$WORK/frr.conf"
    background frr ip netns exec "$TAG-frr" /usr/lib/frr/bgpd -u root -g root -Z -S -f "$WORK/frr.conf" \
        -i "$WORK/frr-own.pid" --vty_socket "$WORK/vty" -z "$WORK/vty/none" -A 127.0.0.1 --log stdout
}
frr_restart() { frr_start; }
frr_say() { in_ns frr vtysh --vty_socket "$WORK/vty" -d bgpd "${@/#/-c}"; }
frr_answers() { frr_say "show bgp summary" > /dev/null; }

frr_address() { if [ "$1" = xnh ]; then ours_at frr xnh 6; else ours_at frr "$1" "$2"; fi; }
frr_session() { frr_say "show bgp neighbors $(frr_address "$1" "$2")"; }
frr_state() { frr_session "$1" "$2" | grep 'BGP state = Established' > /dev/null && echo Established; }
frr_raw() {
    frr_say "show bgp ipv$2 unicast $3 json" | jq --arg peer "$(frr_address "$1" "$2")" '.paths[]? | select(.peer.peerId == $peer)'
}
frr_route() {
    frr_raw "$@" | jq -r '
        "origin \(.origin | ascii_downcase)", "path \(.aspath.string | if . == "Local" then "" else . end)",
        (.nexthops[]? | select(.scope != "link-local") | "next-hop \(.ip)"),
        (.metric // empty | "med \(.)"), (.locPrf // empty | "local-pref \(.)"),
        (select(.atomicAggregate) | "atomic"),
        (select(.aggregatorAs) | "aggregator \(.aggregatorAs) \(.aggregatorId)"),
        (.community.string // empty | split(" ")[] | "community \(.)"), (.largeCommunity.list[]? | "large \(.)"),
        (.extendedCommunity.string // empty | split(" ")[] | "extended \(ascii_downcase)"),
        (.originatorId // empty | "originator \(.)"), (.clusterList.list[]? | "cluster \(.)"),
        (.otc // empty | "otc \(.)"), (select(.stale) | "stale")'
}
frr_refresh() { frr_say "clear bgp $(frr_address "$1" "$2") soft in"; }
frr_set() { frr_say "configure terminal" "router bgp 65002" "$@"; }
frr_shut() { frr_set "neighbor $(frr_address "$1" "$2") shutdown message $3"; }
frr_open() { frr_set "no neighbor $(frr_address "$1" "$2") shutdown"; }
frr_last_error() { frr_session "$1" "$2" | grep -iE -A4 'last reset|message received|shutdown'; grep -F "$(frr_address "$1" "$2") " "$WORK/frr.log"; }
frr_many() { # [no]
    local number lines=("address-family ipv4 unicast")
    for number in {1..40}; do lines+=("$1 network 10.$(id frr limit).$number.0/24"); done
    frr_set "${lines[@]}"
}
frr_more() { frr_many ""; }
frr_fewer() { frr_many no; }
frr_count() { frr_say "show bgp ipv$2 unicast neighbors $(frr_address "$1" "$2") routes json" | jq '.routes | length'; }
frr_holds_stale() { frr_route "$1" "$2" "$(our_network "$2")" | grep -x stale > /dev/null; }
# How many updates it has had from us.
frr_updates() { frr_session "$1" "$2" | awk '/^ +Updates:/ { print $3 }'; }
# How many paths it has to a prefix of its own.
frr_own_paths() { frr_say "show bgp ipv4 unicast $1 json" | jq '.paths | length'; }
frr_watch_marks() { frr_say "debug bgp neighbor-events"; }
frr_saw_mark() { grep -F "$(frr_address "$1" "$2")" "$WORK/frr.log" | grep -F "rcvd route-refresh ($([ "$3" = begin ] && echo B || echo E)oRR)"; }
# How many ROUTE-REFRESHes it has had from us.
frr_refreshes() { frr_session "$1" "$2" | awk '/^ +Route Refresh: / { print $4 }'; }
