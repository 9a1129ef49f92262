# Several paths and next hops: add-path, ECMP, reflection, IPv4 over IPv6; and roles.

# paths WHERE...: how many paths that command prints.
paths() { "$@" | grep -c '^path '; }
exactly() { # NUMBER COMMAND...
    local number=$1 now
    shift
    now=$("$@")
    [ "$now" -eq "$number" ] || { echo "$now, not $number" && return 1; }
}

feature addpath_receive "add-path: several paths from the peer"
feature_addpath_receive() {
    local prefix
    prefix=$(route_of "$1" addpath 4)
    ours 30 "established" our_state "$1" addpath 4 Established
    wire 5 "the peer says the capability" says from_peer "$1" addpath 4 69
    theirs 15 "the peer has two paths" two_of_its_own "$1" "$prefix"
    ours 15 "we have both: its own" our_has "$1" addpath 4 "$prefix" "path ${ASN[$1]}"
    ours 5 "and the maker's" our_has "$1" addpath 4 "$prefix" "path ${ASN[$1]} 65030 65014 65014"
    ours 5 "and no third" exactly 2 paths our_route "$1-addpath" "$prefix"
}
two_of_its_own() { exactly 2 "$1_own_paths" "$2"; }

feature addpath_send "add-path: several paths to the peer"
feature_addpath_send() {
    local family
    for family in 4 6; do
        ours 30 "established, IPv$family" our_state "$1" addpath $family Established
        wire 5 "we say the capability" says to_peer "$1" addpath $family 69
        ours 15 "we announce two paths, IPv$family" exactly 2 paths our_route "$1-addpath" "$(made twice $family)" advertised
        theirs 15 "the peer has the maker's" peer_has "$1" addpath $family "$(made twice $family)" "path $EDGE_ASN 65010 65014 65014"
        theirs 5 "and the collector's" peer_has "$1" addpath $family "$(made twice $family)" "path $EDGE_ASN ${ASN[collector]}"
        theirs 5 "and no third" exactly 2 paths "$1_route" addpath $family "$(made twice $family)"
    done
    theirs 5 "where it is off, one" exactly 1 paths "$1_route" base 4 "$(made twice 4)"
}

