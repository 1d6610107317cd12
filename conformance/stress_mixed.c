/* Everything at once: disk files, streams, datagrams, pipes and posts, with
 * cancels, closes with operations in flight, duplicates, and threads that come
 * and go, while others wait for events and semaphores. Every operation comes
 * back exactly once, every byte is what it was, and nothing grows: now and
 * then all actors pause with nothing open, and what the process holds then is
 * compared with the first time.
 *
 *   stress_mixed [seconds [seconds between looks]]
 */
#include "mixed.h"

#if !CONFORM_WINE
#include <sys/stat.h>
extern int malloc_trim(size_t pad) __attribute__((weak));
#endif

enum { WORKERS = 4, OPERATIONS = 8, BLOCK = 4096, SLACK = 1 << 20 };

static HANDLE wake, rested; /* semaphores: actors that pause wait for the one, tell the other */
static volatile LONG pausing, stopping;

/* ---- actors ---- */

static void close_while_pending(struct actor *actor, HANDLE handle)
{
    if (pick(actor, 2)) CancelIoEx(handle, NULL);
    CloseHandle(handle);
}

static void files(struct actor *actor)
{
    static const DWORD ways[] = { 0, FILE_FLAG_NO_BUFFERING, FILE_FLAG_WRITE_THROUGH };
    struct operation operations[OPERATIONS];
    unsigned char *data = VirtualAlloc(NULL, OPERATIONS * BLOCK, MEM_COMMIT, PAGE_READWRITE);
    char name[40];
    unsigned i, seed = actor->seed;
    BOOL whole = TRUE;
    HANDLE file;

    memset(operations, 0, sizeof(operations));
    snprintf(name, sizeof(name), "mixed-%d", (int)actor->number);
    file = open_as(name, GENERIC_READ | GENERIC_WRITE | DELETE, CREATE_ALWAYS,
                   FILE_FLAG_DELETE_ON_CLOSE | FILE_FLAG_OVERLAPPED | ways[pick(actor, 3)]);
    CreateIoCompletionPort(file, port, 1, 0);
    for (i = 0; i < OPERATIONS; i++) make_data(data + i * BLOCK, BLOCK, seed + i);
    begin(actor);
    for (i = 0; i < OPERATIONS; i++) {
        arm(actor, &operations[i], WRITE);
        operations[i].ov.Offset = i * BLOCK;
        armed(&operations[i], start_write(file, data + i * BLOCK, BLOCK, &operations[i].ov));
    }
    if (pick(actor, 4) == 0) CancelIoEx(file, &operations[pick(actor, OPERATIONS)].ov);
    settle(actor);
    for (i = 0; i < OPERATIONS; i++) whole &= expect_or_cancelled(&operations[i], BLOCK);
    memset(data, 0, OPERATIONS * BLOCK);
    begin(actor);
    for (i = 0; whole && i < OPERATIONS; i++) {
        arm(actor, &operations[i], READ);
        operations[i].ov.Offset = i * BLOCK;
        armed(&operations[i], start_read(file, data + i * BLOCK, BLOCK, &operations[i].ov));
    }
    if (pick(actor, 4) == 0) {
        close_while_pending(actor, file);
        file = NULL;
    }
    settle(actor);
    for (i = 0; whole && i < OPERATIONS; i++) {
        if (expect_or_cancelled(&operations[i], BLOCK))
            check_data(data + i * BLOCK, BLOCK, seed + i);
    }
    if (file) CloseHandle(file);
    VirtualFree(data, 0, MEM_RELEASE);
}

