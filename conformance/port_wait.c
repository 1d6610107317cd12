/* Waiting for the port handle itself: ports.md section P. */
#include "net.h"
#include "ports.h"

/* Rules: PORT-240, HND-109, HND-86 */
static void port_240_signaled_while_packets_are_queued(void)
{
    HANDLE port = make_port(0);
    int i;

    ok(WaitForSingleObject(port, 0) == WAIT_TIMEOUT, "empty");
    PostQueuedCompletionStatus(port, 1, 1, NULL);
    PostQueuedCompletionStatus(port, 2, 2, NULL);
    for (i = 0; i < 3; i++)
        ok(WaitForSingleObject(port, 0) == WAIT_OBJECT_0, "wait %d", i);
    ok_success(get_packet(port, 0), 1, 1, NULL);
    ok(WaitForSingleObject(port, 0) == WAIT_OBJECT_0, "one packet is left");
    ok_success(get_packet(port, 0), 2, 2, NULL);
    ok(WaitForSingleObject(port, 0) == WAIT_TIMEOUT, "empty again");
    CloseHandle(port);
}

static void port_240_needs_synchronize(void)
{
    HANDLE port = make_port(0), weak = duplicate_with_access(port, 0x3);
    HANDLE enough = duplicate_with_access(port, SYNCHRONIZE);

    PostQueuedCompletionStatus(port, 1, 1, NULL);
    SetLastError(UNTOUCHED);
    ok(WaitForSingleObject(weak, 0) == WAIT_FAILED && GetLastError() == ERROR_ACCESS_DENIED, "%u",
       (unsigned)GetLastError());
    ok(WaitForSingleObject(enough, 0) == WAIT_OBJECT_0, "%u", (unsigned)GetLastError());
    CloseHandle(enough);
    CloseHandle(weak);
    CloseHandle(port);
}

static void port_240_among_other_objects(void)
{
    HANDLE port = make_port(0), event = make_event(FALSE, FALSE), handles[2];

    handles[0] = event;
    handles[1] = port;
    ok(WaitForMultipleObjects(2, handles, FALSE, 0) == WAIT_TIMEOUT, "neither");
    PostQueuedCompletionStatus(port, 1, 1, NULL);
    ok(WaitForMultipleObjects(2, handles, FALSE, 0) == WAIT_OBJECT_0 + 1, "the port");
    ok(WaitForMultipleObjects(2, handles, TRUE, 0) == WAIT_TIMEOUT, "not both");
    SetEvent(event);
    ok(WaitForMultipleObjects(2, handles, TRUE, 0) == WAIT_OBJECT_0, "both");
    ok(!is_signaled(event), "the event is taken");
    ok_success(get_packet(port, 0), 1, 1, NULL);
    CloseHandle(event);
    CloseHandle(port);
}

static void wait_for_port(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

/* Rules: PORT-241, HND-109 */
static void port_241_a_queued_packet_releases_all_direct_waiters(void)
{
    HANDLE port = make_port(0);
    struct actor waiters[3];
    int i;

    for (i = 0; i < 3; i++) {
        actor_start(&waiters[i], NULL, FALSE);
        waiters[i].handle = port;
        actor_begin(&waiters[i], wait_for_port);
    }
    settle();
    PostQueuedCompletionStatus(port, 1, 1, NULL);
    for (i = 0; i < 3; i++) {
        ok(actor_ends(&waiters[i], LIMIT / 2), "waiter %d still waits", i);
        ok(waiters[i].packet.error == WAIT_OBJECT_0, "got %#x", (unsigned)waiters[i].packet.error);
        actor_stop(&waiters[i]);
    }
    ok_success(get_packet(port, 0), 1, 1, NULL);
    CloseHandle(port);
}

/* Rules: PORT-241, HND-109 */
static void port_241_a_handed_packet_releases_none(void)
{
    HANDLE port = make_port(64);
    struct actor direct, waiter;
    int round;

    actor_start(&direct, NULL, FALSE);
    direct.handle = port;
    actor_begin(&direct, wait_for_port);
    actor_start(&waiter, port, FALSE);
    for (round = 0; round < 5; round++) {
        actor_begin(&waiter, take_packet);
        settle();
        PostQueuedCompletionStatus(port, 0, round, NULL);
        ok(actor_ends(&waiter, LIMIT), "still waits");
        ok_success(waiter.packet, 0, round, NULL);
    }
    ok(!actor_ends(&direct, MOMENT), "the direct waiter is released");
    PostQueuedCompletionStatus(port, 0, 9, NULL);
    ok(actor_ends(&direct, LIMIT / 2), "the direct waiter is not released");
    actor_stop(&waiter);
    actor_stop(&direct);
    CloseHandle(port);
}

/* A thread that only waited for the handle does not count as running. */
static void port_242_waiting_for_the_handle_does_not_associate(void)
{
    HANDLE port = make_port(1);
    struct actor looker, waiter;

    PostQueuedCompletionStatus(port, 0, 0, NULL);
    actor_start(&looker, NULL, TRUE);
    looker.handle = port;
    actor_do(&looker, wait_for_port);
    ok(looker.packet.error == WAIT_OBJECT_0, "got %#x", (unsigned)looker.packet.error);
    waiter_start(&waiter, port);
    ok(actor_ends(&waiter, LIMIT), "the waiter is held back");
    ok_success(waiter.packet, 0, 0, NULL);
    actor_begin(&waiter, take_packet);
    settle();
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(actor_ends(&waiter, LIMIT), "the waiter is held back");
    ok_success(waiter.packet, 0, 1, NULL);
    actor_stop(&waiter);
    actor_stop(&looker);
    CloseHandle(port);
}

/* Rules: PORT-243, PORT-034, HND-108 */
static void port_243_last_close_releases_direct_waiters(void)
{
    HANDLE port = make_port(0), copy = duplicate(port);
    struct actor direct;

    actor_start(&direct, NULL, FALSE);
    direct.handle = port;
    actor_begin(&direct, wait_for_port);
    settle();
    CloseHandle(port);
    ok(!actor_ends(&direct, MOMENT), "a duplicate is open");
    CloseHandle(copy);
    ok(actor_ends(&direct, LIMIT / 2), "the direct waiter is not released");
    ok(direct.packet.error == WAIT_OBJECT_0, "got %#x", (unsigned)direct.packet.error);
    actor_stop(&direct);
}

int main(void)
{
    RUN(port_240_signaled_while_packets_are_queued);
    RUN(port_240_needs_synchronize);
    RUN(port_240_among_other_objects);
    RUN_WINE_FAILS(port_241_a_queued_packet_releases_all_direct_waiters,
                   "Wine 8 releases one of them");
    RUN_WINE_FAILS(port_241_a_handed_packet_releases_none, "Wine 8 releases them");
    RUN(port_242_waiting_for_the_handle_does_not_associate);
    RUN_WINE_FAILS(port_243_last_close_releases_direct_waiters, "Wine 8 lets them wait on");
    return conform_end();
}
