# What the table is made of. A cell is one feature with one peer, run in a subshell of its own. It
# becomes `works` only by checks that ran and passed on both sides, `lacks` only by a probe that
# showed it in this run, and `fails` by anything else; nothing can write a result by hand.

declare -A TITLE=()
FEATURES=()
# feature NAME TITLE: adds a row. Its cells are run by the function feature_NAME, given the peer.
feature() { FEATURES+=("$1") TITLE[$1]=$2; }

# cell FEATURE PEER: runs one cell and records it. Its output goes to the peer's log.
cell() {
    local feature=$1 peer=$2 started=$EPOCHREALTIME
    (
        set +e
        # Set by the checks below, judged by settle.
        ours_passed=0 theirs_passed=0 failure='' lack='' part='' undo=()
        trap - INT TERM
        trap 'settle "$feature" "$peer"' EXIT
        say "== $peer: ${TITLE[$feature]}"
        "feature_$feature" "$peer"
    )
    say "  $(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }')"
}

settle() {
    local result command
    trap - EXIT
    for command in "${undo[@]}"; do eval "$command" > /dev/null 2>&1; done
    if [ -n "$failure" ]; then
        result="fails|$failure"
    elif [ -n "$lack" ]; then
        result="lacks|$lack"
    elif [ $ours_passed -gt 0 ] && [ $theirs_passed -gt 0 ]; then
        result="works|$part"
    else
        result="fails|was not checked on both sides"
    fi
    echo "$result" > "$WORK/cells/$1.$2"
    exit 0
}

# ours, theirs SECONDS SENTENCE COMMAND...: polls until the command succeeds: our side says so, or
# the peer's does. The first that does not ends the cell.
ours() { verify ours "$@"; ours_passed=$((ours_passed + 1)); }
theirs() { verify theirs "$@"; theirs_passed=$((theirs_passed + 1)); }
# wire: what passed between the two. Supports a cell and is neither side.
wire() { verify wire "$@"; }

verify() { # SIDE SECONDS SENTENCE COMMAND...
    local side=$1 seconds=$(($2 * PATIENCE)) sentence=$3 output end
    end=$((SECONDS + seconds))
    shift 3
    until output=$("$@" 2>&1); do
        if [ $SECONDS -ge $end ]; then
            say "  FAIL  $side: $sentence (not within $seconds s): $*"
            [ -z "$output" ] || printf '%s\n' "$output" | tail -25 | sed 's/^/          /'
            failure="$side: $sentence"
            exit 1
        fi
        sleep 0.2
    done
    say "  ok    $side: $sentence"
}

# stays SIDE SECONDS SENTENCE COMMAND...: the command must succeed at every look until then.
stays() {
    local side=$1 seconds=$2 sentence=$3 end output
    shift 3
    end=$((SECONDS + seconds))
    while [ $SECONDS -lt $end ]; do
        if ! output=$("$@" 2>&1); then
            say "  FAIL  $side: $sentence (not any more): $*"
            printf '%s\n' "$output" | tail -25 | sed 's/^/          /'
            failure="$side: $sentence"
            exit 1
        fi
        sleep 0.2
    done
    say "  ok    $side: $sentence, for $seconds s"
    if [ "$side" = ours ]; then ours_passed=$((ours_passed + 1)); else theirs_passed=$((theirs_passed + 1)); fi
}

# lacks REASON PROBE...: the peer does not have this, as the probe shows. Ends the cell.
lacks() {
    local reason=$1
    shift
    verify probe 5 "$reason" "$@"
    lack=$reason
    exit 0
}
# without REASON PROBE...: the peer lacks a part of it; the rest is still to be checked.
without() {
    local reason=$1
    shift
    verify probe 5 "$reason" "$@"
    part=$reason
}
# finally COMMAND: runs when the cell has ended, however it did.
finally() { undo+=("$1"); }

# The table, from the cells alone. A row without a cell is a failure.

result_of() { cut -d '|' -f 1 "$WORK/cells/$1.$2" 2> /dev/null || echo missing; }
reason_of() { cut -d '|' -f 2- "$WORK/cells/$1.$2" 2> /dev/null; }

table_text() {
    local feature peer
    printf '%-34s' ''
    for peer in "${PEERS[@]}"; do printf ' %-16s' "$peer ${VERSION[$peer]}"; done
    echo
    for feature in "${FEATURES[@]}"; do
        printf '%-34s' "${TITLE[$feature]}"
        for peer in "${PEERS[@]}"; do
            printf ' %-16s' "$(result_of "$feature" "$peer")$([ -n "$(reason_of "$feature" "$peer")" ] && echo ' *')"
        done
        echo
    done
    reasons '* '
}
table_markdown() {
    local feature peer line
    echo "# What each peer was seen to do with circuitd"
    echo
    echo "Written by a run of \`scripts/test interop\`, $(date -u +%Y-%m-%d). Works: checked in it on both sides. Lacks: a probe"
    echo "in it showed that the peer does not have it."
    echo
    line='| |' && for peer in "${PEERS[@]}"; do line+=" ${NAME[$peer]} ${VERSION[$peer]} |"; done && echo "$line"
    line='| --- |' && for peer in "${PEERS[@]}"; do line+=' --- |'; done && echo "$line"
    for feature in "${FEATURES[@]}"; do
        line="| ${TITLE[$feature]} |"
        for peer in "${PEERS[@]}"; do
            line+=" $(result_of "$feature" "$peer")$([ -n "$(reason_of "$feature" "$peer")" ] && echo ' ¹') |"
        done
        echo "$line"
    done
    echo
    echo "¹ Why:"
    echo
    reasons '- '
}
reasons() {
    local feature peer reason
    for feature in "${FEATURES[@]}"; do
        for peer in "${PEERS[@]}"; do
            reason=$(reason_of "$feature" "$peer")
            [ -z "$reason" ] || echo "$1${TITLE[$feature]}, ${NAME[$peer]}: $reason"
        done
    done
}

# tally: the last line, and whether all cells are as they should be.
tally() {
    local feature peer works=0 lacks=0 bad=0
    for feature in "${FEATURES[@]}"; do
        for peer in "${PEERS[@]}"; do
            case $(result_of "$feature" "$peer") in
                works) works=$((works + 1)) ;;
                lacks) lacks=$((lacks + 1)) ;;
                *) bad=$((bad + 1)) && say "  FAIL  ${TITLE[$feature]}, $peer: $(result_of "$feature" "$peer") $(reason_of "$feature" "$peer")" ;;
            esac
        done
    done
    say "$works work, $lacks lacked by the peer, $bad failed or missing: $((works + lacks)) passed, $bad failed"
    [ $bad -eq 0 ]
}
