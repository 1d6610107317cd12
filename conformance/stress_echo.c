/* Many echo connections that are cancelled, aborted and closed at random with
 * operations in flight. Every operation must come back exactly once, every
 * connection that nobody disturbs must echo every byte, and no handle, no
 * descriptor and no memory may be left: it is done in rounds, and after the
 * first one nothing may grow.
 *
 *   stress_echo [connections [largest message [seed [rounds]]]]
 */
#include "sockets.h"
#include "leaks.h"

enum { WORKERS = 2, CLIENTS = 48, ACCEPTS = 16, ROUNDS = 4, CHUNK = 16384, SLACK = 65536 };

enum kind { ACCEPT, CONNECT, RECEIVE, SEND };

struct end;

struct operation {
    OVERLAPPED ov;
    enum kind kind;
    LONG pending; /* 1 from the call to the packet */
    struct end *end;
};

/* One end of a connection. Its memory goes when it is closed and its last
 * operation has come back. */
struct end {
    CRITICAL_SECTION lock; /* closing against starting an operation */
    SOCKET s;
    BOOL open, server, disturbed;
    LONG references, parts; /* parts: halves of a round still to come */
    struct operation receive, send;
    unsigned char *in, *out;
    DWORD length, got;
    int rounds, fate, order;
};

/* What a client does to its connection in the middle of its last round. */
enum fate { PEACE, ABORT, CLOSE, CANCEL_RECEIVE, CANCEL_ALL, HALF_CLOSE, FATES };

/* The first byte of a message tells the server what to do to the connection;
 * all other bytes are larger. */
enum order { ECHO, SERVER_CLOSES, SERVER_ABORTS, SERVER_CANCELS, ORDERS };

struct acceptor {
    struct operation operation;
    SOCKET s;
    char area[2 * ADDRESS_AREA];
};

static HANDLE port;
static SOCKET door;
static struct sockaddr_in door_address;
static LPFN_ACCEPTEX accept_ex;
static LPFN_CONNECTEX connect_ex;
static struct acceptor acceptors[ACCEPTS];
static LONG connections = 50, largest = 3000, repeats = 3, total;
static volatile LONG seed = 1;
static volatile LONG slots, begun, ended, live, stopping;
static volatile LONG started, finished, twice, wrong_bytes, spoilt, strange, strange_code;

static unsigned pick(unsigned limit)
{
    LONG old, next;

    do {
        old = seed;
        next = (LONG)((unsigned)old * 1664525u + 1013904223u);
    } while (InterlockedCompareExchange(&seed, next, old) != old);
    return ((unsigned)next >> 8) % limit;
}

static void release(struct end *end)
{
    if (InterlockedDecrement(&end->references) != 0) return;
    DeleteCriticalSection(&end->lock);
    free(end->in);
    free(end->out);
    memset(end, 0xdd, sizeof(*end));
    free(end);
    InterlockedDecrement(&live);
}

static struct end *new_end(SOCKET s, BOOL server)
{
    struct end *end = calloc(1, sizeof(*end));

    InitializeCriticalSection(&end->lock);
    end->s = s;
    end->open = TRUE;
    end->server = server;
    end->references = 1;
    end->receive.kind = RECEIVE;
    end->send.kind = SEND;
    end->receive.end = end->send.end = end;
    end->in = malloc((size_t)largest + CHUNK);
    end->out = malloc((size_t)largest + CHUNK);
    InterlockedIncrement(&live);
    CreateIoCompletionPort((HANDLE)s, port, (ULONG_PTR)server + 1, 0);
    return end;
}

static void close_end(struct end *end, BOOL reset)
{
    BOOL was_open;
    struct linger value = { 1, 0 };

    EnterCriticalSection(&end->lock);
    was_open = end->open;
    end->open = FALSE;
    if (was_open) {
        if (reset) setsockopt(end->s, SOL_SOCKET, SO_LINGER, (char *)&value, sizeof(value));
        closesocket(end->s);
    }
    LeaveCriticalSection(&end->lock);
    if (!was_open) return;
    if (!end->server) {
        InterlockedIncrement(&ended);
        InterlockedIncrement(&slots);
    }
    release(end);
}

