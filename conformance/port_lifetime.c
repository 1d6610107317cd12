/* References to a port, and closing it: ports.md section B. */
#include "net.h"
#include "ports.h"

#define WINE8_CLOSE "Wine 8 lets the waiters wait on, or ends them with 6"

struct many {
    BOOL ok;
    DWORD error;
    ULONG count;
    OVERLAPPED_ENTRY entries[4];
};

static void take_many(struct actor *actor)
{
    struct many *many = actor->context;

    many->count = 0;
    SetLastError(UNTOUCHED);
    many->ok = GetQueuedCompletionStatusEx(actor->port, many->entries, 4, &many->count,
                                           actor->milliseconds, FALSE);
    many->error = GetLastError();
}

static void wait_for_handle(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

/* Rules: PORT-031, PORT-054, HND-108 */
static void port_031_last_close_wakes_waiters(void)
{
    HANDLE port = make_port(0);
    struct actor waiters[3];
    int i;

    for (i = 0; i < 3; i++) waiter_start(&waiters[i], port);
    ok(CloseHandle(port), "close: %u", (unsigned)GetLastError());
    for (i = 0; i < 3; i++) {
        ok(actor_ends(&waiters[i], LIMIT / 2), "waiter %d still waits", i);
        ok_none(waiters[i].packet, ERROR_ABANDONED_WAIT_0);
    }
    for (i = 0; i < 3; i++) actor_stop(&waiters[i]);
}

/* Rules: PORT-032, PORT-078, HND-108 */
static void port_032_last_close_wakes_the_ex_form(void)
{
    HANDLE port = make_port(0);
    struct many many;
    struct actor waiter;

    actor_start(&waiter, port, FALSE);
    waiter.context = &many;
    actor_begin(&waiter, take_many);
    settle();
    CloseHandle(port);
    ok(actor_ends(&waiter, LIMIT / 2), "still waits");
    ok(!many.ok && many.error == ERROR_ABANDONED_WAIT_0, "%d, %u", many.ok, (unsigned)many.error);
    ok(many.count <= 1, "count %u", (unsigned)many.count);
    actor_stop(&waiter);
}

/* Rules: PORT-034, PORT-243, HND-108 */
static void port_034_last_close_releases_direct_waiters(void)
{
    HANDLE port = make_port(0);
    struct actor waiters[2];
    int i;

    for (i = 0; i < 2; i++) {
        actor_start(&waiters[i], NULL, FALSE);
        waiters[i].handle = port;
        actor_begin(&waiters[i], wait_for_handle);
    }
    settle();
    CloseHandle(port);
    for (i = 0; i < 2; i++) {
        ok(actor_ends(&waiters[i], LIMIT / 2), "waiter %d still waits", i);
        ok(waiters[i].packet.error == WAIT_OBJECT_0, "got %#x", (unsigned)waiters[i].packet.error);
        actor_stop(&waiters[i]);
    }
}

/* Rules: PORT-035, HND-108 */
static void port_035_only_the_last_handle_matters(void)
{
    HANDLE port = make_port(0), copy = duplicate(port);
    struct actor waiter;

    waiter_start(&waiter, port);
    CloseHandle(port);
    ok(!actor_ends(&waiter, MOMENT), "closing one of two handles wakes nobody");
    ok(PostQueuedCompletionStatus(copy, 1, 2, NULL), "post: %u", (unsigned)GetLastError());
    ok(actor_ends(&waiter, LIMIT / 2), "still waits");
    ok_success(waiter.packet, 1, 2, NULL);
    actor_stop(&waiter);
    CloseHandle(copy);
}

static void port_035_waiter_through_the_closed_handle_is_abandoned_with_the_last(void)
{
    HANDLE port = make_port(0), copy = duplicate(port);
    struct actor waiter;

    waiter_start(&waiter, port);
    CloseHandle(port);
    settle();
    CloseHandle(copy);
    ok(actor_ends(&waiter, LIMIT / 2), "still waits");
    ok_none(waiter.packet, ERROR_ABANDONED_WAIT_0);
    actor_stop(&waiter);
}

/* Rules: PORT-036, HND-108 */
static void port_036_closed_handle_is_invalid(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    OVERLAPPED_ENTRY entry;
    ULONG count = 0;

    CloseHandle(port);
    ok_none(get_packet(port, 0), ERROR_INVALID_HANDLE);
    ok_fails(GetQueuedCompletionStatusEx(port, &entry, 1, &count, 0, FALSE), ERROR_INVALID_HANDLE);
    ok_fails(PostQueuedCompletionStatus(port, 0, 0, NULL), ERROR_INVALID_HANDLE);
    ok_fails(CreateIoCompletionPort(file, port, 0, 0), ERROR_INVALID_HANDLE);
    CloseHandle(file);
}

static void port_037_packet_posted_before_the_close_is_delivered(void)
{
    enum { WAITERS = 4 };
    int round, i;

    for (round = 0; round < 10; round++) {
        HANDLE port = make_port(64);
        struct actor waiters[WAITERS];

        for (i = 0; i < WAITERS; i++) {
            actor_start(&waiters[i], port, FALSE);
            actor_begin(&waiters[i], take_packet);
        }
        settle();
        for (i = 0; i < WAITERS; i++) PostQueuedCompletionStatus(port, 7, 8, (OVERLAPPED *)9);
        CloseHandle(port);
        for (i = 0; i < WAITERS; i++) {
            ok(actor_ends(&waiters[i], LIMIT / 2), "waiter %d still waits", i);
            ok_success(waiters[i].packet, 7, 8, (OVERLAPPED *)9);
            actor_stop(&waiters[i]);
        }
    }
}

static void port_038_queued_packets_are_discarded_with_the_port(void)
{
    HANDLE port = make_port(0), other;
    OVERLAPPED overlapped;
    int i;

    memset(&overlapped, 0x5a, sizeof(overlapped));
    for (i = 0; i < 100; i++) PostQueuedCompletionStatus(port, i, i, &overlapped);
    ok(CloseHandle(port), "close: %u", (unsigned)GetLastError());
    other = make_port(0);
    ok_none(get_packet(other, 0), WAIT_TIMEOUT);
    ok(overlapped.Internal == (ULONG_PTR)0x5a5a5a5a5a5a5a5a, "the overlapped is not written");
    CloseHandle(other);
}

/* The status block of a packet that nobody takes stays pending. */
static void port_038_discarded_io_packet_leaves_its_overlapped_pending(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8] = "";

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    send(client, "ab", 2, 0);
    ok(WaitForSingleObject(port, LIMIT) == WAIT_OBJECT_0, "the packet is in the queue");
    CloseHandle(port);
    closesocket(server);
    WINE_DIFFERS("Wine writes the status at completion") OURS_DIFFERS("D2")
    OURS_DIFFERS("D2")
    ok(STATUS_OF(&overlapped) == 0x103, "status %#x", (unsigned)STATUS_OF(&overlapped));
    closesocket(client);
}

