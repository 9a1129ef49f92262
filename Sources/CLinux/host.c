#define _GNU_SOURCE
#include "clinux_host.h"

#include <arpa/inet.h>
#include <bsd/unistd.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// linux/tcp.h cannot be included together with netinet/tcp.h, whose tcp_md5sig lacks the device
// index (Linux 5.6): the layout is repeated here.
struct md5_signature {
    struct sockaddr_storage address;
    uint8_t flags;
    uint8_t prefix_length;
    uint16_t key_length;
    int32_t device_index;
    uint8_t key[80];
};

enum { MD5_OPTION_EXTENDED = 32, MD5_FLAG_PREFIX = 1, MD5_FLAG_DEVICE = 2 };

int clinux_tcp_md5(int fd, const struct sockaddr *peer, socklen_t peer_length, uint8_t prefix,
                   int device_index, const uint8_t *key, size_t key_length) {
    struct md5_signature signature;
    memset(&signature, 0, sizeof signature);
    if (peer_length > sizeof signature.address || key_length > sizeof signature.key) {
        errno = EINVAL;
        return -1;
    }
    memcpy(&signature.address, peer, peer_length);
    signature.flags = MD5_FLAG_PREFIX;
    signature.prefix_length = prefix;
    if (device_index > 0) {
        signature.flags |= MD5_FLAG_DEVICE;
        signature.device_index = device_index;
    }
    signature.key_length = (uint16_t)key_length;
    if (key_length > 0) memcpy(signature.key, key, key_length);
    int result = setsockopt(fd, IPPROTO_TCP, MD5_OPTION_EXTENDED, &signature, sizeof signature);
    explicit_bzero(&signature, sizeof signature);
    return result;
}

int clinux_peer_process(int fd, pid_t *pid, uid_t *uid, gid_t *gid) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -1;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

ssize_t clinux_peer_groups(int fd, gid_t *groups, size_t capacity) {
    socklen_t length = (socklen_t)(capacity * sizeof *groups);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0) return -1;
    return (ssize_t)(length / sizeof *groups);
}

void clinux_title_begin(int argc, char **argv) { setproctitle_init(argc, argv, environ); }

void clinux_title_set(const char *text) { setproctitle("-%s", text); }

const char *clinux_error_text(int code) { return strerrordesc_np(code); }

void clinux_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

int clinux_accept(int fd, struct sockaddr *peer, socklen_t *length) {
    return accept4(fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

char **clinux_environment(void) { return environ; }

int clinux_timer_arm(int fd, int64_t nanoseconds) {
    struct itimerspec time;
    memset(&time, 0, sizeof time);
    time.it_value.tv_sec = nanoseconds / 1000000000;
    time.it_value.tv_nsec = nanoseconds % 1000000000;
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &time, NULL);
}

int clinux_ask_datagram_details(int fd, int family) {
    const int on = 1;
    if (family == AF_INET) {
        if (setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) < 0) return -1;
        return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    }
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on) < 0) return -1;
    return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

ssize_t clinux_receive_datagram(int fd, void *buffer, size_t size,
                                struct clinux_datagram *datagram) {
    memset(datagram, 0, sizeof *datagram);
    datagram->ttl = -1;
    union {
        struct cmsghdr header;
        char bytes[256];
    } control;
    struct iovec part = {buffer, size};
    struct msghdr message = {
        .msg_name = &datagram->source,
        .msg_namelen = sizeof datagram->source,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    // With MSG_TRUNC the length is the datagram's own, so that a cut one shows.
    const ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (count < 0) return -1;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if ((item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TTL) ||
            (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_HOPLIMIT)) {
            memcpy(&datagram->ttl, CMSG_DATA(item), sizeof(int));
        } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(item), sizeof info);
            struct sockaddr_in *name = (struct sockaddr_in *)&datagram->destination;
            name->sin_family = AF_INET;
            name->sin_addr = info.ipi_addr;
            datagram->device = info.ipi_ifindex;
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(item), sizeof info);
            struct sockaddr_in6 *name = (struct sockaddr_in6 *)&datagram->destination;
            name->sin6_family = AF_INET6;
            name->sin6_addr = info.ipi6_addr;
            datagram->device = (int32_t)info.ipi6_ifindex;
        }
    }
    return count;
}

// Classic BPF, whose loads are in network order and reach the IP header at SKF_NET_OFF.
int clinux_filter_ttl(int fd, int family, uint8_t smallest, const uint8_t *peers, size_t count) {
    if (count == 0) {
        int none = 0;
        int code = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
        return code < 0 && errno == ENOENT ? 0 : code;
    }
    const size_t words = family == AF_INET ? 1 : 4;
    const uint32_t ttl = SKF_NET_OFF + (family == AF_INET ? 8 : 7);
    const uint32_t source = SKF_NET_OFF + (family == AF_INET ? 12 : 8);
    const size_t length = 4 + count * (2 * words + 1);
    if (length > BPF_MAXINSNS) {
        errno = E2BIG;
        return -1;
    }
    struct sock_filter *code = calloc(length, sizeof *code);
    if (!code) return -1;
    size_t at = 0;
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ttl);
    code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, smallest, 0, 1);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    for (size_t peer = 0; peer < count; peer++) {
        for (size_t word = 0; word < words; word++) {
            uint32_t wanted;
            memcpy(&wanted, peers + (peer * words + word) * 4, 4);
            code[at++] =
                (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, source + 4 * (uint32_t)word);
            // Unequal: on to the next peer, behind this one's return.
            code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(wanted), 0,
                                                      (uint8_t)(2 * (words - 1 - word) + 1));
        }
        code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    }
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    struct sock_fprog program = {.len = (unsigned short)at, .filter = code};
    int result = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    int saved = errno;
    free(code);
    errno = saved;
    return result;
}
