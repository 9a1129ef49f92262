// One rtnetlink request per function, written with libmnl into the caller's buffer. A message that
// does not fit leaves `fits` false on the way and is answered with -EMSGSIZE; the buffer's bytes
// behind the last whole message mean nothing.
#define _GNU_SOURCE
#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdbool.h>
#include <string.h>

// A message being written.
struct writer {
    struct nlmsghdr *header;
    size_t size;
    bool fits;
};

// Starts a message with its fixed part, zeroed; NULL when not even that fits.
static void *start(
    struct writer *writer, struct clinux_request request, uint16_t type, uint16_t flags,
    size_t fixed) {
    writer->size = request.size;
    writer->fits = request.size >= MNL_NLMSG_HDRLEN + MNL_ALIGN(fixed);
    writer->header = NULL;
    if (!writer->fits) return NULL;
    writer->header = mnl_nlmsg_put_header(request.buffer);
    writer->header->nlmsg_type = type;
    writer->header->nlmsg_flags = NLM_F_REQUEST | flags;
    writer->header->nlmsg_seq = request.sequence;
    return mnl_nlmsg_put_extra_header(writer->header, fixed);
}

static int32_t finish(const struct writer *writer) {
    return writer->fits ? (int32_t)MNL_ALIGN(writer->header->nlmsg_len) : -EMSGSIZE;
}

static void put(struct writer *writer, uint16_t type, const void *bytes, size_t length) {
    // The length of an attribute is 16 bits wide, and libmnl does not look.
    if (length > UINT16_MAX - MNL_ATTR_HDRLEN) writer->fits = false;
    if (!writer->fits) return;
    char *const payload =
        (char *)mnl_nlmsg_get_payload_tail(writer->header) + MNL_ATTR_HDRLEN;
    writer->fits = mnl_attr_put_check(writer->header, writer->size, type, length, bytes);
    // libmnl before 1.0.5 leaves the padding as it was.
    if (writer->fits) memset(payload + length, 0, MNL_ALIGN(length) - length);
}


static void put_u16(struct writer *writer, uint16_t type, uint16_t value) {
    put(writer, type, &value, sizeof(value));
}

static void put_u32(struct writer *writer, uint16_t type, uint32_t value) {
    put(writer, type, &value, sizeof(value));
}

static void put_name(struct writer *writer, uint16_t type, const char *name) {
    put(writer, type, name, strlen(name) + 1);
}

static struct nlattr *nest(struct writer *writer, uint16_t type) {
    if (!writer->fits) return NULL;
    struct nlattr *nested = mnl_attr_nest_start_check(writer->header, writer->size, type);
    if (nested == NULL) writer->fits = false;
    return nested;
}

static void end_nest(struct writer *writer, struct nlattr *nested) {
    if (writer->fits && nested != NULL) mnl_attr_nest_end(writer->header, nested);
}

static size_t address_bytes(struct clinux_address address, uint8_t bytes[16]) {
    const uint64_t words[2] = {address.high, address.low};
    const size_t length = address.family == AF_INET ? 4 : 16;
    const size_t skipped = 16 - length;
    for (size_t position = skipped; position < 16; position++)
        bytes[position - skipped] = (uint8_t)(words[position / 8] >> (56 - 8 * (position % 8)));
    return length;
}

static void put_address(struct writer *writer, uint16_t type, struct clinux_address address) {
    uint8_t bytes[16];
    const size_t length = address_bytes(address, bytes);
    put(writer, type, bytes, length);
}

void clinux_ask_ack(void *message) {
    ((struct nlmsghdr *)message)->nlmsg_flags |= NLM_F_ACK;
}

// A creating message up to its kind; `*info` is the open IFLA_LINKINFO. The flags are a change of
// what the device comes with.
static void start_link(
    struct writer *writer, struct clinux_request request, const char *name, const char *kind,
    uint32_t group, uint32_t cleared_flags, struct nlattr **info) {
    struct ifinfomsg *fixed = start(
        writer, request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*fixed));
    if (fixed != NULL) fixed->ifi_change = cleared_flags;
    put_name(writer, IFLA_IFNAME, name);
    put_u32(writer, IFLA_GROUP, group);
    *info = nest(writer, IFLA_LINKINFO);
    put_name(writer, IFLA_INFO_KIND, kind);
}