/* Sends by one end what the other receives, in several rounds. */
static void exchange(struct actor *actor, SOCKET from, SOCKET to)
{
    static const DWORD lengths[] = { 1, 100, 4096, 60000 };
    DWORD length = lengths[pick(actor, 4)], got = 0;
    unsigned seed = actor->seed;
    struct operation send = { 0 }, receive = { 0 };
    unsigned char *out = malloc(length), *in = malloc(length);

    make_data(out, length, seed);
    begin(actor);
    arm(actor, &send, SEND);
    armed(&send, (DWORD)start_send(from, out, length, &send.ov));
    while (got < length) {
        arm(actor, &receive, RECEIVE);
        if (!armed(&receive, (DWORD)start_recv(to, in + got, length - got, &receive.ov))) break;
        while (now(&receive.pending)) SwitchToThread();
        if (receive.error != 0 || receive.bytes == 0) break;
        got += receive.bytes;
    }
    settle(actor);
    expect(&send, length);
    if (got == length) check_data(in, length, seed);
    else InterlockedIncrement(&wrong_data);
    free(out);
    free(in);
}

static void streams(struct actor *actor)
{
    struct pair pair = tcp_pair();
    struct operation receives[2] = { { .pending = 0 } };
    unsigned char byte[2];
    HANDLE duplicate = NULL;
    unsigned i;

    CreateIoCompletionPort((HANDLE)pair.here, port, 2, 0);
    CreateIoCompletionPort((HANDLE)pair.peer, port, 3, 0);
    for (i = 0; i < 4; i++) {
        exchange(actor, pair.here, pair.peer);
        exchange(actor, pair.peer, pair.here);
    }
    begin(actor);
    for (i = 0; i < 2; i++) {
        arm(actor, &receives[i], RECEIVE);
        armed(&receives[i], (DWORD)start_recv(i ? pair.peer : pair.here, &byte[i], 1,
                                              &receives[i].ov));
    }
    switch (pick(actor, 4)) {
    case 0: CancelIoEx((HANDLE)pair.here, &receives[0].ov); break;
    case 1: CancelIoEx((HANDLE)pair.peer, NULL); break;
    case 2: linger(pair.peer, 1, 0); break;
    case 3:
        DuplicateHandle(GetCurrentProcess(), (HANDLE)pair.here, GetCurrentProcess(), &duplicate,
                        0, FALSE, DUPLICATE_SAME_ACCESS);
        break;
    }
    closesocket(pair.here);
    closesocket(pair.peer);
    if (duplicate) closesocket((SOCKET)duplicate);
    settle(actor);
}

static DWORD start_datagram(SOCKET s, BOOL out, unsigned char *data, DWORD length,
                            struct sockaddr_in *address, struct operation *operation)
{
    static __thread int size;
    static __thread DWORD flags;
    WSABUF buffer = { length, (char *)data };
    int result;

    size = sizeof(*address);
    flags = 0;
    if (out) {
        result = WSASendTo(s, &buffer, 1, NULL, 0, (struct sockaddr *)address, size,
                           &operation->ov, NULL);
    } else {
        result = WSARecv(s, &buffer, 1, NULL, &flags, &operation->ov, NULL);
    }
    return result == 0 ? 0 : (DWORD)WSAGetLastError();
}

static void datagrams(struct actor *actor)
{
    SOCKET in = udp_socket(), out = udp_socket();
    struct sockaddr_in address = bind_loopback(in);
    struct operation receive = { 0 }, send = { 0 };
    unsigned char sent[1000], got[1000];
    unsigned i, seed;

    CreateIoCompletionPort((HANDLE)in, port, 4, 0);
    CreateIoCompletionPort((HANDLE)out, port, 5, 0);
    for (i = 0; i < 8; i++) {
        seed = actor->seed + i;
        make_data(sent, sizeof(sent), seed);
        begin(actor);
        arm(actor, &receive, DATAGRAM_IN);
        armed(&receive, start_datagram(in, FALSE, got, sizeof(got), &address, &receive));
        arm(actor, &send, DATAGRAM_OUT);
        armed(&send, start_datagram(out, TRUE, sent, sizeof(sent), &address, &send));
        settle(actor);
        expect(&send, sizeof(sent));
        expect(&receive, sizeof(got));
        check_data(got, sizeof(got), seed);
    }
    begin(actor);
    arm(actor, &receive, DATAGRAM_IN);
    armed(&receive, start_datagram(in, FALSE, got, sizeof(got), &address, &receive));
    close_while_pending(actor, (HANDLE)in);
    closesocket(out);
    settle(actor);
}

