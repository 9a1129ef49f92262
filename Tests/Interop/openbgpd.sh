# OpenBGPD as a peer, without its kernel part.

openbgpd_version() { command bgpctl -V 2>&1 | sed 's/OpenBGPD //'; }

openbgpd_lane() { # LANE REMOTE-AS [LINES]
    local family
    for family in 4 6; do
        cat << CONF
neighbor $(ours_at openbgpd "$1" $family) {
    descr "$1$family"
    remote-as $2
    announce IPv4 $([ $family = 4 ] && echo unicast || echo none)
    announce IPv6 $([ $family = 6 ] && echo unicast || echo none)
    ${3:-}
}
CONF
    done
}

OPENBGPD_SET="origin egp, med 55, localpref 155, community 65004:55, large-community 65004:5:5, ext-community rt 65004:55"
openbgpd_config() {
    local lane family
    cat << CONF
AS 65004
router-id 192.0.2.4
socket "$WORK/openbgpd.sock"
fib-update no
holdtime 9
connect-retry 1
nexthop qualify via default
CONF
    for lane in "${LANES[@]}"; do
        for family in 4 6; do
            echo "network $(route_of openbgpd "$lane" $family) set { $OPENBGPD_SET }"
        done
    done
    for lane in "${LANES[@]}"; do
        case $lane in
            base) openbgpd_lane $lane $EDGE_ASN "announce enhanced refresh yes" ;;
            inner) openbgpd_lane $lane 65004 ;;
            md5) openbgpd_lane $lane $EDGE_ASN 'tcp md5sig password "sixteen-horses"' ;;
            wrong) openbgpd_lane $lane $EDGE_ASN 'tcp md5sig password "seventeen-horses"' ;;
            gtsm) openbgpd_lane $lane $EDGE_ASN "ttl-security yes" ;;
            role | mismatch) openbgpd_lane $lane $EDGE_ASN "announce policy provider" ;;
            addpath) openbgpd_lane $lane $EDGE_ASN $'announce add-path recv yes\n    announce add-path send all' ;;
            as2) openbgpd_lane $lane $EDGE_ASN "announce as-4byte no" ;;
            xnh) openbgpd_lane $lane $EDGE_ASN | sed -n '/fd00/,$p' | sed 's/IPv4 none/IPv4 unicast/' ;;
            direct) openbgpd_lane $lane "${ASN[direct]}" | sed -n '1,/}/p' | sed 's/IPv6 none/IPv6 unicast/' ;;
            *) openbgpd_lane $lane $EDGE_ASN ;;
        esac
    done
    cat << CONF
allow from any
allow to any
CONF
}

openbgpd_start() {
    mkdir -p /run/openbgpd # its chroot
    openbgpd_config > "$WORK/openbgpd.conf"
    chmod 600 "$WORK/openbgpd.conf"
    background openbgpd ip netns exec "$TAG-openbgpd" bgpd -d -f "$WORK/openbgpd.conf"
}
openbgpd_restart() { openbgpd_start; }
openbgpd_say() { in_ns openbgpd bgpctl -s "$WORK/openbgpd.sock" "$@"; }
openbgpd_answers() { openbgpd_say show summary > /dev/null; }

openbgpd_address() { if [ "$1" = xnh ]; then ours_at openbgpd xnh 6; else ours_at openbgpd "$1" "$2"; fi; }
openbgpd_session() { openbgpd_say show neighbor "$(openbgpd_address "$1" "$2")"; }
openbgpd_state() { openbgpd_session "$1" "$2" | grep 'BGP state = Established' > /dev/null && echo Established; }
openbgpd_raw() { openbgpd_say show rib detail in neighbor "$(openbgpd_address "$1" "$2")" "$3"; }
openbgpd_route() {
    openbgpd_raw "$@" | awk '
        function list(word, text,   n, i, a) {
            sub(/^[^:]*: */, "", text)
            n = split(text, a, " ")
            for (i = 1; i <= n; i++) print word, a[i]
        }
        /^BGP routing table entry/ { head = 1; next }
        head && /^ +Nexthop/ { print "path "; head = 0 }
        head { gsub(/^ +| +$/, ""); print "path", $0; head = 0; next }
        /^ +Nexthop/ { print "next-hop", $2 }
        /^ +Origin [A-Z]/ {
            gsub(/,/, ""); print "origin", tolower($2)
            for (i = 3; i <= NF; i++) {
                if ($i == "metric" && $(i + 1) > 0) print "med", $(i + 1)
                if ($i == "localpref") print "local-pref", $(i + 1)
                if ($i == "stale") print "stale"
            }
        }
        /^ +Communities:/ { list("community", $0) }
        /^ +Large Communities:/ { list("large", $0) }
        /^ +Ext. Communities:/ { sub(/rt /, "rt:"); list("extended", $0) }
        /^ +Atomic Aggregate:/ { print "atomic" }
        /^ +Aggregator:/ { gsub(/[\[\]]/, ""); print "aggregator", $2, $3 }
        /^ +Originator Id:/ { print "originator", $3 }
        /^ +Cluster Id List:/ { list("cluster", $0) }
        /^ +OTC:/ { print "otc", $2 }
        /Unknown Attribute #9/ { print "unknown", substr($3, 2), $(NF - 3) $(NF - 2) $(NF - 1) $NF }'
}
openbgpd_refresh() { openbgpd_say neighbor "$(openbgpd_address "$1" "$2")" refresh; }
openbgpd_shut() { openbgpd_say neighbor "$(openbgpd_address "$1" "$2")" down "$3"; }
openbgpd_open() { openbgpd_say neighbor "$(openbgpd_address "$1" "$2")" up; }
openbgpd_last_error() { openbgpd_session "$1" "$2" | grep -i -A2 'last '; grep -F "($1$2)" "$WORK/openbgpd.log"; }
openbgpd_more() { local number; for number in {1..40}; do echo "10.$(id openbgpd limit).$number.0/24"; done | openbgpd_say network bulk add; }
openbgpd_fewer() { local number; for number in {1..40}; do echo "10.$(id openbgpd limit).$number.0/24"; done | openbgpd_say network bulk delete; }
openbgpd_count() { openbgpd_say show rib in neighbor "$(openbgpd_address "$1" "$2")" | grep -cE '^ *[A-Z*]+ .*/'; }
openbgpd_holds_stale() { openbgpd_say show rib in neighbor "$(openbgpd_address "$1" "$2")" | grep -E '^[^ ]*S' ; }
# How many updates it has had from us.
openbgpd_updates() { openbgpd_session "$1" "$2" | awk '/^ +Updates / { print $3; exit }'; }
# How many paths it has to a prefix of its own.
openbgpd_own_paths() { openbgpd_say show rib "$1" | grep -c "$1"; }
openbgpd_watch_marks() { :; }
openbgpd_saw_mark() { openbgpd_session "$1" "$2" | awk -v mark="$([ "$3" = begin ] && echo Begin || echo End)-of-RR" '$1 == mark && $3 > 0 { found = 1 } END { exit !found }'; }
# How many ROUTE-REFRESHes it has had from us.
openbgpd_refreshes() { openbgpd_session "$1" "$2" | awk '/^ +Route Refresh +[0-9]/ { print $4; exit }'; }
