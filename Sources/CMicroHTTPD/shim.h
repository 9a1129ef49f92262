#include <microhttpd.h>
#include <stdint.h>

// Swift imports no variadic functions: the calls of them that the HTTP server makes.

// The value of a hexadecimal digit, or -1.
static inline int circuitd_http_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

// Decodes %XX in place as the library does, but for %00, which stays as it is: the library hands
// out C strings, and a path must not end where a client likes.
static inline size_t circuitd_http_unescape(
    void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    char *end = text;
    for (const char *next = text; *next;) {
        int high = *next == '%' ? circuitd_http_digit(next[1]) : -1;
        int low = high >= 0 ? circuitd_http_digit(next[2]) : -1;
        if (low >= 0 && (high | low) != 0) {
            *end++ = (char)(high << 4 | low);
            next += 3;
        } else {
            *end++ = *next++;
        }
    }
    *end = 0;
    return (size_t)(end - text);
}

// A daemon with its own polling thread on a listening socket that stays the caller's to close.
static inline struct MHD_Daemon *circuitd_http_start(
    int listener, MHD_AccessHandlerCallback access, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback connection, void *context, unsigned int connections,
    unsigned int timeout_seconds, size_t memory) {
    return MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        access, context, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener,
        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory, MHD_OPTION_NOTIFY_COMPLETED, completed,
        context, MHD_OPTION_NOTIFY_CONNECTION, connection, context,
        MHD_OPTION_UNESCAPE_CALLBACK, circuitd_http_unescape, NULL, MHD_OPTION_END);
}

// The socket of a connection, or -1.
static inline int circuitd_http_descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

// What the connection callback stored for a connection.
static inline void *circuitd_http_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}
