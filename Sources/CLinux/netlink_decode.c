// One message of a received datagram, decoded into a plain event. Nothing is trusted: a length that
// does not fit its frame ends the datagram, a fixed part or an attribute shorter than its kind makes
// the message malformed, and attributes that we do not know are passed over.
#define _GNU_SOURCE
#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>

// Attributes one after the other, and whether all of them had the size that was asked for.
struct reader {
    const struct nlattr *next;
    const char *end;
    bool well_formed;
};

static struct reader attributes(const void *first, const void *end) {
    return (struct reader){.next = first, .end = end, .well_formed = true};
}

// The attributes behind a message's fixed part; none and malformed when that is cut short.
static struct reader message_attributes(const struct nlmsghdr *header, size_t fixed) {
    // libmnl's own tail is rounded up, which may lie behind what was received.
    const char *end = (const char *)header + header->nlmsg_len;
    if (mnl_nlmsg_get_payload_len(header) < fixed)
        return (struct reader){.next = (const void *)end, .end = end, .well_formed = false};
    return attributes(mnl_nlmsg_get_payload_offset(header, fixed), end);
}

static struct reader nested_attributes(const struct nlattr *attribute) {
    const char *payload = mnl_attr_get_payload(attribute);
    return attributes(payload, payload + mnl_attr_get_payload_len(attribute));
}

// The next attribute, or NULL at the end. What is left behind the last one must be less than an
// attribute's header.
static const struct nlattr *next(struct reader *reader) {
    const struct nlattr *attribute = reader->next;
    const ptrdiff_t left = reader->end - (const char *)attribute;
    // Less than nothing is left where the last attribute's padding was not sent.
    if (left < (ptrdiff_t)MNL_ATTR_HDRLEN) return NULL;
    if (!mnl_attr_ok(attribute, left > INT_MAX ? INT_MAX : (int)left)) {
        reader->well_formed = false;
        return NULL;
    }
    reader->next = mnl_attr_next(attribute);
    return attribute;
}

static bool holds(struct reader *reader, const struct nlattr *attribute, size_t length) {
    if (mnl_attr_get_payload_len(attribute) >= length) return true;
    reader->well_formed = false;
    return false;
}

static void get_u32(struct reader *reader, const struct nlattr *attribute, uint32_t *value) {
    if (holds(reader, attribute, sizeof(*value))) *value = mnl_attr_get_u32(attribute);
}

static void get_index(struct reader *reader, const struct nlattr *attribute, int32_t *value) {
    if (holds(reader, attribute, sizeof(*value))) *value = (int32_t)mnl_attr_get_u32(attribute);
}

static struct clinux_text get_text(const struct nlattr *attribute) {
    const char *bytes = mnl_attr_get_payload(attribute);
    return (struct clinux_text){bytes, strnlen(bytes, mnl_attr_get_payload_len(attribute))};
}

static bool is_text(struct clinux_text text, const char *expected) {
    return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

static void get_address(
    struct reader *reader, const struct nlattr *attribute, struct clinux_address *address) {
    const uint8_t *bytes = mnl_attr_get_payload(attribute);
    const size_t length = mnl_attr_get_payload_len(attribute);
    uint64_t words[2] = {0, 0};
    if (length != 4 && length != 16) {
        reader->well_formed = false;
        return;
    }
    for (size_t position = 0; position < length; position++) {
        uint64_t *word = &words[length == 4 ? 1 : position / 8];
        *word = *word << 8 | bytes[position];
    }
    *address = (struct clinux_address){words[0], words[1], length == 4 ? AF_INET : AF_INET6};
}

static bool decode_kind(const struct nlattr *information, struct clinux_link_info *link) {
    struct reader reader = nested_attributes(information);
    const struct nlattr *data = NULL;
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        if (mnl_attr_get_type(a) == IFLA_INFO_KIND) link->kind = get_text(a);
        if (mnl_attr_get_type(a) == IFLA_INFO_DATA) data = a;
    }
    if (data == NULL || !reader.well_formed) return reader.well_formed;
    // What the data's attributes mean depends on the kind.
    const bool is_vlan = is_text(link->kind, "vlan");
    const bool is_vrf = is_text(link->kind, "vrf");
    if (!is_vlan && !is_vrf) return true;
    reader = nested_attributes(data);
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        const uint16_t type = mnl_attr_get_type(a);
        if (is_vlan && type == IFLA_VLAN_ID && holds(&reader, a, 2))
            link->tag = mnl_attr_get_u16(a);
        if (is_vlan && type == IFLA_VLAN_PROTOCOL && holds(&reader, a, 2))
            link->tag_protocol = ntohs(mnl_attr_get_u16(a));
        if (is_vrf && type == IFLA_VRF_TABLE) get_u32(&reader, a, &link->vrf_table);
    }
    return reader.well_formed;
}