static void posts(struct actor *actor)
{
    struct operation operations[OPERATIONS * 4];
    unsigned i;

    memset(operations, 0, sizeof(operations));
    begin(actor);
    for (i = 0; i < OPERATIONS * 4; i++) {
        arm(actor, &operations[i], POST);
        if (!PostQueuedCompletionStatus(port, i, 6, &operations[i].ov))
            armed(&operations[i], GetLastError());
    }
    settle(actor);
    for (i = 0; i < OPERATIONS * 4; i++) expect(&operations[i], i);
}

#if !CONFORM_WINE

static void pipes(struct actor *actor)
{
    const DWORD flags = FILE_FLAG_OVERLAPPED, both = GENERIC_READ | GENERIC_WRITE;
    static __thread char name[400];
    struct operation read = { 0 }, write = { 0 };
    unsigned char out[3000], in[3000];
    HANDLE reader, writer;
    unsigned i, seed;

    snprintf(name, sizeof(name), "mixed-fifo-%d", (int)actor->number);
    remove(name);
    if (mkfifo(name, 0600) != 0) return;
    reader = open_as(name, both, OPEN_EXISTING, flags);
    writer = open_as(name, both, OPEN_EXISTING, flags);
    remove(name);
    CreateIoCompletionPort(reader, port, 7, 0);
    CreateIoCompletionPort(writer, port, 8, 0);
    for (i = 0; i < 8; i++) {
        seed = actor->seed + i;
        make_data(out, sizeof(out), seed);
        begin(actor);
        arm(actor, &read, READ);
        armed(&read, start_read(reader, in, sizeof(in), &read.ov));
        arm(actor, &write, WRITE);
        armed(&write, start_write(writer, out, sizeof(out), &write.ov));
        settle(actor);
        expect(&write, sizeof(out));
        expect(&read, sizeof(in));
        check_data(in, sizeof(in), seed);
    }
    begin(actor);
    arm(actor, &read, READ);
    armed(&read, start_read(reader, in, sizeof(in), &read.ov));
    close_while_pending(actor, reader);
    CloseHandle(writer);
    settle(actor);
    if (read.error != ERROR_OPERATION_ABORTED) expect(&read, 0);
}

#endif

/* A thread's short life: it starts a receive and ends. */
struct life {
    struct actor *actor;
    struct operation operation;
    SOCKET s;
    unsigned char byte;
};

static DWORD WINAPI live(void *context)
{
    struct life *life = context;

    arm(life->actor, &life->operation, RECEIVE);
    armed(&life->operation, (DWORD)start_recv(life->s, &life->byte, 1, &life->operation.ov));
    if (life->actor->seed & 256) ExitThread(1);
    return 1;
}

static void churn(struct actor *actor)
{
    struct pair pairs[4];
    struct life lives[4];
    HANDLE threads[4];
    unsigned i;

    memset(lives, 0, sizeof(lives));
    begin(actor);
    for (i = 0; i < 4; i++) {
        pairs[i] = tcp_pair();
        CreateIoCompletionPort((HANDLE)pairs[i].here, port, 9, 0);
        lives[i].actor = actor;
        lives[i].s = pairs[i].here;
        threads[i] = CreateThread(NULL, 0, live, &lives[i], 0, NULL);
    }
    if (WaitForMultipleObjects(4, threads, TRUE, PATIENCE) != WAIT_OBJECT_0)
        InterlockedIncrement(&strange);
    pick(actor, 2);
    for (i = 0; i < 4; i++) {
        CloseHandle(threads[i]);
        send(pairs[i].peer, "x", 1, 0);
    }
    settle(actor);
    for (i = 0; i < 4; i++) {
        expect(&lives[i].operation, 1);
        if (lives[i].byte != 'x') InterlockedIncrement(&wrong_data);
        close_pair(pairs[i]);
    }
}

