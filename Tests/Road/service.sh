#!/bin/bash
# The unit under the real systemd: start, status, reload, restart, a provoked watchdog death, stop.
# Run inside scripts/lab --systemd, where the root is an overlay that is thrown away.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
passed=0 failed=0
check() {
    local sentence=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1)); echo "  ok    $sentence"
    else
        failed=$((failed + 1)); echo "  FAIL  $sentence"
        printf '%s\n' "$output" | head -10 | sed 's/^/          /'
        journalctl -u circuitd --no-pager -n 12 -o short-monotonic | sed 's/^/          | /'
        return 1
    fi
}
eventually() {
    local end=$((SECONDS + $1)) sentence=$2
    shift 2
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || break
        sleep 0.3
    done
    check "$sentence" "$@"
}
summary_and_end() {
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
}
property() { systemctl show circuitd -p "$1" --value; }
is() { [ "$(property "$1")" = "$2" ] || { property "$1"; return 1; }; }
healthy() { curl -s --unix-socket /run/circuitd/health.sock http://c/healthz | grep -q '"status":"ok"' || { curl -s --unix-socket /run/circuitd/health.sock http://c/healthz; return 1; }; }
routes() { ip route show table 1001 proto 67; }

echo "== the service under systemd $(systemctl --version | awk 'NR==1 { print $2 }')"
check "installs" "$here/scripts/install-service" --built "${BIN:?}"
check "the unit is sound" systemd-analyze verify --man=no /usr/lib/systemd/system/circuitd.service
exposure=$(systemd-analyze security circuitd 2> /dev/null | sed -n 's/.*exposure level for circuitd.service: \([0-9.]*\).*/\1/p')
check "its exposure is at most 2.0 (it is $exposure)" awk "BEGIN { exit !(\"$exposure\" + 0 <= 2.0 && \"$exposure\" != \"\") }"

modprobe -a 8021q vrf dummy veth
ip link add campus type veth peer name far
ip link set far up
cat > /etc/circuitd/circuitd.yaml << 'YAML'
edge: ord1
router-id: 203.0.113.7
asn: 64600
ports:
  campus: { device: campus }
YAML
cat > /etc/circuitd/tenants/acme.yaml << 'YAML'
tenant: acme
vrf: { table: 1001 }
networks: [10.20.0.0/16]
YAML
cat > /etc/circuitd/circuits/acme-dc.yaml << 'YAML'
circuit: acme-dc
tenant: acme
provider: dedicated
vlan: 310
routing: static
routes: [172.16.0.0/12]
links: { main: { port: campus, address: 192.0.2.1/30, peer: 192.0.2.2 } }
YAML
# Without this nothing below could pass: better a short log than a long wait.
check "systemctl start comes back when it runs" systemctl start circuitd || summary_and_end
check "it is active" is ActiveState active
check "as its own user" bash -c "[ \$(stat -c %U /proc/\$(systemctl show circuitd -p MainPID --value)) = circuitd ]"
check "with two capabilities and no more" bash -c "grep -q 'CapBnd:.*0000000000001400' /proc/\$(systemctl show circuitd -p MainPID --value)/status"
eventually 30 "health is ok" healthy
eventually 20 "its route is in the tenant's table" bash -c "ip route show table 1001 proto 67 | grep -q 172.16.0.0/12"
check "the local rule stands behind the VRFs'" bash -c "ip rule show | tail -3 | grep -q 'lookup local' && ! ip rule show | grep -q '^0:'"
check "the host's settings are in place" bash -c "[ \$(sysctl -n net.ipv4.nexthop_compat_mode) = 0 ]"
# asks GROUPS METHOD PATH CODE: somebody of these groups only gets this answer (000: no connection).
asks() {
    local given=(--clear-groups) code
    [ -z "$1" ] || given=(--groups "$1")
    code=$(setpriv --reuid nobody --regid nogroup "${given[@]}" curl -s -o /run/answer -w '%{http_code}' \
        -X "$2" --unix-socket "/run/circuitd/${5:-control.sock}" "http://c$3")
    [ "$code" = "$4" ] || { echo "answered $code"; cat /run/answer; return 1; }
}
touch /run/answer
chmod 666 /run/answer
check "the control socket belongs to its group" [ "$(stat -c '%U %G %a' /run/circuitd/control.sock)" = "circuitd circuitd 660" ]
check "somebody without rights cannot reach control.sock" asks "" GET /v1/status 000
check "but is told about health" asks "" GET /healthz 200 health.sock
check "group circuitd may read" asks circuitd GET /v1/circuits 200
check "and is told names" grep -q acme-dc /run/answer
check "but may not change anything" asks circuitd POST /v1/reload 403
check "who is in circuitd-admin as well may" asks circuitd,circuitd-admin POST /v1/reload 200
ip link set far down
eventually 20 "a lost link is told to everybody" asks "" GET /healthz 503 health.sock
check "without names" bash -c "grep -q status /run/answer && ! grep -E 'acme|campus' /run/answer"
check "group circuitd is told which" asks circuitd GET /healthz 503 health.sock
check "by name" grep -q acme-dc /run/answer
ip link set far up
eventually 30 "health is ok when it is back" healthy
check "log lines carry their priorities" bash -c "journalctl -u circuitd -p notice --no-pager | grep -q event="
check "and do not show them as text" bash -c "! journalctl -u circuitd --no-pager -o cat | grep -E '^<[0-7]>'"

cat > /etc/circuitd/circuits/acme-dc2.yaml << 'YAML'
circuit: acme-dc2
tenant: acme
provider: dedicated
vlan: 311
routing: static
routes: [172.32.0.0/12]
links: { main: { port: campus, address: 192.0.2.5/30, peer: 192.0.2.6 } }
YAML
check "systemctl reload comes back when the files are read" systemctl reload circuitd
eventually 10 "the new circuit's route is there" bash -c "ip route show table 1001 proto 67 | grep -q 172.32.0.0/12"

before=$(routes) pid=$(property MainPID)
ip monitor route nexthop > /run/monitor.log 2>&1 &
monitor=$!
check "systemctl restart" systemctl restart circuitd
check "another process runs" bash -c "[ $pid != \$(systemctl show circuitd -p MainPID --value) ]"
eventually 30 "health is ok again" healthy
check "the kernel's routes are the same" [ "$before" = "$(routes)" ]
check "and were never deleted or replaced" bash -c "! grep -E 'proto (67|circuitd)' /run/monitor.log"

pid=$(property MainPID)
kill -STOP "$pid"
eventually 60 "a loop that stands still is killed by the watchdog and started again" bash -c "[ \$(systemctl show circuitd -p NRestarts --value) -ge 1 ] && [ \$(systemctl show circuitd -p ActiveState --value) = active ]"
check "the journal says watchdog" bash -c "journalctl -u circuitd --no-pager | grep -qi watchdog"
eventually 30 "health is ok again" healthy
check "the kernel's routes are the same" [ "$before" = "$(routes)" ]
check "and were never deleted or replaced" bash -c "! grep -E 'proto (67|circuitd)' /run/monitor.log"
kill $monitor

check "systemctl stop" systemctl stop circuitd
check "the kernel goes on forwarding" [ "$before" = "$(routes)" ]
check "start once more" systemctl start circuitd
eventually 30 "health is ok" healthy
check "circuitctl shutdown removes what is ours" circuitctl shutdown --yes
eventually 30 "nothing is left" bash -c "[ -z \"\$(ip route show table 1001 proto 67 2> /dev/null)\" ] && ! ip link show vrf-acme"
summary_and_end
