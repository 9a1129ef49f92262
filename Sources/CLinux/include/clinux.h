// What Swift cannot say to Linux itself: rtnetlink messages, and a few socket options whose
// constants or structures do not import. Stateless, no memory of its own, no errno: every function
// returns a length, 0 or -errno, and touches nothing but its arguments.
//
// Netlink requests are written into the caller's buffer (at least 4-byte aligned) by the functions
// clinux_create_*, clinux_put_*, clinux_delete_*, clinux_dump_*; each writes exactly one message
// without NLM_F_ACK and returns its length, a multiple of 4, or -EMSGSIZE when it does not fit.
// Several may stand one after the other in one buffer: the kernel answers each that fails, and the
// last when clinux_ask_ack() marked it.
#pragma once

#include "clinux_host.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// The sockets (netlink_socket.c).

// Groups that clinux_netlink_open() joins: a bit mask of these.
static const uint32_t CLINUX_GROUPS_NONE = 0;
static const uint32_t CLINUX_GROUP_LINKS = 1u << 0;
static const uint32_t CLINUX_GROUP_ADDRESSES = 1u << 1;
static const uint32_t CLINUX_GROUP_ROUTES = 1u << 2;
static const uint32_t CLINUX_GROUP_NEXTHOPS = 1u << 3;

// Opens a NETLINK_ROUTE socket in the calling thread's network namespace with strict checking,
// extended and capped acknowledgements. `buffer_bytes` is asked for beyond the host's limit
// (needs CAP_NET_ADMIN), else up to it. Returns the descriptor.
int32_t clinux_netlink_open(uint32_t groups, int32_t nonblocking, int32_t buffer_bytes);

// The socket's port id, which the kernel repeats in all that it says because of this socket.
int32_t clinux_netlink_port(int32_t fd, uint32_t *port);

// Sends requests to the kernel. 0, or -errno.
int32_t clinux_netlink_send(int32_t fd, const void *buffer, size_t length);

// Receives one datagram. Its length; 0 when it was not the kernel's and is to be forgotten;
// -EMSGSIZE when it was longer than the buffer; -ENOBUFS when messages were lost; else -errno.
int64_t clinux_netlink_receive(int32_t fd, void *buffer, size_t size);

// Waits until the socket can be read: 1, 0 after `milliseconds`, -errno.
int32_t clinux_netlink_wait(int32_t fd, int32_t milliseconds);

// The requests (netlink_encode.c).

// Address families, as they stand in messages.
static const uint8_t CLINUX_FAMILY_NONE = 0;
static const uint8_t CLINUX_FAMILY_IPV4 = AF_INET;
static const uint8_t CLINUX_FAMILY_IPV6 = AF_INET6;

// An address in host byte order; IPv4 is the lower half of `low`.
struct clinux_address {
    uint64_t high;
    uint64_t low;
    uint8_t family;
};

// Where a request goes, and its number.
struct clinux_request {
    void *buffer;
    size_t size;
    uint32_t sequence;
};

// Marks the message at `message`: its success is answered too.
void clinux_ask_ack(void *message);

// Links are created exclusively and down, marked with `group` from the start. An alias in the
// creating message is ignored by the kernel. `mtu` 0 leaves the kernel's choice.
int32_t clinux_create_vlan(
    struct clinux_request request, const char *name, int32_t parent, uint16_t tag_protocol,
    uint16_t id, uint32_t group, uint32_t mtu);
int32_t clinux_create_vrf(
    struct clinux_request request, const char *name, uint32_t table, uint32_t group);
// A dummy is NOARP as it comes, and every neighbour on it counts as valid: this one has ARP on.
int32_t clinux_create_dummy(struct clinux_request request, const char *name, uint32_t group);
// A veth pair, of which the second end has no mark, since it comes and goes with the first. It has
// to be raised by a message of its own: inside the creating one the kernel answers ENOTCONN.
int32_t clinux_create_veth(
    struct clinux_request request, const char *name, const char *peer, uint32_t group);
int32_t clinux_raise_link(struct clinux_request request, const char *name);