int32_t clinux_create_vlan(
    struct clinux_request request, const char *name, int32_t parent, uint16_t tag_protocol,
    uint16_t id, uint32_t group, uint32_t mtu) {
    struct writer writer;
    struct nlattr *info;
    start_link(&writer, request, name, "vlan", group, 0, &info);
    struct nlattr *data = nest(&writer, IFLA_INFO_DATA);
    put_u16(&writer, IFLA_VLAN_ID, id);
    put_u16(&writer, IFLA_VLAN_PROTOCOL, htons(tag_protocol));
    end_nest(&writer, data);
    end_nest(&writer, info);
    put_u32(&writer, IFLA_LINK, (uint32_t)parent);
    if (mtu != 0) put_u32(&writer, IFLA_MTU, mtu);
    return finish(&writer);
}

int32_t clinux_create_vrf(
    struct clinux_request request, const char *name, uint32_t table, uint32_t group) {
    struct writer writer;
    struct nlattr *info;
    start_link(&writer, request, name, "vrf", group, 0, &info);
    struct nlattr *data = nest(&writer, IFLA_INFO_DATA);
    put_u32(&writer, IFLA_VRF_TABLE, table);
    end_nest(&writer, data);
    end_nest(&writer, info);
    return finish(&writer);
}

int32_t clinux_create_dummy(struct clinux_request request, const char *name, uint32_t group) {
    struct writer writer;
    struct nlattr *info;
    start_link(&writer, request, name, "dummy", group, IFF_NOARP, &info);
    end_nest(&writer, info);
    return finish(&writer);
}

int32_t clinux_create_veth(
    struct clinux_request request, const char *name, const char *peer, uint32_t group) {
    struct writer writer;
    struct nlattr *info;
    start_link(&writer, request, name, "veth", group, 0, &info);
    struct nlattr *data = nest(&writer, IFLA_INFO_DATA);
    // The peer is a link message of its own inside the attribute: fixed part, then attributes.
    const struct ifinfomsg fixed = {0};
    struct nlattr *other = nest(&writer, VETH_INFO_PEER);
    if (writer.fits && writer.header->nlmsg_len + sizeof(fixed) <= writer.size) {
        memcpy(mnl_nlmsg_get_payload_tail(writer.header), &fixed, sizeof(fixed));
        writer.header->nlmsg_len += sizeof(fixed);
    } else {
        writer.fits = false;
    }
    put_name(&writer, IFLA_IFNAME, peer);
    end_nest(&writer, other);
    end_nest(&writer, data);
    end_nest(&writer, info);
    return finish(&writer);
}

int32_t clinux_raise_link(struct clinux_request request, const char *name) {
    struct writer writer;
    struct ifinfomsg *fixed = start(&writer, request, RTM_SETLINK, 0, sizeof(*fixed));
    if (fixed != NULL) fixed->ifi_flags = fixed->ifi_change = IFF_UP;
    put_name(&writer, IFLA_IFNAME, name);
    return finish(&writer);
}

int32_t clinux_change_link(
    struct clinux_request request, int32_t index, uint32_t changes, uint32_t mtu, int32_t master,
    const char *alias) {
    struct writer writer;
    struct ifinfomsg *fixed = start(&writer, request, RTM_SETLINK, 0, sizeof(*fixed));
    if (fixed != NULL) {
        fixed->ifi_index = index;
        if (changes & (CLINUX_CHANGE_UP | CLINUX_CHANGE_DOWN)) fixed->ifi_change = IFF_UP;
        if (changes & CLINUX_CHANGE_UP) fixed->ifi_flags = IFF_UP;
    }
    if (changes & CLINUX_CHANGE_MTU) put_u32(&writer, IFLA_MTU, mtu);
    if (changes & CLINUX_CHANGE_ALIAS) put(&writer, IFLA_IFALIAS, alias, strlen(alias));
    if (changes & CLINUX_CHANGE_MASTER) put_u32(&writer, IFLA_MASTER, (uint32_t)master);
    return finish(&writer);
}

int32_t clinux_delete_link(struct clinux_request request, int32_t index) {
    struct writer writer;
    struct ifinfomsg *fixed = start(&writer, request, RTM_DELLINK, 0, sizeof(*fixed));
    if (fixed != NULL) fixed->ifi_index = index;
    return finish(&writer);
}

