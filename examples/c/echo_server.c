/* echo_server.c: an echo server on one I/O completion port.
 *
 *   echo_server [--port N] [--workers N] [--concurrency N] [--until-eof]
 *
 *   --port N         listen on this port; 0, the default, takes any free one
 *   --workers N      threads in GetQueuedCompletionStatus (default 4)
 *   --concurrency N  how many of them may run at once; 0 is one per processor
 *   --until-eof      also stop when standard input ends
 *
 * It stops on Ctrl-C, and prints what it did.
 *
 * How it is built: every connection is one CONNECTION structure with exactly
 * one operation in flight: AcceptEx, then WSARecv, WSASend, WSARecv, ... So
 * whoever dequeues a packet owns the connection until it starts the next
 * operation, no connection needs a lock, and a connection is freed by the
 * worker that finds no next operation to start.
 */
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <mswsock.h>
#include <windows.h>
#include <process.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 8192
#define PENDING_ACCEPTS 64
#define WORKERS_MAX 256

/* Each address that AcceptEx stores needs 16 bytes more than its type. */
#define ADDRESS_SIZE (sizeof(struct sockaddr_in) + 16)

/* Completion keys say what a packet is about. */
#define KEY_SOCKET 1
#define KEY_STOP 2

typedef enum { ACCEPTING, RECEIVING, SENDING } STATE;

typedef struct CONNECTION {
    OVERLAPPED overlapped;
    struct CONNECTION *next, *previous;
    SOCKET socket;
    STATE state;
    DWORD received; /* bytes of the message in the buffer */
    DWORD sent;     /* how many of them are on their way back */
    char buffer[BUFFER_SIZE];
} CONNECTION;

typedef struct {
    uint64_t connections, messages, bytes, errors, packets;
} COUNTS;

/* Each worker counts for itself: no counter is shared. */
static struct {
    HANDLE thread;
    COUNTS counts;
} workers[WORKERS_MAX];

static HANDLE port;
static SOCKET listener;
static LPFN_ACCEPTEX accept_ex;

static HANDLE stop_event;    /* somebody wants the server to stop */
static HANDLE drained_event; /* stopping, and no operation is left */

/* Workers hold the lock shared while they start an operation; the stopping
 * thread holds it exclusively while it cancels. So an operation either started
 * before the cancellation and is found by it, or its worker sees `stopping`. */
static SRWLOCK lock = SRWLOCK_INIT;
static BOOL stopping;
static CONNECTION *connections; /* every CONNECTION; changed under the exclusive lock */

static volatile LONG accepting; /* how many of them wait in AcceptEx */

static void report(const char *what, DWORD error)
{
    fprintf(stderr, "echo_server: %s: error %lu\n", what, (unsigned long)error);
}

static CONNECTION *connection_create(void)
{
    CONNECTION *connection = (CONNECTION *)calloc(1, sizeof(*connection));

    if (!connection) return NULL;
    connection->socket = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                                    WSA_FLAG_OVERLAPPED);
    if (connection->socket == INVALID_SOCKET) {
        report("WSASocket", (DWORD)WSAGetLastError());
        free(connection);
        return NULL;
    }
    AcquireSRWLockExclusive(&lock);
    connection->next = connections;
    if (connections) connections->previous = connection;
    connections = connection;
    ReleaseSRWLockExclusive(&lock);
    return connection;
}

/* Only for a connection without an operation in flight. */
static void connection_destroy(CONNECTION *connection)
{
    BOOL drained;

    AcquireSRWLockExclusive(&lock);
    if (connection->previous) connection->previous->next = connection->next;
    else connections = connection->next;
    if (connection->next) connection->next->previous = connection->previous;
    drained = stopping && !connections;
    ReleaseSRWLockExclusive(&lock);

    closesocket(connection->socket);
    free(connection);
    if (drained) SetEvent(drained_event);
}

/* The start_ functions return TRUE if a packet will come for the connection.
 * From then on it may be in the hands of another worker and must not be
 * touched, not even when the call reported success at once: without
 * FILE_SKIP_COMPLETION_PORT_ON_SUCCESS success queues a packet, too. */