// What clinux_change_link() changes; the kernel changes flags before the master, whatever the order.
static const uint32_t CLINUX_CHANGE_UP = 1u << 0;
static const uint32_t CLINUX_CHANGE_DOWN = 1u << 1;
static const uint32_t CLINUX_CHANGE_MTU = 1u << 2;
static const uint32_t CLINUX_CHANGE_MASTER = 1u << 3;
static const uint32_t CLINUX_CHANGE_ALIAS = 1u << 4;

int32_t clinux_change_link(
    struct clinux_request request, int32_t index, uint32_t changes, uint32_t mtu, int32_t master,
    const char *alias);
int32_t clinux_delete_link(struct clinux_request request, int32_t index);

// No broadcast address (IPv4), and duplicate address detection as the device has it (IPv6).
int32_t clinux_put_address(
    struct clinux_request request, int32_t index, struct clinux_address address, uint8_t length);
int32_t clinux_delete_address(
    struct clinux_request request, int32_t index, struct clinux_address address, uint8_t length);

// FAILED and learned elsewhere: never resolves, never collected.
int32_t clinux_put_failed_neighbour(
    struct clinux_request request, int32_t index, struct clinux_address address);
// Kept resolved by the kernel (5.16 and later), never collected.
int32_t clinux_put_managed_neighbour(
    struct clinux_request request, int32_t index, struct clinux_address address);
// mcast_probes 0 in the device's parameters of one family's neighbour table: an entry that has to
// be asked for fails at its first packet.
int32_t clinux_silence_neighbours(
    struct clinux_request request, int32_t index, uint8_t family);

// A member of a group; `weight` 1 to 256.
struct clinux_member {
    uint32_t id;
    uint32_t weight;
};

// Exclusive, or over the object of this id, whoever's it is (and anew if it is gone).
int32_t clinux_put_gateway(
    struct clinux_request request, uint32_t id, uint8_t protocol, struct clinux_address gateway,
    int32_t device, int32_t onlink, int32_t replacing);
int32_t clinux_put_group(
    struct clinux_request request, uint32_t id, uint8_t protocol,
    const struct clinux_member *members, size_t count, int32_t replacing);
int32_t clinux_delete_nexthop(struct clinux_request request, uint32_t id);

// A route of ours; `nexthop` 0 is an unreachable one. The kernel gives IPv6 metric 1024 for 0, and
// REPLACE does not look at the protocol.
struct clinux_route {
    struct clinux_address destination;
    uint32_t table;
    uint32_t metric;
    uint32_t nexthop;
    uint8_t length;
    uint8_t protocol;
};

int32_t clinux_put_route(
    struct clinux_request request, const struct clinux_route *route, int32_t replacing);
int32_t clinux_delete_route(struct clinux_request request, const struct clinux_route *route);

// Dumps. Statistics of links are left out; routes are filtered in the kernel; RTM_GETNEXTHOP has no
// protocol filter.
int32_t clinux_dump_links(struct clinux_request request);
int32_t clinux_dump_addresses(struct clinux_request request);
int32_t clinux_dump_routes(struct clinux_request request, uint8_t family, uint8_t protocol);
int32_t clinux_dump_nexthops(struct clinux_request request);
int32_t clinux_dump_neighbours(struct clinux_request request, uint8_t family);
int32_t clinux_dump_rules(struct clinux_request request, uint8_t family);

// What the kernel says (netlink_decode.c).

// What a message is.
static const uint32_t CLINUX_OTHER = 0;     // nothing that we follow, or filtered out
static const uint32_t CLINUX_MALFORMED = 1; // shorter than its kind, or an attribute out of shape
static const uint32_t CLINUX_ANSWER = 2;    // acknowledgement or refusal of `sequence`
static const uint32_t CLINUX_DONE = 3;      // end of a dump, with its error
static const uint32_t CLINUX_OVERRUN = 4;   // messages were lost
static const uint32_t CLINUX_LINK = 5;
static const uint32_t CLINUX_LINK_GONE = 6;
static const uint32_t CLINUX_ADDRESS = 7;
static const uint32_t CLINUX_ADDRESS_GONE = 8;
static const uint32_t CLINUX_ROUTE = 9;
static const uint32_t CLINUX_ROUTE_GONE = 10;
static const uint32_t CLINUX_NEXTHOP = 11;
static const uint32_t CLINUX_NEXTHOP_GONE = 12;
static const uint32_t CLINUX_NEIGHBOUR = 13;
static const uint32_t CLINUX_NEIGHBOUR_GONE = 14;
static const uint32_t CLINUX_RULE = 15;