static int32_t address_request(
    struct clinux_request request, uint16_t type, uint16_t flags, int32_t index,
    struct clinux_address address, uint8_t length) {
    struct writer writer;
    struct ifaddrmsg *fixed = start(&writer, request, type, flags, sizeof(*fixed));
    if (fixed != NULL) {
        fixed->ifa_family = address.family;
        fixed->ifa_prefixlen = length;
        fixed->ifa_index = (uint32_t)index;
    }
    put_address(&writer, IFA_LOCAL, address);
    put_address(&writer, IFA_ADDRESS, address);
    return finish(&writer);
}

int32_t clinux_put_address(
    struct clinux_request request, int32_t index, struct clinux_address address, uint8_t length) {
    return address_request(
        request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address, length);
}

int32_t clinux_delete_address(
    struct clinux_request request, int32_t index, struct clinux_address address, uint8_t length) {
    return address_request(request, RTM_DELADDR, 0, index, address, length);
}

static void start_neighbour(
    struct writer *writer, struct clinux_request request, int32_t index,
    struct clinux_address address, uint16_t state) {
    struct ndmsg *fixed = start(
        writer, request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*fixed));
    if (fixed != NULL) {
        fixed->ndm_family = address.family;
        fixed->ndm_ifindex = index;
        fixed->ndm_state = state;
        fixed->ndm_flags = NTF_EXT_LEARNED; // keeps it out of garbage collection
    }
    put_address(writer, NDA_DST, address);
}

int32_t clinux_put_failed_neighbour(
    struct clinux_request request, int32_t index, struct clinux_address address) {
    struct writer writer;
    start_neighbour(&writer, request, index, address, NUD_FAILED);
    return finish(&writer);
}

