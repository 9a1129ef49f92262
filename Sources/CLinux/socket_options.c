// Options of TCP and Unix sockets whose structures or constants Swift does not see, and the
// process title.
#define _GNU_SOURCE
#include "clinux.h"

#include <bsd/unistd.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

// The kernel's name for what glibc 2.36 calls padding: the key is only for this VRF.
#define MD5_FLAG_IFINDEX 2

int32_t clinux_set_md5(
    int32_t fd, const uint8_t *address, size_t address_length, uint8_t prefix_length,
    int32_t ifindex, const uint8_t *key, size_t key_length) {
    struct tcp_md5sig option = {0};
    if (key_length > sizeof(option.tcpm_key)) return -EINVAL;
    if (address_length == 4) {
        struct sockaddr_in *peer = (struct sockaddr_in *)&option.tcpm_addr;
        peer->sin_family = AF_INET;
        memcpy(&peer->sin_addr, address, 4);
    } else if (address_length == 16) {
        struct sockaddr_in6 *peer = (struct sockaddr_in6 *)&option.tcpm_addr;
        peer->sin6_family = AF_INET6;
        memcpy(&peer->sin6_addr, address, 16);
    } else {
        return -EAFNOSUPPORT;
    }
    option.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    option.tcpm_prefixlen = prefix_length;
    if (ifindex != 0) {
        option.tcpm_flags |= MD5_FLAG_IFINDEX;
        option.__tcpm_pad = (uint32_t)ifindex;
    }
    option.tcpm_keylen = (uint16_t)key_length;
    if (key_length != 0) memcpy(option.tcpm_key, key, key_length);
    const int result = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &option, sizeof(option));
    const int error = errno;
    explicit_bzero(&option, sizeof(option));
    return result == 0 ? 0 : -error;
}

int32_t clinux_set_ttl_security(int32_t fd, uint8_t family, int32_t minimum) {
    const int sent = minimum > 0 ? 255 : -1; // -1 is the host's default again
    const int accepted = minimum;
    const int v4 = family == AF_INET;
    if (setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, &sent,
            sizeof(sent)) != 0 ||
        setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MINTTL : IPV6_MINHOPCOUNT,
            &accepted, sizeof(accepted)) != 0)
        return -errno;
    return 0;
}

int32_t clinux_peer_credentials(
    int32_t fd, uint32_t *uid, uint32_t *gid, int32_t *pid, uint32_t *groups,
    size_t *group_count) {
    struct ucred peer;
    socklen_t length = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -errno;
    *uid = peer.uid;
    *gid = peer.gid;
    *pid = peer.pid;
    // With too little room the kernel answers ERANGE and the length it needs.
    length = (socklen_t)(*group_count * sizeof(gid_t));
    const int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
    const int error = errno;
    *group_count = result == 0 || error == ERANGE ? length / sizeof(gid_t) : 0;
    return result == 0 ? 0 : -error;
}

void clinux_setproctitle_init(int32_t argc, char **argv) {
    setproctitle_init(argc, argv, environ);
}

void clinux_setproctitle(const char *title) {
    setproctitle("-%s", title);
}
