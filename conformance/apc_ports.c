/* Queued calls and waits for packets: the alertable rules of ports.md section
 * D, and PORT-060.
 */
#include "calls.h"

/* With a call in the queue, and not alertable. */
static void queue_and_get(struct actor *actor)
{
    queue('a');
    actor->packet = get_packet(actor->port, MOMENT);
}

static void queue_and_get_many(struct actor *actor)
{
    OVERLAPPED_ENTRY entry;
    ULONG count = 0;

    queue('a');
    SetLastError(UNTOUCHED);
    ok(!GetQueuedCompletionStatusEx(actor->port, &entry, 1, &count, MOMENT, FALSE)
       && GetLastError() == WAIT_TIMEOUT, "error %u", (unsigned)GetLastError());
}

static void is_deaf(void (*command)(struct actor *))
{
    struct actor actor;

    forget();
    actor_start(&actor, make_port(1), FALSE);
    memset(&actor.packet, 0, sizeof(actor.packet));
    actor_do(&actor, command);
    ok_ran("");
    if (command == queue_and_get) ok_none(actor.packet, WAIT_TIMEOUT);
    actor.milliseconds = 0;
    actor_do(&actor, sleep_alertably);
    ok_ran("a");
    CloseHandle(actor.port);
    actor_stop(&actor);
}

static void port_060_get_is_not_alertable(void)
{
    is_deaf(queue_and_get);
}

static void port_074_get_ex_is_not_alertable_unless_asked(void)
{
    is_deaf(queue_and_get_many);
}

static void queue_and_take_alertable(struct actor *actor)
{
    queue('a');
    take_alertable(actor);
}

static void port_075_a_call_ends_the_wait_for_packets(void)
{
    struct actor actor;

    forget();
    actor_start(&actor, make_port(1), FALSE);
    actor.milliseconds = 0;
    actor_do(&actor, queue_and_take_alertable);
    ok(actor.packet.error == WAIT_IO_COMPLETION, "pending: %u", (unsigned)actor.packet.error);
    ok_ran("a");
    actor.milliseconds = LIMIT;
    actor_begin(&actor, take_alertable);
    settle();
    queue_for(actor.thread, 'b');
    ok(actor_ends(&actor, LIMIT / 2) && actor.packet.error == WAIT_IO_COMPLETION, "arrived: %u",
       (unsigned)actor.packet.error);
    ok_ran("ab");
    /* And now that the thread belongs to the port. */
    actor_begin(&actor, take_alertable);
    settle();
    queue_for(actor.thread, 'c');
    ok(actor_ends(&actor, LIMIT / 2) && actor.packet.error == WAIT_IO_COMPLETION, "arrived: %u",
       (unsigned)actor.packet.error);
    actor.milliseconds = 0;
    actor_do(&actor, queue_and_take_alertable);
    ok(actor.packet.error == WAIT_IO_COMPLETION, "pending: %u", (unsigned)actor.packet.error);
    ok_ran("abca");
    actor_do(&actor, take_alertable);
    ok(actor.packet.error == WAIT_TIMEOUT, "nothing: %u", (unsigned)actor.packet.error);
    CloseHandle(actor.port);
    actor_stop(&actor);
}

static void port_076_who_comes_first_depends_on_the_association(void)
{
    HANDLE port = make_port(1);
    struct actor actor;

    forget();
    actor_start(&actor, port, FALSE);
    actor.milliseconds = 0;
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    actor_do(&actor, queue_and_take_alertable);
    WINE_DIFFERS("Wine 8 always prefers the packet")
    ok(actor.packet.error == WAIT_IO_COMPLETION, "a stranger: %u", (unsigned)actor.packet.error);
    actor_do(&actor, take_alertable);
    WINE_DIFFERS("Wine 8 has given the packet before the call")
    ok(actor.packet.error == ERROR_SUCCESS && actor.packet.key == 1, "the packet: %u",
       (unsigned)actor.packet.error);
    ok_ran("a");
    PostQueuedCompletionStatus(port, 0, 2, NULL);
    actor_do(&actor, queue_and_take_alertable);
    ok(actor.packet.error == ERROR_SUCCESS && actor.packet.key == 2, "one of the port's own: %u",
       (unsigned)actor.packet.error);
    ok_ran("a");
    actor_do(&actor, take_alertable);
    ok(actor.packet.error == WAIT_IO_COMPLETION, "the call: %u", (unsigned)actor.packet.error);
    ok_ran("aa");
    CloseHandle(port);
    actor_stop(&actor);
}