int32_t clinux_put_managed_neighbour(
    struct clinux_request request, int32_t index, struct clinux_address address) {
    struct writer writer;
    start_neighbour(&writer, request, index, address, NUD_NONE);
    put_u32(&writer, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
    return finish(&writer);
}

int32_t clinux_silence_neighbours(
    struct clinux_request request, int32_t index, uint8_t family) {
    struct writer writer;
    struct ndtmsg *fixed = start(&writer, request, RTM_SETNEIGHTBL, NLM_F_REPLACE, sizeof(*fixed));
    if (fixed != NULL) fixed->ndtm_family = family;
    put_name(&writer, NDTA_NAME, family == AF_INET ? "arp_cache" : "ndisc_cache");
    struct nlattr *parameters = nest(&writer, NDTA_PARMS);
    put_u32(&writer, NDTPA_IFINDEX, (uint32_t)index);
    put_u32(&writer, NDTPA_MCAST_PROBES, 0);
    end_nest(&writer, parameters);
    return finish(&writer);
}

static void start_nexthop(
    struct writer *writer, struct clinux_request request, uint32_t id, uint8_t family,
    uint8_t protocol, uint32_t nexthop_flags, int32_t replacing) {
    const uint16_t flags = NLM_F_CREATE | (replacing ? NLM_F_REPLACE : NLM_F_EXCL);
    struct nhmsg *fixed = start(writer, request, RTM_NEWNEXTHOP, flags, sizeof(*fixed));
    if (fixed != NULL) {
        fixed->nh_family = family;
        fixed->nh_protocol = protocol;
        fixed->nh_flags = nexthop_flags;
    }
    put_u32(writer, NHA_ID, id);
}

int32_t clinux_put_gateway(
    struct clinux_request request, uint32_t id, uint8_t protocol, struct clinux_address gateway,
    int32_t device, int32_t onlink, int32_t replacing) {
    struct writer writer;
    start_nexthop(
        &writer, request, id, gateway.family, protocol, onlink ? RTNH_F_ONLINK : 0, replacing);
    put_address(&writer, NHA_GATEWAY, gateway);
    put_u32(&writer, NHA_OIF, (uint32_t)device);
    return finish(&writer);
}

int32_t clinux_put_group(
    struct clinux_request request, uint32_t id, uint8_t protocol,
    const struct clinux_member *members, size_t count, int32_t replacing) {
    struct writer writer;
    start_nexthop(&writer, request, id, AF_UNSPEC, protocol, 0, replacing);
    // The members are written in place behind an attribute of their own.
    struct nlattr *list = nest(&writer, NHA_GROUP);
    for (size_t position = 0; writer.fits && position < count; position++) {
        // The kernel adds one to the weight.
        const struct nexthop_grp member = {
            .id = members[position].id, .weight = (uint8_t)(members[position].weight - 1)};
        const uint32_t length = writer.header->nlmsg_len + sizeof(member);
        if (length > writer.size || length > UINT16_MAX) {
            writer.fits = false;
        } else {
            memcpy(mnl_nlmsg_get_payload_tail(writer.header), &member, sizeof(member));
            writer.header->nlmsg_len = length;
        }
    }
    end_nest(&writer, list);
    // libmnl marks a nest with NLA_F_NESTED, which this attribute does not take.
    if (writer.fits) list->nla_type = NHA_GROUP;
    return finish(&writer);
}

int32_t clinux_delete_nexthop(struct clinux_request request, uint32_t id) {
    struct writer writer;
    start(&writer, request, RTM_DELNEXTHOP, 0, sizeof(struct nhmsg));
    put_u32(&writer, NHA_ID, id);
    return finish(&writer);
}

static void start_route(
    struct writer *writer, struct clinux_request request, uint16_t type, uint16_t flags,
    const struct clinux_route *route, uint8_t scope, uint8_t kind) {
    struct rtmsg *fixed = start(writer, request, type, flags, sizeof(*fixed));
    if (fixed != NULL) {
        fixed->rtm_family = route->destination.family;
        fixed->rtm_dst_len = route->length;
        fixed->rtm_protocol = route->protocol;
        fixed->rtm_scope = scope;
        fixed->rtm_type = kind;
    }
    put_u32(writer, RTA_TABLE, route->table); // rtm_table holds numbers below 256 only
    put_u32(writer, RTA_PRIORITY, route->metric);
    put_address(writer, RTA_DST, route->destination);
}

int32_t clinux_put_route(
    struct clinux_request request, const struct clinux_route *route, int32_t replacing) {
    struct writer writer;
    const uint16_t flags = NLM_F_CREATE | (replacing ? NLM_F_REPLACE : NLM_F_EXCL);
    const uint8_t kind = route->nexthop != 0 ? RTN_UNICAST : RTN_UNREACHABLE;
    start_route(&writer, request, RTM_NEWROUTE, flags, route, RT_SCOPE_UNIVERSE, kind);
    if (route->nexthop != 0) put_u32(&writer, RTA_NH_ID, route->nexthop);
    return finish(&writer);
}

int32_t clinux_delete_route(struct clinux_request request, const struct clinux_route *route) {
    struct writer writer;
    // RT_SCOPE_NOWHERE and type 0 match any scope and type.
    start_route(&writer, request, RTM_DELROUTE, 0, route, RT_SCOPE_NOWHERE, RTN_UNSPEC);
    return finish(&writer);
}

int32_t clinux_dump_links(struct clinux_request request) {
    struct writer writer;
    start(&writer, request, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
    put_u32(&writer, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    return finish(&writer);
}

int32_t clinux_dump_addresses(struct clinux_request request) {
    struct writer writer;
    start(&writer, request, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
    return finish(&writer);
}

int32_t clinux_dump_routes(struct clinux_request request, uint8_t family, uint8_t protocol) {
    struct writer writer;
    struct rtmsg *fixed = start(&writer, request, RTM_GETROUTE, NLM_F_DUMP, sizeof(*fixed));
    if (fixed != NULL) {
        fixed->rtm_family = family;
        fixed->rtm_protocol = protocol;
    }
    return finish(&writer);
}

int32_t clinux_dump_nexthops(struct clinux_request request) {
    struct writer writer;
    start(&writer, request, RTM_GETNEXTHOP, NLM_F_DUMP, sizeof(struct nhmsg));
    return finish(&writer);
}

int32_t clinux_dump_neighbours(struct clinux_request request, uint8_t family) {
    struct writer writer;
    struct ndmsg *fixed = start(&writer, request, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*fixed));
    if (fixed != NULL) fixed->ndm_family = family;
    return finish(&writer);
}

int32_t clinux_dump_rules(struct clinux_request request, uint8_t family) {
    struct writer writer;
    struct fib_rule_hdr *fixed = start(
        &writer, request, RTM_GETRULE, NLM_F_DUMP, sizeof(*fixed));
    if (fixed != NULL) fixed->family = family;
    return finish(&writer);
}