/* Before a call that may start this operation. */
static void arm(struct operation *operation)
{
    memset(&operation->ov, 0, sizeof(operation->ov));
    if (InterlockedExchange(&operation->pending, 1) != 0) InterlockedIncrement(&twice);
    InterlockedIncrement(&started);
}

/* After a call that failed at once. */
static void disarm(struct operation *operation)
{
    InterlockedExchange(&operation->pending, 0);
    InterlockedDecrement(&started);
}

/* Starts a receive or a send; the caller has a reference. FALSE: it did not
 * start. */
static BOOL start(struct operation *operation, void *data, DWORD length)
{
    struct end *end = operation->end;
    BOOL good = FALSE;
    int error;

    EnterCriticalSection(&end->lock);
    if (end->open) {
        InterlockedIncrement(&end->references);
        arm(operation);
        error = operation->kind == SEND ? start_send(end->s, data, length, &operation->ov)
                                        : start_recv(end->s, data, length, &operation->ov);
        good = error == 0 || error == WSA_IO_PENDING;
        if (!good) {
            disarm(operation);
            InterlockedDecrement(&end->references);
        }
    }
    LeaveCriticalSection(&end->lock);
    return good;
}

static void cancel(struct end *end, struct operation *operation)
{
    EnterCriticalSection(&end->lock);
    if (end->open) CancelIoEx((HANDLE)end->s, operation ? &operation->ov : NULL);
    LeaveCriticalSection(&end->lock);
}

static void half_close(struct end *end)
{
    EnterCriticalSection(&end->lock);
    if (end->open) shutdown(end->s, SD_SEND);
    LeaveCriticalSection(&end->lock);
}

/* ---- clients ---- */

static void next_round(struct end *end)
{
    BOOL last = end->rounds == ROUNDS - 1;
    DWORD i;

    end->length = 1 + pick((unsigned)largest);
    for (i = 1; i < end->length; i++) end->out[i] = (unsigned char)(16 + (i * 7 + i / 240) % 240);
    end->out[0] = (unsigned char)(last ? end->order : ECHO);
    end->got = 0;
    end->parts = 2;
    if (!start(&end->receive, end->in, end->length) ||
        !start(&end->send, end->out, end->length)) {
        if (!end->disturbed) InterlockedIncrement(&spoilt);
        close_end(end, FALSE);
        return;
    }
    if (!last) return;
    switch (end->fate) {
    case ABORT: close_end(end, TRUE); break;
    case CLOSE: close_end(end, FALSE); break;
    case CANCEL_RECEIVE: cancel(end, &end->receive); break;
    case CANCEL_ALL: cancel(end, NULL); break;
    case HALF_CLOSE: half_close(end); break;
    }
}

static void half_done(struct end *end)
{
    if (InterlockedDecrement(&end->parts) != 0) return;
    if (++end->rounds == ROUNDS) {
        close_end(end, pick(2));
    } else {
        next_round(end);
    }
}

static void client_receive(struct end *end, DWORD bytes)
{
    if (bytes == 0) {
        if (!end->disturbed) InterlockedIncrement(&spoilt);
        close_end(end, FALSE);
        return;
    }
    if (end->got + bytes > end->length || memcmp(end->in, end->out + end->got, bytes)) {
        InterlockedIncrement(&wrong_bytes);
        close_end(end, TRUE);
        return;
    }
    end->got += bytes;
    if (end->got == end->length) {
        half_done(end);
    } else if (!start(&end->receive, end->in, end->length - end->got)) {
        if (!end->disturbed) InterlockedIncrement(&spoilt);
        close_end(end, FALSE);
    }
}

static void client_packet(struct end *end, struct operation *operation, DWORD bytes)
{
    if (operation->kind == CONNECT) {
        setsockopt(end->s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0);
        operation->kind = RECEIVE;
        next_round(end);
    } else if (operation->kind == RECEIVE) {
        client_receive(end, bytes);
    } else {
        if (bytes != end->length) InterlockedIncrement(&wrong_bytes);
        half_done(end);
    }
}

