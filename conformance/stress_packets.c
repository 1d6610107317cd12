/* Packets from many producers to many consumers: none is lost, none comes
 * twice, and those of one producer reach each consumer in their order.
 *
 *   stress_packets [producers [consumers [packets of each producer]]]
 */
#include "sockets.h"

enum { MOST = 64, BATCH = 16 };

static HANDLE port;
static LONG producers = 4, consumers = 4, each = 20000;
static LONG posted, taken, twice, disordered, wrong, failed;
static unsigned char *seen; /* one byte for each packet */

static DWORD WINAPI producer(void *argument)
{
    ULONG_PTR index = (ULONG_PTR)argument;
    LONG i;

    for (i = 0; i < each; i++) {
        ULONG_PTR number = index * (ULONG_PTR)each + (ULONG_PTR)i;

        if (!PostQueuedCompletionStatus(port, (DWORD)i, index + 1,
                                        (OVERLAPPED *)(number * 8 + 8))) {
            InterlockedIncrement(&failed);
        } else {
            InterlockedIncrement(&posted);
        }
    }
    return 0;
}

/* Counts one packet. FALSE: it is the end. */
static BOOL account(ULONG_PTR key, DWORD bytes, OVERLAPPED *ov, LONG *last)
{
    ULONG_PTR number = (ULONG_PTR)ov / 8 - 1, index = key - 1;

    if (key == 0) return FALSE;
    if (index >= (ULONG_PTR)producers || bytes >= (DWORD)each ||
        number != index * (ULONG_PTR)each + bytes) {
        InterlockedIncrement(&wrong);
        return TRUE;
    }
    if (seen[number]) InterlockedIncrement(&twice);
    seen[number] = 1;
    if ((LONG)bytes <= last[index]) InterlockedIncrement(&disordered);
    last[index] = (LONG)bytes;
    InterlockedIncrement(&taken);
    return TRUE;
}

static void no_packets(LONG *last)
{
    int i;

    for (i = 0; i < MOST; i++) last[i] = -1;
}

static DWORD WINAPI consumer(void *unused)
{
    LONG last[MOST];

    (void)unused;
    no_packets(last);
    for (;;) {
        struct packet packet = take(port, 6 * LIMIT);

        if (!packet.result) return 1;
        if (!account(packet.key, packet.bytes, packet.ov, last)) return 0;
    }
}

/* Takes several at once; what follows an end in its batch it gives back. */
static DWORD WINAPI batch_consumer(void *unused)
{
    LONG last[MOST];
    OVERLAPPED_ENTRY entries[BATCH];
    ULONG count, i, ends;

    (void)unused;
    no_packets(last);
    for (;;) {
        if (!GetQueuedCompletionStatusEx(port, entries, BATCH, &count, 6 * LIMIT, FALSE)) {
            return 1;
        }
        for (i = ends = 0; i < count; i++) {
            ends += !account(entries[i].lpCompletionKey, entries[i].dwNumberOfBytesTransferred,
                             entries[i].lpOverlapped, last);
        }
        for (i = 1; i < ends; i++) PostQueuedCompletionStatus(port, 0, 0, NULL);
        if (ends) return 0;
    }
}

static void join(HANDLE *threads, LONG count, const char *what)
{
    LONG i;

    for (i = 0; i < count; i++) {
        DWORD code = 99;

        ok(WaitForSingleObject(threads[i], 8 * LIMIT) == WAIT_OBJECT_0, "%s %d hangs", what,
           (int)i);
        GetExitCodeThread(threads[i], &code);
        ok(code == 0, "%s %d gave up: %u", what, (int)i, (unsigned)code);
        CloseHandle(threads[i]);
    }
}

/* Rules: PORT-062, PORT-070, PORT-090, SOCK-23 */
static void port_089_every_packet_is_taken_once(void)
{
    HANDLE makers[MOST], takers[MOST];
    LONG i, total = producers * each, missing = 0;

    port = new_port();
    seen = calloc((size_t)total, 1);
    for (i = 0; i < consumers; i++) {
        takers[i] = CreateThread(NULL, 0, i % 2 ? batch_consumer : consumer, NULL, 0, NULL);
    }
    for (i = 0; i < producers; i++) {
        makers[i] = CreateThread(NULL, 0, producer, (void *)(ULONG_PTR)i, 0, NULL);
    }
    join(makers, producers, "producer");
    for (i = 0; i < consumers; i++) PostQueuedCompletionStatus(port, 0, 0, NULL);
    join(takers, consumers, "consumer");
    for (i = 0; i < total; i++) missing += !seen[i];
    ok(failed == 0 && posted == total, "%d of %d posted, %d failed", (int)posted, (int)total,
       (int)failed);
    ok(taken == total && missing == 0, "%d of %d taken, %d missing", (int)taken, (int)total,
       (int)missing);
    ok(twice == 0, "%d came twice", (int)twice);
    ok(wrong == 0, "%d were nobody's", (int)wrong);
    ok(disordered == 0, "%d overtook an earlier one of the same producer", (int)disordered);
    ok_quiet(port);
    CloseHandle(port);
    free(seen);
    printf("%d packets\n", (int)taken);
}

int main(int count, char **arguments)
{
    if (count > 1) producers = atoi(arguments[1]);
    if (count > 2) consumers = atoi(arguments[2]);
    if (count > 3) each = atoi(arguments[3]);
    if (producers < 1 || producers > MOST || consumers < 1 || consumers > MOST || each < 1 ||
        each > 0x7fffffff / producers) {
        printf("1 to %d producers and consumers\n", MOST);
        return 2;
    }
    watchdog(120 + (unsigned)(producers * each / 10000));
    RUN(port_089_every_packet_is_taken_once);
    return conform_end();
}
