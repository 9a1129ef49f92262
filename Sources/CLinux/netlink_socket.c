// The NETLINK_ROUTE socket: opening it with the options that everything above relies on, and
// moving whole datagrams. What is in them is the business of the other files.
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static int join(int fd, int group) {
    return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

static int configure(int fd, uint32_t groups, int32_t buffer_bytes) {
    const int on = 1;
    // Without strict checking a dump's filter is ignored, and so are attributes unknown to the
    // kernel. Kernels before 4.20 do not know it: they are too old for nexthop objects as well.
    if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) != 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes)) != 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes)) != 0)
        return -errno;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) return -errno;
    if ((groups & CLINUX_GROUP_LINKS) && join(fd, RTNLGRP_LINK) != 0) return -errno;
    if ((groups & CLINUX_GROUP_ADDRESSES) &&
        (join(fd, RTNLGRP_IPV4_IFADDR) != 0 || join(fd, RTNLGRP_IPV6_IFADDR) != 0))
        return -errno;
    if ((groups & CLINUX_GROUP_ROUTES) &&
        (join(fd, RTNLGRP_IPV4_ROUTE) != 0 || join(fd, RTNLGRP_IPV6_ROUTE) != 0))
        return -errno;
    if ((groups & CLINUX_GROUP_NEXTHOPS) && join(fd, RTNLGRP_NEXTHOP) != 0) return -errno;
    return 0;
}

int32_t clinux_netlink_open(uint32_t groups, int32_t nonblocking, int32_t buffer_bytes) {
    const int type = SOCK_RAW | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
    const int fd = socket(AF_NETLINK, type, NETLINK_ROUTE);
    if (fd < 0) return -errno;
    const int error = configure(fd, groups, buffer_bytes);
    if (error == 0) return fd;
    close(fd);
    return error;
}

int32_t clinux_netlink_port(int32_t fd, uint32_t *port) {
    struct sockaddr_nl address = {0};
    socklen_t length = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return -errno;
    *port = address.nl_pid;
    return 0;
}

int32_t clinux_netlink_send(int32_t fd, const void *buffer, size_t length) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;
    do {
        sent = sendto(fd, buffer, length, 0, (struct sockaddr *)&kernel, sizeof(kernel));
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return -errno;
    return (size_t)sent == length ? 0 : -EMSGSIZE;
}

int64_t clinux_netlink_receive(int32_t fd, void *buffer, size_t size) {
    struct sockaddr_nl sender = {0};
    struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {
        .msg_name = &sender,
        .msg_namelen = sizeof(sender),
        .msg_iov = &part,
        .msg_iovlen = 1,
    };
    ssize_t received;
    do {
        received = recvmsg(fd, &message, 0);
    } while (received < 0 && errno == EINTR);
    if (received < 0) return -errno;
    // Any process may send to our port id: only the kernel is port 0.
    if (message.msg_namelen != sizeof(sender) || sender.nl_pid != 0) return 0;
    if (message.msg_flags & MSG_TRUNC) return -EMSGSIZE;
    return received;
}

int32_t clinux_netlink_wait(int32_t fd, int32_t milliseconds) {
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    const int ready = poll(&wanted, 1, milliseconds);
    return ready < 0 ? -errno : ready;
}
