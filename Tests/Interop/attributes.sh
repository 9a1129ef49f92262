# Attributes, both ways. Out: the maker's route has all of them, and the peer tells what it got of it
# from us. In: the peer tells us its own route, or passes on the maker's; we show it, or what we
# pass on of it arrives at the collector.

# out PEER LINE...: the peer has these of the maker's route, in both families.
out() {
    local peer=$1 family
    shift
    for family in 4 6; do
        theirs 15 "from us, IPv$family: $*" peer_has "$peer" base $family "$(made rich $family)" "$@"
    done
}
# own PEER LANE LINE...: we have these of the route that the peer itself made.
own() {
    local peer=$1 lane=$2 family
    shift 2
    for family in 4 6; do
        ours 15 "from the peer, IPv$family: $*" our_has "$peer" "$lane" $family "$(route_of "$peer" "$lane" $family)" "$@"
    done
}
# through PEER LINE...: these came through the peer and us to the collector.
through() {
    local peer=$1 family
    shift
    for family in 4 6; do
        ours 15 "through the peer and us, IPv$family: $*" has collected "$(passed_on "$peer" rich $family)" -- "$@"
    done
}

feature origin "ORIGIN"
feature_origin() {
    out "$1" "origin egp"
    own "$1" base "origin egp"
}
feature path "AS_PATH"
feature_path() {
    local family
    out "$1" "path $EDGE_ASN 65010 65011"
    for family in 4 6; do
        theirs 5 "with a number of four octets" peer_has "$1" base $family "$(made wide $family)" "path $EDGE_ASN 65010 4200000001 65012"
        ours 15 "from the peer, IPv$family" our_has "$1" base $family "$(passed_on "$1" rich $family)" "path ${ASN[$1]} 65030 65011"
    done
    through "$1" "path $EDGE_ASN ${ASN[$1]} 65030 65011"
}
feature next_hop "NEXT_HOP"
feature_next_hop() {
    local family
    for family in 4 6; do
        theirs 15 "ours, IPv$family" peer_has "$1" base $family "$(made rich $family)" "next-hop $(ours_at "$1" base $family)"
        ours 15 "the peer's, IPv$family" our_has "$1" base $family "$(route_of "$1" base $family)" "next-hop $(peer_at "$1" base $family)"
    done
}
feature med "MED"
feature_med() {
    out "$1" "med 33"
    own "$1" base "med 55"
}
feature local_pref "LOCAL_PREF, iBGP"
feature_local_pref() {
    local family
    for family in 4 6; do
        ours 30 "established, IPv$family" our_state "$1" inner $family Established
        theirs 15 "the maker's route has what we gave it" peer_has "$1" inner $family "$(made rich $family)" "local-pref 130" "path 65010 65011"
        theirs 5 "our network has the usual" peer_has "$1" inner $family "$(our_network $family)" "local-pref 100"
    done
    own "$1" inner "local-pref 155" "path "
    for family in 4 6; do
        theirs 5 "on eBGP there is none of ours" not peer_has "$1" base $family "$(made rich $family)" "local-pref 130"
    done
}
feature atomic "ATOMIC_AGGREGATE"
feature_atomic() {
    out "$1" atomic
    through "$1" atomic
}
feature aggregator "AGGREGATOR"
feature_aggregator() {
    out "$1" "aggregator 65011 192.0.2.99"
    through "$1" "aggregator 65011 192.0.2.99"
}
feature communities "communities"
feature_communities() {
    out "$1" "community 65010:1" "community 65010:2"
    own "$1" base "community ${ASN[$1]}:55"
    through "$1" "community 65010:1" "community 65010:2"
}
feature extended "extended communities"
feature_extended() {
    local family
    out "$1" "extended rt:65010:7"
    for family in 4 6; do
        ours 15 "the peer's own, passed on, IPv$family" has collected "$(route_of "$1" base $family)" -- "extended rt:${ASN[$1]}:55"
    done
    through "$1" "extended rt:65010:7"
}
feature large "large communities"
feature_large() {
    out "$1" "large 65010:1:2"
    own "$1" base "large ${ASN[$1]}:5:5"
    through "$1" "large 65030:1:2"
}
feature unknown "unknown attributes"
feature_unknown() {
    local family
    if [ "$1" = frr ]; then
        # FRR shows no unknown attribute, but what it hands on to the maker has it.
        for family in 4 6; do
            theirs 15 "the transitive one from us, as FRR passes it on, IPv$family" handed_on frr "$(made rich $family)" 99
            theirs 1 "and not the other, IPv$family" not handed_on frr "$(made rich $family)" 98
        done
    else
        out "$1" "unknown 99 deadbeef"
        for family in 4 6; do
            theirs 1 "the one that is not transitive stopped at us, IPv$family" has_not "$1_route" base $family "$(made rich $family)" -- "unknown 98 0badcafe"
        done
    fi
    wire 5 "it left with the partial bit" sent_partial "$1"
    through "$1" "unknown 99 deadbeef"
}
# handed_on PEER PREFIX CODE: an UPDATE from the peer to the maker with that attribute and prefix.
handed_on() {
    tcpdump -r "$WORK/maker.pcap" -n -v src host "$(peer_at "$1" direct 4)" 2> /dev/null |
        awk -v prefix="$2" -v code="($3), length" '
            /Message \(/ { with = 0; about = 0 }
            index($0, code) { with = 1 }
            index($0, prefix) { about = 1 }
            with && about { found = 1 }
            END { exit !found }'
}
sent_partial() { to_peer "$1" base 4 | grep -E '\(99\), length: 4, Flags \[OTP\]'; }
