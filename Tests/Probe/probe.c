// Tells whether packets flow. One side echoes, the other sends numbered packets at a steady rate
// and counts which did not come back:
//
//   probe echo PORT                              until it is ended
//   probe send PORT RATE SECONDS ADDRESS ...     ends by itself, or early by SIGTERM or SIGINT
//
// For each address one line is printed: `ADDRESS sent=N lost=N gap=MS`, gap being the longest time
// between two answers. Exit code 0 if nothing was lost, 1 if something was, 2 for bad usage.

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FLOWS = 8, MOST_PACKETS = 2000000 };

static volatile sig_atomic_t ended;

static void end(int number) {
    (void)number;
    ended = 1;
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// A machine that stands still for a moment must not lose packets in the probe's own sockets.
static void widen(int fd) {
    int bytes = 8 * 1024 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
}

static int echo(const char *port) {
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
    int s = socket(AF_INET6, SOCK_DGRAM, 0), off = 0, on = 1;
    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (s < 0 || bind(s, (struct sockaddr *)&any, sizeof any) < 0) {
        perror("probe echo");
        return 2;
    }
    widen(s);
    while (!ended) {
        char packet[64];
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(s, packet, sizeof packet, 0, (struct sockaddr *)&from, &length);
        if (n > 0) sendto(s, packet, (size_t)n, 0, (struct sockaddr *)&from, length);
    }
    return 0;
}

struct flow {
    const char *address;
    int fd;
    uint32_t sent, answered;
    int64_t last_answer, longest_gap;
    uint8_t *seen;
};

static void collect(struct flow *f) {
    uint32_t number;
    while (recv(f->fd, &number, sizeof number, MSG_DONTWAIT) == sizeof number) {
        number = ntohl(number);
        if (number >= MOST_PACKETS || f->seen[number]) continue;
        f->seen[number] = 1;
        f->answered++;
        int64_t t = now();
        if (t - f->last_answer > f->longest_gap) f->longest_gap = t - f->last_answer;
        f->last_answer = t;
    }
}

static int send_probes(const char *port, double rate, double seconds, int count, char **addresses) {
    static struct flow flows[MOST_FLOWS];
    if (count > MOST_FLOWS || rate <= 0 || rate * seconds > MOST_PACKETS) return 2;
    int64_t start = now(), interval = (int64_t)(1e9 / rate);
    for (int i = 0; i < count; i++) {
        struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *info;
        if (getaddrinfo(addresses[i], port, &hints, &info) != 0) {
            fprintf(stderr, "probe: '%s' is not an address\n", addresses[i]);
            return 2;
        }
        flows[i] = (struct flow){.address = addresses[i], .last_answer = start};
        flows[i].seen = calloc(MOST_PACKETS, 1);
        // Sockets are made late, after a route may be missing: errors of sending are losses.
        flows[i].fd = socket(info->ai_family, SOCK_DGRAM, 0);
        widen(flows[i].fd);
        if (connect(flows[i].fd, info->ai_addr, info->ai_addrlen) < 0) {
            fprintf(stderr, "probe: %s: %s\n", addresses[i], strerror(errno));
            return 2;
        }
        freeaddrinfo(info);
    }
    int64_t next = start, stop = start + (int64_t)(seconds * 1e9);
    while (!ended && now() < stop) {
        for (int i = 0; i < count; i++) {
            uint32_t number = htonl(flows[i].sent++);
            (void)!send(flows[i].fd, &number, sizeof number, MSG_DONTWAIT);
            collect(&flows[i]);
        }
        next += interval;
        int64_t wait = next - now();
        // After a standstill of our own the rate goes on, without a burst to catch up.
        if (wait < -20 * interval) next = now();
        if (wait > 0) {
            struct timespec t = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
            nanosleep(&t, NULL);
        }
    }
    // The last ones are on their way.
    for (int64_t grace = now() + 1000000000; now() < grace;) {
        int all = 1;
        for (int i = 0; i < count; i++) {
            collect(&flows[i]);
            if (flows[i].answered < flows[i].sent) all = 0;
        }
        if (all) break;
        poll(NULL, 0, 5);
    }
    int lost = 0;
    for (int i = 0; i < count; i++) {
        struct flow *f = &flows[i];
        printf("%s sent=%u lost=%u gap=%lld\n", f->address, f->sent, f->sent - f->answered,
               (long long)(f->longest_gap / 1000000));
        if (f->answered < f->sent) lost = 1;
    }
    return lost;
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (argc == 3 && strcmp(argv[1], "echo") == 0) return echo(argv[2]);
    if (argc > 5 && strcmp(argv[1], "send") == 0)
        return send_probes(argv[2], atof(argv[3]), atof(argv[4]), argc - 5, argv + 5);
    fprintf(stderr, "usage: probe echo PORT | probe send PORT RATE SECONDS ADDRESS ...\n");
    return 2;
}