static DWORD WINAPI answer(void *context)
{
    HANDLE *pair = context;
    unsigned i;

    for (i = 0; i < 50; i++) {
        if (WaitForSingleObject(pair[0], PATIENCE) != WAIT_OBJECT_0) InterlockedIncrement(&strange);
        ReleaseSemaphore(pair[1], 1, NULL);
    }
    return 0;
}

/* Events, semaphores, a thread's end, and a result that is waited for without a port. */
static void waits(struct actor *actor)
{
    HANDLE pair[2] = { CreateEventA(NULL, FALSE, FALSE, NULL), CreateSemaphoreA(NULL, 0, 9, NULL) };
    HANDLE thread = CreateThread(NULL, 0, answer, pair, 0, NULL), event = new_event();
    struct pair sockets = tcp_pair();
    OVERLAPPED overlapped = { 0 };
    unsigned char byte = 0;
    DWORD bytes = 0;
    unsigned i;
    int error;

    (void)actor;
    for (i = 0; i < 50; i++) {
        SetEvent(pair[0]);
        if (WaitForSingleObject(pair[1], PATIENCE) != WAIT_OBJECT_0) InterlockedIncrement(&strange);
    }
    overlapped.hEvent = event;
    error = start_recv(sockets.here, &byte, 1, &overlapped);
    send(sockets.peer, "y", 1, 0);
    if ((error && error != WSA_IO_PENDING) ||
        !GetOverlappedResult((HANDLE)sockets.here, &overlapped, &bytes, TRUE) || byte != 'y')
        InterlockedIncrement(&wrong_data);
    if (WaitForSingleObject(thread, PATIENCE) != WAIT_OBJECT_0) InterlockedIncrement(&strange);
    close_pair(sockets);
    CloseHandle(thread);
    CloseHandle(event);
    CloseHandle(pair[0]);
    CloseHandle(pair[1]);
}

static struct actor actors[] = {
    { .name = "files", .round = files }, { .name = "more files", .round = files },
    { .name = "streams", .round = streams }, { .name = "more streams", .round = streams },
    { .name = "datagrams", .round = datagrams }, { .name = "posts", .round = posts },
    { .name = "threads", .round = churn }, { .name = "waits", .round = waits },
#if !CONFORM_WINE
    { .name = "pipes", .round = pipes },
#endif
};

enum { ACTORS = sizeof(actors) / sizeof(actors[0]) };

static DWORD WINAPI act(void *context)
{
    struct actor *actor = context;

    while (!now(&stopping)) {
        if (now(&pausing)) {
            ReleaseSemaphore(rested, 1, NULL);
            WaitForSingleObject(wake, INFINITE);
            continue;
        }
        actor->round(actor);
        actor->rounds++;
    }
    return 0;
}

/* ---- looks ---- */

struct look {
    struct holdings holdings;
    int threads;
    long resident; /* KiB */
};

static void read_status(struct look *look)
{
#if !CONFORM_WINE
    FILE *status = fopen("/proc/self/status", "r");
    char line[200];

    while (status && fgets(line, sizeof(line), status)) {
        sscanf(line, "Threads: %d", &look->threads);
        sscanf(line, "VmRSS: %ld", &look->resident);
    }
    if (status) fclose(status);
#else
    (void)look;
#endif
}

/* Lets every actor come to rest with nothing open, and looks. */
static struct look look(int number)
{
    struct look found = { .threads = 0 };
    unsigned i;

    InterlockedExchange(&pausing, 1);
    for (i = 0; i < ACTORS; i++) {
        if (WaitForSingleObject(rested, PATIENCE) != WAIT_OBJECT_0) {
            printf("FAIL an actor does not come to rest\n");
            fflush(stdout);
            _Exit(3);
        }
    }
    /* Threads that have ended are gone from the kernel's list a moment later. */
    Sleep(200);
#if !CONFORM_WINE
    if (malloc_trim) malloc_trim(0);
#endif
    found.holdings = holdings();
    read_status(&found);
    printf("look %d: %u handles, %d descriptors, %d threads, %u bytes, %ld KiB resident\n", number,
           (unsigned)found.holdings.handles, found.holdings.descriptors, found.threads,
           (unsigned)found.holdings.bytes, found.resident);
    fflush(stdout);
    InterlockedExchange(&pausing, 0);
    ReleaseSemaphore(wake, ACTORS, NULL);
    return found;
}

