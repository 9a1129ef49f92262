# Limits of prefixes, both ways.

feature limit_in "prefix limit in"
feature_limit_in() {
    ours 30 "established, with fewer" our_state "$1" limit 4 Established
    theirs 5 "for the peer too" their_state "$1" limit 4
    finally "$1_fewer"
    "$1_more"
    ours 20 "over the limit the session ends" our_session "$1" limit 4 '.state != "Established" and (.lastError // "" | test("max|limit|6/1"; "i"))'
    theirs 10 "the peer is told that these are too many" their_error "$1" limit 4 'max(imum)?[ _-]*(number of )?prefix|6/1|limit reached|code 6.*subcode 1'
    wire 5 "by Cease, maximum prefixes" over_limit_said "$1"
    ours 5 "it is held down" our_session "$1" limit 4 '.holdDownSeconds > 0'
    "$1_fewer"
    "$1_open" limit 4
    stays ours 3 "and stays so, though the peer connects" not_established "$1" limit 4
    ours 5 "the other family never noticed" our_state "$1" limit 6 Established
    ctl edge clear "$1-limit/main"
    "$1_open" limit 4
    ours 60 "with fewer again, and cleared, it comes back" our_state "$1" limit 4 Established
}
over_limit_said() { to_peer "$1" limit 4 | grep -E 'Cease \(6\), subcode Maximum Number of Prefixes Reached \(1\)'; }

feature limit_out "prefix limit out"
feature_limit_out() {
    local family
    for family in 4 6; do
        ours 30 "established, IPv$family" our_state "$1" limit $family Established
        ours 10 "we announce three of five" our_session "$1" limit $family '.families[0].advertised == 3'
        theirs 10 "the peer has three" counts "$1" limit $family 3
    done
    ours 5 "and we say that more are held back" held_back_said "$1"
    stays theirs 2 "never more" counts "$1" limit 4 3
}
counts() { local n; n=$("$1_count" "$2" "$3"); [ "$n" -eq "$4" ] || { echo "$n" && return 1; }; }
held_back_said() { { ctl edge circuit "$1-limit" --json || true; } | jq -e '[.summary.reasons[] | select(test("max-prefixes out is reached .* held back"))] | length == 2'; }
