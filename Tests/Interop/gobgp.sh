# GoBGP as a peer. It has no routes of the kernel's; its routes are told to it once it runs.

gobgp_version() { command gobgp --version | sed 's/gobgp version //'; }

gobgp_neighbour() { # LANE FAMILY PEER-AS [GROUPS]
    cat << CONF
[[neighbors]]
  [neighbors.config]
    neighbor-address = "$(ours_at gobgp "$1" "$2")"
    peer-as = $3
    ${5:-}
  [neighbors.timers.config]
    hold-time = 9
    connect-retry = 1
    idle-hold-time-after-reset = 1
${4:-}
CONF
}
gobgp_family() { # FAMILY [GROUPS]
    cat << CONF
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv$1-unicast"
${2:-}
CONF
}
gobgp_lane() { # LANE PEER-AS [NEIGHBOUR-GROUPS [FAMILY-GROUPS [CONFIG-LINE]]]
    local family
    for family in 4 6; do
        gobgp_neighbour "$1" $family "$2" "${3:-}" "${5:-}"
        gobgp_family $family "${4:-}"
    done
}
gobgp_group() { printf '  [neighbors.%s.config]\n' "$1"; shift; printf '    %s\n' "$@"; }

gobgp_config() {
    local lane restart='    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true'
    cat << CONF
[global.config]
  as = 65003
  router-id = "192.0.2.3"
CONF
    for lane in "${LANES[@]}"; do
        case $lane in
            base) gobgp_lane $lane $EDGE_ASN "$(gobgp_group graceful-restart 'enabled = true' 'restart-time = 60' 'notification-enabled = true')" "$restart" ;;
            inner) gobgp_lane $lane 65003 ;;
            md5) gobgp_lane $lane $EDGE_ASN "" "" 'auth-password = "sixteen-horses"' ;;
            wrong) gobgp_lane $lane $EDGE_ASN "" "" 'auth-password = "seventeen-horses"' ;;
            gtsm) gobgp_lane $lane $EDGE_ASN "$(gobgp_group ttl-security 'enabled = true' 'ttl-min = 255')" ;;
            addpath) gobgp_lane $lane $EDGE_ASN "$(gobgp_group add-paths 'receive = true' 'send-max = 8')" ;;
            llgr) gobgp_lane $lane $EDGE_ASN "$(gobgp_group graceful-restart 'enabled = true' 'restart-time = 1' 'long-lived-enabled = true')" "$restart
    [neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = true
      restart-time = 60" ;;
            xnh) gobgp_neighbour xnh 6 $EDGE_ASN; gobgp_family 4; gobgp_family 6 ;;
            direct) gobgp_neighbour direct 4 "${ASN[direct]}"; gobgp_family 4; gobgp_family 6 ;;
            *) gobgp_lane $lane $EDGE_ASN ;;
        esac
    done
}

gobgp_start() {
    gobgp_config > "$WORK/gobgp.toml"
    background gobgp ip netns exec "$TAG-gobgp" gobgpd -f "$WORK/gobgp.toml" --api-hosts 127.0.0.1:50051 "$@"
    background gobgp-routes gobgp_originate
}
# Its routes are told to it before a session can come up: GoBGP says End-of-RIB by what it has then.
gobgp_restart() {
    in_ns gobgp nft 'table inet starting { chain in { type filter hook input priority 0; tcp dport 179 drop; }; chain out { type filter hook output priority 0; tcp dport 179 drop; }; }'
    gobgp_start -r
    while is_running gobgp-routes; do sleep 0.1; done
    in_ns gobgp nft delete table inet starting
}
gobgp_say() { in_ns gobgp gobgp "$@"; }
gobgp_answers() { gobgp_say global > /dev/null; }
gobgp_originate() {
    local lane
    local tries=0
    until gobgp_answers || [ $((tries += 1)) -gt $((200 * PATIENCE)) ]; do sleep 0.1; done
    for lane in "${LANES[@]}"; do
        gobgp_add 4 "$(route_of gobgp "$lane" 4)"
        gobgp_add 6 "$(route_of gobgp "$lane" 6)"
    done
}
gobgp_add() { # FAMILY PREFIX
    gobgp_say global rib add -a "ipv$1" "$2" origin egp med 55 local-pref 155 community 65003:55 \
        large-community 65003:5:5 rt 65003:55
}

