# Features of sessions: how they come about, what protects them, how they end.

established() { # PEER FAMILY
    ours 40 "the session over IPv$2 is established" our_state "$1" base "$2" Established
    theirs 10 "it is for the peer too" their_state "$1" base "$2"
    ours 10 "the peer's route is in the kernel" in_kernel "$1" base "$2"
    theirs 10 "the peer has our network" peer_has "$1" base "$2" "$(our_network "$2")" "path $EDGE_ASN"
    theirs 1 "and nothing that nobody asked us to pass on" nothing "$1_route" base "$2" "$(route_of "$(after "$1")" base "$2")"
}
# after PEER: another peer.
after() { echo "${PEERS[${PLACE[$1]} % 4]}"; }
feature session4 "session and routes, IPv4"
feature_session4() { established "$1" 4; }
feature session6 "session and routes, IPv6"
feature_session6() { established "$1" 6; }

feature refresh "route refresh, when the peer asks"
feature_refresh() {
    local family before counted
    for family in 4 6; do
        ours 20 "established" our_state "$1" base $family Established
        theirs 5 "the peer has our network" peer_has "$1" base $family "$(our_network $family)" "path $EDGE_ASN"
        before=$(sent_network "$1" $family) counted=$("$1_updates" base $family)
        "$1_refresh" base $family
        if [ "$1" = gobgp ]; then
            sleep 2
            lacks "GoBGP ${VERSION[$1]} never asks: its softresetin only looks again at what it has (it says the capability)" not asked_refresh gobgp $family
        fi
        wire 5 "its ROUTE-REFRESH passed, IPv$family" asked_refresh "$1" $family
        ours 5 "we sent our network again" more_than "$before" sent_network "$1" $family
        theirs 5 "it counts new updates" more_than "$counted" "$1_updates" base $family
        theirs 1 "and has our network still" peer_has "$1" base $family "$(our_network $family)" "path $EDGE_ASN"
    done
}
asked_refresh() { from_peer "$1" base "$2" | grep -i 'Route Refresh Message' > /dev/null; }
sent_network() { to_peer "$1" base "$2" | grep -cF "$(our_network "$2")"; }
more_than() { # NUMBER COMMAND...
    local number=$1 now
    shift
    now=$("$@")
    [ "$now" -gt "$number" ] || { echo "$now, was $number" && return 1; }
}

feature refresh_ours "route refresh, when we ask"
feature_refresh_ours() {
    local family mark heard told
    mark=$(mark)
    "$1_watch_marks" base 4
    "$1_watch_marks" base 6
    for family in 4 6; do
        ours 20 "established, IPv$family" our_state "$1" base $family Established
        ours 10 "its route is in the kernel" in_kernel "$1" base $family
    done
    heard=$("$1_refreshes" base 4) told=$(told_route "$1" 4)
    ctl edge clear "$1-base" --soft in
    theirs 10 "the peer has heard it" more_than "$heard" "$1_refreshes" base 4
    if [ "$1" = openbgpd ]; then
        lacks "OpenBGPD ${VERSION[openbgpd]} counts a ROUTE-REFRESH and answers none: its log says that IPv4 unicast is not negotiated, where its own session screen says that it is" refuses_refresh
    fi
    wire 10 "it tells its routes again" more_than "$told" told_route "$1" 4
    for family in 4 6; do
        ours 10 "and we have them" fresh "$1" base $family
        ours 1 "in the kernel too" in_kernel "$1" base $family
    done
    ours 1 "which they never left" none_left "$mark" "$1" base
    theirs 1 "the session stands" their_state "$1" base 4
}
refuses_refresh() {
    grep -E '\(base4\): route refresh: AID IPv4 unicast not negotiated' "$WORK/openbgpd.log" &&
        openbgpd_session base 4 | sed -n '/Negotiated capabilities/,$p' | grep 'Multiprotocol extensions: IPv4 unicast'
}
told_route() { from_peer "$1" base "$2" | grep -cF "$(route_of "$1" base "$2")"; }

