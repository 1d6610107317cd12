/* What the programs about sockets and files share: sockets and connections on
 * loopback, starting an operation, taking a packet within a limit. Include it
 * before conform.h: winsock2.h must come before windows.h.
 */
#ifndef CONFORM_SOCKETS_H
#define CONFORM_SOCKETS_H

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>

#include "conform.h"

#include <stdint.h>
#include <stdlib.h>

#define LIMIT 10000 /* ms: nothing that must happen may take longer */
#define QUIET 80    /* ms: what must not happen gets this chance to happen */

/* NTSTATUS values as OVERLAPPED.Internal shows them. */
#define NT_SUCCESS_VALUE 0x00000000u
#define NT_PENDING 0x00000103u
#define NT_BUFFER_OVERFLOW 0x80000005u
#define NT_END_OF_FILE 0xC0000011u
#define NT_BUFFER_TOO_SMALL 0xC0000023u
#define NT_NOT_SUPPORTED 0xC00000BBu
#define NT_CANCELLED 0xC0000120u
#define NT_LOCAL_DISCONNECT 0xC000013Bu
#define NT_CONNECTION_RESET 0xC000020Du
#define NT_CONNECTION_REFUSED 0xC0000236u
#define NT_CONNECTION_ABORTED 0xC0000241u

#define UNTOUCHED 0xdeadbeefu
#define KEY ((ULONG_PTR)0x1234567887654321ull)

/* A condition that another thread or the network makes true. */
#define UNTIL(condition) \
    do { \
        ULONGLONG until_end = GetTickCount64() + LIMIT; \
        while (!(condition) && GetTickCount64() < until_end) Sleep(1); \
    } while (0)

/* ---- the end of a program that hangs ---- */

static inline DWORD WINAPI watchdog_thread(void *seconds)
{
    Sleep((DWORD)(ULONG_PTR)seconds * 1000);
    printf("FAIL %s: the program did not end within %u s\n", conform_test,
           (unsigned)(ULONG_PTR)seconds);
    fflush(stdout);
    ExitProcess(3);
    return 0;
}

static inline void watchdog(unsigned seconds)
{
    HANDLE thread = CreateThread(NULL, 0, watchdog_thread, (void *)(ULONG_PTR)seconds, 0, NULL);

    if (thread) CloseHandle(thread);
}

static inline void winsock_start(void)
{
    WSADATA data;

    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        printf("FAIL WSAStartup\n");
        ExitProcess(3);
    }
    watchdog(120);
}

/* ---- packets ---- */

struct packet {
    BOOL result;
    DWORD error, bytes;
    ULONG_PTR key;
    OVERLAPPED *ov;
};

/* One call of GetQueuedCompletionStatus with all that it reports. */
static inline struct packet take(HANDLE port, DWORD timeout)
{
    struct packet packet;

    packet.bytes = UNTOUCHED;
    packet.key = UNTOUCHED;
    packet.ov = (OVERLAPPED *)(ULONG_PTR)UNTOUCHED;
    SetLastError(UNTOUCHED);
    packet.result =
        GetQueuedCompletionStatus(port, &packet.bytes, &packet.key, &packet.ov, timeout);
    packet.error = GetLastError();
    return packet;
}

static inline const char *packet_text(const struct packet *packet)
{
    static char text[160];

    snprintf(text, sizeof(text), "packet: %s error %u, %u bytes, key %llx, overlapped %p",
             packet->result ? "TRUE" : "FALSE", (unsigned)packet->error,
             (unsigned)packet->bytes, (unsigned long long)packet->key, (void *)packet->ov);
    return text;
}

/* The next packet is a success; the last error stays as it was. */
#define ok_success(port, ckey, overlapped, count) \
    do { \
        struct packet packet_ = take(port, LIMIT); \
        ok(packet_.result && packet_.error == UNTOUCHED && packet_.key == (ULONG_PTR)(ckey) && \
               packet_.ov == (OVERLAPPED *)(overlapped) && packet_.bytes == (DWORD)(count), \
           "wanted TRUE, %u bytes, %p; %s", (unsigned)(count), (void *)(overlapped), \
           packet_text(&packet_)); \
    } while (0)

/* The next packet is a failure with this Win32 code. */
#define ok_failure(port, ckey, overlapped, code, count) \
    do { \
        struct packet packet_ = take(port, LIMIT); \
        ok(!packet_.result && packet_.error == (DWORD)(code) && \
               packet_.key == (ULONG_PTR)(ckey) && \
               packet_.ov == (OVERLAPPED *)(overlapped) && packet_.bytes == (DWORD)(count), \
           "wanted FALSE, error %u, %u bytes, %p; %s", (unsigned)(code), (unsigned)(count), \
           (void *)(overlapped), packet_text(&packet_)); \
    } while (0)

/* Nothing is queued and nothing arrives. */
#define ok_quiet(port) \
    do { \
        struct packet packet_ = take(port, QUIET); \
        ok(!packet_.result && packet_.error == WAIT_TIMEOUT && packet_.ov == NULL && \
               packet_.bytes == UNTOUCHED, \
           "wanted no packet; %s", packet_text(&packet_)); \
    } while (0)

