# How each side sees things: our daemon by its own API, the peers by theirs (their files), the wire
# by tcpdump, the kernel by ip. Every function is a question with an exit code.

# Ours

# our_session PEER LANE FAMILY JQ: asks one session of ours.
our_session() {
    local at
    at=$(peer_at "$1" "$2" "$3")
    # circuitctl ends with 1 for a circuit that is down.
    { ctl edge circuit "$1-$2" --json || true; } |
        jq -e --arg peer "$at" ".links[].sessions[] | select(.peer == \$peer) | $4"
}
our_state() { our_session "$1" "$2" "$3" ".state == \"$4\"" > /dev/null || { our_session "$1" "$2" "$3" .; false; }; }
not_established() { our_session "$1" "$2" "$3" '.state != "Established"' > /dev/null; }

# our_route CIRCUIT PREFIX [VIEW]: our lines of all paths, in the same words as the peers' files.
our_route() {
    ctl edge routes "$1" --view "${3:-accepted}" --prefix "$2" --json |
        jq -r --arg prefix "$2" '.routes[] | select(.prefix == $prefix) |
            "origin \(.origin)", "path \(.asPath)", "next-hop \(.nextHop)",
            (.med // empty | "med \(.)"), (.localPref // empty | "local-pref \(.)"),
            (.communities[] | "community \(.)"), (.largeCommunities[] | "large \(.)"),
            (.extendedCommunities[] | "extended \(.)"), (.onlyToCustomer // empty | "otc \(.)"),
            (select(.stale) | "stale"), (select(.best or .shares) | "best")'
}
# has WHERE... -- LINE...: whether that command prints all those lines.
has() {
    local command=() lines line
    while [ "$1" != -- ]; do command+=("$1") && shift; done
    shift
    lines=$("${command[@]}")
    for line in "$@"; do
        grep -qxF -- "$line" <<< "$lines" || { echo "no '$line' in:" && echo "$lines" && return 1; }
    done
}
# has_not WHERE... -- LINE: the command prints something, and not that line.
has_not() {
    local command=() lines
    while [ "$1" != -- ]; do command+=("$1") && shift; done
    lines=$("${command[@]}")
    [ -n "$lines" ] && ! grep -qxF -- "$2" <<< "$lines"
}
nothing() { [ -z "$("$@")" ]; }
our_has() { # PEER LANE FAMILY PREFIX LINE...
    local circuit=$1-$2 prefix=$4
    shift 4
    has our_route "$circuit" "$prefix" -- "$@"
}
# Theirs
peer_has() { # PEER LANE FAMILY PREFIX LINE...
    local peer=$1 lane=$2 family=$3 prefix=$4
    shift 4
    has "${peer}_route" "$lane" "$family" "$prefix" -- "$@"
}
their_state() { [ "$("$1_state" "$2" "$3")" = Established ] || { "$1_session" "$2" "$3"; false; }; }
# What arrives at the collector, that is what we pass on.
collected() { command birdc -s "$WORK/collector.ctl" show route "$1" all ${2:+protocol "$2"} | bird_lines; }

# The kernel's
in_kernel() { # PEER LANE FAMILY
    ip -n "$TAG-edge" "-$3" route show proto 67 "$(route_of "$1" "$2" "$3")" | grep . > /dev/null
}

# The wire's

# on_wire FILTER...: the packets of the edge's side, decoded.
on_wire() { tcpdump -r "$WORK/edge.pcap" -n -v "$@" 2> /dev/null; }
from_peer() { on_wire src host "$(peer_at "$1" "$2" "$3")"; }
to_peer() { on_wire dst host "$(peer_at "$1" "$2" "$3")"; }
# last_open FROM PEER LANE FAMILY: the lines of the last OPEN that passed, from_peer or to_peer.
last_open() {
    "$1" "$2" "$3" "$4" | awk '/Open Message \(1\)/ { text = ""; inside = 1 } /^[0-9][0-9]:/ { inside = 0 } inside { text = text $0 "\n" } END { printf "%s", text }'
}
# says FROM PEER LANE FAMILY CODE: that OPEN carries the capability.
says() {
    local text
    text=$(last_open "$1" "$2" "$3" "$4")
    grep -vE 'Option Capabilities|Message \(' <<< "$text" | grep -E "^[[:space:]]+[A-Za-z0-9].*\($5\), length" > /dev/null || { echo "$text" && return 1; }
}
# says_not: there was an OPEN, without the capability.
says_not() { [ -n "$(last_open "$1" "$2" "$3" "$4")" ] && ! says "$@" > /dev/null; }
