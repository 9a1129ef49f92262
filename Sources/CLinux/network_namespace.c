// Network namespaces of the calling thread alone. Sockets stay in the namespace that they were
// opened in.
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <sched.h>

int32_t clinux_new_network_namespace(void) { return unshare(CLONE_NEWNET) == 0 ? 0 : -errno; }

int32_t clinux_enter_network_namespace(int32_t fd) {
    return setns(fd, CLONE_NEWNET) == 0 ? 0 : -errno;
}
