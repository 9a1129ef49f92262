# The maker: a BGP speaker of bytes that are written out here, for attributes that no peer's
# configuration can make. It opens, says its routes, keeps alive, and reads nothing. Runs until it
# is killed, and connects again whenever it is thrown out.
#
#   maker.sh ADDRESS ASN ROUTER-ID NEXT-HOP4 NEXT-HOP6 PREFIX-BYTE4 PREFIX-WORD6 [long] [twice BYTE]

address=$1 asn=$2 id=$3 hop4=$4 hop6=$5 second=$6 word=$7 long=${8:-} twice=${9:-}

octet() { printf '%02x' "$1"; }
short() { printf '%04x' "$1"; }
wide() { printf '%08x' "$1"; }
dotted() { local IFS=.; printf '%02x%02x%02x%02x' $1; }
# message TYPE BODY
message() {
    printf 'ffffffffffffffffffffffffffffffff%04x%02x%s' $((19 + ${#2} / 2)) "$1" "$2"
}
# attribute FLAGS CODE VALUE: with a long length where the flag says so.
attribute() {
    if (($1 & 16)); then printf '%02x%02x%04x%s' "$1" "$2" $((${#3} / 2)) "$3"; else printf '%02x%02x%02x%s' "$1" "$2" $((${#3} / 2)) "$3"; fi
}
# path ASN...: one sequence.
path() {
    local number out
    out=02$(octet $#)
    for number in "$@"; do out+=$(wide "$number"); done
    attribute 64 2 "$out"
}
hop4_bytes=$(dotted "$hop4")
hop6_bytes=$(printf '%04x%04x00000000000000000000%04x' $(tr : ' ' <<< "$hop6" | awk '{print "0x"$1, "0x"$2, "0x"$3}'))
# announce ATTRIBUTES-BEFORE ATTRIBUTES-AFTER THIRD: an UPDATE in each family; next hops go between,
# since attributes are in the order of their codes.
announce() {
    local body
    body=$1$(attribute 64 3 "$hop4_bytes")$2
    message 2 "0000$(short $((${#body} / 2)))${body}180a$(octet "$second")$(octet "$3")"
    body=$1$2$(attribute 144 14 "000201""10""${hop6_bytes}""00""30$word$(short "$3")0000")
    message 2 "0000$(short $((${#body} / 2)))${body}"
}

capabilities=010400010001010400020001020006004104$(wide "$asn")
open=$(message 1 "04$(short $((asn > 65535 ? 23456 : asn)))001e$(dotted "$id")$(octet $((${#capabilities} / 2 + 2)))02$(octet $((${#capabilities} / 2)))$capabilities")
alive=$(message 4 "")
origin=$(attribute 64 1 01)
# 1: every attribute there is, an unknown transitive one (99) and an unknown that must stop (98).
updates=$(announce "$origin$(path "$asn" 65011)" \
    "$(attribute 128 4 0000004d)$(attribute 64 6 '')$(attribute 192 7 "$(wide 65011)c0000263")$(attribute 192 8 fdf20001fdf20002)$(attribute 192 16 0002fdf200000007)$(attribute 192 32 "$(wide "$asn")0000000100000002")$(attribute 128 98 0badcafe)$(attribute 192 99 deadbeef)" 1)
# 2: numbers that need four octets, in the path and in the AGGREGATOR.
updates+=$(announce "$origin$(path "$asn" 4200000001 65012)" "$(attribute 192 7 "$(wide 4200000001)c0000264")" 2)
# 5: the same path without an AGGREGATOR.
updates+=$(announce "$origin$(path "$asn" 4200000001 65012)" "" 5)
# 6: marked Only To Customers (RFC 9234).
updates+=$(announce "$origin$(path "$asn" 65015)" "$(attribute 192 35 "$(wide "$asn")")" 6)
# 3: more than 4096 octets, by communities, for those that can take it.
if [ "$long" = long ]; then
    printf -v list 'fdf3%04x' {0..1199}
    updates+=$(announce "$origin$(path "$asn" 65013)" "$(attribute 208 8 "$list")" 3)
fi
# 4: with a path of its own, for whoever has another path to the same prefix.
updates+=$(announce "$origin$(path "$asn" 65014 65014)" "" 4)
if [ -n "$twice" ]; then
    body=$origin$(path "$asn" 65014 65014)$(attribute 64 3 "$hop4_bytes")
    updates+=$(message 2 "0000$(short $((${#body} / 2)))${body}180a$(octet "$twice")00")
fi
escaped() { sed 's/../\\x&/g' <<< "$1"; }
open=$(escaped "$open") alive=$(escaped "$alive") updates=$(escaped "$updates")

while :; do
    if exec 3<> "/dev/tcp/$address/179"; then
        cat <&3 > /dev/null &
        reader=$!
        # shellcheck disable=SC2059
        printf "$open$alive" >&3
        sleep 0.5
        # shellcheck disable=SC2059
        printf "$updates" >&3
        # shellcheck disable=SC2059
        while printf "$alive" >&3 && kill -0 $reader; do sleep 1; done
        kill $reader
        exec 3>&-
    fi 2> /dev/null
    sleep 0.3
done