static BOOL begin(CONNECTION *connection, STATE state)
{
    connection->state = state;
    memset(&connection->overlapped, 0, sizeof(connection->overlapped));
    AcquireSRWLockShared(&lock);
    if (!stopping) return TRUE;
    ReleaseSRWLockShared(&lock);
    SetLastError(ERROR_OPERATION_ABORTED);
    return FALSE;
}

static BOOL started(BOOL succeeded)
{
    DWORD error = succeeded ? 0 : (DWORD)WSAGetLastError();

    ReleaseSRWLockShared(&lock);
    if (error == 0 || error == WSA_IO_PENDING) return TRUE;
    SetLastError(error);
    return FALSE;
}

static BOOL start_accept(CONNECTION *connection)
{
    DWORD bytes;

    /* 0: complete when the connection is there, without waiting for its first bytes. */
    return begin(connection, ACCEPTING)
        && started(accept_ex(listener, connection->socket, connection->buffer, 0, ADDRESS_SIZE,
                             ADDRESS_SIZE, &bytes, &connection->overlapped));
}

static BOOL start_receive(CONNECTION *connection)
{
    WSABUF buffer;
    DWORD flags = 0;

    buffer.buf = connection->buffer;
    buffer.len = BUFFER_SIZE;
    return begin(connection, RECEIVING)
        && started(WSARecv(connection->socket, &buffer, 1, NULL, &flags, &connection->overlapped,
                           NULL) == 0);
}

static BOOL start_send(CONNECTION *connection)
{
    WSABUF buffer;

    buffer.buf = connection->buffer + connection->sent;
    buffer.len = connection->received - connection->sent;
    return begin(connection, SENDING)
        && started(WSASend(connection->socket, &buffer, 1, NULL, 0, &connection->overlapped,
                           NULL) == 0);
}

static BOOL is_stopping(void)
{
    BOOL answer;

    AcquireSRWLockShared(&lock);
    answer = stopping;
    ReleaseSRWLockShared(&lock);
    return answer;
}

/* The connection has no operation in flight and gets no further one. */
static void connection_failed(CONNECTION *connection, DWORD error, COUNTS *counts)
{
    static const char *const operations[] = { "AcceptEx", "WSARecv", "WSASend" };

    if (error != ERROR_OPERATION_ABORTED || !is_stopping()) {
        counts->errors++;
        report(operations[connection->state], error);
    }
    connection_destroy(connection);
}

static BOOL add_accept(COUNTS *counts)
{
    CONNECTION *connection;

    if (is_stopping()) return FALSE;
    connection = connection_create();
    if (!connection) {
        counts->errors++;
        return FALSE;
    }
    if (start_accept(connection)) return TRUE;
    connection_failed(connection, GetLastError(), counts);
    return FALSE;
}

/* Keeps PENDING_ACCEPTS operations waiting for clients. When there is no socket
 * left for one, the next connection that closes gives another chance. */
static void top_up_accepts(COUNTS *counts)
{
    while (InterlockedIncrement(&accepting) <= PENDING_ACCEPTS && add_accept(counts)) continue;
    InterlockedDecrement(&accepting);
}

static void on_accepted(CONNECTION *connection, COUNTS *counts)
{
    /* An accepted socket inherits neither the listener's properties nor its port. */
    if (setsockopt(connection->socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                   (const char *)&listener, sizeof(listener)) != 0) {
        connection_failed(connection, (DWORD)WSAGetLastError(), counts);
    } else if (!CreateIoCompletionPort((HANDLE)connection->socket, port, KEY_SOCKET, 0)) {
        connection_failed(connection, GetLastError(), counts);
    } else {
        counts->connections++;
        if (!start_receive(connection)) connection_failed(connection, GetLastError(), counts);
    }
}

static void on_received(CONNECTION *connection, DWORD bytes, COUNTS *counts)
{
    if (bytes == 0) {
        /* The client has sent everything. Closing tells it the same of us. */
        connection_destroy(connection);
        return;
    }
    connection->received = bytes;
    connection->sent = 0;
    if (!start_send(connection)) connection_failed(connection, GetLastError(), counts);
}

