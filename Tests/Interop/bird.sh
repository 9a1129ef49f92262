# BIRD 2 as a peer: its configuration for every lane, and what it says about us. The functions of a
# peer's file are the same for all four, so that a feature is written once.

bird_version() { command birdc -s "$WORK/bird.ctl" show status | sed -n 's/^BIRD v\?\([0-9.]*\).*/\1/p' | head -1; }

# bird_lane LANE OPTIONS [CHANNEL-OPTIONS]: a session per family.
bird_lane() {
    local family
    for family in 4 6; do
        cat << CONF
protocol bgp lane_$1$family from lane {
    neighbor $(ours_at bird "$1" $family) as $EDGE_ASN;
    $2
    ipv$family { import all; export filter to_edge; ${3:-} };
}
CONF
    done
}

bird_config() {
    local lane
    cat << CONF
router id 192.0.2.1;
log stderr all;
graceful restart wait 10;
protocol device {}
filter to_edge {
    if proto ~ "lane_*" then reject;
    if source = RTS_STATIC then {
        bgp_origin = ORIGIN_EGP;
        bgp_med = 55;
        bgp_local_pref = 155;
        bgp_community.add((65001, 55));
        bgp_large_community.add((65001, 5, 5));
        bgp_ext_community.add((rt, 65001, 55));
    }
    accept;
}
template bgp lane {
    local as 65001;
    hold time 9;
    connect delay time 1;
    connect retry time 1;
    error wait time 1, 2;
    enable extended messages on;
}
protocol static own4 { ipv4;
$(for lane in "${LANES[@]}"; do echo "    route $(route_of bird "$lane" 4) unreachable;"; done)
}
protocol static own6 { ipv6;
$(for lane in "${LANES[@]}"; do echo "    route $(route_of bird "$lane" 6) unreachable;"; done)
}
protocol static more4 { disabled; ipv4;
$(for number in {1..40}; do echo "    route 10.$(id bird limit).$number.0/24 unreachable;"; done)
}
protocol bgp from_maker {
    local as 65001;
    neighbor $(ours_at bird direct 4) as ${ASN[direct]};
    enable extended messages on;
    error wait time 1, 2;
    ipv4 { import all; export all; };
    ipv6 { import all; export all; };
}
CONF
    bird_lane base "graceful restart on; graceful restart time 60;"
    bird_lane md5 'password "sixteen-horses";'
    bird_lane wrong 'password "seventeen-horses";'
    bird_lane gtsm "ttl security on;"
    bird_lane near "ttl security off;"
    bird_lane limit ""
    bird_lane text "advertise hostname on;"
    bird_lane collide ""
    bird_lane role "local role provider;"
    bird_lane mismatch "local role provider;"
    bird_lane addpath "" "add paths on;"
    bird_lane llgr "graceful restart on; graceful restart time 1; long lived graceful restart on; long lived stale time 60;"
    bird_lane ecmp ""
    bird_lane ecmp2 ""
    bird_lane inner "" "next hop self;" | sed "s/as $EDGE_ASN/as 65001/"
    bird_lane as2 "enable as4 off;"
    cat << CONF
protocol bgp lane_xnh from lane {
    neighbor $(ours_at bird xnh 6) as $EDGE_ASN;
    ipv4 { import all; export filter to_edge; extended next hop on; };
    ipv6 { import all; export filter to_edge; };
}
CONF
}

bird_start() {
    bird_config > "$WORK/bird.conf"
    background bird ip netns exec "$TAG-bird" bird -f -c "$WORK/bird.conf" -s "$WORK/bird.ctl" "$@"
}
bird_restart() { bird_start -R; }
bird_say() { command birdc -s "$WORK/bird.ctl" "$@"; }
bird_answers() { bird_say show status | grep 'up and running' > /dev/null; }

# Families of one session say the same name.
bird_name() { if [ "$1" = xnh ]; then echo lane_xnh; else echo "lane_$1$2"; fi; }
bird_state() { bird_say show protocols "$(bird_name "$1" "$2")" | grep Established > /dev/null && echo Established; }
bird_session() { bird_say show protocols all "$(bird_name "$1" "$2")"; }

# bird_raw LANE FAMILY PREFIX: all paths of a prefix as it prints them.
bird_raw() { bird_say show route "$3" protocol "$(bird_name "$1" "$2")" all; }
bird_route() { bird_raw "$@" | bird_lines; }
# bird_lines: what it prints about paths, in the words that all peers' files share.
bird_lines() {
    awk '
        function list(word, text,   n, i, a) {
            sub(/^[^:]*: */, "", text); gsub(/, ?/, ":", text); gsub(/[()]/, "", text)
            n = split(text, a, " ")
            for (i = 1; i <= n; i++) print word, a[i]
        }
        /BGP.origin:/ { print "origin", tolower($2) }
        /BGP.as_path:/ { sub(/.*as_path: ?/, ""); print "path", $0 }
        /BGP.next_hop:/ { print "next-hop", $2 }
        /BGP.med:/ { print "med", $2 }
        /BGP.local_pref:/ { print "local-pref", $2 }
        /BGP.atomic_aggr:/ { print "atomic" }
        /BGP.aggregator:/ { sub(/AS/, "", $3); print "aggregator", $3, $2 }
        /BGP.community:/ { list("community", $0) }
        /BGP.ext_community:/ { list("extended", $0) }
        /BGP.large_community:/ { list("large", $0) }
        /BGP.originator_id:/ { print "originator", $2 }
        /BGP.cluster_list:/ { list("cluster", $0) }
        /BGP.otc:/ { print "otc", $2 }
        /BGP.63 / { print "unknown 99", $3 $4 $5 $6 }
        /BGP.62 / { print "unknown 98", $3 $4 $5 $6 }'
}
bird_refresh() { bird_say reload in "$(bird_name "$1" "$2")"; }
bird_shut() { bird_say disable "$(bird_name "$1" "$2")" "\"$3\""; }
bird_open() { bird_say enable "$(bird_name "$1" "$2")"; }
# What it heard or said when the session last ended.
bird_last_error() { bird_say show protocols all "$(bird_name "$1" "$2")" | grep -i 'last error'; grep -F "$(bird_name "$1" "$2")" "$WORK/bird.log"; }
bird_more() { bird_say enable more4; }
bird_fewer() { bird_say disable more4; }
bird_count() { bird_say show route protocol "$(bird_name "$1" "$2")" | grep -c '^[0-9a-f].*/'; }
bird_holds_stale() { bird_session "$1" "$2" | grep 'graceful restart active' > /dev/null; }
# How many updates it has had from us.
bird_updates() { bird_session "$1" "$2" | awk '/Import updates:/ { print $3 }'; }
# How many paths it has to a prefix of its own.
bird_own_paths() { bird_say show route "$1" | grep -cE 'unicast|unreachable'; }
bird_watch_marks() { bird_say debug "$(bird_name "$1" "$2")" '{ packets }'; }
bird_saw_mark() { grep "$(bird_name "$1" "$2"): Got .*$([ "$3" = begin ] && echo BEGIN || echo END)-OF-RR" "$WORK/bird.log"; }
# How many ROUTE-REFRESHes it has had from us.
bird_refreshes() { grep -c "$(bird_name "$1" "$2"): Got ROUTE-REFRESH" "$WORK/bird.log"; }