#define ok_status(overlapped, status, count) \
    ok((ULONG)(overlapped)->Internal == (ULONG)(status) && \
           (overlapped)->InternalHigh == (ULONG_PTR)(count), \
       "Internal %08x InternalHigh %llx, wanted %08x %llx", \
       (unsigned)(overlapped)->Internal, (unsigned long long)(overlapped)->InternalHigh, \
       (unsigned)(status), (unsigned long long)(count))

/* A Winsock call failed with this code. */
#define ok_wsa(result, code) \
    do { \
        int result_ = (int)(result), error_ = WSAGetLastError(); \
        ok(result_ == SOCKET_ERROR && error_ == (code), "result %d, error %d, wanted error %d", \
           result_, error_, (int)(code)); \
    } while (0)

#define ok_zero(result) \
    do { \
        int result_ = (int)(result); \
        ok(result_ == 0, "result %d, error %d", result_, result_ ? WSAGetLastError() : 0); \
    } while (0)

/* A call of kernel32 or an extension function failed with this code. */
#define ok_false(result, code) \
    do { \
        BOOL result_ = (result); \
        DWORD error_ = GetLastError(); \
        ok(!result_ && error_ == (DWORD)(code), "result %d, error %u, wanted error %u", \
           (int)result_, (unsigned)error_, (unsigned)(code)); \
    } while (0)

#define ok_true(result) \
    do { \
        BOOL result_ = (result); \
        ok(result_, "failed with error %u", (unsigned)GetLastError()); \
    } while (0)

#define ok_socket(s) ok((s) != INVALID_SOCKET, "no socket: error %d", WSAGetLastError())

static inline HANDLE new_port(void)
{
    return CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
}

/* A new port with this socket or file. */
static inline HANDLE port_of(UINT_PTR handle, ULONG_PTR key)
{
    HANDLE port = new_port();
    HANDLE same = CreateIoCompletionPort((HANDLE)handle, port, key, 0);

    ok(port && same == port, "association gave %p, error %u", same, (unsigned)GetLastError());
    return port;
}

/* An OVERLAPPED whose unused fields show whether somebody writes them. */
static inline void fresh(OVERLAPPED *ov)
{
    memset(ov, 0, sizeof(*ov));
    ov->Internal = UNTOUCHED;
    ov->InternalHigh = UNTOUCHED;
    ov->Offset = UNTOUCHED;
    ov->OffsetHigh = UNTOUCHED;
}

static inline HANDLE new_event(void)
{
    return CreateEventA(NULL, TRUE, FALSE, NULL);
}

static inline BOOL is_set(HANDLE waitable)
{
    return WaitForSingleObject(waitable, 0) == WAIT_OBJECT_0;
}

/* ---- sockets ---- */

static inline SOCKET tcp_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
}

static inline SOCKET udp_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
}

static inline struct sockaddr_in loopback(u_short net_port)
{
    struct sockaddr_in address;

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = net_port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* Binds to loopback and a free port; gives the address. */
static inline struct sockaddr_in bind_loopback(SOCKET s)
{
    struct sockaddr_in address = loopback(0);
    int length = sizeof(address);

    ok_zero(bind(s, (struct sockaddr *)&address, sizeof(address)));
    ok_zero(getsockname(s, (struct sockaddr *)&address, &length));
    return address;
}

static inline SOCKET listener(struct sockaddr_in *address)
{
    SOCKET s = tcp_socket();

    *address = bind_loopback(s);
    ok_zero(listen(s, 16));
    return s;
}

/* A blocking call that would never end shall end with WSAETIMEDOUT. */
static inline void limit_blocking(SOCKET s)
{
    DWORD limit = LIMIT;

    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (char *)&limit, sizeof(limit));
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, (char *)&limit, sizeof(limit));
}

static inline int connect_to(SOCKET s, const struct sockaddr_in *address)
{
    return connect(s, (const struct sockaddr *)address, sizeof(*address));
}

/* The next connection, or INVALID_SOCKET when none comes. */
static inline SOCKET accept_one(SOCKET door)
{
    u_long on = 1, off = 0;
    SOCKET s;

    ioctlsocket(door, FIONBIO, &on);
    UNTIL((s = accept(door, NULL, NULL)) != INVALID_SOCKET);
    ioctlsocket(door, FIONBIO, &off);
    ok(s != INVALID_SOCKET, "no connection: error %d", WSAGetLastError());
    ioctlsocket(s, FIONBIO, &off);
    limit_blocking(s);
    return s;
}

struct pair {
    SOCKET here, peer; /* the tested end and its peer */
};

/* A connection over loopback; both ends overlapped. */
static inline struct pair tcp_pair(void)
{
    struct sockaddr_in address;
    struct pair pair;
    SOCKET door = listener(&address);

    pair.here = INVALID_SOCKET;
    pair.peer = tcp_socket();
    if (connect_to(pair.peer, &address) == 0) pair.here = accept(door, NULL, NULL);
    closesocket(door);
    ok(pair.here != INVALID_SOCKET, "no connection: error %d", WSAGetLastError());
    limit_blocking(pair.here);
    limit_blocking(pair.peer);
    return pair;
}