static void hnd_104_another_port_makes_a_stranger_of_a_thread(void)
{
    HANDLE other = make_port(1), port = make_port(1);
    struct actor actor;

    forget();
    actor_start(&actor, port, FALSE);
    actor.milliseconds = 0;
    actor_do(&actor, take_alertable);
    PostQueuedCompletionStatus(port, 0, 2, NULL);
    actor_do(&actor, queue_and_take_alertable);
    ok(actor.packet.error == ERROR_SUCCESS, "one of the port's own: %u",
       (unsigned)actor.packet.error);
    actor_do(&actor, sleep_alertably);
    actor.port = other;
    actor_do(&actor, take_alertable);
    actor.port = port;
    PostQueuedCompletionStatus(port, 0, 3, NULL);
    actor_do(&actor, queue_and_take_alertable);
    WINE_DIFFERS("Wine 8 always prefers the packet")
    ok(actor.packet.error == WAIT_IO_COMPLETION, "a stranger: %u", (unsigned)actor.packet.error);
    actor_do(&actor, take_alertable);
    CloseHandle(other);
    CloseHandle(port);
    actor_stop(&actor);
}

static void port_077_a_call_on_entry_associates_nobody(void)
{
    HANDLE port = make_port(1);
    struct actor actor;
    int i;

    forget();
    actor_start(&actor, port, FALSE);
    actor.milliseconds = 0;
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    for (i = 0; i < 3; i++) {
        actor_do(&actor, queue_and_take_alertable);
        if (i == 0) WINE_DIFFERS("Wine 8 always prefers the packet")
        ok(actor.packet.error == WAIT_IO_COMPLETION, "%d: %u", i, (unsigned)actor.packet.error);
    }
    ok_ran("aaa");
    CloseHandle(port);
    actor_stop(&actor);
}

static void port_075_a_packet_that_crosses_a_call_is_not_lost(void)
{
    HANDLE port = make_port(2);
    struct actor actor;
    int i, packets = 0, wakes = 0, expected = 300;

    forget();
    actor_start(&actor, port, FALSE);
    for (i = 0; i < expected; i++) {
        actor_begin(&actor, take_alertable);
        queue_for(actor.thread, 'a');
        PostQueuedCompletionStatus(port, 0, 5, NULL);
        ok(actor_ends(&actor, LIMIT), "the wait does not end");
        if (actor.packet.error == ERROR_SUCCESS) packets++;
        else if (actor.packet.error == WAIT_IO_COMPLETION) wakes++;
    }
    ok(packets + wakes == expected, "%d packets, %d calls", packets, wakes);
    actor.milliseconds = 0;
    do {
        actor_do(&actor, take_alertable);
        if (actor.packet.error == ERROR_SUCCESS) packets++;
    } while (actor.packet.error != WAIT_TIMEOUT);
    ok(packets == expected && calls == expected, "%d packets, %d calls", packets, (int)calls);
    CloseHandle(port);
    actor_stop(&actor);
}

static void port_075_the_close_of_a_port_ends_an_alertable_wait(void)
{
    struct actor actor;

    actor_start(&actor, make_port(1), FALSE);
    actor_begin(&actor, take_alertable);
    settle();
    CloseHandle(actor.port);
    ok(actor_ends(&actor, LIMIT / 2), "no end");
    ok(actor.packet.error == ERROR_ABANDONED_WAIT_0, "error %u", (unsigned)actor.packet.error);
    actor_stop(&actor);
}

int main(void)
{
    RUN(port_060_get_is_not_alertable);
    RUN(port_074_get_ex_is_not_alertable_unless_asked);
    RUN(port_075_a_call_ends_the_wait_for_packets);
    RUN(port_076_who_comes_first_depends_on_the_association);
    RUN(hnd_104_another_port_makes_a_stranger_of_a_thread);
    RUN(port_077_a_call_on_entry_associates_nobody);
    RUN(port_075_a_packet_that_crosses_a_call_is_not_lost);
    RUN_WINE_FAILS(port_075_the_close_of_a_port_ends_an_alertable_wait,
                   "Wine 8 does not wake the waiter");
    return conform_end();
}