static bool decode_link(const struct nlmsghdr *header, struct clinux_event *event) {
    struct clinux_link_info *link = &event->link;
    const struct ifinfomsg *fixed = mnl_nlmsg_get_payload(header);
    struct reader reader = message_attributes(header, sizeof(*fixed));
    if (!reader.well_formed) return false;
    link->index = fixed->ifi_index;
    link->is_up = (fixed->ifi_flags & IFF_UP) != 0;
    link->has_carrier = (fixed->ifi_flags & IFF_LOWER_UP) && !(fixed->ifi_flags & IFF_DORMANT);
    bool parent_is_elsewhere = false;
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        switch (mnl_attr_get_type(a)) {
        case IFLA_IFNAME: link->name = get_text(a); break;
        case IFLA_IFALIAS: link->alias = get_text(a); break;
        case IFLA_LINK: get_index(&reader, a, &link->parent); break;
        case IFLA_LINK_NETNSID: parent_is_elsewhere = true; break;
        case IFLA_MASTER: get_index(&reader, a, &link->master); break;
        case IFLA_MTU: get_u32(&reader, a, &link->mtu); break;
        case IFLA_GROUP: get_u32(&reader, a, &link->group); break;
        case IFLA_WIRELESS: event->kind = CLINUX_OTHER; break; // a radio's news, not the device
        case IFLA_LINKINFO:
            if (!decode_kind(a, link)) return false;
            break;
        default: break;
        }
    }
    if (parent_is_elsewhere) link->parent = 0; // the number belongs to another namespace
    return reader.well_formed && link->index > 0;
}

static bool decode_address(const struct nlmsghdr *header, struct clinux_address_info *info) {
    const struct ifaddrmsg *fixed = mnl_nlmsg_get_payload(header);
    struct reader reader = message_attributes(header, sizeof(*fixed));
    if (!reader.well_formed) return false;
    info->index = (int32_t)fixed->ifa_index;
    info->length = fixed->ifa_prefixlen;
    uint32_t flags = fixed->ifa_flags;
    struct clinux_address local = {0};
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        switch (mnl_attr_get_type(a)) {
        case IFA_LOCAL: get_address(&reader, a, &local); break;
        case IFA_ADDRESS: get_address(&reader, a, &info->address); break;
        case IFA_FLAGS: get_u32(&reader, a, &flags); break;
        default: break;
        }
    }
    // IFA_ADDRESS is the far end on a point-to-point device; ours is IFA_LOCAL where it is given.
    if (local.family != 0) info->address = local;
    if (flags & IFA_F_DADFAILED) {
        info->state = CLINUX_ADDRESS_DUPLICATE;
    } else if ((flags & IFA_F_TENTATIVE) && !(flags & IFA_F_OPTIMISTIC)) {
        info->state = CLINUX_ADDRESS_TENTATIVE;
    }
    return reader.well_formed && info->address.family == fixed->ifa_family;
}

static bool decode_route(const struct nlmsghdr *header, struct clinux_route_info *info) {
    const struct rtmsg *fixed = mnl_nlmsg_get_payload(header);
    struct reader reader = message_attributes(header, sizeof(*fixed));
    if (!reader.well_formed) return false;
    struct clinux_route *route = &info->route;
    route->destination.family = fixed->rtm_family; // a default route has no RTA_DST
    route->length = fixed->rtm_dst_len;
    route->protocol = fixed->rtm_protocol;
    route->table = fixed->rtm_table;
    info->is_unreachable = fixed->rtm_type == RTN_UNREACHABLE;
    info->is_special =
        fixed->rtm_src_len != 0 || fixed->rtm_tos != 0 || (fixed->rtm_flags & RTM_F_CLONED) ||
        (fixed->rtm_family != AF_INET && fixed->rtm_family != AF_INET6);
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        switch (mnl_attr_get_type(a)) {
        case RTA_DST: get_address(&reader, a, &route->destination); break;
        case RTA_TABLE: get_u32(&reader, a, &route->table); break;
        case RTA_PRIORITY: get_u32(&reader, a, &route->metric); break;
        case RTA_NH_ID: get_u32(&reader, a, &route->nexthop); break;
        default: break;
        }
    }
    return reader.well_formed &&
        (info->is_special || route->destination.family == fixed->rtm_family);
}