feature enhanced_refresh "enhanced route refresh"
feature_enhanced_refresh() {
    ours 20 "established" our_state "$1" base 4 Established
    if [ "$1" = gobgp ]; then
        lacks "GoBGP ${VERSION[$1]} does not say the capability (70) in its OPEN" says_not from_peer gobgp base 4 70
    fi
    wire 5 "the peer says the capability" says from_peer "$1" base 4 70
    wire 5 "we too" says to_peer "$1" base 4 70
    ours 5 "both agreed on it" our_session "$1" base 4 .capabilities.enhancedRefresh
    "$1_watch_marks" base 4
    "$1_refresh" base 4
    ours 10 "we answer between a mark of the begin and one of the end" marks_sent "$1"
    theirs 10 "the peer saw the begin" "$1_saw_mark" base 4 begin
    theirs 5 "and the end" "$1_saw_mark" base 4 end
    theirs 2 "and has our network still" peer_has "$1" base 4 "$(our_network 4)" "path $EDGE_ASN"
}
# Subtypes of the ROUTE-REFRESHes that we sent: 1 begins, 2 ends (RFC 7313).
marks_sent() {
    local hex
    hex=$(tcpdump -r "$WORK/edge.pcap" -n -x dst host "$(peer_at "$1" base 4)" 2> /dev/null |
        awk '/^\t0x/ { for (i = 2; i <= NF; i++) printf "%s", $i; next } { print "" }')
    grep -E 'ffffffff0017050001(01)01' <<< "$hex" && grep -E 'ffffffff0017050001(02)01' <<< "$hex"
}

feature extended_messages "messages of more than 4096 octets"
feature_extended_messages() {
    local family
    ours 20 "established" our_state "$1" base 4 Established
    if [[ $1 == gobgp || $1 == openbgpd ]]; then
        lacks "${NAME[$1]} ${VERSION[$1]} does not say the capability (6) in its OPEN" says_not from_peer "$1" base 4 6
    fi
    for family in 4 6; do
        # These are 4800 octets: no shorter message can carry them.
        ours 10 "a route with 1200 communities came in, IPv$family" our_has "$1" base $family "$(passed_on "$1" long $family)" "community 65011:1199"
        # BIRD cuts long lists when it shows them; no other route has this path.
        theirs 10 "and one went out" peer_has "$1" base $family "$(made long $family)" "path $EDGE_ASN 65010 65013" "community 65011:25"
        wire 5 "in one message" sent_long "$1" $family
    done
}

sent_long() {
    to_peer "$1" base "$2" | awk '/Update Message \(2\), length: / { if ($5 + 0 > 4096) found = 1 } END { exit !found }'
}

feature md5 "TCP MD5 password"
feature_md5() {
    local family
    for family in 4 6; do
        ours 30 "with the same password it is established, IPv$family" our_state "$1" md5 $family Established
        theirs 5 "for the peer too" their_state "$1" md5 $family
        wire 5 "every segment of it is signed" all_signed "$1" $family
        ours 1 "with another one it never was" never_established "$1" wrong $family
        theirs 1 "nor for the peer" not their_state "$1" wrong $family
    done
    chmod 644 "$WORK/edge/config/keys/$1-md5"
    finally "chmod 600 $WORK/edge/config/keys/$1-md5"
    ours 20 "a key that others may read holds the session down" open_key_said "$1"
    theirs 15 "it is down for the peer" not their_state "$1" md5 4
    chmod 600 "$WORK/edge/config/keys/$1-md5"
    "$1_open" md5 4
    ours 60 "closed again, it comes back" our_state "$1" md5 4 Established
}
all_signed() {
    local packets
    packets=$(on_wire host "$(peer_at "$1" md5 "$2")" | grep '> .*: Flags \[')
    [ "$(wc -l <<< "$packets")" -gt 4 ] && ! grep -v 'md5' <<< "$packets"
}
open_key_said() { { ctl edge circuit "$1-md5" || true; } | grep 'readable by others'; }
never_established() {
    ! grep -E 'session is established' "$WORK/edge.log" | grep -E "circuit=$1-$2 .*peer=$(peer_at "$1" "$2" "$3")( |\$)"
}