static void on_sent(CONNECTION *connection, DWORD bytes, COUNTS *counts)
{
    BOOL again;

    connection->sent += bytes;
    if (connection->sent < connection->received) {
        again = start_send(connection);
    } else {
        counts->messages++;
        counts->bytes += connection->received;
        again = start_receive(connection);
    }
    if (!again) connection_failed(connection, GetLastError(), counts);
}

static unsigned __stdcall worker(void *parameter)
{
    COUNTS *counts = (COUNTS *)parameter;

    for (;;) {
        DWORD bytes = 0, error = 0;
        ULONG_PTR key = 0;
        OVERLAPPED *overlapped = NULL;
        CONNECTION *connection;
        STATE state;

        /* FALSE with an OVERLAPPED is the packet of a failed operation;
         * FALSE without one means that the wait itself failed. */
        if (!GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE)) {
            error = GetLastError();
            if (!overlapped) {
                report("GetQueuedCompletionStatus", error);
                return 1;
            }
        }
        counts->packets++;
        if (key == KEY_STOP) return 0;

        connection = CONTAINING_RECORD(overlapped, CONNECTION, overlapped);
        state = connection->state;
        if (state == ACCEPTING) InterlockedDecrement(&accepting);
        if (error) connection_failed(connection, error, counts);
        else if (state == ACCEPTING) on_accepted(connection, counts);
        else if (state == RECEIVING) on_received(connection, bytes, counts);
        else on_sent(connection, bytes, counts);
        top_up_accepts(counts);
    }
}

static BOOL WINAPI on_console_event(DWORD event)
{
    return (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT) && SetEvent(stop_event);
}

static unsigned __stdcall wait_for_eof(void *parameter)
{
    (void)parameter;
    while (getchar() != EOF) continue;
    SetEvent(stop_event);
    return 0;
}

/* Listens on `wanted` and returns the port it got, or 0 after saying what went wrong. */
static unsigned listen_on(unsigned wanted)
{
    struct sockaddr_in address = { 0 };
    int size = sizeof(address);
    GUID guid = WSAID_ACCEPTEX;
    DWORD bytes;

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((u_short)wanted);
    listener = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (listener == INVALID_SOCKET) {
        report("WSASocket", (DWORD)WSAGetLastError());
        return 0;
    }
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0) {
        int error = WSAGetLastError();
        if (error != WSAEADDRINUSE && error != WSAEACCES) report("bind", (DWORD)error);
        else fprintf(stderr, "echo_server: port %u is %s; choose another with --port\n", wanted,
                     error == WSAEADDRINUSE ? "taken" : "reserved");
    } else if (listen(listener, SOMAXCONN) != 0) {
        report("listen", (DWORD)WSAGetLastError());
    } else if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        report("getsockname", (DWORD)WSAGetLastError());
    } else if (WSAIoctl(listener, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid),
                        &accept_ex, sizeof(accept_ex), &bytes, NULL, NULL) != 0) {
        report("WSAIoctl", (DWORD)WSAGetLastError());
    } else if (!CreateIoCompletionPort((HANDLE)listener, port, KEY_SOCKET, 0)) {
        report("CreateIoCompletionPort", GetLastError());
    } else {
        return ntohs(address.sin_port);
    }
    closesocket(listener);
    return 0;
}

/* Cancels what is in flight and returns when its last packet has been handled. */
static void stop_and_drain(void)
{
    CONNECTION *connection;

    AcquireSRWLockExclusive(&lock);
    stopping = TRUE;
    /* An AcceptEx is an operation of the listener, all others are of the connection's socket. */
    CancelIoEx((HANDLE)listener, NULL);
    for (connection = connections; connection; connection = connection->next)
        CancelIoEx((HANDLE)connection->socket, NULL);
    if (!connections) SetEvent(drained_event);
    ReleaseSRWLockExclusive(&lock);
    WaitForSingleObject(drained_event, INFINITE);
    closesocket(listener);
}

static void print_report(const COUNTS *counts, DWORD handles_at_start, DWORD handles_at_end)
{
    printf("connections: %" PRIu64 "\nmessages: %" PRIu64 "\nbytes: %" PRIu64 "\n",
           counts->connections, counts->messages, counts->bytes);
    printf("errors: %" PRIu64 "\npackets: %" PRIu64 "\n", counts->errors, counts->packets);
    printf("handles at start: %lu\nhandles at end: %lu\n", (unsigned long)handles_at_start,
           (unsigned long)handles_at_end);
}