static void begin_client(void)
{
    SOCKET s = tcp_socket();
    struct sockaddr_in address = loopback(0);
    struct end *end = new_end(s, FALSE);
    BOOL good;

    /* Many addresses, so that old connections do not use up the ports. */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + pick(200));
    end->fate = pick(2) ? PEACE : (int)pick(FATES);
    end->order = pick(2) ? ECHO : (int)pick(ORDERS);
    end->disturbed = end->fate != PEACE || end->order != ECHO;
    end->receive.kind = CONNECT;
    InterlockedIncrement(&end->references);
    bind(s, (struct sockaddr *)&address, sizeof(address));
    InterlockedIncrement(&end->references);
    arm(&end->receive);
    good = connect_ex(s, (struct sockaddr *)&door_address, sizeof(door_address), NULL, 0, NULL,
                      &end->receive.ov) || WSAGetLastError() == WSA_IO_PENDING;
    if (!good) {
        disarm(&end->receive);
        InterlockedIncrement(&spoilt);
        release(end);
        close_end(end, FALSE);
    }
    release(end);
}

/* Replaces the clients that have ended. */
static void refill(void)
{
    LONG have;

    while ((have = slots) > 0) {
        if (InterlockedCompareExchange(&slots, have - 1, have) != have) continue;
        if (InterlockedIncrement(&begun) > connections) return;
        begin_client();
    }
}

/* ---- server ---- */

static void begin_accept(struct acceptor *acceptor)
{
    DWORD bytes;

    acceptor->s = tcp_socket();
    acceptor->operation.kind = ACCEPT;
    arm(&acceptor->operation);
    if (accept_ex(door, acceptor->s, acceptor->area, 0, ADDRESS_AREA, ADDRESS_AREA, &bytes,
                  &acceptor->operation.ov) || WSAGetLastError() == WSA_IO_PENDING) return;
    disarm(&acceptor->operation);
    closesocket(acceptor->s);
    if (!stopping) InterlockedIncrement(&spoilt);
}

static void accept_packet(struct operation *operation, BOOL good)
{
    struct acceptor *acceptor = CONTAINING_RECORD(operation, struct acceptor, operation);
    SOCKET s = acceptor->s;

    if (good) {
        struct end *end;

        setsockopt(s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&door, sizeof(door));
        end = new_end(s, TRUE);
        InterlockedIncrement(&end->references);
        if (!start(&end->receive, end->in, CHUNK)) close_end(end, FALSE);
        release(end);
    } else {
        closesocket(s);
    }
    if (!stopping) begin_accept(acceptor);
}

static void server_receive(struct end *end, DWORD bytes)
{
    int order = ECHO;
    DWORD i;

    for (i = 0; i < bytes; i++) {
        if (end->in[i] < 16) order = end->in[i];
    }
    memcpy(end->out, end->in, bytes);
    end->length = bytes;
    if (bytes == 0 || !start(&end->send, end->out, bytes)) close_end(end, FALSE);
    if (order == SERVER_CLOSES || order == SERVER_ABORTS) {
        close_end(end, order == SERVER_ABORTS);
    } else if (order == SERVER_CANCELS) {
        cancel(end, NULL);
    }
}

static void server_packet(struct end *end, struct operation *operation, DWORD bytes)
{
    if (operation->kind == RECEIVE) {
        server_receive(end, bytes);
        return;
    }
    if (bytes != end->length) InterlockedIncrement(&wrong_bytes);
    if (!start(&end->receive, end->in, CHUNK)) {
        close_end(end, FALSE);
    } else if (pick(10) == 0) {
        end->fate = CANCEL_RECEIVE;
        cancel(end, &end->receive);
    }
}

/* ---- workers ---- */

static void failed_packet(struct end *end, struct operation *operation, DWORD error)
{
    /* The server's own cancel does not hurt: it receives again. */
    if (end->server && operation->kind == RECEIVE && end->fate == CANCEL_RECEIVE &&
        error == ERROR_OPERATION_ABORTED && start(operation, end->in, CHUNK)) return;
    if (error != ERROR_NETNAME_DELETED && error != ERROR_OPERATION_ABORTED &&
        error != ERROR_CONNECTION_ABORTED) {
        InterlockedIncrement(&strange);
        strange_code = (LONG)error;
    }
    if (!end->server && !end->disturbed) InterlockedIncrement(&spoilt);
    close_end(end, FALSE);
}

