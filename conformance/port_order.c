/* Who gets which packet: ports.md section F, without the concurrency limit. */
#include "net.h"
#include "ports.h"

#define WINE8_ORDER "Wine 8 wakes waiters in no certain order"

static void port_090_packets_leave_in_the_order_they_came(void)
{
    HANDLE port = make_port(0);
    ULONG_PTR i;

    for (i = 0; i < 500; i++) PostQueuedCompletionStatus(port, (DWORD)i, i, NULL);
    for (i = 0; i < 500; i++) ok_success(get_packet(port, 0), (DWORD)i, i, NULL);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    CloseHandle(port);
}

static void port_090_the_order_survives_interleaving(void)
{
    HANDLE port = make_port(0);
    ULONG_PTR in = 0, out = 0;
    int i;

    while (in < 400) {
        for (i = 0; i < 7; i++, in++) PostQueuedCompletionStatus(port, 0, in, NULL);
        for (i = 0; i < 5; i++, out++) ok_success(get_packet(port, 0), 0, out, NULL);
    }
    for (; out < in; out++) ok_success(get_packet(port, 0), 0, out, NULL);
    CloseHandle(port);
}

static void port_090_io_packets_leave_in_the_order_of_completion(void)
{
    HANDLE port = make_port(0);
    SOCKET clients[4], servers[4];
    OVERLAPPED overlapped[4];
    static const int order[4] = { 2, 0, 3, 1 };
    char buffers[4][4];
    DWORD bytes, flags;
    int i;

    memset(overlapped, 0, sizeof(overlapped));
    for (i = 0; i < 4; i++) {
        make_tcp_pair(&clients[i], &servers[i]);
        overlapped[i].hEvent = make_event(TRUE, FALSE);
        CreateIoCompletionPort((HANDLE)servers[i], port, i, 0);
        start_receive(servers[i], buffers[i], 4, &overlapped[i]);
    }
    for (i = 0; i < 4; i++) {
        send(clients[order[i]], "a", 1, 0);
        ok(WSAGetOverlappedResult(servers[order[i]], &overlapped[order[i]], &bytes, TRUE, &flags),
           "receive %d: %d", i, WSAGetLastError());
        /* The event is set before the packet is queued (PORT-129). */
        settle();
    }
    for (i = 0; i < 4; i++)
        ok_success(get_packet(port, LIMIT), 1, order[i], &overlapped[order[i]]);
    for (i = 0; i < 4; i++) {
        CloseHandle(overlapped[i].hEvent);
        closesocket(servers[i]);
        closesocket(clients[i]);
    }
    CloseHandle(port);
}

/* Rules: PORT-091, PORT-092, HND-110 */
static void port_091_waiters_are_released_newest_first(void)
{
    HANDLE port = make_port(64);
    struct actor waiters[4];
    int i;

    for (i = 0; i < 4; i++) waiter_start(&waiters[i], port);
    for (i = 3; i >= 0; i--) {
        PostQueuedCompletionStatus(port, 0, i, NULL);
        ok(actor_ends(&waiters[i], LIMIT / 4), "waiter %d is not the next", i);
        ok_success(waiters[i].packet, 0, i, NULL);
        settle();
    }
    waiters_stop(waiters, 4, port);
    CloseHandle(port);
}

/* The packets of a burst go to the waiters that were the newest at that time. */
static void port_091_a_burst_goes_newest_first(void)
{
    HANDLE port = make_port(64);
    struct actor waiters[3];
    int round, i;

    for (i = 0; i < 3; i++) actor_start(&waiters[i], port, FALSE);
    for (round = 0; round < 5; round++) {
        for (i = 0; i < 3; i++) {
            actor_begin(&waiters[i], take_packet);
            settle();
        }
        for (i = 2; i >= 0; i--) PostQueuedCompletionStatus(port, 0, i, NULL);
        for (i = 0; i < 3; i++) {
            ok(actor_ends(&waiters[i], LIMIT), "waiter %d still waits", i);
            ok_success(waiters[i].packet, 0, i, NULL);
        }
    }
    waiters_stop(waiters, 3, port);
    CloseHandle(port);
}