gobgp_address() { if [ "$1" = xnh ]; then ours_at gobgp xnh 6; else ours_at gobgp "$1" "$2"; fi; }
gobgp_session() { gobgp_say neighbor "$(gobgp_address "$1" "$2")"; }
gobgp_state() { gobgp_session "$1" "$2" | grep -i 'BGP state = established' > /dev/null && echo Established; }
gobgp_raw() { gobgp_say neighbor "$(gobgp_address "$1" "$2")" adj-in "$3" -a "ipv$2" -j; }
gobgp_route() {
    gobgp_raw "$@" | jq -r '
        def community: "\(. / 65536 | floor):\(. % 65536)";
        def subtype: if . == 2 then "rt" elif . == 3 then "soo" else tostring end;
        .[][] | (select(.stale) | "stale"), (.attrs[] |
            if .type == 1 then "origin \(["igp", "egp", "incomplete"][.value])"
            elif .type == 2 then "path \([.as_paths[].asns[] | tostring] | join(" "))"
            elif .type == 3 or .type == 14 then "next-hop \(.nexthop)"
            elif .type == 4 then "med \(.metric)"
            elif .type == 5 then "local-pref \(.value)"
            elif .type == 6 then "atomic"
            elif .type == 7 then "aggregator \(.as) \(.address)"
            elif .type == 8 then .communities[] | "community \(community)"
            elif .type == 9 then "originator \(.value)"
            elif .type == 10 then .value[] | "cluster \(.)"
            elif .type == 16 then .value[] | "extended \(.subtype | subtype):\(.value)"
            elif .type == 32 then .value[] | "large \(.ASN):\(.LocalData1):\(.LocalData2)"
            elif .type == 99 then "unknown 99 \(.value | if . == "3q2+7w==" then "deadbeef" else . end)"
            elif .type == 98 then "unknown 98"
            else empty end)'
}
gobgp_refresh() { gobgp_say neighbor "$(gobgp_address "$1" "$2")" softresetin -a "ipv$2"; }
gobgp_shut() { gobgp_say neighbor "$(gobgp_address "$1" "$2")" shutdown --reason "$3"; }
gobgp_open() { gobgp_say neighbor "$(gobgp_address "$1" "$2")" enable; }
gobgp_last_error() { grep -F "\"Key\":\"$(gobgp_address "$1" "$2")\"" "$WORK/gobgp.log"; }
gobgp_more() { local number; for number in {1..40}; do gobgp_add 4 "10.$(id gobgp limit).$number.0/24"; done; }
gobgp_fewer() { local number; for number in {1..40}; do gobgp_say global rib del "10.$(id gobgp limit).$number.0/24"; done; }
gobgp_count() { gobgp_say neighbor "$(gobgp_address "$1" "$2")" adj-in -a "ipv$2" -j | jq length; }
gobgp_holds_stale() { gobgp_route "$1" "$2" "$(our_network "$2")" | grep -x stale > /dev/null; }
# How many updates it has had from us.
gobgp_updates() { gobgp_session "$1" "$2" | awk '/^ +Updates:/ { print $3 }'; }
# How many paths it has to a prefix of its own.
gobgp_own_paths() { gobgp_say global rib "$1" -j | jq '[.[][]] | length'; }
# How many ROUTE-REFRESHes it has had from us.
gobgp_refreshes() { gobgp_session "$1" "$2" | awk '/^ +Route Refresh: / { print $4 }'; }
gobgp_watch_marks() { :; }