feature gtsm "TTL security (GTSM)"
feature_gtsm() {
    local family
    for family in 4 6; do
        ours 30 "with it on both sides it is established, IPv$family" our_state "$1" gtsm $family Established
        theirs 5 "for the peer too" their_state "$1" gtsm $family
        wire 5 "all packets, both ways, start with 255" all_255 "$1" $family
        ours 1 "a peer that starts with less never was" never_established "$1" near $family
    done
}
all_255() {
    local packets
    # Those with data: what a kernel answers to a stranger is not the daemon's.
    packets=$(on_wire host "$(peer_at "$1" gtsm "$2")" | awk '
        match($0, /(ttl|hlim) [0-9]+/) { ttl = substr($0, RSTART, RLENGTH) }
        /> .*: Flags \[P/ { print ttl, $0 }')
    [ "$(wc -l <<< "$packets")" -gt 4 ] && ! grep -vE '^(ttl|hlim) 255 ' <<< "$packets"
}

feature as2 "2-octet speaker: AS4_PATH, AS4_AGGREGATOR"
feature_as2() {
    local family families=(4 6) kind=wide lines=("path $EDGE_ASN 65010 4200000001 65012" "aggregator 4200000001 192.0.2.100")
    case $1 in
        gobgp) lacks "GoBGP ${VERSION[$1]} has no key to leave the capability (65) out: also here its OPEN says it" says from_peer gobgp as2 4 65 ;;
        frr)
            verify probe 30 "FRR ends the session at an AGGREGATOR of six octets" ended_by_length frr
            without "AS4_PATH over IPv4 only. FRR ${VERSION[frr]} leaves this capability out only with all others (dont-capability-negotiate), so there is no IPv6; and it then takes no AGGREGATOR of six octets, which an old speaker must be sent (UPDATE error, attribute length), so it is tried without one" says_not from_peer frr as2 4 1
            # As a speaker that is really old: it does not know AS4_PATH.
            families=(4) kind=deep lines=("path 23456 65010 23456 65012")
            ADVERTISES="10.20.0.0/16, $(made deep 4)" circuit frr as2 "$(lane_keys frr as2)"
            ctl edge clear frr-as2/main # It was thrown out again and again, and holds back.
            ;;
    esac
    for family in "${families[@]}"; do
        ours 30 "established, IPv$family" our_state "$1" as2 "$family" Established
        wire 5 "the peer does not say the capability" says_not from_peer "$1" as2 "$family" 65
        theirs 10 "it has our path: ${lines[*]}" peer_has "$1" as2 "$family" "$(made $kind "$family")" "${lines[@]}"
        wire 5 "from AS_TRANS and AS4_PATH" sent_as4_path "$1" "$family"
        ours 10 "and we have put its together" our_has "$1" as2 "$family" "$(passed_on "$1" wide "$family")" "path ${ASN[$1]} 65030 4200000001 65012"
    done
}
ended_by_length() { grep -E 'session is down: received UPDATE error/attribute length.*circuit=frr-as2' "$WORK/edge.log"; }
sent_as4_path() { to_peer "$1" as2 "$2" | grep -E 'AS4 Path|\(17\), length' && from_peer "$1" as2 "$2" | grep -E 'AS4 Path|\(17\), length'; }