static void port_091_a_waiter_that_came_back_is_the_newest(void)
{
    HANDLE port = make_port(64);
    struct actor first, second;

    waiter_start(&first, port);
    waiter_start(&second, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(actor_ends(&second, LIMIT), "the second waiter is not the next");
    actor_begin(&second, take_packet);
    settle();
    PostQueuedCompletionStatus(port, 0, 2, NULL);
    ok(actor_ends(&second, LIMIT), "the waiter that came back is not the next");
    ok_success(second.packet, 0, 2, NULL);
    PostQueuedCompletionStatus(port, 0, 3, NULL);
    ok(actor_ends(&first, LIMIT), "the first waiter still waits");
    ok_success(first.packet, 0, 3, NULL);
    actor_stop(&second);
    actor_stop(&first);
    CloseHandle(port);
}

static void port_092_one_packet_releases_one_waiter(void)
{
    HANDLE port = make_port(64);
    struct actor waiters[4];
    int i, ended = 0;

    for (i = 0; i < 4; i++) waiter_start(&waiters[i], port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    settle();
    for (i = 0; i < 4; i++) ended += actor_ends(&waiters[i], 0);
    ok(ended == 1, "%d waiters ended", ended);
    for (i = 1; i < 4; i++) PostQueuedCompletionStatus(port, 0, 1, NULL);
    for (i = 0; i < 4; i++) {
        ok(actor_ends(&waiters[i], LIMIT), "waiter %d still waits", i);
        ok_success(waiters[i].packet, 0, 1, NULL);
        actor_stop(&waiters[i]);
    }
    CloseHandle(port);
}

static void post_three_and_take(struct actor *actor)
{
    ULONG_PTR key;

    for (key = 3; key <= 5; key++) PostQueuedCompletionStatus(actor->port, 0, key, NULL);
    actor->packet = get_packet(actor->port, actor->milliseconds);
}

/* Rules: PORT-093, PORT-091, PORT-101 */
static void port_093_a_handed_packet_cannot_be_stolen(void)
{
    int round;

    for (round = 0; round < 10; round++) {
        HANDLE port = make_port(64);
        struct actor first, second, poster;

        waiter_start(&first, port);
        waiter_start(&second, port);
        actor_start(&poster, port, TRUE);
        actor_do(&poster, post_three_and_take);
        ok_success(poster.packet, 0, 5, NULL);
        ok(actor_ends(&second, LIMIT) && actor_ends(&first, LIMIT), "a waiter still waits");
        ok_success(second.packet, 0, 3, NULL);
        ok_success(first.packet, 0, 4, NULL);
        actor_stop(&poster);
        actor_stop(&second);
        actor_stop(&first);
        CloseHandle(port);
    }
}

static void take_one_with_ex(struct actor *actor)
{
    OVERLAPPED_ENTRY entry;
    ULONG count = 0;

    memset(&entry, 0, sizeof(entry));
    memset(&actor->packet, 0, sizeof(actor->packet));
    SetLastError(UNTOUCHED);
    actor->packet.ok = GetQueuedCompletionStatusEx(actor->port, &entry, 1, &count,
                                                   actor->milliseconds, FALSE);
    actor->packet.error = GetLastError();
    actor->packet.key = entry.lpCompletionKey;
    actor->packet.bytes = entry.dwNumberOfBytesTransferred;
    actor->packet.overlapped = entry.lpOverlapped;
}

static void port_094_both_forms_wait_in_one_order(void)
{
    HANDLE port = make_port(64);
    struct actor waiters[4];
    int i;

    for (i = 0; i < 4; i++) {
        actor_start(&waiters[i], port, FALSE);
        actor_begin(&waiters[i], i % 2 ? take_one_with_ex : take_packet);
        settle();
    }
    for (i = 3; i >= 0; i--) {
        PostQueuedCompletionStatus(port, 0, i, NULL);
        ok(actor_ends(&waiters[i], LIMIT / 4), "waiter %d is not the next", i);
        ok_success(waiters[i].packet, 0, i, NULL);
    }
    waiters_stop(waiters, 4, port);
    CloseHandle(port);
}

static void post_and_look(struct actor *actor)
{
    PostQueuedCompletionStatus(actor->port, 0, 1, NULL);
    actor->packet.error = WaitForSingleObject(actor->port, 0);
}

/* Rules: PORT-101, PORT-241, HND-109 */
static void port_101_a_handed_packet_is_never_in_the_queue(void)
{
    HANDLE port = make_port(64);
    struct actor waiter, poster;
    int round;

    actor_start(&waiter, port, FALSE);
    actor_start(&poster, port, TRUE);
    for (round = 0; round < 20; round++) {
        actor_begin(&waiter, take_packet);
        settle();
        actor_do(&poster, post_and_look);
        ok(poster.packet.error == WAIT_TIMEOUT, "the port is signaled");
        ok(actor_ends(&waiter, LIMIT), "still waits");
        ok_success(waiter.packet, 0, 1, NULL);
    }
    actor_do(&poster, post_and_look);
    ok(poster.packet.error == WAIT_OBJECT_0, "without a waiter it is signaled");
    actor_stop(&poster);
    actor_stop(&waiter);
    CloseHandle(port);
}

static void take_from_two_ports(struct actor *actor)
{
    actor->packet = get_packet(actor->handle, 0);
    actor->packet = get_packet(actor->port, actor->milliseconds);
}

/* A thread may change ports as it likes; each call serves the port it names. */
static void port_102_a_thread_can_change_ports(void)
{
    HANDLE port = make_port(1), other = make_port(1);
    struct actor actor;
    int i;

    actor_start(&actor, port, TRUE);
    actor.handle = other;
    for (i = 0; i < 10; i++) {
        PostQueuedCompletionStatus(port, 0, i, NULL);
        actor_do(&actor, take_from_two_ports);
        ok_success(actor.packet, 0, i, NULL);
    }
    actor_stop(&actor);
    CloseHandle(other);
    CloseHandle(port);
}

static void take_twice(struct actor *actor)
{
    struct packet *packets = actor->context;

    packets[0] = get_packet(actor->port, actor->milliseconds);
    packets[1] = get_packet(actor->port, 0);
}

/* With two packets waiting a running thread takes both, whoever else waits. */
static void port_105_a_running_thread_goes_on_with_the_next_packet(void)
{
    HANDLE port = make_port(1);
    struct packet packets[2];
    struct actor runner, waiter;

    PostQueuedCompletionStatus(port, 0, 0, NULL);
    actor_start(&runner, port, TRUE);
    actor_do(&runner, take_packet);
    ok_success(runner.packet, 0, 0, NULL);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    PostQueuedCompletionStatus(port, 0, 2, NULL);
    ok(!actor_ends(&waiter, MOMENT), "the waiter is let in beside the running thread");
    runner.context = packets;
    actor_do(&runner, take_twice);
    ok_success(packets[0], 0, 1, NULL);
    ok_success(packets[1], 0, 2, NULL);
    ok(!actor_ends(&waiter, 0), "the waiter was let in");
    PostQueuedCompletionStatus(port, 0, 3, NULL);
    actor_stop(&runner);
    ok(actor_ends(&waiter, LIMIT), "the waiter is not let in after all");
    ok_success(waiter.packet, 0, 3, NULL);
    actor_stop(&waiter);
    CloseHandle(port);
}

/* However posts and takers race, no packet stays while a thread waits for it. */
static void port_114_no_packet_stays_while_a_thread_may_run(void)
{
    HANDLE port = make_port(64);
    struct actor waiters[4];
    int round, i, ended;

    for (i = 0; i < 4; i++) actor_start(&waiters[i], port, FALSE);
    for (round = 0; round < 200; round++) {
        for (i = 0; i < 4; i++) {
            actor_begin(&waiters[i], take_packet);
            PostQueuedCompletionStatus(port, 0, round, NULL);
        }
        for (i = ended = 0; i < 4; i++) ended += actor_ends(&waiters[i], LIMIT);
        if (ended == 4) continue;
        ok(0, "round %d: %d threads of 4 got a packet", round, ended);
        break;
    }
    for (i = 0; i < 4; i++) actor_stop(&waiters[i]);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(port_090_packets_leave_in_the_order_they_came);
    RUN(port_090_the_order_survives_interleaving);
    RUN(port_090_io_packets_leave_in_the_order_of_completion);
    RUN_WINE_RACES(port_091_waiters_are_released_newest_first, WINE8_ORDER);
    RUN_WINE_RACES(port_091_a_burst_goes_newest_first, WINE8_ORDER);
    RUN_WINE_RACES(port_091_a_waiter_that_came_back_is_the_newest, WINE8_ORDER);
    RUN(port_092_one_packet_releases_one_waiter);
    RUN_WINE_RACES(port_093_a_handed_packet_cannot_be_stolen, WINE8_ORDER);
    RUN_WINE_RACES(port_094_both_forms_wait_in_one_order, WINE8_ORDER);
    RUN_WINE_RACES(port_101_a_handed_packet_is_never_in_the_queue, WINE8_ORDER);
    RUN(port_102_a_thread_can_change_ports);
    RUN_WINE_FAILS(port_105_a_running_thread_goes_on_with_the_next_packet,
                   "Wine ignores the concurrency value");
    RUN(port_114_no_packet_stays_while_a_thread_may_run);
    return conform_end();
}
