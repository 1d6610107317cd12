/* What the program about the mixed load shares: operations that are counted
 * from their call to their packet, actors that start them, and workers that
 * take the packets.
 */
#ifndef CONFORM_MIXED_H
#define CONFORM_MIXED_H

#include "files.h"
#include "leaks.h"

/* How long an actor waits for what must come; sanitizers and emulators are slow. */
#define PATIENCE 300000

enum kind { POST, READ, WRITE, RECEIVE, SEND, DATAGRAM_IN, DATAGRAM_OUT, KINDS };

static const char *const kind_names[KINDS] = {
    "posts", "reads", "writes", "receives", "sends", "datagrams in", "datagrams out",
};

struct actor;

struct operation {
    OVERLAPPED ov;
    enum kind kind;
    volatile LONG pending; /* 1 from before the call to the packet */
    struct actor *actor;
    DWORD bytes, error;
};

struct actor {
    const char *name;
    void (*round)(struct actor *);
    HANDLE idle;            /* set when nothing of this actor's is pending */
    volatile LONG pending;  /* operations, and one while more are started */
    unsigned seed;
    LONG number;
    ULONGLONG rounds;
};

static HANDLE port;
static volatile LONGLONG started[KINDS], finished[KINDS], cancelled;
static volatile LONG twice, wrong_data, strange, strange_code;

/* What another thread may be changing. */
static LONG now(volatile LONG *value)
{
    return InterlockedCompareExchange(value, 0, 0);
}

static unsigned pick(struct actor *actor, unsigned limit)
{
    actor->seed = actor->seed * 1664525u + 1013904223u;
    return (actor->seed >> 8) % limit;
}

static void begin(struct actor *actor)
{
    InterlockedExchange(&actor->pending, 1);
}

static void one_less(struct actor *actor)
{
    if (InterlockedDecrement(&actor->pending) == 0) SetEvent(actor->idle);
}

/* Waits until every operation since `begin` has its packet. */
static void settle(struct actor *actor)
{
    one_less(actor);
    if (WaitForSingleObject(actor->idle, PATIENCE) == WAIT_OBJECT_0) return;
    printf("FAIL %s: %d operations never end\n", actor->name, (int)now(&actor->pending));
    fflush(stdout);
    _Exit(3);
}

/* Before the call. */
static void arm(struct actor *actor, struct operation *operation, enum kind kind)
{
    memset(&operation->ov, 0, sizeof(operation->ov));
    operation->kind = kind;
    operation->actor = actor;
    operation->bytes = operation->error = UNTOUCHED;
    if (InterlockedExchange(&operation->pending, 1) != 0) InterlockedIncrement(&twice);
    InterlockedIncrement(&actor->pending);
    InterlockedExchangeAdd64(&started[kind], 1);
}

/* After the call: whether a packet will come; if not, which error it was. */
static BOOL armed(struct operation *operation, DWORD error)
{
    if (error == 0 || error == ERROR_IO_PENDING) return TRUE;
    operation->error = error;
    InterlockedExchange(&operation->pending, 0);
    InterlockedExchangeAdd64(&started[operation->kind], -1);
    one_less(operation->actor);
    return FALSE;
}

static void take_one(struct operation *operation, DWORD bytes, DWORD error)
{
    struct actor *actor = operation->actor;

    operation->bytes = bytes;
    operation->error = error;
    InterlockedExchangeAdd64(&finished[operation->kind], 1);
    if (error == ERROR_OPERATION_ABORTED) InterlockedExchangeAdd64(&cancelled, 1);
    if (InterlockedExchange(&operation->pending, 0) != 1) InterlockedIncrement(&twice);
    one_less(actor);
}

/* Counts an error that nothing in this program explains. */
static void expect(const struct operation *operation, DWORD bytes)
{
    if (operation->error == 0 && operation->bytes == bytes) return;
    if (InterlockedIncrement(&strange) == 1) {
        strange_code = (LONG)operation->error;
        printf("  %s of %s: error %u, %u bytes of %u\n", kind_names[operation->kind],
               operation->actor->name, (unsigned)operation->error, (unsigned)operation->bytes,
               (unsigned)bytes);
        fflush(stdout);
    }
}

/* The same, or cancelled; TRUE if it was not. */
static BOOL expect_or_cancelled(const struct operation *operation, DWORD bytes)
{
    if (operation->error == ERROR_OPERATION_ABORTED) return FALSE;
    expect(operation, bytes);
    return operation->error == 0;
}

static void make_data(unsigned char *data, DWORD length, unsigned seed)
{
    DWORD i;

    for (i = 0; i < length; i++) data[i] = (unsigned char)(seed + i * 7 + i / 251);
}

static void check_data(const unsigned char *data, DWORD length, unsigned seed)
{
    DWORD i;

    for (i = 0; i < length; i++) {
        if (data[i] == (unsigned char)(seed + i * 7 + i / 251)) continue;
        InterlockedIncrement(&wrong_data);
        return;
    }
}

static void take_many(void)
{
    OVERLAPPED_ENTRY entries[8];
    ULONG count = 0, i;

    if (!GetQueuedCompletionStatusEx(port, entries, 8, &count, 50, FALSE)) return;
    for (i = 0; i < count; i++) {
        struct operation *operation = (struct operation *)(void *)entries[i].lpOverlapped;
        DWORD error = 0, bytes;

        /* Meant for a worker that takes one at a time. */
        if (!operation) {
            PostQueuedCompletionStatus(port, 0, 0, NULL);
            continue;
        }
        /* The packet has no error code; its OVERLAPPED has. */
        if (operation->kind != POST && operation->ov.Internal != NT_SUCCESS_VALUE &&
            !GetOverlappedResult(INVALID_HANDLE_VALUE, &operation->ov, &bytes, FALSE))
            error = GetLastError();
        take_one(operation, entries[i].dwNumberOfBytesTransferred, error);
    }
}

static volatile LONG no_more; /* set when no actor is left */

static DWORD WINAPI worker(void *batches)
{
    while (!batches || !now(&no_more)) {
        struct packet packet;

        if (batches) {
            take_many();
            continue;
        }
        packet = take(port, INFINITE);
        if (!packet.ov) break;
        take_one((struct operation *)(void *)packet.ov, packet.bytes,
                 packet.result ? 0 : packet.error);
    }
    return 0;
}

#endif