static inline void close_pair(struct pair pair)
{
    closesocket(pair.here);
    closesocket(pair.peer);
}

static inline void linger(SOCKET s, u_short on, u_short seconds)
{
    struct linger value;

    value.l_onoff = on;
    value.l_linger = seconds;
    ok_zero(setsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&value, sizeof(value)));
}

/* Closes so that the peer gets RST. */
static inline void reset_connection(SOCKET s)
{
    linger(s, 1, 0);
    closesocket(s);
}

static inline void nonblocking(SOCKET s)
{
    u_long on = 1;

    ok_zero(ioctlsocket(s, FIONBIO, &on));
}

/* Overlapped calls with one buffer. They give 0, or the last error. */
static inline int start_recv_flags(SOCKET s, void *data, ULONG length, DWORD flags,
                                   OVERLAPPED *ov)
{
    WSABUF buffer;

    buffer.buf = (char *)data;
    buffer.len = length;
    return WSARecv(s, &buffer, 1, NULL, &flags, ov, NULL) == 0 ? 0 : WSAGetLastError();
}

static inline int start_recv(SOCKET s, void *data, ULONG length, OVERLAPPED *ov)
{
    return start_recv_flags(s, data, length, 0, ov);
}

static inline int start_send(SOCKET s, const void *data, ULONG length, OVERLAPPED *ov)
{
    WSABUF buffer;

    buffer.buf = (char *)(ULONG_PTR)data;
    buffer.len = length;
    return WSASend(s, &buffer, 1, NULL, 0, ov, NULL) == 0 ? 0 : WSAGetLastError();
}

#define ok_pends(error) \
    do { \
        int error_ = (error); \
        ok(error_ == WSA_IO_PENDING, "gave %d, wanted 997", error_); \
    } while (0)

#define ok_starts(error) \
    do { \
        int error_ = (error); \
        ok(error_ == 0 || error_ == WSA_IO_PENDING, "gave %d, wanted 0 or 997", error_); \
    } while (0)

#define ok_gives(error, wanted) \
    do { \
        int error_ = (error); \
        ok(error_ == (wanted), "gave %d, wanted %d", error_, (int)(wanted)); \
    } while (0)

static inline void send_text(SOCKET s, const char *text)
{
    int length = (int)strlen(text), sent = send(s, text, length, 0);

    ok(sent == length, "send gave %d, error %d", sent, WSAGetLastError());
}

/* Receives exactly this text, in as many pieces as it takes. */
static inline BOOL receives(SOCKET s, const char *text)
{
    char data[256];
    int length = (int)strlen(text), have = 0, got;

    while (have < length) {
        got = recv(s, data + have, length - have, 0);
        if (got <= 0) break;
        have += got;
    }
    return have == length && memcmp(data, text, length) == 0;
}

/* A receive that waits for the end of a connection. It must pend before the
 * end comes: Wine shows a reset to nobody else. */
struct ending {
    OVERLAPPED ov;
    char byte;
};

static inline void await_end(struct ending *ending, SOCKET s)
{
    memset(&ending->ov, 0, sizeof(ending->ov));
    ok_pends(start_recv(s, &ending->byte, 1, &ending->ov));
}

static inline BOOL ends_with_reset(struct ending *ending)
{
    UNTIL(HasOverlappedIoCompleted(&ending->ov));
    return (ULONG)ending->ov.Internal == NT_CONNECTION_RESET;
}

#define ok_reset(ending) \
    ok(ends_with_reset(ending), "the end is %08x", (unsigned)(ending)->ov.Internal)

/* Stands for a function that is not there, so that the test fails and does
 * not crash. */
static inline BOOL WINAPI no_extension(void)
{
    SetLastError(ERROR_PROC_NOT_FOUND);
    return FALSE;
}

static inline void *extension(SOCKET s, GUID id)
{
    void *function = NULL;
    DWORD bytes = 0;

    WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function,
             sizeof(function), &bytes, NULL, NULL);
    ok(function != NULL, "no extension function: error %d", WSAGetLastError());
    return function ? function : (void *)(ULONG_PTR)no_extension;
}

#define ADDRESS_AREA (sizeof(struct sockaddr_in) + 16)

/* Fills what the kernel and the peer buffer until sends pend. The peer does
 * not read. Gives the number of bytes accepted. */
static inline size_t fill(SOCKET s)
{
    static char data[65536];
    size_t total = 0;
    u_long on = 1, off = 0;
    int sent;

    ioctlsocket(s, FIONBIO, &on);
    do {
        sent = send(s, data, sizeof(data), 0);
        if (sent > 0) total += (size_t)sent;
    } while (sent > 0 && total < (size_t)256 << 20);
    ioctlsocket(s, FIONBIO, &off);
    return total;
}

/* Reads and drops this many bytes. */
static inline BOOL drain(SOCKET s, size_t total)
{
    static char data[65536];

    while (total > 0) {
        int got = recv(s, data, total < sizeof(data) ? (int)total : (int)sizeof(data), 0);

        if (got <= 0) return FALSE;
        total -= (size_t)got;
    }
    return TRUE;
}

#endif