static bool decode_nexthop(const struct nlmsghdr *header, struct clinux_nexthop_info *info) {
    const struct nhmsg *fixed = mnl_nlmsg_get_payload(header);
    struct reader reader = message_attributes(header, sizeof(*fixed));
    if (!reader.well_formed) return false;
    info->protocol = fixed->nh_protocol;
    info->is_onlink = (fixed->nh_flags & RTNH_F_ONLINK) != 0;
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        switch (mnl_attr_get_type(a)) {
        case NHA_ID: get_u32(&reader, a, &info->id); break;
        case NHA_OIF: get_index(&reader, a, &info->device); break;
        case NHA_GATEWAY: get_address(&reader, a, &info->gateway); break;
        case NHA_GROUP:
            info->members = mnl_attr_get_payload(a);
            info->member_count = mnl_attr_get_payload_len(a) / sizeof(struct nexthop_grp);
            break;
        case NHA_GROUP_TYPE:
            if (holds(&reader, a, 2) && mnl_attr_get_u16(a) != NEXTHOP_GRP_TYPE_MPATH)
                info->is_special = 1;
            break;
        case NHA_BLACKHOLE:
        case NHA_ENCAP:
        case NHA_FDB: info->is_special = 1; break;
        default: break;
        }
    }
    return reader.well_formed && info->id != 0;
}

static bool decode_neighbour(const struct nlmsghdr *header, struct clinux_neighbour_info *info) {
    const struct ndmsg *fixed = mnl_nlmsg_get_payload(header);
    struct reader reader = message_attributes(header, sizeof(*fixed));
    if (!reader.well_formed) return false;
    info->index = fixed->ndm_ifindex;
    info->state = fixed->ndm_state;
    info->flags = fixed->ndm_flags;
    uint32_t extended = 0;
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        // The address of a bridge's entry is none of ours.
        if (mnl_attr_get_type(a) == NDA_DST &&
            (fixed->ndm_family == AF_INET || fixed->ndm_family == AF_INET6))
            get_address(&reader, a, &info->address);
        if (mnl_attr_get_type(a) == NDA_FLAGS_EXT) get_u32(&reader, a, &extended);
    }
    info->is_managed = (extended & NTF_EXT_MANAGED) != 0;
    return reader.well_formed;
}

static bool decode_rule(const struct nlmsghdr *header, struct clinux_rule_info *info) {
    const struct fib_rule_hdr *fixed = mnl_nlmsg_get_payload(header);
    struct reader reader = message_attributes(header, sizeof(*fixed));
    if (!reader.well_formed) return false;
    info->family = fixed->family;
    info->table = fixed->table;
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        switch (mnl_attr_get_type(a)) {
        case FRA_PRIORITY: get_u32(&reader, a, &info->priority); break;
        case FRA_TABLE: get_u32(&reader, a, &info->table); break;
        case FRA_L3MDEV:
            if (holds(&reader, a, 1)) info->is_l3mdev = mnl_attr_get_u8(a) != 0;
            break;
        default: break;
        }
    }
    return reader.well_formed;
}

// A kernel's error number: negative on the wire, positive here.
static int32_t positive(int32_t error) {
    return error == INT32_MIN ? INT32_MAX : error < 0 ? -error : error;
}

// The sentence of an extended acknowledgement, if there is one.
static bool decode_text(const struct nlmsghdr *header, size_t fixed, struct clinux_text *text) {
    if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return true;
    struct reader reader = message_attributes(header, fixed);
    for (const struct nlattr *a; (a = next(&reader)) != NULL;) {
        if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG) *text = get_text(a);
    }
    return reader.well_formed;
}

static bool decode_answer(const struct nlmsghdr *header, struct clinux_event *event) {
    const struct nlmsgerr *fixed = mnl_nlmsg_get_payload(header);
    const size_t payload = mnl_nlmsg_get_payload_len(header);
    if (payload < sizeof(*fixed)) return false;
    event->error = positive(fixed->error);
    // A capped answer repeats the request's header only, else the whole request stands before the
    // attributes.
    size_t length = sizeof(*fixed);
    if (!(header->nlmsg_flags & NLM_F_CAPPED)) {
        if (fixed->msg.nlmsg_len < MNL_NLMSG_HDRLEN) return false;
        const size_t request = fixed->msg.nlmsg_len - MNL_NLMSG_HDRLEN;
        if (request > payload - length) return false;
        length += MNL_ALIGN(request);
    }
    return decode_text(header, length, &event->text);
}

static bool decode_done(const struct nlmsghdr *header, struct clinux_event *event) {
    const int32_t *error = mnl_nlmsg_get_payload(header);
    if (mnl_nlmsg_get_payload_len(header) < sizeof(*error)) return false;
    event->error = positive(*error);
    return decode_text(header, sizeof(*error), &event->text);
}

