/*
 * A plain Win32 TCP echo server on a completion port, for measurement.
 *
 *   workers=N      threads in GetQueuedCompletionStatus            (1)
 *   concurrency=N  NumberOfConcurrentThreads of the port           (0: as many as processors)
 *   size=BYTES     receive buffer of a connection                  (4096)
 *   skip=0|1       FILE_SKIP_COMPLETION_PORT_ON_SUCCESS            (0)
 *   batch=N        over 1: GetQueuedCompletionStatusEx, N entries  (1)
 *   block=0|1|2    handlers of messages whose first byte is odd block for 5 ms: not at all,
 *                  in a system call of their own, in Sleep         (0)
 *
 * Prints "listening PORT" once it accepts connections, and serves until it is killed.
 */
#include <winsock2.h>
#include <ws2tcpip.h>

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "options.h"

#define BATCH_MAX 64

enum step { RECEIVING, SENDING };

struct connection {
    OVERLAPPED overlapped;
    SOCKET socket;
    enum step step;
    DWORD length; /* bytes received that go back */
    DWORD sent;
    char *buffer;
};

static HANDLE port;
static DWORD buffer_size;
static ULONG batch;
static BOOL skip;
static enum { NEVER, DIRECTLY, BY_SLEEP } block;

/* What a handler does before it answers. */
static void handle(const struct connection *c)
{
    static const struct timespec time = { 0, 5000000 };
    if (block == NEVER || c->buffer[0] % 2 == 0)
        return;
    if (block == DIRECTLY)
        syscall(SYS_nanosleep, &time, NULL);
    else
        Sleep(5);
}

static void close_connection(struct connection *c)
{
    closesocket(c->socket);
    free(c->buffer);
    free(c);
}

/* Starts the operation of the present step. TRUE: it has finished and no packet will come. */
static BOOL start(struct connection *c, DWORD *bytes)
{
    WSABUF buffer;
    DWORD flags = 0;
    int result;

    memset(&c->overlapped, 0, sizeof c->overlapped);
    if (c->step == RECEIVING) {
        buffer.buf = c->buffer;
        buffer.len = buffer_size;
        result = WSARecv(c->socket, &buffer, 1, bytes, &flags, &c->overlapped, NULL);
    } else {
        buffer.buf = c->buffer + c->sent;
        buffer.len = c->length - c->sent;
        result = WSASend(c->socket, &buffer, 1, bytes, 0, &c->overlapped, NULL);
    }
    if (result == 0)
        return skip;
    if (WSAGetLastError() == WSA_IO_PENDING)
        return FALSE;
    *bytes = 0; /* handled as the end of the connection */
    return TRUE;
}

/* Takes the connection on from a finished operation until one is pending or all is over. */
static void advance(struct connection *c, DWORD bytes)
{
    do {
        if (bytes == 0) {
            close_connection(c);
            return;
        }
        if (c->step == RECEIVING) {
            c->step = SENDING;
            c->length = bytes;
            c->sent = 0;
            handle(c);
        } else {
            c->sent += bytes;
            if (c->sent == c->length)
                c->step = RECEIVING;
        }
    } while (start(c, &bytes));
}

static void serve_one(void)
{
    for (;;) {
        DWORD bytes = 0;
        ULONG_PTR key = 0;
        OVERLAPPED *overlapped = NULL;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
        if (overlapped == NULL)
            fail("GetQueuedCompletionStatus");
        advance(CONTAINING_RECORD(overlapped, struct connection, overlapped), ok ? bytes : 0);
    }
}

static void serve_batch(void)
{
    OVERLAPPED_ENTRY entries[BATCH_MAX];
    for (;;) {
        ULONG count = 0;
        if (!GetQueuedCompletionStatusEx(port, entries, batch, &count, INFINITE, FALSE))
            fail("GetQueuedCompletionStatusEx");
        for (ULONG i = 0; i < count; i++) {
            OVERLAPPED *o = entries[i].lpOverlapped;
            /* A failed operation has transferred nothing, which ends the connection too. */
            advance(CONTAINING_RECORD(o, struct connection, overlapped),
                    entries[i].dwNumberOfBytesTransferred);
        }
    }
}

static DWORD WINAPI worker(LPVOID unused)
{
    (void)unused;
    if (batch > 1)
        serve_batch();
    else
        serve_one();
    return 0;
}

static SOCKET listen_anywhere(void)
{
    struct sockaddr_in address;
    int length = sizeof address;
    SOCKET listener = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (listener == INVALID_SOCKET)
        fail("WSASocketW");
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0)
        fail("bind");
    if (listen(listener, SOMAXCONN) != 0)
        fail("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("getsockname");
    printf("listening %u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void take_on(SOCKET socket)
{
    BOOL on = TRUE;
    DWORD bytes = 0;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL || (c->buffer = malloc(buffer_size)) == NULL)
        fail("malloc");
    c->socket = socket;
    c->step = RECEIVING;
    if (setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on) != 0)
        fail("setsockopt");
    if (CreateIoCompletionPort((HANDLE)socket, port, 0, 0) != port)
        fail("CreateIoCompletionPort");
    if (skip && !SetFileCompletionNotificationModes((HANDLE)socket,
                                                    FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        fail("SetFileCompletionNotificationModes");
    if (start(c, &bytes))
        advance(c, bytes);
}

int main(int argc, char **argv)
{
    WSADATA data;
    SOCKET listener;
    int workers = (int)option(argc, argv, "workers", 1);

    buffer_size = (DWORD)option(argc, argv, "size", 4096);
    skip = option(argc, argv, "skip", 0) != 0;
    batch = (ULONG)option(argc, argv, "batch", 1);
    block = (int)option(argc, argv, "block", 0);
    if (batch > BATCH_MAX)
        batch = BATCH_MAX;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
        fail("WSAStartup");
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0,
                                  (DWORD)option(argc, argv, "concurrency", 0));
    if (port == NULL)
        fail("CreateIoCompletionPort");
    for (int i = 0; i < workers; i++) {
        HANDLE thread = CreateThread(NULL, 0, worker, NULL, 0, NULL);
        if (thread == NULL)
            fail("CreateThread");
        CloseHandle(thread);
    }
    listener = listen_anywhere();
    for (;;) {
        SOCKET socket = accept(listener, NULL, NULL);
        if (socket == INVALID_SOCKET)
            fail("accept");
        take_on(socket);
    }
}
