# Graceful restart, both roles: kill -9 on each side, and the routes of traffic stay. The kernel's own
# report of changes tells that no route left in between, not only that it was there when looked at.

# mark: where the kernel's report stands. left MARK PEER LANE: what was deleted since.
mark() { wc -l < "$WORK/monitor.log"; }
left() {
    tail -n "+$(($1 + 1))" "$WORK/monitor.log" | grep -F Deleted |
        grep -F -e " $(route_of "$2" "$3" 4) " -e " $(route_of "$2" "$3" 6) "
}
none_left() { ! left "$@"; }
withdrawn() { ! in_kernel "$@"; }

feature theirs_restart "graceful restart of the peer"
feature_theirs_restart() {
    local family mark
    if [ "$1" = openbgpd ]; then
        ours 30 "its route is in the kernel" in_kernel "$1" base 4
        end "$1" KILL
        finally "is_running $1 || $1_restart"
        ours 15 "when it dies its route goes" withdrawn "$1" base 4
        "$1_restart"
        ours 60 "when it is back the route is" in_kernel "$1" base 4
        lacks "OpenBGPD ${VERSION[$1]} restarts nothing gracefully: its capability (64) names no family, only End-of-RIB" names_no_family openbgpd
    fi
    for family in 4 6; do
        ours 30 "established, IPv$family" our_state "$1" base $family Established
        ours 10 "its route is in the kernel" in_kernel "$1" base $family
    done
    mark=$(mark)
    end "$1" KILL
    finally "is_running $1 || $1_restart"
    for family in 4 6; do
        ours 15 "the session is gone, IPv$family" not_established "$1" base $family
        ours 5 "its route is kept, as stale" our_has "$1" base $family "$(route_of "$1" base $family)" stale best
    done
    stays ours 2 "and is in the kernel" in_kernel "$1" base 4
    ours 15 "where we do not offer this its route is gone" withdrawn "$1" limit 4
    "$1_restart"
    for family in 4 6; do
        ours 40 "established again, IPv$family" our_state "$1" base $family Established
        wire 5 "it said that it has restarted" restarting from_peer "$1" base $family
        theirs 15 "the peer has our network again" peer_has "$1" base $family "$(our_network $family)" "path $EDGE_ASN"
        ours 40 "its route is fresh" fresh "$1" base $family
    done
    ours 1 "no route left the kernel meanwhile" none_left "$mark" "$1" base
}
names_no_family() {
    local text
    text=$(last_open from_peer "$1" base 4)
    grep 'Graceful Restart (64), length: 2' <<< "$text" && ! grep 'Forwarding state' <<< "$text"
}
restarting() { last_open "$1" "$2" "$3" "$4" | grep -E 'Restart Flags: \[R'; }
fresh() { has_not our_route "$1-$2" "$(route_of "$1" "$2" "$3")" -- stale && our_has "$1" "$2" "$3" "$(route_of "$1" "$2" "$3")" best; }

feature theirs_llgr "long-lived restart of the peer"
feature_theirs_llgr() {
    local family mark
    if [ "$1" = openbgpd ]; then
        lacks "OpenBGPD ${VERSION[$1]} does not say the capability (71)" says_not from_peer openbgpd llgr 4 71
    fi
    for family in 4 6; do
        ours 40 "established, IPv$family" our_state "$1" llgr $family Established
        wire 5 "the peer says the capability" says from_peer "$1" llgr $family 71
        ours 15 "its route is in the kernel" in_kernel "$1" llgr $family
    done
    mark=$(mark)
    end "$1" KILL
    finally "is_running $1 || $1_restart"
    for family in 4 6; do
        ours 15 "the session is gone, IPv$family" not_established "$1" llgr $family
        ours 45 "after its restart time its route is the last choice, and said so to others" has collected "$(route_of "$1" llgr $family)" -- "community 65535:6"
        ours 5 "it is still in the kernel" in_kernel "$1" llgr $family
    done
    "$1_restart"
    for family in 4 6; do
        ours 40 "established again, IPv$family" our_state "$1" llgr $family Established
        theirs 15 "the peer has our network again" peer_has "$1" llgr $family "$(our_network $family)" "path $EDGE_ASN"
        ours 40 "its route is fresh" fresh "$1" llgr $family
        ours 10 "also for others" has_not collected "$(route_of "$1" llgr $family)" -- "community 65535:6"
    done
    ours 1 "no route left the kernel meanwhile" none_left "$mark" "$1" llgr
}