// What can be told to be of no interest before its attributes are read.
static bool is_filtered(const struct nlmsghdr *header, struct clinux_filter filter) {
    const uint16_t type = header->nlmsg_type;
    // A port that leaves its bridge is a DELLINK of family AF_BRIDGE, and the device lives on.
    if (type == RTM_NEWLINK || type == RTM_DELLINK)
        return mnl_nlmsg_get_payload_len(header) >= sizeof(struct ifinfomsg) &&
            ((const struct ifinfomsg *)mnl_nlmsg_get_payload(header))->ifi_family != AF_UNSPEC;
    const bool is_route = type == RTM_NEWROUTE || type == RTM_DELROUTE;
    const bool is_nexthop = type == RTM_NEWNEXTHOP || type == RTM_DELNEXTHOP;
    if (!is_route && !is_nexthop) return false;
    if (filter.own_port != 0 && header->nlmsg_pid == filter.own_port) return true;
    if (!is_route || filter.route_protocol == 0) return false;
    if (mnl_nlmsg_get_payload_len(header) < sizeof(struct rtmsg)) return false;
    const struct rtmsg *fixed = mnl_nlmsg_get_payload(header);
    return fixed->rtm_protocol != filter.route_protocol &&
        !(type == RTM_NEWROUTE && (header->nlmsg_flags & NLM_F_REPLACE));
}

static bool decode_body(const struct nlmsghdr *header, struct clinux_event *event) {
    switch (header->nlmsg_type) {
    case NLMSG_ERROR: event->kind = CLINUX_ANSWER; return decode_answer(header, event);
    case NLMSG_DONE: event->kind = CLINUX_DONE; return decode_done(header, event);
    case NLMSG_OVERRUN: event->kind = CLINUX_OVERRUN; return true;
    case RTM_NEWLINK: event->kind = CLINUX_LINK; return decode_link(header, event);
    case RTM_DELLINK: event->kind = CLINUX_LINK_GONE; return decode_link(header, event);
    case RTM_NEWADDR:
        event->kind = CLINUX_ADDRESS;
        return decode_address(header, &event->address);
    case RTM_DELADDR:
        event->kind = CLINUX_ADDRESS_GONE;
        return decode_address(header, &event->address);
    case RTM_NEWROUTE: event->kind = CLINUX_ROUTE; return decode_route(header, &event->route);
    case RTM_DELROUTE: event->kind = CLINUX_ROUTE_GONE; return decode_route(header, &event->route);
    case RTM_NEWNEXTHOP:
        event->kind = CLINUX_NEXTHOP;
        return decode_nexthop(header, &event->nexthop);
    case RTM_DELNEXTHOP:
        event->kind = CLINUX_NEXTHOP_GONE;
        return decode_nexthop(header, &event->nexthop);
    case RTM_NEWNEIGH:
        event->kind = CLINUX_NEIGHBOUR;
        return decode_neighbour(header, &event->neighbour);
    case RTM_DELNEIGH:
        event->kind = CLINUX_NEIGHBOUR_GONE;
        return decode_neighbour(header, &event->neighbour);
    case RTM_NEWRULE: event->kind = CLINUX_RULE; return decode_rule(header, &event->rule);
    default: return true;
    }
}

int64_t clinux_decode(
    const void *buffer, size_t size, struct clinux_filter filter, struct clinux_event *event) {
    memset(event, 0, sizeof(*event));
    if (size == 0) return 0;
    const struct nlmsghdr *header = buffer;
    // Not mnl_nlmsg_ok(), which lets a length above INT_MAX through.
    if (size < MNL_NLMSG_HDRLEN || header->nlmsg_len < MNL_NLMSG_HDRLEN ||
        header->nlmsg_len > size) {
        event->kind = CLINUX_MALFORMED;
        return -EBADMSG;
    }
    if (!is_filtered(header, filter) && !decode_body(header, event)) {
        memset(event, 0, sizeof(*event));
        event->kind = CLINUX_MALFORMED;
    }
    event->sequence = header->nlmsg_seq;
    event->port = header->nlmsg_pid;
    event->is_interrupted = (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    event->is_replacement = (header->nlmsg_flags & NLM_F_REPLACE) != 0;
    const size_t step = MNL_ALIGN(header->nlmsg_len);
    return (int64_t)(step < size ? step : size);
}

struct clinux_member clinux_member_at(const struct clinux_nexthop_info *group, size_t position) {
    struct nexthop_grp member;
    memcpy(
        &member, (const char *)group->members + position * sizeof(member), sizeof(member));
    return (struct clinux_member){member.id, (uint32_t)member.weight + 1};
}
