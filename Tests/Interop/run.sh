#!/bin/bash
# Our daemon against BIRD, FRR, GoBGP and OpenBGPD as Debian has them, feature by feature, each seen
# from both sides. Ends with the table of features and peers, also as Markdown in $INTEROP_TABLE.
# Run by scripts/test interop; PEERS_ONLY="bird frr" and FEATURES_ONLY="md5 gtsm" choose for a try.
INTEROP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$INTEROP/../Road/lib.sh"
for part in world cells views bird frr gobgp openbgpd circuits sessions attributes limits paths restarts; do
    source "$INTEROP/$part.sh"
done
INTEROP_TABLE=${INTEROP_TABLE:-$ROAD/../../.build/interop.md}
declare -A NAME=([bird]=BIRD [frr]=FRR [gobgp]=GoBGP [openbgpd]=OpenBGPD) VERSION=()
read -ra chosen <<< "${PEERS_ONLY:-${PEERS[*]}}"
wanted() { [ -z "${FEATURES_ONLY:-}" ] || [[ " $FEATURES_ONLY " == *" $1 "* ]]; }
mkdir -p "$WORK/cells"
trouble_now() { tail -15 "$WORK/edge.log"; }
TROUBLE=trouble_now

say "== the world"
cables
background tap ip netns exec "$TAG-edge" tcpdump -i any -n -U -w "$WORK/edge.pcap" tcp port 179
background maker-tap ip netns exec "$TAG-maker" tcpdump -i any -n -U -w "$WORK/maker.pcap" tcp port 179
background monitor ip -n "$TAG-edge" -ts monitor route
edge edge
for peer in bird frr gobgp; do "${peer}_start"; done
collector_start
eventually 10 "the daemon answers" healthz edge
place_files
eventually 10 "the files are accepted" no_faults
makers_start
# OpenBGPD dials again only after a long while: it is started once somebody listens.
eventually 10 "the edge waits for OpenBGPD" our_state openbgpd base 4 Active
openbgpd_start
for peer in "${PEERS[@]}"; do
    eventually 20 "$peer answers" "${peer}_answers"
    VERSION[$peer]=$("${peer}_version")
    check "$peer says its version: ${VERSION[$peer]}" test -n "${VERSION[$peer]}"
done

# Peers side by side; the features of one in turn, in the order of the table's rows.
workers=()
for peer in "${chosen[@]}"; do
    for name in "${FEATURES[@]}"; do
        # Those need our own daemon to die: once, for all peers.
        [[ $name == ours_* ]] || ! wanted "$name" || cell "$name" "$peer"
    done > "$WORK/$peer.cells" 2>&1 &
    workers+=($!)
done
wait "${workers[@]}"
for peer in "${chosen[@]}"; do cat "$WORK/$peer.cells"; done
if wanted ours_restart; then
    our_restart
    for peer in "${chosen[@]}"; do cat "$WORK/ours_restart.$peer.after" "$WORK/ours_llgr.$peer.after"; done
fi

say "== the table"
table_text
mkdir -p "$(dirname "$INTEROP_TABLE")"
table_markdown > "$INTEROP_TABLE"
tally
code=$?
[ $failed -eq 0 ] || { say "and $failed checks of the world around the cells failed" && code=1; }
exit $code