static int seconds = 4, step = 2;

/* Rules: PORT-062, PORT-193, HND-123, SOCK-16, FILE-07 */
static void port_062_a_mixed_load_loses_nothing_and_leaves_nothing(void)
{
    HANDLE threads[ACTORS + WORKERS];
    struct look first = { .threads = 0 }, found;
    int looks = 0, i;
    ULONGLONG end, next;

    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 2);
    wake = CreateSemaphoreA(NULL, 0, ACTORS, NULL);
    rested = CreateSemaphoreA(NULL, 0, ACTORS, NULL);
    for (i = 0; i < ACTORS; i++) {
        actors[i].number = i;
        actors[i].seed = (unsigned)(i + 1) * 7919;
        actors[i].idle = CreateEventA(NULL, FALSE, FALSE, NULL);
        threads[i] = CreateThread(NULL, 0, act, &actors[i], 0, NULL);
    }
    for (; i < ACTORS + WORKERS; i++)
        threads[i] = CreateThread(NULL, 0, worker, (void *)(ULONG_PTR)(i % 2), 0, NULL);
    end = GetTickCount64() + (ULONGLONG)seconds * 1000;
    do {
        next = GetTickCount64() + (ULONGLONG)step * 1000;
        while (GetTickCount64() < next) {
            Sleep(100);
            /* A program that goes on for long is none that hangs. */
            InterlockedIncrement(&conform_tests_begun);
        }
        found = look(++looks);
        if (looks == 1) first = found;
        check_holdings(&first.holdings, &found.holdings, SLACK);
        ok(found.threads <= first.threads + 4, "%d threads, %d at first", found.threads,
           first.threads);
    } while (GetTickCount64() < end);
    InterlockedExchange(&stopping, 1);
    ok(WaitForMultipleObjects(ACTORS, threads, TRUE, PATIENCE) == WAIT_OBJECT_0, "actors");
    InterlockedExchange(&no_more, 1);
    for (i = 0; i < WORKERS; i++) PostQueuedCompletionStatus(port, 0, 0, NULL);
    ok(WaitForMultipleObjects(WORKERS, threads + ACTORS, TRUE, PATIENCE) == WAIT_OBJECT_0,
       "workers");
    for (i = 0; i < KINDS; i++)
        ok(started[i] == finished[i], "%lld %s, %lld packets", (long long)started[i],
           kind_names[i], (long long)finished[i]);
    ok(twice == 0, "%d operations came back twice", (int)twice);
    ok(wrong_data == 0, "%d times wrong data", (int)wrong_data);
    ok(strange == 0, "%d strange results, the first is %d", (int)strange, (int)strange_code);
    for (i = 0; i < ACTORS + WORKERS; i++) CloseHandle(threads[i]);
    CloseHandle(port);
}

static void show(void)
{
    unsigned i;

    for (i = 0; i < KINDS; i++)
        printf("%lld %s, ", (long long)finished[i], kind_names[i]);
    printf("%lld of them cancelled\n", (long long)cancelled);
    for (i = 0; i < ACTORS; i++)
        printf("%s: %llu rounds%s", actors[i].name, (unsigned long long)actors[i].rounds,
               i + 1 < ACTORS ? ", " : "\n");
}

int main(int count, char **arguments)
{
    WSADATA data;

    if (count > 1) seconds = atoi(arguments[1]);
    if (count > 2) step = atoi(arguments[2]);
    WSAStartup(MAKEWORD(2, 2), &data);
    RUN(port_062_a_mixed_load_loses_nothing_and_leaves_nothing);
    show();
    return conform_end();
}