# Our own death is one for all peers: their cells are checked step by step, side by side.
feature ours_restart "graceful restart of circuitd"
feature ours_llgr "long-lived restart of circuitd"
our_restart() {
    local peer name
    say "== circuitd is killed"
    # What never comes up would keep it waiting for as long as a peer may wait for it.
    keep_only base llgr
    for peer in "${chosen[@]}"; do
        for name in ours_restart ours_llgr; do
            OUR_MARK=$(mark) cell $name "$peer" > "$WORK/$name.$peer.after" 2>&1 &
        done
    done
    # It stays dead until every cell has seen what it must see.
    eventually 90 "all cells are ready" at_step ready
    end edge KILL
    touch "$WORK/killed"
    eventually 60 "all cells have looked" at_step seen
    mv "$WORK/edge.log" "$WORK/edge.before.log"
    edge edge
    touch "$WORK/started"
    eventually 120 "all cells are done" at_step done
}
at_step() {
    local peer name
    for peer in "${chosen[@]}"; do
        for name in ours_restart ours_llgr; do
            case $1 in
                done) [ -e "$WORK/cells/$name.$peer" ] ;;
                *) [ -e "$WORK/$1.$name.$peer" ] || [ -e "$WORK/cells/$name.$peer" ] ;;
            esac || return 1
        done
    done
}
keep_only() {
    local file lane
    for file in "$WORK"/edge/config/circuits/*-*.yaml; do
        for lane in "$@"; do [[ $file == *-$lane.yaml ]] && continue 2; done
        rm "$file"
    done
    eventually 10 "the removal of circuits is held back" removal_held_back
    ctl edge confirm
    eventually 20 "and done when confirmed" gone bird-mate
}
removal_held_back() { { ctl edge status || true; } | grep -i 'confirm'; }
gone() { ! { ctl edge circuits || true; } | grep -w -- "$1"; }

feature_ours_restart() {
    local family
    for family in 4 6; do
        ours 60 "established, IPv$family" our_state "$1" base $family Established
        theirs 10 "the peer has our network" peer_has "$1" base $family "$(our_network $family)" "path $EDGE_ASN"
    done
    touch "$WORK/ready.ours_restart.$1"
    wire 90 "circuitd is killed" test -e "$WORK/killed"
    for family in 4 6; do
        theirs 15 "the peer knows that the session is gone, IPv$family" not their_state "$1" base $family
        theirs 1 "it keeps our network" peer_has "$1" base $family "$(our_network $family)" "path $EDGE_ASN"
        theirs 2 "as stale" "$1_holds_stale" base $family
    done
    stays theirs 2 "and goes on with it" peer_has "$1" base 4 "$(our_network 4)" "path $EDGE_ASN"
    touch "$WORK/seen.ours_restart.$1"
    wire 60 "circuitd is started" test -e "$WORK/started"
    for family in 4 6; do
        ours 60 "established again, IPv$family" our_state "$1" base $family Established
        wire 5 "we said that we have restarted" restarting to_peer "$1" base $family
        wire 5 "and that our forwarding went on" preserved to_peer "$1" base $family
        theirs 30 "our network is there, and not stale" renewed "$1" base $family
        ours 20 "the peer's route is fresh" fresh "$1" base $family
    done
    ours 1 "no route left the kernel meanwhile" none_left "$OUR_MARK" "$1" base
}
feature_ours_llgr() {
    local family
    if [ "$1" = openbgpd ]; then
        lacks "OpenBGPD ${VERSION[$1]} does not say the capability (71)" says_not from_peer openbgpd llgr 4 71
    fi
    for family in 4 6; do
        ours 60 "established, IPv$family" our_state "$1" llgr $family Established
        wire 5 "we say the capability" says to_peer "$1" llgr $family 71
        theirs 10 "the peer has our network" peer_has "$1" llgr $family "$(our_network $family)" "path $EDGE_ASN"
    done
    touch "$WORK/ready.ours_llgr.$1"
    wire 90 "circuitd is killed" test -e "$WORK/killed"
    for family in 4 6; do
        theirs 15 "the peer knows that the session is gone, IPv$family" not their_state "$1" llgr $family
        theirs 25 "after our restart time it keeps our network as the last choice" long_stale "$1" $family
    done
    touch "$WORK/seen.ours_llgr.$1"
    wire 60 "circuitd is started" test -e "$WORK/started"
    for family in 4 6; do
        ours 60 "established again, IPv$family" our_state "$1" llgr $family Established
        theirs 30 "our network is fresh" not_long_stale "$1" $family
        ours 20 "the peer's route is fresh" fresh "$1" llgr $family
    done
    ours 1 "no route left the kernel meanwhile" none_left "$OUR_MARK" "$1" llgr
}
long_stale() { "$1_route" llgr "$2" "$(our_network "$2")" | grep -E '^community (65535:6|llgr-stale)$'; }
not_long_stale() { peer_has "$1" llgr "$2" "$(our_network "$2")" "path $EDGE_ASN" && ! long_stale "$@"; }
preserved() { last_open "$1" "$2" "$3" "$4" | grep 'Forwarding state preserved: yes'; }
renewed() { peer_has "$1" "$2" "$3" "$(our_network "$3")" "path $EDGE_ASN" && ! "$1_holds_stale" "$2" "$3"; }