/* Rules: PORT-030, PORT-039, HND-63, HND-64 */
static void port_039_closing_the_port_leaves_io_running(void)
{
    HANDLE port = make_port(0), other = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0}, second = {0};
    DWORD bytes = 0, flags = 0;
    char buffer[8] = "";

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    overlapped.hEvent = second.hEvent = event;
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    CloseHandle(port);
    ok(WaitForSingleObject(event, MOMENT) == WAIT_TIMEOUT, "the close cancels nothing");
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is set");
    ok(WSAGetOverlappedResult(server, &overlapped, &bytes, FALSE, &flags) && bytes == 3,
       "bytes %u, status %#x", (unsigned)bytes, (unsigned)STATUS_OF(&overlapped));
    ok_fails(CreateIoCompletionPort((HANDLE)server, other, 2, 0), ERROR_INVALID_PARAMETER);
    ok(start_receive(server, buffer, sizeof(buffer), &second) == WSA_IO_PENDING, "one more");
    closesocket(server);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the last close ends it");
    ok(STATUS_OF(&second) != 0x103 && STATUS_OF(&second) != 0, "status %#x",
       (unsigned)STATUS_OF(&second));
    closesocket(client);
    CloseHandle(event);
    CloseHandle(other);
}

static void port_040_any_order_of_teardown(void)
{
    int order;

    for (order = 0; order < 4; order++) {
        HANDLE port = make_port(0);
        SOCKET client, server;
        OVERLAPPED overlapped = {0};
        char buffer[8];

        make_tcp_pair(&client, &server);
        CreateIoCompletionPort((HANDLE)server, port, 1, 0);
        start_receive(server, buffer, sizeof(buffer), &overlapped);
        if (order & 1) ok(CloseHandle(port), "order %d: port first", order);
        if (order & 2) closesocket(client);
        ok(!closesocket(server), "order %d: socket", order);
        if (!(order & 2)) closesocket(client);
        if (order & 1) continue;
        ok(get_packet(port, LIMIT).overlapped == &overlapped, "order %d: packet", order);
        ok(CloseHandle(port), "order %d: port last", order);
    }
}

static void sleep_a_moment(struct actor *actor)
{
    (void)actor;
    Sleep(1);
}

/* A thread that ran for a closed port blocks, runs and exits like any other,
 * and belongs to the next port that it uses. */
static void port_041_close_ends_the_association_of_threads(void)
{
    HANDLE port = make_port(1), next = make_port(1);
    struct actor runner, waiter;

    actor_start(&runner, port, TRUE);
    PostQueuedCompletionStatus(port, 1, 1, NULL);
    actor_do(&runner, take_packet);
    ok_success(runner.packet, 1, 1, NULL);
    CloseHandle(port);
    actor_do(&runner, sleep_a_moment);
    waiter_start(&waiter, next);
    PostQueuedCompletionStatus(next, 2, 2, NULL);
    ok(actor_ends(&waiter, LIMIT / 2), "a thread of another port holds nobody back");
    ok_success(waiter.packet, 2, 2, NULL);
    runner.port = next;
    PostQueuedCompletionStatus(next, 3, 3, NULL);
    actor_do(&runner, take_packet);
    ok_success(runner.packet, 3, 3, NULL);
    actor_stop(&waiter);
    actor_stop(&runner);
    CloseHandle(next);
}

int main(void)
{
    net_start();
    RUN_WINE_FAILS(port_031_last_close_wakes_waiters, WINE8_CLOSE);
    RUN_WINE_FAILS(port_032_last_close_wakes_the_ex_form, WINE8_CLOSE);
    RUN_WINE_FAILS(port_034_last_close_releases_direct_waiters, WINE8_CLOSE);
    RUN_WINE_FAILS(port_035_only_the_last_handle_matters, WINE8_CLOSE);
    RUN_WINE_FAILS(port_035_waiter_through_the_closed_handle_is_abandoned_with_the_last,
                   WINE8_CLOSE);
    RUN(port_036_closed_handle_is_invalid);
    RUN_WINE_RACES(port_037_packet_posted_before_the_close_is_delivered, WINE8_CLOSE);
    RUN(port_038_queued_packets_are_discarded_with_the_port);
    RUN(port_038_discarded_io_packet_leaves_its_overlapped_pending);
    RUN(port_039_closing_the_port_leaves_io_running);
    RUN(port_040_any_order_of_teardown);
    RUN(port_041_close_ends_the_association_of_threads);
    return conform_end();
}
