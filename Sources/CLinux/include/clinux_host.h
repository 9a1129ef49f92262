// What Swift cannot import for the Host module's sockets, files and waiting: variadic functions,
// structures that glibc hides or keeps too old, and socket options newer than its headers.
// Everything here is stateless and returns 0 or a count, or -1 with errno set.
#pragma once
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/un.h>

// epoll's constants are members of a named enum, which Swift imports as a structure.
static const uint32_t CLINUX_EPOLLIN = EPOLLIN;
static const uint32_t CLINUX_EPOLLOUT = EPOLLOUT;
static const uint32_t CLINUX_EPOLLERR = EPOLLERR;
static const uint32_t CLINUX_EPOLLHUP = EPOLLHUP;
static const uint32_t CLINUX_EPOLLRDHUP = EPOLLRDHUP;

// Adds, replaces or (key_length 0) removes the TCP MD5 key of the peers inside `peer/prefix`.
// device_index 0 means any device; glibc's structure has no field for it.
int clinux_tcp_md5(int fd, const struct sockaddr *peer, socklen_t peer_length, uint8_t prefix,
                   int device_index, const uint8_t *key, size_t key_length);

// Drops segments of these peers (4 or 16 bytes each, one family) that did not arrive with a TTL or
// hop limit of at least `smallest`; others pass. For a listening socket, whose IP_MINTTL would hold
// for every peer (RFC 5082). No peers removes the filter. Returns -1 with errno, E2BIG for too many.
int clinux_filter_ttl(int fd, int family, uint8_t smallest, const uint8_t *peers, size_t count);

// The process at the other end of a Unix socket, as it was when it connected.
int clinux_peer_process(int fd, pid_t *pid, uid_t *uid, gid_t *gid);
// Its supplementary groups; returns their number, at most `capacity` of them are written.
ssize_t clinux_peer_groups(int fd, gid_t *groups, size_t capacity);

// setproctitle(3bsd) is variadic. The first call must come before other threads read environ.
void clinux_title_begin(int argc, char **argv);
void clinux_title_set(const char *text);

// GNU extensions that Swift's Glibc module does not see.
const char *clinux_error_text(int code);
void clinux_thread_name(const char *name);
int clinux_accept(int fd, struct sockaddr *peer, socklen_t *length);
char **clinux_environment(void);

// Arms a timerfd for a point of its clock, or disarms it at 0. In C because struct timespec is
// defined by several modules at once, and which of them owns its members varies from build to build.
int clinux_timer_arm(int fd, int64_t nanoseconds);

// What recvmsg(2) tells beside the bytes of a datagram; control messages are walked by macros.
struct clinux_datagram {
    struct sockaddr_storage source;
    struct sockaddr_storage destination; // family 0 when the kernel did not say
    int32_t ttl;                         // -1 when the kernel did not say
    int32_t device;                      // the index of the device it came in by, or 0
};
// Asks for the TTL and the packet's destination with every datagram.
int clinux_ask_datagram_details(int fd, int family);
ssize_t clinux_receive_datagram(int fd, void *buffer, size_t size,
                                struct clinux_datagram *datagram);