feature ecmp "ECMP over two links"
feature_ecmp() {
    local family
    for family in 4 6; do
        ours 30 "both links are established, IPv$family" both_links "$1" $family
        theirs 5 "the peer has our network over one" peer_has "$1" ecmp $family "$(our_network $family)" "path $EDGE_ASN"
        theirs 5 "and the other" peer_has "$1" ecmp2 $family "$(our_network $family)" "path $EDGE_ASN"
        ours 15 "both paths are chosen" exactly 2 chosen "$1" $family
        ours 5 "the kernel's group has both next hops" in_group "$1" $family
    done
}
both_links() { # PEER FAMILY
    local lane at
    for lane in ecmp ecmp2; do
        at=$(peer_at "$1" $lane "$2")
        { ctl edge circuit "$1-ecmp" --json || true; } |
            jq -e --arg peer "$at" '.links[].sessions[] | select(.peer == $peer) | .state == "Established"' || return 1
    done
}
chosen() { our_route "$1-ecmp" "$(route_of "$1" ecmp "$2")" | grep -c '^best$'; }
# in_group PEER FAMILY: the route's nexthop object is a group with a member for each link.
in_group() {
    local group members member gateways=''
    group=$(ip -n "$TAG-edge" "-$2" route show proto 67 "$(route_of "$1" ecmp "$2")" | sed -n 's/.* nhid \([0-9]*\).*/\1/p' | head -1)
    [ -n "$group" ] || return 1
    members=$(ip -n "$TAG-edge" nexthop show id "$group" | sed -n 's/.* group \([0-9/,]*\).*/\1/p')
    for member in ${members//\// }; do gateways+=$(ip -n "$TAG-edge" nexthop show id "${member%%,*}"); done
    echo "$members: $gateways"
    [[ $gateways == *"via $(peer_at "$1" ecmp "$2") "* && $gateways == *"via $(peer_at "$1" ecmp2 "$2") "* ]]
}

feature extended_next_hop "IPv4 routes with IPv6 next hops"
feature_extended_next_hop() {
    ours 40 "the session over IPv6 is established" our_state "$1" xnh 6 Established
    if [ "$1" = openbgpd ]; then
        lacks "OpenBGPD ${VERSION[$1]} does not say the capability (5) in its OPEN" says_not from_peer openbgpd xnh 6 5
    fi
    wire 5 "the peer says the capability" says from_peer "$1" xnh 6 5
    ours 15 "its IPv4 route came with its IPv6 address" our_has "$1" xnh 4 "$(route_of "$1" xnh 4)" "next-hop $(peer_at "$1" xnh 6)"
    ours 10 "and is so in the kernel" via_six "$1"
    theirs 15 "the peer has our IPv4 network by our IPv6 address" peer_has "$1" xnh 4 "$(our_network 4)" "next-hop $(ours_at "$1" xnh 6)"
    theirs 5 "and our IPv6 network" peer_has "$1" xnh 6 "$(our_network 6)" "path $EDGE_ASN"
}
via_six() {
    local route group
    route=$(ip -n "$TAG-edge" route show proto 67 "$(route_of "$1" xnh 4)")
    group=$(sed -n 's/.* nhid \([0-9]*\).*/\1/p' <<< "$route")
    echo "$route"
    [[ $route == *"inet6 $(peer_at "$1" xnh 6)"* ]] || {
        local members member
        members=$(ip -n "$TAG-edge" nexthop show id "$group" | sed -n 's/.* group \([0-9/,]*\).*/\1/p')
        for member in ${members//\// }; do ip -n "$TAG-edge" nexthop show id "${member%%,*}"; done | grep -F "$(peer_at "$1" xnh 6)"
    }
}

feature reflector "route reflector, next hop kept"
feature_reflector() {
    local family n=${PLACE[$1]} mate
    for family in 4 6; do
        mate="10.19$n.0.0/24" && [ $family = 6 ] && mate="fd19:$n::/32"
        ours 30 "established, IPv$family" our_state "$1" inner $family Established
        theirs 15 "the peer has the other client's route, with originator and cluster" peer_has "$1" inner $family "$mate" "originator 192.0.2.20" "cluster 203.0.113.7" "path "
        ours 15 "the other client has the peer's" has collected "$(route_of "$1" inner $family)" "mate_$1$family" -- "originator 192.0.2.$n" "cluster 203.0.113.7" "local-pref 155"
        ours 5 "with the peer's next hop" has collected "$(route_of "$1" inner $family)" "mate_$1$family" -- "next-hop $(peer_at "$1" inner $family)"
    done
}

feature roles "roles and Only To Customers"
feature_roles() {
    local family
    if [ "$1" = gobgp ]; then
        theirs 5 "refused for the want of a role" not their_state gobgp role 4
        lacks "GoBGP ${VERSION[gobgp]} says no role (9) in its OPEN; where we are strict it is refused" says_not from_peer gobgp role 4 9
    fi
    for family in 4 6; do
        ours 30 "customer to provider: established, strictly, IPv$family" our_state "$1" role $family Established
        ours 1 "we know its role" our_session "$1" role $family '.peerRole == "provider"'
        theirs 5 "the peer knows our role" knows_role "$1" $family
        ours 15 "its route passes on with the provider's mark" has collected "$(route_of "$1" role $family)" -- "otc ${ASN[$1]}"
        theirs 10 "it has our network" peer_has "$1" role $family "$(our_network $family)" "path $EDGE_ASN"
        theirs 5 "and not what is only for customers" nothing "$1_route" role $family "$(made marked $family)"
        wire 2 "since we did not send it" not sent_on "$1" role $family "$(made marked $family)"
        theirs 5 "which it has where there are no roles" peer_has "$1" base $family "$(made marked $family)" "path $EDGE_ASN 65010 65015"
        ours 1 "provider to provider was never established" never_established "$1" mismatch $family
        theirs 1 "nor for the peer" not their_state "$1" mismatch $family
        wire 5 "but refused as a mismatch" mismatch_said "$1" $family
    done
}
sent_on() { to_peer "$1" "$2" "$3" | grep -F "$4"; }
knows_role() { "$1_session" role "$2" | grep -iE 'role.*customer|customer.*role'; }
mismatch_said() { on_wire host "$(peer_at "$1" mismatch "$2")" | grep -E 'OPEN Message Error \(2\), subcode (Role Mismatch|Unknown)? ?\(11\)'; }

feature identity "FQDN and software version"
feature_identity() {
    if [ "$1" = openbgpd ]; then
        lacks "OpenBGPD ${VERSION[openbgpd]} says neither (73, 75) in its OPEN" says_neither openbgpd
    fi
    ours 30 "established" our_state "$1" text 4 Established
    wire 5 "we say both capabilities" says to_peer "$1" text 4 73
    wire 5 "the version too" says to_peer "$1" text 4 75
    theirs 5 "the peer knows our name" their_name_for_us "$1"
    ours 5 "we know its name" our_session "$1" text 4 '.capabilities.hostname != null'
}
says_neither() { says_not from_peer "$1" text 4 73 && says_not from_peer "$1" text 4 75; }
their_name_for_us() { "$1_session" text 4 | grep -F ord1; }