feature collision "both sides connect at once"
feature_collision() {
    local family number table
    number=$(id "$1" collide) table="collide$(id "$1" collide)"
    ours 30 "established" our_state "$1" collide 4 Established
    # First nobody can connect. Then, while nothing that carries data passes and so no OPEN arrives,
    # the peer's connection may come up, and ours after it.
    in_ns edge nft -f - << NFT
table inet $table {
  chain theirs { type filter hook input priority 0; iifname "e$number" tcp flags & (syn | ack) == syn drop; }
  chain ours { type filter hook output priority 0; oifname "e$number" tcp flags & (syn | ack) == syn drop; }
  chain data { type filter hook output priority 1; }
  chain more { type filter hook input priority 1; }
}
NFT
    finally "in_ns edge nft delete table inet $table"
    for family in 4 6; do "$1_shut" collide $family collide; done
    for family in 4 6; do
        wire 20 "the session is ended, IPv$family" connections "$1" $family 0
    done
    in_ns edge nft -f - << NFT
add rule inet $table data oifname "e$number" tcp flags & psh == psh drop
add rule inet $table more iifname "e$number" tcp flags & psh == psh drop
flush chain inet $table theirs
NFT
    for family in 4 6; do "$1_open" collide $family; done
    for family in 4 6; do
        wire 30 "the peer has connected, IPv$family" connections "$1" $family 1
    done
    in_ns edge nft flush chain inet "$table" ours
    case $1 in
        bird | frr)
            for family in 4 6; do
                wire 30 "we too: there are two connections, IPv$family" connections "$1" $family 2
            done
            ;;
        gobgp)
            wire 30 "ours is closed" closed_unread gobgp "$(ours_at gobgp collide 4).*Closed an accepted connection"
            without "GoBGP ${VERSION[gobgp]} closes a second connection without reading its OPEN, so it is never the one to stay" closed_unread gobgp "$(ours_at gobgp collide 4).*Closed an accepted connection"
            ;;
        openbgpd)
            wire 30 "ours is closed" closed_unread openbgpd 'Connection attempt from neighbor .*collide4.* while session is in state OpenSent'
            without "OpenBGPD ${VERSION[openbgpd]} closes a second connection without reading its OPEN, so it is never the one to stay" closed_unread openbgpd 'Connection attempt from neighbor .*collide4.* while session is in state OpenSent'
            ;;
    esac
    in_ns edge nft delete table inet "$table"
    for family in 4 6; do
        ours 20 "one of them is established, IPv$family" our_state "$1" collide $family Established
        theirs 5 "for the peer too" their_state "$1" collide $family
        wire 5 "and the only one left" connections "$1" $family 1
    done
    [[ $1 == gobgp || $1 == openbgpd ]] || wire 5 "the other was ended for the collision" collision_said "$1"
    stays ours 2 "it stays" our_state "$1" collide 4 Established
    theirs 1 "for the peer too" their_state "$1" collide 4
}
closed_unread() { grep -E "$2" "$WORK/$1.log"; }
connections() { # PEER FAMILY COUNT
    local at lines
    at=$(peer_at "$1" collide "$2")
    lines=$(in_ns edge ss -Htn state established | grep -F -e "$at:" -e "$at]:")
    [ "$(grep -c . <<< "$lines")" -eq "$3" ] || { echo "$lines" && return 1; }
}
collision_said() { on_wire host "$(peer_at "$1" collide 4)" | grep -E 'Collision Resolution \(7\)'; }

feature shutdown_text "shutdown text, both ways"
feature_shutdown_text() {
    local text="window 17 of $1"
    ours 30 "established" our_state "$1" text 4 Established
    finally "$1_open text 4"
    "$1_shut" text 4 "$text"
    ours 10 "we show what the peer wrote" our_session "$1" text 4 ".lastError | contains(\"$text\")"
    "$1_open" text 4
    ours 40 "established again" our_state "$1" text 4 Established
    theirs 10 "for the peer too" their_state "$1" text 4
    theirs 10 "and it has heard us" peer_has "$1" text 4 "$(our_network 4)" "path $EDGE_ASN"
    theirs 60 "the peer shows what we wrote" shows_our_text "$1" "rack 12 of $1 moves"
    ours 60 "established again" our_state "$1" text 4 Established
    circuit "$1" text "$(lane_keys "$1" text), shutdown: \"back at noon\""
    finally "circuit $1 text '$(lane_keys "$1" text)'"
    theirs 10 "shut down by the file: the peer shows the text" their_error "$1" text 4 "back at noon"
    ours 5 "and we say that it is so" our_session "$1" text 4 '.state == "Idle"'
    circuit "$1" text "$(lane_keys "$1" text)"
    "$1_open" text 4
    ours 60 "the file without it: established again" our_state "$1" text 4 Established
}
# shows_our_text PEER TEXT: clears the session until the peer has read why: one that still writes to
# us, or is quicker with our FIN than with the NOTIFICATION before it, sees only that we closed.
shows_our_text() {
    their_error "$1" text 4 "$2" && return 0
    our_state "$1" text 4 Established || return 1
    sleep 1
    ctl edge clear "$1-text" --reason "$2"
    sleep 2
    return 1
}
their_error() { # PEER LANE FAMILY PATTERN
    "$1_last_error" "$2" "$3" | grep -iE "$4" || { "$1_last_error" "$2" "$3" | tail -20 && return 1; }
}