static DWORD WINAPI worker(void *unused)
{
    (void)unused;
    for (;;) {
        struct packet packet = take(port, INFINITE);
        struct operation *operation = (struct operation *)(void *)packet.ov;

        if (!operation) return 0;
        if (InterlockedExchange(&operation->pending, 0) != 1) InterlockedIncrement(&twice);
        InterlockedIncrement(&finished);
        if (operation->kind == ACCEPT) {
            accept_packet(operation, packet.result);
        } else {
            struct end *end = operation->end;

            if (!packet.result) {
                failed_packet(end, operation, packet.error);
            } else if (end->server) {
                server_packet(end, operation, packet.bytes);
            } else {
                client_packet(end, operation, packet.bytes);
            }
            release(end);
        }
        if (!stopping) refill();
    }
}

/* Waits until the condition, as long as packets come. */
#define WHILE_ALIVE(condition) \
    do { \
        LONG seen_ = finished; \
        ULONGLONG end_ = GetTickCount64() + 2 * LIMIT; \
        while (!(condition) && GetTickCount64() < end_) { \
            Sleep(1); \
            if (seen_ != finished) { \
                seen_ = finished; \
                end_ = GetTickCount64() + 2 * LIMIT; \
            } \
        } \
    } while (0)

static void run_all(HANDLE *threads)
{
    int i;

    for (i = 0; i < WORKERS; i++) threads[i] = CreateThread(NULL, 0, worker, NULL, 0, NULL);
    for (i = 0; i < ACCEPTS; i++) begin_accept(&acceptors[i]);
    slots = CLIENTS;
    refill();
    WHILE_ALIVE(ended == connections && live == 0);
    ok(ended == connections && live == 0, "%d of %d connections ended, %d ends are alive",
       (int)ended, (int)connections, (int)live);
    InterlockedExchange(&stopping, 1);
    ok_zero(closesocket(door));
    WHILE_ALIVE(started == finished);
    for (i = 0; i < WORKERS; i++) PostQueuedCompletionStatus(port, 0, 0, NULL);
    for (i = 0; i < WORKERS; i++) {
        ok(WaitForSingleObject(threads[i], LIMIT) == WAIT_OBJECT_0, "worker %d hangs", i);
        CloseHandle(threads[i]);
    }
}

/* All connections once, on a port of their own. */
static void one_repeat(void)
{
    HANDLE threads[WORKERS];

    begun = ended = stopping = 0;
    port = new_port();
    door = listener(&door_address);
    ok_zero(listen(door, SOMAXCONN));
    accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    connect_ex = (LPFN_CONNECTEX)extension(door, (GUID)WSAID_CONNECTEX);
    CreateIoCompletionPort((HANDLE)door, port, 9, 0);
    run_all(threads);
    ok(started == finished, "%d operations started, %d packets", (int)started, (int)finished);
    ok(twice == 0, "%d packets of operations that were not pending", (int)twice);
    ok(wrong_bytes == 0, "%d messages were wrong", (int)wrong_bytes);
    ok(spoilt == 0, "%d undisturbed connections failed", (int)spoilt);
    ok(strange == 0 || CONFORM_WINE, "%d failures with other codes, the last is %d",
       (int)strange, (int)strange_code);
    ok_quiet(port);
    CloseHandle(port);
    total += ended;
}

/* Rules: SOCK-16, SOCK-22, SOCK-52, SOCK-70, SOCK-78, LX-06, LX-09 */
static void sock_069_every_operation_of_many_connections_completes_once(void)
{
    struct holdings first, now;
    int i;

    one_repeat();
    now = first = holdings();
    for (i = 1; i < repeats; i++) {
        one_repeat();
        now = holdings();
    }
    check_holdings(&first, &now, SLACK);
    printf("%d connections, %d operations; handles %u, descriptors %d, bytes %+d\n", (int)total,
           (int)finished, (unsigned)now.handles, now.descriptors,
           (int)(now.bytes - first.bytes));
}

int main(int count, char **arguments)
{
    WSADATA data;

    if (count > 1) connections = atoi(arguments[1]);
    if (count > 2) largest = atoi(arguments[2]);
    if (count > 3) seed = atoi(arguments[3]);
    if (count > 4) repeats = atoi(arguments[4]);
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
    watchdog(100 + (unsigned)(connections * repeats / 50));
    RUN(sock_069_every_operation_of_many_connections_completes_once);
    return conform_end();
}