/* One KEY_STOP each: a worker takes no other packet after it. */
static void stop_workers(unsigned running, COUNTS *total)
{
    unsigned i;

    for (i = 0; i < running; i++) PostQueuedCompletionStatus(port, 0, KEY_STOP, NULL);
    for (i = 0; i < running; i++) {
        WaitForSingleObject(workers[i].thread, INFINITE);
        CloseHandle(workers[i].thread);
        total->connections += workers[i].counts.connections;
        total->messages += workers[i].counts.messages;
        total->bytes += workers[i].counts.bytes;
        total->errors += workers[i].counts.errors;
        total->packets += workers[i].counts.packets;
    }
}

static HANDLE start_thread(unsigned(__stdcall *function)(void *), void *parameter)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, function, parameter, 0, NULL);

    if (!thread) report("_beginthreadex", GetLastError());
    return thread;
}

static BOOL serve(unsigned wanted, BOOL until_eof, COUNTS *total)
{
    unsigned running = 0;
    HANDLE reader = NULL;
    BOOL complete;

    while (running < wanted) {
        workers[running].thread = start_thread(worker, &workers[running].counts);
        if (!workers[running].thread) break;
        running++;
    }
    if (until_eof) {
        reader = start_thread(wait_for_eof, NULL);
        if (reader) CloseHandle(reader);
    }
    complete = running == wanted && (reader || !until_eof);
    if (complete) {
        top_up_accepts(total);
        WaitForSingleObject(stop_event, INFINITE);
    }
    stop_and_drain();
    stop_workers(running, total);
    return complete;
}

typedef struct {
    unsigned port, workers, concurrency;
    BOOL until_eof;
} OPTIONS;

static BOOL parse_options(int argc, char **argv, OPTIONS *options)
{
    int i;

    for (i = 1; i < argc; i++) {
        unsigned *number = NULL;
        unsigned long limit = WORKERS_MAX;
        char *end;

        if (strcmp(argv[i], "--until-eof") == 0) {
            options->until_eof = TRUE;
            continue;
        }
        if (strcmp(argv[i], "--workers") == 0) number = &options->workers;
        if (strcmp(argv[i], "--concurrency") == 0) number = &options->concurrency;
        if (strcmp(argv[i], "--port") == 0) {
            number = &options->port;
            limit = 65535;
        }
        if (!number || ++i == argc || *argv[i] < '0' || *argv[i] > '9') return FALSE;
        *number = (unsigned)strtoul(argv[i], &end, 10);
        if (*end || *number > limit) return FALSE;
    }
    return options->workers > 0;
}

int main(int argc, char **argv)
{
    OPTIONS options = { 0, 4, 0, FALSE };
    COUNTS total = { 0 };
    DWORD handles_at_start = 0, handles_at_end = 0;
    WSADATA data;
    unsigned listening_on;
    BOOL served = FALSE;

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: echo_server [--port N] [--workers N] [--concurrency N]"
                        " [--until-eof]\n");
        return 2;
    }
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        fprintf(stderr, "echo_server: no Winsock 2.2\n");
        return 1;
    }
    GetProcessHandleCount(GetCurrentProcess(), &handles_at_start);
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    drained_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, options.concurrency);
    if (!stop_event || !drained_event || !port) {
        report("CreateIoCompletionPort or CreateEvent", GetLastError());
        return 1;
    }
    SetConsoleCtrlHandler(on_console_event, TRUE);

    listening_on = listen_on(options.port);
    if (listening_on) {
        printf("listening on port %u\n", listening_on);
        fflush(stdout);
        served = serve(options.workers, options.until_eof, &total);
    }

    SetConsoleCtrlHandler(on_console_event, FALSE);
    CloseHandle(port);
    CloseHandle(drained_event);
    CloseHandle(stop_event);
    served = GetProcessHandleCount(GetCurrentProcess(), &handles_at_end) && served;
    if (served) print_report(&total, handles_at_start, handles_at_end);
    WSACleanup();
    return served && total.errors == 0 ? 0 : 1;
}