// Bytes inside the received buffer, without a NUL; valid as long as it is.
struct clinux_text {
    const char *bytes;
    size_t length;
};

struct clinux_link_info {
    struct clinux_text name;
    struct clinux_text kind; // empty for a NIC
    struct clinux_text alias;
    int32_t index;
    int32_t parent; // 0 also when it is in another namespace
    int32_t master;
    uint32_t mtu;
    uint32_t group;
    uint32_t vrf_table;
    uint16_t tag_protocol; // of a VLAN, else 0
    uint16_t tag;
    uint8_t is_up;
    uint8_t has_carrier; // LOWER_UP and not DORMANT
};

static const uint8_t CLINUX_ADDRESS_READY = 0;
static const uint8_t CLINUX_ADDRESS_TENTATIVE = 1;
static const uint8_t CLINUX_ADDRESS_DUPLICATE = 2;

struct clinux_address_info {
    struct clinux_address address;
    int32_t index;
    uint8_t length;
    uint8_t state;
};

struct clinux_route_info {
    struct clinux_route route;
    uint8_t is_unreachable;
    uint8_t is_special; // with a TOS, a source prefix, or a cached clone: never ours
};

struct clinux_nexthop_info {
    struct clinux_address gateway; // family 0: none
    const void *members;           // read with clinux_member_at()
    size_t member_count;           // 0: not a group
    uint32_t id;
    int32_t device;
    uint8_t protocol;
    uint8_t is_onlink;
    uint8_t is_special; // blackhole, encapsulation, fdb, resilient: never ours
};

struct clinux_neighbour_info {
    struct clinux_address address;
    int32_t index;
    uint16_t state;     // NUD_*
    uint8_t flags;      // NTF_*
    uint8_t is_managed; // NTF_EXT_MANAGED
};

struct clinux_rule_info {
    uint32_t priority;
    uint32_t table;
    uint8_t family;
    uint8_t is_l3mdev;
};

// One message. Only the part that `kind` names is filled, the rest is zero.
struct clinux_event {
    uint32_t kind;
    uint32_t sequence;
    uint32_t port;          // who caused it
    uint8_t is_interrupted; // NLM_F_DUMP_INTR: the dump misses something
    uint8_t is_replacement; // NLM_F_REPLACE: it stands where another one stood
    int32_t error;          // of an answer or a dump's end, positive; 0 is success
    struct clinux_text text;
    struct clinux_link_info link;
    struct clinux_address_info address;
    struct clinux_route_info route;
    struct clinux_nexthop_info nexthop;
    struct clinux_neighbour_info neighbour;
    struct clinux_rule_info rule;
};

// What is decoded no further than its header and reported as CLINUX_OTHER.
struct clinux_filter {
    uint32_t own_port;      // routes and nexthops caused by this socket; 0: none
    uint8_t route_protocol; // routes of another protocol, unless they replaced one; 0: none
};

// Decodes the message at the start of `buffer`. The bytes to go on by (at least 16, at most
// `size`); 0 for an empty buffer; -EBADMSG when no message can be told from the rest.
int64_t clinux_decode(
    const void *buffer, size_t size, struct clinux_filter filter, struct clinux_event *event);

// A group's member; `position` below `member_count`.
struct clinux_member clinux_member_at(const struct clinux_nexthop_info *group, size_t position);

// Network namespaces (network_namespace.c): the calling thread enters a fresh one, or the one that
// a descriptor of /proc/.../ns/net names. glibc's names for them do not import.
int32_t clinux_new_network_namespace(void);
int32_t clinux_enter_network_namespace(int32_t fd);
